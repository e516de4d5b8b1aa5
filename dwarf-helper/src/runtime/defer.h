/**
 * @file  Deferred calls that are still to run: records on g._defer, and open-coded ones, which
 * leave no record: a byte in the frame has a bit for each that is armed.
 *
 * runtime/panic.go (deferproc, deferrangefunc; addOneOpenDeferFrame until 1.21, nextFrame
 * since 1.22), cmd/compile ssagen/ssa.go (FUNCDATA_OpenCodedDeferInfo: varint deferBitsOffset;
 * until 1.21 the count and the closures' offsets one by one, the last first; since 1.22 the offset
 * of the first of adjoining slots).
 *
 * A call that runs just now is pending no more.  Of a goroutine that runs or was preempted anywhere
 * the innermost frame may not have cleared its bits yet: only what is a function then counts.
 */
#ifndef GOCTX_RUNTIME_DEFER_H
#define GOCTX_RUNTIME_DEFER_H

#include "runtime/stack.h"

struct defer_call {
	taddr fn;   /* funcval: *fn is the code, captures behind it; may lie on the stack */
	taddr code; /* entry of the deferred function, 0 unreadable; `defer f(x)` has a closure of
		       the compiler's for it */
	taddr sp;   /* of the frame that deferred it */
	uint32_t info; /* index into rt->pcs of that frame (its pc), or of the defer statement's */
	bool open_coded;
};

/** @return false to stop */
typedef bool defer_fn(void *arg, const struct defer_call *d);

/**
 * Visit them in the order in which they would run, innermost frame first; bounded.  Cost: that of a
 * stack walk.
 * @return false when the stack could not be walked to its end: there may be more
 */
bool defers_each(struct runtime *rt, const struct task *t, defer_fn *fn, void *arg);

#endif
