/**
 * @file  Goroutines of one rule, put together by function and go statement: what a person calls the
 * same goroutine.
 */
#ifndef GOCTX_ANALYSIS_TASK_SETS_H
#define GOCTX_ANALYSIS_TASK_SETS_H

#include "analysis/leaks.h"

struct task_set {
	VEC(uint32_t) tasks;
	uint64_t bytes;	  /* their stacks and g's */
	uint32_t context; /* given with the first of them */
};

struct task_sets {
	VEC(struct task_set) list;
	struct u64map index;
};

/** Put a goroutine into the set of its function, go statement and @p extra.  @return the set, valid
 * until the next call */
struct task_set *task_sets_add(struct leaks *l, struct task_sets *s, uint32_t task, uint64_t extra,
			       uint32_t context);
void task_sets_free(struct task_sets *s);

/**
 * Join sets of one cause: one was started by the function that another stands in (a supervisor
 * waits for its workers), or both wait on the same contexts (a watcher and the worker it watches
 * for).  The largest leads: its goroutines come first.
 */
void task_sets_join(struct leaks *l, struct task_sets *s);

/** Name of the function it stands in, of the one that started it; "?". */
const char *task_func(const struct model *m, uint32_t task);
const char *task_maker(const struct model *m, uint32_t task);

/** Fill in counts, bytes, the evidence that all findings of goroutines have, and `goctx bt`.  The
 * caller adds the goroutines (leak_add_task()) and signs. */
void task_set_evidence(struct leaks *l, struct finding *f, const struct task_set *s);

/** Give the finding the contexts that they wait on, each once; the first is the one to ask
 * about. */
void task_set_contexts(struct leaks *l, struct finding *f, const struct task_set *s);

/** The context that it is parked on, CTX_NONE. */
uint32_t task_context(const struct model *m, uint32_t task);

#endif
