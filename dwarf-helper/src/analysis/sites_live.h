/**
 * @file  How many live contexts each call in the code has probably made.
 *
 * As for findings (likely.h), with what is known of every context at little cost: a function that
 * holds it, who started the goroutines that wait for it and where they wait, the type of its key.
 * It is counted where one call alone is left over, in these functions, next to them, in their
 * packages, or in the whole program, libraries included.  What the heap profile has sampled needs
 * no guess (made.h).
 */
#ifndef GOCTX_ANALYSIS_SITES_LIVE_H
#define GOCTX_ANALYSIS_SITES_LIVE_H

#include "analysis/likely.h"

struct site_count {
	uint64_t live;	  /* contexts that have not ended and were probably made there */
	uint64_t sampled; /* of them those of which a record of the heap profile proves it */
};

/**
 * @param count_ret     one a site of @p sites, zeroed
 * @param contexts_ret  how many live contexts there are that such a call makes, counted for one or
 * not
 * Cost: one look at the live words of all stacks, 0.1 us a frame, and 20 ns a context.
 * @return NULL, ERR_CANCELED
 */
struct err *sites_live(const struct model *m, const struct call_sites *sites,
		       struct site_count *count_ret, uint64_t *contexts_ret);

#endif
