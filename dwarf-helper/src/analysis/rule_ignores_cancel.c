/*
 * ignores-cancel: goroutines that hold a context which has ended, and wait for something else.
 *
 * The pattern     parked in a channel operation, a select or on a lock; a live slot of its stack (livestack.h)
 *                 refers to a cancelled or expired context; none of its waits is for a context that has ended.
 *                 A variable that is not read any more is no live slot.
 * likely          ten or more alike, or three that wait for a minute, or one that waits for ten
 * possible        three or more
 * info            fewer: goroutines on their way out look like that; also waiting for others to end
 *                 (WaitGroup, errgroup): those are at fault
 *
 * Goroutines that sleep or wait for input end by themselves and are left out, so are those that wait inside of
 * the standard library (a round trip knows of its context) and those known to be idle (exempt.c).
 */
#include "analysis/task_sets.h"

#include "context/detail.h"
#include "runtime/stack.h"

#define MANY 10
#define FEW 3
#define LONG_NS (INT64_C(60) * 1000000000)

struct hold_search {
	const struct leaks *l;
	uint32_t context, frame;
};

struct parked {
	struct runtime *rt;
	uint32_t frame;
};

static bool ended(const struct model *m, uint32_t i)
{
	return m->ctxs.v[i].state == CTX_CANCELED || m->ctxs.v[i].state == CTX_EXPIRED;
}

/* The context that is nearest to what the goroutine does: the first one from the innermost frame. */
static bool note_first_ended(void *arg, const struct stack_hold *h)
{
	struct hold_search *s = arg;

	if (h->func || !ended(s->l->m, h->context))
		return true;
	s->context = h->context;
	s->frame = h->frame;
	return false;
}

/* The frame that waits, below those of the runtime and of package sync. */
static bool parking_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct parked *p = arg;
	const struct pcinfo *at = &p->rt->pcs.v[info];

	(void)pc;
	(void)sp;
	for (uint32_t k = at->first; k < at->first + at->n; k++)
		if (!p->rt->frames.v[k].plumbing) {
			p->frame = k;
			return false;
		}
	return true;
}

/* What the standard library waits for on its caller's behalf (a round trip, a query, a handshake) it ends itself when the context has ended. */
static bool parked_in_library(struct runtime *rt, const struct task *t)
{
	struct parked p = {.rt = rt, .frame = FRAME_NONE};
	struct stack_regs start;

	if (stack_start(rt, t, &start))
		stack_walk(rt, &start, parking_frame, &p, NULL);
	return p.frame != FRAME_NONE && rt->frames.v[p.frame].std;
}

/* Parked where only somebody else can end the wait. */
static bool waits_for_others(const struct model *m, const struct task *t)
{
	const char *reason = task_reason(m->rt, t);

	if (t->status != TASK_WAITING && t->status != TASK_LEAKED)
		return false;
	return reason && (!strncmp(reason, "chan ", 5) || !strncmp(reason, "select", 6) ||
			  !strncmp(reason, "sync.", 5) || !strncmp(reason, "semacquire", 10));
}

/* sync.WaitGroup.Wait, errgroup's and such: it waits for goroutines that do not end. */
static bool waits_for_group(const struct model *m, const struct task *t)
{
	const char *reason = task_reason(m->rt, t);

	return reason && (!strcmp(reason, "semacquire") || strstr(reason, "WaitGroup"));
}

static bool on_ended_context(const struct model *m, uint32_t task)
{
	const struct task *t = &m->tasks.list.v[task];

	for (uint32_t k = 0; k < t->nwaits; k++) {
		uint32_t c = m->tasks.waits.v[t->wait_first + k].context;
		if (c < m->ctxs.n && ended(m, c))
			return true;
	}
	return false;
}

static enum confidence how_sure(const struct leaks *l, const struct task_set *s)
{
	const struct model *m = l->m;
	int64_t oldest = -1;

	if (waits_for_group(m, &m->tasks.list.v[s->tasks.v[0]]))
		return CONF_INFO;
	for (size_t k = 0; k < s->tasks.n; k++) {
		int64_t wait = clock_wait_ns(&m->now, &m->tasks.list.v[s->tasks.v[k]]);
		oldest = wait > oldest ? wait : oldest;
	}
	if (s->tasks.n >= MANY || (s->tasks.n >= FEW && oldest >= LONG_NS) || oldest >= 10 * LONG_NS)
		return CONF_LIKELY;
	return s->tasks.n >= FEW ? CONF_POSSIBLE : CONF_INFO;
}

static void add_finding(struct leaks *l, const struct task_set *s)
{
	struct finding *f = finding_new(l->out, RULE_IGNORES_CANCEL, how_sure(l, s), UNIT_TASK);
	const struct ctx *c = &l->m->ctxs.v[s->context];

	for (size_t k = 0; k < s->tasks.n; k++)
		leak_add_task(l, f, s->tasks.v[k]);
	leak_add_context(l, f, s->context);
	f->context = s->context;
	finding_sign(f, task_func(l->m, s->tasks.v[0]), task_maker(l->m, s->tasks.v[0]), NULL);
	struct evidence *held = finding_evidence(f, EV_HELD);
	held->context = s->context;
	held->flag = s->tasks.n > 1;
	task_set_evidence(l, f, s);
	if (c->addr)
		finding_next(f, NEXT_SHOW, c->addr);
}

struct err *rule_ignores_cancel(struct leaks *l)
{
	const struct model *m = l->m;
	struct task_sets sets = {0};

	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		const struct task *task = &m->tasks.list.v[t];
		struct hold_search s = {.l = l, .context = CTX_NONE};
		if (!(l->task_flags[t] & LEAK_TASK_ENDED) || task->flags & TASK_SYSTEM || !waits_for_others(m, task) ||
		    on_ended_context(m, t) || exempt_task(m, task))
			continue;
		leak_holds(l, t, note_first_ended, &s);
		if (s.context == CTX_NONE || parked_in_library(m->rt, task))
			continue;
		if (l->task_finding[t])
			l->out->list.v[l->task_finding[t] - 1].also |= 1u << RULE_IGNORES_CANCEL;
		else
			task_sets_add(l, &sets, t, 0, s.context);
		if (runtime_canceled(m->rt))
			break;
	}
	for (size_t k = 0; k < sets.list.n; k++)
		add_finding(l, &sets.list.v[k]);
	task_sets_free(&sets);
	return runtime_check(m->rt);
}
