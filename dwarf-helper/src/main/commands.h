/**
 * @file  The commands: one table that holds names, words of help, options and functions.
 *
 * Everything that a person can type is in commands.c: adding a command means adding a row there.
 * Help texts are made from the table, so they cannot disagree with what the parser accepts.
 */
#ifndef GOCTX_MAIN_COMMANDS_H
#define GOCTX_MAIN_COMMANDS_H

#include "analysis/rules.h"
#include "report/report.h"

/** Every option of every command. */
enum option_id {
	OPT_CORE,
	OPT_EXE,
	OPT_PID,
	OPT_DEBUG,
	OPT_NO_STOP,
	OPT_MEM_FD,
	OPT_PROXY,
	OPT_HELP,
	OPT_VERSION,
	OPT_JSON,
	OPT_COLOR,
	OPT_WIDTH,
	OPT_LIMIT,
	OPT_DEPTH,
	OPT_NO_FOLD,
	OPT_TASKS,
	OPT_NO_TASKS,
	OPT_VALUES,
	OPT_REDACT,
	OPT_KIND,
	OPT_STATE,
	OPT_MIN_CHILDREN,
	OPT_SORT,
	OPT_STATUS,
	OPT_WAIT,
	OPT_MIN_WAIT,
	OPT_FUNC,
	OPT_SYSTEM,
	OPT_GROUP,
	OPT_TREE,
	OPT_MIN_CONFIDENCE,
	OPT_FAIL_ON,
	OPT_PATHS,
	OPT_CONTEXT,
	OPT_STOP_ON,
	OPT_STOP_AFTER,
	OPT_TO,
	OPT_ALL,
	OPT_COUNT
};

#define OPT_BIT(o) (UINT64_C(1) << (o))

struct option_info {
	const char *name; /* "min-wait" */
	const char *arg;  /* "DURATION", NULL for a switch */
	const char *help; /* one line */
};
extern const struct option_info option_infos[OPT_COUNT];

enum command_kind {
	COMMAND_REPORT, /* run() on a model */
	COMMAND_SERVE,
	COMMAND_HELP,
	COMMAND_TABLE, /* main/table.h */
	COMMAND_PAGE,  /* the reference page of records; no target */
};

/** Values of --color. */
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/** Which parts of the model a command's text needs (with --json the header counts everything, so
 * all is read). */
enum {
	NEED_TASKS = 1,
	NEED_CONTEXTS = 2,
	NEED_NO_TARGET = 4 /* not even an open one: no model in the report */
};

struct command {
	const char *name;
	const char
		*typed; /* a request: the command of GDB that asks it, for errors; NULL: the name */
	const char *args;    /* "[CTX]", "GOID|all", "" */
	const char *summary; /* one line for the overview, lower case */
	const char *about;   /* a few sentences for its own help */
	const char *example; /* what follows the target on the command line */
	uint64_t options;    /* OPT_BIT()s beside the common and the target options */
	uint8_t min_args, max_args;
	uint8_t kind; /* enum command_kind */
	uint8_t needs;
	uint8_t first_rule, end_rule; /* enum finding_rule: those its help lists, from the first up
					 to the end */
	struct err *(*run)(struct report *r);
};
extern const struct command commands[];
extern const size_t command_count;

/** The options every command takes, and those that choose the target. */
#define COMMON_OPTIONS \
	(OPT_BIT(OPT_JSON) | OPT_BIT(OPT_COLOR) | OPT_BIT(OPT_WIDTH) | OPT_BIT(OPT_HELP))
#define TARGET_OPTIONS \
	(OPT_BIT(OPT_CORE) | OPT_BIT(OPT_EXE) | OPT_BIT(OPT_PID) | OPT_BIT(OPT_DEBUG))

/** Those of `serve` that say how a process is held by somebody else. */
#define HELD_OPTIONS (OPT_BIT(OPT_NO_STOP) | OPT_BIT(OPT_MEM_FD) | OPT_BIT(OPT_PROXY))

/** By exact name, requests of GDB ("@stacks") included, NULL. */
const struct command *command_find(const char *name);

/** All of them one after the other, requests last.  NULL at the end. */
const struct command *command_at(size_t i);

/** What a person typed to get there. */
const char *command_typed(const struct command *c);

/**
 * Why there is no command @p name, with a hint that names the nearest one.
 * @return ERR_USAGE
 */
struct err *command_unknown(const char *name);

/** The candidate nearest to what was typed (edit distance of at most a third of its length),
 * NULL. */
const char *nearest_word(const char *typed, const char *const *words, size_t n);

/** All options that @p c takes, common and target options included. */
uint64_t command_options(const struct command *c);

/** Overview of all commands; help of one. */
void help_overview(struct buf *out);
void help_command(const struct command *c, struct buf *out);

#endif
