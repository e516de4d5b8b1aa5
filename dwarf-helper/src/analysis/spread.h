/**
 * @file  How alike goroutines are spread over the life of the program: made at once, as a pool is,
 * or one by one, as what is forgotten is.
 *
 * Goroutine ids grow with time (runtime/proc.go: newproc1, sched.goidgen); each P takes 16 of them
 * in advance, so ids of one loop can lie in several such batches.  A pool's neighbours live.  Of
 * goroutines that are left over, those made between them have ended.
 */
#ifndef GOCTX_ANALYSIS_SPREAD_H
#define GOCTX_ANALYSIS_SPREAD_H

#include "context/model.h"

struct spread {
	uint64_t first, last; /* goids */
	uint64_t quarter; /* a quarter of them have goids up to this one: the very first may come
			     from a P that took its goids long before it used them */
	uint64_t one_in;  /* of so many goroutines made from the first to the last, one is one of
			     them */
	uint32_t gone;	  /* whose starter's call has returned: the goroutine has ended, or the
			     function with the go statement is not on its stack any more */
	uint32_t untold;  /* of which that is not known: before Go 1.21, or a stack that cannot be
			     read */
	bool over_time;	  /* most of their neighbours have ended, or there are long gaps */
};

/** What all questions share; zero-initialise. */
struct spreads {
	uint64_t *goids; /* of all goroutines, ascending */
	size_t n;
	struct u64map by_goid; /* goroutine */
	struct u64map
		starters; /* goroutine and go statement -> 1 on its stack, 2 not, 3 not known */
};

/**
 * @p tasks: indices.
 * Cost: the first question sorts all goids; then linear, and a walk of each starter's stack (1 us a
 * frame), once.
 */
void spread_find(const struct model *m, struct spreads *all, const uint32_t *tasks, size_t n,
		 struct spread *ret);
void spreads_free(struct spreads *all);

#endif
