/**
 * @file  Parts of `tasks` and `bt` that live in files of their own.
 */
#ifndef GOCTX_REPORT_TASKS_H
#define GOCTX_REPORT_TASKS_H

#include "report/lines.h"
#include "report/task_filter.h"

/** `tasks --group`: header and notes included with --json. */
struct err *tasks_grouped(struct report *r, const struct order *tasks, uint64_t limit);

/** `tasks --tree`: by parent goroutine, equal leaves folded. */
struct err *tasks_tree(struct report *r, const struct order *tasks, uint64_t limit);

/** The logical frames of one goroutine's stack. */
struct stack_line {
	taddr pc;
	uint32_t frame; /* index into rt->frames, FRAME_NONE: not in a Go function */
};

struct stack_lines {
	VEC(struct stack_line) v;
	bool complete; /* walked to the end */
	bool started;  /* false: where it starts is not known */
	bool cut;      /* it goes on, STACK_MAX_FRAMES are walked */
};

/** Walk and expand inlined frames; reuses the memory of @p ret, which is zero-initialised before
 * its first use. */
void stack_read(struct runtime *rt, const struct task *t, struct stack_lines *ret);
void stack_lines_free(struct stack_lines *s);

/** Is its creator known?  False for the main goroutine, which the runtime's assembly starts. */
bool has_creator(const struct model *m, const struct task *t);

/** "select, 41h" or "running": state and age of one goroutine. */
void word_state_age(struct buf *out, const struct model *m, const struct task *t);

#endif
