/**
 * @file  Contexts that end with the program alone, told by their place in the tree: very few
 * siblings below a root or below another such context, and ten or more goroutines and contexts that
 * hang on them.  The context of main, that of a server's base, signal.NotifyContext's.
 */
#ifndef GOCTX_ANALYSIS_PROGRAMS_H
#define GOCTX_ANALYSIS_PROGRAMS_H

#include "context/model.h"

/** By context: 1 it is one, else 0.  free() it.  Cost: linear in the contexts. */
uint8_t *programs_find(const struct model *m);

/** Nearest context above with a Done of the library's, or a root; CTX_NONE when what lies between
 * may end it in a way of its own. */
uint32_t programs_above(const struct model *m, uint32_t i);

/** Is it Background, TODO, or cut off from what lies above? */
bool programs_is_root(const struct ctx *c);

/** Does the context's own Done end with the program alone?  @p program: of programs_find() */
bool programs_ends(const struct model *m, const uint8_t *program, uint32_t i);

#endif
