#include "context/view.h"

static void read_err(struct ctx_view *v, const struct model *m, unsigned want)
{
	if (!(want & (VIEW_ERR | VIEW_OWN_ERR)) || v->state == CTX_ACTIVE || v->state == CTX_NEVER)
		return;
	if (!(want & VIEW_ERR) &&
	    (v->state != CTX_CANCELED || ctx_canceler(m, v->index) != v->index))
		return;
	v->has_err = ctx_err(m, v->index, &v->err);
	v->has_cause = ctx_cause(m, v->index, &v->cause);
}

static void read_deadline(struct ctx_view *v, const struct model *m, unsigned want)
{
	struct bubble b;

	v->has_deadline = ctx_deadline(m, v->index, &v->deadline);
	v->has_left = ctx_deadline_left(m, v->index, &v->left_ns);
	v->bubbled = want & VIEW_CLOCK && v->has_deadline &&
		     ctx_clock(m, v->index, v->deadline.mono, &b) == CTX_CLOCK_BUBBLE;
	v->bubble = v->bubbled ? b.id : 0;
}

static void read_facts(struct ctx_view *v, const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];
	const struct ctx_type *type = c->type < m->types.n ? &m->types.v[c->type] : NULL;

	v->index = i;
	v->parent = c->parent;
	v->depth = c->depth;
	v->below = c->below;
	v->children = c->children;
	v->tasks = c->tasks;
	v->tasks_below = c->tasks_below;
	v->first_child = c->first_child;
	v->type = c->type;
	v->flags = c->flags;
	v->kind = c->kind;
	v->state = c->state;
	v->addr = c->addr;
	v->done = c->done;
	v->cuts = ctx_cuts(c);
	v->own_done = ctx_own_done(m, c);
	v->own_err = ctx_own_err(m, c);
	v->go_type = type ? type->name : NULL;
	v->full_type = type ? type->full : NULL;
}

void ctx_view_read(struct ctx_view *v, const struct model *m, uint32_t i, unsigned want)
{
	read_facts(v, m, i);
	v->value_at = 0;
	v->err.n = v->cause.n = v->key.n = v->value.n = v->calls.n = 0;
	v->has_err = v->has_cause = v->has_deadline = v->has_left = v->has_key = v->has_value =
		v->has_calls = false;
	read_err(v, m, want);
	if (v->kind == CTX_TIMER && want & VIEW_DEADLINE)
		read_deadline(v, m, want);
	if (v->kind == CTX_VALUE && want & VIEW_PAIR) {
		v->has_key = ctx_key(m, i, &v->key);
		v->has_value = ctx_value(m, i, !(want & VIEW_VALUE), &v->value, &v->value_at);
	}
	if (v->kind == CTX_AFTER_FUNC && want & VIEW_CALLS)
		v->has_calls = ctx_func(m, i, &v->calls);
}

void ctx_view_free(struct ctx_view *v)
{
	buf_free(&v->err);
	buf_free(&v->cause);
	buf_free(&v->key);
	buf_free(&v->value);
	buf_free(&v->calls);
}
