/**
 * @file  Contexts put apart by what holds them, in names: "global main.rooms.conns", "goroutines that (*hub).serve started".
 *
 * Two hubs of one shape are two suspects, and only what holds their contexts tells them apart.  Names alone count, so that the same
 * suspect has the same key in each core of a program: of variables and fields up to the first element of something, of functions of
 * goroutines and where those were started, of functions of timers.  Never addresses, offsets, keys of maps, or how far down a list.
 */
#ifndef GOCTX_ANALYSIS_HOLDER_SETS_H
#define GOCTX_ANALYSIS_HOLDER_SETS_H

#include "analysis/leaks.h"

struct holder_set {
	uint64_t key; /* of the names; 0: what holds them is not known */
	VEC(uint32_t) members; /* positions in the array that was asked about, in its order */
};

struct holder_sets {
	VEC(struct holder_set) list; /* largest first, then by key; one at least where something was asked about */
};

/**
 * Each of @p contexts is in one set.  Sets of fewer than @p least are put to the largest.
 * Cost: leak_forest() once, then the lengths of the paths, and the names of at most HOLDERS_NAMED of them.
 */
void leak_holder_sets(struct leaks *l, const uint32_t *contexts, size_t n, size_t least, struct holder_sets *ret);
void holder_sets_free(struct holder_sets *s);

#endif
