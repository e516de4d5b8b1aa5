/**
 * @file  How many live contexts each call in the code has probably made.
 *
 * As for findings (likely.h), with what is known of every context at little cost: a function that
 * holds it, who started the goroutines that wait for it and where they wait, the type of its key.
 * It is counted where one call alone is left over, in these functions, next to them, in their
 * packages, or in the whole program, libraries included.
 */
#ifndef GOCTX_ANALYSIS_SITES_LIVE_H
#define GOCTX_ANALYSIS_SITES_LIVE_H

#include "analysis/likely.h"

/**
 * @param live_ret  one number a site of @p sites
 * Cost: one look at the live words of all stacks, 0.1 us a frame, and 20 ns a context.
 * @return how many live contexts there are that such a call makes, counted for one or not
 */
uint64_t sites_live(const struct model *m, const struct call_sites *sites, uint64_t *live_ret);

#endif
