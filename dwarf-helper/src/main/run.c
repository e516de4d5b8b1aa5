#include "main/run.h"

#include "main/table.h"
#include "main/version.h"
#include "report/records.h"

int exit_of(const struct err *e)
{
	if (!e)
		return EXIT_DONE;
	switch (e->kind) {
	case ERR_USAGE:
		return EXIT_WRONG_USE;
	case ERR_CANCELED:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_NO_TARGET;
	}
}

void hint_for_gdb(struct err *e)
{
	static const struct {
		const char *option, *in_gdb;
	} words[] = {
		{"--exe FILE", "GDB's `file FILE`"},
		{"with --debug FILE", "where GDB finds it (show debug-file-directory)"},
	};

	for (size_t i = 0; e->hint && i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(e->hint, words[i].option);
		if (!at)
			continue;
		_cleanup_free_ char *head = mem_strndup(e->hint, (size_t)(at - e->hint));
		_cleanup_free_ char *tail = mem_strdup(at + strlen(words[i].option));
		err_hint(e, "%s%s%s", head, words[i].in_gdb, tail);
	}
}

void error_words(const struct err *e, struct buf *out)
{
	buf_lit(out, "goctx: ");
	buf_str(out, e->kind == ERR_CANCELED ? "interrupted" : e->msg);
	buf_char(out, '\n');
	if (e->hint) {
		buf_lit(out, "hint: ");
		buf_str(out, e->hint);
		buf_char(out, '\n');
	}
}

/* The header of JSON counts everything, and task lines name contexts; text needs only what its
 * command shows. */
static struct model_options needs_of(const struct invocation *inv)
{
	unsigned needs = inv->command->needs;

	if (inv->opt.json || inv->opt.to || inv->opt.context)
		needs = NEED_TASKS | NEED_CONTEXTS;
	if (inv->opt.group == GROUP_CONTEXT)
		needs |= NEED_CONTEXTS;
	return (struct model_options){.no_tasks = !(needs & NEED_TASKS),
				      .no_contexts = !(needs & NEED_CONTEXTS)};
}

static struct err *answer(struct session *s, const struct invocation *inv, buf_sink *sink,
			  void *sink_arg, bool *failed_ret)
{
	struct report r = {.opt = &inv->opt,
			   .m = &s->m,
			   .where = &s->where,
			   .version = GOCTX_VERSION,
			   .trace = s->trace};

	buf_init(&r.out, sink, sink_arg);
	struct err *err = inv->command->run(&r);
	buf_flush(&r.out);
	*failed_ret = r.failed;
	buf_free(&r.out);
	return err;
}

struct err *run_command(struct session *s, const struct invocation *inv, buf_sink *sink,
			void *sink_arg, int *status_ret)
{
	if (inv->command->needs & NEED_NO_TARGET) {
		bool failed;
		struct err *err = answer(s, inv, sink, sink_arg, &failed);
		*status_ret = failed ? EXIT_FAIL_ON : EXIT_DONE;
		return err;
	}
	struct model_options needs = needs_of(inv);
	struct err *err = session_model(s, &needs);

	if (!err) {
		struct notes_mark mark = notes_mark(&s->notes);
		bool failed;
		err = answer(s, inv, sink, sink_arg, &failed);
		// What was asked for by --fail-on goes first: a script that looks for 1 must not
		// miss it on a damaged core.
		*status_ret = failed			    ? EXIT_FAIL_ON
			      : s->notes.count[NOTE_DAMAGE] ? EXIT_DAMAGED
							    : EXIT_DONE;
		notes_rewind(&s->notes,
			     &mark); // notes of this answer alone must not come again with the next
	}
	if (!err && session_ended(s))
		err = session_why_ended(s);
	if (!err && *s->cancel)
		err = err_interrupted();
	session_release(s);
	return err;
}

bool run_help(const struct invocation *inv, struct buf *out)
{
	if (inv->version)
		buf_lit(out, "goctx " GOCTX_VERSION "\n");
	else if (inv->help && inv->command)
		help_command(inv->command, out);
	else if (inv->help)
		help_overview(out);
	else if (inv->table)
		table_print(out);
	else if (inv->command->kind == COMMAND_PAGE)
		records_page(out);
	else
		return false;
	return true;
}
