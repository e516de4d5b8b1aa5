#include "report/text.h"

void table_open(struct table *t, struct report *r, const struct column *cols, unsigned n)
{
	memset(t, 0, sizeof(*t));
	t->r = r;
	t->ncols = n < TABLE_COLUMNS ? n : TABLE_COLUMNS;
	memcpy(t->col, cols, t->ncols * sizeof(*cols));
	buf_room(&t->text, 1); // so that text.p is never NULL
}

/* Close the cell at hand: remember where it ends. */
static void end_cell(struct table *t)
{
	if (t->cells)
		t->ends.v[t->ends.n - 1].end = (uint32_t)t->text.n;
}

struct buf *table_styled(struct table *t, enum style s)
{
	end_cell(t);
	if (t->cells == t->ncols) // more cells than columns: they join the last one
		return &t->text;
	VEC_PUSH(&t->ends, (struct table_end){.style = (uint8_t)s});
	t->cells++;
	return &t->text;
}

struct buf *table_cell(struct table *t)
{
	return table_styled(t, STYLE_PLAIN);
}

/* Bytes to leave out in front: @p columns or a little more, so that what stays begins at a dot. */
static size_t tail_start(const char *s, size_t n, size_t columns)
{
	size_t skip = text_cut(s, n, columns);
	const char *dot = memchr(s + skip, '.', (n - skip) / 2);

	return dot ? (size_t)(dot - s) : skip;
}

/* One cell: at most @p most columns (0: any), then padded to the column's width unless nothing
 * follows. */
static void print_cell(struct table *t, unsigned k, const char *s, size_t n, enum style style,
		       size_t most, size_t *pad)
{
	struct buf *out = &t->r->out;
	size_t path = t->no_paths && t->col[k].path ? text_path(s, n) : 0;
	s += path;
	n -= path;
	size_t width = text_width(s, n), want = t->col[k].width;
	bool cut = most && width > most, front = t->col[k].keep_tail;

	if (cut && front) {
		size_t skip = tail_start(s, n, width - most + 1);
		s += skip;
		n -= skip;
	} else if (cut) {
		n = text_cut(s, n, most - 1);
	}
	if (cut)
		width = 1 + text_width(s, n);
	size_t fill = width < want ? want - width : 0;
	if (t->col[k].right)
		*pad += fill;
	if (n) {
		if (*pad)
			buf_fill(out, ' ', *pad);
		*pad = 0;
		text_style(out, t->r, style);
		if (cut && front)
			buf_lit(out, "…");
		buf_bytes(out, s, n);
		if (cut && !front)
			buf_lit(out, "…");
		text_style_end(out, t->r, style);
	} else {
		*pad += width;
	}
	if (!t->col[k].right)
		*pad += fill;
	*pad += 2;
}

static void print_head(struct table *t)
{
	size_t pad = 0;
	bool any = false;

	for (unsigned k = 0; k < t->ncols; k++)
		any |= t->col[k].head != NULL;
	if (!any)
		return;
	for (unsigned k = 0; k < t->ncols; k++) {
		const char *head = t->col[k].head ? t->col[k].head : "";
		print_cell(t, k, head, strlen(head), STYLE_BOLD, 0, &pad);
	}
	buf_char(&t->r->out, '\n');
}

static size_t line_width(const struct table *t)
{
	return t->r->opt->width ? t->r->opt->width : 100;
}

/* Columns left for the last cell when all before it keep their width. */
static size_t last_width(const struct table *t)
{
	size_t used = 0, width = line_width(t);

	for (unsigned k = 0; k + 1 < t->ncols; k++)
		used += t->col[k].width + 2;
	return used + TABLE_LAST < width ? width - used : TABLE_LAST;
}

/* Rows of t->ends from the first on; each has ncols entries. */
static void print_rows(struct table *t)
{
	size_t start = 0, last = t->cut_last ? last_width(t) : 0;

	for (size_t row = 0; row + t->ncols <= t->ends.n; row += t->ncols) {
		size_t pad = 0;
		for (unsigned k = 0; k < t->ncols; k++) {
			const struct table_end *e = &t->ends.v[row + k];
			size_t most = k + 1 == t->ncols && last	       ? last
				      : t->no_paths || !t->col[k].path ? t->col[k].max
								       : 0;
			print_cell(t, k, t->text.p + start, e->end - start, e->style, most, &pad);
			start = e->end;
		}
		buf_char(&t->r->out, '\n');
	}
	t->ends.n = 0;
	t->text.n = 0;
}

/* Widen the columns to what they hold.  @return the width of the widest lines */
static size_t widen(struct table *t)
{
	size_t start = 0, line = 0;

	for (unsigned k = 0; k < t->ncols; k++) {
		size_t head =
			t->col[k].head ? text_width(t->col[k].head, strlen(t->col[k].head)) : 0;
		if (t->col[k].width < head)
			t->col[k].width = (unsigned)head;
	}
	for (size_t i = 0; i < t->ends.n; i++) {
		struct column *c = &t->col[i % t->ncols];
		const char *s = t->text.p + start;
		size_t n = t->ends.v[i].end - start,
		       path = t->no_paths && c->path ? text_path(s, n) : 0;
		size_t width = text_width(s + path, n - path);
		if (c->max && width > c->max && (t->no_paths || !c->path))
			width = c->max;
		if (width > c->width)
			c->width = (unsigned)width;
		start = t->ends.v[i].end;
	}
	for (unsigned k = 0; k < t->ncols; k++)
		line += t->col[k].width + (k ? 2 : 0);
	return line;
}

static void measure(struct table *t)
{
	struct column given[TABLE_COLUMNS];
	bool any = false;

	for (unsigned k = 0; k < t->ncols; k++)
		any |= t->col[k].path;
	memcpy(given, t->col, sizeof(given));
	if (widen(t) <= line_width(t) || !any)
		return;
	memcpy(t->col, given, sizeof(given));
	t->no_paths = true;
	widen(t);
}

void table_flush(struct table *t)
{
	if (!t->ends.n)
		return;
	if (!t->streaming) {
		measure(t);
		print_head(t);
		t->streaming = true;
	}
	print_rows(t);
}

void table_row(struct table *t)
{
	if (!t->cells)
		return;
	end_cell(t);
	while (t->cells < t->ncols) {
		VEC_PUSH(&t->ends, (struct table_end){.end = (uint32_t)t->text.n});
		t->cells++;
	}
	t->cells = 0;
	t->rows++;
	if (t->streaming || t->rows >= TABLE_SAMPLE)
		table_flush(t);
}

void table_close(struct table *t)
{
	table_flush(t);
	buf_free(&t->text);
	VEC_FREE(&t->ends);
}
