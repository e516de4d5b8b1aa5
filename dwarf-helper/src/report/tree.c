/**
 * @file  `tree`: the contexts as they hang together, drawn for a person; `@tree`: the same for
 * GDB's window.
 *
 * What stands under a context is decided by tree_fold.h; this file walks and draws.  The walk keeps
 * its own stack, since the depth is the target's; indentation stops growing after TREE_INDENT
 * levels, so the output stays linear.
 *
 * What GDB asks takes the options of `tree`.  Before each line there is what the window needs to
 * fold it:
 *
 *	<depth> <key> <lines> TAB <the line as `tree` draws it>
 *
 * depth: 0 for roots, and for the sums and notes behind the tree
 * key:   the context that the line is about ("0x…", "background", "todo"); "chain:0x…" for a line
 *        that stands for those above 0x…; "-" for all others
 * lines: how many hang right below it
 */
#include "report/arg.h"
#include "report/lines.h"
#include "report/tree_fold.h"
#include "report/tree_json.h"
#include "report/words.h"

/* levels that are indented; deeper lines end with "(depth N)" */
#define TREE_INDENT 32
#define VALUE_COLUMNS 72 /* of key and value, where there is so much room */
#define VALUE_LEAST 40

/* Items of one context, being printed one after the other. */
struct level {
	size_t first, next; /* in tree.items; the list ends where the next level's begins */
	size_t end;
	size_t prefix_n; /* length of the prefix of its lines */
	unsigned goid_width, state_width, age_width, func_width; /* columns of its task lines */
	bool short_funcs; /* with the paths of packages they would be too wide */
};

struct tree {
	struct report *r;
	const struct model *m;
	struct buf *out;
	struct fold fold;
	struct tree_items items; /* of all levels, the deepest last */
	VEC(struct level) levels;
	struct buf prefix, scratch;
	struct ctx_view view;	/* of the line under way */
	uint64_t folds, folded; /* lines that stand for others, and for how many contexts */
	uint64_t lines;
	bool hinted; /* "--no-fold shows them" was said */
	bool marked; /* for @tree */
};

static void count_part(struct tree *t, uint64_t n, const char *word)
{
	if (!n)
		return;
	buf_lit(t->out, "   ");
	text_plural(t->out, n, word);
}

static void state_part(struct tree *t)
{
	const struct ctx_view *v = &t->view;
	enum style style = word_state_style(v->state);

	if (v->kind <= CTX_TODO || v->kind == CTX_VALUE || (v->state == CTX_NEVER && !v->cuts))
		return;
	buf_lit(t->out, "   ");
	text_style(t->out, t->r, style);
	buf_str(t->out, v->state == CTX_NEVER ? "never canceled" : word_state(v->state));
	word_why(t->out, v);
	text_style_end(t->out, t->r, style);
	t->scratch.n = 0;
	// An inherited err stands on the line of the context that has it.
	if (v->state != CTX_CANCELED || !word_err(&t->scratch, v))
		return;
	buf_char(t->out, ' ');
	buf_bytes(t->out, t->scratch.p, t->scratch.n);
}

/* "custom, holds WithCancel 0x…" */
static void custom_part(struct tree *t)
{
	if (t->view.kind != CTX_CUSTOM)
		return;
	buf_lit(t->out, "   custom");
	if (t->view.parent == CTX_NONE)
		return;
	buf_lit(t->out, ", holds ");
	word_ctx(t->out, t->m, t->view.parent);
}

static size_t line_width(const struct tree *t)
{
	return t->r->opt->width ? t->r->opt->width : 100;
}

/* Columns for key and value of a line that starts after @p indent columns; 0: any. */
static size_t value_columns(const struct tree *t, uint32_t i, size_t indent)
{
	const size_t before = sizeof(" 0xc000126000xx   ") + strlen(ctx_label(t->m, i));
	size_t room = line_width(t) > indent + before ? line_width(t) - indent - before : 0;

	if (t->r->opt->values)
		return 0;
	return room < VALUE_LEAST ? VALUE_LEAST : room < VALUE_COLUMNS ? room : VALUE_COLUMNS;
}

static void context_line(struct tree *t, uint32_t i, size_t indent)
{
	const struct ctx_view *v = &t->view;

	ctx_view_read(&t->view, t->m, i, word_view(t->r->opt, VIEW_ABOUT | VIEW_OWN_ERR));
	const char *mark = word_mark(v->flags);
	word_ctx(t->out, t->m, i);
	custom_part(t);
	state_part(t);
	t->scratch.n = 0;
	if (word_about(&t->scratch, v, value_columns(t, i, indent))) {
		buf_lit(t->out, "   ");
		buf_bytes(t->out, t->scratch.p, t->scratch.n);
	}
	if (v->children > FOLD_SHOWN) // fewer are seen below
		count_part(t, v->children, "child");
	count_part(t, v->tasks, "task");
	if (t->levels.n > TREE_INDENT)
		buf_printf(t->out, "   (depth %u)", v->depth);
	if (!mark)
		return;
	buf_lit(t->out, "   ");
	text_style(t->out, t->r, STYLE_RED);
	buf_str(t->out, mark);
	text_style_end(t->out, t->r, STYLE_RED);
}

static void padded(struct tree *t, unsigned width)
{
	size_t have = text_width(t->scratch.n ? t->scratch.p : "", t->scratch.n);

	if (t->scratch.n)
		buf_bytes(t->out, t->scratch.p, t->scratch.n);
	buf_fill(t->out, ' ', have < width ? width - have : 0);
	t->scratch.n = 0;
}

static void task_goid(struct buf *out, const struct task *task)
{
	buf_lit(out, "task ");
	buf_u64(out, task->goid);
}

static void task_age(struct tree *t, const struct task *task)
{
	int64_t wait = clock_wait_ns(&t->m->now, task);

	if (wait >= 0)
		text_duration(&t->scratch, wait);
}

static void task_func(struct tree *t, const struct level *lv, const struct task *task)
{
	if (lv->short_funcs)
		word_func_short(&t->scratch, t->m, task->frame);
	else
		word_func(&t->scratch, t->m, task->frame);
}

static void task_line(struct tree *t, const struct level *lv, uint32_t index)
{
	const struct task *task = &t->m->tasks.list.v[index];

	t->scratch.n = 0;
	task_goid(&t->scratch, task);
	padded(t, lv->goid_width);
	buf_lit(t->out, "   ");
	word_task_state(&t->scratch, t->m, task);
	padded(t, lv->state_width);
	buf_lit(t->out, "  ");
	task_age(t, task);
	padded(t, lv->age_width);
	buf_str(t->out, lv->age_width ? "  " : "");
	task_func(t, lv, task);
	padded(t, lv->func_width);
	buf_lit(t->out, "  ");
	word_place(t->out, t->m, task->frame);
}

static void widen(struct tree *t, unsigned *width)
{
	size_t have = text_width(t->scratch.n ? t->scratch.p : "", t->scratch.n);

	if (*width < have)
		*width = (unsigned)have;
	t->scratch.n = 0;
}

#define MEASURED 1000 /* task lines of one context that its columns are measured on */

/* Columns of the task lines that are about to be printed.  @return how many all of them take */
static size_t measure_tasks(struct tree *t, struct level *lv)
{
	unsigned place_width = 0;

	lv->func_width = 0;
	t->scratch.n = 0;
	for (size_t k = lv->first; k < lv->end && k < lv->first + MEASURED; k++) {
		if (t->items.list.v[k].kind != ITEM_TASK)
			continue;
		const struct task *task = &t->m->tasks.list.v[t->items.list.v[k].index];
		task_goid(&t->scratch, task);
		widen(t, &lv->goid_width);
		word_task_state(&t->scratch, t->m, task);
		widen(t, &lv->state_width);
		task_age(t, task);
		widen(t, &lv->age_width);
		task_func(t, lv, task);
		widen(t, &lv->func_width);
		word_place(&t->scratch, t->m, task->frame);
		widen(t, &place_width);
	}
	size_t gaps = 3 + 2 + (lv->age_width ? 2 : 0) + 2;
	return lv->goid_width + lv->state_width + lv->age_width + lv->func_width + place_width +
	       gaps;
}

static void measure(struct tree *t, struct level *lv)
{
	size_t indent = text_width(t->prefix.p, lv->prefix_n) + 3, width = line_width(t);

	if (indent + measure_tasks(t, lv) <= width)
		return;
	lv->short_funcs = true;
	measure_tasks(t, lv);
}

/* "× 51 838 more like 0x…", and the other lines that stand for what is not shown. */
static void fold_line(struct tree *t, const struct tree_item *item)
{
	struct buf *out = t->out;

	text_style(out, t->r, STYLE_DIM);
	buf_str(out, item->kind == ITEM_LIKE || item->kind == ITEM_CHAIN || item->kind == ITEM_TASKS
			     ? "× "
			     : "… ");
	if (item->kind != ITEM_CUT) {
		text_count(out, item->count);
		buf_lit(out, " more ");
	}
	switch (item->kind) {
	case ITEM_LIKE:
		buf_lit(out, "like ");
		word_addr(out, t->m, item->index);
		break;
	case ITEM_SHAPES:
		buf_lit(out, "in ");
		text_plural(out, item->shapes, "other shape");
		break;
	case ITEM_CHAIN:
		text_safe(out, ctx_label(t->m, item->index), strlen(ctx_label(t->m, item->index)));
		buf_lit(out, " nested, down to ");
		word_addr(out, t->m, item->index);
		break;
	case ITEM_TASKS:
		buf_lit(out, "like ");
		task_goid(out, &t->m->tasks.list.v[item->index]);
		break;
	case ITEM_MORE_TASKS:
		buf_lit(out, "in ");
		text_plural(out, item->shapes, "other function");
		break;
	default:
		text_plural(out, item->contexts, "descendant");
	}
	if (item->contexts > item->count && item->kind != ITEM_CUT)
		count_part(t, item->contexts, "context");
	if (!t->r->opt->no_tasks)
		count_part(t, item->tasks, "task");
	bool limit = item->kind == ITEM_SHAPES || item->kind == ITEM_MORE_TASKS;
	if (limit)
		buf_lit(out, "   (--limit 0 for all)");
	else if (!t->hinted && item->kind != ITEM_CUT)
		buf_lit(out, "   (--no-fold shows them)");
	t->hinted |= !limit && item->kind != ITEM_CUT;
	text_style_end(out, t->r, STYLE_DIM);
	t->folds += item->contexts != 0;
	t->folded += item->contexts;
}

/* The items that were just appended become the deepest level. */
static void push_level(struct tree *t, size_t first, size_t prefix_n)
{
	struct level lv = {
		.first = first, .next = first, .end = t->items.list.n, .prefix_n = prefix_n};

	if (lv.first == lv.end)
		return;
	measure(t, &lv);
	VEC_PUSH(&t->levels, lv);
}

/* Mark of @tree in front of a line that has @p below lines right under it. */
static void mark_line(struct tree *t, const struct tree_item *item, size_t below)
{
	buf_u64(t->out, t->levels.n - 1);
	buf_char(t->out, ' ');
	if (item->kind == ITEM_CHAIN)
		buf_lit(t->out, "chain:");
	if (item->kind != ITEM_CONTEXT && item->kind != ITEM_CHAIN)
		buf_char(t->out, '-');
	else if (t->m->ctxs.v[item->index].kind <= CTX_TODO)
		buf_str(t->out, t->m->ctxs.v[item->index].kind == CTX_TODO ? "todo" : "background");
	else
		buf_hex(t->out, t->m->ctxs.v[item->index].addr);
	buf_char(t->out, ' ');
	buf_u64(t->out, below);
	buf_char(t->out, '\t');
}

/* Append the items that hang below one. */
static void below(struct tree *t, const struct tree_item *item)
{
	if (item->kind == ITEM_CHAIN)
		VEC_PUSH(&t->items.list,
			 (struct tree_item){.kind = ITEM_CONTEXT, .index = item->tail});
	else if (item->kind == ITEM_CONTEXT && t->r->opt->depth >= 0 &&
		 (int64_t)t->levels.n > t->r->opt->depth)
		fold_cut(&t->fold, item->index, &t->items);
	else if (item->kind == ITEM_CONTEXT)
		fold_below(&t->fold, item, &t->items);
}

/* Print one line and open the level below it. */
static void step(struct tree *t, struct level *lv)
{
	struct tree_item item = t->items.list.v[lv->next++];
	bool last = lv->next == lv->end, root = t->levels.n == 1,
	     indent = t->levels.n <= TREE_INDENT;
	size_t first = t->items.list.n, prefix_n = lv->prefix_n;

	below(t, &item);
	if (t->marked)
		mark_line(t, &item, t->items.list.n - first);
	if (!root) {
		buf_bytes(t->out, t->prefix.p, prefix_n);
		buf_str(t->out, last ? "└─ " : "├─ ");
	}
	if (item.kind == ITEM_CONTEXT)
		context_line(t, item.index, text_width(t->prefix.p, prefix_n) + (root ? 0 : 3));
	else if (item.kind == ITEM_TASK)
		task_line(t, lv, item.index);
	else
		fold_line(t, &item);
	buf_char(t->out, '\n');
	t->lines++;
	if (t->items.list.n == first)
		return;
	t->prefix.n = prefix_n;
	if (!root && indent)
		buf_str(&t->prefix, last ? "   " : "│  ");
	push_level(t, first, t->prefix.n);
}

static struct err *walk(struct tree *t)
{
	push_level(t, 0, 0);
	while (t->levels.n) {
		struct level *lv = &t->levels.v[t->levels.n - 1];
		if (lv->next == lv->end) {
			t->items.list.n = lv->first;
			t->levels.n--;
			continue;
		}
		step(t, lv);
		if (t->lines % 4096 == 0 && model_canceled(t->m))
			return err_interrupted();
	}
	return NULL;
}

static void footer(struct tree *t, uint32_t top)
{
	const struct ctx *c = top == CTX_NONE ? NULL : &t->m->ctxs.v[top];

	text_plural(t->out, c ? (uint64_t)c->below + 1 : t->m->contexts, "context");
	buf_lit(t->out, ", ");
	text_plural(t->out, c ? c->tasks_below : t->m->waiting_tasks, "task");
	buf_lit(t->out, " on them");
	if (t->folds) {
		buf_lit(t->out, "; ");
		text_plural(t->out, t->folds, "line");
		buf_str(t->out, t->folds == 1 ? " stands for " : " stand for ");
		text_plural(t->out, t->folded, "context");
	}
	buf_char(t->out, '\n');
}

/* Sums and notes after the tree, or the line that replaces an empty one. */
static void tail(struct tree *t, uint32_t top)
{
	if (t->m->contexts)
		footer(t, top);
	else
		word_no_contexts(t->r);
	text_notes(t->r);
}

/* tail() for @tree: each line gets the mark of lines outside of the tree. */
static void marked_tail(struct tree *t, uint32_t top)
{
	struct report *r = t->r;
	struct buf out = r->out;

	r->out = (struct buf){0};
	tail(t, top);
	struct buf text = r->out;
	r->out = out;
	for (size_t at = 0; at < text.n;) {
		const char *end = memchr(text.p + at, '\n', text.n - at);
		size_t n = end ? (size_t)(end - text.p) + 1 - at : text.n - at;
		buf_lit(&r->out, "0 - 0\t");
		buf_bytes(&r->out, text.p + at, n);
		at += n;
	}
	buf_free(&text);
}

static struct err *tree_text(struct report *r, uint32_t top, bool marked)
{
	struct tree t = {.r = r,
			 .m = r->m,
			 .out = &r->out,
			 .fold = {.m = r->m, .opt = r->opt},
			 .marked = marked};
	struct err *e = NULL;

	buf_room(&t.prefix, 1); // never NULL
	if (top != CTX_NONE)
		VEC_PUSH(&t.items.list, (struct tree_item){.kind = ITEM_CONTEXT, .index = top});
	else
		fold_roots(&t.fold, &t.items);
	if (r->m->contexts)
		e = walk(&t);
	if (!e)
		(marked ? marked_tail : tail)(&t, top);
	else if (!marked)
		text_notes(r);
	VEC_FREE(&t.items.list);
	VEC_FREE(&t.levels);
	buf_free(&t.prefix);
	buf_free(&t.scratch);
	ctx_view_free(&t.view);
	fold_free(&t.fold);
	return e;
}

static struct err *top_of(struct report *r, uint32_t *ret)
{
	*ret = CTX_NONE;
	model_unload(r->m);
	return r->opt->arg ? arg_context(r, r->opt->arg, ret) : NULL;
}

struct err *report_tree(struct report *r)
{
	uint32_t top;
	struct err *e = top_of(r, &top);

	if (e)
		return e;
	return r->opt->json ? tree_json(r, top) : tree_text(r, top, false);
}

struct err *report_tree_lines(struct report *r)
{
	uint32_t top;
	struct err *e = top_of(r, &top);

	return e ? e : tree_text(r, top, true);
}
