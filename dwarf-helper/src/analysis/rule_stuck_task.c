/*
 * stuck-task: goroutines that can never run again.
 *
 * The pattern     the collector's own rule (reach.h: REACH_STUCK), that of Go 1.27's goroutineleak
 *                 profile: nothing that can run reaches any channel, lock or counter that the
 *                 goroutine waits on.  Even one is a leak: it never ends, and all that it holds
 *                 stays.  Beyond the profile goes that a value which such a goroutine is to send,
 *                 or a call that it has deferred, wakes nobody (REACH_OWN).
 * certain         the marking was complete.  The main goroutine in `select {}` is left out, as the
 *                 profile does: people write that on purpose.
 * likely          the marking was incomplete
 * info            they wait for a context whose CancelFunc that main goroutine holds: they are to
 *                 end with the program
 *
 * Goroutines are grouped by function and go statement, groups of one cause joined (task_sets.h).
 * Stuck ones are listed even where lost-cancel has a finding about their contexts: that finding and
 * this one name each other.
 */
#include "analysis/task_sets.h"

static void collect(struct leaks *l, struct task_sets *s)
{
	const struct model *m = l->m;

	for (uint32_t i = 0; i < m->tasks.list.n; i++)
		if ((l->r->task_stage[i] == REACH_STUCK || l->r->task_stage[i] == REACH_OWN) &&
		    !leak_main_blocks(m, &m->tasks.list.v[i]))
			task_sets_add(l, s, i, leak_ends_with_main(l, i), task_context(m, i));
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

static void link_to_cause(struct leaks *l, struct finding *f, uint32_t task)
{
	uint32_t n = l->task_finding[task];

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

/* What the marking reached from stuck goroutines only; whose it is when there are several suspects
 * is not known. */
static void add_kept(struct leaks *l, struct finding *f, bool alone)
{
	uint64_t bytes = l->r->bytes[REACH_OWN] + l->r->bytes[REACH_STUCK];

	if (!bytes)
		return;
	if (alone)
		f->bytes += bytes;
	struct evidence *e = finding_evidence(f, EV_KEEPS);
	e->n = bytes;
	e->flag = !alone;
}

/*
 * Nil channels alone, which never answer.  A select of those has no cases that the runtime would
 * wait for (select.go: selectgo leaves nil channels out), so that no sudog hangs on its goroutine.
 */
static bool on_nothing(const struct task *t, const char *reason)
{
	return !t->nwaits && reason &&
	       (!strcmp(reason, "select") || strstr(reason, "nil chan") ||
		strstr(reason, "no cases"));
}

/* Those that Go's profile leaves out. */
static void add_beyond(struct leaks *l, struct finding *f, const struct task_set *g)
{
	uint64_t n = 0;

	for (size_t k = 0; k < g->tasks.n; k++)
		n += l->r->task_stage[g->tasks.v[k]] == REACH_OWN;
	if (n)
		finding_evidence(f, EV_BEYOND)->n = n;
}

static void add_finding(struct leaks *l, const struct task_set *g, bool alone)
{
	bool with_main = leak_ends_with_main(l, g->tasks.v[0]);
	enum confidence sure = with_main ? CONF_INFO : l->proof ? CONF_CERTAIN : CONF_LIKELY;
	struct finding *f = finding_new(l->out, RULE_STUCK_TASK, sure, UNIT_TASK);
	const struct task *first = &l->m->tasks.list.v[g->tasks.v[0]];

	finding_sign(f, task_func(l->m, g->tasks.v[0]), task_maker(l->m, g->tasks.v[0]), NULL);
	task_set_evidence(l, f, g);
	for (size_t k = 0; k < g->tasks.n; k++)
		VEC_PUSH(&f->goroutines, g->tasks.v[k]);
	link_to_cause(l, f, g->tasks.v[0]);
	f->claim.stuck.on = on_nothing(first, task_reason(l->m->rt, first)) ? STUCK_ON_NOTHING
			    : g->context != CTX_NONE			    ? STUCK_ON_CONTEXT
									    : STUCK_ON_OBJECT;
	task_set_contexts(l, f, g);
	add_channel(l, f, g);
	add_beyond(l, f, g);
	uint32_t nil = leak_nil_dones(l) ? leak_nil_done(l, g->tasks.v[0]) : CTX_NONE;
	if (nil != CTX_NONE)
		finding_evidence(f, EV_NIL_DONE)->context = nil;
	if (with_main)
		finding_evidence(f, EV_MAIN);
	add_kept(l, f, alone);
	if (!l->proof)
		add_doubt(l, f);
	for (size_t k = 0; k < g->tasks.n; k++)
		if (!l->task_finding[g->tasks.v[k]])
			l->task_finding[g->tasks.v[k]] = (uint32_t)l->out->list.n;
}

struct err *rule_stuck_task(struct leaks *l)
{
	struct task_sets s = {0};

	collect(l, &s);
	task_sets_join(l, &s);
	for (size_t g = 0; g < s.list.n; g++)
		add_finding(l, &s.list.v[g], s.list.n == 1);
	task_sets_free(&s);
	return NULL;
}
