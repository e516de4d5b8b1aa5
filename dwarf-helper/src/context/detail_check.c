/*
 * Do the parts of one context agree?  What context/context.go guarantees outside of a locked
 * cancelCtx.mu:
 *   err nil   ⇔  done nil or open
 *   err set   ⇒  children nil, and no ancestor's map holds it any more
 *   err nil   ⇒  the nearest cancelCtx above holds it in its map, or AfterFunc or a watcher
 *             goroutine stands in
 * A mutex that was held when the memory was taken excuses all of it.
 */
#include "context/detail.h"

struct issue_sink {
	ctx_issue_fn *fn;
	void *arg;
	uint32_t context, other;
};

/* issue.problem and what the kind needs; the rest is known here. */
static void report_issue(const struct issue_sink *t, struct ctx_issue issue)
{
	issue.changing &= issue.problem != PROBLEM_NONE;
	issue.context = t->context;
	issue.other = t->other;
	t->fn(t->arg, &issue);
}

static void report_problem(const struct issue_sink *t, enum ctx_problem problem, bool changing)
{
	report_issue(t, (struct ctx_issue){.problem = problem, .changing = changing});
}

static void report_part(const struct issue_sink *t, enum ctx_problem problem, enum ctx_part part)
{
	report_issue(t, (struct ctx_issue){.problem = problem, .part = (uint8_t)part});
}

static bool is_over(const struct ctx *c)
{
	return c->state == CTX_CANCELED || c->state == CTX_EXPIRED;
}

static bool is_locked(const struct ctx *c)
{
	return c->flags & CTX_LOCKED;
}

/* ---- the one above ---- */

void ctx_check_parent(const struct model *m, uint32_t i, const struct ctx_above *a,
		      ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct issue_sink t = {fn, arg, i, a->canceler};

	if (a->canceler == CTX_NONE)
		return;
	const struct ctx *p = &m->ctxs.v[a->canceler];
	bool locked = is_locked(c) || is_locked(p);
	enum ctx_edge edge = ctx_edge(m, i);
	if (is_over(c)) {
		if (a->held)
			report_problem(&t, PROBLEM_STALE, locked);
	} else if (is_over(p)) {
		report_problem(&t, a->foreign ? PROBLEM_DEAF : PROBLEM_SPARED, locked);
	} else if (a->held) {
		report_part(&t, PROBLEM_NONE, c->parent == a->canceler ? PART_OWN_MAP : PART_MAP);
	} else if (edge == CTX_EDGE_AFTERFUNC) {
		report_part(&t, PROBLEM_NONE, PART_AFTERFUNC);
	} else if (edge == CTX_EDGE_WATCHER) {
		report_part(&t, PROBLEM_NONE, PART_WATCHER);
	} else if (!a->foreign) {
		report_problem(&t, PROBLEM_MISSING, locked);
	}
}

/* ---- err and done ---- */

void ctx_check_done(const struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct issue_sink t = {fn, arg, i, CTX_NONE};
	uint64_t receivers;
	enum ctx_done done = ctx_done_state(m, i, &receivers);
	bool closed = done == CTX_DONE_CLOSED || done == CTX_DONE_SHARED;
	struct ctx_issue issue = {
		.changing = is_locked(c), .done = (uint8_t)done, .part = PART_DONE, .n = receivers};

	if (done == CTX_DONE_UNREADABLE || c->state == CTX_UNKNOWN) {
		issue.problem = PROBLEM_UNREAD;
		issue.changing = false;
	} else if (!is_over(c) && closed) {
		issue.problem = PROBLEM_DONE_CLOSED;
	} else if (is_over(c) && !closed) {
		issue.problem = PROBLEM_DONE_OPEN;
	} else if (is_over(c) && receivers) {
		issue.problem = PROBLEM_RECEIVERS;
	}
	report_issue(&t, issue);
}

/* ---- children ---- */

struct child_count {
	ctx_child_fn *each;
	void *each_arg;
	uint64_t unknown;
};

static bool count_child(void *arg, uint32_t child, taddr addr)
{
	struct child_count *c = arg;

	c->unknown += child == CTX_NONE;
	return !c->each || c->each(c->each_arg, child, addr);
}

#define CHILDREN_MAX (UINT64_C(1) << 24)

void ctx_check_children(const struct model *m, uint32_t i, ctx_child_fn *each, void *each_arg,
			ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct issue_sink t = {fn, arg, i, CTX_NONE};
	struct child_count count = {each, each_arg, 0};
	struct gomap_state st;
	taddr map;

	if (!ctx_children_map(m, i, &map)) {
		report_part(&t, PROBLEM_UNREAD, PART_CHILDREN);
		return;
	}
	if (!map)
		return;
	if (is_over(c))
		report_problem(&t, PROBLEM_KEPT_MAP, is_locked(c));
	ctx_children_each(m, i, CHILDREN_MAX, count_child, &count, &st);
	bool torn = st.writing || is_locked(c);
	if (!st.readable || st.unreadable)
		report_issue(&t, (struct ctx_issue){
					 .problem = PROBLEM_UNREAD, .part = PART_CHILDREN, .n = 1});
	else if (st.found != st.count && !st.cut)
		report_issue(&t, (struct ctx_issue){.problem = PROBLEM_COUNT,
						    .changing = torn,
						    .n = st.count,
						    .m = st.found});
	if (count.unknown)
		report_issue(&t, (struct ctx_issue){.problem = PROBLEM_WILD_CHILD,
						    .changing = torn,
						    .n = count.unknown});
}

/* ---- all of one ---- */

struct seek {
	uint32_t child;
	bool found;
};

static bool seek_child(void *arg, uint32_t child, taddr addr)
{
	struct seek *s = arg;

	(void)addr;
	s->found = child == s->child;
	return !s->found;
}

/* Only the kinds of the library are sure to have a parent. */
bool ctx_parent_wild(const struct ctx *c)
{
	return c->flags & CTX_DAMAGED && !(c->flags & CTX_CYCLE) && c->parent == CTX_NONE &&
	       c->state != CTX_UNKNOWN && c->kind >= CTX_CANCEL && c->kind != CTX_CUSTOM;
}

void ctx_checks(const struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct issue_sink t = {fn, arg, i, CTX_NONE};
	struct gomap_state st;

	if (c->flags & CTX_CYCLE)
		report_problem(&t, PROBLEM_LOOP, false);
	else if (ctx_parent_wild(c))
		report_problem(&t, PROBLEM_WILD_PARENT, false);
	else if (c->flags & CTX_DAMAGED)
		report_part(&t, PROBLEM_UNREAD, PART_WORDS);
	if (ctx_canceler(m, i) != i)
		return;
	struct ctx_above above = ctx_above(m, i);
	if (above.canceler != CTX_NONE && c->flags & CTX_IN_PARENT_MAP) {
		struct seek s = {i, false};
		ctx_children_each(m, above.canceler, CHILDREN_MAX, seek_child, &s, &st);
		above.held = s.found;
	}
	if (c->flags & CTX_IN_PARENT_MAP && !above.held && !above.foreign) {
		report_problem(&t, PROBLEM_STRANGER,
			       is_locked(c)); // whose map that is has not been looked for
	}
	ctx_check_parent(m, i, &above, fn, arg);
	ctx_check_done(m, i, fn, arg);
	ctx_check_children(m, i, NULL, NULL, fn, arg);
}
