#include "analysis/check.h"

#include "context/underway.h"
#include "runtime/heap.h"

#define EXAMPLES 4 /* shown of each finding */
#define NEXT_MAX 3

static const struct {
	enum finding_rule rule;
	enum finding_unit unit;
	const char *name; /* for the signature */
} kinds[CHECK_KINDS] = {
	[PROBLEM_LOOP] = {RULE_PARENT_CHAIN, UNIT_CONTEXT, "loop"},
	[PROBLEM_WILD_PARENT] = {RULE_PARENT_CHAIN, UNIT_CONTEXT, "wild-parent"},
	[PROBLEM_STRANGER] = {RULE_PARENT_CHAIN, UNIT_CONTEXT, "stranger"},
	[PROBLEM_MISSING] = {RULE_PARENT_CHAIN, UNIT_CONTEXT, "missing"},
	[PROBLEM_SPARED] = {RULE_PARENT_CHAIN, UNIT_CONTEXT, "spared"},
	[PROBLEM_STALE] = {RULE_CHILDREN_MAP, UNIT_CONTEXT, "stale"},
	[PROBLEM_DONE_OPEN] = {RULE_DONE_STATE, UNIT_CONTEXT, "done-open"},
	[PROBLEM_DONE_CLOSED] = {RULE_DONE_STATE, UNIT_CONTEXT, "done-closed"},
	[PROBLEM_RECEIVERS] = {RULE_DONE_STATE, UNIT_CONTEXT, "receivers"},
	[PROBLEM_KEPT_MAP] = {RULE_CHILDREN_MAP, UNIT_CONTEXT, "kept-map"},
	[PROBLEM_COUNT] = {RULE_CHILDREN_MAP, UNIT_CONTEXT, "count"},
	[PROBLEM_WILD_CHILD] = {RULE_CHILDREN_MAP, UNIT_CONTEXT, "wild-child"},
	[CHECK_LOST] = {RULE_WAIT_QUEUE, UNIT_TASK, "lost"},
	[CHECK_QUEUED] = {RULE_WAIT_QUEUE, UNIT_ENTRY, "queued"},
	[CHECK_LINKS] = {RULE_WAIT_QUEUE, UNIT_CHANNEL, "links"},
	[CHECK_WAITS] = {RULE_WAIT_QUEUE, UNIT_TASK, "waits"},
	[CHECK_CLOSED] = {RULE_WAIT_QUEUE, UNIT_CHANNEL, "closed"},
	[CHECK_BUFFER] = {RULE_WAIT_QUEUE, UNIT_CHANNEL, "buffer"},
};

void problem_add(struct problems *ps, struct problem p)
{
	ps->by_kind[p.kind]++;
	VEC_PUSH(&ps->list, p);
}

static void problems_free(struct problems *ps)
{
	VEC_FREE(&ps->list);
}

/* ---- torn or damaged? ---- */

static bool is_underway(const struct underway *u, const struct model *m, const struct problem *p)
{
	if (p->kind == CHECK_LOST || p->kind == CHECK_QUEUED)
		return u->channels;
	if (p->issue.context == CTX_NONE)
		return false;
	if (heap_newest(m->rt, m->ctxs.v[p->issue.context].addr) &&
	    !(m->ctxs.v[p->issue.context].flags & (CTX_FROM_PARENT | CTX_FROM_MAP)))
		return true; /* not even cleared */
	if (p->kind == PROBLEM_LOOP || p->kind == PROBLEM_WILD_PARENT)
		return false;
	/* Whoever makes a child has the parent on its stack, so only the context itself counts, not
	 * its parent. */
	return underway_context(u, m, p->issue.context);
}

/* Problems without a held lock may still be explained by what a goroutine was doing. */
static struct err *excuse(const struct model *m, struct problems *ps)
{
	struct underway u;
	bool any = false;

	for (size_t i = 0; i < ps->list.n; i++)
		any |= !ps->list.v[i].changing;
	if (!any)
		return NULL;
	struct err *err = underway_find(m, &u);
	for (size_t i = 0; !err && i < ps->list.n; i++)
		ps->list.v[i].changing |= is_underway(&u, m, &ps->list.v[i]);
	underway_free(&u);
	return err;
}

/* ---- findings ---- */

static void add_next(const struct model *m, struct finding *f, const struct problem *p)
{
	const struct ctx *v = m->ctxs.v;

	if (f->next.n >= NEXT_MAX)
		return;
	if (p->issue.context != CTX_NONE)
		finding_next(f, NEXT_SHOW, v[p->issue.context].addr);
	if (p->kind == PROBLEM_STRANGER || p->kind == PROBLEM_STALE)
		finding_next(f, NEXT_CHILDREN, v[p->issue.other].addr);
	else if (p->kind == PROBLEM_COUNT || p->kind == PROBLEM_WILD_CHILD)
		finding_next(f, NEXT_CHILDREN, v[p->issue.context].addr);
	if (p->task != TASK_NONE)
		finding_next(f, NEXT_BT, m->tasks.list.v[p->task].goid);
}

/* Take a problem into its finding; a context may have several of a kind, but is counted once. */
static void take(const struct model *m, struct finding *f, const struct problem *p)
{
	uint32_t context = p->issue.context;

	f->count++;
	if (context != CTX_NONE && (!f->contexts.n || f->contexts.v[f->contexts.n - 1] != context))
		VEC_PUSH(&f->contexts, context);
	if (p->task != TASK_NONE &&
	    (!f->goroutines.n || f->goroutines.v[f->goroutines.n - 1] != p->task))
		VEC_PUSH(&f->goroutines, p->task);
	if (f->context == CTX_NONE)
		f->context = context;
	if (f->evidence.n < EXAMPLES) {
		finding_evidence(f, EV_PROBLEM)->problem = *p;
		add_next(m, f, p);
	}
}

static void make_damage(const struct model *m, const struct problems *ps, enum check_kind kind,
			enum confidence confidence, struct findings *ret)
{
	struct finding *f = NULL;

	for (size_t i = 0; i < ps->list.n; i++) {
		const struct problem *p = &ps->list.v[i];
		if (p->kind != kind || p->changing)
			continue;
		if (!f) {
			f = finding_new(ret, kinds[kind].rule, confidence, kinds[kind].unit);
			f->claim.problem = (uint8_t)kind;
			finding_sign(f, kinds[kind].name, NULL);
		}
		take(m, f, p);
	}
	if (f && f->count > f->evidence.n)
		finding_evidence(f, EV_MORE)->n = f->count - EXAMPLES;
}

/* All that was caught in the middle of a change is one finding. */
static void make_torn(const struct model *m, const struct problems *ps, struct findings *ret)
{
	struct finding *f = NULL;

	for (size_t i = 0; i < ps->list.n; i++) {
		if (!ps->list.v[i].changing)
			continue;
		if (!f) {
			f = finding_new(ret, RULE_TORN, CONF_INFO, UNIT_CHANGE);
			finding_sign(f, "torn", NULL);
		}
		take(m, f, &ps->list.v[i]);
	}
}

/* What cannot be read may hide what would explain the rest: then nothing is certain. */
static enum confidence confidence_of(const struct model *m, const struct problems *ps)
{
	const struct runtime *rt = m->rt;

	if (ps->unread || rt->t->truncated || rt->notes->count[NOTE_LIMIT] || !rt->heap ||
	    rt->heap->incomplete)
		return CONF_LIKELY;
	return CONF_CERTAIN;
}

struct err *check_find(const struct model *m, struct findings *ret)
{
	struct problems ps = {0};
	struct err *err = check_contexts(m, &ps);

	*ret = (struct findings){0};
	if (!err)
		err = check_queues(m, &ps);
	if (!err)
		err = excuse(m, &ps);
	for (unsigned kind = 0; !err && kind < CHECK_KINDS; kind++)
		if (ps.by_kind[kind])
			make_damage(m, &ps, (enum check_kind)kind, confidence_of(m, &ps), ret);
	if (!err)
		make_torn(m, &ps, ret);
	ret->healthy_unknown = ps.unread || !m->rt->heap || m->rt->heap->incomplete;
	findings_sort(ret);
	problems_free(&ps);
	return err;
}
