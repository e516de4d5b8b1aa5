/*
 * stuck-task: goroutines that can never run again.   uncancellable-wait: goroutines whose context nobody can
 * cancel any more.
 *
 * stuck-task      the collector's own rule (reach.h: REACH_STUCK), that of Go 1.27's goroutineleak profile:
 *                 nothing that can run reaches any channel, lock or counter that the goroutine waits on.  Even
 *                 one is a leak: it never ends, and all that it holds stays.
 *     certain     the marking was complete.  The main goroutine in `select {}` is left out, as the profile
 *                 does: people write that on purpose.
 *     likely      the marking was incomplete
 * uncancellable-wait   the done channel is reached (a parent's children map, another goroutine's variable),
 *                      but only to wait on it: no CancelFunc, no deadline, no parent that somebody could cancel (REACH_CHANNEL).
 *     certain     three or more alike, complete marking, no profile-guided build
 *     likely      three or more alike without that
 *     info        one or two, or the main goroutine: a program may wait for what never comes on purpose
 *
 * Goroutines are grouped by function and go statement, groups of one cause joined (task_groups.h).  Stuck ones
 * are told even where lost-cancel has told of their contexts: that finding and this one name each other.
 */
#include "analysis/task_groups.h"

#define MANY 3

/* runtime/mgc.go: findGoroutineLeaks: "Do not report the main goroutine if it is waiting on select{}". */
static bool deliberate(const struct model *m, const struct task *t)
{
	const char *reason = task_reason(m->rt, t);

	return t->goid == 1 && reason && !strcmp(reason, "select (no cases)");
}

static void collect(struct leaks *l, uint8_t stage, struct task_sets *s)
{
	struct model *m = l->m;

	for (uint32_t i = 0; i < m->tasks.list.n; i++) {
		if (l->r->task_stage[i] != stage || deliberate(m, &m->tasks.list.v[i]))
			continue;
		if (stage == REACH_CHANNEL && l->task_told[i]) {
			l->out->list.v[l->task_told[i] - 1].also |= 1u << RULE_UNCANCELLABLE_WAIT;
			continue;
		}
		if (stage == REACH_CHANNEL && task_context(m, i) == CTX_NONE)
			continue; // no matter of contexts: only the value that it sends leads to its channel
		task_sets_add(l, s, i, 0, task_context(m, i));
	}
}

/* Contexts that they wait on, each once. */
static void add_contexts(struct leaks *l, struct finding *f, const struct task_set *g)
{
	struct u64map seen = {0};

	for (size_t k = 0; k < g->tasks.n; k++) {
		uint32_t c = task_context(l->m, g->tasks.v[k]);
		size_t before = seen.n;
		if (c == CTX_NONE)
			continue;
		u64map_add(&seen, c + 1ul, 0);
		if (seen.n > before)
			leak_tell_context(l, f, c);
	}
	u64map_free(&seen);
	if (f->contexts.n)
		f->context = f->contexts.v[0];
}

static void add_common(struct leaks *l, struct finding *f, const struct task_set *s)
{
	uint32_t first = s->tasks.v[0];

	finding_sign(f, task_func(l->m, first), task_maker(l->m, first), NULL);
	task_set_evidence(l, f, s);
}

/* The first one's channel: what to ask about. */
static void add_channel(struct leaks *l, struct finding *f, const struct task_set *g)
{
	const struct task *t = &l->m->tasks.list.v[g->tasks.v[0]];

	for (uint32_t k = 0; k < t->nwaits; k++) {
		const struct task_wait *w = &l->m->tasks.waits.v[t->wait_first + k];
		if (!w->chan || w->context != CTX_NONE)
			continue;
		struct evidence *e = finding_evidence(f, EV_CHANNEL);
		e->n = w->chan;
		e->flag = g->tasks.n > 1;
		finding_next(f, NEXT_WHY, w->chan);
		return;
	}
}

static void link_told(struct leaks *l, struct finding *f, uint32_t task)
{
	uint32_t n = l->task_told[task];

	if (!n || !f->goroutines.n)
		return;
	struct finding *other = &l->out->list.v[n - 1];
	if (other == f || other->confidence == CONF_INFO)
		return;
	struct evidence *e = finding_evidence(f, EV_CAUSE);
	e->finding.rule = other->rule;
	memcpy(e->finding.signature, other->signature, sizeof(e->finding.signature));
	other->also |= 1u << RULE_STUCK_TASK;
}

/* What the marking reached from stuck goroutines only; whose it is when there are several suspects is not known. */
static void add_kept(struct leaks *l, struct finding *f, bool alone)
{
	uint64_t bytes = l->r->bytes[REACH_STUCK];

	if (!bytes)
		return;
	if (alone)
		f->bytes += bytes;
	struct evidence *e = finding_evidence(f, EV_KEEPS);
	e->n = bytes;
	e->flag = !alone;
}

/*
 * Nil channels alone, which never answer.  A select of those has no cases that the runtime would wait for (select.go: selectgo leaves nil channels
 * out), so that no sudog hangs on its goroutine.
 */
static bool on_nothing(const struct task *t, const char *reason)
{
	return !t->nwaits && reason && (!strcmp(reason, "select") || strstr(reason, "nil chan") || strstr(reason, "no cases"));
}

static void tell_stuck(struct leaks *l, const struct task_set *g, bool alone)
{
	struct finding *f = finding_new(l->out, RULE_STUCK_TASK, l->proof ? CONF_CERTAIN : CONF_LIKELY, UNIT_TASK);
	const struct task *first = &l->m->tasks.list.v[g->tasks.v[0]];

	add_common(l, f, g);
	for (size_t k = 0; k < g->tasks.n; k++)
		VEC_PUSH(&f->goroutines, g->tasks.v[k]);
	link_told(l, f, g->tasks.v[0]);
	f->claim.stuck.on = on_nothing(first, task_reason(l->m->rt, first)) ? STUCK_ON_NOTHING
			    : g->context != CTX_NONE			    ? STUCK_ON_CONTEXT
									    : STUCK_ON_OBJECT;
	add_contexts(l, f, g);
	add_channel(l, f, g);
	add_kept(l, f, alone);
	if (!l->proof)
		add_doubt(l, f);
	for (size_t k = 0; k < g->tasks.n; k++)
		if (!l->task_told[g->tasks.v[k]])
			l->task_told[g->tasks.v[k]] = (uint32_t)l->out->list.n;
}

struct err *rule_stuck_task(struct leaks *l)
{
	struct task_sets s = {0};

	collect(l, REACH_STUCK, &s);
	task_sets_join(l, &s);
	for (size_t g = 0; g < s.list.n; g++)
		tell_stuck(l, &s.list.v[g], s.list.n == 1);
	task_sets_free(&s);
	return NULL;
}

static void tell_uncancellable(struct leaks *l, const struct task_set *g)
{
	const struct task *first = &l->m->tasks.list.v[g->tasks.v[0]];
	bool few = g->tasks.n < MANY || exempt_task(l->m, first);
	enum confidence sure = few ? CONF_INFO : l->no_func_proof ? CONF_CERTAIN : CONF_LIKELY;
	struct finding *f = finding_new(l->out, RULE_UNCANCELLABLE_WAIT, sure, UNIT_TASK);

	add_common(l, f, g);
	for (size_t k = 0; k < g->tasks.n; k++)
		leak_tell_task(l, f, g->tasks.v[k]);
	add_contexts(l, f, g);
	if (f->context != CTX_NONE && l->m->ctxs.v[f->context].addr)
		finding_next(f, NEXT_SHOW, l->m->ctxs.v[f->context].addr);
	if (!l->no_func_proof)
		add_doubt(l, f);
}

struct err *rule_uncancellable_wait(struct leaks *l)
{
	struct task_sets s = {0};

	collect(l, REACH_CHANNEL, &s);
	for (size_t g = 0; g < s.list.n; g++)
		tell_uncancellable(l, &s.list.v[g]);
	task_sets_free(&s);
	return NULL;
}
