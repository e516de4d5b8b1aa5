/*
 * Custom contexts whose Done or Err is too long to be read.  context/context.go: propagateCancel
 * asks a parent's Done when a child is made on it.  Nil: it leaves the child alone.  The channel of
 * a cancelCtx further up: it puts the child into that one's map.  Any other: it starts a goroutine
 * that waits on both.  So the children show what the parent's Done was.
 */
#include "context/build_internal.h"
#include "context/detail.h"

#define CHILDREN_LOOKED_AT 1000 /* of one context */

enum evidence { NONE = 0, WAS_NIL = 1, WAS_ABOVE = 2, WAS_OTHER = 4 };

static bool lacks_state(const struct model *m, const struct ctx *c)
{
	return c->kind == CTX_CUSTOM && c->state == CTX_UNKNOWN && ctx_own_done(m, c) &&
	       ctx_own_err(m, c) && !(c->flags & CTX_DAMAGED);
}

/* What one child shows of it.  @p above: what would have it in its map, CTX_NONE */
static enum evidence of_child(const struct model *m, uint32_t child, uint32_t above)
{
	const struct ctx *c = &m->ctxs.v[child];

	if (c->state != CTX_ACTIVE || c->flags & (CTX_DAMAGED | CTX_LOCKED) || !c->done)
		return NONE; // ended, or its watcher has perhaps not begun to wait yet
	if (c->flags & CTX_IN_PARENT_MAP)
		return above == CTX_NONE ? NONE : WAS_ABOVE;
	if (ctx_has_watcher(m, child))
		return WAS_OTHER;
	if (above != CTX_NONE && m->ctxs.v[above].flags & (CTX_DAMAGED | CTX_LOCKED))
		return NONE; // its map could not be read
	return WAS_NIL;
}

/* What is made on it, WithValue contexts in between; neither what hangs by AfterFunc nor what is
 * below a Done of yet another. */
static enum evidence of_children(const struct model *m, uint32_t i)
{
	VEC(uint32_t) todo = {0};
	uint32_t above =
		m->ctxs.v[i].parent < m->ctxs.n ? ctx_canceler(m, m->ctxs.v[i].parent) : CTX_NONE;
	enum evidence all = NONE;
	unsigned left = CHILDREN_LOOKED_AT;

	VEC_PUSH(&todo, i);
	while (todo.n) {
		uint32_t at = todo.v[--todo.n];
		for (uint32_t k = m->ctxs.v[at].first_child; k != CTX_NONE && left;
		     k = m->ctxs.v[k].next_sibling, left--) {
			uint8_t kind = m->ctxs.v[k].kind;
			if (kind == CTX_VALUE)
				VEC_PUSH(&todo, k);
			else if (kind == CTX_CANCEL || kind == CTX_TIMER || kind == CTX_AFTER_FUNC)
				all |= of_child(m, k, above);
		}
	}
	VEC_FREE(&todo);
	return all;
}

static void set_by_children(struct model *m, uint32_t i)
{
	struct ctx *c = &m->ctxs.v[i];

	switch (of_children(m, i)) {
	case WAS_NIL: // it can never end, so Err is nil
		c->flags |= CTX_NIL_DONE;
		c->state = CTX_NEVER;
		return;
	case WAS_ABOVE:
		c->state = c->parent < m->ctxs.n ? m->ctxs.v[c->parent].state : CTX_UNKNOWN;
		return;
	case WAS_OTHER: // a channel that a goroutine is waiting on
		c->state = CTX_ACTIVE;
		return;
	default: // nothing, or it changes its mind
		return;
	}
}

static void set(struct model *m, uint32_t i, uint8_t before)
{
	if (model_unused(m, i))
		return;
	m->by_state[before]--;
	m->by_state[m->ctxs.v[i].state]++;
}

void states_from_children(struct model *m, const uint32_t *order)
{
	bool changed = false;

	/* Without all goroutines, a watcher may be among those that are missing. */
	if (!m->by_state[CTX_UNKNOWN] || !m->by_kind[CTX_CUSTOM] || !m->tasks.list.n ||
	    m->tasks.unread || m->tasks.beyond)
		return;
	for (size_t k = 0; k < m->ctxs.n; k++) {
		uint32_t i = order[k];
		uint8_t before = m->ctxs.v[i].state;
		if (changed)
			graph_set_state(m, &m->ctxs.v[i]);
		if (lacks_state(m, &m->ctxs.v[i]))
			set_by_children(m, i);
		changed |= before != m->ctxs.v[i].state;
		set(m, i, before);
	}
}
