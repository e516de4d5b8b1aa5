/**
 * @file  Who can still cancel one context, and what holds that: its CancelFuncs, its timer, who watches its parent for it.
 *
 *     cancel.h  closures and watchers of the context          what exists (allocated: the allocator's word, not reachability)
 *     defer.h   goroutines that will run one of them           deferred, open-coded or not: no search is needed then
 *     path.h    shortest path to one that nobody has deferred  one search an answer, of one path
 *     reach.h   can the goroutine that holds it ever run again? only where a parked one does
 *
 * Only contexts that are active and have a cancel of their own are asked about (cancel, timer, AfterFunc).
 *
 * Cost: the pass of cancel.h (0.1 s a GiB of small objects); where it finds a CancelFunc, a walk of all stacks and at most one search for
 * one path: that is `why CLOSURE --paths 1`, which looks at the same stacks word by word.  Where a parked goroutine or a finalizer holds it, the
 * marking of `leaks`.
 */
#ifndef GOCTX_ANALYSIS_CANCEL_WAYS_H
#define GOCTX_ANALYSIS_CANCEL_WAYS_H

#include "analysis/cancel.h"
#include "analysis/steps.h"

enum way_held {
	HELD_UNASKED,  /* it needs no holder (timer, watcher), or the one search was another's */
	HELD_DEFERRED, /* a goroutine will run it when a function returns */
	HELD_PATH,     /* a root leads to it */
	HELD_NOTHING,  /* nothing does, and everything could be read: garbage that awaits its collection */
	HELD_UNKNOWN,  /* no path was found, but not everything could be read */
};

enum way_lost {
	LOST_UNKNOWN, /* not asked, or no proof */
	LOST_NO,      /* what can run reaches it */
	LOST_YES,     /* proven: only goroutines that can never run again do, or finalizers of what only they hold, so nobody will call it */
};

struct way {
	taddr closure; /* 0 for a watcher */
	uint32_t func; /* index into rt->frames: the closure's function, a watcher's start */
	uint32_t task; /* watcher: the goroutine; HELD_DEFERRED: the one that will run it, HELD_PATH: on whose stack the path begins; else TASK_NONE */
	uint8_t kind;  /* enum canceler_kind */
	uint8_t held;  /* enum way_held */
	uint8_t lost;  /* enum way_lost */
	uint32_t frame;	    /* HELD_DEFERRED: the one that has deferred it (index into rt->frames), FRAME_NONE */
	struct steps *path; /* HELD_PATH: how it is reached; else NULL */
};

/** Does the path begin at a finalizer or cleanup, which is called once its object is let go? */
static inline bool way_is_final(const struct way *w)
{
	return w->path && (w->path->root == ROOT_FINALIZER || w->path->root == ROOT_CLEANUP);
}

struct ways {
	bool asked;	     /* false: not active, or without a cancel of its own; all else is empty then */
	VEC(struct way) list; /* by kind, then by address; a sane context has a handful */
	uint64_t more;	     /* left out of the list */
	bool func;	     /* one of them is a CancelFunc, or of AfterFunc its stop function */
	bool lost;	     /* and all of those are LOST_YES */
	uint8_t unsure;	     /* enum gap: why there may be a CancelFunc although none was found */
	uint32_t above;	     /* nearest active context above it that has a cancel of its own, CTX_NONE */
	bool above_sure;     /* cancelling that one cancels this: its children map holds this, or only the library's types lie between */
	bool foreign;	     /* a type of the program lies above that may cancel it in a way of its own */
	uint8_t gap;	     /* enum gap, of a search that ended HELD_UNKNOWN */
};

/** @return NULL, ERR_CANCELED */
struct err *ways_find(struct model *m, uint32_t i, struct ways *ret);
void ways_free(struct ways *w);

#endif
