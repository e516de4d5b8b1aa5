/**
 * @file  `goctx trace` of GDB: GDB stops the program at what happens to its contexts, and this says
 * what that was.
 *
 * One trace a helper, from @trace to @traced; requests between GDB and the helper, nothing that
 * people type.
 *
 *   @trace [--context ADDR] [--func REGEX] [--stop-on EVENT] [--count N] [--to FILE]
 *         begins one, in place of one that never ended; prints the line that says so
 *   @event EVENT TIME_NS GOID CONTEXT PARENT HOW FUNC FILE LINE KEY ERR CAUSE
 *         EVENT as of event_name(), times and numbers decimal, addresses with 0x, PARENT also
 * "background" or "todo", texts as they are; an empty word is what is not known.  Prints the event,
 * or appends it to FILE.  Answered without a look at the target: exit status 1 asks GDB to stop the
 * program here, because of --stop-on or
 *         --count
 *   @traced HITS SPENT_NS LOST
 *         ends it: sums by call site, what the trace did cost, and how many events could not be
 * read; the sums go to FILE, too
 */
#ifndef GOCTX_REPORT_TRACE_H
#define GOCTX_REPORT_TRACE_H

#include <regex.h>

#include "analysis/journal.h"
#include "report/report.h"

/** The trace under way.  Zero-initialise; trace_end() at the end. */
struct trace {
	bool under_way;
	struct journal journal;
	bool has_func;
	regex_t func;
	int stop_on;	       /* enum event_kind, -1 none */
	uint64_t count, shown; /* events after which the program stops, 0: none; printed so far */
	int fd;		       /* of FILE, with `file` not NULL */
	char *file;
	int write_error; /* errno of the first failed write to it, 0 */
};

/** End it without a word. */
void trace_end(struct trace *t);

#endif
