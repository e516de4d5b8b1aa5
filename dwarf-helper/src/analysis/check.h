/**
 * @file  Inside of `check`: problems as they are met, before they become findings.
 *
 * check.c runs the parts, asks underway.h about what does not fit, and makes one finding of each kind of problem.
 */
#ifndef GOCTX_ANALYSIS_CHECK_H
#define GOCTX_ANALYSIS_CHECK_H

#include "analysis/finding.h"
#include "context/detail.h"

/** Every kind of problem: those of contexts as in detail.h, then those of channels. */
enum check_kind {
	CHECK_CONTEXT = PROBLEM_NONE, /* + enum ctx_problem */
	CHECK_LOST = PROBLEMS,	      /* parked on a channel, and in none of its queues */
	CHECK_QUEUED,		      /* in a queue of a channel on which it does not wait */
	CHECK_LINKS,		      /* a queue's links do not fit */
	CHECK_WAITS,		      /* a goroutine's own list of waits makes no sense */
	CHECK_CLOSED,		      /* a closed channel has waiters */
	CHECK_BUFFER,		      /* receivers wait though there are elements, or senders though there is room */
	CHECK_KINDS
};

/** One problem.  @p text is owned by it. */
struct problem {
	uint8_t kind;	   /* enum check_kind */
	bool changing;	   /* a lock was held, or a goroutine was just being woken */
	uint32_t context;  /* CTX_NONE */
	uint32_t other;	   /* the other context it is about, CTX_NONE */
	uint32_t task;	   /* UINT32_MAX */
	taddr channel;	   /* 0 */
	char *text;
};

#define PROBLEM_TEXTS 64 /* of each kind that keep their text; the others are counted */

struct problems {
	VEC(struct problem) list;
	uint64_t by_kind[CHECK_KINDS];
	uint64_t unread; /* structures that could not be looked at */
};

/** Add one; @p fmt as printf. */
void problem_add(struct problems *ps, struct problem p, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Contexts, their maps and what is above them.  Linear.  @return NULL, ERR_CANCELED */
struct err *check_contexts(struct model *m, struct problems *ps);

/** Queues of all channels that some parked goroutine waits on.  Linear.  @return NULL, ERR_CANCELED */
struct err *check_queues(struct model *m, struct problems *ps);

#endif
