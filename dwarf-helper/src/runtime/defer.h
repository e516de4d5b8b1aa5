/**
 * @file  Deferred calls that are still to run: records on g._defer, and open-coded ones, which only a byte of armed bits in the frame tells.
 *
 * runtime/panic.go (deferproc, addOneOpenDeferFrame until 1.21, nextFrame since 1.22), cmd/compile ssagen/ssa.go (FUNCDATA_OpenCodedDeferInfo: varint
 * deferBitsOffset, then since 1.22 slotsOffset, before that the closures' offsets one by one).
 */
#ifndef GOCTX_RUNTIME_DEFER_H
#define GOCTX_RUNTIME_DEFER_H

#include "runtime/stack.h"

struct defer_call {
	taddr fn;	/* funcval: *fn is the code, captures behind it */
	taddr code;	/* entry of the deferred function, 0 unreadable */
	taddr sp;	/* of the frame that deferred it */
	uint32_t info;	/* index into rt->pcs of that frame */
	bool open_coded;
};

/** @return false to stop */
typedef bool defer_fn(void *arg, const struct defer_call *d);

/** Visit them, innermost frame first, bounded.  @return false when the stack could not be walked */
bool defers_each(struct runtime *rt, const struct task *t, defer_fn *fn, void *arg);

#endif
