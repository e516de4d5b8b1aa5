/*
 * retained-context, expired-retained: contexts that have ended and are kept nevertheless.
 *
 * The pattern     cancelled or expired, reached by what can still run (reach.h), not from a live
 *                 stack directly, and the last of their kind in a chain: what they are made on is
 *                 kept by them.
 * expired-retained    most of them have expired, and only structs and slices of some goroutine hold
 *                     them, or it is not known what does
 * retained-context    all others: they were cancelled, or the path from a root leads through a
 *                     package variable, map, sync.Map, sync.Pool, list, closure or finalizer: the
 *                     place to mend
 * likely          fifty or more alike
 * possible        ten or more
 * info            a timer is armed that drops them: the container is one of those whose entries
 *                 have their time.  Or fewer: a pool or a connection keeps that of its last
 *                 request.  Also where a goroutine each or package net/http holds them: of three
 *                 that lie apart the paths are looked at
 *
 * Garbage that awaits its collection does not count: it is not reached.  Nor does what only stopped
 * timers hold.  Nor do active contexts in a registry: nothing in memory shows that they are out of
 * use.  Those that nobody can cancel are lost-cancel's.
 */
#include "analysis/holder_sets.h"

#include "analysis/signature.h"
#include "context/detail.h"
#include "runtime/timers.h"

#define MANY 50
#define SOME 10

struct kept {
	uint64_t holder; /* holder_sets.h; 0 where there are few */
	uint32_t expired;
	uint64_t bytes;
	VEC(uint32_t) contexts;
};

struct kept_sets {
	VEC(struct kept) list;
	struct u64map index;
};

static bool ended(const struct ctx *c)
{
	return c->state == CTX_CANCELED || c->state == CTX_EXPIRED;
}

static bool kept(const struct leaks *l, uint32_t i)
{
	return ended(&l->m->ctxs.v[i]) && l->r->ctx_stage[i] <= REACH_CHANNEL &&
	       !(l->ctx[i].flags & LEAK_ON_STACK);
}

/* True when a kept context hangs below: then that one keeps this. */
static bool kept_below(const struct leaks *l, uint32_t i)
{
	const struct model *m = l->m;
	unsigned looked = 0;

	for (uint32_t c = m->ctxs.v[i].first_child; c != CTX_NONE && looked < 1000;
	     c = m->ctxs.v[c].next_sibling, looked++)
		if (ended(&m->ctxs.v[c]) && l->r->ctx_stage[c] <= REACH_CHANNEL)
			return true;
	return false;
}

static void add(struct leaks *l, struct kept *k, uint32_t i)
{
	k->expired += l->m->ctxs.v[i].state == CTX_EXPIRED;
	k->bytes += l->ctx[i].cost;
	VEC_PUSH(&k->contexts, i);
}

static void collect(struct leaks *l, struct kept_sets *s)
{
	for (uint32_t i = 0; i < l->m->ctxs.n; i++) {
		if (!kept(l, i) || kept_below(l, i) ||
		    leak_join_earlier(l, i,
				      l->m->ctxs.v[i].state == CTX_EXPIRED ? RULE_EXPIRED_RETAINED
									   : RULE_RETAINED_CONTEXT))
			continue;
		uint32_t at = u64map_add(&s->index, l->ctx[i].chain | 1, (uint32_t)s->list.n);
		if (at == s->list.n)
			VEC_PUSH(&s->list, (struct kept){0});
		add(l, &s->list.v[at], i);
	}
}

/* Where there are many, those that different things hold are sets of their own. */
static void split(struct leaks *l, struct kept_sets *s)
{
	size_t n = s->list.n;

	for (size_t k = 0; k < n; k++) {
		struct kept all = s->list.v[k];
		struct holder_sets held;
		if (all.contexts.n < SOME)
			continue;
		leak_holder_sets(l, all.contexts.v, all.contexts.n, SOME, &held);
		for (size_t h = 0; h < held.list.n; h++) {
			struct kept part = {.holder = held.list.v[h].key};
			for (size_t c = 0; c < held.list.v[h].members.n; c++)
				add(l, &part, all.contexts.v[held.list.v[h].members.v[c]]);
			if (h)
				VEC_PUSH(&s->list, part);
			else
				s->list.v[k] = part;
		}
		holder_sets_free(&held);
		VEC_FREE(&all.contexts);
	}
}

/*
 * Does what holds one of them hold for the others, too?  Requests on their way out are held by a
 * goroutine each; what a library lets go by itself is no leak.  Of three that lie apart, each must
 * be kept for good.
 */
/* Other goroutines hold others of them, or refer to the same that the path begins with. */
static bool by_several(struct leaks *l, const struct kept *k, const struct steps *shown)
{
	static const unsigned eighth[] = {0, 2, 6, 7};
	struct heap_object o;
	bool several = false;

	for (unsigned q = 0; q < sizeof(eighth) / sizeof(*eighth) && !several; q++) {
		struct leak_holder other;
		if (!leak_holder(l, l->m->ctxs.v[k->contexts.v[k->contexts.n * eighth[q] / 8]].addr,
				 &other))
			continue;
		several = other.path.task != shown->task;
		leak_holder_free(&other);
	}
	return several || !shown->list.n || !heap_object_at(l->m->rt, shown->list.v[0].addr, &o) ||
	       leak_on_stacks(l, o.base, o.size);
}

static void add_timer(struct leaks *l, struct finding *f)
{
	taddr timer = f->holder ? leak_drop_timer(l, f->holder) : 0;
	uint64_t when = timer ? timer_when(l->m->rt, timer) : 0;

	if (!timer)
		return;
	struct evidence *e = finding_evidence(f, EV_TIMER);
	e->n = timer;
	e->state = timer_calls(l->m->rt, timer);
	e->ns = when && l->m->now.mono_ns && (int64_t)when > l->m->now.mono_ns
			? (int64_t)when - l->m->now.mono_ns
			: -1;
	f->confidence = CONF_INFO;
}

static bool kept_for_good(struct leaks *l, const struct kept *k, const struct leak_holder *shown)
{
	static const unsigned quarter[] = {1, 3};

	if (shown->library)
		return false;
	for (unsigned q = 0; q < 2; q++) {
		struct leak_holder other;
		uint32_t i = k->contexts.v[k->contexts.n * quarter[q] / 4];
		if (!leak_holder(l, l->m->ctxs.v[i].addr, &other))
			continue;
		bool good = !other.library && other.path.task == shown->path.task;
		leak_holder_free(&other);
		if (!good)
			return false;
	}
	return true;
}

static void add_finding(struct leaks *l, const struct kept *k, bool search)
{
	enum confidence sure = k->contexts.n >= MANY   ? CONF_LIKELY
			       : k->contexts.n >= SOME ? CONF_POSSIBLE
						       : CONF_INFO;
	struct finding *f = finding_new(l->out, RULE_EXPIRED_RETAINED, sure, UNIT_CONTEXT);
	uint32_t shown =
		k->contexts.v[k->contexts.n /
			      2]; // not the first one: that may be held for reasons of its own
	struct leak_holder holder = {.path = {.task = TASK_NONE}};

	finding_sign_hash(f, sign_chain(SIGN_START ^ k->holder, l->m,
					shown)); // before the rule is known: the path may be one
						 // too many to look for
	f->count = k->contexts.n;
	f->bytes = k->bytes;
	f->context = shown;
	for (size_t n = 0; n < k->contexts.n; n++)
		leak_add_context(l, f, k->contexts.v[n]);
	add_like(f, shown);
	f->evidence.v[0].flag = true;
	f->claim.retained.expired = k->expired * 2ul > k->contexts.n;
	if (search && add_holder(l, f, l->m->ctxs.v[shown].addr, &holder) &&
	    !kept_for_good(l, k, &holder))
		f->confidence = CONF_INFO;
	f->claim.retained.several =
		f->holder && holder.path.task != TASK_NONE && by_several(l, k, f->holder);
	if (f->confidence > CONF_INFO)
		add_timer(l, f);
	if (f->keeper != KEEPER_NONE || !f->claim.retained.expired) {
		f->rule = RULE_RETAINED_CONTEXT;
		f->also |= k->expired ? 1u << RULE_EXPIRED_RETAINED : 0;
	}
	finding_next(f, NEXT_WHY, l->m->ctxs.v[shown].addr);
	finding_next(f, NEXT_SHOW, l->m->ctxs.v[shown].addr);
}

struct err *rule_retained_context(struct leaks *l)
{
	struct kept_sets s = {0};

	collect(l, &s);
	split(l, &s);
	for (size_t k = 0; k < s.list.n; k++) {
		add_finding(l, &s.list.v[k], s.list.v[k].contexts.n >= SOME);
		VEC_FREE(&s.list.v[k].contexts);
	}
	VEC_FREE(&s.list);
	u64map_free(&s.index);
	return runtime_check(l->m->rt);
}
