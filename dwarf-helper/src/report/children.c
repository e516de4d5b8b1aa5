/**
 * @file  `children CTX`: its children map as it is, entry by entry in the map's own order, and the
 * state of the map itself.
 */
#include "report/arg.h"
#include "report/lines.h"
#include "report/words.h"

#define CHILDREN_LIMIT 100
#define ABOUT_COLUMNS 48

struct entry {
	uint32_t ctx; /* CTX_NONE: not a known context */
	taddr addr;
};

struct entries {
	const struct model *m;
	uint64_t limit, seen;
	VEC(struct entry) list; /* the first `limit` ones */
	bool canceled;
};

static bool on_entry(void *arg, uint32_t child, taddr addr)
{
	struct entries *es = arg;

	if (es->list.n < es->limit)
		VEC_PUSH(&es->list, (struct entry){child, addr});
	es->canceled = ++es->seen % 4096 == 0 && model_canceled(es->m);
	return !es->canceled;
}

/* Kinds without a map: the contexts that were made on it, by their parent words. */
static void made_on_it(struct entries *es, uint32_t i)
{
	for (uint32_t k = es->m->ctxs.v[i].first_child; k != CTX_NONE;
	     k = es->m->ctxs.v[k].next_sibling)
		if (!on_entry(es, k, es->m->ctxs.v[k].addr))
			break;
}

static void map_geometry(struct buf *out, const struct gomap_state *st)
{
	if (!st->swiss) {
		buf_lit(out, "bucket map, ");
		text_plural(out, st->tables, "bucket");
	} else if (!st->tables) {
		buf_lit(out, "Swiss map, one small group");
	} else {
		buf_lit(out, "Swiss map, ");
		text_plural(out, st->tables, "table");
	}
}

/* "51 840 entries (count agrees), no tombstones" and what is wrong with it. */
static void map_state(struct report *r, const struct gomap_state *st)
{
	struct buf *out = &r->out;

	map_geometry(out, st);
	buf_lit(out, ", ");
	text_count(out, st->found);
	buf_str(out, st->found == 1 ? " entry" : " entries");
	if (st->found == st->count) {
		buf_lit(out, " (count agrees)");
	} else {
		text_style(out, r, STYLE_RED);
		buf_lit(out, " (its count word says ");
		text_count(out, st->count);
		buf_char(out, ')');
		text_style_end(out, r, STYLE_RED);
	}
	if (st->swiss && !st->tombstones)
		buf_lit(out, ", no tombstones");
	else if (st->swiss) {
		buf_lit(out, ", ");
		text_plural(out, st->tombstones, "tombstone");
	}
	if (st->growing)
		buf_lit(out, ", growing: old buckets are still there");
	if (st->writing)
		buf_lit(out, ", caught while being written");
	if (st->unreadable) {
		buf_lit(out, ", ");
		text_count(out, st->unreadable);
		buf_str(out, st->swiss ? " groups unreadable" : " buckets unreadable");
	}
	if (st->cut)
		buf_lit(out, ", cut at the entry limit");
}

static void first_line(struct report *r, uint32_t i, bool has_map, const taddr *map,
		       const struct gomap_state *st)
{
	struct buf *out = &r->out;

	if (!has_map) {
		word_ctx(out, r->m, i);
		buf_lit(out, " has no children map; contexts made on it:\n");
		return;
	}
	word_ctx(out, r->m, i);
	buf_lit(out, ": context.(*cancelCtx).children  map[context.canceler]struct {}  ");
	if (!map) {
		buf_lit(out, "unreadable");
	} else if (!*map) {
		buf_str(out, r->m->ctxs.v[i].state == CTX_ACTIVE
				     ? "nil: nothing was ever registered"
				     : "nil");
	} else {
		buf_hex(out, *map);
		buf_str(out, "\n  ");
		if (st->readable)
			map_state(r, st);
		else
			buf_lit(out, "unreadable");
	}
	buf_char(out, '\n');
}

static void row(struct table *t, const struct model *m, const struct entry *e, struct ctx_view *v)
{
	if (e->ctx == CTX_NONE) {
		buf_hex(table_cell(t), e->addr);
		buf_str(table_styled(t, STYLE_RED), "?");
		buf_str(table_styled(t, STYLE_RED), "no context we know");
		table_row(t);
		return;
	}
	ctx_view_read(v, m, e->ctx, word_view(t->r->opt, VIEW_ABOUT));
	const char *mark = word_mark(v->flags);
	word_addr(table_cell(t), m, e->ctx);
	buf_str(table_cell(t), ctx_kind_name(v->kind));
	buf_str(table_styled(t, word_state_style(v->state)), word_state(v->state));
	text_count(table_cell(t), v->children);
	text_count(table_cell(t), v->tasks);
	if (mark)
		buf_str(table_styled(t, STYLE_RED), mark);
	else
		word_about(table_cell(t), v, ABOUT_COLUMNS);
	table_row(t);
}

static void children_text(struct report *r, uint32_t i, const struct entries *es, bool has_map,
			  const taddr *map, const struct gomap_state *st)
{
	static const struct column column[] = {
		{.head = "context"},
		{.head = "kind"},
		{.head = "state"},
		{.head = "children", .right = true},
		{.head = "tasks", .right = true},
		{.head = "value or deadline"},
	};
	struct ctx_view view = {0};
	struct table t;

	first_line(r, i, has_map, map, st);
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (size_t k = 0; k < es->list.n; k++)
		row(&t, r->m, &es->list.v[k], &view);
	table_close(&t);
	ctx_view_free(&view);
	if (!has_map && !es->seen)
		buf_lit(&r->out, "none\n");
	if (es->seen > es->list.n)
		text_more(&r->out, es->seen - es->list.n, NULL);
	text_notes(r);
}

static struct err *children_json(struct report *r, uint32_t i, const struct entries *es,
				 bool has_map)
{
	struct err *e = NULL;
	struct lines l;

	lines_open(&l, r);
	line_header(r);
	for (size_t k = 0; k < es->list.n && !e; k++) {
		const struct entry *en = &es->list.v[k];
		if (en->ctx != CTX_NONE)
			line_context(&l, en->ctx);
		if (has_map)
			line_edge_via(&l, i, en->ctx, en->addr, "children");
		else
			line_edge(&l, i, en->ctx);
		if (k % 4096 == 0 && model_canceled(r->m))
			e = err_interrupted();
	}
	line_cut(r, es->seen - es->list.n, "children");
	line_notes(r);
	lines_close(&l);
	return e;
}

struct err *report_children(struct report *r)
{
	struct entries es = {.m = r->m,
			     .limit = word_limit(r->opt, r->opt->json ? 0 : CHILDREN_LIMIT)};
	struct gomap_state st = {0};
	uint32_t i = CTX_NONE;
	taddr map = 0;

	if (!r->opt->arg)
		return err_hint(err_new(ERR_USAGE, "children needs a context"),
				"goctx children 0xc000126000");
	struct err *e = arg_context(r, r->opt->arg, &i);
	if (e)
		return e;
	uint8_t kind = r->m->ctxs.v[i].kind;
	bool cancels = ctx_kind_has_done(kind);
	bool readable = ctx_children_map(r->m, i, &map), has_map = readable || cancels;
	if (has_map)
		ctx_children_each(r->m, i, UINT64_MAX, on_entry, &es, &st);
	else
		made_on_it(&es, i);
	if (es.canceled)
		e = err_interrupted();
	else if (r->opt->json)
		e = children_json(r, i, &es, has_map);
	else
		children_text(r, i, &es, has_map, readable ? &map : NULL, &st);
	VEC_FREE(&es.list);
	return e;
}
