/**
 * @file  Could anybody notice a context's end: does anything refer to it but its CancelFuncs and
 * its parent's map of children?
 *
 *     CancelFunc, callback of its timer   {code, *cancelCtx}: cancels it, never asks it
 *     map of children                     its keys are interfaces context.canceler of two words
 *                                         (context/context.go: cancelCtx.children)
 *     another context                     its parent, or one made on it: who looks at that one is
 *                                         another question
 *     all else                            sees it
 *
 * Cost: one pass over the words of all objects that are reached and hold pointers, about 1 ns a
 * word, on two threads when the heap is large.
 */
#ifndef GOCTX_ANALYSIS_SEEN_H
#define GOCTX_ANALYSIS_SEEN_H

#include "analysis/leaks.h"

/**
 * Which of @p contexts does an object see?  Stacks are not looked at (LEAK_ON_STACK).
 * @param seen_ret  by position in the array, zero at first; set to 1
 * @return NULL, ERR_CANCELED
 */
struct err *leak_seen(struct leaks *l, const uint32_t *contexts, size_t n, uint8_t *seen_ret);

/**
 * Are all of a sample of @p contexts (ascending by address) seen by large objects, or by objects
 * that lie near them?  What is made together lies together, so in this way most of those who need
 * not be asked about are told from a part of the heap; false tells nothing.
 */
struct err *leak_seen_near(struct leaks *l, const uint32_t *contexts, size_t n, bool *all_ret);

#endif
