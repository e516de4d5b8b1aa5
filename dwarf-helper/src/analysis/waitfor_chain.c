/* Chains, as they are told: from those who wait to the last who is waited for. */
#include <stdlib.h>

#include "analysis/signature.h"
#include "analysis/waitfor.h"
#include "runtime/stack.h"

static int longest_first(const void *a, const void *b)
{
	const struct wait_chain *x = a, *y = b;

	if (x->cycle != y->cycle)
		return x->cycle ? -1 : 1;
	if (x->tasks != y->tasks)
		return x->tasks < y->tasks ? 1 : -1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static bool is_better_start(const struct wait_object *o, const struct wait_object *than)
{
	return o->waiters != than->waiters ? o->waiters > than->waiters : o->steps > than->steps;
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
		if (is_better_start(&w->objects.v[t->next], &w->objects.v[c->start]))
			c->start = t->next;
	}
	if (ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof(*ret->list.v), longest_first);
	free(chain_of);
}

/* ---- steps ---- */

struct caller {
	const struct runtime *rt;
	uint32_t frame;
};

static bool is_semaphore(const struct runtime *rt, uint32_t frame)
{
	return frame < rt->frames.n &&
	       strstr(rt->frames.v[frame].func, "golang.org/x/sync/semaphore.(*Weighted).");
}

static bool find_caller(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct caller *c = arg;
	const struct pcinfo *p = &c->rt->pcs.v[info];

	(void)pc, (void)sp;
	for (uint32_t k = p->first; k < p->first + p->n; k++)
		if (!c->rt->frames.v[k].std && !c->rt->frames.v[k].wrapper &&
		    !is_semaphore(c->rt, k)) {
			c->frame = k;
			return false;
		}
	return true;
}

/* All who wait for a semaphore stand in the same function of its package. */
static uint32_t frame_of(const struct waitfor *w, uint32_t task)
{
	const struct task *t = &w->m->tasks.list.v[task];
	struct caller c = {w->m->rt, t->frame};
	struct stack_regs start;

	if (is_semaphore(w->m->rt, t->frame) && stack_start(w->m->rt, t, &start))
		stack_walk(w->m->rt, &start, find_caller, &c, NULL);
	return c.frame;
}

static void add_step(const struct waitfor *w, struct wait_steps *ret, struct wait_step s)
{
	s.frame = frame_of(w, s.task);
	VEC_PUSH(&ret->list, s);
}

void waitfor_steps(const struct waitfor *w, uint32_t object, struct wait_steps *ret)
{
	struct u64map seen = {0}; /* object + 1 -> its step */
	const struct wait_object *o = &w->objects.v[object];
	struct wait_step s = {.task = w->waiters.v[o->first_waiter], .tasks = o->waiters};

	*ret = (struct wait_steps){.back = WAIT_NO_OBJECT};
	for (;;) {
		const struct wait_task *t = &w->tasks[s.task];
		ret->never = object == WAIT_NO_OBJECT;
		if (object != WAIT_NO_OBJECT || t->n) {
			o = &w->objects.v[object != WAIT_NO_OBJECT ? object : w->waits.v[t->first]];
			s.addr = o->addr;
			s.kind = o->kind;
			s.count = o->count;
			s.size = o->size;
		}
		add_step(w, ret, s);
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
			add_step(w, ret, s);
		break;
	}
	u64map_free(&seen);
}

/* ---- those that are alike ---- */

static uint64_t mix(uint64_t hash, uint64_t n)
{
	return (hash ^ n) * UINT64_C(0x100000001b3);
}

/* A place is a line, not a pc: the same line may be compiled several times. */
static uint64_t shape_of(const struct waitfor *w, uint32_t object)
{
	const struct runtime *rt = w->m->rt;
	struct wait_steps s;

	waitfor_steps(w, object, &s);
	uint64_t hash = mix(mix(SIGN_START, s.never), s.back);
	for (size_t k = 0; k < s.list.n; k++) {
		const struct wait_step *step = &s.list.v[k];
		const struct task *t = &w->m->tasks.list.v[step->task];
		hash = sign_word(sign_frame(hash, w->m, step->frame), task_reason(w->m->rt, t));
		hash = mix(hash, step->frame < rt->frames.n
					 ? (uint64_t)rt->frames.v[step->frame].line
					 : 0);
		hash = mix(hash, step->addr ? step->kind + 1u : 0);
		hash = mix(hash, step->kind == WAIT_CHAN ? step->size : 0);
	}
	VEC_FREE(&s.list);
	return hash | 1;
}

static int alike_first(const void *a, const void *b)
{
	const struct wait_alike *x = a, *y = b;

	if (x->cycle != y->cycle)
		return x->cycle ? -1 : 1;
	if (x->tasks != y->tasks)
		return x->tasks < y->tasks ? 1 : -1;
	return x->first < y->first ? -1 : x->first > y->first;
}

void waitfor_alike(const struct waitfor *w, const struct wait_chains *c, bool fold,
		   struct wait_alikes *ret)
{
	uint32_t *of = mem_zalloc((c->list.n + 1) * sizeof(*of)), at = 0;
	struct u64map by_shape = {0};

	for (size_t k = 0; k < c->list.n; k++) {
		const struct wait_chain *one = &c->list.v[k];
		of[k] = u64map_add(&by_shape, fold ? shape_of(w, one->start) : k + 1,
				   (uint32_t)ret->list.n);
		if (of[k] == ret->list.n)
			VEC_PUSH(&ret->list,
				 (struct wait_alike){.most = one->tasks, .cycle = one->cycle});
		struct wait_alike *a = &ret->list.v[of[k]];
		a->n++;
		a->tasks += one->tasks;
		a->least = one->tasks; /* they come the longest first */
	}
	for (size_t a = 0; a < ret->list.n; a++) {
		ret->list.v[a].first = at;
		at += ret->list.v[a].n;
		ret->list.v[a].n = 0;
	}
	VEC_RESERVE(&ret->chains, c->list.n + 1);
	ret->chains.n = c->list.n;
	for (size_t k = 0; k < c->list.n; k++) {
		struct wait_alike *a = &ret->list.v[of[k]];
		ret->chains.v[a->first + a->n++] = (uint32_t)k;
	}
	if (ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof(*ret->list.v), alike_first);
	u64map_free(&by_shape);
	free(of);
}
