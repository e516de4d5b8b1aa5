/**
 * @file  Inside of `check`: problems as they are met, before they become findings.
 *
 * check.c runs the parts, asks underway.h about what does not fit, and makes one finding of each
 * kind of problem.
 */
#ifndef GOCTX_ANALYSIS_CHECK_H
#define GOCTX_ANALYSIS_CHECK_H

#include "analysis/finding.h"

struct problems {
	VEC(struct problem) list;
	uint64_t by_kind[CHECK_KINDS];
	uint64_t unread; /* structures that could not be looked at */
};

void problem_add(struct problems *ps, struct problem p);

/** Contexts, their maps and what is above them.  Linear.  @return NULL, ERR_CANCELED */
struct err *check_contexts(const struct model *m, struct problems *ps);

/** Queues of all channels that some parked goroutine waits on.  Linear.  @return NULL,
 * ERR_CANCELED */
struct err *check_queues(const struct model *m, struct problems *ps);

#endif
