#include "report/finding_made.h"

#include "report/path.h"
#include "report/text.h"

const char *word_maker(unsigned maker)
{
	static const char *const words[MAKERS] = {
		[MAKER_WITH_CANCEL] = "WithCancel",
		[MAKER_WITH_CANCEL_CAUSE] = "WithCancelCause",
		[MAKER_WITH_TIMEOUT] = "WithTimeout",
		[MAKER_WITH_TIMEOUT_CAUSE] = "WithTimeoutCause",
		[MAKER_WITH_DEADLINE] = "WithDeadline",
		[MAKER_WITH_DEADLINE_CAUSE] = "WithDeadlineCause",
		[MAKER_WITH_VALUE] = "WithValue",
		[MAKER_WITHOUT_CANCEL] = "WithoutCancel",
		[MAKER_AFTER_FUNC] = "AfterFunc",
		[MAKER_NOTIFY_CONTEXT] = "NotifyContext",
		[MAKER_ERRGROUP] = "errgroup.WithContext",
	};

	return maker < MAKERS ? words[maker] : "such";
}

static void put_package(struct buf *out, const struct likely *l)
{
	buf_lit(out, "package ");
	text_safe(out, l->package, l->package_n);
}

/* Why one call alone is it. */
static void put_only(struct buf *out, const struct likely *l)
{
	static const char *const where[CLUES] = {
		[CLUE_DEFERS] = "the function that is to cancel them",
		[CLUE_HOLDS] = "a function that holds them",
		[CLUE_STARTED] = "the function that started their goroutines",
		[CLUE_WAITS] = "the function that waits for them",
		[CLUE_CAPTURES] = "a function that keeps them in a closure",
		[CLUE_AROUND] = "the function around one that has to do with them",
		[CLUE_NEAR] = "a function next to those that have to do with them",
		[CLUE_PROGRAM] = "the program's own packages",
	};

	buf_printf(out, ", the only %s in ", word_maker(l->maker));
	if (l->how == CLUE_PACKAGE)
		put_package(out, l);
	else
		buf_str(out, where[l->how]);
}

static void put_counted(struct buf *out, const struct likely *l)
{
	buf_lit(out, "probably one of ");
	text_count(out, l->n);
	buf_printf(out, " %s calls in ", word_maker(l->maker));
	if (l->how == CLUE_PACKAGE)
		put_package(out, l);
	else
		buf_str(out, l->how == CLUE_PROGRAM ? "the program's own packages"
						    : "functions that have to do with them");
	buf_lit(out, " (goctx sites)");
}

void words_made(struct phrase *out, const struct report *r, const struct finding *f,
		const struct evidence *e)
{
	const struct likely *l = &e->likely;
	bool first = true;

	if (l->n > LIKELY_MAX) {
		put_counted(&out->text, l);
		return;
	}
	buf_str(&out->text, l->n > 1 ? "probably one of: " : "probably ");
	for (size_t k = 0; k < f->locations.n; k++) {
		const struct location *at = &f->locations.v[k];
		if (at->role != PLACE_MADE || at->source != SOURCE_CALL)
			continue;
		if (!first)
			phrase_item(out);
		path_frame(&out->text, r->m, at->frame);
		first = false;
	}
	if (l->n == 1)
		put_only(&out->text, l);
}
