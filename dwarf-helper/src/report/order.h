/**
 * @file  Which contexts, in which order: selection by filters and sorting of index arrays.
 */
#ifndef GOCTX_REPORT_ORDER_H
#define GOCTX_REPORT_ORDER_H

#include "report/report.h"

/** An index and what it is sorted by. */
struct order_item {
	uint64_t key;
	uint32_t index;
};

struct order {
	VEC(struct order_item) v;
	/* Set by order_contexts() when the model's own order is asked for: all `n` contexts in that
	 * order, and v is empty. */
	bool as_is, background;
	uint32_t unused; /* of the first two, how many nobody uses */
	uint64_t n;
};

/** Length of an order that order_contexts() made, and the context at position k. */
static inline uint64_t order_n(const struct order *o)
{
	return o->as_is ? o->n : o->v.n;
}

static inline uint32_t order_at(const struct order *o, uint64_t k)
{
	if (!o->as_is)
		return o->v.v[k].index;
	return !k && o->background ? 0 : o->unused + (uint32_t)k;
}

/** Sort by key, ascending and stable.  O(n) passes over the bytes in which keys differ. */
void order_sort(struct order *o);

/**
 * All contexts that pass --kind, --state and --min-children, in the order of --sort: largest first,
 * deadlines nearest first; ties by address.
 */
struct err *order_contexts(struct report *r, struct order *ret);

void order_free(struct order *o);

#endif
