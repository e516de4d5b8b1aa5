/**
 * @file  Which goroutines a command is about: --status, --wait, --min-wait, --func, --system.
 */
#ifndef GOCTX_REPORT_TASK_FILTER_H
#define GOCTX_REPORT_TASK_FILTER_H

#include <regex.h>

#include "report/order.h"
#include "report/report.h"

struct task_filter {
	const struct options *opt;
	const struct model *m;
	bool has_func;
	regex_t func;
	uint8_t *frames; /* what is known of each frame: 0 nothing yet, 1 matches, 2 does not */
	uint64_t system; /* the runtime's own goroutines left out so far */
};

/** @return NULL, ERR_USAGE: --func is no regular expression */
struct err *task_filter_open(struct task_filter *f, struct report *r);

/** Is the task wanted? */
bool task_filter_pass(struct task_filter *f, const struct task *t);
void task_filter_close(struct task_filter *f);

/** All wanted tasks, by goid.  @return NULL, ERR_USAGE, ERR_CANCELED; free @p ret with
 * order_free() */
struct err *tasks_wanted(struct report *r, struct order *ret, uint64_t *system_ret);

/** Number of a goroutine as typed to its index.  @return NULL, ERR_USAGE */
struct err *arg_task(struct report *r, const char *arg, uint32_t *ret);

/** "12 of 52 113 tasks (6 of the runtime left out: --system)": the last line of listings. */
void tasks_footer(struct report *r, uint64_t shown, uint64_t system);

#endif
