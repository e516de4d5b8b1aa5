/**
 * @file  Bubbles of testing/synctest: goroutines with a clock of their own, which stands while one
 * of them can run.
 *
 * runtime/synctest.go: type synctestBubble since 1.25, synctestGroup in 1.24
 * (GOEXPERIMENT=synctest).  A goroutine, a channel (since 1.25) and a timer know the bubble they
 * were made in.  The clock begins at midnight UTC 2000-01-01.
 */
#ifndef GOCTX_RUNTIME_BUBBLE_H
#define GOCTX_RUNTIME_BUBBLE_H

#include "runtime/task.h"

struct bubble {
	uint64_t id; /* "synctest bubble 1" in Go's traceback; in 1.24 the number of the goroutine
			that called synctest.Run */
	int64_t now_ns; /* its clock: Unix time */
};

/** Read the bubble at @p addr.  @return false: 0, unreadable, or not a bubble */
bool bubble_read(struct runtime *rt, taddr addr, struct bubble *ret);

/** Address of the bubble of a goroutine, a channel; 0: none, or not known. */
taddr bubble_of_task(struct runtime *rt, const struct task *t);
taddr bubble_of_chan(struct runtime *rt, taddr chan);

enum bubble_timer { TIMER_UNTOLD, TIMER_REAL, TIMER_FAKE };

/**
 * Which clock does a *time.Timer run by?
 * @param[out] bubble_ret  of a TIMER_FAKE that is armed: its bubble; else 0
 * @return TIMER_UNTOLD: nil, unreadable, or a release that does not say
 */
enum bubble_timer bubble_of_timer(struct runtime *rt, taddr timer, taddr *bubble_ret);

#endif
