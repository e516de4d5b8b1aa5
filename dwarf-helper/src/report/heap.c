/**
 * @file  `heap`: figures of the collector, and what lies in the heap by size.
 */
#include "runtime/gcinfo.h"
#include "runtime/heapprofile.h"

#include "report/lines.h"
#include "report/words.h"
#include "report/writer.h"

#define CLASSES_SHOWN 10 /* rows of text when --limit is not given */
#define PAUSES_SHOWN 5
/* larger: what is left of the largest number, with the collector off */
#define GOAL_MAX (UINT64_C(1) << 60)

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

	for (int k = 0; k < SPECIAL_PROFILE; k++) {
		if (!g->specials[k].known || !g->specials[k].v)
			continue;
		if (!l.any)
			head(r, "specials");
		item_count(&l, g->specials[k], word[k]);
	}
	if (l.any)
		buf_char(&r->out, '\n');
}

/* Does the runtime note who allocates?  If not, why. */
static void profile_line(struct report *r, const struct heap_profile *p)
{
	if (p->state == PROFILE_UNKNOWN)
		return;
	head(r, "profile");
	if (p->state == PROFILE_UNUSED) {
		buf_lit(&r->out, "none: nothing in the program asks for it (runtime/pprof does), "
				 "so the linker left it out\n");
		return;
	}
	if (p->state == PROFILE_ZERO) {
		buf_lit(&r->out, "off: runtime.MemProfileRate is 0");
	} else {
		buf_lit(&r->out, "one allocation in ");
		text_size(&r->out, p->rate);
	}
	buf_lit(&r->out, " · ");
	text_plural(&r->out, p->records.n, "object");
	buf_lit(&r->out, " recorded\n");
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

static void heap_text(struct report *r, const struct gcinfo *g, const struct heap_profile *p)
{
	heap_line(r, g);
	objects_line(r, g);
	goal_line(r, g);
	collections_line(r, g);
	last_line(r, g);
	pauses_line(r, g);
	specials_line(r, g);
	profile_line(r, p);
	classes_table(r, g, word_limit(r->opt, CLASSES_SHOWN));
	text_notes(r);
}

/* ---- JSON ---- */

static void rec_number(struct rec *w, enum rec_field f, struct gc_number n)
{
	rec_u64_if(w, f, n.known, n.v);
}

static void pauses_json(struct rec *w, const struct gcinfo *g)
{
	rec_list(w, REC_heap_pauses);
	for (unsigned k = 0; k < g->npauses; k++) {
		struct rec part = rec_part(w->out, REC_pause, !k);
		rec_u64(&part, REC_pause_pause_ns, g->pause[k].ns);
		rec_u64_if(&part, REC_pause_end_unix_ns, g->pause[k].end_unix,
			   g->pause[k].end_unix);
		rec_part_end(&part);
	}
	rec_list_end(w, REC_heap_pauses);
}

static void classes_json(struct rec *w, const struct gcinfo *g)
{
	rec_list(w, REC_heap_classes);
	for (size_t k = 0; k < g->classes.n; k++) {
		const struct gc_class *c = &g->classes.v[k];
		struct rec part = rec_part(w->out, REC_class, !k);
		rec_bool(&part, REC_class_pointers, !c->noscan);
		rec_u64_if(&part, REC_class_size_bytes, c->slot, c->slot);
		rec_u64(&part, REC_class_spans, c->spans);
		rec_u64(&part, REC_class_slots, c->slots);
		rec_u64(&part, REC_class_objects, c->objects);
		rec_u64(&part, REC_class_bytes, c->bytes);
		rec_u64(&part, REC_class_span_bytes, c->span_bytes);
		rec_part_end(&part);
	}
	rec_list_end(w, REC_heap_classes);
}

static void collector_json(struct report *r, struct rec *w, const struct gcinfo *g)
{
	int64_t ago = ago_ns(r, g);

#define X(name, field) rec_number(w, REC_heap_##field, g->name);
	GCINFO_NUMBERS(X)
#undef X
	rec_i64_if(w, REC_heap_last_ago_ns, ago >= 0, ago);
	rec_i64_if(w, REC_heap_gc_percent, g->has_percent, g->percent);
	rec_i64_if(w, REC_heap_memory_limit_bytes, g->has_limit && g->limit != INT64_MAX, g->limit);
	if (g->has_cpu)
		rec_float(w, REC_heap_gc_cpu_fraction, g->cpu_fraction);
	else
		rec_null(w, REC_heap_gc_cpu_fraction);
	rec_word(w, REC_heap_phase, gc_phase_name(g->phase));
}

static void heap_json(struct report *r, const struct gcinfo *g, const struct heap_profile *p)
{
	static const char *const states[] = {[PROFILE_UNKNOWN] = NULL,
					     [PROFILE_ON] = "on",
					     [PROFILE_ZERO] = "off",
					     [PROFILE_UNUSED] = "unused"};

	line_header(r);
	struct rec w = rec_line(&r->out, REC_heap);
	collector_json(r, &w, g);
	rec_u64_if(&w, REC_heap_spans, g->counted, g->spans);
	rec_u64_if(&w, REC_heap_objects, g->counted, g->objects);
	rec_u64_if(&w, REC_heap_object_bytes, g->counted, g->bytes);
	rec_bool(&w, REC_heap_incomplete, g->incomplete || !g->counted);
	rec_number(&w, REC_heap_finalizers, g->specials[SPECIAL_FINALIZER]);
	rec_number(&w, REC_heap_cleanups, g->specials[SPECIAL_CLEANUP]);
	rec_number(&w, REC_heap_weak_pointers, g->specials[SPECIAL_WEAK]);
	struct gc_number other = g->specials[SPECIAL_OTHER];
	other.v += g->specials[SPECIAL_PROFILE].v;
	rec_number(&w, REC_heap_specials_other, other);
	pauses_json(&w, g);
	classes_json(&w, g);
	rec_word(&w, REC_heap_profile, states[p->state]);
	rec_u64_if(&w, REC_heap_profile_rate_bytes, p->state != PROFILE_UNKNOWN, p->rate);
	rec_u64_if(&w, REC_heap_profile_records, !p->cut, p->records.n);
	rec_line_end(&w);
	line_notes(r);
}

struct err *report_heap(struct report *r)
{
	struct heap_profile p = {0};
	struct gcinfo g;
	struct err *err = gcinfo_read(r->m->rt, &g);

	if (!err)
		err = heap_profile_read(r->m->rt, &p);
	if (!err && r->opt->json)
		heap_json(r, &g, &p);
	else if (!err)
		heap_text(r, &g, &p);
	heap_profile_free(&p);
	gcinfo_free(&g);
	return err;
}
