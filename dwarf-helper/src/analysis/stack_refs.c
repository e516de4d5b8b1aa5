/*
 * Which contexts and CancelFuncs the stacks of goroutines refer to.
 *
 * Every word in use is looked at once, dead slots included: what is met here may be in use, what is
 * not is not on a stack. That errs to the quiet side, and costs a lookup a heap pointer.  Rules
 * that accuse a goroutine ask leak_holds(), which knows dead slots from live ones, for those few
 * that this pass names.
 */
#include "analysis/leaks.h"

#include "analysis/word_filter.h"
#include "runtime/livestack.h"

#define STACK_PIECE (64u << 10)
#define NEAR_BYTES 512 /* larger objects are no records of one call */

static void filter_make(const struct leaks *l, struct word_filter *f)
{
	word_filter_open(f, l->m->ctxs.n + l->closures.n);
	for (size_t i = 0; i < l->m->ctxs.n; i++)
		if (l->m->ctxs.v[i].addr)
			word_filter_add(f, l->m->ctxs.v[i].addr);
	for (size_t k = 0; k < l->r->cancelers.list.n; k++)
		if (l->r->cancelers.list.v[k].closure)
			word_filter_add(f, l->r->cancelers.list.v[k].closure);
}

uint32_t leak_word(const struct leaks *l, uint64_t word, bool *func_ret)
{
	uint32_t i = model_at(l->m, word);

	*func_ret = false;
	if (i != CTX_NONE)
		return i;
	i = u64map_find(&l->closures, word);
	*func_ret = i != U64MAP_NONE;
	return i == U64MAP_NONE ? CTX_NONE : i;
}

bool leak_is_root(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];
	uint32_t under = l->ctx[i].under;

	return (c->kind == CTX_CANCEL || c->kind == CTX_TIMER) && c->state == CTX_ACTIVE &&
	       under != CTX_NONE && l->m->ctxs.v[under].state == CTX_NEVER;
}

static uint8_t task_flag(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];

	if (c->state == CTX_CANCELED || c->state == CTX_EXPIRED)
		return LEAK_TASK_ENDED;
	return leak_is_root(l, i) ? LEAK_TASK_ROOT : 0;
}

static void look_at(struct leaks *l, uint32_t task, const uint8_t *p, uint64_t n,
		    const struct word_filter *f)
{
	for (uint64_t at = 0; at + 8 <= n; at += 8) {
		uint64_t word;
		bool func;
		memcpy(&word, p + at, 8);
		if (!word_filter_maybe(f, word))
			continue;
		uint32_t i = leak_word(l, word, &func);
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

bool leak_main_blocks(const struct model *m, const struct task *t)
{
	const char *reason = task_reason(m->rt, t);

	return t->goid == 1 && reason && !strcmp(reason, "select (no cases)");
}

static bool main_word(void *arg, const struct live_word *w)
{
	struct leaks *l = arg;
	struct heap_object o;
	bool func;
	uint32_t i = leak_word(l, w->value, &func);

	if (i != CTX_NONE && func)
		l->ctx[i].flags |= LEAK_FUNC_MAIN;
	if (i != CTX_NONE || !heap_object_at(l->m->rt, w->value, &o) || o.size > NEAR_BYTES ||
	    o.span->flags & SPAN_NOSCAN)
		return true;
	const uint8_t *p = target_ptr(l->m->rt->t, o.base, o.size);
	for (uint64_t at = 0; p && at + 8 <= o.size; at += 8) {
		uint64_t word;
		memcpy(&word, p + at, 8);
		i = word ? leak_word(l, word, &func) : CTX_NONE;
		if (i != CTX_NONE && func)
			l->ctx[i].flags |= LEAK_FUNC_MAIN;
	}
	return true;
}

/* What the main goroutine would cancel at its end, deferred or in a struct of its own: that end
 * comes with the program's. */
static void main_holds(struct leaks *l)
{
	uint32_t t = task_by_goid(&l->m->tasks, 1);
	struct livestack_state state;

	if (t != TASK_NONE && leak_main_blocks(l->m, &l->m->tasks.list.v[t]))
		livestack_each(l->m->rt, &l->m->tasks.list.v[t], main_word, l, &state);
}

struct err *leak_flag_on_stack(struct leaks *l)
{
	const struct model *m = l->m;
	struct word_filter filter;
	bool stop = false;

	filter_make(l, &filter);
	for (uint32_t t = 0; t < m->tasks.list.n && !stop && filter.hi; t++) {
		struct stack_regs r;
		stop = runtime_canceled(m->rt);
		if (!stack_start(m->rt, &m->tasks.list.v[t], &r))
			continue;
		for (taddr at = r.sp & ~7ul; at < r.hi && !stop;) {
			uint64_t n = r.hi - at < STACK_PIECE ? r.hi - at : STACK_PIECE;
			const uint8_t *p = target_ptr(m->rt->t, at, n);
			if (p)
				look_at(l, t, p, n, &filter);
			at = p || target_extent(m->rt->t, at) ? at + n
							      : target_behind_gap(m->rt->t, at);
			stop = runtime_canceled(m->rt);
		}
	}
	word_filter_close(&filter);
	main_holds(l);
	return stop ? err_interrupted() : NULL;
}

bool leak_on_stacks(struct leaks *l, taddr addr, uint64_t size)
{
	const struct model *m = l->m;
	unsigned found = 0;

	for (size_t t = 0; t < m->tasks.list.n && found < 2 && !runtime_canceled(m->rt); t++) {
		struct stack_regs r;
		uint64_t n = 0;
		if (!stack_start(m->rt, &m->tasks.list.v[t], &r))
			continue;
		n = r.hi - r.sp < STACK_PIECE ? r.hi - r.sp : STACK_PIECE;
		const uint8_t *p = target_ptr(m->rt->t, r.sp, n);
		for (uint64_t at = 0; p && at + 8 <= n; at += 8) {
			uint64_t word;
			memcpy(&word, p + at, 8);
			if (word - addr >= size)
				continue;
			found++;
			break;
		}
	}
	return found > 1;
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
	uint32_t i = leak_word(h->l, w->value, &func);
	if (i == CTX_NONE)
		return true;
	uint32_t frame = w->info < rt->pcs.n && rt->pcs.v[w->info].n
				 ? rt->pcs.v[w->info].first + rt->pcs.v[w->info].n - 1u
				 : FRAME_NONE;
	return h->fn(h->arg, &(struct stack_hold){
				     .task = h->task, .context = i, .frame = frame, .func = func});
}

void leak_holds(struct leaks *l, uint32_t task, stack_hold_fn *fn, void *arg)
{
	struct hold_walk h = {.l = l, .task = task, .fn = fn, .arg = arg};
	struct livestack_state state;

	livestack_each(l->m->rt, &l->m->tasks.list.v[task], hold_word, &h, &state);
}

static bool near_word(void *arg, const struct live_word *w)
{
	struct leaks *l = arg;
	struct heap_object o;

	if (!heap_object_at(l->m->rt, w->value, &o) || o.size > NEAR_BYTES ||
	    o.span->flags & SPAN_NOSCAN)
		return true;
	const uint8_t *p = target_ptr(l->m->rt->t, o.base, o.size);
	for (uint64_t at = 0; p && at + 8 <= o.size; at += 8) {
		uint64_t word;
		bool func;
		memcpy(&word, p + at, 8);
		uint32_t i = word ? leak_word(l, word, &func) : CTX_NONE;
		if (i != CTX_NONE)
			l->ctx[i].flags |= LEAK_NEAR_STACK;
	}
	return true;
}

void leak_flag_near_stack(struct leaks *l)
{
	const struct tasks *ts = &l->m->tasks;
	struct livestack_state state;

	for (size_t t = 0; !l->near_stack && t < ts->list.n && !runtime_canceled(l->m->rt); t++)
		livestack_each(l->m->rt, &ts->list.v[t], near_word, l, &state);
	l->near_stack = true;
}
