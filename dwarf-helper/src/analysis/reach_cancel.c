/* Which contexts can be cancelled: during the marking, which wakes goroutines that wait for them,
 * and afterwards, by whom. */
#include "analysis/reach_internal.h"

/* ---- during the marking ---- */

/* @param how, freely  CAN_…: at all; by somebody else than the end of the program */
static void set_can(struct reacher *x, uint32_t i, uint8_t how, uint8_t freely)
{
	bool can = how && !x->can[i], free = freely && x->apart && !x->freely[i];

	if (can)
		x->can[i] = how;
	if (free)
		x->freely[i] = freely;
	if (!can && !free)
		return;
	x->came += can;
	VEC_PUSH(&x->spread, i);
}

static void make_cancelable(struct reacher *x, uint32_t context)
{
	/* What comes later comes from goroutines that only this could wake. */
	if (x->stage == REACH_LIVE)
		set_can(x, context, CAN, CAN);
}

/* One of its CancelFuncs is reached. */
static void make_func_cancelable(struct reacher *x, uint32_t context)
{
	if (x->stage == REACH_LIVE)
		set_can(x, context, CAN, reach_others_ends(x, context) ? CAN_NOT : CAN);
}

/* A child of a context that can be cancelled: does that reach it? */
static uint8_t handed_down(const struct reacher *x, const struct ctx *child, uint8_t how)
{
	if (!how || child->kind <= CTX_TODO || ctx_cuts(child))
		return CAN_NOT;
	if (reach_cancels(child))
		return how == CAN || child->flags & CTX_IN_PARENT_MAP ? CAN : CAN_NOT;
	return ctx_own_done(x->m, child) ? CAN_FOREIGN : how;
}

void reach_spread(struct reacher *x)
{
	const struct model *m = x->m;

	while (x->spread.n) {
		uint32_t i = x->spread.v[--x->spread.n];
		const struct ctx *c = &m->ctxs.v[i];
		uint8_t freely = x->apart ? x->freely[i] : CAN_NOT;
		if (reach_cancels(c) && c->first_wait != CTX_NONE)
			for (uint32_t k = 0; k < c->tasks; k++)
				reach_try(x, m->ctx_tasks.v[c->first_wait + k]);
		for (uint32_t k = c->first_child; k != CTX_NONE; k = m->ctxs.v[k].next_sibling)
			set_can(x, k, handed_down(x, &m->ctxs.v[k], x->can[i]),
				handed_down(x, &m->ctxs.v[k], freely));
	}
}

/* True when a watcher, a registered closure or the entry of a children map may have been missed. */
static bool may_be_overlooked(const struct reacher *x)
{
	bool damaged = false;

	for (uint32_t i = 0; i < x->m->ctxs.n && !damaged; i++)
		damaged = x->m->ctxs.v[i].flags & CTX_DAMAGED;
	return damaged || x->r->cancelers.watchers_unknown || x->r->cancelers.unread ||
	       x->m->tasks.unread || x->m->tasks.beyond;
}

/* What it is made on cannot be read: that may well have been cancellable. */
static bool lost_parent(const struct ctx *c)
{
	return c->parent == CTX_NONE && c->flags & CTX_DAMAGED;
}

void reach_cancel_begin(struct reacher *x)
{
	const struct model *m = x->m;
	bool blind = x->r->cancelers.unread;

	x->overlooked = may_be_overlooked(x);
	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		const struct ctx *c = &m->ctxs.v[i];
		bool can = reach_cancels(c)
				   ? blind || c->kind == CTX_TIMER || c->state != CTX_ACTIVE ||
					     c->flags & CTX_LOCKED
				   : x->overlooked && ctx_own_done(m, c) && !ctx_cuts(c);
		if (can || lost_parent(c))
			make_cancelable(x, i);
	}
}

void reach_cancel_watch(struct reacher *x)
{
	const struct cancelers *cs = &x->r->cancelers;

	for (uint32_t i = 0; i < cs->list.n && i < CANCELER_BIT; i++) {
		const struct canceler *c = &cs->list.v[i];
		if (c->kind == CANCELER_WATCHER)
			u64map_add(&x->watcher_of, c->task + 1ul, i);
		if (x->can[c->context] || !c->closure || c->kind == CANCELER_TIMER)
			continue;
		if (!reach_watch(x, c->closure, i | CANCELER_BIT))
			make_func_cancelable(x, c->context);
	}
}

void reach_cancel_hit(struct reacher *x, uint32_t i)
{
	const struct canceler *c = &x->r->cancelers.list.v[i];

	if (c->kind == CANCELER_FUNC || c->kind == CANCELER_STOP)
		make_func_cancelable(x, c->context);
	else
		make_cancelable(x, c->context);
}

void reach_cancel_task(struct reacher *x, uint32_t task)
{
	uint32_t i = u64map_find(&x->watcher_of, task + 1ul);

	if (i != U64MAP_NONE)
		make_cancelable(x, x->r->cancelers.list.v[i].context);
}

enum { NOT_LOOKED_UP, NO, YES };

/* What makes the closures; with a profile these are inlined, and so may be what they return: then
 * only the context is left on the stack. */
static bool makes_cancelers(const char *name, size_t n)
{
	static const char *const makers[] = {"context.WithCancel", "context.WithCancelCause",
					     "context.WithDeadline", "context.WithDeadlineCause",
					     "context.AfterFunc"};

	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (strlen(makers[i]) == n && memcmp(makers[i], name, n) == 0)
			return true;
	return false;
}

static bool look_up(struct runtime *rt, const struct pcinfo *info, bool pgo)
{
	const struct module *m = runtime_module_of_pc(rt, info->pc);
	struct pcln_func f;

	if (!info->n)
		return false;
	if (strncmp(rt->frames.v[info->first + info->n - 1u].func, "context.", 8) == 0)
		return true;
	return pgo && m && pcln_find(&m->pcln, info->pc, &f) &&
	       pcln_inlines(&m->pcln, &f, makes_cancelers);
}

/* May the function of this frame be about to cancel what it has on its stack? */
static bool may_cancel(struct reacher *x, uint32_t pcinfo)
{
	while (x->may_cancel.n <= pcinfo)
		VEC_PUSH(&x->may_cancel, NOT_LOOKED_UP);
	if (x->may_cancel.v[pcinfo] == NOT_LOOKED_UP)
		x->may_cancel.v[pcinfo] =
			look_up(x->rt, &x->rt->pcs.v[pcinfo], x->r->cancelers.pgo) ? YES : NO;
	return x->may_cancel.v[pcinfo] == YES;
}

void reach_cancel_word(struct reacher *x, uint32_t task, taddr value, uint32_t pcinfo)
{
	/* Watchers stand in package context, too, and hold what they watch: reach_cancel_task(). */
	if (x->stage != REACH_LIVE || !may_cancel(x, pcinfo) ||
	    u64map_find(&x->watcher_of, task + 1ul) != U64MAP_NONE)
		return;
	uint32_t i = model_at(x->m, value);
	if (i == CTX_NONE || !reach_cancels(&x->m->ctxs.v[i]))
		return;
	x->under_way[i / 64] |= UINT64_C(1) << (i % 64);
	make_cancelable(x, i);
}

void reach_cancel_stages(struct reacher *x)
{
	struct cancelers *cs = &x->r->cancelers;

	for (size_t i = 0; i < cs->list.n; i++) {
		struct canceler *c = &cs->list.v[i];
		if (c->kind == CANCELER_WATCHER)
			c->stage = x->r->task_stage[c->task];
		else if (c->stage == REACH_NONE && mark_test(x->mk, c->closure))
			c->stage = x->stage;
	}
}

/* ---- in the end ---- */

enum { UNSET = 255, FOREIGN_BIT = 128 };

struct classes {
	struct reacher *x;
	uint8_t *cls; /* r->cancelable, UNSET before */
	/*
	 * What a context hands to a child that is in a children map: the class of the nearest of
	 * the library's at or above it.  FOREIGN_BIT: a Done of somebody's own lies between, so a
	 * child that is in no map gets nothing.
	 */
	uint8_t *hands;
	bool doubt;
};

static uint8_t stronger(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

/* By its own CancelFuncs, stop functions, watchers. */
static uint8_t own_class(struct classes *k, uint32_t i)
{
	const struct cancelers *cs = &k->x->r->cancelers;
	const struct ctx *c = &k->x->m->ctxs.v[i];
	uint32_t first, n = cancelers_of(cs, i, &first);
	uint8_t best = c->kind == CTX_TIMER ? CANCELABLE_TIMER
		       : cs->unread	    ? CANCELABLE_FOREIGN
					    : CANCELABLE_NOBODY;

	if (c->flags & CTX_LOCKED || k->x->under_way[i / 64] >> (i % 64) & 1)
		best = CANCELABLE_FUNC;
	for (uint32_t j = first; j < first + n; j++) {
		const struct canceler *f = &cs->list.v[j];
		bool own = f->kind == CANCELER_FUNC || f->kind == CANCELER_STOP;
		if (f->kind == CANCELER_TIMER || f->stage == REACH_NONE ||
		    (f->kind == CANCELER_WATCHER && f->stage != REACH_LIVE))
			continue;
		best = stronger(best, f->stage != REACH_LIVE ? CANCELABLE_BY_WAITER
				      : own		     ? CANCELABLE_FUNC
							     : CANCELABLE_FOREIGN);
	}
	return best;
}

/* The class of a child that follows from its parent's. */
static uint8_t from_above(const struct model *m, uint32_t parent, uint8_t cls)
{
	uint8_t state = m->ctxs.v[parent].state;

	if (cls == CANCELABLE_DONE) /* a child that is still active is being cancelled right now */
		return state == CTX_CANCELED || state == CTX_EXPIRED ? CANCELABLE_ABOVE
								     : CANCELABLE_NOBODY;
	return cls < CANCELABLE_ABOVE ? CANCELABLE_ABOVE : cls;
}

static void classify(struct classes *k, uint32_t i)
{
	const struct model *m = k->x->m;
	const struct ctx *c = &m->ctxs.v[i];
	bool root = c->parent == CTX_NONE;
	uint8_t none = lost_parent(c) ? CANCELABLE_FOREIGN : CANCELABLE_NOBODY;
	uint8_t up = root ? none : from_above(m, c->parent, k->cls[c->parent]);
	uint8_t hands = root ? none : k->hands[c->parent];
	bool over = c->state == CTX_CANCELED || c->state == CTX_EXPIRED || c->state == CTX_NEVER;

	if (reach_cancels(c)) {
		if (hands & FOREIGN_BIT)
			up = c->flags & CTX_IN_PARENT_MAP ? hands & ~FOREIGN_BIT
			     : k->doubt			  ? CANCELABLE_FOREIGN
							  : CANCELABLE_NOBODY;
		k->cls[i] = over		      ? CANCELABLE_DONE
			    : c->state == CTX_UNKNOWN ? CANCELABLE_FOREIGN
						      : stronger(own_class(k, i), up);
		k->hands[i] = from_above(m, i, k->cls[i]);
		return;
	}
	bool foreign = ctx_own_done(m, c) || c->state == CTX_UNKNOWN;
	k->cls[i] = over ? CANCELABLE_DONE : foreign ? CANCELABLE_FOREIGN : up;
	if (c->kind <= CTX_TODO || ctx_cuts(c))
		k->hands[i] = CANCELABLE_NOBODY;
	else
		k->hands[i] = hands | (ctx_own_done(m, c) ? FOREIGN_BIT : 0);
}

/* Parents first, without recursion: a chain may be a million deep. */
void reach_cancel_classify(struct reacher *x)
{
	struct classes k = {
		.x = x, .cls = x->r->cancelable, .hands = x->can, .doubt = x->overlooked};
	VEC(uint32_t) path = {0};
	size_t n = x->m->ctxs.n;

	memset(k.cls, UNSET, n);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t at = i; at != CTX_NONE && k.cls[at] == UNSET;
		     at = x->m->ctxs.v[at].parent)
			VEC_PUSH(&path, at);
		while (path.n)
			classify(&k, path.v[--path.n]);
	}
	VEC_FREE(&path);
}
