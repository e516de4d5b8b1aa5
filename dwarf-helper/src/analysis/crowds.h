/**
 * @file  The largest groups of alike goroutines and contexts that no finding names: facts, no
 * accusation.
 *
 * Goroutines are alike when they stand in the same function, wait in the same way and were started
 * by the same function; contexts when the kinds from the root down are the same (leak_ctx.chain)
 * and so is their state.  Left out are goroutines of the runtime and those known to wait all their
 * life (exempt.c), contexts without a Done of their own, and whatever a finding above info is
 * about, the contexts above that included.
 */
#ifndef GOCTX_ANALYSIS_CROWDS_H
#define GOCTX_ANALYSIS_CROWDS_H

#include "analysis/leaks.h"

#define CROWD_MIN 20 /* members; fewer are not mentioned */
#define CROWDS_MAX 3 /* how many groups are mentioned */

/**
 * Fill findings.crowds, largest first.  Runs after all rules.  Linear in goroutines and contexts;
 * names are compared once a pair of frames.
 */
void crowds_find(struct leaks *l);

#endif
