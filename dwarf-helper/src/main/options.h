/**
 * @file  The command line as a struct: target, command, options, checked.
 *
 *     goctx [TARGET] COMMAND [OPTIONS] [ARGUMENTS]
 *
 * Options may stand before or after the arguments; target options before or after the command.  On
 * top of getopt_long.
 */
#ifndef GOCTX_MAIN_OPTIONS_H
#define GOCTX_MAIN_OPTIONS_H

#include "main/commands.h"
#include "main/session.h"

/** One parsed line; strings point into argv. */
struct invocation {
	const struct command *command; /* NULL with `version` set, or with `help`: the overview */
	bool help;		       /* show help of `command` instead of running it */
	bool version;
	bool table; /* print main/table.h instead */
	struct options opt;
	struct session_options target;
};

/**
 * Parse.  @p argv[0] is skipped; argv may be permuted.
 * @param serve  a request to a running helper: target options and nested `serve` are refused,
 * output defaults do not look at our own stdout
 * @return NULL or ERR_USAGE with a hint
 */
struct err *options_parse(int argc, char **argv, bool serve, struct invocation *ret);

/** The words of a shell's command line that name the target again, each with a space before it. */
void options_target(const struct session_options *t, struct buf *out);

/** "1h30m", "90s", "250ms", "2d", "0" to ns.  @return false when it is none. */
bool parse_duration(const char *s, int64_t *ns_ret);

#endif
