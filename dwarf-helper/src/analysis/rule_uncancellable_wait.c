/*
 * uncancellable-wait: goroutines whose context nobody can cancel any more.
 *
 * The pattern     the done channel that the goroutine waits on is reached (a parent's children map, another goroutine's variable),
 *                 but only to wait on it: no CancelFunc, no deadline, no parent that somebody could cancel (reach.h: REACH_CHANNEL).
 * certain         three or more alike, complete marking, no profile-guided build
 * likely          three or more alike without that
 * info            one or two, or the main goroutine: a program may wait for what never comes on purpose
 *
 * Goroutines are grouped by function and go statement.  Those of an earlier finding are not listed again.
 */
#include "analysis/task_sets.h"

#define MANY 3

static void collect(struct leaks *l, struct task_sets *s)
{
	for (uint32_t i = 0; i < l->m->tasks.list.n; i++) {
		uint32_t context = task_context(l->m, i);
		if (l->r->task_stage[i] != REACH_CHANNEL)
			continue;
		if (l->task_finding[i])
			l->out->list.v[l->task_finding[i] - 1].also |= 1u << RULE_UNCANCELLABLE_WAIT;
		else if (context != CTX_NONE) // else no matter of contexts: only the value that it sends leads to its channel
			task_sets_add(l, s, i, 0, context);
	}
}

static void add_finding(struct leaks *l, const struct task_set *g)
{
	const struct task *first = &l->m->tasks.list.v[g->tasks.v[0]];
	bool few = g->tasks.n < MANY || exempt_task(l->m, first);
	enum confidence sure = few ? CONF_INFO : l->no_func_proof ? CONF_CERTAIN : CONF_LIKELY;
	struct finding *f = finding_new(l->out, RULE_UNCANCELLABLE_WAIT, sure, UNIT_TASK);

	finding_sign(f, task_func(l->m, g->tasks.v[0]), task_maker(l->m, g->tasks.v[0]), NULL);
	task_set_evidence(l, f, g);
	for (size_t k = 0; k < g->tasks.n; k++)
		leak_add_task(l, f, g->tasks.v[k]);
	task_set_contexts(l, f, g);
	if (f->context != CTX_NONE && l->m->ctxs.v[f->context].addr)
		finding_next(f, NEXT_SHOW, l->m->ctxs.v[f->context].addr);
	if (!l->no_func_proof)
		add_doubt(l, f);
}

struct err *rule_uncancellable_wait(struct leaks *l)
{
	struct task_sets s = {0};

	collect(l, &s);
	for (size_t g = 0; g < s.list.n; g++)
		add_finding(l, &s.list.v[g]);
	task_sets_free(&s);
	return NULL;
}
