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
};

/** Sort by key, ascending and stable.  O(n) passes over the bytes in which keys differ. */
void order_sort(struct order *o);

/**
 * All contexts that pass --kind, --state and --min-children, in the order of --sort: largest first, deadlines nearest
 * first; ties by address.
 */
struct err *order_contexts(struct report *r, struct order *ret);

void order_free(struct order *o);

#endif
