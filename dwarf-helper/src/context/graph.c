/*
 * From parent words to a graph: depths, child lists, loops cut, states handed down, shapes and sums
 * handed up, goroutines put on the contexts they wait on.  All passes are linear and none recurses:
 * a chain may be a million deep.
 */
#include <pthread.h>

#include "context/build_internal.h"

#define DEPTH_ON_PATH (CTX_DEPTH_UNKNOWN - 1)

typedef VEC(uint32_t) numbers;

static uint64_t mix(uint64_t h)
{
	h ^= h >> 31;
	h *= 0x7fb5d329728ea185u;
	h ^= h >> 27;
	h *= 0x81dadef4bc2dd44du;
	return h ^ h >> 33;
}

/* One more context of that depth. */
static void count_depth(numbers *at_depth, uint32_t depth)
{
	while (at_depth->n <= depth)
		VEC_PUSH(at_depth, 0);
	at_depth->v[depth]++;
}

/* Follow parents up to a known depth or a loop, then come back down.  @p at_depth: how many
 * contexts each depth has */
static uint64_t set_depths(struct model *m, numbers *at_depth)
{
	numbers path = {0};
	uint64_t loops = 0;

	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		uint32_t at = i;
		path.n = 0;
		while (at != CTX_NONE && m->ctxs.v[at].depth == CTX_DEPTH_UNKNOWN) {
			m->ctxs.v[at].depth = DEPTH_ON_PATH;
			VEC_PUSH(&path, at);
			at = m->ctxs.v[at].parent;
		}
		if (at != CTX_NONE && m->ctxs.v[at].depth == DEPTH_ON_PATH) {
			/* The last one on the path points back into it: cut there. */
			struct ctx *c = &m->ctxs.v[path.v[path.n - 1]];
			c->parent = CTX_NONE;
			c->flags |= CTX_CYCLE | CTX_DAMAGED;
			loops++;
			at = CTX_NONE;
		}
		uint32_t depth = at == CTX_NONE ? 0 : m->ctxs.v[at].depth + 1;
		while (path.n) {
			count_depth(at_depth, depth);
			m->ctxs.v[path.v[--path.n]].depth = depth++;
		}
	}
	VEC_FREE(&path);
	return loops;
}

static bool has_children_map(const struct ctx *c)
{
	return c->kind == CTX_CANCEL || c->kind == CTX_TIMER || c->kind == CTX_AFTER_FUNC;
}

/*
 * In one pass from the last context to the first: lists of children, roots, and all contexts in an
 * order in which parents come before their children (@return it: by depth, then as they are).
 */
static uint32_t *set_children(struct model *m, numbers *at_depth)
{
	uint32_t *order = mem_alloc(m->ctxs.n * sizeof(*order)), sum = 0;

	for (size_t d = 0; d < at_depth->n; d++)
		at_depth->v[d] = sum += at_depth->v[d]; // where the next depth begins
	for (uint32_t i = (uint32_t)m->ctxs.n; i-- > 0;) {
		struct ctx *c = &m->ctxs.v[i];
		order[--at_depth->v[c->depth]] = i;
		if (c->parent == CTX_NONE) {
			if (!model_unused(m, i))
				VEC_PUSH(&m->roots, i);
			continue;
		}
		struct ctx *parent = &m->ctxs.v[c->parent];
		c->next_sibling = parent->first_child;
		parent->first_child = i;
	}
	for (size_t i = 0, k = m->roots.n; i + 1 < k; i++) {
		uint32_t last = m->roots.v[--k];
		m->roots.v[k] = m->roots.v[i];
		m->roots.v[i] = last;
	}
	return order;
}

/* A custom context whose state was read from its own words (fill.c), or does not follow from its
 * parent's. */
static bool keeps_state(const struct model *m, const struct ctx *c)
{
	const struct ctx_type *t = &m->types.v[c->type];

	if (t->switch_via >= 0 && c->flags & CTX_NIL_DONE)
		return true;
	return t->err.how != METHOD_INNER &&
	       (t->err.how != METHOD_NIL || t->done.how != METHOD_INNER);
}

/* What ctx.Err() would return: kinds without an err of their own have their ancestor's. */
void graph_set_state(struct model *m, struct ctx *c)
{
	const struct ctx *parent = c->parent == CTX_NONE ? NULL : &m->ctxs.v[c->parent];

	switch (c->kind) {
	case CTX_CANCEL:
	case CTX_TIMER:
	case CTX_AFTER_FUNC:
		return;
	case CTX_BACKGROUND:
	case CTX_TODO:
	case CTX_WITHOUT_CANCEL:
		c->state = CTX_NEVER;
		return;
	default:
		if (c->kind == CTX_CUSTOM && keeps_state(m, c))
			return;
		c->state = parent ? parent->state : CTX_UNKNOWN;
		/* Its Err is always nil, its Done the parent's: when that is closed, the two
		 * contradict one another. */
		if (ctx_own_err(m, c) && c->state != CTX_NEVER && c->state != CTX_ACTIVE)
			c->state = CTX_UNKNOWN;
	}
}

#define AHEAD 16 /* lookups under way at a time */

void graph_join(struct model *m)
{
	for (size_t i = 0; i < m->tasks.waits.n; i++) {
		struct task_wait *w = &m->tasks.waits.v[i];
		if (i + AHEAD < m->tasks.waits.n)
			u64map_prefetch(&m->by_done, w[AHEAD].chan);
		if (w->op == WAIT_SEND)
			continue;
		w->context = u64map_find(&m->by_done, w->chan);
		if (w->context != CTX_NONE)
			w->op = WAIT_RECV;
	}
}

static void ask_ahead(const struct model *m, size_t wait)
{
	if (wait < m->tasks.waits.n && m->tasks.waits.v[wait].context != CTX_NONE)
		__builtin_prefetch(&m->ctxs.v[m->tasks.waits.v[wait].context].tasks, 1);
}

/* Count the goroutines of each context, once each: a select may name one channel twice.  first_wait
 * remembers who was last. */
static uint32_t count_waits(struct model *m)
{
	uint32_t total = 0;

	for (size_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		bool any = false;
		for (uint32_t k = 0; k < t->nwaits; k++) {
			const struct task_wait *w = &m->tasks.waits.v[t->wait_first + k];
			ask_ahead(m, t->wait_first + k + AHEAD);
			if (w->context == CTX_NONE)
				continue;
			any = true;
			struct ctx *c = &m->ctxs.v[w->context];
			if (c->first_wait == i)
				continue;
			c->first_wait = (uint32_t)i;
			c->tasks++;
			/* Who waits is part of what a person would call alike. */
			c->shape += mix(t->frame + 0x51ed270bu);
			total++;
		}
		m->waiting_tasks += any;
	}
	return total;
}

static void put_tasks(struct model *m)
{
	uint32_t total = count_waits(m), at = 0;

	for (size_t i = 0; i < m->ctxs.n; i++) {
		if (!m->ctxs.v[i].tasks)
			continue;
		m->ctxs.v[i].first_wait = at;
		at += m->ctxs.v[i].tasks;
		m->ctxs.v[i].tasks = 0;
	}
	VEC_RESERVE(&m->ctx_tasks, total);
	m->ctx_tasks.n = total;
	for (size_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		for (uint32_t k = 0; k < t->nwaits; k++) {
			uint32_t context = m->tasks.waits.v[t->wait_first + k].context;
			ask_ahead(m, t->wait_first + k + AHEAD);
			if (context == CTX_NONE)
				continue;
			struct ctx *c = &m->ctxs.v[context];
			uint32_t *list = m->ctx_tasks.v + c->first_wait;
			if (!c->tasks || list[c->tasks - 1] != i)
				list[c->tasks++] = (uint32_t)i;
		}
	}
}

/* What a person would call alike: kind, type, state, and (in c->shape so far) the key and who
 * waits. */
static uint64_t own_shape(const struct ctx *c)
{
	uint64_t h = mix(c->shape ^ ((uint64_t)c->kind << 8 | c->state | (uint64_t)c->type << 16) *
					    0x9e3779b97f4a7c15u);

	return c->flags & (CTX_DAMAGED | CTX_CYCLE) ? h ^ mix(c->addr) : h;
}

static void hand_up(struct model *m, const uint32_t *order)
{
	uint64_t *below = mem_zalloc(m->ctxs.n * sizeof(*below));

	for (size_t k = m->ctxs.n; k-- > 0;) {
		struct ctx *c = &m->ctxs.v[order[k]];
		c->shape = mix(own_shape(c) + below[order[k]]);
		c->tasks_below += c->tasks;
		if (c->parent == CTX_NONE)
			continue;
		below[c->parent] += mix(c->shape);
		struct ctx *parent = &m->ctxs.v[c->parent];
		parent->below += c->below + 1;
		parent->tasks_below += c->tasks_below;
		/* As with children maps, which a context leaves when it ends. */
		parent->children += !has_children_map(parent) && c->state != CTX_CANCELED &&
				    c->state != CTX_EXPIRED;
	}
	free(below);
}

static void count(struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];

	if (model_unused(m, i))
		return;
	m->contexts++;
	m->by_kind[c->kind]++;
	m->by_state[c->state]++;
	m->only_heap += i >= 2 && !(c->flags & (CTX_FROM_PAIR | CTX_FROM_MAP | CTX_FROM_PARENT));
}

static void *run_put_tasks(void *arg)
{
	put_tasks(arg);
	return NULL;
}

/*
 * Goroutines are put on their contexts by another thread while depths, child lists and states are
 * made here: the one changes tasks, first_wait and shape of a context, the other parent, depth,
 * flags, state, children and the links.
 */
struct err *graph_build(struct builder *b)
{
	struct model *m = b->m;
	numbers at_depth = {0};
	pthread_t thread;
	bool threaded = pthread_create(&thread, NULL, run_put_tasks, m) == 0;
	uint64_t loops = set_depths(m, &at_depth);
	uint32_t *order = set_children(m, &at_depth);

	for (size_t k = 0; k < m->ctxs.n; k++) {
		graph_set_state(m, &m->ctxs.v[order[k]]);
		count(m, order[k]);
	}
	if (threaded)
		pthread_join(thread, NULL);
	else
		put_tasks(m);
	states_from_children(m, order);
	hand_up(m, order);
	free(order);
	VEC_FREE(&at_depth);
	if (loops)
		notes_add(b->rt->notes, NOTE_DAMAGE, "parent links of contexts form %llu loops",
			  (unsigned long long)loops);
	return runtime_check(b->rt);
}
