/**
 * @file  `list`: contexts, one a line.
 */
#include <stdlib.h>

#include "report/lines.h"
#include "report/made.h"
#include "report/order.h"
#include "report/parallel.h"
#include "report/words.h"

/* rows of text when --limit is not given; JSON has no limit of its own */
#define LIST_LIMIT 100000
#define FIXED_COLUMNS 61 /* all but the last, as wide as they mostly are */
#define ABOUT_LEAST 36

static struct err *canceled(void)
{
	return err_interrupted();
}

static void json_line(struct lines *l, const void *arg, uint64_t k)
{
	line_context(l, order_at(arg, k));
}

static struct err *list_json(struct report *r, const struct order *o, uint64_t n)
{
	struct lines l;
	struct made made;
	struct err *failed = made_open(r->m, &made);

	if (failed)
		return failed;
	uint32_t *places = made_places(r->m, &made);
	made_close(&made);
	r->made = places;
	lines_open(&l, r);
	line_header(r);
	struct err *e = lines_in_parallel(&l, n, json_line, o);
	line_cut(r, order_n(o) - n, "contexts");
	line_notes(r);
	lines_close(&l);
	r->made = NULL;
	free(places);
	return e;
}

#define NAME_ELEMENTS 8

/*
 * What the context is made of, without keys: "Background.WithCancel.WithTimeout".  Of long names
 * the end, as many elements as fit @p columns, but one at least.
 */
static void list_name(struct buf *out, const struct model *m, uint32_t i, size_t columns)
{
	static const char package[] = "context."; // every name starts so
	const size_t skip = sizeof(package) - 1;
	struct buf part[NAME_ELEMENTS] = {{0}};
	size_t n = 0, used = 2; // "….", if it is cut
	bool whole = false;

	for (uint32_t at = i; !whole && n < NAME_ELEMENTS; at = m->ctxs.v[at].parent) {
		struct buf *p = &part[n];
		size_t from = 0;
		whole = !m->ctxs.v[at].depth || m->ctxs.v[at].parent >= m->ctxs.n;
		if (whole)
			ctx_name(m, at, p);
		else
			buf_str(p, ctx_label(m, at));
		if (p->n > skip && !memcmp(p->p, package, skip))
			from = skip;
		memmove(p->p, p->p + from, p->n -= from);
		size_t width = text_width(p->p, p->n) + (n > 0);
		if (n && used + width > columns + (whole ? 2 : 0)) {
			whole = false;
			break;
		}
		used += width;
		n++;
	}
	buf_str(out, whole ? "" : "….");
	while (n--) {
		text_safe(out, part[n].p, part[n].n);
		buf_str(out, n ? "." : "");
	}
	for (size_t k = 0; k < NAME_ELEMENTS; k++)
		buf_free(&part[k]);
}

/* Last column: key and value, else the deadline, else the function it calls, else the name. */
static void list_about(struct buf *out, const struct model *m, const struct ctx_view *v,
		       size_t columns)
{
	if (!word_about(out, v, columns))
		list_name(out, m, v->index, columns ? columns : SIZE_MAX / 2);
}

static void list_row(struct table *t, const struct model *m, uint32_t i, size_t columns,
		     struct ctx_view *v)
{
	ctx_view_read(v, m, i, word_view(t->r->opt, VIEW_ABOUT));
	const char *mark = word_mark(v->flags);

	word_addr(table_cell(t), m, i);
	buf_str(table_cell(t), ctx_kind_name(v->kind));
	buf_str(table_styled(t, word_state_style(v->state)), word_state(v->state));
	text_count(table_cell(t), v->children);
	text_count(table_cell(t), v->tasks);
	text_count(table_cell(t), v->depth);
	if (mark)
		buf_str(table_styled(t, STYLE_RED), mark);
	else
		list_about(table_cell(t), m, v, columns);
	table_row(t);
}

static size_t about_columns(const struct options *opt)
{
	return opt->width < FIXED_COLUMNS + ABOUT_LEAST ? ABOUT_LEAST : opt->width - FIXED_COLUMNS;
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
		{.head = "value, deadline or name"},
	};
	struct ctx_view view = {0};
	struct err *e = NULL;
	struct table t;
	size_t columns = r->opt->values ? 0 : about_columns(r->opt);

	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	t.cut_last = !r->opt->values;
	for (uint64_t k = 0; k < n && !e; k++) {
		list_row(&t, r->m, order_at(o, k), columns, &view);
		if (k % 4096 == 0 && model_canceled(r->m))
			e = canceled();
	}
	table_close(&t);
	ctx_view_free(&view);
	if (order_n(o) > n)
		text_more(&r->out, order_n(o) - n, NULL);
	return e;
}

/* The last line: how many of how many. */
static void list_footer(struct report *r, uint64_t matching)
{
	if (!r->m->contexts) {
		word_no_contexts(r);
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

	model_unload(r->m);
	struct err *e = order_contexts(r, &o);

	if (e)
		return e;
	uint64_t limit = word_limit(r->opt, r->opt->json ? 0 : LIST_LIMIT),
		 n = order_n(&o) < limit ? order_n(&o) : limit;
	if (r->opt->json) {
		e = list_json(r, &o, n);
	} else {
		e = list_text(r, &o, n);
		list_footer(r, order_n(&o));
		text_notes(r);
	}
	order_free(&o);
	return e;
}
