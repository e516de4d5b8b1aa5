/*
 * nobody-looks: contexts of which nothing is left but the means to cancel them.
 *
 * The pattern     ten or more made alike under one context, active, without a deadline; nothing
 *                 refers to them but their CancelFuncs and their parent's map of children (seen.h),
 *                 nothing is made on them, and nobody waits for them.  So nobody could notice their
 *                 end: what they were made for is over.  What keeps the CancelFuncs is the leak
 * likely          fifty or more, whose CancelFuncs lie in a map, slice or list themselves
 * possible        ten or more; or structs hold them
 * info            a library holds them, or a goroutine's deferred calls: it will let go of them
 *
 * Healthy look-alikes that do not count: sessions that have their context beside its CancelFunc;
 * calls whose deferred cancel is still to come.
 */
#include "analysis/seen.h"

#include "analysis/signature.h"

#define SOME 10
#define MANY 50
#define SAMPLES 3

struct forgotten {
	VEC(uint32_t) contexts;
	uint64_t bytes;
};

/* Made on it, and still there. */
static bool has_below(const struct leaks *l, uint32_t i)
{
	const struct ctx *v = l->m->ctxs.v;
	unsigned looked = 0;

	for (uint32_t k = v[i].first_child; k != CTX_NONE; k = v[k].next_sibling)
		if (looked++ == 64 || l->r->ctx_stage[k] != REACH_NONE)
			return true;
	return false;
}

static bool may_be(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];

	return c->kind == CTX_CANCEL && c->state == CTX_ACTIVE &&
	       l->ctx[i].flags & LEAK_FUNC_LIVE && !c->tasks_below &&
	       !(l->ctx[i].flags & (LEAK_ON_STACK | LEAK_DEADLINE_ABOVE | LEAK_FOREIGN_ABOVE)) &&
	       l->ctx[i].under != CTX_NONE && !c->children && !has_below(l, i);
}

static taddr func_of(const struct leaks *l, uint32_t context)
{
	uint32_t first, n = cancelers_of(&l->r->cancelers, context, &first);

	for (uint32_t k = first; k < first + n; k++)
		if (l->r->cancelers.list.v[k].kind == CANCELER_FUNC &&
		    l->r->cancelers.list.v[k].stage == REACH_LIVE)
			return l->r->cancelers.list.v[k].closure;
	return 0;
}

/* An element of a container, and not one in a struct there. */
static bool is_element(const struct steps *s)
{
	const struct links *last = s->list.n ? &s->list.v[s->list.n - 1].via : NULL;

	return last && (links_find(last, LINK_ELEMENT) || links_find(last, LINK_INDEX) ||
			links_find(last, LINK_KEY) || links_find(last, LINK_LIST));
}

/* Of some that lie apart: does the program itself hold all of their CancelFuncs?  @return 0 no, 1
 * yes, 2 as elements */
static unsigned held_by_program(struct leaks *l, const struct forgotten *g)
{
	unsigned ret = 2;

	for (unsigned k = 0; k < SAMPLES; k++) {
		struct leak_holder h;
		if (!leak_holder(l,
				 func_of(l, g->contexts.v[(g->contexts.n - 1) * k / (SAMPLES - 1)]),
				 &h))
			return 0;
		bool own =
			!h.library && !(h.path.task != TASK_NONE &&
					h.path.list.n < 3); // a frame's own variable, or deferred
		if (!own)
			ret = 0;
		else if (ret == 2 && !is_element(&h.path))
			ret = 1;
		leak_holder_free(&h);
	}
	return ret;
}

static void tell(struct leaks *l, const struct forgotten *g)
{
	unsigned held = held_by_program(l, g);
	size_t n = g->contexts.n;
	uint32_t first = g->contexts.v[0];
	enum confidence sure = !held || !l->proof			    ? CONF_INFO
			       : held == 2 && n >= MANY && l->no_func_proof ? CONF_LIKELY
									    : CONF_POSSIBLE;
	if (sure == CONF_INFO || exempt_context(l->m, first))
		return; // accumulation says what there is
	struct finding *f = finding_new(l->out, RULE_NOBODY_LOOKS, sure, UNIT_CONTEXT);
	f->count = n;
	f->bytes = g->bytes;
	f->context = first;
	f->claim.forgotten.under = l->ctx[first].under;
	for (size_t k = 0; k < n; k++)
		leak_add_context(l, f, g->contexts.v[k]);
	finding_sign_hash(f, sign_chain(SIGN_START, l->m, first));
	add_like(f, first);
	add_hanging(l, f);
	add_holder(l, f, func_of(l, first), NULL);
	if (!l->no_func_proof)
		add_doubt(l, f);
	finding_next(f, NEXT_WHY, func_of(l, first));
	finding_next(f, NEXT_SHOW, l->m->ctxs.v[first].addr);
}

struct groups {
	VEC(struct forgotten) list;
	struct u64map index;
};

static void collect(struct leaks *l, struct groups *g)
{
	for (uint32_t i = 0; i < l->m->ctxs.n; i++) {
		if (!may_be(l, i) || leak_join_earlier(l, i, RULE_NOBODY_LOOKS))
			continue;
		uint64_t key = (l->ctx[i].chain ^ l->ctx[i].under * UINT64_C(0xd6e8feb86659fd93)) *
				       UINT64_C(0x9e3779b97f4a7c15) |
			       1;
		uint32_t at = u64map_add(&g->index, key, (uint32_t)g->list.n);
		if (at == g->list.n)
			VEC_PUSH(&g->list, (struct forgotten){0});
		VEC_PUSH(&g->list.v[at].contexts, i);
	}
}

/* before so many are looked for all over the heap, some are, near by */
#define LARGE 4096

static struct err *drop_used(struct leaks *l, struct groups *g)
{
	struct err *err = NULL;

	for (size_t k = 0; k < g->list.n && !err; k++) {
		struct forgotten *f = &g->list.v[k];
		bool all = false;
		if (f->contexts.n >= LARGE)
			err = leak_seen_near(l, f->contexts.v, f->contexts.n, &all);
		if (all)
			f->contexts.n = 0;
	}
	return err;
}

/* Those that somebody could look at leave their groups: one pass over the heap for all. */
static struct err *leave_seen(struct leaks *l, struct groups *g)
{
	VEC(uint32_t) all = {0};
	size_t at = 0;

	for (size_t k = 0; k < g->list.n; k++)
		for (size_t n = 0; g->list.v[k].contexts.n >= SOME && n < g->list.v[k].contexts.n;
		     n++)
			VEC_PUSH(&all, g->list.v[k].contexts.v[n]);
	uint8_t *seen = mem_zalloc(all.n + 1);
	struct err *err = all.n ? leak_seen(l, all.v, all.n, seen) : NULL;
	for (size_t k = 0; k < g->list.n; k++) {
		struct forgotten *f = &g->list.v[k];
		size_t left = 0;
		for (size_t n = 0; f->contexts.n >= SOME && n < f->contexts.n; n++) {
			if (seen[at++])
				continue;
			f->bytes += l->ctx[f->contexts.v[n]].cost;
			f->contexts.v[left++] = f->contexts.v[n];
		}
		f->contexts.n = left;
	}
	VEC_FREE(&all);
	free(seen);
	return err;
}

struct err *rule_nobody_looks(struct leaks *l)
{
	struct groups g = {0};

	if (!l->m->rt->heap) /* nowhere to look for who looks at them */
		return NULL;
	collect(l, &g);
	struct err *err = drop_used(l, &g);
	if (!err)
		err = leave_seen(l, &g);
	for (size_t k = 0; k < g.list.n; k++) {
		if (!err && g.list.v[k].contexts.n >= SOME)
			tell(l, &g.list.v[k]);
		VEC_FREE(&g.list.v[k].contexts);
	}
	VEC_FREE(&g.list);
	u64map_free(&g.index);
	return err ? err : runtime_check(l->m->rt);
}
