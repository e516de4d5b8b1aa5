#include "report/records.h"

#include <string.h>

/* What people read of an entry. */
struct doc {
	const char *name, *unit, *about;
	uint8_t role, kind, null;
};

static const struct doc docs[] = {
#define R(record, role, about) {#record, "", about, ROLE_##role, KIND_NONE, 0},
#define F(record, field, kind, null, unit, about) \
	{#field, unit, about, ROLE_FIELD, KIND_##kind, null},
	RECORDS(R, F)
#undef R
#undef F
};

static const size_t doc_count = sizeof(docs) / sizeof(docs[0]);

static const char head[] =
	"# Records\n"
	"\n"
	"`goctx COMMAND --json` prints JSON Lines: UTF-8, one object a line. The field `type` "
	"comes first and names "
	"the record; the first line\n"
	"is a `header`. This page is made from `dwarf-helper/src/report/records.h` (`make "
	"records`), and "
	"`tests/test_records.py` holds every command\n"
	"to it.\n"
	"\n"
	"- A field keeps its name, its place and its meaning. New fields may come at the end of a "
	"record, new types of "
	"records anywhere: skip what\n"
	"  you do not know. When the meaning of a field must change, `schema` in the header does "
	"too.\n"
	"- null is what is not known or does not exist, never a guess. A state has a word for it "
	"(`unknown`), because "
	"one can ask for it:\n"
	"  `list --state unknown`.\n"
	"- `status` is what the scheduler says of a goroutine, `state` what has become of a "
	"context. No other field "
	"has either name.\n"
	"- Addresses are text, `\"0xc000012000\"`. Background and TODO have none since Go 1.21; "
	"they are "
	"`\"background\"` and `\"todo\"` on every\n"
	"  release, and arguments take these words, too.\n"
	"- Keys and values of contexts are in Go's notation, so a string of the program has quotes "
	"inside of the JSON "
	"text: `\"value\":\"\\\"u1\\\"\"` is the\n"
	"  string u1, `\"value\":\"7\"` the number 7 and `\"value\":\"\\\"7\\\"\"` the string 7. "
	"Texts that are "
	"nothing else (names, errors, files) have none.\n"
	"- Control characters and bytes that are no UTF-8 are escaped or replaced by U+FFFD.\n"
	"\n"
	"| command | lines between header and notes |\n"
	"|---|---|\n"
	"| `info` | info |\n"
	"| `tree` | context, edge, task |\n"
	"| `list` | context |\n"
	"| `show` | context (itself, its parents, its children), edge, task, canceler, made |\n"
	"| `children` | context, edge |\n"
	"| `tasks` | task; with `--group` group |\n"
	"| `blocked` | task |\n"
	"| `waits` | wait |\n"
	"| `sites` | site |\n"
	"| `bt` | frame, and notes about single stacks |\n"
	"| `leaks` | finding, group |\n"
	"| `check` | finding |\n"
	"| `why` | path, then subject, made |\n"
	"| `heap` | heap |\n"
	"| `layout` | layout, field, variable; with TYPE layout, field, member |\n"
	"| `goctx trace` in GDB | event, then site, and nothing before them |\n"
	"\n"
	"Nullable fields are marked \"or null\"; those marked \"may be left out\" are not in every "
	"record of their "
	"type.\n";

static const char *kind_word(const struct doc *d)
{
	static const char *const words[] = {
		[KIND_NONE] = "",
		[KIND_INT] = "integer",
		[KIND_FLOAT] = "number",
		[KIND_BOOL] = "boolean",
		[KIND_TEXT] = "text",
		[KIND_WORD] = "word",
		[KIND_ADDR] = "address",
		[KIND_CTX] = "context",
		[KIND_TIME] = "time",
		[KIND_INTS] = "array of integers",
		[KIND_TEXTS] = "array of texts",
		[KIND_CTXS] = "array of contexts",
		[KIND_PARTS] = "array of ",
		[KIND_COUNTS] = "object: word to integer",
		[KIND_LABELS] = "object: text to text",
	};

	return words[d->kind];
}

static void put_record(struct buf *out, const struct doc *d)
{
	buf_lit(out, "\n## ");
	buf_str(out, d->name);
	buf_lit(out, "\n\n");
	buf_str(out, d->about);
	if (d->role == ROLE_PART)
		buf_lit(out, " Part of another record, without `type`.");
	buf_lit(out, "\n\n| field | type | unit | meaning |\n|---|---|---|---|\n");
}

/* Bars separate columns. */
static void put_cell(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|')
			buf_char(out, '\\');
		buf_char(out, *s);
	}
}

static void put_field(struct buf *out, const struct doc *d)
{
	static const char *const null_words[] = {
		[ALWAYS] = "", [MAYBE] = " or null", [ABSENT] = ", may be left out"};

	buf_lit(out, "| `");
	buf_str(out, d->name);
	buf_lit(out, "` | ");
	buf_str(out, kind_word(d));
	if (d->kind == KIND_PARTS) {
		buf_lit(out, "[");
		buf_str(out, d->unit);
		buf_lit(out, "](#");
		buf_str(out, d->unit);
		buf_char(out, ')');
	}
	buf_str(out, null_words[d->null]);
	buf_lit(out, " | ");
	if (d->kind != KIND_PARTS)
		put_cell(out, d->unit);
	buf_lit(out, " | ");
	put_cell(out, d->about);
	buf_lit(out, " |\n");
}

void records_page(struct buf *out)
{
	buf_str(out, head);
	for (size_t i = 0; i < doc_count; i++) {
		if (docs[i].role == ROLE_FIELD)
			put_field(out, &docs[i]);
		else
			put_record(out, &docs[i]);
	}
}
