/*
 * Which contexts and CancelFuncs the stacks of goroutines refer to.
 *
 * Every word in use is looked at once, dead slots included: what is met here may be in use, what is not is not on a stack.
 * That errs to the quiet side, and costs a lookup a heap pointer.  Rules that accuse a goroutine ask leak_holds(), which knows dead
 * slots from live ones, for those few that this pass names.
 */
#include "analysis/leaks.h"

#include "runtime/livestack.h"

#define STACK_PIECE (64u << 10)

static uint32_t context_of_word(const struct leaks *l, uint64_t word, bool *func_ret)
{
	uint32_t i = u64map_find(&l->m->by_addr, word);

	*func_ret = false;
	if (i != U64MAP_NONE)
		return i;
	i = u64map_find(&l->closures, word);
	*func_ret = i != U64MAP_NONE;
	return i == U64MAP_NONE ? CTX_NONE : i;
}

bool leak_is_root(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];
	uint32_t under = l->ctx[i].under;

	return (c->kind == CTX_CANCEL || c->kind == CTX_TIMER) && c->state == CTX_ACTIVE && under != CTX_NONE && l->m->ctxs.v[under].state == CTX_NEVER;
}

static uint8_t task_flag(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];

	if (c->state == CTX_CANCELED || c->state == CTX_EXPIRED)
		return LEAK_TASK_ENDED;
	return leak_is_root(l, i) ? LEAK_TASK_ROOT : 0;
}

static void look_at(struct leaks *l, uint32_t task, const uint8_t *p, uint64_t n, uint64_t lo, uint64_t hi)
{
	for (uint64_t at = 0; at + 8 <= n; at += 8) {
		uint64_t word;
		bool func;
		memcpy(&word, p + at, 8);
		if (word - lo >= hi - lo)
			continue;
		uint32_t i = context_of_word(l, word, &func);
		if (i == CTX_NONE)
			continue;
		l->task_flags[task] |= task_flag(l, i);
		if (l->ctx[i].holder == task)
			continue;
		l->ctx[i].flags |= LEAK_ON_STACK;
		l->ctx[i].holder = task;
		l->ctx[i].holders++;
	}
}

/* Addresses that contexts and CancelFuncs can have. */
static void bounds(const struct leaks *l, uint64_t *lo, uint64_t *hi)
{
	*lo = UINT64_MAX;
	*hi = 0;
	for (size_t i = 0; i < l->m->ctxs.n; i++) {
		uint64_t a = l->m->ctxs.v[i].addr;
		if (!a)
			continue;
		*lo = a < *lo ? a : *lo;
		*hi = a >= *hi ? a + 1 : *hi;
	}
	for (size_t k = 0; k < l->r->cancelers.list.n; k++) {
		uint64_t a = l->r->cancelers.list.v[k].closure;
		if (!a)
			continue;
		*lo = a < *lo ? a : *lo;
		*hi = a >= *hi ? a + 1 : *hi;
	}
}

struct err *leak_on_stack(struct leaks *l)
{
	struct model *m = l->m;
	uint64_t lo, hi;

	bounds(l, &lo, &hi);
	if (lo >= hi)
		return NULL;
	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		struct stack_regs r;
		if (t % 4096 == 0 && runtime_canceled(m->rt))
			return err_new(ERR_CANCELED, "interrupted");
		if (!stack_start(m->rt, &m->tasks.list.v[t], &r))
			continue;
		for (taddr at = r.sp & ~7ul; at < r.hi; at += STACK_PIECE) {
			uint64_t n = r.hi - at < STACK_PIECE ? r.hi - at : STACK_PIECE;
			const uint8_t *p = target_ptr(m->rt->t, at, n);
			if (p)
				look_at(l, t, p, n, lo, hi);
		}
	}
	return NULL;
}

struct hold_walk {
	struct leaks *l;
	uint32_t task;
	stack_hold_fn *fn;
	void *arg;
};

static bool hold_word(void *arg, const struct live_word *w)
{
	struct hold_walk *h = arg;
	const struct runtime *rt = h->l->m->rt;
	bool func;

	if (!w->exact)
		return true;
	uint32_t i = context_of_word(h->l, w->value, &func);
	if (i == CTX_NONE)
		return true;
	uint32_t frame = w->info < rt->pcs.n && rt->pcs.v[w->info].n ? rt->pcs.v[w->info].first + rt->pcs.v[w->info].n - 1u : FRAME_NONE;
	return h->fn(h->arg, &(struct stack_hold){.task = h->task, .context = i, .frame = frame, .func = func});
}

void leak_holds(struct leaks *l, uint32_t task, stack_hold_fn *fn, void *arg)
{
	struct hold_walk h = {.l = l, .task = task, .fn = fn, .arg = arg};
	struct livestack_state state;

	livestack_each(l->m->rt, &l->m->tasks.list.v[task], hold_word, &h, &state);
}
