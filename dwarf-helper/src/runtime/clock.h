/**
 * @file  What time it was when the target was taken.
 *
 * A process: asked directly.  A core: the runtime's own stamps give a lower bound of
 * CLOCK_MONOTONIC (last netpoll, last look of sysmon at each P, start of the last collection,
 * newest waitsince); the collector's pair last_gc_unix/last_gc_nanotime ties it to the wall clock
 * when at least one collection has run.
 */
#ifndef GOCTX_RUNTIME_CLOCK_H
#define GOCTX_RUNTIME_CLOCK_H

#include "runtime/task.h"

struct clock_now {
	int64_t mono_ns;  /* best estimate of CLOCK_MONOTONIC, 0 not known */
	int64_t wall_ns;  /* Unix time, 0 not known */
	bool exact;	  /* read from the system, not estimated */
	const char *from; /* "the process", "the runtime's clock", "the core file's date" */
};

void clock_read(struct runtime *rt, const struct tasks *ts, struct clock_now *ret);

/** Something happened @p since_start_ns after time.startNano: it was at least that late.  Ignored
 * when implausibly far ahead. */
void clock_raise(struct clock_now *now, int64_t since_start_ns, int64_t start_nano);

/** How long a task has waited at least, ns; -1 not known. */
int64_t clock_wait_ns(const struct clock_now *now, const struct task *t);

/** A decoded time.Time (time/time.go). */
struct go_time {
	int64_t unix_ns; /* saturates outside 1678…2262 */
	int64_t unix_s;
	int32_t nsec;
	bool mono;	 /* has a monotonic reading */
	int64_t mono_ns; /* since the process's time.startNano */
};

/** Decode the three words of a time.Time at @p addr.  @return false when unreadable. */
bool go_time_read(struct runtime *rt, taddr addr, struct go_time *ret);

#endif
