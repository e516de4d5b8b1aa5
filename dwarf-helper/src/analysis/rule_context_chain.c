/*
 * context-chain: contexts with a Done, each made on the one before.
 *
 * `ctx, cancel = context.WithCancel(ctx)` in a loop assigns the child to the variable that it was
 * made from: every round hangs below all those before, and what is cancelled there is told level by
 * level.  Counted are active cancel and timer contexts from the root down, values between them not
 * counted (value-chain's).
 * likely      a hundred or more, or twenty whose CancelFuncs wait in the deferred calls of one
 *             function
 * possible    forty or more
 * info        twenty or more; or, however deep, when the calls are as deep: a recursive walk makes
 *             a layer a level
 *
 * Chains of one kind are one finding, that of the deepest.  Where nobody can cancel the layers the
 * mistake is lost-cancel's.
 */
#include "analysis/leaks.h"

#include "analysis/signature.h"
#include "runtime/defer.h"

#define INFO_DEPTH 20
#define POSSIBLE_DEPTH 40
#define LIKELY_DEPTH 100
#define CROWD 8	  /* layers that one frame may defer the cancelling of */
#define HOLDERS 8 /* goroutines whose deferred calls are looked at, a chain */
#define TOLD 20	  /* kinds of chains: each is walked */
#define WALK 1000000

struct wrap {
	uint32_t tip, depth, tips;
};

struct wraps {
	VEC(struct wrap) list;
	struct u64map index; /* kind -> one of the list */
};

/* Layers whose CancelFuncs the frames of one goroutine have deferred. */
struct deferring {
	const struct leaks *l;
	uint8_t *layer;	     /* by context */
	taddr sp;	     /* frame under way */
	uint32_t here, most; /* its layers; of the frame that has most */
	uint32_t info;	     /* of that one, index into rt->pcs */
};

static bool is_layer(const struct ctx *c)
{
	return (c->kind == CTX_CANCEL || c->kind == CTX_TIMER) && c->state == CTX_ACTIVE;
}

static bool deferred(void *arg, const struct defer_call *d)
{
	struct deferring *s = arg;
	const struct runtime *rt = s->l->m->rt;
	bool func;
	uint32_t i = leak_word(s->l, d->fn, &func);
	taddr captured = 0;

	if (i == CTX_NONE && target_u64(rt->t, d->fn + 8, &captured)) // defer func() { cancel() }()
		i = leak_word(s->l, captured, &func);
	if (i == CTX_NONE || !func || !s->layer[i])
		return true;
	if (d->sp != s->sp) {
		s->sp = d->sp;
		s->here = 0;
	}
	if (++s->here > s->most) {
		s->most = s->here;
		s->info = d->info;
	}
	return true;
}

/* The goroutine of one of whose frames (*info_ret) deferred calls cancel most layers, TASK_NONE:
 * none cancels more than a call does. */
static uint32_t who_defers(struct leaks *l, uint32_t tip, uint32_t depth, uint8_t *layer,
			   uint32_t *info_ret)
{
	const struct model *m = l->m;
	uint32_t asked[HOLDERS], n = 0, found = TASK_NONE;
	struct deferring s = {.l = l,
			      .layer = layer,
			      .info = PC_NONE,
			      .most = depth / 2 > CROWD ? depth / 2 : CROWD};

	for (uint32_t i = tip, steps = 0; i < m->ctxs.n && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++)
		layer[i] = is_layer(&m->ctxs.v[i]);
	for (uint32_t i = tip, steps = 0; i < m->ctxs.n && n < HOLDERS && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++) {
		uint32_t holder = l->ctx[i].holder, k = 0, before = s.most;
		while (k < n && asked[k] != holder)
			k++;
		if (k < n || !(l->ctx[i].flags & LEAK_ON_STACK) || holder >= m->tasks.list.n)
			continue;
		asked[n++] = holder;
		s.sp = 0;
		defers_each(m->rt, &m->tasks.list.v[holder], deferred, &s);
		if (s.most > before)
			found = holder;
	}
	for (uint32_t i = tip, steps = 0; i < m->ctxs.n && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++)
		layer[i] = 0;
	*info_ret = s.info;
	return found;
}

/* The function of a frame, and what was inlined into it not. */
static uint32_t outer_frame(const struct runtime *rt, uint32_t info)
{
	const struct pcinfo *p = info < rt->pcs.n ? &rt->pcs.v[info] : NULL;

	return p && p->n ? p->first + p->n - 1u : FRAME_NONE;
}

/* Do calls that still run use most layers? */
static bool of_calls(struct leaks *l, const struct wrap *w)
{
	const struct model *m = l->m;
	uint32_t used = 0;

	leak_flag_near_stack(l);
	for (uint32_t i = w->tip, steps = 0; i < m->ctxs.n && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++)
		used += is_layer(&m->ctxs.v[i]) &&
			l->ctx[i].flags & (LEAK_ON_STACK | LEAK_NEAR_STACK);
	return (uint64_t)used * 4 >= (uint64_t)w->depth * 3;
}

static enum confidence how_sure(struct leaks *l, const struct wrap *w, uint32_t deferring)
{
	if (deferring != TASK_NONE)
		return CONF_LIKELY;
	if (w->depth < POSSIBLE_DEPTH || of_calls(l, w))
		return CONF_INFO;
	return w->depth >= LIKELY_DEPTH ? CONF_LIKELY : CONF_POSSIBLE;
}

static void tell_layers(struct leaks *l, struct finding *f, uint32_t tip)
{
	const struct model *m = l->m;

	for (uint32_t i = tip, steps = 0; i < m->ctxs.n && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++)
		if (is_layer(&m->ctxs.v[i])) {
			leak_add_context(l, f, i);
			f->bytes = l->ctx[i].cost;
		}
}

static void tell(struct leaks *l, const struct wrap *w, uint8_t *layer)
{
	const struct model *m = l->m;

	if (leak_join_earlier(l, w->tip, RULE_CONTEXT_CHAIN))
		return;
	uint32_t info = PC_NONE, deferring = who_defers(l, w->tip, w->depth, layer, &info);
	struct finding *f =
		finding_new(l->out, RULE_CONTEXT_CHAIN, how_sure(l, w, deferring), UNIT_LAYER);

	f->count = w->depth;
	f->context = w->tip;
	f->claim.wrap.deferred = deferring != TASK_NONE;
	f->claim.wrap.of_calls = f->confidence == CONF_INFO && w->depth >= POSSIBLE_DEPTH;
	finding_sign_hash(f, sign_chain(SIGN_START, l->m, w->tip));
	tell_layers(l, f, w->tip);
	struct evidence *tip = finding_evidence(f, EV_TIP);
	tip->context = w->tip;
	tip->n = w->tips - 1;
	if (deferring != TASK_NONE) {
		struct evidence *e = finding_evidence(f, EV_DEFERRED);
		e->task = deferring;
		uint32_t frame = outer_frame(m->rt, info);
		e->n = frame + 1ul;
		VEC_PUSH(&f->locations,
			 (struct location){.role = PLACE_CANCELS, .frame = frame, .count = 1});
		finding_next(f, NEXT_BT, m->tasks.list.v[deferring].goid);
	} else if (f->confidence > CONF_INFO) {
		add_holder(l, f, m->ctxs.v[w->tip].addr, NULL);
	}
	finding_next(f, NEXT_SHOW, m->ctxs.v[w->tip].addr);
}

static int deepest_first(const void *a, const void *b)
{
	const struct wrap *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? 1 : -1;
	return x->tip < y->tip ? -1 : x->tip > y->tip;
}

static void add(struct leaks *l, struct wraps *w, uint32_t i, uint32_t depth)
{
	uint32_t at = u64map_add(&w->index, l->ctx[i].chain | 1, (uint32_t)w->list.n);

	if (at == w->list.n)
		VEC_PUSH(&w->list, (struct wrap){.tip = i});
	struct wrap *c = &w->list.v[at];
	c->tips++;
	if (depth > c->depth || (depth == c->depth && i < c->tip)) {
		c->depth = depth;
		c->tip = i;
	}
}

struct err *rule_context_chain(struct leaks *l)
{
	const struct model *m = l->m;
	uint32_t *depth = mem_zalloc((m->ctxs.n + 1) * sizeof(*depth));
	uint8_t *below = mem_zalloc(
		m->ctxs.n +
		1); /* a layer hangs below; then: layers of the chain that is looked at */
	struct wraps w = {0};

	for (size_t k = 0; k < m->ctxs.n; k++) {
		uint32_t i = l->order[k], p = m->ctxs.v[i].parent;
		depth[i] = (p < m->ctxs.n ? depth[p] : 0) + is_layer(&m->ctxs.v[i]);
	}
	for (size_t k = m->ctxs.n; k-- > 0;) {
		uint32_t i = l->order[k], p = m->ctxs.v[i].parent;
		bool layer = is_layer(&m->ctxs.v[i]);
		if (p < m->ctxs.n)
			below[p] |= layer || below[i];
		if (layer && !below[i] && depth[i] >= INFO_DEPTH &&
		    l->r->ctx_stage[i] != REACH_NONE)
			add(l, &w, i, depth[i]);
	}
	if (w.list.n)
		qsort(w.list.v, w.list.n, sizeof(*w.list.v), deepest_first);
	memset(below, 0, m->ctxs.n);
	for (size_t k = 0; k < w.list.n && k < TOLD; k++)
		tell(l, &w.list.v[k], below);
	VEC_FREE(&w.list);
	u64map_free(&w.index);
	free(depth);
	free(below);
	return runtime_check(m->rt);
}
