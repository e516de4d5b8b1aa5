#include "main/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analysis/finding.h"
#include "main/choices.h"

#define DEFAULT_WIDTH 100
#define MIN_WIDTH 40

/* ---- values ---- */

static bool parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	unsigned long long v = strtoull(s, &end, 10);
	if (errno || *end || v > max)
		return false;
	*ret = v;
	return true;
}

/* ns of one unit, 0: no such unit. */
static int64_t unit_ns(const char *s, size_t n)
{
	static const struct {
		const char *name;
		int64_t ns;
	} unit[] = {
		{"ns", 1},	   {"us", 1000},       {"µs", 1000},	     {"ms", 1000000},
		{"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}};

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		if (strlen(unit[i].name) == n && !memcmp(unit[i].name, s, n))
			return unit[i].ns;
	return 0;
}

/* "1", "1.5", ".5"; strtod() would take 0x1p3, 1e9 and the locale's comma too.  @return bytes read,
 * 0: no number. */
static size_t take_decimal(const char *s, double *ret)
{
	size_t n = 0, digits = 0;
	double unit = 1;

	for (*ret = 0; isdigit((unsigned char)s[n]); n++, digits++)
		*ret = *ret * 10 + (s[n] - '0');
	if (s[n] == '.')
		for (n++; isdigit((unsigned char)s[n]); n++, digits++)
			*ret += (unit /= 10) * (s[n] - '0');
	return digits ? n : 0;
}

bool parse_duration(const char *s, int64_t *ns_ret)
{
	double total = 0, v;

	if (!strcmp(s, "0")) {
		*ns_ret = 0;
		return true;
	}
	do {
		size_t n = take_decimal(s, &v);
		s += n;
		size_t unit = strcspn(s, "0123456789.");
		int64_t ns = unit_ns(s, unit);
		if (!n || !ns)
			return false;
		total += v * (double)ns;
		s += unit;
	} while (*s);
	if (total >= 9.2e18)
		return false;
	*ns_ret = (int64_t)total;
	return true;
}

static struct err *bad_value(enum option_id o, const char *value, const char *want)
{
	return err_hint(err_new(ERR_USAGE, "--%s %s: not %s", option_infos[o].name, value, want),
			"--%s %s: %s", option_infos[o].name, option_infos[o].arg,
			option_infos[o].help);
}

static struct err *set_count(enum option_id o, const char *value, uint64_t max, int64_t *ret)
{
	uint64_t v;

	if (!parse_u64(value, max, &v))
		return bad_value(o, value, "a number");
	*ret = (int64_t)v;
	return NULL;
}

/* ---- applying one option ---- */

/* What is gathered while parsing. */
struct parse {
	struct invocation *inv;
	int color; /* enum color */
	int64_t width;
};

static struct err *apply_target(struct parse *p, enum option_id o, const char *value)
{
	struct session_options *t = &p->inv->target;
	int64_t v = 0;
	struct err *err;

	switch (o) {
	case OPT_CORE:
		t->core = value;
		return NULL;
	case OPT_EXE:
		t->exe = value;
		return NULL;
	case OPT_DEBUG:
		t->debug = value;
		return NULL;
	case OPT_PID:
		if ((err = set_count(o, value, INT_MAX, &v)))
			return err;
		if (!v)
			return bad_value(o, value, "a process id");
		t->pid = (int)v;
		return NULL;
	case OPT_NO_STOP:
		t->no_stop = true;
		return NULL;
	case OPT_PROXY:
		t->proxy = true;
		return NULL;
	case OPT_MEM_FD:
		if ((err = set_count(o, value, INT_MAX, &v)))
			return err;
		t->mem_fd = (int)v;
		return NULL;
	default:
		return err_new(ERR_USAGE, "--%s does not choose a target", option_infos[o].name);
	}
}

static struct err *apply_filter(struct options *opt, enum option_id o, const char *value)
{
	int choice = 0;
	struct err *err;

	switch (o) {
	case OPT_KIND:
		return choice_set(o, value, &opt->kinds);
	case OPT_STATE:
		return choice_set(o, value, &opt->states);
	case OPT_STATUS:
		return choice_set(o, value, &opt->statuses);
	case OPT_MIN_CHILDREN:
		return parse_u64(value, UINT64_MAX, &opt->min_children)
			       ? NULL
			       : bad_value(o, value, "a number");
	case OPT_MIN_WAIT:
		return parse_duration(value, &opt->min_wait_ns) ? NULL
								: bad_value(o, value, "a duration");
	case OPT_MIN_CONFIDENCE:
		return choice_one(o, value, &opt->min_confidence);
	case OPT_FAIL_ON:
		return choice_one(o, value, &opt->fail_on);
	case OPT_CONTEXT:
		opt->context = value;
		return NULL;
	case OPT_STOP_ON:
		return choice_one(o, value, &opt->stop_on);
	case OPT_STOP_AFTER:
		return parse_u64(value, UINT64_MAX, &opt->count) ? NULL
								 : bad_value(o, value, "a number");
	case OPT_TO:
		opt->to = value;
		return NULL;
	case OPT_WAIT:
		opt->wait = value;
		return NULL;
	case OPT_FUNC:
		opt->func = value;
		return NULL;
	case OPT_SORT:
		if (!(err = choice_one(o, value, &choice)))
			opt->sort = (enum ctx_sort)choice;
		return err;
	default:
		if (!(err = choice_one(o, value, &choice)))
			opt->group = (enum task_group)choice;
		return err;
	}
}

static struct err *apply(struct parse *p, enum option_id o, const char *value)
{
	struct options *opt = &p->inv->opt;

	if ((TARGET_OPTIONS | HELD_OPTIONS) & OPT_BIT(o))
		return apply_target(p, o, value);
	switch (o) {
	case OPT_HELP:
		p->inv->help = true;
		break;
	case OPT_VERSION:
		p->inv->version = true;
		break;
	case OPT_JSON:
		opt->json = true;
		break;
	case OPT_NO_FOLD:
		opt->no_fold = true;
		break;
	case OPT_TASKS:
	case OPT_NO_TASKS:
		opt->no_tasks = o == OPT_NO_TASKS;
		break;
	case OPT_REDACT:
		opt->redact = true;
		return NULL;
	case OPT_VALUES:
		opt->values = true;
		break;
	case OPT_SYSTEM:
		opt->system = true;
		break;
	case OPT_ALL:
		opt->all = true;
		break;
	case OPT_TREE:
		opt->by_parent = true;
		break;
	case OPT_COLOR:
		return choice_one(o, value, &p->color);
	case OPT_LIMIT:
		return set_count(o, value, INT64_MAX, &opt->limit);
	case OPT_DEPTH:
		return set_count(o, value, INT32_MAX, &opt->depth);
	case OPT_PATHS:
		return set_count(o, value, INT32_MAX, &opt->paths);
	case OPT_WIDTH:
		if (set_count(o, value, 100000, &p->width) || p->width < MIN_WIDTH)
			return err_new(ERR_USAGE, "--width %s: not a number from %d on", value,
				       MIN_WIDTH);
		break;
	default:
		return apply_filter(opt, o, value);
	}
	return NULL;
}

/* ---- getopt ---- */

static size_t long_options(uint64_t set, struct option *ret)
{
	size_t n = 0;

	for (int o = 0; o < OPT_COUNT; o++)
		if (set & OPT_BIT(o))
			ret[n++] = (struct option){option_infos[o].name,
						   option_infos[o].arg ? required_argument
								       : no_argument,
						   NULL, 256 + o};
	ret[n] = (struct option){0};
	return n;
}

/* An option of other commands, or one that stands before the command. */
static struct err *misplaced_option(const char *name, const struct command *c)
{
	if (c)
		return err_hint(
			err_new(ERR_USAGE, "'%s' takes no option --%s", command_typed(c), name),
			"goctx help %s", command_typed(c));
	return err_hint(err_new(ERR_USAGE, "option --%s stands before the command", name),
			"goctx [TARGET] COMMAND [OPTIONS] [ARGUMENTS]");
}

/* Why getopt refused `word` ("--foo=3"): known elsewhere, or not at all. */
static struct err *unknown_option(const char *word, const struct command *c, uint64_t allowed)
{
	const char *names[OPT_COUNT];
	char name[64];
	size_t n = 0;

	while (*word == '-')
		word++;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	for (int o = 0; o < OPT_COUNT; o++) {
		if (allowed & OPT_BIT(o))
			names[n++] = option_infos[o].name;
		else if (!strcmp(option_infos[o].name, name))
			return misplaced_option(name, c);
	}
	struct err *e = err_new(ERR_USAGE, "unknown option --%s", name);
	const char *near = nearest_word(name, names, n);
	if (near)
		return err_hint(e, "did you mean '--%s'?", near);
	return c ? err_hint(e, "goctx help %s", command_typed(c)) : err_hint(e, "goctx help");
}

/*
 * Parse the options of one part of the line: argv[0] is skipped, parsing stops at the first
 * non-option when `first`, else arguments are moved behind.  *end_ret: index of the first argument.
 */
static struct err *parse_part(struct parse *p, int argc, char **argv, bool first,
			      const struct command *c, uint64_t allowed, int *end_ret)
{
	struct option longs[OPT_COUNT + 1];
	int found;

	long_options(allowed, longs);
	opterr = 0;
	optind = 0; // a new line: glibc starts over
	while ((found = getopt_long(argc, argv, first ? "+:h" : ":h", longs, NULL)) != -1) {
		if (found == ':')
			return err_hint(err_new(ERR_USAGE, "%s needs a value", argv[optind - 1]),
					"goctx help%s%s", c ? " " : "", c ? command_typed(c) : "");
		if (found == '?' && optopt >= 256)
			return err_new(ERR_USAGE, "--%s takes no value",
				       option_infos[optopt - 256].name);
		if (found == '?' && optopt)
			return err_hint(err_new(ERR_USAGE, "unknown option -%c", optopt),
					"goctx help%s%s", c ? " " : "", c ? command_typed(c) : "");
		if (found == '?')
			return unknown_option(argv[optind - 1], c, allowed);
		struct err *err =
			apply(p, found == 'h' ? OPT_HELP : (enum option_id)(found - 256), optarg);
		if (err)
			return err;
	}
	*end_ret = optind;
	return NULL;
}

/* ---- the whole line ---- */

static void set_defaults(struct parse *p, struct invocation *inv)
{
	*inv = (struct invocation){.opt = {.limit = -1,
					   .depth = -1,
					   .paths = -1,
					   .min_confidence = CONF_POSSIBLE,
					   .fail_on = -1,
					   .stop_on = -1},
				   .target = {.mem_fd = -1}};
	*p = (struct parse){.inv = inv};
}

static void set_terminal(struct parse *p, bool serve)
{
	struct options *opt = &p->inv->opt;
	struct winsize ws;
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	bool tty = !serve && isatty(STDOUT_FILENO);

	opt->width = DEFAULT_WIDTH;
	if (p->width)
		opt->width = (unsigned)p->width;
	else if (tty && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		opt->width = ws.ws_col < MIN_WIDTH ? MIN_WIDTH : ws.ws_col;
	if (p->color == COLOR_AUTO)
		opt->color = tty && !(no_color && *no_color) && term && strcmp(term, "dumb");
	else
		opt->color = p->color == COLOR_ALWAYS;
}

static struct err *check_args(struct invocation *inv, int n, char **args)
{
	const struct command *c = inv->command;

	if (inv->help)
		return NULL;
	if (n < c->min_args)
		return err_hint(err_new(ERR_USAGE, "'%s' needs %s", command_typed(c), c->args),
				"goctx help %s", command_typed(c));
	if (n > c->max_args)
		return err_hint(
			err_new(ERR_USAGE, "'%s' takes %s: '%s' is too much", command_typed(c),
				c->max_args ? "one argument" : "no arguments", args[c->max_args]),
			"goctx help %s", command_typed(c));
	inv->opt.arg = n ? args[0] : NULL;
	inv->opt.args = args;
	if (inv->opt.group && inv->opt.by_parent)
		return err_new(ERR_USAGE, "--group and --tree exclude each other");
	return NULL;
}

static struct err *check_target(const struct invocation *inv)
{
	const struct session_options *t = &inv->target;

	if (inv->help || inv->table || inv->command->kind == COMMAND_PAGE)
		return NULL;
	if (t->core && t->pid)
		return err_hint(err_new(ERR_USAGE, "--core and --pid exclude each other"),
				"goctx help");
	if (!t->core && !t->pid)
		return err_hint(err_new(ERR_USAGE, "no target"), "give --core FILE or --pid PID");
	if (t->core && (t->no_stop || t->mem_fd >= 0))
		return err_new(ERR_USAGE, "--no-stop and --mem-fd are for --pid");
	if (t->proxy &&
	    (!t->pid || (!t->exe && t->mem_fd < 0) || inv->command->kind != COMMAND_SERVE))
		return err_new(ERR_USAGE,
			       "--proxy is for serve, with --pid, and with --exe or --mem-fd");
	return NULL;
}

/* `goctx help COMMAND` is `goctx COMMAND --help`. */
static struct err *resolve_help(struct invocation *inv)
{
	inv->table = inv->command->kind == COMMAND_TABLE;
	if (inv->command->kind != COMMAND_HELP)
		return NULL;
	if (!inv->help && inv->opt.arg) {
		const struct command *c = command_find(inv->opt.arg);
		if (!c)
			return command_unknown(inv->opt.arg);
		inv->command = c;
	} else if (!inv->help) {
		inv->command = NULL;
	}
	inv->help = true;
	return NULL;
}

/* A shell reads it as one word. */
static void put_word(struct buf *out, const char *option, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./+,:=@%";

	if (!word)
		return;
	buf_printf(out, " %s ", option);
	if (*word && !word[strspn(word, plain)]) {
		buf_str(out, word);
		return;
	}
	buf_char(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_lit(out, "'\\''");
		else
			buf_char(out, *word);
	buf_char(out, '\'');
}

void options_target(const struct session_options *t, struct buf *out)
{
	put_word(out, "--core", t->core);
	if (t->pid)
		buf_printf(out, " --pid %d", t->pid);
	put_word(out, "--exe", t->exe);
	put_word(out, "--debug", t->debug);
	if (t->no_stop)
		buf_lit(out, " --no-stop");
}

struct err *options_parse(int argc, char **argv, bool serve, struct invocation *inv)
{
	struct parse p;
	int at;
	struct err *err;

	set_defaults(&p, inv);
	uint64_t first =
		COMMON_OPTIONS | OPT_BIT(OPT_VERSION) | (serve ? 0 : TARGET_OPTIONS | HELD_OPTIONS);
	if ((err = parse_part(&p, argc, argv, true, NULL, first, &at)))
		return err;
	if (inv->version || inv->help)
		return NULL;
	if (at >= argc)
		return err_hint(err_new(ERR_USAGE, "no command"), "goctx help lists the commands");

	const struct command *c = inv->command = command_find(argv[at]);
	if (!c)
		return command_unknown(argv[at]);
	if (serve && c->kind == COMMAND_SERVE)
		return err_new(ERR_USAGE, "already serving");

	int end;
	uint64_t allowed = command_options(c) & ~(serve ? TARGET_OPTIONS : 0);
	if ((err = parse_part(&p, argc - at, argv + at, false, c, allowed, &end)))
		return err;
	inv->opt.command = command_typed(c);
	if ((err = check_args(inv, argc - at - end, argv + at + end)) || (err = resolve_help(inv)))
		return err;
	if (!inv->help && !serve && (err = check_target(inv)))
		return err;
	set_terminal(&p, serve);
	return NULL;
}
