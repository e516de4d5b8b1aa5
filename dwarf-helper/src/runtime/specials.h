/**
 * @file  Specials: what the runtime has noted about single objects of a span (runtime/mheap.go:
 * type special): finalizers, cleanups, weak handles, records of the heap profile and more.
 *
 * They hang on mspan.specials in a list, by offset.  A special whose object has died stays there
 * until its span is swept.
 */
#ifndef GOCTX_RUNTIME_SPECIALS_H
#define GOCTX_RUNTIME_SPECIALS_H

#include "runtime/heap.h"

/** Kinds that we know; the numbers of the runtime's own list have moved with every kind put in
 * between. */
enum special_kind {
	SPECIAL_FINALIZER,
	SPECIAL_CLEANUP, /* 1.24+ */
	SPECIAL_WEAK,	 /* 1.23+ */
	SPECIAL_PROFILE,
	SPECIAL_OTHER,
	SPECIAL_KINDS
};

/** Number of each kind in this release, 0: it has none.  That of SPECIAL_OTHER is 0. */
struct special_numbers {
	uint8_t of[SPECIAL_KINDS];
};
struct special_numbers special_numbers(const struct layout *l);

struct special {
	taddr addr;
	uint64_t offset; /* of the byte that it was set for, from the span's base; not checked */
	uint8_t kind;	 /* enum special_kind */
};

/** @return false to stop */
typedef bool special_fn(void *arg, const struct span *s, const struct special *sp);

/** How many there can be in all spans together: the target has no room for more. */
uint64_t specials_most(const struct runtime *rt);

/**
 * Visit the specials of a span, in the order of the list.  Ends with a list that runs in a circle,
 * soon after its first round, when @p left have been visited, and when the user presses Ctrl-C.
 * Cost: 50 ns each.
 * @param left  of specials_most(), for all spans of one pass; counted down
 * @return false: part of the list could not be read, it is a circle, or too much
 */
bool specials_each(struct runtime *rt, const struct special_numbers *numbers, const struct span *s,
		   uint64_t *left, special_fn *fn, void *arg);

#endif
