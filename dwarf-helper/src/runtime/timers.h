/**
 * @file  The timers that lie in the heaps of the Ps, and whether they will fire (runtime/time.go).
 *
 * A P keeps its timers in a four-ary heap: p.timers, a []*timer (1.14 to 1.22), or p.timers.heap, a
 * []timerWhen{timer, when} (1.23+). A timer that is stopped stays there until its P comes by:
 * timerDeleted (until 1.22), timerZombie (1.23+; also timers of channels that no goroutine waits
 * on).  The collector follows that reference as any other.  But a timer that nothing else refers to
 * can neither be reset nor waited on, so it never fires: what only such timers hold is garbage that
 * awaits their removal, and then its collection.
 *
 * So marking (analysis/reach.h) and paths (analysis/path.h) take the timers that will fire for
 * roots of their own, and do not go through a P, nor through the array of its heap, which stacks of
 * goroutines that set or stop a timer refer to: all that a P points to besides are its own caches
 * of freed defers and sudogs, and runnable goroutines, which are no pointers to the collector.
 * Timers of a testing/synctest bubble lie in the bubble and are reached through it.
 */
#ifndef GOCTX_RUNTIME_TIMERS_H
#define GOCTX_RUNTIME_TIMERS_H

#include "base/mem.h"
#include "runtime/runtime.h"

/** One entry of a P's heap. */
struct timer_entry {
	taddr at;    /* where the pointer to it lies */
	taddr timer; /* runtime.timer; may lie outside of the heap */
	bool stopped;
};

struct timers {
	VEC(struct timer_entry) list; /* by P, in the order of its heap */
	VEC(taddr) keepers; /* Ps whose timers are all in the list, and the arrays of their heaps */
	bool incomplete; /* there are Ps, or timers, that could not be read: these Ps are not among
			    the keepers */
};

/** Read all of them.  Cost: about 50 ns a timer.  A timer whose state cannot be read counts as one
 * that fires. */
void timers_read(struct runtime *rt, struct timers *ret);
void timers_free(struct timers *t);

/** When a timer of the heaps fires, CLOCK_MONOTONIC ns; 0 not known: unreadable, or moved to a time
 * that is kept elsewhere (timerModified*, until 1.22). */
uint64_t timer_when(struct runtime *rt, taddr timer);

/**
 * Name of the function that a timer will call: that given to time.AfterFunc
 * ("context.WithDeadlineCause.func2"), else the runtime's or package time's own
 * ("time.sendTime").  NULL: not known.
 */
const char *timer_calls(struct runtime *rt, taddr timer);

#endif
