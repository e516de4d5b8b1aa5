/**
 * @file  How contexts and tasks are called on a person's screen: one place where the words are
 * decided.
 */
#ifndef GOCTX_REPORT_WORDS_H
#define GOCTX_REPORT_WORDS_H

#include "analysis/gap.h"
#include "context/view.h"
#include "report/text.h"

/** "context.(*cancelCtx)" for "*context.cancelCtx". */
void word_type(struct buf *out, const char *go_type);

/** What to ask ctx_view_read() for: @p want, and with VIEW_PAIR the values themselves unless
 * --redact was given. */
unsigned word_view(const struct options *opt, unsigned want);

/** "0xc000126000", "Background", "TODO". */
void word_addr(struct buf *out, const struct model *m, uint32_t i);

/** "WithCancel 0xc000126000", "Background". */
void word_ctx(struct buf *out, const struct model *m, uint32_t i);

/** "active", "unknown": the state alone, and the colour that goes with it. */
const char *word_state(uint8_t state);
enum style word_state_style(uint8_t state);

/** What goes behind "unknown" where there is room: " (Done and Err of its own)"; else nothing. */
void word_why(struct buf *out, const struct ctx_view *v);

/**
 * Needs VIEW_ERR or VIEW_OWN_ERR: `"context canceled", cause "shutting down"`; the cause only when
 * it says more.
 * @return false, nothing written: err is nil or not known
 */
bool word_err(struct buf *out, const struct ctx_view *v);

/**
 * Needs VIEW_DEADLINE and VIEW_CLOCK: "deadline in 9h 58m", "deadline passed 3m 2s ago", "deadline
 * in 3s by bubble 1's clock"; where the clock is not known "deadline 2000-01-01T00:00:05Z". @return
 * false: none of its own, canceled before it, or unreadable.
 */
bool word_deadline(struct buf *out, const struct ctx_view *v);

/** The same without the word "deadline". */
bool word_when(struct buf *out, const struct ctx_view *v);

/** The same without a view. */
bool word_deadline_of(struct buf *out, const struct model *m, uint32_t i);

/**
 * Needs VIEW_PAIR: `app/mw.requestID = "7f3a-11"`, cut to about @p columns columns in all (0: in
 * full); the path of packages goes first.
 * @return false: not a value context
 */
bool word_pair(struct buf *out, const struct ctx_view *v, size_t columns);

/**
 * Needs VIEW_ABOUT: what is worth knowing of a context beyond its state: deadline, or key = value,
 * or the function it calls.
 * @return false: nothing
 */
bool word_about(struct buf *out, const struct ctx_view *v, size_t columns);

/** "cycle: parents form a loop", "damaged", "being changed": NULL when all is well.  @param flags
 * of the context */
const char *word_mark(uint16_t flags);

/** "select", "sleep (durable), bubble 1": state of a goroutine, and the bubble of testing/synctest
 * that it is in. */
void word_task_state(struct buf *out, const struct model *m, const struct task *task);

/** State, age, function and place of a task as four cells of a table; the goid is the caller's. */
void word_task_cells(struct table *t, const struct model *m, const struct task *task);

/** Function of the user's frame, "?" when the stack could not be walked; place "conn.go:88". */
void word_func(struct buf *out, const struct model *m, uint32_t frame);

/** The same without the path of its package: stream.(*Conn).pump. */
void word_func_short(struct buf *out, const struct model *m, uint32_t frame);
void word_place(struct buf *out, const struct model *m, uint32_t frame);

/** Command's limit: the one given, else @p default_limit; 0 becomes UINT64_MAX. */
uint64_t word_limit(const struct options *opt, uint64_t default_limit);

/** What could not be looked at (enum gap), as a sentence without its end: "part of the heap is
 * missing or damaged". */
const char *word_gap(uint8_t gap);

/** The line in place of contexts where there are none; after damage it does not claim that the
 * program made none. */
void word_no_contexts(struct report *r);

#endif
