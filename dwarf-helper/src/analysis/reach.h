/**
 * @file  What can still happen: reachability in stages, and what follows for goroutines and
 * contexts.
 *
 * One marking of the heap (runtime/mark.h), in stages that only grow:
 *
 *   REACH_LIVE      marks from globals, finalizers, cleanups and the stacks of goroutines that can
 *                   run.  A parked goroutine wakes when an object it waits on (channel, mutex, …:
 *                   runtime/wake.h) is marked.  If that object is the done channel of one of the
 *                   library's contexts, the context must be cancelable as well (below).
 *   REACH_CHANNEL   drops that condition, as the collector does (goroutineleak profile): a
 *                   goroutine wakes as soon as its channel is marked.  A parent's children map
 *                   reaches the done channels of all children, so this rule alone misses goroutines
 *                   that nobody can wake.
 *   REACH_OWN       follows what parked goroutines are to send or have deferred, as the collector
 *                   does.  A closure `go func() { c <- n }()` holds n and c, so that goroutine
 *                   reaches its own channel; nobody else does, and it never runs again.
 *   REACH_STUCK     marks from the stacks of the goroutines that are left: they can never run
 *                   again, and keep these objects alive alone.
 *   REACH_NONE      was not marked: garbage that awaits its collection.  This includes what only
 *                   stopped timers hold that their P has not swept yet.  The collector still
 *                   follows these, but they can never fire again (runtime/timers.h), so they wake
 *                   no goroutine and call no CancelFunc.
 *
 * A goroutine's stage is the one in which it woke.  REACH_STUCK and REACH_OWN prove that it never
 * runs again.  REACH_CHANNEL proves that nothing that can run can cancel what it waits for, or
 * (rarely) that only a finalizer or a coroutine leads to its channel.  A context's stage is the one
 * in which it was first marked.  All this is proof only if `complete` is true.
 *
 * Finalizers and cleanups count from the start, unless only goroutines that can never run again
 * keep their object: then they are never called.  If that would make a difference, the heap is
 * marked twice (reach_final.c).  The collector does not make this exception, so REACH_CHANNEL does
 * not either.  The collector takes coroutines (runtime/coro.h) for goroutines that run; here one
 * that waits for its turn wakes when its coro is marked, at the latest in REACH_CHANNEL.
 *
 * What a parked goroutine itself holds counts only once it wakes: its stack, its g (deferred calls,
 * labels) and its sudogs.  The collector follows a parked g's own pointers and the elements that a
 * sudog sends from or receives into; REACH_OWN does so from its start.  REACH_STUCK is therefore
 * what Go 1.27's goroutineleak profile reports, against which it is tested, with two exceptions
 * that the profile leaves out: goroutine 1 in an empty select, and, in releases without that
 * profile, goroutines on a nil channel or in an empty select.
 *
 * A context can be cancelled when
 *   - a CancelFunc or stop function of it is reached (cancel.h), or
 *   - its timer is armed: every active WithDeadline's is, or
 *   - it is cancelled already, or its mutex is held, so that some goroutine is changing it, or
 *   - a goroutine that can run is inside of package context with its address on the stack: a
 *     cancellation under way; in programs built with a profile also inside of a function into which
 *     a maker of CancelFuncs was inlined, or
 *   - a goroutine that watches a custom parent for it can run, or what it registered with such a
 *     parent is reached, or
 *   - the context it is registered with can be cancelled.  Registered means: made on it with
 *     nothing but values, stop contexts and types that embed a context without a Done of their own
 *     in between, or found in its children map.  WithoutCancel ends this, and so does a custom Done
 *     that was nil when the child was made: propagateCancel (context/context.go) leaves no fourth
 *     way.
 * Where part of this cannot be read, the context counts as cancelable.
 *
 * A goroutine that was being woken when the memory was taken counts as one that can run (wake.h).
 *
 * REACH_LIVE begins with what does not hang on goroutines that only wait for themselves (struct
 * reach_others): of the goroutines that are parked on channels, those of which REACH_ALIKE or more
 * are alike do not come back by
 *   - a timer's channel, for what they do then they do for themselves,
 *   - the end of a context that ends with the program alone (below),
 *   - a channel of struct{} that REACH_ALIKE of them wait to be closed.
 * What is marked then is reached by somebody else.  After that they come back as all others do: it
 * costs no marking of its own, and changes no stage.
 *
 * A context ends with the program alone when it is made by WithCancel, nothing above it ends
 * sooner, and it is signal.NotifyContext's, or its CancelFunc is held by the main goroutine's stack
 * itself (most often deferred there), or REACH_ALIKE contexts and goroutines or more hang on it,
 * which is so of no more than four with the same parent.
 */
#ifndef GOCTX_ANALYSIS_REACH_H
#define GOCTX_ANALYSIS_REACH_H

#include "analysis/cancel.h"
#include "analysis/cancelable.h"
#include "analysis/gap.h"
#include "runtime/mark.h"

enum reach_stage { REACH_LIVE, REACH_CHANNEL, REACH_OWN, REACH_STUCK, REACH_NONE };

#define REACH_ALIKE 10 /* goroutines of one function and go statement */

/** Who ends a context while the program goes on. */
enum reach_end {
	END_NOBODY,  /* nobody but goroutines that only wait for themselves */
	END_PROGRAM, /* nobody but those, and the end of the program */
	END_OTHERS,  /* somebody else, its deadline, or what cannot be seen */
};

/** Goroutines that are held out. */
enum reach_held {
	HELD_NOT,
	HELD,
	HELD_BODY,   /* net/http's loop that waits for a response body to be read */
	HELD_STREAM, /* the same of an HTTP/2 stream */
	HELD_SIGNAL, /* signal.NotifyContext's, whose channel package os/signal keeps */
	HELD_SLEEP,  /* it sleeps */
};

/** What there is without goroutines that only wait for themselves; the arrays are NULL where
 * nothing was held out. */
struct reach_others {
	uint8_t *task; /* by task, enum reach_held: it is one of REACH_ALIKE, and nobody else wakes
			  it */
	uint8_t *end;  /* by context, enum reach_end */
	uint8_t *program; /* by context: it ends with the program alone */
	uint64_t *white;  /* by number of slot (marks.slots): a bit for each object that nobody else
			     reaches */
};

struct reach {
	const struct model *m; /* borrowed */
	struct reach_others others;
	struct marks marks;
	struct cancelers cancelers;
	uint8_t *task_stage; /* by task: enum reach_stage; never REACH_NONE */
	uint8_t *ctx_stage;  /* by context; those outside the heap (Background, a variable, a box on
				a stack) are REACH_LIVE */
	uint8_t *cancelable; /* by context, enum cancelable */
	uint64_t objects[REACH_NONE],
		bytes[REACH_NONE]; /* newly marked in each stage; bytes are slot sizes */
	bool complete; /* all roots, stacks and marked objects could be read: what is not reached is
			  not reachable */
	uint8_t gap;   /* enum gap: the first thing that kept it from being complete */
};

/**
 * The context whose end says who ends the wait of goroutine @p task for @p context: itself, but
 * that of a response's user where net/http has made one of its own on it (transport.go:
 * prepareTransportCancel, since 1.23), which the Transport itself can cancel as long as the body is
 * not read; CTX_NONE: that one never ends.
 */
uint32_t reach_waits_for(const struct reach *r, uint8_t held, uint32_t context);

/**
 * Mark everything, in stages.  Linear in heap, stacks and contexts, however goroutines wait for
 * each other: objects waited for are watched (mark_watch()), none is looked at twice; twice that
 * with finalizers as above.  Memory: that of the marks, 32 bytes a parked goroutine, 3 a context,
 * 24 a CancelFunc.
 * @param m  built with goroutines and contexts
 * @return NULL, ERR_ABSENT (no heap), ERR_CANCELED
 */
struct err *reach_build(const struct model *m, struct reach *ret);

/**
 * Is it proven that nobody will ever use what was first reached in @p stage?  Of REACH_CHANNEL,
 * too: what is reached then hangs on goroutines that nobody wakes, but to know that all CancelFuncs
 * must have been found.
 */
bool reach_unused(const struct reach *r, uint8_t stage);
void reach_free(struct reach *r);

#endif
