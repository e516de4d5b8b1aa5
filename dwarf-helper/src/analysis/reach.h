/**
 * @file  What can still happen: reachability in stages, and what follows for goroutines and contexts.
 *
 * One marking of the heap (runtime/mark.h), in stages that only grow:
 *
 *   REACH_LIVE      from globals, finalizers, cleanups and the stacks of goroutines that can run.  A parked goroutine comes back when an
 *                   object it waits on (channel, mutex, …: runtime/wake.h) is reached; when that is the done channel of one of the library's
 *                   contexts, only if that context can be cancelled, too (below).
 *   REACH_CHANNEL   the collector's rule on top (goroutineleak profile): back as soon as the channel itself is reached.  The parent's children
 *                   map reaches every child's done channel, so this rule alone misses goroutines that nobody will ever wake.
 *   REACH_STUCK     from the stacks of those that are left: kept alive only by goroutines that can never run again.
 *   REACH_NONE      not reached at all: garbage that awaits its collection.  So is what nothing but stopped timers hold that their P has not swept
 *                   yet: the collector still follows these, but nobody can make them fire any more (runtime/timers.h), so no goroutine
 *                   comes back by them and no CancelFunc behind them is ever called.
 *
 * A goroutine's stage says when it came back: REACH_STUCK is the proof that it never will; REACH_CHANNEL that nobody holds the means
 * to cancel what it waits for, or (rarely) that only the value it sends, a finalizer or a coroutine leads to its channel.  A context's stage is
 * when it was first marked.  "Proof" needs complete == true.
 *
 * A finalizer or cleanup counts from the start, unless its object is kept by goroutines alone that can never run again: then it is never
 * called.  Where what such a one leads to would make a difference the heap is marked twice (reach_final.c).  The collector's rule does
 * not know this; it counts for REACH_CHANNEL.  Nor does that rule look at coroutines (runtime/coro.h), which it takes for goroutines that run:
 * one that waits for its turn is back when its coro is reached, else in REACH_CHANNEL.
 *
 * What a parked goroutine itself holds counts only once it is back: its stack, its g (deferred calls, labels) and its sudogs.  The collector
 * follows a parked g's own pointers and what a sudog is to send from or receive into; so does REACH_CHANNEL from its start, which makes
 * REACH_STUCK that of Go 1.27's goroutineleak profile, by which it is tested.  Two goroutines that the profile leaves out are REACH_STUCK
 * here: goroutine 1 in an empty select, and those on a nil channel or an empty select of releases that have no such profile.
 *
 * A context can be cancelled when
 *   - a CancelFunc or stop function of it is reached (cancel.h), or
 *   - its timer is armed: every active WithDeadline's is, or
 *   - it is cancelled, or its mutex is held: somebody is at it, or
 *   - a goroutine that can run is inside of package context with its address on the stack: a cancellation under way; in programs built
 *     with a profile also inside of a function into which a maker of CancelFuncs was inlined, or
 *   - a goroutine that watches a custom parent for it can run, or what it registered with such a parent is reached, or
 *   - the context it is registered with can be cancelled.  Registered means: made on it with nothing but values, stop contexts and
 *     types that embed a context without a Done of their own in between, or found in its children map.  WithoutCancel ends this, and so
 *     does a custom Done that was nil when the child was made: propagateCancel (context/context.go) leaves no fourth way.
 * Where part of what decides this cannot be read the answer is that it can.
 *
 * A goroutine that was being woken when the memory was taken counts as one that can run (wake.h).
 */
#ifndef GOCTX_ANALYSIS_REACH_H
#define GOCTX_ANALYSIS_REACH_H

#include "analysis/cancel.h"
#include "analysis/cancelable.h"
#include "analysis/gap.h"
#include "runtime/mark.h"

enum reach_stage { REACH_LIVE, REACH_CHANNEL, REACH_STUCK, REACH_NONE };

struct reach {
	struct model *m; /* borrowed */
	struct marks marks;
	struct cancelers cancelers;
	uint8_t *task_stage; /* by task: enum reach_stage; never REACH_NONE */
	uint8_t *ctx_stage;  /* by context; those outside the heap (Background, a variable, a box on a stack) are REACH_LIVE */
	uint8_t *cancelable; /* by context, enum cancelable */
	uint64_t objects[REACH_NONE], bytes[REACH_NONE]; /* newly marked in each stage; bytes are slot sizes */
	bool complete;	     /* all roots, stacks and marked objects could be read: what is not reached is not reachable */
	uint8_t gap; /* enum gap: the first thing that kept it from being complete */
};

/**
 * Mark everything, in stages.  Linear in heap, stacks and contexts, however goroutines wait for each other: objects waited for are
 * watched (mark_watch()), none is looked at twice; twice that with finalizers as above.  Memory: that of the marks, 32 bytes a parked goroutine, 3 a context, 24 a CancelFunc.
 * @param m  built with goroutines and contexts
 * @return NULL, ERR_ABSENT (no heap), ERR_CANCELED
 */
struct err *reach_build(struct model *m, struct reach *ret);

/**
 * Is it proven that nobody will ever use what was first reached in @p stage?  Of REACH_CHANNEL, too: what is reached then hangs on goroutines
 * that nobody wakes, but to know that all CancelFuncs must have been found.
 */
bool reach_unused(const struct reach *r, uint8_t stage);
void reach_free(struct reach *r);

#endif
