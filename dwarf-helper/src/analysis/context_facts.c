/*
 * Facts about each context that several rules need, computed once, parents before children.
 */
#include "analysis/leaks.h"
#include "analysis/programs.h"

#include "analysis/signature.h"
#include "runtime/rtype.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* A counting sort by depth. */
static uint32_t *parents_first(const struct model *m)
{
	uint32_t deepest = 0;
	size_t n = m->ctxs.n;

	for (size_t i = 0; i < n; i++)
		if (m->ctxs.v[i].depth > deepest)
			deepest = m->ctxs.v[i].depth;
	uint32_t *start = mem_zalloc((deepest + 2ul) * sizeof(*start)),
		 *order = mem_alloc((n + 1) * sizeof(*order));
	for (size_t i = 0; i < n; i++)
		start[m->ctxs.v[i].depth + 1]++;
	for (uint32_t d = 0; d <= deepest; d++)
		start[d + 1] += start[d];
	for (size_t i = 0; i < n; i++)
		order[start[m->ctxs.v[i].depth]++] = (uint32_t)i;
	free(start);
	return order;
}

/* Names of types, hashed once each. */
struct type_names {
	struct u64map keys; /* descriptor of a key's type -> index */
	VEC(uint64_t) key_hash;
	VEC(uint64_t) types; /* by ctx.type; 0 not asked yet */
};

static uint64_t key_name(const struct model *m, struct type_names *n, taddr type)
{
	uint32_t at = u64map_add(&n->keys, type, (uint32_t)n->key_hash.n);

	if (at == n->key_hash.n) {
		const struct rtype *ty = rtype_get(m->rt, type);
		VEC_PUSH(&n->key_hash, sign_word(SIGN_START, ty ? ty->full : NULL));
	}
	return n->key_hash.v[at];
}

static uint64_t type_name(const struct model *m, struct type_names *n, uint16_t type)
{
	if (type >= m->types.n)
		return 0;
	while (n->types.n < m->types.n)
		VEC_PUSH(&n->types, 0);
	if (!n->types.v[type])
		n->types.v[type] = sign_word(SIGN_START, m->types.v[type].full);
	return n->types.v[type];
}

/* Kind, name of the type and, of value contexts, that of the key's type: equal in all cores of a
 * program. */
static uint64_t level_of(const struct model *m, struct type_names *names, const struct ctx *c)
{
	uint64_t key = 0;

	if (c->kind == CTX_VALUE && runtime_field(m->rt, c->addr, m->rt->L.valueCtx.key, &key) &&
	    key)
		key = key_name(m, names, key);
	return mix(mix(mix(SIGN_START, c->kind), type_name(m, names, c->type)), key) | 1;
}

/* From the third time on, repetitions of one level, and of two in turn, are folded: a loop that
 * wraps what it wrapped before. */
static uint64_t chain_of(const struct leaks *l, const uint64_t *level, uint32_t i)
{
	uint32_t up[5] = {i};
	unsigned n = 0;

	while (n < 4 && l->m->ctxs.v[up[n]].parent < l->m->ctxs.n) {
		up[n + 1] = l->m->ctxs.v[up[n]].parent;
		n++;
	}
	if (!n)
		return mix(SIGN_START, level[i]);
	if (n >= 2 && level[i] == level[up[1]] && level[i] == level[up[2]])
		return l->ctx[up[1]].chain;
	if (n >= 4 && level[i] == level[up[2]] && level[i] == level[up[4]] &&
	    level[up[1]] == level[up[3]])
		return l->ctx[up[2]].chain;
	return mix(l->ctx[up[1]].chain, level[i]);
}

/* True when the context ends with a custom context above that has a Done of its own.  Not if the
 * library registered it with the cancelCtx inside. */
static bool foreign(const struct leaks *l, const struct ctx *c, uint32_t parent)
{
	const struct model *m = l->m;
	const struct ctx *p = &m->ctxs.v[parent];
	bool own = ctx_own_done(m, p) && !ctx_cuts(p);

	if (ctx_kind_has_done(c->kind) && c->flags & CTX_IN_PARENT_MAP)
		return false;
	return own || (!ctx_kind_has_done(p->kind) && l->ctx[parent].flags & LEAK_FOREIGN_ABOVE);
}

static void flag_own_cancelers(struct leaks *l, uint32_t i)
{
	const struct cancelers *all = &l->r->cancelers;
	uint32_t first, n = cancelers_of(all, i, &first);

	for (uint32_t k = first; k < first + n; k++) {
		const struct canceler *c = &all->list.v[k];
		if (c->kind != CANCELER_FUNC && c->kind != CANCELER_STOP)
			continue;
		if (c->stage == REACH_LIVE)
			l->ctx[i].flags |= LEAK_FUNC_LIVE;
		else if (reach_unused(l->r, c->stage))
			l->ctx[i].flags |= LEAK_FUNC_STUCK;
		else if (c->stage < REACH_NONE)
			l->ctx[i].flags |= LEAK_FUNC_HELD;
	}
}

/* Of a context whose parent's facts are known. */
static void fill_facts(struct leaks *l, uint32_t i, struct type_names *names, uint64_t *level)
{
	const struct model *m = l->m;
	const struct ctx *c = &m->ctxs.v[i];
	struct leak_ctx *f = &l->ctx[i];
	uint32_t p = c->parent;

	level[i] = level_of(l->m, names, c);
	f->chain = chain_of(l, level, i);
	f->under = CTX_NONE;
	f->holder = TASK_NONE;
	flag_own_cancelers(l, i);
	if (p < m->ctxs.n && !programs_is_root(c)) {
		uint8_t kind = m->ctxs.v[p].kind;
		f->under = ctx_kind_has_done(kind) || l->ctx[p].under == CTX_NONE ? p
										  : l->ctx[p].under;
		if (kind == CTX_TIMER && m->ctxs.v[p].state == CTX_ACTIVE)
			f->flags |= LEAK_DEADLINE_ABOVE;
		f->flags |= l->ctx[p].flags & LEAK_DEADLINE_ABOVE;
		if (foreign(l, c, p))
			f->flags |= LEAK_FOREIGN_ABOVE;
		if (programs_is_root(&m->ctxs.v[p]))
			f->under = p;
	}
	// CANCELABLE_FUNC without a CancelFunc: somebody is cancelling it just now.
	bool reached = l->r->ctx_stage[i] != REACH_NONE && l->r->cancelable[i] != CANCELABLE_FUNC &&
		       l->r->cancelable[i] != CANCELABLE_FOREIGN;
	// Where nothing above could end it either, goroutines that wait for it are stuck-task's and
	// uncancellable-wait's.
	bool stuck = f->flags & LEAK_FUNC_STUCK && l->r->cancelable[i] != CANCELABLE_ABOVE;
	if (c->kind == CTX_CANCEL && c->state == CTX_ACTIVE && reached && !stuck &&
	    !(f->flags &
	      (LEAK_FUNC_LIVE | LEAK_FUNC_HELD | LEAK_DEADLINE_ABOVE | LEAK_FOREIGN_ABOVE)))
		f->flags |= LEAK_LOST;
}

/* A goroutine's memory goes to the first context that it waits on. */
static void add_costs(struct leaks *l)
{
	const struct model *m = l->m;
	struct u64map values = {0};

	for (uint32_t i = 0; i < m->ctxs.n; i++)
		l->ctx[i].cost = cost_of_context(m, i, &values);
	u64map_free(&values);
	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		const struct task *task = &m->tasks.list.v[t];
		l->task_bytes[t] = cost_of_task(m, task);
		for (uint32_t k = 0; k < task->nwaits; k++) {
			uint32_t c = m->tasks.waits.v[task->wait_first + k].context;
			if (c >= m->ctxs.n)
				continue;
			l->ctx[c].cost += l->task_bytes[t];
			break;
		}
	}
	for (size_t k = m->ctxs.n; k-- > 0;) {
		uint32_t i = l->order[k], p = m->ctxs.v[i].parent;
		if (p < m->ctxs.n)
			l->ctx[p].cost += l->ctx[i].cost;
	}
}

static void index_closures(struct leaks *l)
{
	const struct cancelers *all = &l->r->cancelers;

	u64map_reserve(&l->closures, all->list.n);
	for (size_t k = 0; k < all->list.n; k++)
		if (all->list.v[k].closure)
			u64map_add(&l->closures, all->list.v[k].closure, all->list.v[k].context);
}

static void set_proof(struct leaks *l)
{
	const struct reach *r = l->r;

	l->proof = r->complete;
	l->no_func_proof = r->complete && !r->cancelers.pgo && !r->cancelers.unread;
	if (!r->complete)
		l->why_not = r->gap ? (enum gap)r->gap : GAP_HEAP;
	else if (r->cancelers.pgo)
		l->why_not = GAP_PROFILE;
	else if (r->cancelers.unread)
		l->why_not = GAP_CLOSURES;
	l->out->healthy_unknown = !r->complete;
}

struct err *leak_facts(struct leaks *l)
{
	const struct model *m = l->m;
	struct type_names names = {0};

	l->ctx = mem_zalloc((m->ctxs.n + 1) * sizeof(*l->ctx));
	l->task_bytes = mem_zalloc((m->tasks.list.n + 1) * sizeof(*l->task_bytes));
	l->task_finding = mem_zalloc((m->tasks.list.n + 1) * sizeof(*l->task_finding));
	l->task_flags = mem_zalloc(m->tasks.list.n + 1);
	l->order = parents_first(m);
	uint64_t *level = mem_zalloc((m->ctxs.n + 1) * sizeof(*level));
	for (size_t k = 0; k < m->ctxs.n; k++)
		fill_facts(l, l->order[k], &names, level);
	free(level);
	u64map_free(&names.keys);
	VEC_FREE(&names.key_hash);
	VEC_FREE(&names.types);
	add_costs(l);
	index_closures(l);
	set_proof(l);
	return runtime_check(m->rt);
}

void leak_facts_free(struct leaks *l)
{
	forest_close(l->forest);
	free(l->ctx);
	free(l->order);
	free(l->task_bytes);
	free(l->task_finding);
	free(l->task_flags);
	u64map_free(&l->closures);
	alone_free(&l->alone);
	spreads_free(&l->spreads);
	made_close(&l->made);
}
