/**
 * @file  `list`: contexts, one a line.
 */
#include "report/lines.h"
#include "report/order.h"
#include "report/words.h"

#define LIST_LIMIT 100000 /* rows of text when --limit is not given; JSON has no limit of its own */
#define FIXED_COLUMNS 58  /* all but the last two */
#define ABOUT_LEAST 28
#define ABOUT_MOST 60

static struct err *canceled(void)
{
	return err_new(ERR_CANCELED, "interrupted");
}

static struct err *list_json(struct report *r, const struct order *o, uint64_t n)
{
	struct err *e = NULL;
	struct lines l;

	lines_open(&l, r);
	line_header(r);
	for (uint64_t k = 0; k < n && !e; k++) {
		line_context(&l, o->v.v[k].index);
		if (k % 4096 == 0 && runtime_canceled(r->m->rt))
			e = canceled();
	}
	line_cut(r, o->v.n - n, "contexts");
	line_notes(r);
	lines_close(&l);
	return e;
}

static void list_row(struct table *t, struct model *m, uint32_t i, struct names *names, size_t columns)
{
	const struct ctx *c = &m->ctxs.v[i];
	const char *kind = ctx_kind_name(c->kind), *mark = word_mark(c);

	word_addr(table_cell(t), m, i);
	buf_str(table_cell(t), kind ? kind : "?");
	buf_str(table_styled(t, word_state_style(c->state)), word_state(c->state));
	text_count(table_cell(t), c->children);
	text_count(table_cell(t), c->tasks);
	text_count(table_cell(t), c->depth);
	if (mark)
		buf_str(table_styled(t, STYLE_RED), mark);
	else
		word_about(table_cell(t), m, i, columns);
	struct buf *cell = table_cell(t);
	size_t at = cell->n, skip = strlen("context.");
	names_put(names, i, NULL, cell);
	if (cell->n - at > skip && !memcmp(cell->p + at, "context.", skip)) { // every name starts so
		memmove(cell->p + at, cell->p + at + skip, cell->n - at - skip);
		cell->n -= skip;
	}
	table_row(t);
}

static size_t about_columns(const struct options *opt)
{
	size_t other = FIXED_COLUMNS + 2 + TABLE_LAST;

	if (opt->width < other + ABOUT_LEAST)
		return ABOUT_LEAST;
	return opt->width - other < ABOUT_MOST ? opt->width - other : ABOUT_MOST;
}

static struct err *list_text(struct report *r, const struct order *o, uint64_t n)
{
	static const struct column column[] = {
		{.head = "context"},
		{.head = "kind"},
		{.head = "state"},
		{.head = "children", .right = true},
		{.head = "tasks", .right = true},
		{.head = "depth", .right = true},
		{.head = "value or deadline"},
		{.head = "name", .keep_tail = true},
	};
	struct err *e = NULL;
	struct names names;
	struct table t;
	size_t columns = r->opt->values ? 0 : about_columns(r->opt);

	names_open(&names, r->m, false);
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	t.cut_last = true;
	for (uint64_t k = 0; k < n && !e; k++) {
		list_row(&t, r->m, o->v.v[k].index, &names, columns);
		if (k % 4096 == 0 && runtime_canceled(r->m->rt))
			e = canceled();
	}
	table_close(&t);
	names_close(&names);
	if (o->v.n > n)
		text_more(&r->out, o->v.n - n, NULL);
	return e;
}

/* The last line: how many of how many. */
static void list_footer(struct report *r, uint64_t matching)
{
	if (!r->m->contexts) {
		buf_lit(&r->out, "no contexts: the program made none, or package context is not linked in\n");
		return;
	}
	if (matching == r->m->contexts) {
		text_plural(&r->out, matching, "context");
	} else {
		text_count(&r->out, matching);
		buf_lit(&r->out, " of ");
		text_plural(&r->out, r->m->contexts, "context");
	}
	buf_char(&r->out, '\n');
}

struct err *report_list(struct report *r)
{
	struct order o;
	struct err *e = order_contexts(r, &o);

	if (e)
		return e;
	uint64_t limit = word_limit(r->opt, r->opt->json ? 0 : LIST_LIMIT), n = o.v.n < limit ? o.v.n : limit;
	if (r->opt->json) {
		e = list_json(r, &o, n);
	} else {
		e = list_text(r, &o, n);
		list_footer(r, o.v.n);
		text_notes(r);
	}
	order_free(&o);
	return e;
}
