#include "report/text.h"

void text_style(struct buf *out, const struct report *r, enum style s)
{
	static const char *const on[] = {"",	     "\x1b[1m",	 "\x1b[2m",
					 "\x1b[31m", "\x1b[33m", "\x1b[32m"};

	if (s != STYLE_PLAIN && r->opt->color)
		buf_str(out, on[s]);
}

void text_style_end(struct buf *out, const struct report *r, enum style s)
{
	if (s != STYLE_PLAIN && r->opt->color)
		buf_lit(out, "\x1b[0m");
}

void text_more(struct buf *out, uint64_t n, const char *what)
{
	buf_lit(out, "…  ");
	text_count(out, n);
	buf_lit(out, " more");
	if (what) {
		buf_char(out, ' ');
		buf_str(out, what);
	}
	buf_lit(out, " (--limit 0 for all)\n");
}

/* texts a level under a text answer; all that are kept with --limit 0 */
#define NOTES_SHOWN 5

static void notes_level(struct report *r, const struct notes *notes, unsigned level)
{
	static const char *const word[] = {
		[NOTE_WARNING] = "warning: ", [NOTE_DAMAGE] = "damage: ", [NOTE_LIMIT] = "limit: "};
	static const enum style style[] = {
		[NOTE_WARNING] = STYLE_YELLOW, [NOTE_DAMAGE] = STYLE_RED, [NOTE_LIMIT] = STYLE_DIM};
	uint64_t most = r->opt->limit == 0 ? NOTES_KEPT : NOTES_SHOWN, shown = 0;

	for (size_t i = 0; i < notes->list.n && shown < most; i++) {
		const struct note *n = &notes->list.v[i];
		if (n->level != level)
			continue;
		text_style(&r->out, r, style[level]);
		buf_str(&r->out, word[level]);
		text_style_end(&r->out, r, style[level]);
		text_safe(&r->out, n->text, strlen(n->text));
		buf_char(&r->out, '\n');
		shown++;
	}
	if (notes->count[level] <= shown)
		return;
	buf_str(&r->out, word[level]);
	text_count(&r->out, notes->count[level] - shown);
	buf_lit(&r->out, " more of this kind\n");
}

void text_notes(struct report *r)
{
	const struct notes *notes = model_notes(r->m);

	notes_level(r, notes, NOTE_WARNING);
	notes_level(r, notes, NOTE_LIMIT);
	notes_level(r, notes, NOTE_DAMAGE);
}
