#include "analysis/groups.h"

#include "runtime/stack.h"

#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	for (; s && *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return mix(h, 0);
}

static bool hash_pc(void *arg, taddr pc, taddr sp, uint32_t info)
{
	uint64_t *h = arg;

	(void)sp;
	(void)info;
	*h = mix(*h, pc);
	return true;
}

/* Hash of a goroutine's pcs; 0 when its stack cannot be walked. */
static uint64_t stack_hash(struct runtime *rt, const struct task *t)
{
	struct stack_regs start;
	uint64_t h = HASH_START;

	if (!stack_start(rt, t, &start))
		return 0;
	stack_walk(rt, &start, hash_pc, &h, NULL);
	return h;
}

/* Function alone for FUNC; for CREATED the statement: a go statement inlined in several places has
 * several frames. */
static uint64_t frame_key(const struct runtime *rt, uint32_t frame, bool place)
{
	if (frame >= rt->frames.n)
		return 0;
	const struct frame *f = &rt->frames.v[frame];
	uint64_t h = mix_text(HASH_START, f->func);
	return place ? mix(mix_text(h, f->file), (uint64_t)f->line) : h;
}

static uint32_t context_of(const struct model *m, const struct task *t)
{
	for (uint32_t k = 0; k < t->nwaits; k++) {
		uint32_t c = m->tasks.waits.v[t->wait_first + k].context;
		if (c < m->ctxs.n)
			return c;
	}
	return CTX_NONE;
}

static uint64_t key_of(const struct groups *g, const struct model *m, const struct task *t,
		       uint32_t context)
{
	switch (g->by) {
	case BY_STACK:
		return stack_hash(m->rt, t);
	case BY_FUNC:
		return frame_key(m->rt, t->frame, false);
	case BY_WAIT:
		return mix_text(HASH_START, task_state(m->rt, t));
	case BY_CREATED:
		return frame_key(m->rt, t->created, true);
	case BY_CONTEXT:
		return context == CTX_NONE ? 0 : mix(HASH_START, context);
	}
	return 0;
}

void groups_open(struct groups *g, const struct model *m, enum group_by by)
{
	*g = (struct groups){.by = by,
			     .next = mem_resize(NULL, m->tasks.list.n + 1, sizeof(*g->next))};
}

static bool same_state(const struct model *m, uint32_t a, uint32_t b)
{
	const struct task *x = &m->tasks.list.v[a], *y = &m->tasks.list.v[b];

	return x->status == y->status && task_reason(m->rt, x) == task_reason(m->rt, y);
}

void groups_add(struct groups *g, const struct model *m, uint32_t task)
{
	const struct task *t = &m->tasks.list.v[task];
	uint32_t context = g->by == BY_CONTEXT ? context_of(m, t) : CTX_NONE;
	uint64_t key = key_of(g, m, t, context);
	int64_t wait = clock_wait_ns(&m->now, t);
	uint32_t at = u64map_add(&g->index, key ? key : 1, (uint32_t)g->list.n);

	g->next[task] = GROUP_END;
	if (at == g->list.n) {
		VEC_PUSH(&g->list, (struct group){.key = key,
						  .first = task,
						  .last = task,
						  .count = 1,
						  .context = context,
						  .oldest_ns = wait});
		return;
	}
	struct group *gr = &g->list.v[at];
	gr->mixed |= !same_state(m, gr->last, task);
	g->next[gr->last] = task;
	gr->last = task;
	gr->count++;
	if (wait > gr->oldest_ns)
		gr->oldest_ns = wait;
}

static int larger_first(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->first < y->first ? -1 : x->first > y->first;
}

void groups_sort(struct groups *g)
{
	u64map_free(&g->index);
	if (g->list.n)
		qsort(g->list.v, g->list.n, sizeof(*g->list.v), larger_first);
}

void groups_close(struct groups *g)
{
	VEC_FREE(&g->list);
	u64map_free(&g->index);
	free(g->next);
	*g = (struct groups){0};
}
