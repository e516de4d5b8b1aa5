/**
 * @file  Marking: which heap objects are reached from what has been marked so far.
 *
 * The collector's own way (runtime/mgcmark.go: scanobject, greyobject), done from outside: one bit a slot says "reached", one more "its
 * words are still to be read"; spans that have such slots wait in a queue, so that memory is read in pieces and no stack of
 * pointers can grow.  Marks only ever grow: analyses mark in stages and look at the marks in between.
 *
 * Pointer words of an object come from its pointer bits, its type header or the arena's bitmap (heap.h); where these cannot be
 * told, every word is taken for a pointer.  noscan objects are never entered.  So the error is always on the side of
 * "reached": what is not marked is not reachable, unless `incomplete` says that memory which should have been read could not be.
 *
 * Memory: two bits a slot and 12 bytes a span, less than 2 % of the heap for all but heaps of 8-byte objects.
 * Cost of a full marking: see make bench (leaks).
 */
#ifndef GOCTX_RUNTIME_MARK_H
#define GOCTX_RUNTIME_MARK_H

#include "runtime/heap.h"

struct marks {
	struct runtime *rt;
	uint64_t *first;  /* per span: number of its slot 0; spans.n + 1 of them */
	uint64_t *bits;	  /* one bit a slot: reached */
	uint64_t *grey;	  /* one bit a slot: reached, its words are not read yet */
	VEC(uint32_t) queue; /* spans with grey slots */
	uint64_t objects, bytes; /* marked so far; bytes are slot sizes */
	uint64_t unread;  /* marked objects whose words could not be read, or whose pointer words had to be guessed */
	bool incomplete;  /* something that may hold pointers could not be read: "not marked" proves nothing */
	uint64_t *watch;  /* one bit a slot: somebody wants to know when it is marked; NULL before the first mark_watch() */
	uint8_t *watch_span; /* per span: 1 when it has watched slots, so that the rest costs one test of a small table */
	VEC(uint64_t) hits; /* numbers of watched slots that were marked since the owner last emptied it */
};

/** Nothing is marked.  @return NULL, ERR_ABSENT (no heap) or ERR_LIMIT */
struct err *marks_open(struct runtime *rt, struct marks *ret);
void marks_close(struct marks *mk);

/**
 * Mark the object that holds @p a, wherever inside it, if it is allocated.
 * @return true when this was new.  Any word may be passed: what is no heap address is no object.
 */
bool mark_addr(struct marks *mk, taddr a);

/** Mark whatever the words of [lo, hi) point to (conservatively).  Unreadable parts set `incomplete`. */
void mark_words(struct marks *mk, taddr lo, taddr hi);

/**
 * Mark an object without ever reading its words: sudogs of parked goroutines, whose channel and element the collector's leak rule
 * does not follow (runtime/runtime2.go: maybeTraceablePtr, since 1.26).  To be called before the first drain.
 */
void mark_leaf(struct marks *mk, taddr a);

/** What mark_watch() and `hits` call a slot: first[its span] + its index.  UINT64_MAX when @p a is in no slot of the heap. */
uint64_t mark_slot(const struct marks *mk, taddr a);

/**
 * Put the slot that holds @p a on `hits` once it is marked.  So who waits for many objects to be reached needs no look at all of them
 * after every drain.
 * @return false, nothing is watched: it is marked already, or no slot of the heap
 */
bool mark_watch(struct marks *mk, taddr a);

/** Read the words of everything grey until nothing is.  @return NULL, ERR_CANCELED */
struct err *marks_drain(struct marks *mk);

/** Is the object that holds @p a marked?  False for addresses outside the heap. */
bool mark_test(const struct marks *mk, taddr a);

/** One word of an object that may be a pointer.  @return false to stop */
typedef bool pointer_fn(void *arg, taddr at, taddr value);

/**
 * Every non-nil pointer word of the object that holds @p a, ascending.
 * @return false: part of it could not be read
 */
bool object_pointers(struct runtime *rt, const struct heap_object *o, pointer_fn *fn, void *arg);

#endif
