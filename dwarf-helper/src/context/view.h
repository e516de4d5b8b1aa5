/**
 * @file  What an answer says of one context, read at one place.
 *
 * A view has the facts of the model at once and those of the target's memory that the caller asked
 * for.  The commands that list, draw or describe contexts read views; the graph itself (who hangs
 * below whom) they walk in the model.
 */
#ifndef GOCTX_CONTEXT_VIEW_H
#define GOCTX_CONTEXT_VIEW_H

#include "context/detail.h"

/** What to read from the target. */
enum {
	VIEW_ERR = 1, /* err and cause, of contexts that are not known to be alive */
	VIEW_OWN_ERR =
		2, /* the same, only when the context was canceled itself, not with one above it */
	VIEW_DEADLINE = 4, /* deadline and time left, of timer contexts */
	VIEW_CLOCK = 8,	   /* the clock that deadline is measured by */
	VIEW_PAIR = 16, /* key and the type of the value ("string (redacted)"), of value contexts */
	VIEW_CALLS = 32, /* the function that an AfterFunc calls */
	VIEW_VALUE = 64, /* with VIEW_PAIR: the value itself, which may be a secret */
	VIEW_ABOUT = VIEW_DEADLINE | VIEW_CLOCK | VIEW_PAIR | VIEW_CALLS,
};

/** Zero-initialise; one view serves any number of contexts, one after the other. */
struct ctx_view {
	/* of the model; texts belong to it */
	uint32_t index, parent; /* CTX_NONE: a root */
	uint32_t depth, below, children, tasks, tasks_below, first_child;
	uint16_t type, flags;
	uint8_t kind, state;
	taddr addr, done;
	bool cuts, own_done, own_err;	 /* ctx_cuts(), ctx_own_done(), ctx_own_err() */
	const char *go_type, *full_type; /* NULL not known */

	/* of the target, as asked for; false: none, or it could not be read */
	bool has_err, has_cause, has_deadline, has_left, has_key, has_value, has_calls;
	struct buf err, cause, key, value, calls; /* empty unless the context has one */
	taddr value_at; /* where the value points to, unless `value` has that address; else 0 */
	struct go_time deadline;
	int64_t left_ns;
	bool bubbled; /* the deadline is one of bubble number `bubble` */
	uint64_t bubble;
};

/**
 * Fill it with context @p i.
 * @param want  VIEW_*
 * Cost: 20 ns without wishes.
 */
void ctx_view_read(struct ctx_view *v, const struct model *m, uint32_t i, unsigned want);
void ctx_view_free(struct ctx_view *v);

#endif
