/**
 * @file  What could wake a parked goroutine: the objects the collector's leak rule looks at.
 *
 * runtime/mgc.go (since 1.26: isMaybeRunnable, findGoroutineLeaks), mgcmark.go (internalBlocked),
 * runtime2.go (waitReason), sema.go.  The rule, who can run again:
 *
 *     chan receive, chan send, select            when one of its channels is marked
 *     sync.Mutex.Lock, sync.RWMutex.Lock and RLock,
 *     sync.WaitGroup.Wait, sync.Cond.Wait        when the word it waits on is (sudog.elem:
 *                                                semaphore, notifyList)
 *     a nil channel, select without cases or of nil ones
 *                                                never
 *     all else: I/O, sleep, "semacquire", coroutine, synctest's "(durable)", the runtime's own
 *     reasons                                    always
 *
 * What lies in no heap object (a global, a stack) counts as marked.  Go excludes no goroutine by
 * what it is: system goroutines are left out by their wait reasons, and one that runs finalizers
 * may be reported.  Goroutine 1 is reported, too, unless it is in an empty select: then its stack
 * counts as that of a leaked one, but Go's profile does not show it.
 *
 * Older releases have fewer reasons: until 1.20 mutexes, until 1.23 wait groups say "semacquire",
 * which is then looked into.  Until 1.25 g.waiting is nil for these waits.  The sudog is found in
 * the frame of runtime.semacquire1 and must be the goroutine's; the notifyList, which no sudog
 * names, through the *sync.Cond in a frame above: its list must hold the waiter's ticket.
 *
 * A snapshot may catch a waker at work: a channel that is closed, a sudog that is off its queue, an
 * element taken back, a ticket that was notified: such a goroutine is about to run.  So is, for us,
 * one of which something cannot be read.
 */
#ifndef GOCTX_RUNTIME_WAKE_H
#define GOCTX_RUNTIME_WAKE_H

#include "runtime/task.h"

#define WAIT_NONE UINT32_MAX

enum wake_kind {
	WAKE_ALWAYS,  /* not parked, or parked for a reason that ends by itself, being woken just
			 now, or not known */
	WAKE_NEVER,   /* nil channel, select without cases or of nil channels only */
	WAKE_OBJECTS, /* when one of the objects is reached */
};

/** One object whose being reached wakes a goroutine. */
struct wake_object {
	taddr addr;  /* hchan, or the word a semaphore or notifyList lives in; may lie in a global
			(then it counts as reached) or on a stack */
	taddr sudog; /* through which it waits there */
	bool is_chan;
	uint32_t wait; /* index into set->waits of a channel's wait, WAIT_NONE */
};

/** @return false to stop */
typedef bool wake_fn(void *arg, const struct wake_object *o);

/**
 * How @p t can be woken.  WAKE_OBJECTS: all of them have been visited through @p fn, at least one;
 * else @p fn is not called. Cost: ~0.1 us a channel; for semaphores until 1.25 that of
 * livestack_each().  Not thread-safe then.
 */
enum wake_kind wake_of(struct runtime *rt, const struct tasks *ts, const struct task *t,
		       wake_fn *fn, void *arg);

#endif
