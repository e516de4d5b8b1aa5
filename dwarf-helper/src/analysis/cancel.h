/**
 * @file  Who can still cancel a context: the closures in the heap whose code is that of a
 * CancelFunc, and the goroutines that watch a parent.
 *
 * Which functions those are: context/cancelcode.h.  A closure is an allocated object of the right
 * slot size whose first word is such a code address and whose second is the address of a context.
 * Allocated does not mean reachable (reach.h).  An object that only looks like a CancelFunc makes a
 * context cancelable, never lost.
 */
#ifndef GOCTX_ANALYSIS_CANCEL_H
#define GOCTX_ANALYSIS_CANCEL_H

#include "context/cancelcode.h"
#include "context/model.h"

/** Something that can cancel a context other than through a parent of the library's types; 24
 * bytes. */
struct canceler {
	taddr closure;	  /* funcval in the heap; 0 for a watcher */
	uint32_t context; /* index of the context it cancels (stop of NotifyContext: of the context
			     inside of the signalCtx) */
	uint32_t task;	  /* watcher: its goroutine; else TASK_NONE */
	uint32_t func; /* index into rt->frames: the closure's or the goroutine's start function */
	uint8_t kind;  /* enum canceler_kind */
	uint8_t stage; /* enum reach_stage, filled by reach_build(); before that REACH_NONE */
};

struct cancelers {
	VEC(struct canceler) list; /* sorted by context; of one context closures by address,
				      watchers behind them */
	bool pgo; /* the program was built with a profile: a CancelFunc may have been inlined into
		     its caller and leave no closure */
	bool watchers_unknown; /* a watcher was met that does not wait yet, or waits elsewhere:
				  which context it watches for is not known */
	bool no_code; /* the program's function table lacks the names of CancelFuncs: their closures
			 cannot be recognised */
	uint64_t unread; /* spans that could not be searched; or there are functions whose names are
			    not known */
};

/** One pass over the small spans: 0.1 s a GiB of them.  @return NULL, ERR_CANCELED */
struct err *cancelers_find(const struct model *m, struct cancelers *ret);
void cancelers_free(struct cancelers *c);

/** Those of context @p i: list.v[*first_ret … + n - 1].  @return n.  O(log n) */
uint32_t cancelers_of(const struct cancelers *c, uint32_t i, uint32_t *first_ret);

#endif
