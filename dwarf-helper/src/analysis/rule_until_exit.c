/*
 * until-exit: goroutines that wait for nothing but the end of the program, and become more with
 * time.
 *
 * The pattern     ten or more alike; only the end of the program ends them (alone.h: the main
 *                 context, signal.NotifyContext's, a channel they all wait to be closed; besides
 *                 timers of their own).  Whoever started them has returned, and they were made one
 *                 by one: most of those made between them have ended (spread.h)
 * likely          they only wait
 * possible        timers wake them, too: what they do then may be meant to be done for ever.  Also
 *                 before Go 1.21, which does not tell who started them
 * info            all others.  Pools are made at once, most of their neighbours live, and who made
 *                 them may be waiting for them.  Also where each has something of its own that
 *                 somebody else still holds: a tenant in a registry, an open connection
 */
#include "analysis/task_sets.h"

#include "runtime/livestack.h"

#define SAMPLES 64 /* goroutines whose stacks are looked at, spread over all */

/* ---- what each of them works for ---- */

struct own_things {
	struct leaks *l;
	uint32_t task;
	struct u64map seen; /* object -> the goroutine that has it; TASK_NONE - 1: several */
	VEC(taddr) objects;
};

#define SEVERAL (TASK_NONE - 1)

static bool waits_on(const struct model *m, uint32_t task, taddr chan)
{
	const struct task *t = &m->tasks.list.v[task];

	for (uint32_t k = 0; k < t->nwaits; k++)
		if (m->tasks.waits.v[t->wait_first + k].chan == chan)
			return true;
	return false;
}

static void take(struct own_things *o, taddr base)
{
	uint32_t before = (uint32_t)o->seen.n, owner = u64map_add(&o->seen, base, o->task);

	if (o->seen.n > before)
		VEC_PUSH(&o->objects, base);
	else if (owner != o->task)
		u64map_set(&o->seen, base, SEVERAL);
}

static bool is_code(struct runtime *rt, taddr base)
{
	taddr code;

	return target_u64(rt->t, base, &code) && runtime_module_of_pc(rt, code);
}

/* An object, or what a function value has captured. */
static void look_at(struct own_things *o, taddr value, bool captures)
{
	struct leaks *l = o->l;
	struct heap_object obj;

	if (!heap_object_at(l->m->rt, value, &obj) || obj.span->flags & SPAN_NOSCAN ||
	    model_at(l->m, obj.base) != CTX_NONE || waits_on(l->m, o->task, obj.base))
		return;
	if (!is_code(l->m->rt, obj.base)) {
		take(o, obj.base);
		return;
	}
	for (uint64_t at = 8; captures && at + 8 <= obj.size && at < 512; at += 8) {
		taddr word;
		if (target_u64(l->m->rt->t, obj.base + at, &word) && word)
			look_at(o, word, false);
	}
}

/* Frames of the runtime hold its own records of the wait. */
static bool on_stack(void *arg, const struct live_word *w)
{
	struct own_things *o = arg;
	const struct runtime *rt = o->l->m->rt;
	bool known = w->info < rt->pcs.n && rt->pcs.v[w->info].n;

	if (w->exact && known &&
	    !rt->frames.v[rt->pcs.v[w->info].first + rt->pcs.v[w->info].n - 1u].runtime)
		look_at(arg, w->value, true);
	return true;
}

static bool others_hold(const struct leaks *l, taddr a)
{
	uint64_t slot = slots_at(&l->r->marks.slots, a);

	return slot != UINT64_MAX && !(l->r->others.white[slot / 64] >> slot % 64 & 1) &&
	       mark_test(&l->r->marks, a);
}

/* Has each of them something that no other of them has, and somebody else does? */
static bool is_registered(struct leaks *l, const struct task_set *s)
{
	size_t n = s->tasks.n < SAMPLES ? s->tasks.n : SAMPLES;
	struct own_things o = {.l = l};
	struct u64map having = {0};

	for (size_t k = 0; k < n && !runtime_canceled(l->m->rt); k++) {
		struct livestack_state st;
		o.task = s->tasks.v[k * s->tasks.n / n];
		livestack_each(l->m->rt, &l->m->tasks.list.v[o.task], on_stack, &o, &st);
	}
	for (size_t k = 0; k < o.objects.n; k++) {
		uint32_t owner = u64map_find(&o.seen, o.objects.v[k]);
		if (owner != SEVERAL && others_hold(l, o.objects.v[k]))
			u64map_add(&having, owner + 1ul, 0);
	}
	bool ret = having.n * 2 > n;
	u64map_free(&o.seen);
	u64map_free(&having);
	VEC_FREE(&o.objects);
	return ret;
}

/* ---- the finding ---- */

static enum confidence how_sure(struct leaks *l, const struct task_set *s,
				const struct spread *spread, uint8_t cases)
{
	size_t n = s->tasks.n, told = n - spread->untold;

	if (n < REACH_ALIKE || !spread->over_time || spread->gone * 10ul < told * 9ul ||
	    !l->proof || is_registered(l, s))
		return CONF_INFO;
	return cases & CASE_TIMER || told * 2 < n || !l->no_func_proof ? CONF_POSSIBLE
								       : CONF_LIKELY;
}

static void tell(struct leaks *l, const struct task_set *s)
{
	struct spread spread;
	uint8_t cases = 0;

	for (size_t k = 0; k < s->tasks.n; k++)
		cases |= l->alone.cases[s->tasks.v[k]];
	spread_find(l->m, &l->spreads, s->tasks.v, s->tasks.n, &spread);
	enum confidence sure = how_sure(l, s, &spread, cases);
	struct finding *f = finding_new(l->out, RULE_UNTIL_EXIT, sure, UNIT_TASK);
	finding_sign(f, task_func(l->m, s->tasks.v[0]), task_maker(l->m, s->tasks.v[0]), NULL);
	for (size_t k = 0; k < s->tasks.n; k++)
		if (sure > CONF_INFO)
			leak_add_task(l, f, s->tasks.v[k]);
		else
			VEC_PUSH(&f->goroutines, s->tasks.v[k]); // other rules may know better
	task_set_evidence(l, f, s);
	finding_evidence(f, EV_CASES)->n = cases;
	add_spread(l, f, s->tasks.v, s->tasks.n);
	f->context = s->context;
	if (!l->no_func_proof)
		add_doubt(l, f);
	if (f->context != CTX_NONE && l->m->ctxs.v[f->context].addr)
		finding_next(f, NEXT_SHOW, l->m->ctxs.v[f->context].addr);
}

struct err *rule_until_exit(struct leaks *l)
{
	struct task_sets s = {0};

	for (uint32_t t = 0; l->alone.how && t < l->m->tasks.list.n; t++)
		if (l->alone.how[t] == ALONE_PROGRAM && !l->task_finding[t] &&
		    !exempt_task(l->m, &l->m->tasks.list.v[t]))
			task_sets_add(l, &s, t, 0, task_context(l->m, t));
	for (size_t k = 0; k < s.list.n; k++)
		if (s.list.v[k].tasks.n >= REACH_ALIKE)
			tell(l, &s.list.v[k]);
	task_sets_free(&s);
	return runtime_check(l->m->rt);
}
