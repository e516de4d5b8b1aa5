/**
 * @file  Contexts sorted into sets by what holds them, by name: "global main.rooms.conns",
 * "goroutines that (*hub).serve started".
 *
 * Two hubs of the same shape are two suspects; only what holds their contexts differs.  Keys are
 * made of names alone, so that a suspect has the same key in every core of a program: variables and
 * fields up to the first element of a container, functions of goroutines and their go statements,
 * functions of timers.  Never addresses, offsets, keys of maps, or positions in a list.
 */
#ifndef GOCTX_ANALYSIS_HOLDER_SETS_H
#define GOCTX_ANALYSIS_HOLDER_SETS_H

#include "analysis/leaks.h"

struct holder_set {
	uint64_t key;	       /* hash of the names; 0: what holds them is not known */
	VEC(uint32_t) members; /* positions in the caller's array, ascending */
};

struct holder_sets {
	VEC(struct holder_set)
	list; /* largest first, then by key; at least one unless the array is empty */
};

/**
 * Puts each of @p contexts into one set.  Sets of fewer than @p least members are merged into the
 * largest. Cost: leak_forest() once, then the lengths of the paths, and the names of at most
 * HOLDERS_NAMED of them.
 */
void leak_holder_sets(struct leaks *l, const uint32_t *contexts, size_t n, size_t least,
		      struct holder_sets *ret);
void holder_sets_free(struct holder_sets *s);

#endif
