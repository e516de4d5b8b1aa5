#include "report/writer.h"

#include <math.h>

#include "base/text.h"

#ifdef REC_CHECKED
#include <stdio.h>
#include <stdlib.h>

static void wrong(enum rec_field f, const char *what)
{
	fprintf(stderr, "record field %.*s (%d): %s\n", (int)rec_infos[f].text_n, rec_infos[f].text,
		(int)f, what);
	abort();
}

/* Fields between the last one and @p f were left out. */
static void check_between(const struct rec *w, enum rec_field f)
{
	for (unsigned k = w->last + 1; k < f; k++)
		if (rec_infos[k].role != ROLE_FIELD || rec_infos[k].null != ABSENT)
			wrong((enum rec_field)k, "was not written");
}

void rec_check(struct rec *w, enum rec_field f, enum rec_kind kind, bool null)
{
	if (rec_infos[f].role != ROLE_FIELD || f <= w->last)
		wrong(f, "comes twice, out of order or in another record");
	if (w->open)
		wrong(f, "comes in the middle of an array");
	check_between(w, f);
	if (rec_infos[f].kind != kind)
		wrong(f, "has another type in the list");
	if (null && rec_infos[f].null == ALWAYS)
		wrong(f, "cannot be null by the list");
	w->last = f;
}

void rec_check_end(const struct rec *w)
{
	unsigned end = w->last + 1;

	while (rec_infos[end].role == ROLE_FIELD)
		end++;
	check_between(w, (enum rec_field)end);
	if (w->open)
		wrong(w->last, "was not closed");
}

void rec_check_open(struct rec *w, bool open)
{
	if (w->open == open)
		wrong(w->last, open ? "has an array inside" : "was not opened");
	w->open = open;
}
#endif

void rec_text(struct rec *w, enum rec_field f, const char *s)
{
	rec_commit(w, rec_name(w, f, KIND_TEXT, !s, 0));
	if (s)
		buf_json(w->out, s, strlen(s));
	else
		buf_lit(w->out, "null");
}

void rec_buf(struct rec *w, enum rec_field f, bool known, const struct buf *b)
{
	rec_commit(w, rec_name(w, f, KIND_TEXT, !known, 0));
	if (known)
		buf_json(w->out, b->n ? b->p : "", b->n);
	else
		buf_lit(w->out, "null");
}

void rec_time(struct rec *w, enum rec_field f, bool known, int64_t unix_s, int32_t nsec)
{
	struct buf text = {0};

	known = known && text_rfc3339(&text, unix_s, nsec);
	rec_commit(w, rec_name(w, f, KIND_TIME, !known, 0));
	if (known)
		buf_json(w->out, text.p, text.n);
	else
		buf_lit(w->out, "null");
	buf_free(&text);
}

void rec_float(struct rec *w, enum rec_field f, double v)
{
	rec_commit(w, rec_name(w, f, KIND_FLOAT, !isfinite(v), 0));
	if (isfinite(v))
		buf_printf(w->out, "%.9g", v);
	else
		buf_lit(w->out, "null");
}

void rec_list(struct rec *w, enum rec_field f)
{
	bool object = rec_infos[f].kind == KIND_COUNTS || rec_infos[f].kind == KIND_LABELS;

	rec_commit(w, rec_name(w, f, (enum rec_kind)rec_infos[f].kind, false, 0));
	rec_check_open(w, true);
	buf_char(w->out, object ? '{' : '[');
}

void rec_list_end(struct rec *w, enum rec_field f)
{
	bool object = rec_infos[f].kind == KIND_COUNTS || rec_infos[f].kind == KIND_LABELS;

	rec_check_open(w, false);
	buf_char(w->out, object ? '}' : ']');
}

void rec_item_buf(struct buf *out, bool first, const struct buf *b)
{
	if (!first)
		buf_char(out, ',');
	buf_json(out, b->n ? b->p : "", b->n);
}

void rec_count(struct buf *out, bool first, const char *word, uint64_t v)
{
	if (!first)
		buf_char(out, ',');
	buf_char(out, '"');
	buf_str(out, word);
	buf_lit(out, "\":");
	buf_u64(out, v);
}
