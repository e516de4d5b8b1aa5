/**
 * @file  `bt GOID` and `bt all`: stacks of goroutines, equal ones together.
 */
#include <inttypes.h>
#include <stdio.h>

#include "analysis/groups.h"
#include "report/lines.h"
#include "report/tasks.h"
#include "report/words.h"
#include "runtime/label.h"
#include "runtime/stack.h"

#define BT_FRAMES 400  /* frames shown of one goroutine when --limit is not given */
#define BT_GROUPS 1000 /* groups shown by `bt all` */
#define BT_GROUP_FRAMES 64
#define BT_IDS 10 /* goroutine numbers shown of a group */

/* ---- walking ---- */

struct walk {
	const struct runtime *rt;
	struct stack_lines *s;
	const char *callee; /* function of the frame before, NULL: none */
	uint64_t n;	    /* physical frames */
};

/*
 * Go's own tracebacks leave the compiler's wrappers out, but for one that called a panic function
 * instead of what it wraps: it alone names the method (runtime/traceback.go: elideWrapperCalling).
 */
static bool is_elided(const struct walk *w, const struct frame *f)
{
	return f->wrapper && !(w->callee && (!strcmp(w->callee, "runtime.gopanic") ||
					     !strcmp(w->callee, "runtime.sigpanic") ||
					     !strcmp(w->callee, "runtime.panicwrap")));
}

static bool add_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct walk *w = arg;
	const struct pcinfo *p = &w->rt->pcs.v[info];

	(void)sp;
	w->n++;
	if (!p->n)
		VEC_PUSH(&w->s->v, (struct stack_line){pc, FRAME_NONE});
	for (uint32_t k = 0; k < p->n; k++) {
		const struct frame *f = &w->rt->frames.v[p->first + k];

		if (!is_elided(w, f))
			VEC_PUSH(&w->s->v, (struct stack_line){pc, p->first + k});
		w->callee = f->func;
	}
	return true;
}

void stack_read(struct runtime *rt, const struct task *t, struct stack_lines *ret)
{
	struct walk w = {.rt = rt, .s = ret};
	struct stack_regs start;

	ret->v.n = 0;
	ret->complete = false;
	ret->started = stack_start(rt, t, &start);
	if (ret->started)
		stack_walk(rt, &start, add_frame, &w, &ret->complete);
	if (ret->complete && !w.n)
		add_frame(&w, start.pc, start.sp, stack_stands(rt, &start));
	ret->cut = !ret->complete && w.n == STACK_MAX_FRAMES;
}

void stack_lines_free(struct stack_lines *s)
{
	VEC_FREE(&s->v);
}

/* ---- text ---- */

static void frame_row(struct table *t, const struct report *r, size_t index,
		      const struct stack_line *line)
{
	const struct frame *f = model_frame(r->m, line->frame);

	struct buf *cell = table_cell(t);
	buf_char(cell, '#');
	buf_u64(cell, index);
	buf_hex(table_styled(t, STYLE_DIM), line->pc);
	cell = table_styled(t, f && f->plumbing ? STYLE_DIM : STYLE_PLAIN);
	if (f)
		word_func(cell, r->m, line->frame);
	else
		buf_lit(cell, "?? (not Go)");
	word_place(table_cell(t), r->m, line->frame);
	if (f && f->inlined)
		buf_lit(table_styled(t, STYLE_DIM), "inlined");
	table_row(t);
}

/* "#0  0x43c2ce  runtime.gopark  proc.go:402", at most @p limit lines: the middle of longer stacks
 * is left out. */
static void stack_text(struct report *r, const struct stack_lines *s, uint64_t limit)
{
	static const struct column column[] = {{0}, {0}, {0}, {0}, {0}};
	struct table t;
	size_t n = s->v.n, tail = n > limit ? limit / 4 : 0, head = n > limit ? limit - tail : n;

	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (size_t i = 0; i < n; i++) {
		if (i == head && head + tail < n) {
			table_flush(&t);
			text_more(&r->out, n - head - tail, "frames");
			i = n - tail;
			if (i == n)
				break;
		}
		frame_row(&t, r, i, &s->v.v[i]);
	}
	table_close(&t);
	if (!s->started)
		buf_lit(&r->out,
			"its stack is not known: its registers are missing or implausible\n");
	else if (s->cut)
		buf_lit(&r->out, "… the stack goes on: no more than 100 000 frames are followed\n");
	else if (!s->complete)
		buf_lit(&r->out, "… the stack could not be followed further\n");
}

bool has_creator(const struct model *m, const struct task *t)
{
	return model_frame(m, t->created) != NULL;
}

void word_state_age(struct buf *out, const struct model *m, const struct task *t)
{
	int64_t wait = clock_wait_ns(&m->now, t);

	word_task_state(out, m, t);
	if (wait < 0)
		return;
	buf_lit(out, ", ");
	text_duration(out, wait);
}

static void one_label(void *arg, const char *key, uint64_t key_n, const char *val, uint64_t val_n)
{
	struct buf *out = arg;

	buf_str(out, out->p[out->n - 1] != ' ' ? ", " : "");
	text_safe_cut(out, key, key_n, 40);
	buf_char(out, '=');
	text_safe_cut(out, val, val_n, 60);
}

/* pprof labels, when the goroutine carries some. */
static void labels_line(struct report *r, const struct task *t)
{
	struct buf line = {0};
	taddr labels = task_labels(r->m->rt, t);

	buf_lit(&line, "labels ");
	size_t empty = line.n;
	if (labels && label_each(r->m->rt, labels, one_label, &line) && line.n > empty) {
		buf_bytes(&r->out, line.p, line.n);
		buf_char(&r->out, '\n');
	}
	buf_free(&line);
}

static void created_line(struct report *r, const struct task *t)
{
	if (!has_creator(r->m, t))
		return;
	buf_lit(&r->out, "created by ");
	word_func(&r->out, r->m, t->created);
	buf_lit(&r->out, "  ");
	word_place(&r->out, r->m, t->created);
	if (t->parent_goid) {
		buf_lit(&r->out, "  in goroutine ");
		buf_u64(&r->out, t->parent_goid);
	}
	buf_char(&r->out, '\n');
}

static void one_text(struct report *r, uint32_t task)
{
	const struct task *t = &r->m->tasks.list.v[task];
	struct stack_lines s = {0};

	text_style(&r->out, r, STYLE_BOLD);
	buf_lit(&r->out, "goroutine ");
	buf_u64(&r->out, t->goid);
	text_style_end(&r->out, r, STYLE_BOLD);
	buf_lit(&r->out, " [");
	word_state_age(&r->out, r->m, t);
	buf_str(&r->out, t->flags & TASK_SYSTEM ? ", of the runtime]\n" : "]\n");
	stack_read(r->m->rt, t, &s);
	stack_text(r, &s, word_limit(r->opt, BT_FRAMES));
	created_line(r, t);
	labels_line(r, t);
	stack_lines_free(&s);
}

/* "× 51 836 goroutines: 884, 887, … [select, oldest 41h]" */
static void group_head(struct report *r, const struct groups *g, const struct group *gr)
{
	const struct model *m = r->m;
	struct buf *out = &r->out;
	uint32_t at = gr->first;
	uint64_t ids = r->opt->limit == 0 ? UINT64_MAX : BT_IDS, n = 0;

	text_style(out, r, STYLE_BOLD);
	if (gr->count > 1) {
		buf_lit(out, "× ");
		text_plural(out, gr->count, "goroutine");
		buf_char(out, ':');
	} else {
		buf_lit(out, "goroutine");
	}
	text_style_end(out, r, STYLE_BOLD);
	for (; at != GROUP_END && n < ids; at = g->next[at], n++) {
		buf_str(out, n ? ", " : " ");
		buf_u64(out, m->tasks.list.v[at].goid);
	}
	buf_str(out, at == GROUP_END ? " [" : ", … [");
	const char *state =
		gr->mixed ? "in several states" : task_state(m->rt, &m->tasks.list.v[gr->first]);
	text_safe(out, state, strlen(state));
	if (gr->oldest_ns >= 0) {
		buf_str(out, gr->count > 1 ? ", oldest " : ", ");
		text_duration(out, gr->oldest_ns);
	}
	buf_lit(out, "]\n");
}

static struct err *all_text(struct report *r, const struct order *o)
{
	struct groups g;
	struct stack_lines s = {0};
	uint64_t limit = word_limit(r->opt, BT_GROUPS),
		 frames = r->opt->limit == 0 ? UINT64_MAX : BT_GROUP_FRAMES;
	struct err *err = NULL;

	groups_open(&g, r->m, BY_STACK);
	for (size_t k = 0; k < o->v.n && !err; k++) {
		groups_add(&g, r->m, o->v.v[k].index);
		if (k % 1024 == 0 && model_canceled(r->m))
			err = err_interrupted();
	}
	groups_sort(&g);
	for (size_t k = 0; k < g.list.n && k < limit && !err; k++) {
		const struct task *t = &r->m->tasks.list.v[g.list.v[k].first];
		group_head(r, &g, &g.list.v[k]);
		stack_read(r->m->rt, t, &s);
		stack_text(r, &s, frames);
		created_line(r, t);
		buf_char(&r->out, '\n');
	}
	if (g.list.n > limit)
		text_more(&r->out, g.list.n - limit, "stacks");
	text_plural(&r->out, g.list.n, "stack");
	buf_lit(&r->out, "; ");
	stack_lines_free(&s);
	groups_close(&g);
	return err;
}

/* ---- JSON ---- */

/* What is missing of a stack, for the notes. */
static void stack_json(struct report *r, const struct task *t, const struct stack_lines *s)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "goroutine %" PRIu64 ": its stack ", t->goid);
	size_t room = sizeof(text) - (size_t)n;

	if (s->complete)
		return;
	if (s->cut)
		snprintf(text + n, room, "goes on, no more than %d frames are followed",
			 STACK_MAX_FRAMES);
	else
		snprintf(text + n, room, "%s",
			 s->started
				 ? "could not be followed further"
				 : "cannot be told, its registers are not there, or make no sense");
	line_note(r, s->cut ? NOTE_LIMIT : NOTE_WARNING, text);
}

static void frames_json(struct report *r, struct lines *l, uint32_t task, struct stack_lines *s,
			uint64_t limit)
{
	const struct task *t = &r->m->tasks.list.v[task];
	size_t n;

	stack_read(r->m->rt, t, s);
	n = s->v.n < limit ? s->v.n : limit;
	for (size_t i = 0; i < n; i++)
		line_frame(l, t->goid, i, s->v.v[i].pc, s->v.v[i].frame);
	line_cut(r, s->v.n - n, "frames");
	stack_json(r, t, s);
}

static struct err *bt_json(struct report *r, const struct order *o)
{
	struct lines l;
	struct stack_lines s = {0};
	struct err *err = NULL;
	uint64_t limit = word_limit(r->opt, 0);
	bool one = o->v.n == 1;
	size_t n = one || o->v.n < limit ? o->v.n : limit;

	lines_open(&l, r);
	line_header(r);
	for (size_t k = 0; k < n && !err; k++) {
		frames_json(r, &l, o->v.v[k].index, &s, one ? limit : UINT64_MAX);
		if (k % 1024 == 0 && model_canceled(r->m))
			err = err_interrupted();
	}
	line_cut(r, o->v.n - n, "stacks");
	line_notes(r);
	stack_lines_free(&s);
	lines_close(&l);
	return err;
}

static struct err *bt_all(struct report *r)
{
	struct order o;
	uint64_t system;
	struct err *err = tasks_wanted(r, &o, &system);

	if (err)
		return err;
	if (r->opt->json) {
		err = bt_json(r, &o);
	} else {
		err = all_text(r, &o);
		tasks_footer(r, o.v.n, system);
		text_notes(r);
	}
	order_free(&o);
	return err;
}

static struct err *bt_one(struct report *r)
{
	struct order o = {0};
	uint32_t task;
	struct err *err = arg_task(r, r->opt->arg, &task);

	if (err)
		return err;
	if (r->opt->json) {
		VEC_PUSH(&o.v, (struct order_item){0, task});
		err = bt_json(r, &o);
		order_free(&o);
	} else {
		one_text(r, task);
		text_notes(r);
	}
	return err;
}

struct err *report_bt(struct report *r)
{
	return strcmp(r->opt->arg, "all") ? bt_one(r) : bt_all(r);
}
