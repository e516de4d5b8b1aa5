/**
 * @file  `tasks --group`: goroutines counted by what they have in common, most first.
 */
#include "analysis/groups.h"
#include "report/lines.h"
#include "report/tasks.h"
#include "report/words.h"
#include "report/writer.h"

#define GROUP_FRAMES 8	/* user frames shown of a stack */
#define GROUP_GOIDS 100 /* goroutine ids listed in JSON */

static const struct {
	enum group_by by;
	const char *word, *head;
} kinds[] = {
	[GROUP_STACK] = {BY_STACK, "stack", "stack"},
	[GROUP_FUNC] = {BY_FUNC, "func", "function"},
	[GROUP_WAIT] = {BY_WAIT, "wait", "state"},
	[GROUP_CREATED] = {BY_CREATED, "created", "created by"},
	[GROUP_CONTEXT] = {BY_CONTEXT, "context", "context"},
};

/* What the members share, in words. */
static void group_label(struct report *r, enum task_group by, const struct group *gr,
			struct buf *out)
{
	const struct model *m = r->m;
	const struct task *t = &m->tasks.list.v[gr->first];

	switch (by) {
	case GROUP_WAIT:
		text_safe(out, task_state(m->rt, t), strlen(task_state(m->rt, t)));
		return;
	case GROUP_CONTEXT:
		if (gr->context == CTX_NONE) {
			buf_lit(out, "none");
			return;
		}
		word_ctx(out, m, gr->context);
		buf_lit(out, "  ");
		buf_str(out, word_state(m->ctxs.v[gr->context].state));
		return;
	case GROUP_CREATED:
		if (!has_creator(m, t))
			buf_lit(out, "the runtime");
		else
			word_func(out, m, t->created);
		return;
	default:
		word_func(out, m, t->frame);
	}
}

/* "pump conn.go:88 ← Serve hub.go:61": from the user's innermost frame outwards, without the paths
 * of packages.  What the library does inside of that frame, the state says. */
static void group_stack(struct report *r, const struct group *gr, struct stack_lines *s,
			struct buf *out)
{
	unsigned shown = 0;

	stack_read(r->m->rt, &r->m->tasks.list.v[gr->first], s);
	size_t start = 0;
	while (start < s->v.n && s->v.v[start].frame != r->m->tasks.list.v[gr->first].frame)
		start++;
	for (size_t i = start < s->v.n ? start : 0; i < s->v.n; i++) {
		uint32_t f = s->v.v[i].frame;
		const struct frame *at = model_frame(r->m, f);
		if (!at || at->plumbing)
			continue;
		if (shown == GROUP_FRAMES && r->opt->limit != 0) {
			buf_lit(out, " ← …");
			return;
		}
		buf_str(out, shown++ ? " ← " : "");
		word_func_short(out, r->m, f);
		buf_char(out, ' ');
		word_place(out, r->m, f);
	}
	if (!shown)
		group_label(r, GROUP_FUNC, gr, out);
}

static void group_row(struct table *t, struct report *r, const struct group *gr,
		      struct stack_lines *s)
{
	enum task_group by = r->opt->group;
	const struct task *first = &r->m->tasks.list.v[gr->first];

	text_count(table_cell(t), gr->count);
	struct buf *cell = table_cell(t);
	if (gr->oldest_ns >= 0)
		text_duration(cell, gr->oldest_ns);
	buf_u64(table_cell(t), first->goid);
	if (by != GROUP_WAIT) {
		const char *state = gr->mixed ? "several" : task_state(r->m->rt, first);
		text_safe(table_cell(t), state, strlen(state));
	}
	cell = table_cell(t);
	if (by == GROUP_STACK)
		group_stack(r, gr, s, cell);
	else
		group_label(r, by, gr, cell);
	if (by == GROUP_FUNC || (by == GROUP_CREATED && has_creator(r->m, first)))
		word_place(table_cell(t), r->m, by == GROUP_FUNC ? first->frame : first->created);
	table_row(t);
}

static void groups_text(struct report *r, const struct groups *g, uint64_t limit)
{
	struct column column[6] = {{.head = "tasks", .right = true},
				   {.head = "oldest", .right = true},
				   {.head = "first", .right = true}};
	struct stack_lines s = {0};
	struct table t;
	unsigned n = 3;

	if (r->opt->group != GROUP_WAIT)
		column[n++] = (struct column){.head = "state", .max = 28};
	column[n++] = (struct column){.head = kinds[r->opt->group].head, .path = true};
	if (r->opt->group == GROUP_FUNC || r->opt->group == GROUP_CREATED)
		column[n++] = (struct column){0};
	table_open(&t, r, column, n);
	t.cut_last = r->opt->group == GROUP_STACK && r->opt->limit != 0;
	for (size_t k = 0; k < g->list.n && k < limit; k++)
		group_row(&t, r, &g->list.v[k], &s);
	table_close(&t);
	stack_lines_free(&s);
	if (g->list.n > limit)
		text_more(&r->out, g->list.n - limit, "groups");
	text_plural(&r->out, g->list.n, "group");
	buf_lit(&r->out, "; ");
}

static void frames_json(struct report *r, struct rec *w, const struct group *gr,
			struct stack_lines *s)
{
	stack_read(r->m->rt, &r->m->tasks.list.v[gr->first], s);
	rec_list(w, REC_group_frames);
	for (size_t i = 0; i < s->v.n; i++) {
		const struct frame *f = model_frame(r->m, s->v.v[i].frame);
		struct rec part = rec_part(w->out, REC_group_frame, !i);
		rec_addr(&part, REC_group_frame_pc, s->v.v[i].pc);
		rec_text(&part, REC_group_frame_func, f ? f->func : NULL);
		rec_text(&part, REC_group_frame_file, f ? f->file : NULL);
		rec_i64(&part, REC_group_frame_line, f ? f->line : 0);
		rec_bool(&part, REC_group_frame_inlined, f && f->inlined);
		rec_part_end(&part);
	}
	rec_list_end(w, REC_group_frames);
}

static void goids_json(struct report *r, struct rec *w, const struct groups *g,
		       const struct group *gr)
{
	unsigned n = 0;

	rec_list(w, REC_group_goids);
	for (uint32_t at = gr->first; at != GROUP_END && n < GROUP_GOIDS; at = g->next[at], n++)
		rec_item_u64(w->out, !n, r->m->tasks.list.v[at].goid);
	rec_list_end(w, REC_group_goids);
}

static void group_json(struct report *r, const struct groups *g, const struct group *gr,
		       struct stack_lines *s, struct buf *label)
{
	struct rec w = rec_line(&r->out, REC_group);

	rec_word(&w, REC_group_by, kinds[r->opt->group].word);
	label->n = 0;
	group_label(r, r->opt->group, gr, label);
	rec_buf(&w, REC_group_key, true, label);
	rec_u64(&w, REC_group_count, gr->count);
	rec_i64_if(&w, REC_group_oldest_ns, gr->oldest_ns >= 0, gr->oldest_ns);
	if (r->opt->group == GROUP_CONTEXT)
		rec_ctx(&w, REC_group_context, r->m, gr->context);
	if (r->opt->group == GROUP_STACK)
		frames_json(r, &w, gr, s);
	goids_json(r, &w, g, gr);
	rec_word(&w, REC_group_of, "goroutines");
	rec_line_end(&w);
}

static void groups_json(struct report *r, const struct groups *g, uint64_t limit)
{
	struct stack_lines s = {0};
	struct buf label = {0};

	line_header(r);
	for (size_t k = 0; k < g->list.n && k < limit; k++)
		group_json(r, g, &g->list.v[k], &s, &label);
	line_cut(r, g->list.n > limit ? g->list.n - limit : 0, "groups");
	line_notes(r);
	buf_free(&label);
	stack_lines_free(&s);
}

struct err *tasks_grouped(struct report *r, const struct order *tasks, uint64_t limit)
{
	struct groups g;
	struct err *err = NULL;

	groups_open(&g, r->m, kinds[r->opt->group].by);
	for (size_t k = 0; k < tasks->v.n && !err; k++) {
		groups_add(&g, r->m, tasks->v.v[k].index);
		if (k % 1024 == 0 && model_canceled(r->m))
			err = err_interrupted();
	}
	groups_sort(&g);
	if (!err && r->opt->json)
		groups_json(r, &g, limit);
	else if (!err)
		groups_text(r, &g, limit);
	groups_close(&g);
	return err;
}
