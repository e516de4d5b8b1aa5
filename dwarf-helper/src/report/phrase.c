#include "report/phrase.h"

#include "base/text.h"

void phrase_break(struct phrase *p)
{
	VEC_PUSH(&p->breaks, p->text.n);
}

void phrase_item(struct phrase *p)
{
	if (!p->text.n)
		return;
	buf_lit(&p->text, " ·");
	phrase_break(p);
	buf_char(&p->text, ' ');
}

/* A text being broken into lines. */
struct fold {
	struct buf *out;
	size_t indent, width, at; /* columns; at: of the line under way, behind the indent */
};

static void put(struct fold *f, const char *s, size_t n)
{
	size_t w = text_width(s, n);

	if (f->at && f->at + 1 + w > f->width) {
		buf_char(f->out, '\n');
		buf_fill(f->out, ' ', f->indent);
		f->at = 0;
	}
	if (f->at) {
		buf_char(f->out, ' ');
		f->at++;
	}
	buf_bytes(f->out, s, n);
	f->at += w;
}

static void put_words(struct fold *f, const char *s, size_t n)
{
	while (n) {
		const char *space = memchr(s, ' ', n);
		size_t k = space ? (size_t)(space - s) : n;
		if (k)
			put(f, s, k);
		s += k + (space != NULL);
		n -= k + (space != NULL);
	}
}

void phrase_fold(struct buf *out, const struct phrase *p, size_t at, size_t indent, size_t width,
		 bool words)
{
	struct fold f = {out, indent, width, at};
	size_t from = 0;

	for (size_t k = 0; k <= p->breaks.n; k++) {
		size_t end = k < p->breaks.n ? p->breaks.v[k] : p->text.n;
		if (words && text_width(p->text.p + from, end - from) > width)
			put_words(&f, p->text.p + from, end - from);
		else if (end > from)
			put(&f, p->text.p + from, end - from);
		from = end + 1;
	}
}

void phrase_clear(struct phrase *p)
{
	p->text.n = 0;
	p->breaks.n = 0;
}

void phrase_free(struct phrase *p)
{
	buf_free(&p->text);
	VEC_FREE(&p->breaks);
}
