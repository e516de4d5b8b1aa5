/**
 * @file  `layout`: offsets and sizes in force, and their source.
 */
#include "report/lines.h"
#include "report/words.h"
#include "report/writer.h"

#include "layout/debugfile.h"

static const char *source_word(uint8_t source)
{
	return source == LAYOUT_DWARF ? "dwarf" : source == LAYOUT_TABLE ? "table" : NULL;
}

/* Is `type` one of the '|'-separated names? */
static bool one_of(const char *names, const char *type)
{
	size_t n = strlen(type);

	for (const char *s = names;; s++) {
		size_t k = strcspn(s, "|");
		if (k == n && !memcmp(s, type, n))
			return true;
		s += k;
		if (!*s)
			return false;
	}
}

static int struct_by_name(const char *type)
{
	for (int i = 0; i < LAYOUT_STRUCTS; i++)
		if (one_of(layout_struct_names[i], type))
			return i;
	return -1;
}

/* Names that changed between releases are listed with '|'; people read "a or b". */
static void put_names(struct buf *out, const char *names)
{
	for (const char *s = names; *s;) {
		size_t n = strcspn(s, "|");
		buf_bytes(out, s, n);
		s += n;
		if (*s++ != '|')
			return;
		buf_lit(out, " or ");
	}
}

/* ---- text ---- */

static void structs_text(struct report *r)
{
	static const struct column column[] = {{.head = "struct"},
					       {.head = "size", .right = true},
					       {.head = "fields", .right = true},
					       {.head = "source"}};
	const struct layout *l = model_layout(r->m);
	unsigned fields[LAYOUT_STRUCTS] = {0};
	struct table t;

	for (size_t i = 0; i < layout_item_count; i++)
		fields[layout_items[i].strukt] += LAYOUT_HAS(*layout_field_of(l, &layout_items[i]));
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (int i = 0; i < LAYOUT_STRUCTS; i++) {
		const char *source = source_word(l->s[i].source);
		put_names(table_cell(&t), layout_struct_names[i]);
		struct buf *cell = table_cell(&t);
		if (l->s[i].size)
			buf_u64(cell, l->s[i].size);
		buf_u64(table_cell(&t), fields[i]);
		if (source)
			buf_str(table_cell(&t), source);
		else
			buf_lit(table_styled(&t, STYLE_DIM), "not in this release");
		table_row(&t);
	}
	table_close(&t);
}

static void variables_text(struct report *r)
{
	static const struct column column[] = {
		{.head = "variable"}, {.head = "address"}, {.head = "size", .right = true}};
	const struct layout *l = model_layout(r->m);
	struct table t;

	buf_char(&r->out, '\n');
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (int i = 0; i < LAYOUT_VARIABLES; i++) {
		const struct layout_variable *v = &l->var[i];
		buf_str(table_cell(&t), layout_variable_names[i]);
		if (v->found)
			buf_hex(table_cell(&t), v->addr);
		else
			buf_lit(table_styled(&t, STYLE_DIM), "not there");
		struct buf *cell = table_cell(&t);
		if (v->size)
			buf_u64(cell, v->size);
		table_row(&t);
	}
	table_close(&t);
}

static void sums_text(struct report *r)
{
	const struct layout *l = model_layout(r->m);

	buf_char(&r->out, '\n');
	buf_u64(&r->out, l->from_dwarf);
	buf_lit(&r->out, " structs from DWARF");
	if (l->dwarf_version)
		buf_printf(&r->out, " %d", l->dwarf_version);
	buf_printf(&r->out, ", %zu from the table", l->from_table);
	if (l->table_minor >= 0)
		buf_printf(&r->out, " of go1.%d", l->table_minor);
	buf_lit(&r->out, "; layout TYPE shows the fields of one\n");
}

/* The fields of one struct that goctx reads. */
static void fields_text(struct report *r, int id)
{
	static const struct column column[] = {{.head = "offset", .right = true},
					       {.head = "size", .right = true},
					       {.head = "field"},
					       {.head = NULL}};
	const struct layout *l = model_layout(r->m);
	const char *source = source_word(l->s[id].source);
	struct table t;

	put_names(&r->out, layout_struct_names[id]);
	buf_printf(&r->out, "  %u bytes, %s\n", l->s[id].size,
		   source ? source : "not in this release");
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (size_t i = 0; i < layout_item_count; i++) {
		if ((int)layout_items[i].strukt != id)
			continue;
		const struct layout_field *f = layout_field_of(l, &layout_items[i]);
		bool there = LAYOUT_HAS(*f);
		buf_str(table_cell(&t), "");
		if (there)
			buf_i64(&t.text, f->off);
		struct buf *cell = table_cell(&t);
		if (there)
			buf_u64(cell, f->size);
		put_names(table_cell(&t), layout_items[i].path);
		if (!there)
			buf_lit(table_styled(&t, STYLE_DIM), "not in this release");
		table_row(&t);
	}
	table_close(&t);
}

/* ---- any struct of the program, by DWARF ---- */

struct members {
	struct report *r;
	const char *type;
	struct table *table; /* NULL with --json */
	size_t n;
};

static void one_member(void *arg, const char *member, const char *type, uint64_t off, uint64_t size)
{
	struct members *m = arg;

	m->n++;
	if (m->table) {
		buf_u64(table_cell(m->table), off);
		buf_u64(table_cell(m->table), size);
		text_safe(table_cell(m->table), member, strlen(member));
		text_safe(table_cell(m->table), type ? type : "?", type ? strlen(type) : 1);
		table_row(m->table);
		return;
	}
	struct rec w = rec_line(&m->r->out, REC_member);
	rec_text(&w, REC_member_struct, m->type);
	rec_text(&w, REC_member_member, member);
	rec_text(&w, REC_member_member_type, type);
	rec_u64(&w, REC_member_offset, off);
	rec_u64(&w, REC_member_size, size);
	rec_line_end(&w);
}

/* @return NULL, ERR_ABSENT: no such type or no debug information */
static struct err *describe(struct report *r, struct members *m, uint64_t *size_ret)
{
	struct layout_debug d = {0};
	struct err *err = layout_open_debug(model_image(r->m), r->where->debug, NULL, &d);

	if (!err && !d.debug)
		err = err_new(ERR_ABSENT, "the executable has no debug information");
	if (!err)
		err = debug_describe(d.debug, m->type, size_ret, one_member, m);
	layout_close_debug(&d);
	return err;
}

static struct err *unknown_type(struct err *why)
{
	if (why->kind != ERR_ABSENT)
		return why;
	struct err *err = err_hint(err_new(ERR_USAGE, "%s", why->msg),
				   "give the full name with its package path, as in net/http.conn; "
				   "layout alone lists what goctx reads");
	err_free(why);
	return err;
}

static struct err *type_text(struct report *r, const char *type, int id)
{
	static const struct column column[] = {{.head = "offset", .right = true},
					       {.head = "size", .right = true},
					       {.head = "member"},
					       {.head = "type"}};
	struct table t;
	struct members m = {r, type, &t, 0};
	uint64_t size = 0;

	if (id >= 0) {
		fields_text(r, id);
		buf_char(&r->out, '\n');
	}
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	struct err *err = describe(r, &m, &size);
	if (!err) {
		text_safe(&r->out, type, strlen(type));
		buf_printf(&r->out, "  %llu bytes, all %zu members by DWARF\n",
			   (unsigned long long)size, m.n);
	}
	table_close(&t);
	if (!err || id < 0)
		return err ? unknown_type(err) : NULL;
	buf_printf(&r->out, "its other members are not known: %s\n", err->msg);
	err_free(err);
	return NULL;
}

/* ---- JSON ---- */

static void struct_json(struct report *r, int id)
{
	const struct layout *l = model_layout(r->m);
	struct rec w = rec_line(&r->out, REC_layout);

	rec_text(&w, REC_layout_struct, layout_struct_names[id]);
	rec_u64_if(&w, REC_layout_size, l->s[id].size, l->s[id].size);
	rec_word(&w, REC_layout_source, source_word(l->s[id].source));
	rec_line_end(&w);
	for (size_t i = 0; i < layout_item_count; i++) {
		if ((int)layout_items[i].strukt != id)
			continue;
		const struct layout_field *f = layout_field_of(l, &layout_items[i]);
		w = rec_line(&r->out, REC_field);
		rec_text(&w, REC_field_struct, layout_struct_names[id]);
		rec_text(&w, REC_field_field, layout_items[i].path);
		rec_i64_if(&w, REC_field_offset, LAYOUT_HAS(*f), f->off);
		rec_u64_if(&w, REC_field_size, LAYOUT_HAS(*f), f->size);
		rec_line_end(&w);
	}
}

static void variables_json(struct report *r)
{
	for (int i = 0; i < LAYOUT_VARIABLES; i++) {
		const struct layout_variable *v = &model_layout(r->m)->var[i];
		struct rec w = rec_line(&r->out, REC_variable);
		rec_text(&w, REC_variable_name, layout_variable_names[i]);
		rec_addr(&w, REC_variable_addr, v->found ? v->addr : 0);
		rec_u64_if(&w, REC_variable_size, v->size, v->size);
		rec_line_end(&w);
	}
}

static struct err *layout_json(struct report *r, const char *type, int id)
{
	struct members m = {r, type, NULL, 0};
	uint64_t size;
	struct err *err = NULL;

	line_header(r);
	if (!type) {
		for (int i = 0; i < LAYOUT_STRUCTS; i++)
			struct_json(r, i);
		variables_json(r);
	} else {
		if (id >= 0)
			struct_json(r, id);
		err = describe(r, &m, &size);
		if (err && id < 0)
			return unknown_type(err);
		err_free(err);
	}
	line_notes(r);
	return NULL;
}

struct err *report_layout(struct report *r)
{
	const char *type = r->opt->arg;
	int id = type ? struct_by_name(type) : -1;
	struct err *err = NULL;

	if (r->opt->json)
		return layout_json(r, type, id);
	if (type) {
		err = type_text(r, type, id);
	} else {
		structs_text(r);
		variables_text(r);
		sums_text(r);
	}
	if (!err)
		text_notes(r);
	return err;
}
