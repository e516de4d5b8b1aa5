/*
 * lost-cancel: contexts that nobody can cancel any more but through their parent.
 *
 * The pattern     active, made by WithCancel or WithCancelCause; no CancelFunc of theirs is reached
 *                 by anything at all, or only by goroutines that can never run again (stuck-task's,
 *                 uncancellable-wait's, or those of coroutines), and by finalizers of what only
 *                 these hold, while a context above can be cancelled; no deadline of their own or
 *                 of an ancestor; not below a custom context whose end we cannot see.
 * certain         three or more made alike, and the marking was complete: no CancelFunc is left is
 *                 then a proof
 * likely          the same with an incomplete marking, or in a program built with a profile
 * possible        they hang on what never ends and holds no children (Background), and are bounded
 *                 all the same: the goroutines that use them wait below them, each for a deadline,
 *                 or have nothing else than them; when those end, the collector takes the contexts
 * info            one or two alike, under which nothing piles up.  Healthy programs have them: a
 *                 context that lives as long as the program, whose CancelFunc main dropped or will
 *                 not call any more.
 *
 * Healthy look-alikes that do not count: `defer cancel()` on a stack, fields that hold the
 * CancelFunc (errgroup, net/http's connections, database/sql), signal.NotifyContext (its goroutine
 * holds the context, the context its cancel), contexts that wait for their collection.
 *
 * Contexts below a lost one of a larger group belong to that: they end when it does; they are
 * counted when they are made like it (a loop that wraps what it wrapped before).  Goroutines that
 * wait on any of them are listed with it; accumulation and uncancellable-wait add themselves to
 * this finding and make none of their own.
 */
#include "analysis/holder_sets.h"

#include "analysis/signature.h"
#include "context/detail.h"

#define MANY 3 /* alike: the same mistake made again */

/* Contexts that are lost alike. */
struct lost_group {
	uint64_t key, holder; /* holder: of what it hangs on, or of itself (holder_sets.h); 0 where
				 there are few */
	uint32_t first;	      /* context */
	uint32_t count;
	uint64_t bytes;
	VEC(uint32_t) contexts, tasks, holders; /* holders: goroutines that hold their CancelFuncs,
						   and can never run again */
};

struct lost {
	VEC(struct lost_group) groups;
	uint64_t *keys, *holders; /* by context */
	struct u64map index;	  /* key -> group */
	uint32_t *group_of;	  /* by context: group + 1 that its loss belongs to, 0 none */
};

/* Of the go statements that started its goroutines, the one whose name comes first: the same
 * whichever of them still runs. */
static uint32_t creator_of(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];
	uint32_t best = FRAME_NONE;

	for (uint32_t k = 0; k < c->tasks; k++) {
		uint32_t frame = m->tasks.list.v[ctx_task(m, i, k)].created;
		if (frame >= m->rt->frames.n || !m->rt->frames.v[frame].func)
			continue;
		if (best == FRAME_NONE ||
		    strcmp(m->rt->frames.v[frame].func, m->rt->frames.v[best].func) < 0)
			best = frame;
		if (k == 15) // they are alike by then
			break;
	}
	return best;
}

/* Of names alone. */
static uint64_t key_of(const struct leaks *l, uint32_t i)
{
	uint64_t func = sign_frame(SIGN_START, l->m, creator_of(l->m, i));

	return (l->ctx[i].chain ^ func ^ (l->ctx[i].flags & LEAK_FUNC_STUCK)) *
		       UINT64_C(0x9e3779b97f4a7c15) |
	       1;
}

/* ---- alike, but held by different things ---- */

/*
 * The object whose holder distinguishes hubs of the same shape: the context it hangs on, or the
 * context itself when no goroutine waits for it and the one above never ends.
 */
static uint32_t subject_of(const struct leaks *l, uint32_t i)
{
	uint32_t under = l->ctx[i].under;

	if (under != CTX_NONE && l->m->ctxs.v[under].state != CTX_NEVER)
		return under;
	return creator_of(l->m, i) == FRAME_NONE ? i
						 : 0; // 0: Background, which nothing needs to hold
}

static void split(struct leaks *l, struct lost *lost, const uint32_t *contexts, size_t n)
{
	uint32_t *subjects = mem_alloc((n + 1) * sizeof(*subjects));
	struct holder_sets held;

	for (size_t k = 0; k < n; k++)
		subjects[k] = subject_of(l, contexts[k]);
	leak_holder_sets(l, subjects, n, MANY, &held);
	for (size_t h = 0; h < held.list.n; h++)
		for (size_t k = 0; k < held.list.v[h].members.n; k++) {
			uint32_t i = contexts[held.list.v[h].members.v[k]];
			lost->holders[i] = held.list.v[h].key;
			lost->keys[i] = ((lost->keys[i] ^ held.list.v[h].key) *
					 UINT64_C(0x9e3779b97f4a7c15)) |
					1;
		}
	holder_sets_free(&held);
	free(subjects);
}

/* Those that are made alike. */
static void make_keys(struct leaks *l, struct lost *lost)
{
	VEC(struct lost_group) alike = {0};
	struct u64map index = {0};

	for (uint32_t i = 0; i < l->m->ctxs.n; i++) {
		if (!(l->ctx[i].flags & LEAK_LOST))
			continue;
		lost->keys[i] = key_of(l, i);
		uint32_t at = u64map_add(&index, lost->keys[i], (uint32_t)alike.n);
		if (at == alike.n)
			VEC_PUSH(&alike, (struct lost_group){0});
		VEC_PUSH(&alike.v[at].contexts, i);
	}
	for (size_t g = 0; g < alike.n; g++) {
		if (alike.v[g].contexts.n >= MANY)
			split(l, lost, alike.v[g].contexts.v, alike.v[g].contexts.n);
		VEC_FREE(&alike.v[g].contexts);
	}
	VEC_FREE(&alike);
	u64map_free(&index);
}

static void count_groups(struct leaks *l, struct lost *lost)
{
	for (uint32_t i = 0; i < l->m->ctxs.n; i++) {
		uint64_t key = lost->keys[i];
		if (!key)
			continue;
		uint32_t at = u64map_add(&lost->index, key, (uint32_t)lost->groups.n);
		if (at == lost->groups.n)
			VEC_PUSH(&lost->groups, (struct lost_group){.key = key,
								    .holder = lost->holders[i],
								    .first = i});
		lost->groups.v[at].count++;
	}
}

/* Top down: a lost context belongs to a lost one above it when that is one of many, else to those
 * that are alike. */
static void put_into_groups(struct leaks *l, struct lost *lost)
{
	const struct model *m = l->m;

	for (size_t k = 0; k < m->ctxs.n; k++) {
		uint32_t i = l->order[k], p = m->ctxs.v[i].parent;
		uint32_t above = p < m->ctxs.n && !ctx_cuts(&m->ctxs.v[i]) ? lost->group_of[p] : 0;

		bool is_lost = l->ctx[i].flags & LEAK_LOST;
		uint32_t g = is_lost ? u64map_find(&lost->index, lost->keys[i]) : 0;
		bool nested = is_lost && above == g + 1;
		if (!is_lost || (above && lost->groups.v[above - 1].count >= MANY))
			lost->group_of[i] = above;
		else
			lost->group_of[i] = g + 1;
		if (lost->group_of[i] != g + 1 || !is_lost)
			continue;
		struct lost_group *group = &lost->groups.v[g];
		if (!group->contexts.n)
			group->first = i;
		if (!nested)
			group->bytes += l->ctx[i].cost;
		VEC_PUSH(&group->contexts, i);
	}
	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		const struct task *task = &m->tasks.list.v[t];
		for (uint32_t k = 0; k < task->nwaits; k++) {
			uint32_t c = m->tasks.waits.v[task->wait_first + k].context;
			if (c >= m->ctxs.n || !lost->group_of[c])
				continue;
			VEC_PUSH(&lost->groups.v[lost->group_of[c] - 1].tasks, t);
			break;
		}
	}
}

/* ---- those whose CancelFuncs stuck goroutines hold ---- */

struct holder_search {
	struct leaks *l;
	struct lost *lost;
	uint32_t last; /* group + 1 that the goroutine was put into */
};

static bool note_func_holder(void *arg, const struct stack_hold *h)
{
	struct holder_search *s = arg;
	const struct leak_ctx *c = &s->l->ctx[h->context];
	uint32_t g = s->lost->group_of[h->context];

	if (!h->func || !g || g == s->last || !(c->flags & LEAK_LOST))
		return true;
	VEC_PUSH(&s->lost->groups.v[g - 1].holders, h->task);
	s->last = g;
	return true;
}

static void find_holders(struct leaks *l, struct lost *lost)
{
	bool any = false;

	for (size_t g = 0; g < lost->groups.n; g++)
		any |= (l->ctx[lost->groups.v[g].first].flags & LEAK_FUNC_STUCK) != 0;
	for (uint32_t t = 0; any && t < l->m->tasks.list.n && !runtime_canceled(l->m->rt); t++) {
		struct holder_search s = {.l = l, .lost = lost};
		if (reach_unused(l->r, l->r->task_stage[t]))
			leak_holds(l, t, note_func_holder, &s);
	}
}

/* The context that most of them hang on. */
static uint32_t main_parent(const struct leaks *l, const struct lost_group *g)
{
	struct u64map counts = {0};
	uint32_t best = CTX_NONE, most = 0;

	for (size_t k = 0; k < g->contexts.n; k++) {
		uint32_t under = l->ctx[g->contexts.v[k]].under;
		if (under == CTX_NONE)
			continue;
		uint32_t n = u64map_find(&counts, under + 1ul);
		n = n == U64MAP_NONE ? 1 : n + 1;
		u64map_set(&counts, under + 1ul, n);
		if (n > most) {
			most = n;
			best = under;
		}
	}
	u64map_free(&counts);
	return best;
}

/* How long they live: until their parent ends, if it does. */
static enum lost_end end_of(const struct leaks *l, uint32_t under, bool is_bounded)
{
	if (is_bounded)
		return LOST_END_USERS;
	if (under == CTX_NONE || l->m->ctxs.v[under].state == CTX_NEVER)
		return LOST_END_NEVER;
	switch (l->r->cancelable[under]) {
	case CANCELABLE_NOBODY:
	case CANCELABLE_BY_WAITER:
		return LOST_END_STUCK;
	default:
		return LOST_END_PARENT;
	}
}

static void add_evidence(struct leaks *l, struct finding *f, const struct lost_group *g,
			 uint32_t under)
{
	const struct ctx *v = l->m->ctxs.v,
			 *hub = under == CTX_NONE || v[under].state == CTX_NEVER ? NULL : &v[under];

	add_like(f, g->first);
	add_hanging(l, f);
	add_places(l, f, PLACE_WAITS, g->tasks.v, g->tasks.n);
	add_waits(l, f, g->tasks.v, g->tasks.n);
	add_places(l, f, PLACE_STARTED, g->tasks.v, g->tasks.n);
	add_places(l, f, PLACE_HOLDS, g->holders.v, g->holders.n);
	if (hub && f->confidence > CONF_INFO)
		add_holder(l, f, hub->addr, NULL); // as long as that lives, they do
	if (!l->no_func_proof)
		add_doubt(l, f);
	finding_next(f, NEXT_SHOW, v[g->first].addr);
	finding_next(f, NEXT_WHY, hub && hub->addr ? hub->addr : v[g->first].addr);
	if (g->tasks.n)
		finding_next(f, NEXT_BT, l->m->tasks.list.v[g->tasks.v[0]].goid);
}

/* Nothing ends it and nothing hangs on it, so it is of use only to whoever refers to it. */
static bool idle(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];

	return !c->children && !c->tasks && c->parent < m->ctxs.n &&
	       m->ctxs.v[c->parent].state == CTX_NEVER;
}

/* True when the library holds two of three that lie apart.  The third may be on a stack: the
 * library still works with it, or has just finished. */
static bool library_lets_go(struct leaks *l, const uint32_t *contexts, size_t n)
{
	unsigned theirs = 0;

	for (unsigned third = 0; third < 3; third++) {
		struct leak_holder h;
		uint32_t i = contexts[(n - 1) * third / 2];
		bool found = leak_holder(l, l->m->ctxs.v[i].addr, &h), user = !found;
		if (found) {
			theirs += h.library;
			user = !h.library && h.path.task == TASK_NONE;
			leak_holder_free(&h);
		}
		if (user)
			return false;
	}
	return theirs >= 2;
}

/* Most are idle, and of three of those that lie apart the library lets go by itself. */
static bool let_go(struct leaks *l, const struct lost_group *g)
{
	VEC(uint32_t) found = {0};

	for (size_t k = 0; !g->tasks.n && k < g->contexts.n; k++)
		if (idle(l->m, g->contexts.v[k]))
			VEC_PUSH(&found, g->contexts.v[k]);
	bool ret = found.n && found.n * 2 >= g->contexts.n && library_lets_go(l, found.v, found.n);
	VEC_FREE(&found);
	return ret;
}

/* What ends them although nobody cancels them: deadlines below, or goroutines that go on. */
struct bounds {
	uint32_t by_deadline, by_task;
	int64_t latest_ns; /* of the deadlines that are known */
};

static uint32_t next_below(const struct model *m, uint32_t root, uint32_t i)
{
	if (m->ctxs.v[i].first_child != CTX_NONE)
		return m->ctxs.v[i].first_child;
	while (i != root && m->ctxs.v[i].next_sibling == CTX_NONE)
		i = m->ctxs.v[i].parent;
	return i == root ? CTX_NONE : m->ctxs.v[i].next_sibling;
}

/* contexts below one that are looked at: more are no short-lived ones */
#define BELOW_MAX 64

/*
 * Do all goroutines below it wait for a context that has a deadline?  Those of a timer context that
 * is still active, or of one below such.
 * @return false when there is none, or one waits for another
 */
static bool ends_by_deadline(struct leaks *l, uint32_t root, int64_t *latest)
{
	const struct model *m = l->m;
	bool any = false;
	unsigned steps = 0;

	if (m->ctxs.v[root].tasks)
		return false;
	for (uint32_t i = next_below(m, root, root); i != CTX_NONE; i = next_below(m, root, i)) {
		const struct ctx *c = &m->ctxs.v[i];
		bool timed = (c->kind == CTX_TIMER && c->state == CTX_ACTIVE) ||
			     l->ctx[i].flags & LEAK_DEADLINE_ABOVE;
		int64_t left;
		if (steps++ == BELOW_MAX || (c->tasks && !timed))
			return false;
		any |= c->kind == CTX_TIMER && c->state == CTX_ACTIVE;
		if (c->kind == CTX_TIMER && ctx_deadline_left(m, i, &left))
			*latest = left > *latest ? left : *latest;
	}
	return any;
}

struct live_hold {
	uint32_t context;
	bool found;
};

static bool note_held(void *arg, const struct stack_hold *h)
{
	struct live_hold *w = arg;

	w->found = h->context == w->context;
	return !w->found;
}

/* Nobody waits for it, and the one goroutine whose live frames refer to it is not stuck: it is of
 * use as long as that goes on. */
static bool ends_with_task(struct leaks *l, uint32_t i)
{
	const struct leak_ctx *f = &l->ctx[i];
	struct live_hold w = {.context = i};

	if (l->m->ctxs.v[i].tasks_below || !(f->flags & LEAK_ON_STACK) || f->holders != 1 ||
	    f->holder >= l->m->tasks.list.n || l->m->tasks.list.v[f->holder].goid == 1 ||
	    l->r->task_stage[f->holder] != REACH_LIVE)
		return false;
	leak_holds(l, f->holder, note_held, &w);
	return w.found;
}

#define SAMPLES 64 /* contexts of a group that are looked at, spread over it */

/* True when only their users keep them (no map of children holds them) and nearly all of these
 * end. */
static bool bounded(struct leaks *l, const struct lost_group *g, uint32_t under, struct bounds *ret)
{
	size_t n = g->contexts.n < SAMPLES ? g->contexts.n : SAMPLES;

	*ret = (struct bounds){0};
	if (under == CTX_NONE || l->m->ctxs.v[under].state != CTX_NEVER)
		return false;
	for (size_t k = 0; k < n; k++) {
		uint32_t i = g->contexts.v[k * g->contexts.n / n];
		if (ends_by_deadline(l, i, &ret->latest_ns))
			ret->by_deadline++;
		else if (ends_with_task(l, i))
			ret->by_task++;
	}
	return (ret->by_deadline + ret->by_task) * 10ull >= n * 9ull;
}

static void add_bounds(struct finding *f, const struct bounds *b)
{
	struct evidence *e = finding_evidence(f, EV_BOUNDED);

	e->n = b->by_deadline;
	e->m = b->by_task;
	e->ns = b->latest_ns;
}

static enum confidence how_sure(struct leaks *l, const struct lost_group *g, bool is_bounded)
{
	if (g->contexts.n < MANY || let_go(l, g))
		return CONF_INFO;
	if (is_bounded)
		return CONF_POSSIBLE;
	return l->no_func_proof ? CONF_CERTAIN : CONF_LIKELY;
}

static void add_finding(struct leaks *l, const struct lost_group *g)
{
	uint32_t under = main_parent(l, g);
	struct bounds bounds;
	bool is_bounded = bounded(l, g, under, &bounds);
	struct finding *f =
		finding_new(l->out, RULE_LOST_CANCEL, how_sure(l, g, is_bounded), UNIT_CONTEXT);

	f->count = g->contexts.n;
	f->tasks = g->tasks.n;
	f->bytes = g->bytes;
	f->context = g->first;
	for (size_t k = 0; k < g->contexts.n; k++)
		leak_add_context(l, f, g->contexts.v[k]);
	for (size_t k = 0; k < g->tasks.n; k++)
		leak_add_task(l, f, g->tasks.v[k]);
	uint64_t sign = sign_chain(SIGN_START ^ g->holder, l->m, g->first);
	if (l->ctx[g->first].flags & LEAK_FUNC_STUCK)
		sign = sign_word(sign, "stuck");
	finding_sign_hash(f, sign_frame(sign, l->m, creator_of(l->m, g->first)));
	f->claim.lost.under = under;
	f->claim.lost.end = (uint8_t)end_of(l, under, is_bounded);
	f->claim.lost.stuck = l->ctx[f->context].flags & LEAK_FUNC_STUCK;
	add_evidence(l, f, g, under);
	if (is_bounded)
		add_bounds(f, &bounds);
}

struct err *rule_lost_cancel(struct leaks *l)
{
	size_t n = l->m->ctxs.n + 1;
	struct lost lost = {.group_of = mem_zalloc(n * sizeof(*lost.group_of)),
			    .keys = mem_zalloc(n * sizeof(*lost.keys)),
			    .holders = mem_zalloc(n * sizeof(*lost.holders))};

	make_keys(l, &lost);
	count_groups(l, &lost);
	put_into_groups(l, &lost);
	find_holders(l, &lost);
	for (size_t g = 0; g < lost.groups.n; g++) {
		if (lost.groups.v[g].contexts.n)
			add_finding(l, &lost.groups.v[g]);
		VEC_FREE(&lost.groups.v[g].contexts);
		VEC_FREE(&lost.groups.v[g].tasks);
		VEC_FREE(&lost.groups.v[g].holders);
	}
	VEC_FREE(&lost.groups);
	u64map_free(&lost.index);
	free(lost.group_of);
	free(lost.holders);
	free(lost.keys);
	return NULL;
}
