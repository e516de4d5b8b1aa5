/*
 * subtree-cost: where the memory of contexts is: the subtree that costs most.
 *
 * Always info.  From the most expensive root down, as long as one child has nine tenths of its
 * parent's cost: there the tree begins to spread. Costs are those of cost.c.  Less than a mebibyte
 * makes no finding.
 */
#include "analysis/leaks.h"

#include "analysis/signature.h"

#define WORTH (UINT64_C(1) << 20)

static uint32_t dearest(const struct leaks *l, uint32_t first)
{
	uint32_t best = CTX_NONE;

	for (uint32_t i = first; i < l->m->ctxs.n; i = l->m->ctxs.v[i].next_sibling)
		if (best == CTX_NONE || l->ctx[i].cost > l->ctx[best].cost)
			best = i;
	return best;
}

static uint32_t dearest_root(const struct leaks *l)
{
	uint32_t best = CTX_NONE;

	for (size_t k = 0; k < l->m->roots.n; k++) {
		uint32_t i = l->m->roots.v[k];
		if (best == CTX_NONE || l->ctx[i].cost > l->ctx[best].cost)
			best = i;
	}
	return best;
}

struct err *rule_subtree_cost(struct leaks *l)
{
	uint32_t at = dearest_root(l), next;

	if (at == CTX_NONE)
		return NULL;
	while ((next = dearest(l, l->m->ctxs.v[at].first_child)) != CTX_NONE &&
	       (l->ctx[next].cost >= l->ctx[at].cost / 10 * 9 || !l->m->ctxs.v[at].addr))
		at = next;
	if (l->ctx[at].cost < WORTH || !l->m->ctxs.v[at].addr)
		return NULL;
	const struct ctx *c = &l->m->ctxs.v[at];
	struct finding *f = finding_new(l->out, RULE_SUBTREE_COST, CONF_INFO, UNIT_CONTEXT);
	f->count = c->below + 1ul;
	f->tasks = c->tasks_below;
	f->bytes = l->ctx[at].cost;
	f->context = at;
	VEC_PUSH(&f->contexts, at);
	finding_sign_hash(f, sign_chain(SIGN_START, l->m, at));
	finding_next(f, NEXT_TREE, c->addr);
	return NULL;
}
