#include "report/order.h"

void order_free(struct order *o)
{
	VEC_FREE(&o->v);
}

static bool sorted(const struct order *o)
{
	for (size_t i = 1; i < o->v.n; i++)
		if (o->v.v[i - 1].key > o->v.v[i].key)
			return false;
	return true;
}

void order_sort(struct order *o)
{
	uint64_t any = 0, all = UINT64_MAX;

	if (sorted(o))
		return;
	for (size_t i = 0; i < o->v.n; i++) {
		any |= o->v.v[i].key;
		all &= o->v.v[i].key;
	}
	struct order_item *from = o->v.v, *to = mem_resize(NULL, o->v.n, sizeof(*to)), *spare = to;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t at[256] = {0}, sum = 0;
		if (!((any ^ all) >> shift & 255))
			continue; // all keys have the same byte here
		for (size_t i = 0; i < o->v.n; i++)
			at[from[i].key >> shift & 255]++;
		for (unsigned k = 0; k < 256; k++) {
			size_t n = at[k];
			at[k] = sum;
			sum += n;
		}
		for (size_t i = 0; i < o->v.n; i++)
			to[at[from[i].key >> shift & 255]++] = from[i];
		struct order_item *swap = from;
		from = to;
		to = swap;
	}
	if (from != o->v.v)
		memcpy(o->v.v, from, o->v.n * sizeof(*from));
	free(spare);
}

static bool wanted(const struct options *opt, const struct ctx *c)
{
	return (!opt->kinds || opt->kinds >> c->kind & 1) &&
	       (!opt->states || opt->states >> c->state & 1) && c->children >= opt->min_children;
}

/* Nearest deadline first, contexts without one last. */
static uint64_t deadline_key(const struct model *m, uint32_t i)
{
	struct go_time at;

	if (m->ctxs.v[i].kind != CTX_TIMER || !ctx_deadline(m, i, &at))
		return UINT64_MAX;
	return (uint64_t)at.unix_ns ^ UINT64_C(1) << 63; // order of signed numbers
}

static uint64_t sort_key(const struct model *m, enum ctx_sort sort, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];

	switch (sort) {
	case SORT_CHILDREN:
		return UINT32_MAX - c->children;
	case SORT_WAITERS:
		return UINT32_MAX - c->tasks;
	case SORT_DEPTH:
		return UINT32_MAX - c->depth;
	case SORT_DEADLINE:
		return deadline_key(m, i);
	default:
		return c->addr;
	}
}

/* All of them by address, and that is how the model has them: no list is made. */
static bool as_they_are(const struct report *r, struct order *ret)
{
	const struct model *m = r->m;
	const struct options *opt = r->opt;

	if (opt->kinds || opt->states || opt->min_children || opt->sort != SORT_ADDR ||
	    m->heap_end != m->ctxs.n)
		return false;
	ret->as_is = true;
	ret->background = m->has_background;
	ret->unused = 2 - m->has_background - m->has_todo;
	ret->n = m->ctxs.n - ret->unused;
	return true;
}

struct err *order_contexts(struct report *r, struct order *ret)
{
	const struct model *m = r->m;

	memset(ret, 0, sizeof(*ret));
	if (as_they_are(r, ret))
		return NULL;
	VEC_RESERVE(&ret->v, m->ctxs.n + 1);
	for (uint32_t i = 0; i < m->ctxs.n; i++)
		if (!model_unused(m, i) && wanted(r->opt, &m->ctxs.v[i]))
			VEC_PUSH(&ret->v, (struct order_item){i < 2 ? i : m->ctxs.v[i].addr, i});
	order_sort(ret);
	if (r->opt->sort == SORT_ADDR)
		return NULL;
	for (size_t k = 0; k < ret->v.n; k++) {
		if (k % 4096 == 0 && model_canceled(m)) {
			order_free(ret);
			return err_interrupted();
		}
		ret->v.v[k].key = sort_key(m, r->opt->sort, ret->v.v[k].index);
	}
	order_sort(ret);
	return NULL;
}
