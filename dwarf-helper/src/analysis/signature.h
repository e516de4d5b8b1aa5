/**
 * @file  Signatures: one number for "the same suspect", equal across cores of the same program.
 *
 * Made of names alone: of rules, functions, types and kinds of contexts.  Addresses (the heap is
 * placed at random), goroutine ids, counts, ages and lengths of chains never enter, nor do line
 * numbers: an edit above a function does not make its leak a new one.
 */
#ifndef GOCTX_ANALYSIS_SIGNATURE_H
#define GOCTX_ANALYSIS_SIGNATURE_H

#include "context/model.h"

#define SIGN_START UINT64_C(0xcbf29ce484222325)

/** Add a word; NULL counts as an empty one.  The order of words counts. */
uint64_t sign_word(uint64_t hash, const char *word);

/** Add a function's name (index into rt->frames, FRAME_NONE counts as ""). */
uint64_t sign_frame(uint64_t hash, const struct model *m, uint32_t frame);

/**
 * Add the kinds of contexts from the root down to @p i, with the types of value keys: repetitions
 * (a chain that grows, a loop that nests) count twice at most.  Linear in the depth, bounded.
 */
uint64_t sign_chain(uint64_t hash, const struct model *m, uint32_t i);

#endif
