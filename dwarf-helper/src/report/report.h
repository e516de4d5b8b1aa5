/**
 * @file  Answers to words: text for a person, JSON Lines for scripts.  The only layer that writes
 * output.
 *
 * Each report_*() writes the whole answer of one command.  With options.json: the header line, then
 * the records of RECORDS.md.  Notes (damage, limits) close every answer.  Text is aligned, about
 * options.width columns wide, and in a stable order; whatever another command takes as an argument
 * is printed with its address.  No report changes the model.
 */
#ifndef GOCTX_REPORT_REPORT_H
#define GOCTX_REPORT_REPORT_H

#include "base/buf.h"
#include "context/detail.h"
#include "context/model.h"
#include "context/parts.h"
#include "runtime/identity.h"

struct trace;

enum ctx_sort { SORT_ADDR, SORT_CHILDREN, SORT_WAITERS, SORT_DEPTH, SORT_DEADLINE };
enum task_group { GROUP_NONE, GROUP_STACK, GROUP_FUNC, GROUP_WAIT, GROUP_CREATED, GROUP_CONTEXT };

/** Options of all commands, parsed and checked by main. */
struct options {
	const char *command; /* as a person types it */
	const char *target;  /* what names the target in a command line that can be pasted into a
				shell, " --core FILE"; NULL where the command is told nothing of it:
				GDB */
	bool json, color;
	unsigned width; /* columns of the terminal, 100 when not known */
	int64_t limit;	/* --limit N; 0: no cut anywhere; -1: the command's own default */
	bool no_fold, no_tasks, values, redact, system,
		all;	 /* values: --values, shown for every context (keys always are) */
	int64_t depth;	 /* --depth, -1 none */
	int64_t paths;	 /* --paths; 0: all; -1: the command's own default */
	uint32_t kinds;	 /* bit set of enum ctx_kind, 0 all */
	uint32_t states; /* bit set of enum ctx_state, 0 all */
	uint64_t min_children;
	enum ctx_sort sort;
	uint32_t statuses;   /* bit set of enum task_status, 0 all but dead */
	const char *wait;    /* --wait: substring of the wait reason, NULL */
	int64_t min_wait_ns; /* --min-wait, 0 none */
	const char *func;    /* --func REGEX (POSIX extended), NULL */
	enum task_group group;
	bool by_parent;	    /* tasks --tree */
	int min_confidence; /* enum confidence: findings below it are counted only */
	int fail_on; /* enum confidence from which on a finding makes the exit status 1; -1 none */
	const char *arg;     /* CTX, GOID or TYPE as typed, NULL */
	char *const *args;   /* all arguments, of requests that have several */
	const char *context; /* trace: --context ADDR, NULL */
	int stop_on;	     /* trace: enum event_kind, -1 none */
	uint64_t count;	     /* trace: --count, 0 none */
	const char *to;	     /* trace: --to FILE, NULL */
};

/** Where the target came from, for headers and `info`. */
struct report_target {
	const char *exe;	/* path, NULL not known */
	const char *core;	/* as named by the user, or "process 4711" */
	const char *host;	/* name of the machine, NULL not known */
	enum build_match match; /* is the executable the one of the target? */
	enum identity_by by;	/* what `match` was decided by */
	const char *gnu_build_id, *go_build_id;
	const char *go_version;
	const char *main_module; /* with its version */
	const char *module_path, *module_version, *vcs_revision;
	const char *debug; /* separate debug file as named by the user, NULL */
};

struct report {
	const struct options *opt;
	const struct model *m;
	const struct report_target *where;
	struct buf out;
	const char *version;  /* of goctx */
	bool failed;	      /* out: --fail-on was met; @event: --stop-on or --count was */
	struct trace *trace;  /* report/trace.h; NULL where there can be none */
	const uint32_t *made; /* `list --json`: by context, the frame that made it; NULL */
};

/** @return NULL, ERR_USAGE (no such context, goroutine or type; a bad regex), ERR_CANCELED.  The
 * answer is in r->out. */
struct err *report_info(struct report *r);
struct err *report_tree(struct report *r);
struct err *report_list(struct report *r);
struct err *report_show(struct report *r);
struct err *report_children(struct report *r);
struct err *report_tasks(struct report *r);
struct err *report_blocked(struct report *r);
struct err *report_waits(struct report *r);
struct err *report_sites(struct report *r);
struct err *report_bt(struct report *r);
struct err *report_layout(struct report *r);
struct err *report_leaks(struct report *r);
struct err *report_why(struct report *r);
struct err *report_heap(struct report *r);
struct err *report_check(struct report *r);

/** Requests of GDB, each in a format of its own: see the file. */
struct err *report_tree_lines(struct report *r);
struct err *report_stacks(struct report *r);
struct err *report_frames(struct report *r);
struct err *report_context(struct report *r);
struct err *report_context_children(struct report *r);
struct err *report_context_words(struct report *r);
struct err *report_type(struct report *r);
struct err *report_trace(struct report *r);
struct err *report_trace_event(struct report *r);
struct err *report_trace_end(struct report *r);

#endif
