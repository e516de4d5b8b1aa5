#include "main/commands.h"

#include <stdio.h>

#include "main/version.h"

// clang-format off
const struct option_info option_infos[OPT_COUNT] = {
	[OPT_CORE] = {"core", "FILE", "look at a core file"},
	[OPT_EXE] = {"exe", "FILE", "its executable; found from the core's own notes when left out"},
	[OPT_PID] = {"pid", "PID", "look at a live process; it is stopped only while its memory is read"},
	[OPT_DEBUG] = {"debug", "FILE", "separate debug information of the executable"},
	[OPT_NO_STOP] = {"no-stop", NULL, "the process is held stopped by somebody else: do not attach"},
	[OPT_MEM_FD] = {"mem-fd", "N", "read the process through this open descriptor of /proc/PID/mem"},
	[OPT_PROXY] = {"proxy", NULL, "ask the sender of requests for registers and, without --mem-fd, for memory"},
	[OPT_HELP] = {"help", NULL, "this text"},
	[OPT_VERSION] = {"version", NULL, "print the version"},
	[OPT_JSON] = {"json", NULL, "JSON Lines instead of text"},
	[OPT_COLOR] = {"color", "WHEN", "auto, always or never (NO_COLOR is honoured)"},
	[OPT_WIDTH] = {"width", "N", "columns of the output; the terminal's, else 100"},
	[OPT_LIMIT] = {"limit", "N", "lines at most; 0 lifts every cut"},
	[OPT_DEPTH] = {"depth", "N", "levels below the roots, or below CTX"},
	[OPT_NO_FOLD] = {"no-fold", NULL, "show what is alike (siblings, chains) one by one"},
	[OPT_TASKS] = {"tasks", NULL, "show the goroutines that wait on each context (the default)"},
	[OPT_NO_TASKS] = {"no-tasks", NULL, "leave the goroutines out"},
	[OPT_VALUES] = {"values", NULL, "show the values of value contexts, too"},
	[OPT_REDACT] = {"redact", NULL, "types instead of the values of value contexts: they may be secrets"},
	[OPT_KIND] = {"kind", "KIND,…", "background,todo,cancel,timer,value,without_cancel,after_func,stop,custom"},
	[OPT_STATE] = {"state", "STATE,…", "active, canceled, expired, never, unknown"},
	[OPT_MIN_CHILDREN] = {"min-children", "N", "only contexts with at least N children"},
	[OPT_SORT] = {"sort", "KEY", "children, waiters, depth, deadline or addr"},
	[OPT_STATUS] = {"status", "STATUS,…", "running, runnable, waiting, syscall, …"},
	[OPT_WAIT] = {"wait", "TEXT", "only those whose wait reason contains TEXT (\"select\", \"chan receive\")"},
	[OPT_MIN_WAIT] = {"min-wait", "DURATION", "only those that wait at least that long: 90s, 5m, 1h30m, 2d"},
	[OPT_FUNC] = {"func", "REGEX", "only those whose function matches (POSIX extended)"},
	[OPT_SYSTEM] = {"system", NULL, "the runtime's own goroutines, too"},
	[OPT_GROUP] = {"group", "KEY", "count by stack, func, wait, created or context"},
	[OPT_TREE] = {"tree", NULL, "by parent goroutine"},
	[OPT_PATHS] = {"paths", "N", "paths at most, 3 when not given; 0 for all"},
	[OPT_MIN_CONFIDENCE] = {"min-confidence", "HOW", "certain, likely, possible (the default) or info"},
	[OPT_CONTEXT] = {"context", "CTX", "only this context and what is made on it"},
	[OPT_STOP_ON] = {"stop-on", "EVENT", "stop the program at the first create, attach, remove or cancel"},
	[OPT_STOP_AFTER] = {"count", "N", "stop the program after N events"},
	[OPT_TO] = {"to", "FILE", "write the events as JSON Lines instead of printing them"},
	[OPT_ALL] = {"all", NULL, "what lies in the standard library and in other modules line by line, too"},
	[OPT_FAIL_ON] = {"fail-on", "HOW", "exit status 1 when something is found that is at least so sure"},
};

#define TREE_OPTIONS                                                                                             \
	(OPT_BIT(OPT_DEPTH) | OPT_BIT(OPT_NO_FOLD) | OPT_BIT(OPT_TASKS) | OPT_BIT(OPT_NO_TASKS) | OPT_BIT(OPT_VALUES) | \
	 OPT_BIT(OPT_REDACT) | OPT_BIT(OPT_LIMIT))
#define FILTERS (OPT_BIT(OPT_STATUS) | OPT_BIT(OPT_WAIT) | OPT_BIT(OPT_MIN_WAIT) | OPT_BIT(OPT_FUNC) | OPT_BIT(OPT_SYSTEM))

const struct command commands[] = {
	{.name = "info", .args = "", .run = report_info, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .summary = "what is being looked at, how it was understood, how much there is",
	 .about = "Program, build-id match, where the layouts come from, goroutines by status, contexts by kind and\n"
		  "state, damage met and limits hit.",
	 .example = "info"},
	{.name = "tree", .args = "[CTX]", .max_args = 1, .run = report_tree, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = TREE_OPTIONS,
	 .summary = "the context tree, with the goroutines that wait on each context",
	 .about = "From all roots, or from CTX: an address (0x…), background or todo.  Siblings of equal shape are\n"
		  "folded beyond a few.",
	 .example = "tree --depth 3 0xc000126000"},
	{.name = "list", .args = "", .run = report_list, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_KIND) | OPT_BIT(OPT_STATE) | OPT_BIT(OPT_MIN_CHILDREN) | OPT_BIT(OPT_SORT) | OPT_BIT(OPT_VALUES) | OPT_BIT(OPT_REDACT) | OPT_BIT(OPT_LIMIT),
	 .summary = "contexts, one a line",
	 .about = "All contexts, or those of some kinds and states.",
	 .example = "list --kind cancel,timer --state active --sort children --limit 20"},
	{.name = "show", .args = "CTX", .min_args = 1, .max_args = 1, .run = report_show, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_VALUES) | OPT_BIT(OPT_REDACT) | OPT_BIT(OPT_LIMIT),
	 .summary = "one context in full",
	 .about = "Type, parents, children, err, cause, deadline, done channel, the goroutines that wait on it,\n"
		  "value, who can still cancel it and what holds that, and whether its parts agree.  CTX: an address\n"
		  "(0x…), background or todo.",
	 .example = "show 0xc0000b2000"},
	{.name = "children", .args = "CTX", .min_args = 1, .max_args = 1, .run = report_children, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_VALUES) | OPT_BIT(OPT_REDACT) | OPT_BIT(OPT_LIMIT),
	 .summary = "the children map of a context, entry by entry",
	 .about = "The map as it is in memory: its kind and state, the count word against the entries found, and each\n"
		  "entry.",
	 .example = "children 0xc000126000 --limit 0"},
	{.name = "tasks", .args = "", .run = report_tasks, .needs = NEED_TASKS,
	 .options = FILTERS | OPT_BIT(OPT_GROUP) | OPT_BIT(OPT_TREE) | OPT_BIT(OPT_LIMIT),
	 .summary = "goroutines, one a line, or counted by what they have in common",
	 .about = "The function shown is the user's, not runtime.gopark.  The runtime's own goroutines are left out\n"
		  "unless --system is given.",
	 .example = "tasks --group stack --min-wait 10m"},
	{.name = "blocked", .args = "", .run = report_blocked, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_MIN_WAIT) | OPT_BIT(OPT_FUNC) | OPT_BIT(OPT_WAIT) | OPT_BIT(OPT_LIMIT),
	 .summary = "goroutines parked on a context's done channel, oldest first",
	 .about = "The joined table: goroutine, state, done channel (and how many other channels its select holds),\n"
		  "context, whether that context is cancelled, for how long.",
	 .example = "blocked --min-wait 1h"},
	{.name = "waits", .args = "", .run = report_waits, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_NO_FOLD) | OPT_BIT(OPT_LIMIT),
	 .summary = "who waits for whom: from the blocked to the last who blocks",
	 .about = "Goroutines that wait for channels, locks, Conds, wait groups, semaphores of golang.org/x/sync and\n"
		  "pools of database/sql, and who holds these: first what does not move, cycles before chains, then\n"
		  "what is waited for and held by somebody who moves.  Go writes down no owner: who holds what is\n"
		  "inferred from stacks and from the code of their functions.  Chains of the same functions, lines and\n"
		  "kinds of objects are told once.",
	 .example = "waits --no-fold --limit 100"},
	{.name = "bt", .args = "GOID|all", .min_args = 1, .max_args = 1, .run = report_bt, .needs = NEED_TASKS,
	 .options = FILTERS | OPT_BIT(OPT_LIMIT),
	 .summary = "the stack of a goroutine, or all stacks, equal ones together",
	 .about = "Parked, runnable and running goroutines and those in a system call, on cores too; inlined frames are\n"
		  "marked.  The filters apply to `bt all`.",
	 .example = "bt 884"},
	{.name = "leaks", .args = "", .run = report_leaks, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_MIN_CONFIDENCE) | OPT_BIT(OPT_FAIL_ON) | OPT_BIT(OPT_LIMIT),
	 .summary = "what leaked, worst first, each with its evidence and what to run next",
	 .about = "Marks the heap as the collector does and tells what that proves.  certain: proven; likely: the whole\n"
		  "pattern is there; possible: healthy programs can look like that; info: nothing is wrong.",
	 .first_rule = 0, .end_rule = RULE_LEAKS_END,
	 .example = "leaks --min-confidence likely --fail-on certain"},
	{.name = "sites", .args = "", .run = report_sites, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_ALL) | OPT_BIT(OPT_LIMIT),
	 .summary = "the calls in the code that make contexts, and what each has probably made",
	 .about = "Every call of context.WithCancel and its like, signal.NotifyContext and errgroup.WithContext, with\n"
		  "inlining undone; the program's own first, others by package.  live: contexts that have not ended\n"
		  "and that this call alone is likely to have made, by who holds them and who started what waits.",
	 .example = "sites --all"},
	{.name = "why", .args = "ADDR", .min_args = 1, .max_args = 1, .run = report_why, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_PATHS) | OPT_BIT(OPT_LIMIT),
	 .summary = "what keeps an object alive: shortest paths from roots to it",
	 .about = "ADDR: the address of an object or inside it (a context, a done channel, a closure, anything in the\n"
		  "heap), background or todo.  Each step is named by variable, field, index, key or capture.  Each path\n"
		  "ends in another object, variable or goroutine that points to it; when none does, that is the answer.",
	 .example = "why 0xc0000b2000 --paths 1"},
	{.name = "check", .args = "", .run = report_check, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = OPT_BIT(OPT_MIN_CONFIDENCE) | OPT_BIT(OPT_FAIL_ON) | OPT_BIT(OPT_LIMIT),
	 .summary = "do contexts, children maps and wait queues fit together?",
	 .about = "Every child's parents lead back to the map that holds it, cancelled contexts hold no children, err\n"
		  "and done agree, wait queues are linked both ways.  What was caught in the middle of a change is no\n"
		  "damage: rule torn, confidence info.",
	 .first_rule = RULE_LEAKS_END, .end_rule = RULES,
	 .example = "check --min-confidence info"},
	{.name = "heap", .args = "", .run = report_heap, .needs = NEED_TASKS,
	 .options = OPT_BIT(OPT_LIMIT),
	 .summary = "figures of the collector, and what lies in the heap by size",
	 .about = "Memory in use and idle, the next goal, collections and their pauses, finalizers, and the objects of\n"
		  "the heap by the size of their slots.  What this release of Go does not tell is left out.",
	 .example = "heap --limit 0"},
	{.name = "layout", .args = "[TYPE]", .max_args = 1, .run = report_layout,
	 .summary = "fields, offsets and sizes as the program has them, and their source",
	 .about = "Without TYPE, all structs that goctx reads.  With TYPE, the fields of that struct; where the\n"
		  "program has DWARF, of any struct of the program (\"net/http.conn\").",
	 .example = "layout context.cancelCtx"},
	{.name = "serve", .args = "", .kind = COMMAND_SERVE,
	 .options = HELD_OPTIONS,
	 .summary = "answer many commands on one target: requests on stdin, answers on stdout",
	 .about = "The protocol between GDB and the helper; it is written down in dwarf-helper/README.md.",
	 .example = "serve"},
	{.name = "help", .args = "[COMMAND]", .kind = COMMAND_HELP, .max_args = 1,
	 .summary = "this text, or that of a command",
	 .about = "Help of one command: usage, options, an example.",
	 .example = "help tree"},
};

/* What GDB and `make records` ask and nobody types: not in any help. */
static const struct command requests[] = {
	{.name = "@options", .args = "", .kind = COMMAND_TABLE, .summary = "", .about = "", .example = ""},
	{.name = "@stacks", .typed = "frame", .args = "GOID|all", .min_args = 1, .max_args = 1, .run = report_stacks, .needs = NEED_TASKS,
	 .options = FILTERS | OPT_BIT(OPT_LIMIT), .summary = "", .about = "", .example = ""},
	{.name = "@context", .args = "CTX", .min_args = 1, .max_args = 1, .run = report_context,
	 .needs = NEED_TASKS | NEED_CONTEXTS, .summary = "", .about = "", .example = ""},
	{.name = "@children", .args = "CTX", .min_args = 1, .max_args = 1, .run = report_context_children,
	 .needs = NEED_TASKS | NEED_CONTEXTS, .summary = "", .about = "", .example = ""},
	{.name = "@words", .args = "TYPE@ADDR", .min_args = 1, .max_args = 1, .run = report_context_words,
	 .summary = "", .about = "", .example = ""},
	{.name = "@tree", .typed = "window", .args = "[CTX]", .max_args = 1, .run = report_tree_lines, .needs = NEED_TASKS | NEED_CONTEXTS,
	 .options = TREE_OPTIONS, .summary = "", .about = "", .example = ""},
	{.name = "@trace", .typed = "trace", .args = "", .run = report_trace,
	 .options = OPT_BIT(OPT_CONTEXT) | OPT_BIT(OPT_FUNC) | OPT_BIT(OPT_STOP_ON) | OPT_BIT(OPT_STOP_AFTER) | OPT_BIT(OPT_TO),
	 .summary = "", .about = "", .example = ""},
	{.name = "@event", .args = "EVENT...", .min_args = 12, .max_args = 12, .run = report_trace_event, .needs = NEED_NO_TARGET,
	 .summary = "", .about = "", .example = ""},
	{.name = "@traced", .args = "HITS SPENT_NS LOST", .min_args = 3, .max_args = 3, .run = report_trace_end, .needs = NEED_NO_TARGET,
	 .summary = "", .about = "", .example = ""},
	{.name = "@type", .args = "WORD", .min_args = 1, .max_args = 1, .run = report_type, .summary = "", .about = "", .example = ""},
	{.name = "@frames", .typed = "frame", .args = "GOID|all", .min_args = 1, .max_args = 1, .run = report_frames, .needs = NEED_TASKS,
	 .options = FILTERS | OPT_BIT(OPT_LIMIT), .summary = "", .about = "", .example = ""},
	{.name = "@records", .args = "", .kind = COMMAND_PAGE, .summary = "", .about = "", .example = ""},
};
// clang-format on
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

/* In the contract, not in this release. */
static const char *const later[] = {"export", "diff"};

const struct command *command_find(const char *name)
{
	const struct command *c = NULL;

	for (size_t i = 0; (c = command_at(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

const struct command *command_at(size_t i)
{
	if (i < command_count)
		return &commands[i];
	return i - command_count < sizeof(requests) / sizeof(requests[0])
		       ? &requests[i - command_count]
		       : NULL;
}

const char *command_typed(const struct command *c)
{
	return c->typed ? c->typed : c->name;
}

/* Does it look at a target? */
static bool has_target(const struct command *c)
{
	return c->kind == COMMAND_REPORT || c->kind == COMMAND_SERVE;
}

uint64_t command_options(const struct command *c)
{
	return c->options | COMMON_OPTIONS | (has_target(c) ? TARGET_OPTIONS : 0);
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

#define WORD_MAX 32

/* Edits (insert, delete, replace, swap neighbours) that turn a into b; WORD_MAX for long words. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), d[WORD_MAX + 1][WORD_MAX + 1];

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
				       d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[n][m];
}

const char *nearest_word(const char *typed, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t best_d = WORD_MAX, len = strlen(typed);

	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(typed, words[i]);
		if (len >= 2 && !strncmp(words[i], typed, len))
			d = 1;
		if (d < best_d && d <= (strlen(words[i]) + 2) / 3) {
			best = words[i];
			best_d = d;
		}
	}
	return best;
}

struct err *command_unknown(const char *name)
{
	const char *words[sizeof(commands) / sizeof(commands[0])];

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (!strcmp(later[i], name))
			return err_new(ERR_USAGE, "'%s' is not in this version", name);
	for (size_t i = 0; i < command_count; i++)
		words[i] = commands[i].name;
	struct err *e = err_new(ERR_USAGE, "unknown command '%s'", name);
	const char *near = nearest_word(name, words, command_count);
	return near ? err_hint(e, "did you mean '%s'?", near)
		    : err_hint(e, "goctx help lists the commands");
}

void help_overview(struct buf *out)
{
	buf_lit(out,
		"goctx " GOCTX_VERSION
		": contexts and goroutines of Go programs, from core files and live processes\n\n"
		"usage: goctx [TARGET] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
		"  TARGET   --core FILE [--exe FILE]\n"
		"           --pid PID   [--exe FILE]\n\n");
	for (size_t i = 0; i < command_count; i++) {
		int w = (int)(strlen(commands[i].name) + strlen(commands[i].args) + 1);
		buf_printf(out, "  %s %s%*s%s\n", commands[i].name, commands[i].args,
			   w < 20 ? 20 - w : 1, "", commands[i].summary);
	}
	buf_lit(out,
		"\nhelp of one command: goctx help COMMAND\n"
		"exit status: 0 done, 1 --fail-on met, 2 wrong use, 3 the target cannot be read,\n"
		"             4 done but part of it was damaged\n");
}

static void help_options(struct buf *out, const char *title, uint64_t set)
{
	buf_printf(out, "\n%s\n", title);
	for (unsigned o = 0; o < OPT_COUNT; o++) {
		if (!(set & OPT_BIT(o)))
			continue;
		const struct option_info *i = &option_infos[o];
		char left[64];
		int n = snprintf(left, sizeof(left), "--%s%s%s", i->name, i->arg ? " " : "",
				 i->arg ? i->arg : "");
		// "…" is three bytes and one column
		int w = n - (i->arg && strstr(i->arg, "…") ? 2 : 0);
		buf_printf(out, "  %s%*s%s\n", left, w < 22 ? 22 - w : 1, "", i->help);
	}
}

static void help_rules(struct buf *out, const struct command *c)
{
	if (c->end_rule)
		buf_lit(out, "\nrules, and what each asks:\n");
	for (unsigned rule = c->first_rule; rule < c->end_rule; rule++)
		buf_printf(out, "  %-22s%s\n", finding_rule_name(rule),
			   finding_rule_question(rule));
}

void help_command(const struct command *c, struct buf *out)
{
	bool target = has_target(c);

	buf_printf(out, "usage: goctx %s%s%s%s%s\n\n%s\n", target ? "[TARGET] " : "", c->name,
		   c->options ? " [OPTIONS]" : "", *c->args ? " " : "", c->args, c->about);
	help_rules(out, c);
	help_options(out, "options:", c->options | (target ? COMMON_OPTIONS : OPT_BIT(OPT_HELP)));
	if (target)
		help_options(out, "target:", TARGET_OPTIONS);
	buf_printf(out, "\nexample:\n  $ goctx %s%s\n", target ? "--core api.core " : "",
		   c->example);
}
