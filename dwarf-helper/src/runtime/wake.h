/**
 * @file  What could wake a parked goroutine: the objects the collector's leak rule looks at.
 *
 * runtime/mgc.go (since 1.26: findGoroutineLeaks, checkIfMaybeRunnable), runtime/runtime2.go (waitReason.isMutexWait …), sema.go.  The rule: a
 * goroutine parked in a channel operation, select, or on a primitive of sync can run again only if one of the objects it waits on
 * is reached; on a nil channel or in an empty select never; parked for any other reason (I/O, sleep, system) always.
 * Until 1.25 g.waiting is nil for semaphores: the sudog is found on the goroutine's own stack, checked (sudog.g is the goroutine)
 * and read; when that fails the goroutine counts as one that can run.
 */
#ifndef GOCTX_RUNTIME_WAKE_H
#define GOCTX_RUNTIME_WAKE_H

#include "runtime/task.h"

enum wake_kind {
	WAKE_ALWAYS,  /* not parked, or parked for a reason that ends by itself, or not known */
	WAKE_NEVER,   /* nil channel, select without cases */
	WAKE_OBJECTS, /* when one of the objects is reached */
};

/** One object whose being reached wakes a goroutine. */
struct wake_object {
	taddr addr;    /* hchan, or the word a semaphore or notifyList lives in; may lie in a global (then it counts as reached) or on a stack */
	taddr sudog;   /* through which it waits there, 0 */
	bool is_chan;
	uint32_t wait; /* index into set->waits of a channel's wait, UINT32_MAX */
};

/** @return false to stop */
typedef bool wake_fn(void *arg, const struct wake_object *o);

/** How @p t can be woken; WAKE_OBJECTS are visited through @p fn. */
enum wake_kind wake_of(struct runtime *rt, const struct tasks *ts, const struct task *t, wake_fn *fn, void *arg);

#endif
