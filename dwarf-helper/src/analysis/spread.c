#include "analysis/spread.h"

#include "runtime/stack.h"

#define BATCH 16	/* runtime/runtime2.go: _GoidCacheBatch */
#define GAP (2 * BATCH) /* goids from one to the next, on average: no pool's */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_goids(const struct model *m, struct spreads *all)
{
	all->goids = mem_alloc((m->tasks.list.n + 1) * sizeof(*all->goids));
	u64map_reserve(&all->by_goid, m->tasks.list.n);
	for (uint32_t i = 0; i < m->tasks.list.n; i++) {
		uint64_t goid = m->tasks.list.v[i].goid;
		if (!goid)
			continue;
		all->goids[all->n++] = goid;
		u64map_add(&all->by_goid, goid, i);
	}
	qsort(all->goids, all->n, sizeof(*all->goids), by_number);
}

/* How many live whose goid is less. */
static size_t rank(const struct spreads *all, uint64_t goid)
{
	size_t lo = 0, hi = all->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (all->goids[mid] < goid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* In batches that have any of them, from the first of them there to the last: how many goids, and
 * how many of these live? */
static bool neighbours_ended(const struct spreads *all, const uint64_t *goids, size_t n)
{
	uint64_t made = 0, live = 0;

	for (size_t k = 0, end; k < n; k = end) {
		for (end = k + 1; end < n && (goids[end] - 1) / BATCH == (goids[k] - 1) / BATCH;)
			end++;
		made += goids[end - 1] - goids[k] + 1;
		live += rank(all, goids[end - 1] + 1) - rank(all, goids[k]);
	}
	return live * 10 <= made * 7;
}

/* ---- starters ---- */

enum { THERE = 1, RETURNED, UNKNOWN };

struct search {
	const struct runtime *rt;
	const char *func;
	bool found;
};

static bool is_func(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct search *s = arg;
	const struct pcinfo *at = &s->rt->pcs.v[info];

	(void)pc;
	(void)sp;
	for (uint32_t k = at->first; k < at->first + at->n && !s->found; k++)
		s->found = s->rt->frames.v[k].func && !strcmp(s->rt->frames.v[k].func, s->func);
	return !s->found;
}

static uint32_t look_for(const struct model *m, uint32_t task, const char *func)
{
	struct search s = {.rt = m->rt, .func = func};
	struct stack_regs start;

	if (!stack_start(m->rt, &m->tasks.list.v[task], &start))
		return UNKNOWN;
	stack_walk(m->rt, &start, is_func, &s, NULL);
	return s.found ? THERE : RETURNED;
}

static uint32_t starter(const struct model *m, struct spreads *all, const struct task *t)
{
	const char *func = t->created < m->rt->frames.n ? m->rt->frames.v[t->created].func : NULL;

	if (!t->parent_goid || !func)
		return UNKNOWN;
	uint32_t parent = u64map_find(&all->by_goid, t->parent_goid);
	if (parent == U64MAP_NONE)
		return RETURNED;
	uint64_t key = (uint64_t)parent << 32 | (t->created + 1ul);
	uint32_t how = u64map_find(&all->starters, key);
	if (how == U64MAP_NONE) {
		how = look_for(m, parent, func);
		u64map_set(&all->starters, key, how);
	}
	return how;
}

void spread_find(const struct model *m, struct spreads *all, const uint32_t *tasks, size_t n,
		 struct spread *ret)
{
	uint64_t *goids = mem_alloc((n + 1) * sizeof(*goids));

	*ret = (struct spread){0};
	if (!all->goids)
		sort_goids(m, all);
	for (size_t k = 0; k < n && !runtime_canceled(m->rt); k++) {
		uint32_t how = starter(m, all, &m->tasks.list.v[tasks[k]]);
		goids[k] = m->tasks.list.v[tasks[k]].goid;
		ret->gone += how == RETURNED;
		ret->untold += how == UNKNOWN;
	}
	if (n && !runtime_canceled(m->rt)) {
		qsort(goids, n, sizeof(*goids), by_number);
		ret->first = goids[0];
		ret->last = goids[n - 1];
		ret->quarter = goids[n / 4];
		ret->one_in = (ret->last - ret->first + 1 + n / 2) / n;
		ret->over_time = n > 1 && (ret->one_in >= GAP || neighbours_ended(all, goids, n));
	}
	free(goids);
}

void spreads_free(struct spreads *all)
{
	free(all->goids);
	u64map_free(&all->by_goid);
	u64map_free(&all->starters);
	*all = (struct spreads){0};
}
