/**
 * @file  What can still happen: reachability in stages, and what follows for goroutines and contexts.
 *
 * One marking of the heap (runtime/mark.h), in stages that only grow:
 *
 *   REACH_LIVE      from globals, specials and the stacks of goroutines that can run; a goroutine parked on done channels of contexts
 *                   comes back only when such a context can be cancelled: a CancelFunc of it or of a context above is marked, a timer of theirs
 *                   is armed, or a parent is of a kind whose cancelling we cannot see.  Any other wait: when its channel or semaphore is marked.
 *   REACH_CHANNEL   the collector's rule on top (goroutineleak profile): back as soon as the channel itself is marked.  The parent's children
 *                   map reaches every child's done channel, so this rule alone misses goroutines that nobody will ever wake.
 *   REACH_STUCK     from the stacks of those that are left: kept alive only by goroutines that can never run again.
 *   REACH_NONE      not reached at all: garbage that awaits its collection.
 *
 * A goroutine's stage says when it came back: REACH_STUCK is the proof that it never will; REACH_CHANNEL that nobody holds the means
 * to cancel what it waits for.  A context's stage is when it was first marked.  "Proof" needs complete == true.
 */
#ifndef GOCTX_ANALYSIS_REACH_H
#define GOCTX_ANALYSIS_REACH_H

#include "analysis/cancel.h"
#include "runtime/mark.h"

enum reach_stage { REACH_LIVE, REACH_CHANNEL, REACH_STUCK, REACH_NONE };

struct reach {
	struct model *m; /* borrowed */
	struct marks marks;
	struct cancelers cancelers;
	uint8_t *task_stage; /* by task: enum reach_stage */
	uint8_t *ctx_stage;  /* by context */
	uint8_t *cancelable; /* by context, enum cancelable */
	uint64_t objects[REACH_NONE], bytes[REACH_NONE]; /* newly marked in each stage */
	bool complete;	     /* all roots, stacks and marked objects could be read: what is not reached is not reachable */
	const char *why_incomplete; /* NULL; a short reason for people: "part of the heap is missing from the core" */
};

/** By whom a context can still be cancelled, the strongest first. */
enum cancelable {
	CANCELABLE_FUNC,   /* a CancelFunc (or stop function) of its own is reached from what can run */
	CANCELABLE_TIMER,  /* its own deadline is armed */
	CANCELABLE_ABOVE,  /* through an ancestor (one of the above there) */
	CANCELABLE_FOREIGN, /* an ancestor is of a custom kind with a Done of its own */
	CANCELABLE_BY_WAITER, /* only goroutines that wait for exactly that (and so never run again) hold its CancelFunc */
	CANCELABLE_NOBODY, /* no CancelFunc is left, no deadline */
	CANCELABLE_DONE,   /* cancelled already, or can never be (Background, values on it) */
};

/**
 * Mark everything, in stages.
 * @param m  built with goroutines and contexts
 * @return NULL, ERR_ABSENT (no heap), ERR_CANCELED
 */
struct err *reach_build(struct model *m, struct reach *ret);
void reach_free(struct reach *r);

#endif
