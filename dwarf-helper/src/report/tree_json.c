#include "report/tree_json.h"

#include "report/lines.h"
#include "report/words.h"

struct json_tree {
	struct lines l;
	struct report *r;
	const struct model *m;
	uint64_t *written;  /* a bit per task: one that waits on two contexts still has one line */
	uint64_t left, cut; /* context lines still allowed, and how many were not */
};

static void tasks_of(struct json_tree *t, uint32_t i)
{
	for (uint32_t k = 0; k < t->m->ctxs.v[i].tasks; k++) {
		uint32_t task = ctx_task(t->m, i, k);
		if (t->written[task / 64] >> task % 64 & 1)
			continue;
		t->written[task / 64] |= UINT64_C(1) << task % 64;
		line_task(&t->l, task);
	}
}

static void node(struct json_tree *t, uint32_t i)
{
	if (!t->left) {
		t->cut++;
		return;
	}
	t->left--;
	line_context(&t->l, i);
	if (t->m->ctxs.v[i].parent != CTX_NONE && !(t->m->ctxs.v[i].flags & CTX_CYCLE))
		line_edge(&t->l, t->m->ctxs.v[i].parent, i);
	if (!t->r->opt->no_tasks)
		tasks_of(t, i);
}

/* The context after i in pre-order below top; depth_left counts down to --depth. */
static uint32_t next_node(const struct model *m, uint32_t i, uint32_t top, int64_t *depth_left)
{
	if (*depth_left != 0 && m->ctxs.v[i].first_child != CTX_NONE) {
		--*depth_left;
		return m->ctxs.v[i].first_child;
	}
	for (; i != top; i = m->ctxs.v[i].parent) {
		if (m->ctxs.v[i].next_sibling != CTX_NONE)
			return m->ctxs.v[i].next_sibling;
		++*depth_left;
	}
	return CTX_NONE;
}

static struct err *subtree(struct json_tree *t, uint32_t top, uint64_t *seen)
{
	int64_t depth_left = t->r->opt->depth >= 0 ? t->r->opt->depth : INT64_MAX / 2;

	for (uint32_t i = top; i != CTX_NONE; i = next_node(t->m, i, top, &depth_left)) {
		node(t, i);
		if (++*seen % 4096 == 0 && model_canceled(t->m))
			return err_interrupted();
		if (*seen > t->m->ctxs.n)
			return err_new(ERR_BAD_DATA,
				       "the context tree has more nodes than contexts");
	}
	return NULL;
}

struct err *tree_json(struct report *r, uint32_t top)
{
	struct json_tree t = {.r = r, .m = r->m, .left = word_limit(r->opt, 0)};
	struct err *e = NULL;
	uint64_t seen = 0;

	t.written = mem_zalloc((r->m->tasks.list.n / 64 + 1) * sizeof(uint64_t));
	lines_open(&t.l, r);
	line_header(r);
	if (top != CTX_NONE)
		e = subtree(&t, top, &seen);
	else
		for (size_t k = 0; k < r->m->roots.n && !e; k++)
			if (!model_unused(r->m, r->m->roots.v[k]))
				e = subtree(&t, r->m->roots.v[k], &seen);
	line_cut(r, t.cut, "contexts");
	line_notes(r);
	lines_close(&t.l);
	free(t.written);
	return e;
}
