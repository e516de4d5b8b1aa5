#include "report/tree_fold.h"

#include "analysis/signature.h"
#include "report/words.h"

/* Siblings of one shape. */
struct shape_group {
	uint32_t member[FOLD_SHOWN]; /* the first ones */
	uint32_t n;
	uint64_t contexts, tasks; /* of all members, with their subtrees */
	bool shown;
};

struct groups {
	VEC(struct shape_group) list;
	struct u64map index; /* shape -> index in list */
};

void fold_free(struct fold *f)
{
	VEC_FREE(&f->kids);
}

static uint32_t clamp(uint64_t v)
{
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static void push_context(struct tree_items *ret, uint32_t i, uint8_t run)
{
	VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_CONTEXT, .index = i, .run = run});
}

static void group_add(struct groups *g, const struct ctx *c, uint32_t i)
{
	uint32_t at = u64map_add(&g->index, c->shape ? c->shape : 1, (uint32_t)g->list.n);

	if (at == g->list.n)
		VEC_PUSH(&g->list, (struct shape_group){.n = 0});
	struct shape_group *s = &g->list.v[at];
	if (s->n < FOLD_SHOWN)
		s->member[s->n] = i;
	s->n++;
	s->contexts += (uint64_t)c->below + 1;
	s->tasks += c->tasks_below;
}

/* With too many shapes those that most hangs on are shown. */
static void choose_shapes(struct groups *g, uint64_t most)
{
	struct order o = {0};

	for (size_t k = 0; k < g->list.n; k++)
		VEC_PUSH(&o.v, (struct order_item){UINT64_MAX - g->list.v[k].contexts -
							   g->list.v[k].tasks,
						   (uint32_t)k});
	order_sort(&o);
	for (size_t k = 0; k < o.v.n && k < most; k++)
		g->list.v[o.v.v[k].index].shown = true;
	order_free(&o);
}

static void push_group(const struct fold *f, const struct shape_group *s, struct tree_items *ret)
{
	push_context(ret, s->member[0], 0);
	if (s->n <= FOLD_SHOWN) {
		for (uint32_t k = 1; k < s->n; k++)
			push_context(ret, s->member[k], 0);
		return;
	}
	const struct ctx *first = &f->m->ctxs.v[s->member[0]];
	VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_LIKE,
						.index = s->member[0],
						.count = s->n - 1,
						.contexts = clamp(s->contexts - first->below - 1),
						.tasks = clamp(s->tasks - first->tasks_below)});
}

static void push_groups(const struct fold *f, struct groups *g, struct tree_items *ret)
{
	uint64_t most = word_limit(f->opt, FOLD_SHAPES), contexts = 0, tasks = 0;
	uint32_t left = 0, shapes = 0;

	if (f->opt->limit < 0 && g->list.n <= FOLD_SHAPES + FOLD_SHAPES / 2)
		most = g->list.n;
	choose_shapes(g, most);
	for (size_t k = 0; k < g->list.n; k++) {
		const struct shape_group *s = &g->list.v[k];
		if (s->shown) {
			push_group(f, s, ret);
			continue;
		}
		left += s->n;
		shapes++;
		contexts += s->contexts;
		tasks += s->tasks;
	}
	if (shapes)
		VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_SHAPES,
							.count = left,
							.shapes = shapes,
							.contexts = clamp(contexts),
							.tasks = clamp(tasks)});
}

/* Fold f->kids into items. */
static void fold_kids(struct fold *f, struct tree_items *ret)
{
	if (f->opt->no_fold || f->kids.n <= FOLD_SHOWN) {
		for (size_t k = 0; k < f->kids.n; k++)
			push_context(ret, f->kids.v[k], 0);
		return;
	}
	struct groups g = {0};
	for (size_t k = 0; k < f->kids.n; k++)
		group_add(&g, &f->m->ctxs.v[f->kids.v[k]], f->kids.v[k]);
	push_groups(f, &g, ret);
	VEC_FREE(&g.list);
	u64map_free(&g.index);
}

void fold_roots(struct fold *f, struct tree_items *ret)
{
	f->kids.n = 0;
	for (size_t k = 0; k < f->m->roots.n; k++)
		if (!model_unused(f->m, f->m->roots.v[k]))
			VEC_PUSH(&f->kids, f->m->roots.v[k]);
	fold_kids(f, ret);
}

/* The only child of a context on which nobody waits when it is of the same kind: the next link of a
 * chain.  CTX_NONE: none. */
static uint32_t next_link(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];

	if (c->tasks || c->first_child == CTX_NONE)
		return CTX_NONE;
	const struct ctx *child = &m->ctxs.v[c->first_child];
	return child->next_sibling == CTX_NONE && child->kind == c->kind ? c->first_child
									 : CTX_NONE;
}

/* The only child continues a chain that has been shown for FOLD_CHAIN links: skip to its end. */
static void push_chain(struct fold *f, uint32_t child, struct tree_items *ret)
{
	uint32_t count = 0, last = child, at = child, next;

	while ((next = next_link(f->m, at)) != CTX_NONE) {
		last = at;
		at = next;
		count++;
	}
	if (count < 2) {
		push_context(ret, child, FOLD_CHAIN);
		return;
	}
	VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_CHAIN,
						.index = last,
						.tail = at,
						.count = count,
						.contexts = count});
}

static void push_task(struct tree_items *ret, uint32_t task)
{
	VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_TASK, .index = task});
}

/*
 * Equal for tasks in the same state at the same line of the same function.  Not by frame index: a
 * function inlined in several places has several frames.
 */
static uint64_t task_likeness(const struct model *m, const struct task *t)
{
	uint64_t key = (uint64_t)t->status << 8 | t->reason;

	const struct frame *f = model_frame(m, t->frame);

	if (f)
		key ^= sign_frame(SIGN_START, m, t->frame) ^ (uint64_t)(uint32_t)f->line << 16;
	return key ? key : 1;
}

/* Tasks on a context: all when they are few, else grouped by function and state. */
static void fold_tasks(struct fold *f, uint32_t i, struct tree_items *ret)
{
	const struct model *m = f->m;
	uint32_t n = m->ctxs.v[i].tasks, others = 0;
	uint64_t most = word_limit(f->opt, FOLD_TASKS);
	struct groups g = {0};

	for (uint32_t k = 0; (n <= FOLD_SHOWN || f->opt->no_fold) && k < n; k++)
		push_task(ret, ctx_task(m, i, k));
	if (n <= FOLD_SHOWN || f->opt->no_fold)
		return;
	for (uint32_t k = 0; k < n; k++) {
		const struct task *t = &m->tasks.list.v[ctx_task(m, i, k)];
		uint32_t at = u64map_add(&g.index, task_likeness(m, t), (uint32_t)g.list.n);
		if (at == g.list.n)
			VEC_PUSH(&g.list, (struct shape_group){.member = {ctx_task(m, i, k)}});
		else if (g.list.v[at].n == 1)
			g.list.v[at].member[1] = ctx_task(m, i, k);
		g.list.v[at].n++;
	}
	if (f->opt->limit < 0 && g.list.n <= FOLD_TASKS + FOLD_TASKS / 2)
		most = g.list.n;
	for (size_t k = 0; k < g.list.n; k++) {
		const struct shape_group *s = &g.list.v[k];
		if (k >= most) {
			others += s->n;
			continue;
		}
		push_task(ret, s->member[0]);
		if (s->n == 2)
			push_task(ret, s->member[1]);
		else if (s->n > 2)
			VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_TASKS,
								.index = s->member[0],
								.count = s->n - 1});
	}
	if (others)
		VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_MORE_TASKS,
							.count = others,
							.shapes = clamp(g.list.n - most)});
	VEC_FREE(&g.list);
	u64map_free(&g.index);
}

void fold_below(struct fold *f, const struct tree_item *item, struct tree_items *ret)
{
	const struct model *m = f->m;
	uint32_t link = next_link(m, item->index);

	if (!f->opt->no_tasks)
		fold_tasks(f, item->index, ret);
	if (link != CTX_NONE && !f->opt->no_fold) {
		if (item->run + 1 >= FOLD_CHAIN)
			push_chain(f, link, ret);
		else
			push_context(ret, link, (uint8_t)(item->run + 1));
		return;
	}
	f->kids.n = 0;
	for (uint32_t k = m->ctxs.v[item->index].first_child; k != CTX_NONE;
	     k = m->ctxs.v[k].next_sibling)
		VEC_PUSH(&f->kids, k);
	fold_kids(f, ret);
}

void fold_cut(struct fold *f, uint32_t i, struct tree_items *ret)
{
	const struct ctx *c = &f->m->ctxs.v[i];

	if (!c->below) // its own tasks are counted on its line
		return;
	VEC_PUSH(&ret->list, (struct tree_item){.kind = ITEM_CUT,
						.contexts = c->below,
						.tasks = c->tasks_below - c->tasks});
}
