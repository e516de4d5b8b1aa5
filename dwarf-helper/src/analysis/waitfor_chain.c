/* Chains, as they are told: from those who wait to the last who is waited for. */
#include <stdlib.h>

#include "analysis/waitfor.h"

static int longest_first(const void *a, const void *b)
{
	const struct wait_chain *x = a, *y = b;

	if (x->cycle != y->cycle)
		return x->cycle ? -1 : 1;
	if (x->tasks != y->tasks)
		return x->tasks < y->tasks ? 1 : -1;
	return x->end < y->end ? -1 : x->end > y->end;
}

void waitfor_chains(const struct waitfor *w, struct wait_chains *ret)
{
	uint32_t *chain_of = mem_zalloc((w->objects.n + 1) * sizeof(*chain_of)); /* + 1 */

	*ret = (struct wait_chains){0};
	for (uint32_t i = 0; i < w->m->tasks.list.n; i++) {
		const struct wait_task *t = &w->tasks[i];
		uint32_t end = t->hangs ? w->objects.v[t->next].end : WAIT_NO_OBJECT;
		if (end == WAIT_NO_OBJECT)
			continue;
		if (!chain_of[end]) {
			VEC_PUSH(&ret->list, (struct wait_chain){.end = end, .start = t->next, .cycle = w->objects.v[end].cycle});
			chain_of[end] = (uint32_t)ret->list.n;
		}
		struct wait_chain *c = &ret->list.v[chain_of[end] - 1];
		c->tasks++;
		if (w->objects.v[t->next].waiters > w->objects.v[c->start].waiters)
			c->start = t->next;
	}
	if (ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof(*ret->list.v), longest_first);
	free(chain_of);
}

void waitfor_steps(const struct waitfor *w, uint32_t object, uint32_t max, struct wait_steps *ret)
{
	struct u64map seen = {0}; /* object + 1 -> its step */
	const struct wait_object *o = &w->objects.v[object];
	struct wait_step s = {.task = w->waiters.v[o->first_waiter], .tasks = o->waiters};

	*ret = (struct wait_steps){.back = WAIT_NO_OBJECT};
	while (ret->list.n < max) {
		if (object != WAIT_NO_OBJECT) {
			o = &w->objects.v[object];
			s.addr = o->addr;
			s.kind = o->kind;
			s.count = o->count;
			s.size = o->size;
		}
		VEC_PUSH(&ret->list, s);
		const struct wait_holder *h = object == WAIT_NO_OBJECT ? NULL : waitfor_next(w, object);
		if (!h)
			break;
		u64map_add(&seen, object + 1ul, (uint32_t)ret->list.n - 1);
		s = (struct wait_step){.task = h->task, .tasks = o->holders, .inferred = h->inferred};
		object = w->tasks[h->task].next;
		uint32_t before = object == WAIT_NO_OBJECT ? U64MAP_NONE : u64map_find(&seen, object + 1ul);
		if (before != U64MAP_NONE) {
			o = &w->objects.v[object];
			VEC_PUSH(&ret->list, ((struct wait_step){.task = s.task, .tasks = s.tasks, .inferred = s.inferred, .addr = o->addr, .kind = o->kind,
								 .count = o->count, .size = o->size}));
			ret->back = before;
			break;
		}
	}
	u64map_free(&seen);
}
