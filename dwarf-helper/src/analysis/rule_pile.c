/*
 * accumulation: one context with very many equal children that could be cancelled, but are not.
 *
 * The pattern     50 or more active children of one kind and origin under one context, at least 80 % of all that hang on it.
 * likely          their CancelFuncs wait in the deferred calls of one goroutine (`defer cancel()` in a loop)
 * possible        no goroutine's stack refers to them, and either nothing waits on them or their deadline is an hour or more away: kept by a
 *                 registry, timers or forgotten structs
 * info            everything else.  A thousand requests in flight under one server's context look just so: what tells them apart is that goroutines
 *                 hold and use them.  Also contexts that a library makes and ends (connections of net/http).
 *
 * Children without any CancelFunc are lost-cancel's, AfterFunc's contexts afterfunc's.  Growth shape: how they are spread over their parents, how old their waits are.
 */
#include "analysis/leaks.h"

#include "analysis/signature.h"
#include "context/detail.h"
#include "runtime/defer.h"

#define PILE 50
#define PILE_SHARE 80 /* per cent */
#define SAMPLE 16
#define FAR_NS (INT64_C(3600) * 1000000000)

struct pile {
	uint32_t under, first, count;
	uint32_t on_stack, waited; /* those that a stack refers to; those that goroutines wait on */
	uint64_t bytes;
};

struct piles {
	VEC(struct pile) list;
	struct u64map index;
	uint32_t *total; /* by context: active children that end when it does */
};

static bool counts(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];

	return (c->kind == CTX_CANCEL || c->kind == CTX_TIMER) && c->state == CTX_ACTIVE && l->ctx[i].under != CTX_NONE &&
	       l->r->ctx_stage[i] != REACH_NONE;
}

static uint64_t key_of(const struct leaks *l, uint32_t i)
{
	return (l->ctx[i].chain ^ l->ctx[i].under * UINT64_C(0xd6e8feb86659fd93)) * UINT64_C(0x9e3779b97f4a7c15) | 1;
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
			VEC_PUSH(&p->list, (struct pile){.under = f->under, .first = i});
		struct pile *pile = &p->list.v[at];
		pile->count++;
		pile->bytes += f->cost;
		pile->on_stack += (f->flags & LEAK_ON_STACK) != 0;
		pile->waited += l->m->ctxs.v[i].tasks_below != 0;
	}
}

/* ---- deferred calls of one goroutine ---- */

struct defer_search {
	struct leaks *l;
	uint64_t key; /* of the pile */
	uint32_t hits;
};

static bool deferred(void *arg, const struct defer_call *d)
{
	struct defer_search *s = arg;
	uint32_t c = u64map_find(&s->l->closures, d->fn);

	if (c != U64MAP_NONE && key_of(s->l, c) == s->key && counts(s->l, c))
		s->hits++;
	return true;
}

/* The goroutine whose deferred calls hold most of the CancelFuncs, UINT32_MAX none.  Rarely asked, and then of those with records only. */
static uint32_t defers_them(struct leaks *l, const struct pile *p)
{
	struct model *m = l->m;

	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		struct defer_search s = {.l = l, .key = key_of(l, p->first)};
		taddr record = 0;
		if (!runtime_field(m->rt, m->tasks.list.v[t].g, m->rt->L.g.defer_, &record) || !record)
			continue;
		defers_each(m->rt, &m->tasks.list.v[t], deferred, &s);
		if (s.hits > p->count / 2)
			return t;
		if (runtime_canceled(m->rt))
			break;
	}
	return UINT32_MAX;
}

/* ---- words ---- */

static enum confidence how_sure(struct leaks *l, const struct pile *p, uint32_t deferring)
{
	int64_t left = 0;
	bool far = ctx_deadline_left(l->m, p->first, &left) && left > FAR_NS;

	if (deferring != UINT32_MAX)
		return CONF_LIKELY;
	if (p->on_stack * 10ul > p->count || exempt_context(l->m, p->first))
		return CONF_INFO;
	if (!p->waited || far)
		return CONF_POSSIBLE;
	return CONF_INFO;
}

static void put_members(struct leaks *l, struct finding *f, const struct pile *p)
{
	uint64_t key = key_of(l, p->first);
	uint32_t *below = mem_zalloc((l->m->ctxs.n + 1) * sizeof(*below));

	for (size_t k = 0; k < l->m->ctxs.n; k++) {
		uint32_t i = l->order[k], up = l->m->ctxs.v[i].parent;
		if (counts(l, i) && key_of(l, i) == key) {
			leak_tell_context(l, f, i);
			below[i] = 1;
		} else if (up < l->m->ctxs.n) {
			below[i] = below[up];
		}
	}
	for (uint32_t t = 0; t < l->m->tasks.list.n; t++) {
		const struct task *task = &l->m->tasks.list.v[t];
		for (uint32_t k = 0; k < task->nwaits; k++) {
			uint32_t c = l->m->tasks.waits.v[task->wait_first + k].context;
			if (c >= l->m->ctxs.n || !below[c])
				continue;
			leak_tell_task(l, f, t);
			break;
		}
	}
	free(below);
}

static void say_use(struct leaks *l, struct finding *f, const struct pile *p, uint32_t deferring)
{
	struct buf text = {0};

	if (deferring != UINT32_MAX) {
		const struct task *t = &l->m->tasks.list.v[deferring];
		buf_printf(&text, "deferred calls of task %llu, ", (unsigned long long)t->goid);
		say_frame(l->m, t->frame, &text);
		finding_evidence(f, "held by", "%s", buf_cstr(&text));
		finding_next(f, "goctx bt %llu", (unsigned long long)t->goid);
	} else {
		text_count(&text, p->on_stack);
		buf_lit(&text, " on stacks of goroutines · ");
		text_count(&text, p->waited);
		buf_lit(&text, " waited for");
		finding_evidence(f, "in use", "%s", buf_cstr(&text));
	}
	buf_free(&text);
}

static void tell(struct leaks *l, const struct piles *all, const struct pile *p)
{
	uint32_t deferring = p->on_stack * 10ul > p->count ? UINT32_MAX : defers_them(l, p);
	enum confidence sure = how_sure(l, p, deferring);
	struct finding *f = finding_new(l->out, RULE_ACCUMULATION, sure, "context");
	struct buf text = {0};
	int64_t left;

	f->count = p->count;
	f->bytes = p->bytes;
	f->context = p->under;
	put_members(l, f, p);
	f->tasks = f->goroutines.n;
	finding_sign_hash(f, sign_chain(SIGN_START, l->m, p->first));
	say_context(l, p->under, &text);
	finding_say(f, "%s %s equal children that are active%s", buf_cstr(&text), deferring != UINT32_MAX ? "piles up" : "has many",
		    deferring != UINT32_MAX	? ": their CancelFuncs wait in deferred calls of a function that does not return."
		    : sure == CONF_POSSIBLE ? ": somebody could cancel them, but no goroutine is at work with them."
					    : ", and goroutines are at work with them.");
	text.n = 0;
	say_name(l, p->first, &text);
	buf_lit(&text, " · first ");
	buf_hex(&text, l->m->ctxs.v[p->first].addr);
	finding_evidence(f, "like", "%s", buf_cstr(&text));
	text.n = 0;
	text_count(&text, p->count);
	buf_lit(&text, " of ");
	text_count(&text, all->total[p->under]);
	buf_lit(&text, " that end with ");
	say_context(l, p->under, &text);
	finding_evidence(f, "below", "%s", buf_cstr(&text));
	if (ctx_deadline_left(l->m, p->first, &left)) {
		text.n = 0;
		text_duration(&text, left);
		finding_evidence(f, "deadline", "in %s (the first one's)", buf_cstr(&text));
	}
	say_use(l, f, p, deferring);
	say_tasks(l, f, f->goroutines.v, f->goroutines.n);
	say_waits(l, f, f->goroutines.v, f->goroutines.n);
	say_creators(l, f, f->goroutines.v, f->goroutines.n);
	finding_next(f, "goctx show 0x%llx", (unsigned long long)l->m->ctxs.v[p->first].addr);
	finding_next(f, "goctx why 0x%llx", (unsigned long long)l->m->ctxs.v[p->first].addr);
	buf_free(&text);
}

/* Are most of them told of?  A sample tells. */
static bool told_already(struct leaks *l, const struct pile *p)
{
	uint64_t key = key_of(l, p->first);
	uint32_t seen = 0, told = 0, step = p->count / SAMPLE + 1, at = 0;

	for (uint32_t i = p->first; i < l->m->ctxs.n && seen < SAMPLE; i++) {
		if (!counts(l, i) || key_of(l, i) != key || at++ % step)
			continue;
		seen++;
		told += leak_told(l, i, RULE_ACCUMULATION) != NULL;
	}
	return told * 2 > seen;
}

struct err *rule_accumulation(struct leaks *l)
{
	struct piles p = {.total = mem_zalloc((l->m->ctxs.n + 1) * sizeof(*p.total))};

	collect(l, &p);
	for (size_t k = 0; k < p.list.n; k++) {
		const struct pile *pile = &p.list.v[k];
		if (pile->count < PILE || pile->count * 100ul < (uint64_t)p.total[pile->under] * PILE_SHARE)
			continue;
		if (!told_already(l, pile))
			tell(l, &p, pile);
	}
	VEC_FREE(&p.list);
	u64map_free(&p.index);
	free(p.total);
	return runtime_canceled(l->m->rt) ? err_new(ERR_CANCELED, "interrupted") : NULL;
}
