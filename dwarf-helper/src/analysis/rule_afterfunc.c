/*
 * afterfunc: functions registered with context.AfterFunc that pile up on a context which does not
 * end.
 *
 * The pattern   active contexts of AfterFunc, put together by the function they call.
 * likely        fifty or more, at least half of them on one context, and nobody can take them back:
 *               the stop functions are gone
 * possible      fifty or more on one context whose stop functions exist, but no stack refers to
 *               them
 * info          ten or more otherwise: one for each request in flight is how AfterFunc is meant
 *
 * Where the contexts they hang on pile up themselves, that is the finding, and this is named there.
 */
#include "analysis/task_sets.h"

#include "analysis/signature.h"
#include "context/detail.h"

#define MANY 50
#define SOME 10

struct hooks {
	uint32_t first, stop_live, on_stack;
	uint64_t bytes;
	VEC(uint32_t) contexts;
};

struct hook_sets {
	VEC(struct hooks) list;
	struct u64map index; /* code of the function -> set */
};

/* Entry of the function it calls; 0 not known. */
static taddr code_of(const struct model *m, uint32_t i)
{
	taddr closure, code;

	if (!runtime_field(m->rt, m->ctxs.v[i].addr, m->rt->L.afterFuncCtx.f, &closure) ||
	    !target_u64(m->rt->t, closure, &code))
		return 0;
	return code;
}

static void collect(struct leaks *l, struct hook_sets *h)
{
	const struct model *m = l->m;

	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		if (m->ctxs.v[i].kind != CTX_AFTER_FUNC || m->ctxs.v[i].state != CTX_ACTIVE ||
		    l->r->ctx_stage[i] == REACH_NONE)
			continue;
		taddr code = code_of(m, i);
		uint32_t at = u64map_add(&h->index, code ? code : 1, (uint32_t)h->list.n);
		if (at == h->list.n)
			VEC_PUSH(&h->list, (struct hooks){.first = i});
		struct hooks *s = &h->list.v[at];
		s->stop_live += (l->ctx[i].flags & LEAK_FUNC_LIVE) != 0;
		s->on_stack += (l->ctx[i].flags & LEAK_ON_STACK) != 0;
		s->bytes += l->ctx[i].cost;
		VEC_PUSH(&s->contexts, i);
	}
}

/* How many hang on the context that most of them hang on. */
static uint32_t on_one(const struct leaks *l, const struct hooks *s, uint32_t *under_ret)
{
	struct u64map counts = {0};
	uint32_t most = 0;

	*under_ret = CTX_NONE;
	for (size_t k = 0; k < s->contexts.n; k++) {
		uint32_t under = l->ctx[s->contexts.v[k]].under;
		uint32_t n = u64map_find(&counts, under + 1ul);
		n = n == U64MAP_NONE ? 1 : n + 1;
		u64map_set(&counts, under + 1ul, n);
		if (n > most && under != CTX_NONE) {
			most = n;
			*under_ret = under;
		}
	}
	u64map_free(&counts);
	return most;
}

static void add_finding(struct leaks *l, const struct hooks *s)
{
	uint32_t under, most = on_one(l, s, &under);
	bool piled = most >= MANY && most * 2ul >= s->contexts.n,
	     used = s->on_stack * 10ul > s->contexts.n;
	bool gone = s->stop_live * 10ul < s->contexts.n;
	enum confidence sure = !piled || used ? CONF_INFO : gone ? CONF_LIKELY : CONF_POSSIBLE;
	struct finding *f = finding_new(l->out, RULE_AFTERFUNC, sure, UNIT_CONTEXT);
	struct buf func = {0};

	ctx_func(l->m, s->first, &func);
	f->count = s->contexts.n;
	f->bytes = s->bytes;
	f->context = s->first;
	for (size_t k = 0; k < s->contexts.n; k++)
		leak_add_context(l, f, s->contexts.v[k]);
	finding_sign(f, buf_cstr(&func), NULL);
	add_hanging(l, f);
	finding_evidence(f, EV_STOP)->n = s->stop_live;
	finding_next(f, NEXT_SHOW, l->m->ctxs.v[s->first].addr);
	if (under != CTX_NONE && l->m->ctxs.v[under].addr)
		finding_next(f, NEXT_CHILDREN, l->m->ctxs.v[under].addr);
	buf_free(&func);
}

/* Join the findings that cover contexts of the set, by a sample.  @return true: they cover all of
 * the sample */
static bool join_above(struct leaks *l, const struct hooks *s)
{
	for (size_t k = 0; k < s->contexts.n; k += s->contexts.n / 8 + 1)
		if (!leak_join_earlier(l, s->contexts.v[k], RULE_AFTERFUNC))
			return false;
	return true;
}

struct err *rule_afterfunc(struct leaks *l)
{
	struct hook_sets h = {0};

	collect(l, &h);
	for (size_t k = 0; k < h.list.n; k++) {
		if (h.list.v[k].contexts.n >= SOME && !join_above(l, &h.list.v[k]))
			add_finding(l, &h.list.v[k]);
		VEC_FREE(&h.list.v[k].contexts);
	}
	VEC_FREE(&h.list);
	u64map_free(&h.index);
	return NULL;
}
