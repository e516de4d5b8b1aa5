/* The command line: what is accepted, what it comes to, and the words of what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "main/options.h"
#include "main/run.h"

#define ARGS_MAX 24

/* Parse a line given as one string, split at spaces; "goctx" is put before it. */
static struct err *parse(const char *line, bool serve, struct invocation *inv)
{
	static char copy[512];
	static char *argv[ARGS_MAX + 1];
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	argv[0] = "goctx";
	for (char *word = strtok(copy, " "); word && argc < ARGS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(argc, argv, serve, inv);
}

static struct invocation good(const char *line)
{
	struct invocation inv;
	struct err *err = parse(line, false, &inv);

	if (err)
		fail_msg("'%s' refused: %s", line, err->msg);
	return inv;
}

static void bad(const char *line, const char *msg, const char *hint)
{
	struct invocation inv;
	struct err *err = parse(line, false, &inv);

	if (!err)
		fail_msg("'%s' accepted", line);
	assert_int_equal(err->kind, ERR_USAGE);
	assert_int_equal(exit_of(err), EXIT_WRONG_USE);
	assert_string_equal(err->msg, msg);
	if (hint)
		assert_string_equal(err->hint, hint);
	else
		assert_null(err->hint);
	err_free(err);
}

static void defaults(void **state)
{
	(void)state;
	struct invocation inv = good("--core api.core list");

	assert_string_equal(inv.command->name, "list");
	assert_string_equal(inv.opt.command, "list");
	assert_string_equal(inv.target.core, "api.core");
	assert_null(inv.target.exe);
	assert_int_equal(inv.target.mem_fd, -1);
	assert_int_equal(inv.opt.limit, -1);
	assert_int_equal(inv.opt.depth, -1);
	assert_int_equal(inv.opt.kinds, 0);
	assert_false(inv.opt.json);
	assert_null(inv.opt.arg);
	assert_false(inv.help);
}

static void places(void **state)
{
	(void)state;
	// Options may stand before or after the arguments, the target before or after the command.
	static const char *const lines[] = {"--core c --exe e tree --depth 3 --json 0xc000126000",
					    "--core c --exe e tree 0xc000126000 --depth 3 --json",
					    "tree 0xc000126000 --core c --json --exe e --depth=3",
					    "--json tree --depth 3 0xc000126000 --exe=e --core=c"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct invocation inv = good(lines[i]);
		assert_string_equal(inv.command->name, "tree");
		assert_string_equal(inv.target.core, "c");
		assert_string_equal(inv.target.exe, "e");
		assert_string_equal(inv.opt.arg, "0xc000126000");
		assert_int_equal(inv.opt.depth, 3);
		assert_true(inv.opt.json);
	}
	struct invocation inv = good("--pid 4711 --debug d.debug show -- 0x10");
	assert_int_equal(inv.target.pid, 4711);
	assert_string_equal(inv.target.debug, "d.debug");
	assert_string_equal(inv.opt.arg, "0x10");
}

static void values(void **state)
{
	(void)state;
	struct invocation inv = good(
		"--core c list --kind cancel,after-func --state active,cancelled --min-children 7 "
		"--sort waiters --limit 0");

	assert_int_equal(inv.opt.kinds, 1 << CTX_CANCEL | 1 << CTX_AFTER_FUNC);
	assert_int_equal(inv.opt.states, 1 << CTX_ACTIVE | 1 << CTX_CANCELED);
	assert_int_equal(inv.opt.min_children, 7);
	assert_int_equal(inv.opt.sort, SORT_WAITERS);
	assert_int_equal(inv.opt.limit, 0);
	inv = good("--core c tasks --status waiting,syscall --wait select --min-wait 1h30m --func "
		   "^main --system "
		   "--group created");
	assert_int_equal(inv.opt.statuses, 1 << TASK_WAITING | 1 << TASK_SYSCALL);
	assert_string_equal(inv.opt.wait, "select");
	assert_string_equal(inv.opt.func, "^main");
	assert_true(inv.opt.min_wait_ns == INT64_C(5400000000000));
	assert_true(inv.opt.system);
	assert_int_equal(inv.opt.group, GROUP_CREATED);
	inv = good("--core c tree --no-fold --no-tasks --values --width 120 --color always");
	assert_true(inv.opt.no_fold && inv.opt.no_tasks && inv.opt.values && inv.opt.color);
	assert_int_equal(inv.opt.width, 120);
	assert_false(good("--core c tree --no-tasks --tasks").opt.no_tasks);
}

static void durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ns;
	} right[] = {{"0", 0},
		     {"1ns", 1},
		     {"2us", 2000},
		     {"2µs", 2000},
		     {"250ms", 250000000},
		     {"90s", 90000000000},
		     {"1.5s", 1500000000},
		     {"1h30m", INT64_C(5400000000000)},
		     {"2d", INT64_C(172800000000000)}};
	static const char *const wrong[] = {"",	   "5",	 "s",	  "-1s",	  "1x",
					    "1h ", "h1", "1e3s5", "99999999999d", "0x10s"};
	int64_t ns;

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_true(parse_duration(right[i].text, &ns));
		assert_true(ns == right[i].ns);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse_duration(wrong[i], &ns))
			fail_msg("'%s' accepted as a duration", wrong[i]);
}

static void wrong_commands(void **state)
{
	(void)state;
	bad("", "no command", "goctx help lists the commands");
	bad("--core c", "no command", "goctx help lists the commands");
	bad("--core c blockd", "unknown command 'blockd'", "did you mean 'blocked'?");
	bad("--core c chlidren 0x1", "unknown command 'chlidren'", "did you mean 'children'?");
	bad("--core c task", "unknown command 'task'", "did you mean 'tasks'?");
	bad("--core c xyzzy", "unknown command 'xyzzy'", "goctx help lists the commands");
	bad("help blockd", "unknown command 'blockd'", "did you mean 'blocked'?");
	static const char *const later[] = {"export", "diff"};
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		char line[64], msg[64];
		snprintf(line, sizeof(line), "--core c %s", later[i]);
		snprintf(msg, sizeof(msg), "'%s' is not in this version", later[i]);
		bad(line, msg, NULL);
	}
}

static void wrong_options(void **state)
{
	(void)state;
	bad("list", "no target", "give --core FILE or --pid PID");
	bad("--core c --pid 3 list", "--core and --pid exclude each other", "goctx help");
	bad("--core", "--core needs a value", "goctx help");
	bad("--core c list --depth 3", "'list' takes no option --depth", "goctx help list");
	bad("--core c list --kidn cancel", "unknown option --kidn", "did you mean '--kind'?");
	bad("--core c list --kidn=cancel", "unknown option --kidn", "did you mean '--kind'?");
	bad("--limit 3 list", "option --limit stands before the command",
	    "goctx [TARGET] COMMAND [OPTIONS] [ARGUMENTS]");
	bad("--core c list -x", "unknown option -x", "goctx help list");
	bad("--core c list --json=1", "--json takes no value", NULL);
	bad("--core c list --limit", "--limit needs a value", "goctx help list");
	bad("--core c list --limit -1", "--limit -1: not a number",
	    "--limit N: lines at most; 0 lifts every cut");
	bad("--core c list --limit 9223372036854775808",
	    "--limit 9223372036854775808: not a number",
	    "--limit N: lines at most; 0 lifts every cut");
	bad("--core c tree --depth 0x10", "--depth 0x10: not a number",
	    "--depth N: levels below the roots, or below CTX");
	bad("--core c list --color maybe", "--color: no such word 'maybe'",
	    "--color WHEN: auto, always or never (NO_COLOR is honoured)");
	bad("--core c list --state active,,x", "--state: no such word ''",
	    "--state STATE,…: active, canceled, expired, never, unknown");
	bad("--core c list --width 3", "--width 3: not a number from 40 on", NULL);
	bad("--core c tasks --group func --tree", "--group and --tree exclude each other", NULL);
	bad("--core c serve --no-stop", "--no-stop and --mem-fd are for --pid", NULL);
	bad("--pid 0 list", "--pid 0: not a process id",
	    "--pid PID: look at a live process; it is stopped only while its memory is read");
}

static void wrong_arguments(void **state)
{
	(void)state;
	bad("--core c show", "'show' needs CTX", "goctx help show");
	bad("--core c bt", "'bt' needs GOID|all", "goctx help bt");
	bad("--core c show 0x1 0x2", "'show' takes one argument: '0x2' is too much",
	    "goctx help show");
	bad("--core c info x", "'info' takes no arguments: 'x' is too much", "goctx help info");
}

static void help(void **state)
{
	(void)state;
	struct invocation inv = good("help");
	assert_true(inv.help && !inv.command);
	inv = good("--help");
	assert_true(inv.help && !inv.command);
	inv = good("help tree");
	assert_true(inv.help && !strcmp(inv.command->name, "tree"));
	inv = good("tree --help"); // needs no target
	assert_true(inv.help && !strcmp(inv.command->name, "tree"));
	inv = good("show -h");
	assert_true(inv.help);
	assert_true(good("--version").version);
}

/* Every command's help names its options and an example that the parser accepts. */
static void help_is_true(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		struct buf text = {0};
		char line[256];
		help_command(c, &text);
		const char *s = buf_cstr(&text);
		for (unsigned o = 0; o < OPT_COUNT; o++) {
			char option[64];
			snprintf(option, sizeof(option), "  --%s ", option_infos[o].name);
			if ((c->options >> o & 1) && !strstr(s, option))
				fail_msg("help of %s lacks %s", c->name, option);
		}
		assert_non_null(strstr(s, c->example));
		buf_free(&text);
		snprintf(line, sizeof(line), "%s%s",
			 c->kind == COMMAND_HELP ? "" : "--core api.core ", c->example);
		good(line);
	}
}

static void overview(void **state)
{
	(void)state;
	struct buf text = {0};
	help_overview(&text);
	for (size_t i = 0; i < command_count; i++)
		assert_non_null(strstr(buf_cstr(&text), commands[i].summary));
	assert_null(strstr(buf_cstr(&text), "export"));
	buf_free(&text);
}

static void in_serve(void **state)
{
	(void)state;
	struct invocation inv;
	assert_null(parse("tree --depth 3 --width 100 --color always", true, &inv));
	assert_int_equal(inv.opt.depth, 3);
	assert_true(inv.opt.color);
	struct err *err = parse("tree --core x", true, &inv);
	assert_string_equal(err->msg, "'tree' takes no option --core");
	err_free(err);
	err = parse("serve", true, &inv);
	assert_string_equal(err->msg, "already serving");
	err_free(err);
	assert_null(parse("info", true, &inv));
	assert_int_equal(inv.opt.width, 100);
	assert_false(inv.opt.color);
}

static void exit_statuses(void **state)
{
	(void)state;
	static const enum err_kind unreadable[] = {ERR_ABSENT, ERR_FAULT,	  ERR_BAD_DATA,
						   ERR_LIMIT,  ERR_NO_DEBUG_INFO, ERR_UNSUPPORTED,
						   ERR_OS};
	struct err *err;
	struct buf words = {0};

	assert_int_equal(exit_of(NULL), 0);
	for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
		err = err_new(unreadable[i], "x");
		assert_int_equal(exit_of(err), 3);
		err_free(err);
	}
	err = err_hint(err_new(ERR_USAGE, "bad %d", 7), "try 8");
	assert_int_equal(exit_of(err), 2);
	error_words(err, &words);
	assert_string_equal(buf_cstr(&words), "goctx: bad 7\nhint: try 8\n");
	err_free(err);
	err = err_new(ERR_CANCELED, "x");
	assert_int_equal(exit_of(err), 130);
	err_free(err);
	buf_free(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	   cmocka_unit_test(places),
		cmocka_unit_test(values),	   cmocka_unit_test(durations),
		cmocka_unit_test(wrong_commands),  cmocka_unit_test(wrong_options),
		cmocka_unit_test(wrong_arguments), cmocka_unit_test(help),
		cmocka_unit_test(help_is_true),	   cmocka_unit_test(overview),
		cmocka_unit_test(in_serve),	   cmocka_unit_test(exit_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
