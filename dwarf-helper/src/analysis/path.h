/**
 * @file  Why an object is alive: shortest paths from roots to it.
 *
 * The search runs breadth first from all roots at once (runtime/roots.h, and live stack words of
 * all goroutines, runtime/livestack.h).  It remembers for each slot the one it was first reached
 * from, so the path found is a shortest one.  A path never passes through the object asked for.
 * Further paths end in other direct holders: other objects, variables or goroutines that point to
 * it.  Where there are more than wanted, those are taken whose roots differ: another variable, a
 * goroutine that stands elsewhere.  That a goroutine's own stack leads to what it waits for is no
 * news, so such paths come last.
 *
 *     level 0   roots, in the order of roots.h, then timers that will fire, then goroutines in the
 *               order of allgs
 *     level n   pointers of the objects first reached on level n - 1, by address
 *
 * Paths avoid Ps, since every ticker points to its P and that to all timers (timers.h).  What
 * nothing else reaches is searched for behind finalizers and cleanups, then behind stopped timers
 * that wait to be swept, and at last behind the Ps; such paths come last, however short.  An object
 * with a finalizer keeps what it points to; the finalizer counts only where nothing else does.
 *
 * The same target always gives the same paths.  Nothing here knows types: runtime/typed.h names the
 * hops.
 *
 * Memory: 4 bytes a slot of the heap, touched only where something is reached, two bits a slot for
 * the levels, and 24 bytes for each object that a root leads to first.  Time: one pass over the
 * stacks, then over reachable objects until more roots than asked for have been met, or some more
 * holders.
 */
#ifndef GOCTX_ANALYSIS_PATH_H
#define GOCTX_ANALYSIS_PATH_H

#include "analysis/gap.h"
#include "context/model.h"
#include "runtime/mark.h"
#include "runtime/roots.h"

/** One hop: the pointer at @p at, inside of @p holder, leads to @p object. */
struct path_hop {
	taddr holder; /* base of the heap object that holds the pointer; 0 in the first hop: the
			 root does */
	taddr at;     /* 0 a register */
	taddr object; /* base of the object reached */
	taddr target; /* the pointer's value: object + offset */
};

struct path {
	struct root root;
	bool itself; /* of paths_find(): the root is the stack of a goroutine that waits for the
			object asked for */
	VEC(struct path_hop) hops; /* at least one; the last one's object is the one asked for */
};

/** What lies at the address asked for. */
enum path_subject {
	SUBJECT_OBJECT, /* an allocated heap object */
	SUBJECT_FREE,	/* a heap slot that is free, or freed as soon as its span is swept */
	SUBJECT_TAIL,	/* inside of a heap span, in no slot */
	SUBJECT_OTHER,	/* no heap: a global, a stack, or nothing */
};

struct paths {
	VEC(struct path)
	list; /* shortest first; those from finalizers, cleanups and stopped timers behind the
		 others, those of waiters last */
	uint64_t holders; /* direct holders that are reachable themselves, found so far */
	bool all; /* `holders` counts all; false: the search stopped once there were more than
		     wanted */
	uint8_t subject; /* enum path_subject */
	taddr object;	 /* base of the object or slot asked for; 0 when there is none */
	uint64_t size;	 /* its bytes */
	bool complete;	 /* everything could be read, so that "nothing reaches it" is proven */
	uint8_t gap;	 /* enum gap: why `complete` is false */
};

/**
 * @param target  address of the object, or inside it
 * @param max     paths wanted; 0: all
 * @return NULL, ERR_ABSENT (no heap), ERR_LIMIT (more than 2^31 slots), ERR_CANCELED
 */
struct err *paths_find(const struct model *m, taddr target, uint64_t max, struct paths *ret);
void paths_free(struct paths *p);

#endif
