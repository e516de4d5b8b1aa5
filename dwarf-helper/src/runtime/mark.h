/**
 * @file  Marking: which heap objects are reached from what has been marked so far.
 *
 * The collector's own way (runtime/mgcmark.go: scanobject, greyobject; since 1.26
 * mgcmark_greenteagc.go), done from outside: one bit a slot says "reached", one more "its words are
 * still to be read"; spans that have such slots wait in a queue, first come, first read, so that
 * many slots of a span are read at a time, in the order of memory, and no stack of pointers can
 * grow.  Marks only ever grow: analyses mark in stages and look at the marks in between.
 *
 * Pointer words of an object: ptrwords.h; where these are not known, every word is taken for a
 * pointer.  noscan objects are never entered; free slots are never marked.  So the error is always
 * on the side of "reached": what is not marked is not reachable, unless `incomplete` says that
 * memory which should have been read could not be.
 *
 * Memory: two bits a slot and 34 bytes a span, less than 2 % of the heap for all but heaps of
 * 8-byte objects. Threads: a drain that has much to do takes a second thread; to the caller it
 * looks as if it had not.  The result does not depend on it. Cost of a full marking: see make bench
 * (--pointers).
 */
#ifndef GOCTX_RUNTIME_MARK_H
#define GOCTX_RUNTIME_MARK_H

#include "runtime/ptrwords.h"
#include "runtime/slots.h"

struct marks {
	struct runtime *rt;
	struct slots slots;
	uint64_t *white; /* one bit a slot: allocated, not reached */
	uint64_t *grey;	 /* one bit a slot: reached, its words are not read yet; of a span with one
			    slot: a bit a piece of it */
	uint8_t *queued; /* by span: it is in a queue */
	uint16_t *density; /* per 2 MiB of the heap: pages with pointers */
	struct ptrmasks *masks;
	struct ptrwords reader;
	struct mark_pool *pool; /* spans with grey slots, and who reads them: mark_work.h */
	struct marker *self;
	uint64_t objects, bytes; /* marked so far; bytes are slot sizes */
	uint8_t *watched;   /* by span: it has watched slots, so that the rest costs one test of a
			       small table; NULL before the first */
	uint64_t *watch;    /* one bit a slot: somebody wants to know when it is marked */
	VEC(uint64_t) hits; /* numbers (slots_at()) of watched slots that have been marked; the
			       owner empties it */
	uint64_t guessed; /* objects (or pieces of 512 bytes) whose pointer words had to be guessed:
			     more is marked than need be */
	uint64_t unread;  /* words that could not be read */
	bool incomplete;  /* something that may hold pointers could not be read: "not marked" proves
			     nothing */
};

/** Nothing is marked.  @return NULL, ERR_ABSENT (no heap) or ERR_LIMIT */
struct err *marks_open(struct runtime *rt, struct marks *ret);
void marks_close(struct marks *mk);

/**
 * Mark the object that holds @p a, wherever inside it, if it is allocated.
 * @return true when this was new.  Any word may be passed: what is no heap address is no object.
 */
bool mark_addr(struct marks *mk, taddr a);

/** Mark whatever the words of [lo, hi) point to (conservatively).  Unreadable parts set
 * `incomplete`. */
void mark_words(struct marks *mk, taddr lo, taddr hi);

/**
 * Mark an object without ever reading its words: sudogs of parked goroutines, whose channel and
 * element the collector's leak rule does not follow (runtime/runtime2.go: maybeTraceablePtr,
 * since 1.26).  To be called before the first drain.
 */
void mark_leaf(struct marks *mk, taddr a);

/** A leaf no longer: the next drain reads the words of the object that holds @p a.  It is marked if
 * it was not. */
void mark_enter(struct marks *mk, taddr a);

/**
 * Put the slot that holds @p a on `hits` once it is marked (in no order, once): who waits for many
 * objects to be reached need not look at all of them after every drain.  Memory: one more bit a
 * slot.
 * @return false, nothing is watched: it is marked already, free, or no slot of the heap
 */
bool mark_watch(struct marks *mk, taddr a);

/** Read the words of everything grey until nothing is.  @return NULL, ERR_CANCELED (what is marked
 * then is of no use) */
struct err *marks_drain(struct marks *mk);

/** Is the object that holds @p a marked?  False for addresses outside the heap. */
bool mark_test(const struct marks *mk, taddr a);

/** One word of an object that may be a pointer.  @return false to stop */
typedef bool pointer_fn(void *arg, taddr at, taddr value);

/**
 * Every non-nil pointer word of the object that holds @p o, ascending.  For many objects use
 * ptrwords.h, which keeps what it has learnt.
 * @return false: part of it could not be read
 */
bool object_pointers(struct runtime *rt, const struct heap_object *o, pointer_fn *fn, void *arg);

#endif
