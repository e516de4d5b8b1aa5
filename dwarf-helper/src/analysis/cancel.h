/**
 * @file  Who can still cancel a context: the CancelFunc closures in the heap, by code address and capture.
 *
 * context/context.go: WithCancel.func1, WithCancelCause.func1, WithDeadline(Cause).func1, .func3 (func2 is the timer's callback), AfterFunc.func1, (*cancelCtx).propagateCancel.func1 (on a
 * parent with an AfterFunc method); os/signal: (*signalCtx).stop-fm.  Also `<caller>.WithCancel.func1` where the compiler inlined the caller.
 * A closure is {code, context}: an allocated object of its slot size whose first word is such a code address and whose second is a context's.
 */
#ifndef GOCTX_ANALYSIS_CANCEL_H
#define GOCTX_ANALYSIS_CANCEL_H

#include "context/model.h"

enum canceler_kind { CANCELER_FUNC, CANCELER_TIMER /* callback of an armed timer */, CANCELER_STOP /* AfterFunc's or signal's stop */, CANCELER_PARENT /* registered with a custom parent */, CANCELER_WATCHER /* propagateCancel's goroutine */ };

/** One way by which a context can be cancelled without its parent; 24 bytes. */
struct canceler {
	taddr closure;	  /* funcval in the heap; 0 for a watcher */
	uint32_t context; /* index of the context it cancels */
	uint32_t task;	  /* watcher: its goroutine; else UINT32_MAX */
	uint32_t func;	  /* index into rt->frames: the closure's function */
	uint8_t kind;	  /* enum canceler_kind */
	uint8_t stage;	  /* enum reach_stage, filled by reach_build() */
};

struct cancelers {
	VEC(struct canceler) list; /* sorted by context */
	bool pgo; /* the program was built with a profile: a CancelFunc may have been inlined into its caller and leave no closure */
	uint64_t unread; /* spans that could not be searched */
};

/** One pass over the small spans: 0.1 s a GiB of them.  @return NULL, ERR_CANCELED */
struct err *cancelers_find(struct model *m, struct cancelers *ret);
void cancelers_free(struct cancelers *c);

/** Those of context @p i: list.v[*first_ret … + n - 1].  @return n.  O(log n) */
uint32_t cancelers_of(const struct cancelers *c, uint32_t i, uint32_t *first_ret);

#endif
