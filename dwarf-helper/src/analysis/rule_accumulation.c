/*
 * accumulation: one context with very many equal children that could be cancelled, but are not.
 *
 * The pattern     50 or more active children of one kind and origin under one context, at least 80
 *                 % of all that hang on it.
 * likely          their CancelFuncs wait in the deferred calls of one goroutine (`defer cancel()`
 *                 in a loop); or none of their CancelFuncs exists any more, and their deadlines are
 *                 an hour or more away
 * possible        no goroutine's stack refers to them, either nothing waits on them or their
 *                 deadline is an hour or more away, and nothing sees most of them (seen.h): kept by
 *                 timers, functions of AfterFunc or CancelFuncs alone
 * info            everything else.  A thousand requests in flight under one server's context look
 *                 just so: the difference is that goroutines hold and use those.  Also contexts
 *                 that a library makes and ends (connections of net/http), and those whose
 *                 deadlines end them and whose work a function does then that AfterFunc has
 *                 registered: no goroutine is meant to be there
 *
 * Piles of the same kind on several contexts are one finding, unless different things hold them
 * (holder_sets.h).  Children without any CancelFunc are lost-cancel's, AfterFunc's contexts
 * afterfunc's.  Growth shape: how they are spread over their parents, how old their waits are.
 */
#include "analysis/holder_sets.h"
#include "analysis/seen.h"

#include "analysis/signature.h"
#include "context/detail.h"
#include "runtime/defer.h"

#define PILE 50
#define PILE_SHARE 80 /* per cent */
#define SAMPLE 16
/* kinds whose CancelFuncs are looked for in deferred calls: each looks at all goroutines */
#define ASKED 8
#define FAR_NS (INT64_C(3600) * 1000000000)

/* Equal children of one context. */
struct pile {
	uint64_t holder; /* holder_sets.h; 0 until split() */
	uint32_t under, first, last, count;
	uint32_t on_stack, waited; /* those that a stack refers to; those that goroutines wait on */
	uint32_t only_waited;	   /* on the stack of one goroutine alone, which waits on it */
	uint32_t hooked;	   /* those with a deadline and an AfterFunc */
	uint64_t bytes;
};

/* Piles of the same kind, on several contexts. */
struct piled {
	uint32_t largest; /* pile */
	uint32_t count, on_stack, waited, only_waited, hooked;
	uint64_t bytes;
	VEC(uint32_t) piles, tasks;
};

/* Goroutines are at work with them. */
static bool is_used(uint32_t on_stack, uint32_t count)
{
	return on_stack * 10ul > count;
}

/* Deadlines and AfterFunc do the work: no goroutine waits there, too. */
static bool is_hooked(uint32_t hooked, uint32_t waited, uint32_t count)
{
	return hooked * 10ul >= count * 9ul && waited * 10ul < count;
}

struct piles {
	VEC(struct pile) list;
	VEC(struct piled) kinds;
	struct u64map index, kind_index;
	uint32_t *next;	 /* by context: the next one of its pile, CTX_NONE */
	uint32_t *total; /* by context: active children that end when it does */
};

static bool counts(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];

	return (c->kind == CTX_CANCEL || c->kind == CTX_TIMER) && c->state == CTX_ACTIVE &&
	       l->ctx[i].under != CTX_NONE && l->r->ctx_stage[i] != REACH_NONE;
}

static uint64_t key_of(const struct leaks *l, uint32_t i)
{
	return (l->ctx[i].chain ^ l->ctx[i].under * UINT64_C(0xd6e8feb86659fd93)) *
		       UINT64_C(0x9e3779b97f4a7c15) |
	       1;
}

#define HOOK_AMONG 8 /* contexts that are looked at */

/* What AfterFunc has made on it, values between not counted: in the lists of children below,
 * parents first. */
static uint32_t hook_below(const struct ctx *v, uint32_t i)
{
	uint32_t queue[HOOK_AMONG] = {i};
	unsigned n = 1;

	for (unsigned at = 0; at < n; at++)
		for (uint32_t k = v[queue[at]].first_child; k != CTX_NONE && n < HOOK_AMONG;
		     k = v[k].next_sibling) {
			if (v[k].kind == CTX_AFTER_FUNC && v[k].state == CTX_ACTIVE)
				return k;
			if (v[k].kind == CTX_VALUE)
				queue[n++] = k;
		}
	return CTX_NONE;
}

/* The function that is called when a deadline ends it: the AfterFunc context, CTX_NONE. */
static uint32_t hook_of(const struct leaks *l, uint32_t i)
{
	bool ends = l->m->ctxs.v[i].kind == CTX_TIMER || l->ctx[i].flags & LEAK_DEADLINE_ABOVE;

	return ends ? hook_below(l->m->ctxs.v, i) : CTX_NONE;
}

/* Is it on the stack of one goroutine alone, and that waits on it? */
static bool only_waited(const struct leaks *l, uint32_t i)
{
	uint32_t holder = l->ctx[i].holders == 1 ? l->ctx[i].holder : TASK_NONE;
	const struct task *t = holder == TASK_NONE ? NULL : &l->m->tasks.list.v[holder];

	for (uint32_t k = 0; t && k < t->nwaits; k++)
		if (l->m->tasks.waits.v[t->wait_first + k].context == i)
			return true;
	return false;
}

static void add(struct leaks *l, struct piles *p, struct pile *pile, uint32_t i)
{
	p->next[i] = CTX_NONE;
	if (pile->count)
		p->next[pile->last] = i;
	else
		pile->first = i;
	pile->last = i;
	pile->count++;
	pile->bytes += l->ctx[i].cost;
	pile->on_stack += (l->ctx[i].flags & LEAK_ON_STACK) != 0;
	pile->waited += l->m->ctxs.v[i].tasks_below != 0;
	pile->only_waited += only_waited(l, i);
	pile->hooked += hook_of(l, i) != CTX_NONE;
}

static void collect(struct leaks *l, struct piles *p)
{
	for (uint32_t i = 0; i < l->m->ctxs.n; i++) {
		const struct leak_ctx *f = &l->ctx[i];
		if (!counts(l, i))
			continue;
		p->total[f->under]++;
		uint32_t at = u64map_add(&p->index, key_of(l, i), (uint32_t)p->list.n);
		if (at == p->list.n)
			VEC_PUSH(&p->list, (struct pile){.under = f->under});
		add(l, p, &p->list.v[at], i);
	}
}

/* Join the findings that cover contexts of the pile, by a sample.  @return true: they cover most of
 * it */
static bool join_earlier(struct leaks *l, const struct piles *all, const struct pile *p)
{
	uint32_t seen = 0, joined = 0, step = p->count / SAMPLE + 1, at = 0;

	for (uint32_t i = p->first; i != CTX_NONE; i = all->next[i]) {
		if (at++ % step)
			continue;
		seen++;
		joined += leak_join_earlier(l, i, RULE_ACCUMULATION) != NULL;
	}
	return joined * 2 > seen;
}

/* Parts that different things hold become piles of their own, at the end of the list. */
static void split(struct leaks *l, struct piles *p, uint32_t k)
{
	VEC(uint32_t) members = {0};
	struct holder_sets held;
	uint32_t under = p->list.v[k].under;

	for (uint32_t i = p->list.v[k].first; i != CTX_NONE; i = p->next[i])
		VEC_PUSH(&members, i);
	leak_holder_sets(l, members.v, members.n, PILE, &held);
	for (size_t h = 0; h < held.list.n; h++) {
		struct pile part = {.under = under, .holder = held.list.v[h].key};
		for (size_t c = 0; c < held.list.v[h].members.n; c++)
			add(l, p, &part, members.v[held.list.v[h].members.v[c]]);
		if (h)
			VEC_PUSH(&p->list, part);
		else
			p->list.v[k] = part;
	}
	holder_sets_free(&held);
	VEC_FREE(&members);
}

static void add_kind(struct leaks *l, struct piles *p, uint32_t k)
{
	const struct pile *pile = &p->list.v[k];
	uint32_t at = u64map_add(&p->kind_index, (l->ctx[pile->first].chain ^ pile->holder) | 1,
				 (uint32_t)p->kinds.n);

	if (at == p->kinds.n)
		VEC_PUSH(&p->kinds, (struct piled){.largest = k});
	struct piled *kind = &p->kinds.v[at];
	VEC_PUSH(&kind->piles, k);
	kind->count += pile->count;
	kind->on_stack += pile->on_stack;
	kind->waited += pile->waited;
	kind->only_waited += pile->only_waited;
	kind->hooked += pile->hooked;
	kind->bytes += pile->bytes;
	if (pile->count > p->list.v[kind->largest].count)
		kind->largest = k;
}

/* Put the large ones together by kind and holder. */
static void choose(struct leaks *l, struct piles *p)
{
	for (uint32_t k = 0, n = (uint32_t)p->list.n; k < n; k++) {
		const struct pile *pile = &p->list.v[k];
		uint32_t parts = (uint32_t)p->list.n;
		if (pile->count < PILE ||
		    pile->count * 100ul < (uint64_t)p->total[pile->under] * PILE_SHARE ||
		    join_earlier(l, p, pile))
			continue;
		if (!is_used(pile->on_stack, pile->count) &&
		    !is_hooked(pile->hooked, pile->waited, pile->count))
			split(l, p, k); // of what is in use there is nothing to mend
		add_kind(l, p, k);
		for (; parts < p->list.n; parts++)
			add_kind(l, p, parts);
	}
}

/* ---- deferred calls of one goroutine ---- */

struct defer_search {
	struct leaks *l;
	uint64_t key; /* of the pile */
	uint32_t hits;
};

static bool count_deferred(void *arg, const struct defer_call *d)
{
	struct defer_search *s = arg;
	uint32_t c = u64map_find(&s->l->closures, d->fn);

	if (c != U64MAP_NONE && counts(s->l, c) && key_of(s->l, c) == s->key)
		s->hits++;
	return true;
}

/* The goroutine whose deferred calls hold most of the CancelFuncs of a pile, TASK_NONE none. Rarely
 * asked, and then of those with records only. */
static uint32_t defers_them(struct leaks *l, const struct pile *p)
{
	const struct model *m = l->m;

	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		struct defer_search s = {.l = l, .key = key_of(l, p->first)};
		taddr record = 0;
		if (!runtime_field(m->rt, m->tasks.list.v[t].g, m->rt->L.g.defer_, &record) ||
		    !record)
			continue;
		defers_each(m->rt, &m->tasks.list.v[t], count_deferred, &s);
		if (s.hits > p->count / 2)
			return t;
		if (runtime_canceled(m->rt))
			break;
	}
	return TASK_NONE;
}

/* ---- the finding ---- */

static bool used(const struct piled *k)
{
	return is_used(k->on_stack, k->count);
}

static bool by_hook(const struct piled *k)
{
	return is_hooked(k->hooked, k->waited, k->count);
}

/* What they hang on, and how many do, as the tree counts them. */
struct piled_on {
	struct hangs largest; /* pile */
	uint64_t of;	      /* active children there */
	bool below_values;    /* with those that hang below other children there */
};

static struct piled_on what_they_are_on(struct leaks *l, const struct piles *all,
					const struct piled *k)
{
	struct piled_on ret = {0};

	for (size_t n = 0; n < k->piles.n; n++) {
		const struct pile *p = &all->list.v[k->piles.v[n]];
		struct hangs on = {.under = p->under, .common = CTX_NONE};
		for (uint32_t i = p->first; i != CTX_NONE; i = all->next[i])
			hangs_add(l, &on, i);
		ret.of += hangs_children(&on) ? l->m->ctxs.v[on.common].children
					      : all->total[p->under];
		ret.below_values |= !hangs_children(&on);
		if (k->piles.v[n] == k->largest)
			ret.largest = on;
	}
	return ret;
}

/* Sessions have their context at hand; of what is forgotten at most a CancelFunc, a timer or a
 * function of AfterFunc is left. */
static bool is_unseen(struct leaks *l, const struct piles *all, const struct piled *k)
{
	VEC(uint32_t) members = {0};
	size_t unseen = 0;

	for (size_t n = 0; n < k->piles.n; n++)
		for (uint32_t i = all->list.v[k->piles.v[n]].first; i != CTX_NONE; i = all->next[i])
			VEC_PUSH(&members, i);
	uint8_t *seen = mem_zalloc(members.n + 1);
	struct err *err = leak_seen(l, members.v, members.n, seen);
	for (size_t n = 0; !err && n < members.n; n++)
		unseen += !seen[n];
	bool ret = unseen * 2 > members.n;
	err_free(err); // the caller looks for Ctrl-C
	free(seen);
	VEC_FREE(&members);
	return ret;
}

/* Nobody could cancel any of them: only their deadlines end them. */
static bool have_no_funcs(const struct leaks *l, const struct piles *all, const struct piled *k)
{
	for (size_t n = 0; n < k->piles.n; n++)
		for (uint32_t i = all->list.v[k->piles.v[n]].first; i != CTX_NONE; i = all->next[i])
			if (l->m->ctxs.v[i].kind != CTX_TIMER ||
			    l->ctx[i].flags & (LEAK_FUNC_LIVE | LEAK_FUNC_HELD | LEAK_FUNC_STUCK))
				return false;
	return l->no_func_proof;
}

static enum confidence how_sure(struct leaks *l, const struct piles *all, const struct piled *k,
				uint32_t first, uint32_t deferring)
{
	int64_t left = 0;
	bool far = ctx_deadline_left(l->m, first, &left) && left > FAR_NS;

	if (deferring != TASK_NONE)
		return CONF_LIKELY;
	if (used(k) || by_hook(k) || exempt_context(l->m, first))
		return CONF_INFO;
	if ((k->waited && !far) || !is_unseen(l, all, k))
		return CONF_INFO;
	return far && have_no_funcs(l, all, k) ? CONF_LIKELY : CONF_POSSIBLE;
}

/* Goroutines that wait on members, or on what hangs below them, into the kinds. */
static void put_tasks(struct leaks *l, struct piles *p)
{
	uint32_t *kind = mem_zalloc((l->m->ctxs.n + 1) * sizeof(*kind)); /* + 1; 0 none */

	for (uint32_t k = 0; k < p->kinds.n; k++)
		for (size_t n = 0; n < p->kinds.v[k].piles.n; n++)
			for (uint32_t i = p->list.v[p->kinds.v[k].piles.v[n]].first; i != CTX_NONE;
			     i = p->next[i])
				kind[i] = k + 1;
	for (size_t n = 0; n < l->m->ctxs.n; n++) {
		uint32_t i = l->order[n], up = l->m->ctxs.v[i].parent;
		if (!kind[i] && up < l->m->ctxs.n)
			kind[i] = kind[up];
	}
	for (uint32_t t = 0; t < l->m->tasks.list.n; t++) {
		const struct task *task = &l->m->tasks.list.v[t];
		for (uint32_t w = 0; w < task->nwaits; w++) {
			uint32_t c = l->m->tasks.waits.v[task->wait_first + w].context;
			if (c >= l->m->ctxs.n || !kind[c])
				continue;
			VEC_PUSH(&p->kinds.v[kind[c] - 1].tasks, t);
			break;
		}
	}
	free(kind);
}

static void add_use(struct leaks *l, struct finding *f, const struct piled *k, uint32_t deferring)
{
	struct evidence *e = finding_evidence(f, deferring != TASK_NONE ? EV_DEFERRED : EV_IN_USE);

	e->task = deferring;
	if (deferring == TASK_NONE) {
		e->n = k->on_stack;
		e->m = k->waited;
		return;
	}
	VEC_PUSH(&f->locations, (struct location){.role = PLACE_CANCELS,
						  .frame = l->m->tasks.list.v[deferring].frame,
						  .count = 1});
	finding_next(f, NEXT_BT, l->m->tasks.list.v[deferring].goid);
}

static enum pile_why why(const struct finding *f, const struct piled *k, uint32_t deferring)
{
	if (deferring != TASK_NONE)
		return PILE_DEFERRED;
	if (f->confidence == CONF_LIKELY)
		return PILE_TIMED;
	if (f->confidence == CONF_POSSIBLE)
		return PILE_IDLE;
	if (by_hook(k))
		return PILE_HOOKED;
	if (used(k))
		return k->on_stack - k->only_waited > k->count / 10 ? PILE_USED : PILE_WAITED;
	return k->waited ? PILE_WAITED : PILE_KEPT;
}

static void add_what(struct leaks *l, struct finding *f, const struct piled *k,
		     const struct pile *p, const struct piled_on *on)
{
	uint32_t hook = by_hook(k) ? hook_of(l, p->first) : CTX_NONE;
	int64_t left;

	add_like(f, p->first);
	add_hanging(l, f);
	struct evidence *e = finding_evidence(f, EV_AMONG);
	e->n = on->of;
	e->flag = on->below_values;
	if (hook != CTX_NONE)
		finding_evidence(f, EV_CALLS)->context = hook;
	if (ctx_deadline_left(l->m, p->first, &left))
		finding_evidence(f, EV_DEADLINE)->ns = left;
}

/* The finding also covers what AfterFunc has made on its contexts. */
static void cover_hook(struct leaks *l, const struct finding *f, uint32_t i)
{
	uint32_t hook = hook_of(l, i);

	if (hook != CTX_NONE && !l->ctx[hook].finding)
		l->ctx[hook].finding = (uint32_t)(f - l->out->list.v) + 1;
}

static void add_finding(struct leaks *l, const struct piles *all, const struct piled *k, bool ask)
{
	const struct pile *p = &all->list.v[k->largest];
	struct piled_on on = what_they_are_on(l, all, k);
	uint32_t deferring = used(k) || by_hook(k) || !ask ? TASK_NONE : defers_them(l, p);
	enum confidence sure = how_sure(l, all, k, p->first, deferring);
	struct finding *f = finding_new(l->out, RULE_ACCUMULATION, sure, UNIT_CONTEXT);

	f->count = k->count;
	f->bytes = k->bytes;
	f->context = on.largest.common;
	for (size_t n = 0; n < k->piles.n; n++)
		for (uint32_t i = all->list.v[k->piles.v[n]].first; i != CTX_NONE;
		     i = all->next[i]) {
			leak_add_context(l, f, i);
			cover_hook(l, f, i);
		}
	for (size_t n = 0; n < k->tasks.n; n++)
		leak_add_task(l, f, k->tasks.v[n]);
	f->tasks = f->goroutines.n;
	finding_sign_hash(f, sign_chain(SIGN_START ^ p->holder, l->m, p->first));
	f->claim.pile.on = on.largest.common;
	f->claim.pile.piles = (uint32_t)k->piles.n;
	f->claim.pile.children = hangs_children(&on.largest);
	f->claim.pile.why = (uint8_t)why(f, k, deferring);
	add_what(l, f, k, p, &on);
	add_use(l, f, k, deferring);
	if ((sure > CONF_INFO || f->claim.pile.why == PILE_KEPT) && deferring == TASK_NONE)
		add_holder(l, f, l->m->ctxs.v[p->first].addr,
			   NULL); // what it has that others of its shape have not
	add_places(l, f, PLACE_WAITS, f->goroutines.v, f->goroutines.n);
	add_waits(l, f, f->goroutines.v, f->goroutines.n);
	add_places(l, f, PLACE_STARTED, f->goroutines.v, f->goroutines.n);
	finding_next(f, NEXT_SHOW, l->m->ctxs.v[p->first].addr);
	finding_next(f, NEXT_WHY, l->m->ctxs.v[p->first].addr);
}

struct err *rule_accumulation(struct leaks *l)
{
	size_t n = l->m->ctxs.n + 1;
	struct piles p = {.total = mem_zalloc(n * sizeof(*p.total)),
			  .next = mem_zalloc(n * sizeof(*p.next))};

	collect(l, &p);
	choose(l, &p);
	put_tasks(l, &p);
	for (size_t k = 0; k < p.kinds.n; k++) {
		add_finding(l, &p, &p.kinds.v[k], k < ASKED);
		VEC_FREE(&p.kinds.v[k].piles);
		VEC_FREE(&p.kinds.v[k].tasks);
	}
	VEC_FREE(&p.list);
	VEC_FREE(&p.kinds);
	u64map_free(&p.index);
	u64map_free(&p.kind_index);
	free(p.next);
	free(p.total);
	return runtime_check(l->m->rt);
}
