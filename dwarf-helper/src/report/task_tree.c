/**
 * @file  `tasks --tree`: goroutines under the goroutine that started them (known since Go 1.21).
 */
#include "report/tasks.h"
#include "report/words.h"

#define FOLD_SHOWN 3 /* equal leaves shown before the rest is folded */
/* deeper ones say their depth instead of being indented further */
#define INDENT_LEVELS 40

#define FOLD_HIDDEN UINT32_MAX /* in tree.fold: the task has no line */

/* Links between the wanted tasks, all indexed by task; TASK_NONE ends lists. */
struct tree {
	struct report *r;
	uint32_t *first, *next, *parent; /* children in order of goid */
	uint32_t *fold; /* leaves: 0 shown, FOLD_HIDDEN not shown, else a line that stands for so
			   many */
	VEC(uint32_t) roots;
};

static uint64_t fold_key(const struct task *t, uint32_t parent)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const uint64_t part[] = {parent, t->frame, t->start, t->created,
				 (uint64_t)t->status << 8 | t->reason};

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		h = (h ^ part[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 31;
	}
	return h ? h : 1;
}

/* From the last task to the first, so that lists come out in order. */
static void link_tasks(struct tree *t, const struct order *o)
{
	const struct model *m = t->r->m;
	struct u64map by_goid = {0};

	u64map_reserve(&by_goid, o->v.n);
	for (size_t k = 0; k < o->v.n; k++)
		u64map_set(&by_goid, m->tasks.list.v[o->v.v[k].index].goid, o->v.v[k].index);
	for (size_t k = o->v.n; k-- > 0;) {
		uint32_t i = o->v.v[k].index;
		uint64_t goid = m->tasks.list.v[i].parent_goid;
		// A parent has the smaller number: anything else is damage, and would make loops.
		uint32_t p = goid && goid < m->tasks.list.v[i].goid ? u64map_find(&by_goid, goid)
								    : U64MAP_NONE;
		t->parent[i] = p;
		if (p == TASK_NONE)
			continue;
		t->next[i] = t->first[p];
		t->first[p] = i;
	}
	for (size_t k = 0; k < o->v.n; k++)
		if (t->parent[o->v.v[k].index] == TASK_NONE)
			VEC_PUSH(&t->roots, o->v.v[k].index);
	u64map_free(&by_goid);
}

/* How many leaves are equal, and how many of them were met so far. */
struct leaf_count {
	uint32_t n, met;
};

/* Equal leaves of one parent: the first ones are shown, one line counts the others. */
static void fold_leaves(struct tree *t, const struct order *o)
{
	struct u64map index = {0};
	VEC(struct leaf_count) counts = {0};
	_cleanup_free_ uint32_t *group = mem_resize(NULL, o->v.n + 1, sizeof(*group));

	for (size_t k = 0; k < o->v.n; k++) {
		uint32_t i = o->v.v[k].index;
		if (t->first[i] != TASK_NONE)
			continue;
		group[k] = u64map_add(&index, fold_key(&t->r->m->tasks.list.v[i], t->parent[i]),
				      (uint32_t)counts.n);
		if (group[k] == counts.n)
			VEC_PUSH(&counts, (struct leaf_count){0});
		counts.v[group[k]].n++;
	}
	for (size_t k = 0; k < o->v.n; k++) {
		uint32_t i = o->v.v[k].index;
		if (t->first[i] != TASK_NONE || counts.v[group[k]].n <= FOLD_SHOWN + 1)
			continue;
		uint32_t met = counts.v[group[k]].met++;
		if (met >= FOLD_SHOWN)
			t->fold[i] =
				met == FOLD_SHOWN ? counts.v[group[k]].n - FOLD_SHOWN : FOLD_HIDDEN;
	}
	VEC_FREE(&counts);
	u64map_free(&index);
}

static void tree_row(struct table *table, const struct tree *t, uint32_t i,
		     const struct buf *prefix)
{
	const struct model *m = t->r->m;
	const struct task *task = &m->tasks.list.v[i];
	struct buf *cell = table_cell(table);

	buf_bytes(cell, prefix->n ? prefix->p : "", prefix->n);
	if (t->fold[i]) {
		buf_lit(cell, "× ");
		text_count(cell, t->fold[i]);
		buf_lit(cell, " more");
	} else {
		buf_u64(cell, task->goid);
	}
	word_task_cells(table, m, task);
	table_row(table);
}

/* "│  ├─ " for a task at this depth; `last[d]`: the branch of level d has ended. */
static void make_prefix(struct buf *out, const uint8_t *last, uint32_t depth)
{
	out->n = 0;
	if (!depth)
		return;
	uint32_t from = depth > INDENT_LEVELS ? depth - INDENT_LEVELS : 1;
	if (from > 1)
		buf_printf(out, "…%u ", depth);
	for (uint32_t d = from; d < depth; d++)
		buf_str(out, last[d] ? "   " : "│  ");
	buf_str(out, last[depth] ? "└─ " : "├─ ");
}

/* The next sibling that has a line. */
static uint32_t next_shown(const struct tree *t, uint32_t i)
{
	while (i != TASK_NONE && t->fold[i] == FOLD_HIDDEN)
		i = t->next[i];
	return i;
}

/* Depth first without recursion: chains of goroutines can be as long as there are goroutines.
 * @return lines
 * printed. */
static uint64_t print_branch(struct tree *t, struct table *table, uint32_t root, uint64_t limit)
{
	VEC(uint8_t) last = {0};
	struct buf prefix = {0};
	uint32_t i = root, depth = 0;
	uint64_t lines = 0;

	VEC_PUSH(&last, 1);
	while (lines < limit) {
		make_prefix(&prefix, last.v, depth);
		tree_row(table, t, i, &prefix);
		lines++;
		uint32_t down = next_shown(t, t->first[i]);
		if (down != TASK_NONE) {
			i = down;
			depth++;
			VEC_PUSH(&last, next_shown(t, t->next[i]) == TASK_NONE);
			continue;
		}
		uint32_t over = TASK_NONE;
		while (depth && (over = next_shown(t, t->next[i])) == TASK_NONE) {
			i = t->parent[i];
			depth--;
			last.n--;
		}
		if (!depth)
			break;
		i = over;
		last.v[depth] = next_shown(t, t->next[i]) == TASK_NONE;
	}
	buf_free(&prefix);
	VEC_FREE(&last);
	return lines;
}

static uint32_t *filled(size_t n, int byte)
{
	uint32_t *p = mem_resize(NULL, n + 1, sizeof(*p));

	return memset(p, byte, (n + 1) * sizeof(*p));
}

/* Lines that the whole tree would have. */
static uint64_t count_lines(const struct tree *t, const struct order *o)
{
	uint64_t n = 0;

	for (size_t k = 0; k < o->v.n; k++)
		n += t->fold[o->v.v[k].index] != FOLD_HIDDEN;
	return n;
}

static struct err *print_tree(struct tree *t, const struct order *o, uint64_t limit)
{
	static const struct column column[] = {{.head = "goroutine"},
					       {.head = "state", .max = 28},
					       {.head = "for", .right = true},
					       {.head = "function", .path = true},
					       {.head = NULL}};
	uint64_t lines = 0;
	struct err *err = NULL;
	struct table table;

	table_open(&table, t->r, column, sizeof(column) / sizeof(column[0]));
	for (size_t k = 0; k < t->roots.n && lines < limit && !err; k++) {
		if (t->fold[t->roots.v[k]] != FOLD_HIDDEN)
			lines += print_branch(t, &table, t->roots.v[k], limit - lines);
		if (model_canceled(t->r->m))
			err = err_interrupted();
	}
	table_close(&table);
	uint64_t all = count_lines(t, o);
	if (all > lines && !err)
		text_more(&t->r->out, all - lines, "lines");
	if (!LAYOUT_HAS(model_layout(t->r->m)->g.parentGoid))
		buf_lit(&t->r->out, "the parents of goroutines are known since Go 1.21\n");
	return err;
}

struct err *tasks_tree(struct report *r, const struct order *o, uint64_t limit)
{
	size_t n = r->m->tasks.list.n;
	struct tree t = {.r = r,
			 .first = filled(n, 0xff),
			 .next = filled(n, 0xff),
			 .parent = filled(n, 0xff),
			 .fold = filled(n, 0)};

	link_tasks(&t, o);
	fold_leaves(&t, o);
	struct err *err = print_tree(&t, o, limit);
	free(t.first);
	free(t.next);
	free(t.parent);
	free(t.fold);
	VEC_FREE(&t.roots);
	return err;
}
