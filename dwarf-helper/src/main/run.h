/**
 * @file  One command on one session: model, answer, words of errors, exit status.
 */
#ifndef GOCTX_MAIN_RUN_H
#define GOCTX_MAIN_RUN_H

#include "main/options.h"

/** Exit statuses of the contract. */
enum {
	EXIT_DONE = 0,
	EXIT_FAIL_ON = 1,
	EXIT_WRONG_USE = 2,
	EXIT_NO_TARGET = 3,
	EXIT_DAMAGED = 4,
	EXIT_INTERRUPTED = 130
};

/** Status that an error comes to; the only place that knows. */
int exit_of(const struct err *e);

/** Options of the command line, as hints name them, become what does the same in GDB. */
void hint_for_gdb(struct err *e);

/** "goctx: …" and "hint: …", one line each, into @p out. */
void error_words(const struct err *e, struct buf *out);

/**
 * Answer into @p sink (flushed); a sink that refuses changes nothing of the status.  A process that
 * is still held is let go when this returns, unless somebody else holds it.
 * @return NULL with *status_ret EXIT_DONE, EXIT_FAIL_ON or EXIT_DAMAGED, or the error
 */
struct err *run_command(struct session *s, const struct invocation *inv, buf_sink *sink,
			void *sink_arg, int *status_ret);

/** Help, version and the page of records as `inv` asks for them.  @return false: it asks for a
 * report. */
bool run_help(const struct invocation *inv, struct buf *out);

#endif
