/**
 * @file  Why an object is alive: shortest paths from roots to it.
 *
 * Breadth first from all roots at once, remembering for each slot the one it was first reached from (4 bytes a reached slot), so the path found
 * is a shortest one; further paths end in other direct holders of the object.  Stacks as in livestack.h.  Knows nothing of types:
 * runtime/typed.h puts names to the hops.
 */
#ifndef GOCTX_ANALYSIS_PATH_H
#define GOCTX_ANALYSIS_PATH_H

#include "context/model.h"
#include "runtime/mark.h"
#include "runtime/roots.h"

/** One hop: the pointer at @p at, inside of @p holder, leads to @p object. */
struct path_hop {
	taddr holder; /* base of the heap object that holds the pointer; 0 in the first hop: the root does */
	taddr at;
	taddr object; /* base of the object reached; what the pointer points to where it is no heap object */
	taddr target; /* the pointer's value: object + offset */
};

struct path {
	struct root root;
	VEC(struct path_hop) hops;
};

struct paths {
	VEC(struct path) list; /* shortest first */
	uint64_t holders;      /* direct holders of the object that are reachable themselves: as many paths there could be */
	bool garbage;	       /* it is an allocated heap object and nothing reaches it */
	bool not_heap;	       /* the address is in no heap object: a global, a stack, or nothing */
	bool complete;	       /* everything could be read: "nothing reaches it" is proven */
};

/**
 * @param target  address of the object, or inside it
 * @param max     paths wanted
 * @return NULL, ERR_ABSENT (no heap), ERR_CANCELED
 */
struct err *paths_find(struct model *m, taddr target, unsigned max, struct paths *ret);
void paths_free(struct paths *p);

#endif
