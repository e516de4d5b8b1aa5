/**
 * @file  `heap`: figures of the collector, and what lies in the heap by size.
 */
#include "runtime/gcinfo.h"

#include "report/lines.h"
#include "report/words.h"

#define CLASSES_SHOWN 10 /* rows of text when --limit is not given */
#define PAUSES_SHOWN 5
#define GOAL_MAX (UINT64_C(1) << 60) /* larger: what is left of the largest number, with the collector off */

static void head(struct report *r, const char *word)
{
	text_style(&r->out, r, STYLE_DIM);
	buf_str(&r->out, word);
	buf_fill(&r->out, ' ', 10 - strlen(word));
	text_style_end(&r->out, r, STYLE_DIM);
}

/* "in use 12 MiB · idle 3 MiB": what is not known is left out. */
struct list {
	struct buf *out;
	bool any;
};

static struct buf *item(struct list *l, const char *word)
{
	buf_str(l->out, l->any ? " · " : "");
	buf_str(l->out, word);
	l->any = true;
	return l->out;
}

static void item_size(struct list *l, const char *word, struct gc_number n)
{
	if (n.known)
		text_size(item(l, word), n.v);
}

static void item_count(struct list *l, struct gc_number n, const char *word)
{
	if (n.known && n.v)
		text_plural(item(l, ""), n.v, word);
}

static void heap_line(struct report *r, const struct gcinfo *g)
{
	struct list l = {&r->out, false};

	head(r, "heap");
	item_size(&l, "in use ", g->heap_in_use);
	if (g->heap_free.known && g->heap_released.known) {
		text_size(item(&l, "idle "), g->heap_free.v + g->heap_released.v);
		buf_lit(&r->out, ", of which the system has back ");
		text_size(&r->out, g->heap_released.v);
	}
	item_size(&l, "stacks ", g->stacks);
	if (!l.any)
		buf_lit(&r->out, "the runtime's figures are not in reach");
	buf_char(&r->out, '\n');
}

static void objects_line(struct report *r, const struct gcinfo *g)
{
	struct list l = {&r->out, false};

	head(r, "objects");
	if (g->counted) {
		text_count(item(&l, ""), g->objects);
		buf_lit(&r->out, " of ");
		text_size(&r->out, g->bytes);
		buf_lit(&r->out, " in ");
		text_plural(&r->out, g->spans, "span");
		buf_str(&r->out, g->incomplete ? " (part of the heap is missing)" : "");
	}
	item_count(&l, g->arenas, "arena");
	item_size(&l, "alive at the last mark ", g->live_marked);
	buf_char(&r->out, '\n');
}

static void goal_line(struct report *r, const struct gcinfo *g)
{
	struct list l = {&r->out, false};

	head(r, "goal");
	if (g->next_goal.known && g->next_goal.v > GOAL_MAX)
		item(&l, "no next collection");
	else
		item_size(&l, "next collection at ", g->next_goal);
	item_size(&l, "now at ", g->live_now);
	if (g->has_percent && g->percent < 0)
		item(&l, "GC percent off");
	else if (g->has_percent)
		buf_i64(item(&l, "GC percent "), g->percent);
	if (g->has_limit && g->limit != INT64_MAX)
		text_size(item(&l, "memory limit "), (uint64_t)g->limit);
	else if (g->has_limit)
		item(&l, "no memory limit");
	buf_char(&r->out, '\n');
}

/* How long ago, by the target's own clock; -1 not known. */
static int64_t ago_ns(const struct report *r, const struct gcinfo *g)
{
	const struct clock_now *now = &r->m->now;

	if (!g->last_end.known || !now->wall_ns || now->wall_ns < (int64_t)g->last_end.v)
		return -1;
	return now->wall_ns - (int64_t)g->last_end.v;
}

static void collections_line(struct report *r, const struct gcinfo *g)
{
	struct list l = {&r->out, false};

	head(r, "gc");
	if (g->collections.known && !g->collections.v)
		item(&l, "no collection yet");
	item_count(&l, g->collections, "collection");
	if (g->forced.known && g->forced.v) {
		text_count(item(&l, ""), g->forced.v);
		buf_lit(&r->out, " of them forced");
	}
	if (g->has_cpu && g->cpu_fraction >= 0.0001)
		buf_printf(item(&l, ""), "%.2f %% of the processors' time", g->cpu_fraction * 100);
	if (g->phase == GC_MARK || g->phase == GC_MARK_TERMINATION)
		buf_str(item(&l, "under way: "), gc_phase_name(g->phase));
	buf_char(&r->out, '\n');
}

static void last_line(struct report *r, const struct gcinfo *g)
{
	int64_t ago = ago_ns(r, g);

	if (!g->last_end.known)
		return;
	head(r, "last");
	text_date(&r->out, (int64_t)(g->last_end.v / 1000000000));
	if (ago >= 0) {
		buf_lit(&r->out, ", ");
		text_duration(&r->out, ago);
		buf_str(&r->out, r->m->now.exact ? " ago" : " or more before the core was taken");
	}
	buf_char(&r->out, '\n');
}

static void pauses_line(struct report *r, const struct gcinfo *g)
{
	uint64_t longest = 0;

	if (!g->npauses)
		return;
	head(r, "pauses");
	for (unsigned k = 0; k < g->npauses; k++) {
		if (k < PAUSES_SHOWN) {
			buf_str(&r->out, k ? ", " : "last ");
			text_duration(&r->out, (int64_t)g->pause[k].ns);
		}
		longest = g->pause[k].ns > longest ? g->pause[k].ns : longest;
	}
	if (g->npauses > PAUSES_SHOWN)
		buf_printf(&r->out, ", … · longest of %u ", g->npauses);
	if (g->npauses > PAUSES_SHOWN)
		text_duration(&r->out, (int64_t)longest);
	if (g->pause_total.known && g->pause_total.v <= INT64_MAX) {
		buf_lit(&r->out, " · all together ");
		text_duration(&r->out, (int64_t)g->pause_total.v);
	}
	buf_char(&r->out, '\n');
}

static void specials_line(struct report *r, const struct gcinfo *g)
{
	static const char *const word[] = {"finalizer", "cleanup", "weak pointer"};
	struct list l = {&r->out, false};

	for (int k = 0; k < SPECIAL_OTHER; k++) {
		if (!g->specials[k].known || !g->specials[k].v)
			continue;
		if (!l.any)
			head(r, "specials");
		item_count(&l, g->specials[k], word[k]);
	}
	if (l.any)
		buf_char(&r->out, '\n');
}

static void class_row(struct table *t, const struct gc_class *c)
{
	if (c->slot)
		text_count(table_cell(t), c->slot);
	else
		buf_lit(table_cell(t), "large");
	buf_str(table_cell(t), c->noscan ? "no" : "yes");
	text_count(table_cell(t), c->spans);
	text_count(table_cell(t), c->objects);
	text_size(table_cell(t), c->bytes);
	struct buf *cell = table_cell(t);
	if (c->slots)
		buf_printf(cell, "%u %%", (unsigned)((double)c->objects * 100 / (double)c->slots));
	table_row(t);
}

static void classes_table(struct report *r, const struct gcinfo *g, uint64_t limit)
{
	static const struct column column[] = {
		{.head = "bytes each", .right = true}, {.head = "pointers"},
		{.head = "spans", .right = true},      {.head = "objects", .right = true},
		{.head = "in all", .right = true},     {.head = "slots used", .right = true},
	};
	struct table t;

	if (!g->classes.n)
		return;
	buf_char(&r->out, '\n');
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (size_t k = 0; k < g->classes.n && k < limit; k++)
		class_row(&t, &g->classes.v[k]);
	table_close(&t);
	if (g->classes.n > limit)
		text_more(&r->out, g->classes.n - limit, "sizes");
}

static void heap_text(struct report *r, const struct gcinfo *g)
{
	heap_line(r, g);
	objects_line(r, g);
	goal_line(r, g);
	collections_line(r, g);
	last_line(r, g);
	pauses_line(r, g);
	specials_line(r, g);
	classes_table(r, g, word_limit(r->opt, CLASSES_SHOWN));
	text_notes(r);
}

/* ---- JSON ---- */

static void json_name(struct buf *out, const char *name)
{
	buf_lit(out, ",\"");
	buf_str(out, name);
	buf_lit(out, "\":");
}

static void json_number(struct buf *out, const char *name, struct gc_number n)
{
	json_name(out, name);
	if (n.known)
		buf_u64(out, n.v);
	else
		buf_lit(out, "null");
}

static struct gc_number known_if(bool known, uint64_t v)
{
	return (struct gc_number){known, v};
}

static void pauses_json(struct buf *out, const struct gcinfo *g)
{
	json_name(out, "pauses");
	buf_char(out, '[');
	for (unsigned k = 0; k < g->npauses; k++) {
		buf_str(out, k ? ",{\"pause_ns\":" : "{\"pause_ns\":");
		buf_u64(out, g->pause[k].ns);
		json_number(out, "end_unix_ns", known_if(g->pause[k].end_unix, g->pause[k].end_unix));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void classes_json(struct buf *out, const struct gcinfo *g)
{
	json_name(out, "classes");
	buf_char(out, '[');
	for (size_t k = 0; k < g->classes.n; k++) {
		const struct gc_class *c = &g->classes.v[k];
		buf_str(out, k ? ",{\"pointers\":" : "{\"pointers\":");
		buf_str(out, c->noscan ? "false" : "true");
		json_number(out, "size_bytes", known_if(c->slot, c->slot)); /* null: large ones */
		json_number(out, "spans", known_if(true, c->spans));
		json_number(out, "slots", known_if(true, c->slots));
		json_number(out, "objects", known_if(true, c->objects));
		json_number(out, "bytes", known_if(true, c->bytes));
		json_number(out, "span_bytes", known_if(true, c->span_bytes));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void heap_json(struct report *r, const struct gcinfo *g)
{
	struct buf *out = &r->out;
	int64_t ago = ago_ns(r, g);

	line_header(r);
	buf_lit(out, "{\"type\":\"heap\"");
#define X(name, json) json_number(out, json, g->name);
	GCINFO_NUMBERS(X)
#undef X
	json_number(out, "last_ago_ns", known_if(ago >= 0, (uint64_t)ago));
	json_name(out, "gc_percent");
	if (g->has_percent)
		buf_i64(out, g->percent);
	else
		buf_lit(out, "null");
	json_number(out, "memory_limit_bytes", known_if(g->has_limit && g->limit != INT64_MAX, (uint64_t)g->limit));
	json_name(out, "gc_cpu_fraction");
	if (g->has_cpu)
		buf_printf(out, "%.9g", g->cpu_fraction);
	else
		buf_lit(out, "null");
	line_str(out, "phase", gc_phase_name(g->phase));
	json_number(out, "spans", known_if(g->counted, g->spans));
	json_number(out, "objects", known_if(g->counted, g->objects));
	json_number(out, "object_bytes", known_if(g->counted, g->bytes));
	json_name(out, "incomplete");
	buf_str(out, g->incomplete || !g->counted ? "true" : "false");
	json_number(out, "finalizers", g->specials[SPECIAL_FINALIZER]);
	json_number(out, "cleanups", g->specials[SPECIAL_CLEANUP]);
	json_number(out, "weak_pointers", g->specials[SPECIAL_WEAK]);
	json_number(out, "specials_other", g->specials[SPECIAL_OTHER]);
	pauses_json(out, g);
	classes_json(out, g);
	buf_lit(out, "}\n");
	line_notes(r);
}

struct err *report_heap(struct report *r)
{
	struct gcinfo g;
	struct err *err = gcinfo_read(r->m->rt, &g);

	if (!err && r->opt->json)
		heap_json(r, &g);
	else if (!err)
		heap_text(r, &g);
	gcinfo_free(&g);
	return err;
}
