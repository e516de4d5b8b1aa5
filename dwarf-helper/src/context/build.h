/**
 * @file  Making a model of what is in a runtime, and freeing it.
 */
#ifndef GOCTX_CONTEXT_BUILD_H
#define GOCTX_CONTEXT_BUILD_H

#include "context/model.h"

/** What to read. */
struct model_options {
	bool no_tasks;	  /* leave the goroutines out (layout-like commands) */
	bool no_contexts; /* goroutines only: `tasks --group wait`, `bt` */
};

/**
 * Read goroutines and contexts.
 * Damage is noted in rt->notes and never hides the rest, were it all of it.
 * @return NULL, ERR_CANCELED
 */
struct err *model_build(struct runtime *rt, const struct model_options *opt, struct model *ret);
void model_free(struct model *m);

#endif
