/*
 * watcher: goroutines that the context package starts to watch a parent of a type of one's own
 * (context.(*cancelCtx).propagateCancel).
 *
 * One such goroutine runs for each child that is made on a context whose Done the package does not
 * know, until parent or child is done.
 * likely     three or more below one kind of parent, and the context inside of that parent has
 *            ended but the parent's Done does not show it: neither they nor the children will end;
 *            or ten or more whose children have no CancelFunc any more
 * possible   fifty or more on one parent, whose children no stack refers to
 * info       any other number: a price to know of, and right as long as the children are in use
 */
#include "analysis/task_sets.h"

#include "analysis/signature.h"
#include "context/detail.h"

#define ENDED_MANY 3
#define LOST_MANY 10
#define MANY 50
#define CLIMB 64 /* levels above a child */

struct watched {
	uint32_t parent, first; /* custom context of the first child; that child */
	uint32_t ended, lost, on_stack;
	uint32_t on_parent; /* children of that parent */
	VEC(uint32_t) children, tasks;
};

struct watchers {
	VEC(struct watched) list;
	struct u64map index; /* chain of the parent -> set */
};

/* True when the context that the parent is made on has ended, but the child of the parent has
 * not. */
static bool inner_ended(const struct leaks *l, uint32_t parent, uint32_t child)
{
	const struct model *m = l->m;
	uint32_t inner = parent < m->ctxs.n ? m->ctxs.v[parent].parent : CTX_NONE;

	if (inner >= m->ctxs.n || m->ctxs.v[child].state != CTX_ACTIVE)
		return false;
	return m->ctxs.v[inner].state == CTX_CANCELED || m->ctxs.v[inner].state == CTX_EXPIRED;
}

/* The type of one's own that the child waits for: values, and types that embed a context without a
 * Done of their own, may lie between. */
static uint32_t watched_parent(const struct model *m, uint32_t child)
{
	uint32_t first = m->ctxs.v[child].parent, i = first;

	for (unsigned up = 0; up < CLIMB && i < m->ctxs.n; up++, i = m->ctxs.v[i].parent) {
		if (ctx_own_done(m, &m->ctxs.v[i]))
			return i;
		if (m->ctxs.v[i].kind != CTX_VALUE && m->ctxs.v[i].kind != CTX_CUSTOM &&
		    m->ctxs.v[i].kind != CTX_STOP)
			break;
	}
	return first;
}

static void collect(struct leaks *l, struct watchers *w)
{
	const struct cancelers *all = &l->r->cancelers;

	for (size_t k = 0; k < all->list.n; k++) {
		const struct canceler *c = &all->list.v[k];
		if (c->kind != CANCELER_WATCHER || c->context >= l->m->ctxs.n ||
		    c->task >= l->m->tasks.list.n)
			continue;
		uint32_t parent = watched_parent(l->m, c->context);
		if (parent >= l->m->ctxs.n)
			continue;
		uint32_t at = u64map_add(&w->index, l->ctx[parent].chain | 1, (uint32_t)w->list.n);
		if (at == w->list.n)
			VEC_PUSH(&w->list, (struct watched){.parent = parent, .first = c->context});
		struct watched *s = &w->list.v[at];
		s->ended += inner_ended(l, parent, c->context);
		s->lost += !(l->ctx[c->context].flags &
			     (LEAK_FUNC_LIVE | LEAK_FUNC_HELD | LEAK_FUNC_STUCK));
		s->on_stack += (l->ctx[c->context].flags & LEAK_ON_STACK) != 0;
		s->on_parent += parent == s->parent;
		if (inner_ended(l, parent, c->context) && s->ended == 1) {
			s->parent = parent; // the one to show is one that explains
			s->first = c->context;
		}
		VEC_PUSH(&s->children, c->context);
		VEC_PUSH(&s->tasks, c->task);
	}
}

static enum confidence how_sure(const struct watched *s)
{
	if (s->ended >= ENDED_MANY || s->lost >= LOST_MANY)
		return CONF_LIKELY;
	return s->on_parent >= MANY && s->on_stack * 10ul < s->children.n ? CONF_POSSIBLE
									  : CONF_INFO;
}

/* The finding also covers goroutines that wait on the children: they have the same cause. */
static void add_covered(struct leaks *l, struct finding *f, const struct watched *s)
{
	const struct model *m = l->m;
	VEC(uint32_t) waiting = {0};

	for (size_t k = 0; k < s->children.n; k++)
		leak_add_context(l, f, s->children.v[k]);
	for (size_t k = 0; k < s->tasks.n; k++) {
		leak_add_task(l, f, s->tasks.v[k]);
		f->bytes += l->task_bytes[s->tasks.v[k]];
	}
	for (size_t k = 0; k < s->children.n; k++)
		for (uint32_t n = 0; n < m->ctxs.v[s->children.v[k]].tasks; n++) {
			uint32_t t = ctx_task(m, s->children.v[k], n);
			if (l->task_finding[t])
				continue;
			l->task_finding[t] = (uint32_t)l->out->list.n;
			VEC_PUSH(&waiting, t);
		}
	if (waiting.n)
		add_places(l, f, PLACE_WAITS, waiting.v, waiting.n);
	add_waits(l, f, s->tasks.v, s->tasks.n);
	VEC_FREE(&waiting);
}

static void add_finding(struct leaks *l, const struct watched *s)
{
	struct finding *f = finding_new(l->out, RULE_WATCHER, how_sure(s), UNIT_TASK);
	const struct model *m = l->m;

	f->count = f->tasks = s->tasks.n;
	f->context = s->parent;
	finding_sign_hash(f, sign_chain(SIGN_START, l->m, s->parent));
	f->claim.watcher.parent = s->parent;
	f->claim.watcher.ended = s->ended;
	struct evidence *parent = finding_evidence(f, EV_PARENT);
	parent->context = s->parent;
	parent->n = s->on_parent;
	parent->m = s->ended;
	struct evidence *child = finding_evidence(f, EV_CHILD);
	child->context = s->first;
	child->flag = s->children.n > 1;
	add_covered(l, f, s);
	finding_next(f, NEXT_TREE, m->ctxs.v[s->parent].addr);
	finding_next(f, NEXT_BT, m->tasks.list.v[s->tasks.v[0]].goid);
}

struct err *rule_watcher(struct leaks *l)
{
	struct watchers w = {0};

	collect(l, &w);
	for (size_t k = 0; k < w.list.n; k++) {
		add_finding(l, &w.list.v[k]);
		VEC_FREE(&w.list.v[k].children);
		VEC_FREE(&w.list.v[k].tasks);
	}
	VEC_FREE(&w.list);
	u64map_free(&w.index);
	return NULL;
}
