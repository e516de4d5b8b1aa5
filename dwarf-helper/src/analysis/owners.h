/**
 * @file  Who reaches what without certain goroutines: which of these reach the objects that nobody
 * else does.
 *
 * A search from the live words of each goroutine's stack through objects that are white in a table
 * that the caller gives.  The runtime's own record of a parked goroutine (g, sudogs) is not white
 * there (reach_wait.c), so nothing passes from one goroutine to another through a channel's queue.
 */
#ifndef GOCTX_ANALYSIS_OWNERS_H
#define GOCTX_ANALYSIS_OWNERS_H

#include "analysis/reach.h"
#include "runtime/ptrwords.h"

#define OWNERS_MOST 4

struct owner_set {
	uint32_t n; /* OWNERS_MOST + 1: more */
	uint32_t task[OWNERS_MOST];
};

struct owners {
	const struct model *m;
	const struct slots *slots;
	const uint64_t *white;
	uint32_t *set; /* by slot: index into sets, 0 nobody */
	size_t set_bytes;
	uint64_t *inside; /* a bit a slot: reached from another object, a closure on a stack not
			     counted */
	VEC(struct owner_set) sets;
	struct u64map next; /* set and goroutine -> set of both */
	struct ptrmasks *masks;
	struct ptrwords reader;
	VEC(uint64_t) todo; /* addresses */
	uint32_t task;
	bool unread;
};

/** Nobody has anything yet.  The slots and the table are borrowed. */
void owners_open(const struct model *m, const struct slots *slots, const uint64_t *white,
		 struct owners *ret);
void owners_close(struct owners *o);

/** What goroutine @p task reaches. */
void owners_add(struct owners *o, uint32_t task);

/** @return the set of the object that holds @p a; NULL when it is not white: others reach it, or it
 * is no object */
const struct owner_set *owners_of(const struct owners *o, taddr a);

/** Is it reached from another object, not from its owners' stacks alone? */
bool owners_inside(const struct owners *o, taddr a);

#endif
