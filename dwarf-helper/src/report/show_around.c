/*
 * The neighbours of the context that `show` is about: parents, children, goroutines.
 */
#include "report/show_parts.h"
#include "report/words.h"

#define SHOW_ROWS 10	/* children and tasks that are shown */
#define SHOW_PARENTS 24 /* of a longer chain the nearest and the outermost are shown */

void show_label(struct show *s, const char *name)
{
	size_t n = strlen(name);

	text_style(s->out, s->r, STYLE_DIM);
	buf_bytes(s->out, name, n);
	text_style_end(s->out, s->r, STYLE_DIM);
	buf_fill(s->out, ' ', n < LABEL_COLUMNS ? LABEL_COLUMNS - n : 1);
}

/* One element of the parent chain into s->text. */
static void parent_text(struct show *s, uint32_t i)
{
	const struct ctx_view *v = &s->other;

	ctx_view_read(&s->other, s->m, i, word_view(s->r->opt, VIEW_PAIR));
	s->text.n = 0;
	word_addr(&s->text, s->m, i);
	if (v->kind <= CTX_TODO)
		return;
	buf_char(&s->text, ' ');
	text_safe(&s->text, ctx_label(s->m, i), strlen(ctx_label(s->m, i)));
	if (v->kind == CTX_VALUE) {
		buf_char(&s->text, ' ');
		word_pair(&s->text, v, 48);
	}
	if (v->state == CTX_CANCELED || v->state == CTX_EXPIRED) {
		buf_char(&s->text, ' ');
		buf_str(&s->text, word_state(v->state));
	}
}

/* Nearest first, several a line as far as the width goes. */
void show_parents(struct show *s)
{
	size_t column = LABEL_COLUMNS, width = s->r->opt->width ? s->r->opt->width : 100;
	bool cut = s->view.depth > SHOW_PARENTS && s->r->opt->limit != 0;
	uint32_t skip_from = SHOW_PARENTS / 2,
		 skip_to = cut ? s->view.depth - SHOW_PARENTS / 2 : skip_from, k = 0;

	if (s->view.parent == CTX_NONE)
		return;
	show_label(s, "parents");
	for (uint32_t p = s->view.parent; p != CTX_NONE && k <= s->view.depth;
	     p = s->m->ctxs.v[p].parent, k++) {
		if (k > skip_from && k < skip_to)
			continue;
		if (k == skip_from && skip_to > skip_from) {
			s->text.n = 0;
			buf_lit(&s->text, "… ");
			text_count(&s->text, skip_to - skip_from);
			buf_lit(&s->text, " more …");
		} else {
			parent_text(s, p);
		}
		size_t n = text_width(s->text.p, s->text.n);
		bool wrap = k && column + n + 5 > width;
		if (wrap) {
			buf_char(s->out, '\n');
			buf_fill(s->out, ' ', LABEL_COLUMNS);
			column = LABEL_COLUMNS;
		}
		buf_str(s->out, !k ? "" : wrap ? "→  " : "  →  ");
		buf_bytes(s->out, s->text.p, s->text.n);
		column += n + (!k ? 0 : wrap ? 3 : 5);
		if (s->m->ctxs.v[p].flags & CTX_CYCLE) {
			buf_lit(s->out, "  →  and round again: parents form a loop");
			break;
		}
	}
	buf_char(s->out, '\n');
}

static void child_rows(struct show *s, uint64_t *shown)
{
	static const struct column column[] = {{.head = NULL, .width = LABEL_COLUMNS - 2},
					       {.head = NULL},
					       {.head = NULL},
					       {.head = NULL},
					       {.head = NULL}};
	uint64_t limit = word_limit(s->r->opt, SHOW_ROWS);
	struct table t;

	table_open(&t, s->r, column, 5);
	for (uint32_t k = s->view.first_child; k != CTX_NONE && *shown < limit;
	     k = s->m->ctxs.v[k].next_sibling) {
		const struct ctx_view *v = &s->other;
		ctx_view_read(&s->other, s->m, k, word_view(s->r->opt, VIEW_ABOUT));
		table_cell(&t);
		struct buf *cell = table_cell(&t);
		word_ctx(cell, s->m, k);
		buf_str(table_styled(&t, word_state_style(v->state)),
			v->kind == CTX_VALUE ? "" : word_state(v->state));
		cell = table_cell(&t);
		if (v->tasks_below)
			text_plural(cell, v->tasks_below, "task");
		word_about(table_cell(&t), v, 48);
		table_row(&t);
		++*shown;
	}
	table_close(&t);
}

void show_children(struct show *s)
{
	uint64_t made = 0, shown = 0;
	taddr map = 0;
	bool has_map = ctx_children_map(s->m, s->i, &map);

	for (uint32_t k = s->view.first_child; k != CTX_NONE; k = s->m->ctxs.v[k].next_sibling)
		made++;
	show_label(s, "children");
	if (!made && !s->view.children) {
		buf_lit(s->out, "none\n");
		return;
	}
	if (has_map) {
		text_count(s->out, s->view.children);
		buf_lit(s->out, " in its map");
		if (map) {
			buf_char(s->out, ' ');
			buf_hex(s->out, map);
		}
		buf_lit(s->out, ", ");
	}
	text_plural(s->out, made, "context");
	buf_lit(s->out, " made on it");
	if (s->view.below > made) {
		buf_lit(s->out, ", ");
		text_plural(s->out, s->view.below, "descendant");
		buf_lit(s->out, " in all");
	}
	buf_char(s->out, '\n');
	child_rows(s, &shown);
	if (made > shown) {
		buf_fill(s->out, ' ', LABEL_COLUMNS);
		text_more(s->out, made - shown, NULL);
	}
}

void show_tasks(struct show *s)
{
	static const struct column column[] = {{.head = NULL, .width = LABEL_COLUMNS - 2},
					       {.head = NULL},
					       {.head = NULL},
					       {.head = NULL},
					       {.head = NULL},
					       {.head = NULL}};
	uint64_t limit = word_limit(s->r->opt, SHOW_ROWS),
		 n = s->view.tasks < limit ? s->view.tasks : limit;
	struct table t;

	if (!s->view.tasks) {
		if (!s->view.tasks_below)
			return;
		show_label(s, "tasks");
		buf_lit(s->out, "none on itself, ");
		text_count(s->out, s->view.tasks_below);
		buf_lit(s->out, " on its descendants\n");
		return;
	}
	table_open(&t, s->r, column, 6);
	for (uint64_t k = 0; k < n; k++) {
		const struct task *task = &s->m->tasks.list.v[ctx_task(s->m, s->i, (uint32_t)k)];
		struct buf *cell = table_styled(&t, STYLE_DIM);
		buf_str(cell, k ? "" : "tasks");
		buf_u64(table_cell(&t), task->goid);
		word_task_cells(&t, s->m, task);
		table_row(&t);
	}
	table_close(&t);
	if (s->view.tasks > n) {
		buf_fill(s->out, ' ', LABEL_COLUMNS);
		text_more(s->out, s->view.tasks - n, NULL);
	}
}
