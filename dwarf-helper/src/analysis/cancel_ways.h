/**
 * @file  Who can still cancel one context: its CancelFuncs and what holds them, its timer,
 * goroutines that watch its parent.
 *
 *     cancel.h  finds closures and watchers of the context        allocated ones, reachable or not
 *     defer.h   finds goroutines that have deferred a closure     these need no further search
 *     path.h    finds the shortest path to the first other one    one path
 *     reach.h   says whether its holder can ever run again        only if a parked goroutine or
 *                                                                 a finalizer holds it
 *
 * Only active contexts with a cancel of their own (WithCancel, deadlines, AfterFunc) have ways.
 *
 * Cost: the pass of cancel.h (0.1 s a GiB of small objects).  If it finds a CancelFunc: one walk
 * over all stacks, and at most one search as by `why CLOSURE --paths 1`.  If a parked goroutine or
 * a finalizer holds it: the marking of `leaks`.
 */
#ifndef GOCTX_ANALYSIS_CANCEL_WAYS_H
#define GOCTX_ANALYSIS_CANCEL_WAYS_H

#include "analysis/cancel.h"
#include "analysis/steps.h"

enum way_held {
	HELD_UNASKED,  /* it needs no holder (timer, watcher), or the one search went to another
			  closure */
	HELD_DEFERRED, /* a goroutine will run it when a function returns */
	HELD_PATH,     /* a root leads to it */
	HELD_NOTHING,  /* no root leads to it and everything could be read: garbage that awaits its
			  collection */
	HELD_UNKNOWN,  /* no path was found, but not everything could be read */
};

enum way_lost {
	LOST_UNKNOWN, /* not asked, or no proof */
	LOST_NO,      /* a goroutine that can run, or a variable, reaches it */
	LOST_YES,     /* proven: only goroutines that can never run again reach it, or finalizers of
			 objects that only these hold */
};

struct way {
	taddr closure;	    /* 0 for a watcher */
	uint32_t func;	    /* index into rt->frames: the closure's function, a watcher's start */
	uint32_t task;	    /* watcher: the goroutine; HELD_DEFERRED: the one that will run it,
			       HELD_PATH: on whose stack the path begins; else TASK_NONE */
	uint8_t kind;	    /* enum canceler_kind */
	uint8_t held;	    /* enum way_held */
	uint8_t lost;	    /* enum way_lost */
	uint32_t frame;	    /* HELD_DEFERRED: the one that has deferred it (index into rt->frames),
			       FRAME_NONE */
	struct steps *path; /* HELD_PATH: how it is reached; else NULL */
	VEC(struct steps) others; /* HELD_PATH: how else, a few, from other roots where there are */
	bool more;		  /* and in further ways */
};

/** True when the path begins at a finalizer or cleanup, which runs once its object is collected. */
static inline bool way_is_final(const struct way *w)
{
	return w->path && (w->path->root == ROOT_FINALIZER || w->path->root == ROOT_CLEANUP);
}

struct ways {
	bool asked; /* false: the context is not active or has no cancel of its own; the rest is
		       empty */
	VEC(struct way) list; /* by kind, then by address; a sane context has a handful */
	uint64_t more;	      /* left out of the list */
	bool func;	      /* one of them is a CancelFunc, or of AfterFunc its stop function */
	bool lost;	      /* func, and all of those are LOST_YES */
	uint8_t unsure;	      /* enum gap: why a CancelFunc may exist although none was found */
	uint32_t above; /* nearest active context above it that has a cancel of its own, CTX_NONE */
	bool above_sure; /* cancelling that one cancels this: its children map holds this, or only
			    the library's types lie between */
	bool foreign;	 /* a context of the program's own type lies above, and may cancel it by its
			    own Done */
	uint8_t gap;	 /* enum gap, of a search that ended HELD_UNKNOWN */
};

/** @return NULL, ERR_CANCELED */
struct err *ways_find(const struct model *m, uint32_t i, struct ways *ret);
void ways_free(struct ways *w);

#endif
