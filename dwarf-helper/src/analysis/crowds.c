#include "analysis/crowds.h"

#include "analysis/signature.h"
#include "analysis/task_sets.h"

/* A group while members are counted. */
struct group_count {
	uint32_t first; /* its first member: a goroutine or a context */
	uint32_t count;
	uint32_t waited; /* of contexts: those that goroutines wait for */
	bool contexts;
};

struct counting {
	struct leaks *l;
	struct u64map keys;   /* what members share -> index in list */
	struct u64map places; /* pair of frames -> index in place_key */
	VEC(uint64_t) place_key;
	VEC(struct group_count) list;
	uint32_t *task_group, *ctx_group; /* index + 1 in list, 0: in none */
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

static bool accused(const struct leaks *l, uint32_t number)
{
	return number && l->out->list.v[number - 1].confidence > CONF_INFO;
}

/* Equal for pairs of frames with the same functions. */
static uint64_t place_of(struct counting *c, uint32_t task)
{
	const struct model *m = c->l->m;
	const struct task *t = &m->tasks.list.v[task];
	uint64_t pair = ((uint64_t)t->frame << 32 | t->created) + 1;
	uint32_t at = u64map_add(&c->places, pair ? pair : 1, (uint32_t)c->place_key.n);

	if (at == c->place_key.n)
		VEC_PUSH(&c->place_key,
			 sign_word(sign_word(SIGN_START, task_func(m, task)), task_maker(m, task)));
	return c->place_key.v[at];
}

static uint32_t count(struct counting *c, uint64_t key, uint32_t member, bool contexts)
{
	uint32_t at = u64map_add(&c->keys, key, (uint32_t)c->list.n);

	if (at == c->list.n)
		VEC_PUSH(&c->list, (struct group_count){.first = member, .contexts = contexts});
	c->list.v[at].count++;
	return at;
}

static void count_tasks(struct counting *c)
{
	const struct model *m = c->l->m;

	for (uint32_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		if (t->flags & TASK_SYSTEM || accused(c->l, c->l->task_finding[i]) ||
		    exempt_task(m, t))
			continue;
		uint64_t state =
			(uint64_t)t->status << 8 | (t->status == TASK_WAITING ? t->reason : 0);
		c->task_group[i] = count(c, mix(place_of(c, i), state), i, false) + 1;
	}
}

/* Contexts with one below them that a finding above info is about: they belong to it. */
static uint8_t *above_accused(const struct leaks *l)
{
	const struct model *m = l->m;
	uint8_t *above = mem_zalloc(m->ctxs.n + 1);

	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		if (!accused(l, l->ctx[i].finding))
			continue;
		for (uint32_t p = m->ctxs.v[i].parent; p < m->ctxs.n && !above[p];
		     p = m->ctxs.v[p].parent)
			above[p] = 1;
	}
	return above;
}

static bool has_done(const struct model *m, const struct ctx *c)
{
	return ctx_kind_has_done(c->kind) || (ctx_own_done(m, c) && !ctx_cuts(c));
}

static void count_contexts(struct counting *c)
{
	const struct model *m = c->l->m;
	uint8_t *above = above_accused(c->l);

	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		const struct ctx *x = &m->ctxs.v[i];
		if (x->parent >= m->ctxs.n || !has_done(m, x) || above[i] || leak_covered(c->l, i))
			continue;
		uint32_t at = count(c, mix(c->l->ctx[i].chain, (uint64_t)x->state << 1), i, true);
		c->list.v[at].waited += x->tasks > 0;
		c->ctx_group[i] = at + 1;
	}
	free(above);
}

/* Room for one more?  Those that goroutines wait for are mentioned with the goroutines. */
static bool worth(const struct group_count *g)
{
	return g->count >= CROWD_MIN && !(g->contexts && g->waited > g->count / 2);
}

static bool before(const struct group_count *a, const struct group_count *b)
{
	return a->count != b->count ? a->count > b->count : !a->contexts && b->contexts;
}

/* Indices of the largest, largest first; @return how many. */
static size_t largest(const struct counting *c, uint32_t ret[CROWDS_MAX])
{
	size_t n = 0;

	for (uint32_t k = 0; k < c->list.n; k++) {
		if (!worth(&c->list.v[k]))
			continue;
		size_t at = n;
		while (at && before(&c->list.v[k], &c->list.v[ret[at - 1]]))
			at--;
		if (at == CROWDS_MAX)
			continue;
		n += n < CROWDS_MAX;
		memmove(ret + at + 1, ret + at, (n - at - 1) * sizeof(*ret));
		ret[at] = k;
	}
	return n;
}

/* ---- facts of those that are mentioned ---- */

static void add_end(const struct leaks *l, struct crowd *c, uint32_t context)
{
	c->ends[l->r->cancelable[context]]++;
}

static void add_task(const struct leaks *l, struct crowd *c, uint32_t i)
{
	const struct task *t = &l->m->tasks.list.v[i];
	int64_t wait = clock_wait_ns(&l->m->now, t);
	uint32_t context = task_context(l->m, i);

	VEC_PUSH(&c->members, i);
	if (wait >= 0) {
		c->oldest_ns = wait > c->oldest_ns ? wait : c->oldest_ns;
		c->newest_ns = c->newest_ns < 0 || wait < c->newest_ns ? wait : c->newest_ns;
	}
	c->goid_low = t->goid < c->goid_low ? t->goid : c->goid_low;
	c->goid_high = t->goid > c->goid_high ? t->goid : c->goid_high;
	if (context != CTX_NONE)
		add_end(l, c, context);
}

static void fill(struct counting *c, const uint32_t *chosen, size_t n)
{
	struct leaks *l = c->l;

	for (size_t k = 0; k < n; k++) {
		const struct group_count *g = &c->list.v[chosen[k]];
		struct crowd crowd = {.contexts = g->contexts,
				      .oldest_ns = -1,
				      .newest_ns = -1,
				      .goid_low = UINT64_MAX,
				      .waited = g->waited};
		size_t all = g->contexts ? l->m->ctxs.n : l->m->tasks.list.n;
		const uint32_t *group = g->contexts ? c->ctx_group : c->task_group;
		for (uint32_t i = g->first; i < all; i++) {
			if (group[i] != chosen[k] + 1)
				continue;
			if (!g->contexts) {
				add_task(l, &crowd, i);
				continue;
			}
			VEC_PUSH(&crowd.members, i);
			add_end(l, &crowd, i);
		}
		VEC_PUSH(&l->out->crowds, crowd);
	}
}

void crowds_find(struct leaks *l)
{
	struct counting c = {.l = l,
			     .task_group =
				     mem_zalloc((l->m->tasks.list.n + 1) * sizeof(*c.task_group)),
			     .ctx_group = mem_zalloc((l->m->ctxs.n + 1) * sizeof(*c.ctx_group))};
	uint32_t chosen[CROWDS_MAX];

	count_tasks(&c);
	count_contexts(&c);
	fill(&c, chosen, largest(&c, chosen));
	u64map_free(&c.keys);
	u64map_free(&c.places);
	VEC_FREE(&c.place_key);
	VEC_FREE(&c.list);
	free(c.task_group);
	free(c.ctx_group);
}
