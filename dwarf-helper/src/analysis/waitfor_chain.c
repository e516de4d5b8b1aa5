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
			VEC_PUSH(&ret->list, (struct wait_chain){.end = end,
								 .start = t->next,
								 .cycle = w->objects.v[end].cycle});
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
		const struct wait_task *t = &w->tasks[s.task];
		ret->never = object == WAIT_NO_OBJECT;
		if (object != WAIT_NO_OBJECT || t->n) {
			o = &w->objects.v[object != WAIT_NO_OBJECT ? object : w->waits.v[t->first]];
			s.addr = o->addr;
			s.kind = o->kind;
			s.count = o->count;
			s.size = o->size;
		}
		VEC_PUSH(&ret->list, s);
		const struct wait_holder *h =
			object == WAIT_NO_OBJECT ? NULL : waitfor_next(w, object);
		if (!h)
			break;
		u64map_add(&seen, object + 1ul, (uint32_t)ret->list.n - 1);
		bool itself = ret->list.n > 1 && h->task == s.task;
		s = (struct wait_step){
			.task = h->task, .tasks = o->holders, .inferred = h->inferred};
		object = w->tasks[h->task].next;
		ret->back =
			object == WAIT_NO_OBJECT ? U64MAP_NONE : u64map_find(&seen, object + 1ul);
		if (ret->back == WAIT_NO_OBJECT)
			continue;
		o = &w->objects.v[object];
		s.addr = o->addr;
		s.kind = o->kind;
		s.count = o->count;
		s.size = o->size;
		if (!itself)
			VEC_PUSH(&ret->list, s);
		break;
	}
	u64map_free(&seen);
}
