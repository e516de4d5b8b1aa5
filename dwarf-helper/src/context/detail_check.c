/*
 * Do the parts of one context agree?  What context/context.go guarantees outside of a locked cancelCtx.mu:
 *   err nil   ⇔  done nil or open
 *   err set   ⇒  children nil, and no ancestor's map holds it any more
 *   err nil   ⇒  the nearest cancelCtx above holds it in its map, or AfterFunc or a watcher goroutine stands in
 * A mutex that was held when the memory was taken excuses all of it.
 */
#include "context/detail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct telling {
	ctx_issue_fn *fn;
	void *arg;
	uint32_t context, other;
};

static void tell(const struct telling *t, enum ctx_problem p, bool changing, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(const struct telling *t, enum ctx_problem p, bool changing, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct ctx_issue issue = {p, changing && p != PROBLEM_NONE, t->context, t->other, text};
	t->fn(t->arg, &issue);
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

static void check_over(const struct model *m, const struct ctx_above *a, const struct telling *t, bool locked)
{
	if (a->held)
		tell(t, PROBLEM_STALE, locked, "cancelled, and the map of 0x%" PRIx64 " still holds it%s",
		     m->ctxs.v[a->canceler].addr, locked ? " (caught while it was being cancelled)" : "");
}

void ctx_check_parent(struct model *m, uint32_t i, const struct ctx_above *a, ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct telling t = {fn, arg, i, a->canceler};

	if (a->canceler == CTX_NONE)
		return;
	const struct ctx *p = &m->ctxs.v[a->canceler];
	bool locked = is_locked(c) || is_locked(p);
	const char *via = ctx_edge_via(m, i);
	if (is_over(c))
		check_over(m, a, &t, locked);
	else if (is_over(p))
		tell(&t, a->foreign ? PROBLEM_DEAF : PROBLEM_SPARED, locked, "0x%" PRIx64 " above it is cancelled, this one is not%s",
		     p->addr, locked ? " (caught while it was being cancelled)" : "");
	else if (a->held)
		tell(&t, PROBLEM_NONE, false, c->parent == a->canceler ? "parent's map holds it" : "the map of 0x%" PRIx64 " holds it",
		     p->addr);
	else if (via && !strcmp(via, "afterfunc"))
		tell(&t, PROBLEM_NONE, false, "the parent cancels it by AfterFunc");
	else if (via && !strcmp(via, "watcher"))
		tell(&t, PROBLEM_NONE, false, "a goroutine passes the parent's cancellation on");
	else if (!a->foreign)
		tell(&t, PROBLEM_MISSING, locked, "the map of 0x%" PRIx64 " above it does not hold it%s", p->addr,
		     locked ? " (its lock was held)" : "");
}

/* ---- err and done ---- */

void ctx_check_done(struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct telling t = {fn, arg, i, CTX_NONE};
	uint64_t receivers;
	char done = ctx_done_state(m, i, &receivers);
	bool closed = done == 'c' || done == 'g', locked = is_locked(c);
	const char *why = locked ? " (its lock was held)" : "";

	if (done == '?' || c->state == CTX_UNKNOWN)
		tell(&t, PROBLEM_UNREAD, false, "its done channel or its err cannot be read");
	else if (!is_over(c) && closed)
		tell(&t, PROBLEM_DONE_CLOSED, locked, "err is nil, and done is closed%s", why);
	else if (!is_over(c))
		tell(&t, PROBLEM_NONE, false, done == 'n' ? "err nil and no done channel yet agree" : "err nil and done open agree");
	else if (!closed)
		tell(&t, PROBLEM_DONE_OPEN, locked, "err is set, and done is %s%s", done == 'n' ? "not made" : "open", why);
	else if (receivers)
		tell(&t, PROBLEM_RECEIVERS, locked, "done is closed, and %" PRIu64 " receivers are still parked on it", receivers);
	else
		tell(&t, PROBLEM_NONE, false, "err set and done closed agree");
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

void ctx_check_children(struct model *m, uint32_t i, ctx_child_fn *each, void *each_arg, ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct telling t = {fn, arg, i, CTX_NONE};
	struct child_count count = {each, each_arg, 0};
	struct gomap_state st;
	taddr map;

	if (!ctx_children_map(m, i, &map)) {
		tell(&t, PROBLEM_UNREAD, false, "its children map cannot be read");
		return;
	}
	if (!map)
		return;
	if (is_over(c))
		tell(&t, PROBLEM_KEPT_MAP, is_locked(c), "cancelled, and its children map is still there%s",
		     is_locked(c) ? " (caught while it was being cancelled)" : "");
	ctx_children_each(m, i, CHILDREN_MAX, count_child, &count, &st);
	bool torn = st.writing || is_locked(c);
	if (!st.readable || st.unreadable)
		tell(&t, PROBLEM_UNREAD, false, "its children map can be read in part only");
	else if (st.found != st.count && !st.cut)
		tell(&t, PROBLEM_COUNT, torn, "its children map counts %" PRIu64 ", and %" PRIu64 " entries were found%s", st.count,
		     st.found, torn ? " (caught while it was being written)" : "");
	if (count.unknown)
		tell(&t, PROBLEM_WILD_CHILD, torn, "%" PRIu64 " entries of its children map are no contexts that are alive",
		     count.unknown);
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
	return c->flags & CTX_DAMAGED && !(c->flags & CTX_CYCLE) && c->parent == CTX_NONE && c->state != CTX_UNKNOWN &&
	       c->kind >= CTX_CANCEL && c->kind != CTX_CUSTOM;
}

void ctx_checks(struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct telling t = {fn, arg, i, CTX_NONE};
	struct gomap_state st;

	if (c->flags & CTX_CYCLE)
		tell(&t, PROBLEM_LOOP, false, "its parents form a loop");
	else if (ctx_parent_wild(c))
		tell(&t, PROBLEM_WILD_PARENT, false, "its parent word leads to no context");
	else if (c->flags & CTX_DAMAGED)
		tell(&t, PROBLEM_UNREAD, false, "part of it could not be read");
	if (ctx_canceler(m, i) != i)
		return;
	struct ctx_above above = ctx_above(m, i);
	if (above.canceler != CTX_NONE && c->flags & CTX_IN_PARENT_MAP) {
		struct seek s = {i, false};
		ctx_children_each(m, above.canceler, CHILDREN_MAX, seek_child, &s, &st);
		above.held = s.found;
	}
	if (c->flags & CTX_IN_PARENT_MAP && !above.held && !above.foreign) {
		t.other = above.canceler;
		tell(&t, PROBLEM_STRANGER, is_locked(c), "a children map holds it that is not that of its parents");
	}
	ctx_check_parent(m, i, &above, fn, arg);
	ctx_check_done(m, i, fn, arg);
	ctx_check_children(m, i, NULL, NULL, fn, arg);
}
