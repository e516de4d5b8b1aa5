/**
 * @file  One thing that does not fit together: what `check` found, as data.
 */
#ifndef GOCTX_ANALYSIS_PROBLEM_H
#define GOCTX_ANALYSIS_PROBLEM_H

#include "context/detail.h"

/** Every kind of problem: those of contexts as in detail.h, then those of channels. */
enum check_kind {
	CHECK_CONTEXT = PROBLEM_NONE, /* + enum ctx_problem */
	CHECK_LOST = PROBLEMS,	      /* parked on a channel, and in none of its queues */
	CHECK_QUEUED, /* in a queue of a channel on which it does not wait; task TASK_NONE: an entry
			 of no goroutine */
	CHECK_LINKS,  /* a queue's links do not fit */
	CHECK_WAITS,  /* a goroutine's own list of waits does not fit its state */
	CHECK_CLOSED, /* a closed channel has n waiters */
	CHECK_BUFFER, /* n receivers wait though there are m elements; senders: n wait though there
			 is room for m */
	CHECK_KINDS
};

struct problem {
	uint8_t kind;  /* enum check_kind */
	bool changing; /* a lock was held, or a goroutine was just being woken: no damage */
	bool senders;  /* CHECK_BUFFER */
	uint32_t task; /* TASK_NONE */
	taddr channel; /* 0 */
	uint64_t n, m;
	struct ctx_issue issue; /* of contexts; issue.context CTX_NONE for others */
};

#endif
