/**
 * @file  One context in depth, read from the target when asked for.
 */
#ifndef GOCTX_CONTEXT_DETAIL_H
#define GOCTX_CONTEXT_DETAIL_H

#include "base/buf.h"
#include "context/model.h"
#include "runtime/bubble.h"
#include "runtime/gomap.h"

/**
 * "context.Background.WithCancel.WithValue(app/mw.requestID).WithCancel" into @p out.  Long chains
 * (more than 24 elements) keep head and tail:
 * ".(8170 more)." in between.
 */
void ctx_name(const struct model *m, uint32_t i, struct buf *out);

/** ctx.Err() as text; kinds without one of their own take their canceling ancestor's.  @return
 * false: nil. */
bool ctx_err(const struct model *m, uint32_t i, struct buf *out);

/** context.Cause(ctx) as text.  @return false: nil. */
bool ctx_cause(const struct model *m, uint32_t i, struct buf *out);

/** Own deadline of a timer context.  @return false: not a timer, or unreadable. */
bool ctx_deadline(const struct model *m, uint32_t i, struct go_time *ret);

/** The bubble of testing/synctest that the context was made in.  @return false: none, or it does
 * not show */
bool ctx_bubble(const struct model *m, uint32_t i, struct bubble *ret);

enum ctx_clock {
	CTX_CLOCK_REAL,
	CTX_CLOCK_BUBBLE, /* that of a bubble */
	CTX_CLOCK_UNTOLD, /* perhaps that of a bubble, but of which does not show */
};

/** By which clock is its deadline?  @param mono  the deadline has a monotonic reading  @param[out]
 * ret  CTX_CLOCK_BUBBLE: the bubble */
enum ctx_clock ctx_clock(const struct model *m, uint32_t i, bool mono, struct bubble *ret);

/** Time left until its own deadline at the moment the target was taken, by the clock that counts
 * (negative: passed).  @return false when not known. */
bool ctx_deadline_left(const struct model *m, uint32_t i, int64_t *ns_ret);

/** Key of a value context as text: type alone for empty structs ("app/mw.requestID"), else the
 * value ("main.ctxKey(3)", "\"user\""); of pointers the package variable that holds it, where there
 * is one ("http.ServerContextKey"). */
bool ctx_key(const struct model *m, uint32_t i, struct buf *out);

/**
 * Value of a value context as text, with what is inside of it.
 * @param redact  its type alone: "string (redacted)"
 * @param[out] at_ret  where the value points to; 0: it is no pointer, or nil, or the text has that
 * address already
 * @return false: unreadable, or another kind of context
 */
bool ctx_value(const struct model *m, uint32_t i, bool redact, struct buf *out, taddr *at_ret);

/** Function of an after_func context ("main.cleanup"), or of a cancel function known; false:
 * none. */
bool ctx_func(const struct model *m, uint32_t i, struct buf *out);

/** Address of the children map (hmap, maps.Map), 0: nil; false: the kind has none or it is
 * unreadable. */
bool ctx_children_map(const struct model *m, uint32_t i, taddr *ret);

/** One entry of a children map: the context (CTX_NONE when it is none we know) and its address.
 * @return false to stop. */
typedef bool ctx_child_fn(void *arg, uint32_t child, taddr addr);

/** Visit the children map as it is. */
void ctx_children_each(const struct model *m, uint32_t i, uint64_t max, ctx_child_fn *fn, void *arg,
		       struct gomap_state *state_ret);

enum ctx_done {
	CTX_DONE_NONE, /* not made: nobody has called Done yet */
	CTX_DONE_OPEN,
	CTX_DONE_CLOSED,
	CTX_DONE_SHARED, /* context.closedchan: cancelled before anybody called Done */
	CTX_DONE_UNREADABLE,
};

/** State of the done channel; *receivers_ret: how many goroutines are parked on it, 0 when the
 * channel is none or unreadable. */
enum ctx_done ctx_done_state(const struct model *m, uint32_t i, uint64_t *receivers_ret);

/** Nearest context at or above @p i that has an err of its own (cancel, timer, after_func),
 * CTX_NONE. */
uint32_t ctx_canceler(const struct model *m, uint32_t i);

/** The k-th task parked on context @p i (0 … tasks-1): index into m->tasks.list. */
static inline uint32_t ctx_task(const struct model *m, uint32_t i, uint32_t k)
{
	return m->ctx_tasks.v[m->ctxs.v[i].first_wait + k];
}

/** How a context hangs on its parent. */
enum ctx_edge {
	CTX_EDGE_NONE,	    /* it has no parent */
	CTX_EDGE_CHILDREN,  /* the parent's children map holds it */
	CTX_EDGE_EMBEDDED,  /* it only embeds the parent */
	CTX_EDGE_AFTERFUNC, /* the parent cancels it by its AfterFunc method */
	CTX_EDGE_WATCHER,   /* a goroutine waits on the parent and cancels it */
};
enum ctx_edge ctx_edge(const struct model *m, uint32_t i);

/** "children", "embedded", "afterfunc", "watcher" (JSON edge via); NULL for CTX_EDGE_NONE. */
const char *ctx_edge_via(const struct model *m, uint32_t i);

/** Is a goroutine of package context parked on its done channel, which passes on to it what ends a
 * parent of another type? */
bool ctx_has_watcher(const struct model *m, uint32_t i);

/** What can be wrong inside of one context, or between it and the one above. */
enum ctx_problem {
	PROBLEM_NONE,	     /* parts agree */
	PROBLEM_UNREAD,	     /* could not look */
	PROBLEM_LOOP,	     /* its parents form a loop */
	PROBLEM_WILD_PARENT, /* its parent word leads to no context */
	PROBLEM_STRANGER,    /* a map holds it that is not that of its canceling ancestor */
	PROBLEM_MISSING,     /* active, and the map of its canceling ancestor does not hold it */
	PROBLEM_SPARED,	     /* active, and its canceling ancestor is not */
	PROBLEM_DEAF,  /* the same, but a type of its own lies between that need not pass it on: no
			  damage */
	PROBLEM_STALE, /* cancelled, and a map still holds it */
	PROBLEM_DONE_OPEN,   /* err set, done not closed */
	PROBLEM_DONE_CLOSED, /* err nil, done closed */
	PROBLEM_RECEIVERS,   /* done closed, receivers still parked on it */
	PROBLEM_KEPT_MAP,    /* cancelled, and its children map is still there */
	PROBLEM_COUNT,	     /* its map's count word is n, and m entries were found */
	PROBLEM_WILD_CHILD,  /* n entries of its map are no contexts */
	PROBLEMS
};

/** What agrees (PROBLEM_NONE), and what could not be read (PROBLEM_UNREAD). */
enum ctx_part {
	PART_OWN_MAP,	/* its parent's map holds it */
	PART_MAP,	/* the map of `other` does */
	PART_AFTERFUNC, /* its parent cancels it by AfterFunc */
	PART_WATCHER,	/* a goroutine passes its parent's cancellation on */
	PART_DONE,	/* err and done */
	PART_CHILDREN,	/* its children map; n: some of it was read */
	PART_WORDS,	/* words of its own */
};

/** One thing found when the parts of a context were compared. */
struct ctx_issue {
	enum ctx_problem problem;
	bool changing;	  /* a lock that excuses it was held: caught in the middle of a change */
	uint8_t done;	  /* enum ctx_done, of PART_DONE and PROBLEM_DONE_OPEN */
	uint8_t part;	  /* enum ctx_part, of PROBLEM_NONE and _UNREAD */
	uint32_t context; /* which one */
	uint32_t other;	  /* the ancestor or map's owner it does not fit, CTX_NONE */
	uint64_t n, m;	  /* PROBLEM_RECEIVERS: n are parked; others as said above */
};
typedef void ctx_issue_fn(void *arg, const struct ctx_issue *issue);

/** Does its parent word lead to no context, as far as the model knows? */
bool ctx_parent_wild(const struct ctx *c);

/** All of one context; looks through the map of its canceling ancestor. */
void ctx_checks(const struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg);

/*
 * The same in parts, for those that look at all contexts: contexts with an err of their own only
 * (ctx_canceler(m, i) == i).
 */

/** What is above a context. */
struct ctx_above {
	uint32_t canceler; /* nearest one above that has an err of its own, CTX_NONE */
	bool foreign;	   /* a custom type or stop context lies between */
	bool held;	   /* the canceler's map holds the context */
};
struct ctx_above ctx_above(const struct model *m, uint32_t i);
void ctx_check_parent(const struct model *m, uint32_t i, const struct ctx_above *above,
		      ctx_issue_fn *fn, void *arg);
void ctx_check_done(const struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg);
/** @p each (may be NULL) sees every entry of its children map. */
void ctx_check_children(const struct model *m, uint32_t i, ctx_child_fn *each, void *each_arg,
			ctx_issue_fn *fn, void *arg);

#endif
