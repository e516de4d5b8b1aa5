#include "runtime/gcinfo.h"

#include <limits.h>

#define PAUSE_MAX_NS UINT64_C(3600000000000) /* no pause takes an hour: damage */
#define MIN_RUNWAY (64u << 10)		     /* mgcpacer.go: heapGoalInternal */
/* memoryLimitHeapGoalHeadroom, later memoryLimitMinHeapGoalHeadroom */
#define HEADROOM_MIN (1u << 20)
/* memoryLimitHeapGoalHeadroomPercent, since 1.21 */
#define HEADROOM_PERCENT 3

/* A field of a package variable. */
static struct gc_number read_field(struct runtime *rt, enum layout_variable_id var,
				   struct layout_field f)
{
	struct gc_number n = {false, 0};

	if (rt->L.var[var].found)
		n.known = runtime_field(rt, rt->L.var[var].addr, f, &n.v);
	return n;
}

/* ---- gcController ---- */

/* mgcpacer.go: memoryLimitHeapGoal; what is not known makes it no limit. */
static uint64_t limit_goal(struct runtime *rt, const struct gcinfo *g)
{
	uint64_t limit = (uint64_t)g->limit, heap, other, over, goal, headroom = HEADROOM_MIN;

	if (!g->has_limit || !g->heap_free.known || !g->total_alloc.known || !g->total_free.known ||
	    !g->mapped_ready.known || !g->live_marked.known)
		return UINT64_MAX;
	heap = g->heap_free.v + g->total_alloc.v - g->total_free.v;
	other = g->mapped_ready.v > heap ? g->mapped_ready.v - heap : 0;
	over = g->mapped_ready.v > limit ? g->mapped_ready.v - limit : 0;
	if (other + over >= limit)
		return g->live_marked.v;
	goal = limit - (other + over);
	if (rt->L.facts.headroom_percent && goal / 100 * HEADROOM_PERCENT > headroom)
		headroom = goal / 100 * HEADROOM_PERCENT;
	goal = goal < 2 * headroom ? headroom : goal - headroom;
	return goal < g->live_marked.v ? g->live_marked.v : goal;
}

/* mgcpacer.go: heapGoalInternal, what MemStats.NextGC reports. */
static void read_goal(struct runtime *rt, struct gcinfo *g)
{
	const struct layout *l = &rt->L;
	struct gc_number goal =
		read_field(rt, LAYOUT_VAR_gcController, l->gcController.gcPercentHeapGoal);
	struct gc_number sweep =
		read_field(rt, LAYOUT_VAR_gcController, l->gcController.sweepDistMinTrigger);
	struct gc_number triggered =
		read_field(rt, LAYOUT_VAR_gcController, l->gcController.triggered);

	if (!goal.known || !sweep.known || !triggered.known)
		return;
	uint64_t limited = limit_goal(rt, g);
	if (limited < goal.v) {
		goal.v = limited;
	} else {
		if (sweep.v > goal.v)
			goal.v = sweep.v;
		if (triggered.v != UINT64_MAX && goal.v < triggered.v + MIN_RUNWAY)
			goal.v = triggered.v + MIN_RUNWAY;
	}
	g->next_goal = goal;
}

static void read_controller(struct runtime *rt, struct gcinfo *g)
{
	const struct layout *l = &rt->L;
	const enum layout_variable_id v = LAYOUT_VAR_gcController;
	struct gc_number n;

	g->heap_in_use = read_field(rt, v, l->gcController.heapInUse);
	g->heap_free = read_field(rt, v, l->gcController.heapFree);
	g->heap_released = read_field(rt, v, l->gcController.heapReleased);
	g->live_marked = read_field(rt, v, l->gcController.heapMarked);
	g->live_now = read_field(rt, v, l->gcController.heapLive);
	g->total_alloc = read_field(rt, v, l->gcController.totalAlloc);
	g->total_free = read_field(rt, v, l->gcController.totalFree);
	g->mapped_ready = read_field(rt, v, l->gcController.mappedReady);
	n = read_field(rt, v, l->gcController.gcPercent);
	g->has_percent = n.known;
	g->percent = (int32_t)n.v;
	n = read_field(rt, v, l->gcController.memoryLimit);
	g->has_limit = n.known && n.v <= INT64_MAX;
	g->limit = (int64_t)n.v;
	read_goal(rt, g);
}

/* ---- memstats ---- */

/* Element @p i of an array of 64-bit words. */
static bool read_word(struct runtime *rt, struct layout_field f, uint64_t i, uint64_t *ret)
{
	return LAYOUT_HAS(f) && (i + 1) * 8 <= f.size &&
	       target_u64(rt->t, rt->L.var[LAYOUT_VAR_memstats].addr + (uint64_t)f.off + i * 8,
			  ret);
}

static void read_pauses(struct runtime *rt, struct gcinfo *g)
{
	const struct layout *l = &rt->L;
	uint64_t ring = LAYOUT_HAS(l->mstats.pause_ns) ? l->mstats.pause_ns.size / 8 : 0;

	for (uint64_t k = 0;
	     ring && g->collections.known && k < g->collections.v && k < ring && k < GC_PAUSES;
	     k++) {
		uint64_t at = (g->collections.v - 1 - k) % ring;
		struct gc_pause *p = &g->pause[g->npauses];
		*p = (struct gc_pause){0};
		if (!read_word(rt, l->mstats.pause_ns, at, &p->ns) || p->ns > PAUSE_MAX_NS)
			return;
		read_word(rt, l->mstats.pause_end, at, &p->end_unix);
		g->npauses++;
	}
}

/* heapStats is a ring of three deltas; their sum is what is so now (mstats.go:
 * consistentHeapStats.unsafeRead). */
static struct gc_number sum_deltas(struct runtime *rt, struct layout_field f)
{
	const struct layout *l = &rt->L;
	uint64_t size = l->s[LAYOUT_heapStatsDelta].size, v;
	struct gc_number n = {false, 0};

	if (!l->var[LAYOUT_VAR_memstats].found || !LAYOUT_HAS(l->mstats.heapStats) ||
	    !LAYOUT_HAS(f) || !size)
		return n;
	for (uint64_t at = 0; at + size <= l->mstats.heapStats.size; at += size) {
		taddr delta =
			l->var[LAYOUT_VAR_memstats].addr + (uint64_t)l->mstats.heapStats.off + at;
		if (!runtime_field(rt, delta, f, &v))
			return (struct gc_number){false, 0};
		n.v += v;
	}
	n.known = n.v <= INT64_MAX; /* a delta may be negative, the sum is not */
	return n;
}

static void read_memstats(struct runtime *rt, struct gcinfo *g)
{
	const struct layout *l = &rt->L;
	const enum layout_variable_id v = LAYOUT_VAR_memstats;

	g->collections = read_field(rt, v, l->mstats.numgc);
	g->forced = read_field(rt, v, l->mstats.numforcedgc);
	g->pause_total = read_field(rt, v, l->mstats.pause_total_ns);
	g->last_end = read_field(rt, v, l->mstats.last_gc_unix);
	if (g->last_end.known && (!g->last_end.v || g->last_end.v > INT64_MAX))
		g->last_end.known = false; /* none yet */
	g->stacks = sum_deltas(rt, l->heapStatsDelta.inStacks);
	struct gc_number cpu = read_field(rt, v, l->mstats.gc_cpu_fraction);
	memcpy(&g->cpu_fraction, &cpu.v, 8);
	g->has_cpu = cpu.known && g->cpu_fraction >= 0 && g->cpu_fraction <= 1;
	read_pauses(rt, g);
}

static enum gc_phase read_phase(struct runtime *rt)
{
	uint64_t phase;

	if (!rt->L.var[LAYOUT_VAR_gcphase].found ||
	    !target_uint(rt->t, rt->L.var[LAYOUT_VAR_gcphase].addr, 4, &phase) ||
	    phase >= GC_PHASE_UNKNOWN)
		return GC_PHASE_UNKNOWN;
	return (enum gc_phase)phase;
}

const char *gc_phase_name(enum gc_phase p)
{
	static const char *const name[] = {"off", "mark", "mark termination"};

	return p < GC_PHASE_UNKNOWN ? name[p] : NULL;
}

/* ---- spans ---- */

#define CLASSES 256 /* mspan.spanclass is a byte */
/* sizeclasses.go: the largest class; larger objects have spans of their own */
#define SMALL_MAX 32768
#define SLOTS_MAX 8192 /* sizeclasses.go: 1024 slots of 8 bytes a span are the most */

static void count_span(struct runtime *rt, struct gcinfo *g, struct gc_class *by_slot,
		       const struct span *s)
{
	uint64_t slot = s->elem_size > SMALL_MAX ? 0 : s->elem_size, objects = 0;
	bool noscan = s->flags & SPAN_NOSCAN;
	struct gc_class *c = by_slot;

	while (c < by_slot + CLASSES && c->spans && (c->slot != slot || c->noscan != noscan))
		c++;
	if (c == by_slot + CLASSES) {
		g->incomplete = true;
		return;
	}
	if (s->nelems <= SLOTS_MAX) {
		uint64_t bits[SLOTS_MAX / 64];
		heap_allocated_bits(rt, s, bits);
		for (uint32_t w = 0; w < (s->nelems + 63) / 64; w++)
			objects += (uint64_t)__builtin_popcountll(bits[w]);
	} else {
		g->incomplete = true;
	}
	c->slot = slot;
	c->noscan = noscan;
	c->spans++;
	c->slots += s->nelems;
	c->objects += objects;
	c->bytes += objects * s->elem_size;
	c->span_bytes += (uint64_t)s->npages * HEAP_PAGE;
}

static int most_bytes_first(const void *a, const void *b)
{
	const struct gc_class *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (int)x->noscan - (int)y->noscan;
}

static struct err *count_spans(struct runtime *rt, struct gcinfo *g)
{
	const struct heap *h = rt->heap;
	struct gc_class by_slot[CLASSES + 1] = {{0}};

	if (!h)
		return NULL;
	g->counted = true;
	g->incomplete = h->incomplete;
	for (size_t i = 0; i < h->spans.n; i++) {
		if (i % 4096 == 0 && runtime_canceled(rt))
			return err_interrupted();
		count_span(rt, g, by_slot, &h->spans.v[i]);
	}
	for (size_t k = 0; k < CLASSES && by_slot[k].spans; k++) {
		VEC_PUSH(&g->classes, by_slot[k]);
		g->spans += by_slot[k].spans;
		g->objects += by_slot[k].objects;
		g->bytes += by_slot[k].bytes;
	}
	if (g->classes.n)
		qsort(g->classes.v, g->classes.n, sizeof(*g->classes.v), most_bytes_first);
	return NULL;
}

/* ---- specials ---- */

static bool count_special(void *arg, const struct span *s, const struct special *sp)
{
	struct gcinfo *g = arg;

	(void)s;
	g->specials[sp->kind].v++;
	return true;
}

static struct err *count_specials(struct runtime *rt, struct gcinfo *g)
{
	const struct layout *l = &rt->L;
	const struct special_numbers numbers = special_numbers(l);
	bool ok = true;

	if (!g->counted || !LAYOUT_HAS(l->special.next) || !LAYOUT_HAS(l->special.kind))
		return NULL;
	uint64_t left = specials_most(rt);
	for (size_t i = 0; i < rt->heap->spans.n; i++) {
		if (i % 4096 == 0 && runtime_canceled(rt))
			return err_interrupted();
		ok &= specials_each(rt, &numbers, &rt->heap->spans.v[i], &left, count_special, g);
	}
	for (int k = 0; k < SPECIAL_KINDS; k++)
		g->specials[k].known = ok && (numbers.of[k] || k == SPECIAL_OTHER);
	return NULL;
}

struct err *gcinfo_read(struct runtime *rt, struct gcinfo *g)
{
	const struct layout *l = &rt->L;

	*g = (struct gcinfo){.phase = read_phase(rt)};
	read_controller(rt, g);
	read_memstats(rt, g);
	if (LAYOUT_HAS(l->mheap.heapArenas)) /* a slice: its length is the second word */
		g->arenas.known = target_u64(rt->t,
					     l->var[LAYOUT_VAR_mheap].addr +
						     (uint64_t)l->mheap.heapArenas.off + 8,
					     &g->arenas.v);
	struct err *err = count_spans(rt, g);
	return err ? err : count_specials(rt, g);
}

void gcinfo_free(struct gcinfo *g)
{
	VEC_FREE(&g->classes);
}
