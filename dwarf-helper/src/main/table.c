#include "main/table.h"

#include "main/choices.h"

static void option_line(struct buf *out, enum option_id o)
{
	const struct option_info *i = &option_infos[o];
	const char *gap = "";

	buf_printf(out, "option\t%s\t%s\t", i->name, i->arg ? i->arg : "");
	for (unsigned w = 0; w < CHOICE_NUMBERS; w++) {
		const char *word = choice_word(o, w);
		if (!word)
			continue;
		buf_str(out, gap);
		buf_str(out, word);
		gap = " ";
	}
	buf_printf(out, "\t%s\t%s\n", choice_many(o) ? "many" : "", i->help);
}

static void command_line(struct buf *out, const struct command *c)
{
	const char *gap = "";

	buf_printf(out, "command\t%s\t", c->name);
	for (unsigned o = 0; o < OPT_COUNT; o++) {
		if (!(c->options & OPT_BIT(o)))
			continue;
		buf_str(out, gap);
		buf_str(out, option_infos[o].name);
		gap = " ";
	}
	buf_char(out, '\n');
}

static void rule_lines(struct buf *out, const struct command *c)
{
	for (unsigned rule = c->first_rule; rule < c->end_rule; rule++)
		buf_printf(out, "rule\t%s\t%s\t%s\n", c->name, finding_rule_name(rule),
			   finding_rule_question(rule));
}

void table_print(struct buf *out)
{
	const struct command *c;
	uint64_t used = COMMON_OPTIONS;

	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->kind == COMMAND_REPORT)
			used |= c->options;
	for (unsigned o = 0; o < OPT_COUNT; o++)
		if (used & OPT_BIT(o))
			option_line(out, o);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->kind == COMMAND_REPORT)
			command_line(out, c);
	for (size_t i = 0; (c = command_at(i)); i++)
		rule_lines(out, c);
}
