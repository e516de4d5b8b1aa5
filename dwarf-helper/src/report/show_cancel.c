#include "report/show_cancel.h"

#include "base/text.h"
#include "report/lines.h"
#include "report/path.h"
#include "report/words.h"
#include "report/writer.h"

/* Lines under one label. */
struct rows {
	struct report *r;
	struct buf *out;
	size_t indent;
	bool any;
};

static void row(struct rows *rows)
{
	if (rows->any)
		buf_fill(rows->out, ' ', rows->indent);
	rows->any = true;
}

static const char *func_of(const struct model *m, uint32_t func)
{
	const struct frame *f = model_frame(m, func);

	return f ? f->func : NULL;
}

static void put_line(struct rows *rows, const char *text)
{
	row(rows);
	buf_str(rows->out, text);
	buf_char(rows->out, '\n');
}

/* "deferred by task 12 main.hold hold.go:12", "global app.srv → .cancel". */
static void put_holder(struct phrase *out, const struct report *r, const struct way *way)
{
	const struct model *m = r->m;

	if (way->held == HELD_PATH) {
		path_line(out, way->path, PATH_LINE, r->opt->redact);
	} else if (way->held == HELD_DEFERRED) {
		buf_lit(&out->text, "deferred by task ");
		buf_u64(&out->text, m->tasks.list.v[way->task].goid);
		buf_char(&out->text, ' ');
		path_frame(&out->text, m, way->frame);
	}
}

static void put_phrase(struct rows *rows, struct phrase *line)
{
	size_t width = rows->r->opt->width ? rows->r->opt->width : 100;

	row(rows);
	phrase_fold(rows->out, line, 0, rows->indent,
		    width > rows->indent ? width - rows->indent : 0, false);
	buf_char(rows->out, '\n');
	phrase_free(line);
}

static void put_held_by(struct rows *rows, const struct way *way)
{
	struct phrase line = {0};

	if (way->held == HELD_PATH)
		buf_lit(&line.text, "held by ");
	put_holder(&line, rows->r, way);
	put_phrase(rows, &line);
	for (size_t k = 0; k < way->others.n; k++) {
		struct phrase other = {0};
		buf_lit(&other.text, "and by ");
		path_line(&other, &way->others.v[k], PATH_LINE, rows->r->opt->redact);
		put_phrase(rows, &other);
	}
	if (way->more)
		put_line(rows, "and in further ways: goctx why");
}

/* "context.WithCancel.func1 0xc0000a8010", and below it what holds that. */
static void put_func(struct rows *rows, const struct ways *w, const struct way *way)
{
	const char *name = func_of(rows->r->m, way->func);

	row(rows);
	text_safe(rows->out, name ? name : "?", strlen(name ? name : "?"));
	buf_char(rows->out, ' ');
	buf_hex(rows->out, way->closure);
	buf_char(rows->out, '\n');
	switch (way->held) {
	case HELD_DEFERRED:
	case HELD_PATH:
		put_held_by(rows, way);
		break;
	case HELD_NOTHING:
		put_line(rows, "held by nothing: it is garbage, not yet collected");
		break;
	case HELD_UNKNOWN:
		row(rows);
		buf_lit(rows->out, "what holds it is not known: ");
		buf_str(rows->out, word_gap(w->gap));
		buf_char(rows->out, '\n');
		break;
	default:
		break;
	}
	if (way->lost == LOST_YES)
		put_line(rows, way_is_final(way)
				       ? "which is never called: only goroutines that can never "
					 "run again hold the object"
				       : "which can never run again: nobody will call it");
}

static void put_timer(struct rows *rows, uint32_t i)
{
	struct buf text = {0};

	row(rows);
	buf_lit(rows->out, "its ");
	if (word_deadline_of(&text, rows->r->m, i))
		buf_bytes(rows->out, text.p, text.n);
	else
		buf_lit(rows->out, "deadline, which is not known");
	buf_char(rows->out, '\n');
	buf_free(&text);
}

static void put_watcher(struct rows *rows, uint32_t i, const struct way *way)
{
	const struct model *m = rows->r->m;

	row(rows);
	if (way->task < m->tasks.list.n) {
		buf_lit(rows->out, "task ");
		buf_u64(rows->out, m->tasks.list.v[way->task].goid);
		buf_lit(rows->out, ", which waits for ");
	}
	if (m->ctxs.v[i].parent < m->ctxs.n)
		word_ctx(rows->out, m, m->ctxs.v[i].parent);
	else
		buf_lit(rows->out, "its parent");
	buf_str(rows->out,
		way->task < m->tasks.list.n ? " to end\n" : ", with which it is registered\n");
}

/* What is above it may end it, when nobody will call a CancelFunc of its own. */
static void put_above(struct rows *rows, const struct ways *w)
{
	if (w->above == CTX_NONE && !w->foreign)
		return;
	row(rows);
	if (!w->above_sure) {
		buf_lit(rows->out, "an ancestor may cancel it\n");
		return;
	}
	buf_lit(rows->out, "its ancestor ");
	word_ctx(rows->out, rows->r->m, w->above);
	buf_lit(rows->out, " can cancel it\n");
}

/* No CancelFunc was found: what that means depends on what else there is. */
static void put_none(struct rows *rows, uint32_t i, const struct ways *w)
{
	const struct model *m = rows->r->m;
	const char *what = m->ctxs.v[i].kind == CTX_AFTER_FUNC ? "stop function" : "CancelFunc";
	bool nobody = !w->list.n && w->above == CTX_NONE && !w->foreign && !w->unsure;

	row(rows);
	if (nobody)
		buf_lit(rows->out, "nobody: ");
	buf_lit(rows->out, "no ");
	buf_str(rows->out, what);
	if (w->unsure) {
		buf_lit(rows->out, " of it was found; ");
		buf_str(rows->out, word_gap(w->unsure));
	} else {
		buf_lit(rows->out, " of it exists any more");
	}
	buf_char(rows->out, '\n');
	put_above(rows, w);
}

void show_ways(struct report *r, uint32_t i, const struct ways *w, size_t indent)
{
	struct rows rows = {.r = r, .out = &r->out, .indent = indent};

	for (size_t k = 0; k < w->list.n; k++) {
		const struct way *way = &w->list.v[k];
		if (way->kind == CANCELER_TIMER)
			put_timer(&rows, i);
		else if (way->kind == CANCELER_PARENT || way->kind == CANCELER_WATCHER)
			put_watcher(&rows, i, way);
		else
			put_func(&rows, w, way);
	}
	if (w->more) {
		row(&rows);
		text_plural(rows.out, w->more, "more closure");
		buf_char(rows.out, '\n');
	}
	if (!w->func)
		put_none(&rows, i, w);
	else if (w->lost)
		put_above(&rows, w);
}

taddr show_ways_next(const struct ways *w)
{
	for (size_t k = 0; k < w->list.n; k++)
		if (w->list.v[k].held != HELD_UNASKED)
			return w->list.v[k].closure;
	return 0;
}

static void way_line(struct report *r, uint32_t i, const struct way *way)
{
	static const char *const kinds[] = {
		[CANCELER_FUNC] = "func",	[CANCELER_TIMER] = "timer",
		[CANCELER_STOP] = "stop",	[CANCELER_PARENT] = "parent",
		[CANCELER_WATCHER] = "watcher",
	};
	static const char *const held[] = {[HELD_UNASKED] = NULL,
					   [HELD_DEFERRED] = "deferred",
					   [HELD_PATH] = "path",
					   [HELD_NOTHING] = "nothing",
					   [HELD_UNKNOWN] = NULL};
	const struct model *m = r->m;
	bool of_task = way->task < m->tasks.list.n;
	struct rec w = rec_line(&r->out, REC_canceler);
	struct phrase by = {0};

	put_holder(&by, r, way);
	rec_addr(&w, REC_canceler_context, m->ctxs.v[i].addr);
	rec_word(&w, REC_canceler_kind, kinds[way->kind]);
	rec_addr(&w, REC_canceler_closure, way->closure);
	rec_text(&w, REC_canceler_func, func_of(m, way->func));
	rec_u64_if(&w, REC_canceler_goid, of_task, of_task ? m->tasks.list.v[way->task].goid : 0);
	rec_word(&w, REC_canceler_held, held[way->held]);
	rec_buf(&w, REC_canceler_held_by, by.text.n, &by.text);
	if (way->lost == LOST_UNKNOWN)
		rec_null(&w, REC_canceler_lost);
	else
		rec_bool(&w, REC_canceler_lost, way->lost == LOST_YES);
	rec_line_end(&w);
	phrase_free(&by);
}

void line_ways(struct report *r, uint32_t i, const struct ways *w)
{
	for (size_t k = 0; k < w->list.n; k++)
		way_line(r, i, &w->list.v[k]);
	line_cut(r, w->more, "closures");
}
