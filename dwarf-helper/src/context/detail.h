/**
 * @file  One context in depth, read from the target when asked for.
 */
#ifndef GOCTX_CONTEXT_DETAIL_H
#define GOCTX_CONTEXT_DETAIL_H

#include "base/buf.h"
#include "context/model.h"
#include "runtime/gomap.h"

/**
 * "context.Background.WithCancel.WithValue(app/mw.requestID).WithCancel" into @p out.  Long chains (more than 24 elements) keep head and tail:
 * ".(8170 more)." in between.
 */
void ctx_name(struct model *m, uint32_t i, struct buf *out);

/** ctx.Err() as text; kinds without one of their own take their canceling ancestor's.  @return false: nil. */
bool ctx_err(struct model *m, uint32_t i, struct buf *out);

/** context.Cause(ctx) as text.  @return false: nil. */
bool ctx_cause(struct model *m, uint32_t i, struct buf *out);

/** Own deadline of a timer context.  @return false: not a timer, or unreadable. */
bool ctx_deadline(struct model *m, uint32_t i, struct go_time *ret);

/** Time left until its own deadline at the moment the target was taken (negative: passed).  @return false when not known. */
bool ctx_deadline_left(struct model *m, uint32_t i, int64_t *ns_ret);

/** Key of a value context as text: type alone for empty structs ("app/mw.requestID"), else the value ("main.ctxKey(3)", "\"user\""). */
bool ctx_key(struct model *m, uint32_t i, struct buf *out);

/** Value of a value context as text; "string (redacted)" when m->redact is set. */
bool ctx_value(struct model *m, uint32_t i, struct buf *out);

/** Function of an after_func context ("main.cleanup"), or of a cancel function known; false: none. */
bool ctx_func(struct model *m, uint32_t i, struct buf *out);

/** Address of the children map (hmap, maps.Map), 0: nil; false: the kind has none or it is unreadable. */
bool ctx_children_map(struct model *m, uint32_t i, taddr *ret);

/** One entry of a children map: the context (CTX_NONE when it is none we know) and its address.  @return false to stop. */
typedef bool ctx_child_fn(void *arg, uint32_t child, taddr addr);

/** Visit the children map as it is. */
void ctx_children_each(struct model *m, uint32_t i, uint64_t max, ctx_child_fn *fn, void *arg, struct gomap_state *state_ret);

/** Done channel: 'n' none made, 'o' open, 'c' closed, 'g' context.closedchan, '?' unreadable; receivers parked on it into *receivers_ret. */
char ctx_done_state(struct model *m, uint32_t i, uint64_t *receivers_ret);

/** Nearest context at or above @p i that has an err of its own (cancel, timer, after_func), CTX_NONE. */
uint32_t ctx_canceler(const struct model *m, uint32_t i);

/** The k-th task parked on context @p i (0 … tasks-1): index into m->tasks.list. */
static inline uint32_t ctx_task(const struct model *m, uint32_t i, uint32_t k)
{
	return m->ctx_tasks.v[m->ctxs.v[i].first_wait + k];
}

/** How the context hangs on its parent: "children", "embedded", "afterfunc" or "watcher" (JSON edge via). */
const char *ctx_edge_via(struct model *m, uint32_t i);

/** One sentence each about what does not fit (parent's map lacks it, err set but done open …).  @return how many were told. */
typedef void ctx_issue_fn(void *arg, bool good, const char *text);
unsigned ctx_checks(struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg);

#endif
