/**
 * @file  Which context that has ended a goroutine still holds, and by what: a variable of its own,
 * a CancelFunc, or an object that one of its variables leads to.
 *
 *     live slot of its stack ─▶ context                         HELD_SLOT
 *     live slot ─▶ [object ─▶ …] ─▶ CancelFunc of the context   HELD_FUNC
 *     live slot ─▶ object ─▶ … ─▶ context                       HELD_OBJECT
 *
 * The objects are structs, closures, receivers of method values.
 *
 * Live is what the collector's own maps call live (livestack.h): a variable that is not read any
 * more holds nothing.  A CancelFunc that waits in a deferred call is no hold: functions defer one
 * and go on with other work.  Objects are looked into as far as HELD_DEPTH pointers, and the
 * nearest context decides: where one that is still active is as near, that is the one which the
 * goroutine works under.
 */
#ifndef GOCTX_ANALYSIS_HELD_H
#define GOCTX_ANALYSIS_HELD_H

#include "analysis/leaks.h"

#define HELD_DEPTH 3

enum held_by { HELD_SLOT, HELD_FUNC, HELD_OBJECT };

struct held {
	uint32_t context; /* CTX_NONE: none that has ended */
	uint8_t by;	  /* enum held_by */
	uint8_t depth;	  /* objects between the stack and what refers to it; 0: the slot itself
			      does */
};

/**
 * The one nearest to what @p task does.  Only HELD_SLOT is looked for when @p far is false.
 * Cost: livestack_each() of the one goroutine; with @p far at most 4 096 words of small objects on
 * top.
 */
struct held held_ended(struct leaks *l, uint32_t task, bool far);

/** Has a context ended, by cancelling or by deadline? */
static inline bool held_over(const struct model *m, uint32_t i)
{
	return m->ctxs.v[i].state == CTX_CANCELED || m->ctxs.v[i].state == CTX_EXPIRED;
}

/** What there is to know of a context's end. */
struct held_end {
	uint32_t top;	/* the highest context above it that has ended, too: what was cancelled, or
			   ran out */
	int64_t ago_ns; /* how long ago, by its deadline or one above; -1: it was cancelled, which
			   leaves no date */
	bool unasked;	/* nobody had called its Done by then (context.closedchan stands there) */
	bool request;	/* it is, or is made on, one that a library ends with its request
			   (exempt_request()) */
};
struct held_end held_end(struct leaks *l, uint32_t context);

/**
 * Did the goroutine listen to the end of @p context, or of one above that ended with it?  A select
 * leaves the channels of its cases in the frame that it stands in
 * (cmd/compile/internal/walk/select.go: the array of scase), and calls leave theirs behind on the
 * stack: a done channel that is still there was asked for.  One that is not proves nothing: the
 * room may have been used since.
 */
bool held_listened(struct leaks *l, uint32_t task, uint32_t context);

#endif
