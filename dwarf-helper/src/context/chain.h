/**
 * @file  One context and what it is made on, without the rest of the model.
 *
 * For questions about a single value while a program is being stepped through: neither goroutines
 * nor the heap are read, only the context's own words, its ancestors' and the count of its children
 * map.
 */
#ifndef GOCTX_CONTEXT_CHAIN_H
#define GOCTX_CONTEXT_CHAIN_H

#include "context/model.h"

/**
 * Read the context at @p addr and its ancestors.  Its type is @p rtype or, where that is 0, the one
 * called @p name: that of the struct, with the path of its package, a star in front or not
 * ("context.cancelCtx").
 * @param m  of the same target; not changed.  What is learnt of its types is kept in m->chain from
 * call to call
 * @param ret  a model that knows these contexts alone: no goroutines, no children; belongs to
 * m->chain, until the next call
 * @param index_ret  of the context in *ret
 * @return NULL; ERR_ABSENT: no context type, or what is there is none
 * Cost: a pass over the itabs (ms) for the first, then some reads a generation.
 */
struct err *chain_read(const struct model *m, taddr addr, taddr rtype, const char *name,
		       const struct model **ret, uint32_t *index_ret);

/** Empty: the first chain_read() fills it.  Called by model_build() and model_free(). */
struct chain *chain_new(void);
void chain_free(struct chain *c);

/** Does the type have that name of its struct, with a star in front or not? */
bool ctx_type_is(const struct ctx_type *t, const char *name);

#endif
