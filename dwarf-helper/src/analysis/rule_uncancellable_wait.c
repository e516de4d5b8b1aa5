/*
 * uncancellable-wait: goroutines whose context nobody can cancel any more.
 *
 * The pattern     the done channel that the goroutine waits on is reached (a parent's children map,
 *                 another goroutine's variable), but only to wait on it: no CancelFunc, no
 *                 deadline, no parent that somebody could cancel (reach.h: REACH_CHANNEL).
 * certain         three or more alike, complete marking, no profile-guided build
 * likely          three or more alike without that
 * info            one or two, or the main goroutine: a program may wait for what never comes on
 *                 purpose; or the main goroutine holds the CancelFunc and is in `select {}`: they
 *                 are to end with the program, which ends by being killed
 *
 * The same with a nil channel: the context's own Done is nil although what is inside of it ends
 * (gin's Context without ContextWithFallback), so that a goroutine that listens to it is never
 * told.  likely: ten or more alike; possible: three; info: fewer.
 *
 * Goroutines are grouped by function and go statement.  Those of an earlier finding are not listed
 * again.
 */
#include "analysis/task_sets.h"

#define MANY 3
#define MANY_NIL 10

static void collect(struct leaks *l, struct task_sets *s)
{
	for (uint32_t i = 0; i < l->m->tasks.list.n; i++) {
		uint32_t context = task_context(l->m, i);
		if (l->r->task_stage[i] != REACH_CHANNEL)
			continue;
		if (l->task_finding[i])
			l->out->list.v[l->task_finding[i] - 1].also |= 1u
								       << RULE_UNCANCELLABLE_WAIT;
		else if (context != CTX_NONE) // else no matter of contexts: a finalizer that is
					      // never called or a coroutine leads to its channel
			task_sets_add(l, s, i, leak_ends_with_main(l, i), context);
	}
}

static void add_finding(struct leaks *l, const struct task_set *g)
{
	const struct task *first = &l->m->tasks.list.v[g->tasks.v[0]];
	bool with_main = leak_ends_with_main(l, g->tasks.v[0]);
	bool few = g->tasks.n < MANY || with_main || exempt_task(l->m, first);
	enum confidence sure = few ? CONF_INFO : l->no_func_proof ? CONF_CERTAIN : CONF_LIKELY;
	struct finding *f = finding_new(l->out, RULE_UNCANCELLABLE_WAIT, sure, UNIT_TASK);

	finding_sign(f, task_func(l->m, g->tasks.v[0]), task_maker(l->m, g->tasks.v[0]), NULL);
	task_set_evidence(l, f, g);
	for (size_t k = 0; k < g->tasks.n; k++)
		leak_add_task(l, f, g->tasks.v[k]);
	task_set_contexts(l, f, g);
	if (with_main)
		finding_evidence(f, EV_MAIN);
	if (f->context != CTX_NONE && l->m->ctxs.v[f->context].addr)
		finding_next(f, NEXT_SHOW, l->m->ctxs.v[f->context].addr);
	if (!l->no_func_proof)
		add_doubt(l, f);
}

/* ---- nil channels ---- */

static void collect_nil(struct leaks *l, struct task_sets *s)
{
	const struct model *m = l->m;

	for (uint32_t i = 0; i < m->tasks.list.n && leak_nil_dones(l) && !runtime_canceled(m->rt);
	     i++) {
		const struct task *t = &m->tasks.list.v[i];
		if (l->task_finding[i] || t->flags & TASK_SYSTEM || t->status != TASK_WAITING)
			continue;
		uint32_t context = leak_nil_done(l, i);
		if (context != CTX_NONE && !exempt_task(m, t))
			task_sets_add(l, s, i, 0, context);
	}
}

static void tell_nil(struct leaks *l, const struct task_set *g)
{
	enum confidence sure = g->tasks.n >= MANY_NIL ? CONF_LIKELY
			       : g->tasks.n >= MANY   ? CONF_POSSIBLE
						      : CONF_INFO;
	struct finding *f = finding_new(l->out, RULE_UNCANCELLABLE_WAIT, sure, UNIT_TASK);

	finding_sign(f, task_func(l->m, g->tasks.v[0]), task_maker(l->m, g->tasks.v[0]), "nil",
		     NULL);
	task_set_evidence(l, f, g);
	for (size_t k = 0; k < g->tasks.n; k++)
		leak_add_task(l, f, g->tasks.v[k]);
	leak_add_context(l, f, g->context);
	f->context = g->context;
	finding_evidence(f, EV_NIL_DONE)->context = g->context;
	finding_next(f, NEXT_SHOW, l->m->ctxs.v[g->context].addr);
}

struct err *rule_uncancellable_wait(struct leaks *l)
{
	struct task_sets nil = {0};
	struct task_sets s = {0};

	collect(l, &s);
	for (size_t g = 0; g < s.list.n; g++)
		add_finding(l, &s.list.v[g]);
	task_sets_free(&s);
	collect_nil(l, &nil);
	for (size_t g = 0; g < nil.list.n; g++)
		tell_nil(l, &nil.list.v[g]);
	task_sets_free(&nil);
	return runtime_check(l->m->rt);
}
