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
	unsigned n;
};

static void tell(struct telling *t, bool good, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void tell(struct telling *t, bool good, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->fn(t->arg, good, text);
	t->n++;
}

static bool is_over(const struct ctx *c)
{
	return c->state == CTX_CANCELED || c->state == CTX_EXPIRED;
}

/* Does the way from i up to its canceling ancestor lead through a custom type or a stop context? */
static bool foreign_between(const struct model *m, uint32_t i, uint32_t ancestor)
{
	size_t left = m->ctxs.n;

	for (uint32_t at = m->ctxs.v[i].parent; at < m->ctxs.n && at != ancestor && left--; at = m->ctxs.v[at].parent)
		if (m->ctxs.v[at].kind == CTX_CUSTOM || m->ctxs.v[at].kind == CTX_STOP)
			return true;
	return false;
}

static void check_parent(struct model *m, uint32_t i, struct telling *t)
{
	const struct ctx *c = &m->ctxs.v[i];
	uint32_t up = c->parent < m->ctxs.n ? ctx_canceler(m, c->parent) : CTX_NONE;
	const char *via = ctx_edge_via(m, i);

	if (up == CTX_NONE)
		return;
	const struct ctx *p = &m->ctxs.v[up];
	bool held = c->flags & CTX_IN_PARENT_MAP, locked = (c->flags | p->flags) & CTX_LOCKED;
	if (is_over(c)) {
		if (held)
			tell(t, locked, "cancelled, and the map of 0x%" PRIx64 " still holds it%s", p->addr,
			     locked ? " (caught while it was being cancelled)" : "");
		return;
	}
	if (held)
		tell(t, true, c->parent == up ? "parent's map holds it" : "the map of 0x%" PRIx64 " holds it", p->addr);
	else if (is_over(p))
		tell(t, locked, "0x%" PRIx64 " above it is cancelled, this one is not%s", p->addr,
		     locked ? " (caught while it was being cancelled)" : "");
	else if (via && !strcmp(via, "afterfunc"))
		tell(t, true, "the parent cancels it by AfterFunc");
	else if (via && !strcmp(via, "watcher"))
		tell(t, true, "a goroutine passes the parent's cancellation on");
	else if (!foreign_between(m, i, up))
		tell(t, locked, "the map of 0x%" PRIx64 " above it does not hold it%s", p->addr,
		     locked ? " (its lock was held)" : "");
}

static void check_done(struct model *m, uint32_t i, struct telling *t)
{
	const struct ctx *c = &m->ctxs.v[i];
	uint64_t receivers;
	char done = ctx_done_state(m, i, &receivers);
	bool closed = done == 'c' || done == 'g', locked = c->flags & CTX_LOCKED;

	if (done == '?')
		tell(t, false, "its done channel cannot be read");
	else if (!is_over(c) && closed)
		tell(t, locked, "err is nil, and done is closed%s", locked ? " (its lock was held)" : "");
	else if (!is_over(c))
		tell(t, true, done == 'n' ? "err nil and no done channel yet agree" : "err nil and done open agree");
	else if (!closed)
		tell(t, locked, "err is set, and done is %s%s", done == 'n' ? "not made" : "open",
		     locked ? " (its lock was held)" : "");
	else if (receivers)
		tell(t, locked, "done is closed, and %" PRIu64 " receivers are still parked on it", receivers);
	else
		tell(t, true, "err set and done closed agree");
}

static bool count_child(void *arg, uint32_t child, taddr addr)
{
	uint64_t *unknown = arg;

	(void)addr;
	*unknown += child == CTX_NONE;
	return true;
}

#define CHILDREN_MAX (UINT64_C(1) << 24)

static void check_children(struct model *m, uint32_t i, struct telling *t)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct gomap_state st;
	uint64_t unknown = 0;
	taddr map;

	if (!ctx_children_map(m, i, &map)) {
		tell(t, false, "its children map cannot be read");
		return;
	}
	if (!map)
		return;
	if (is_over(c))
		tell(t, c->flags & CTX_LOCKED, "cancelled, and its children map is still there%s",
		     c->flags & CTX_LOCKED ? " (caught while it was being cancelled)" : "");
	ctx_children_each(m, i, CHILDREN_MAX, count_child, &unknown, &st);
	bool torn = st.writing || (c->flags & CTX_LOCKED);
	if (!st.readable || st.unreadable)
		tell(t, false, "its children map can be read in part only");
	else if (st.found != st.count && !st.cut)
		tell(t, torn, "its children map counts %" PRIu64 ", and %" PRIu64 " entries were found%s", st.count,
		     st.found, torn ? " (caught while it was being written)" : "");
	if (unknown)
		tell(t, torn, "%" PRIu64 " entries of its children map are no contexts that are alive", unknown);
}

unsigned ctx_checks(struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct telling t = {fn, arg, 0};

	if (c->flags & CTX_DAMAGED)
		tell(&t, false, "part of it could not be read");
	if (c->flags & CTX_CYCLE)
		tell(&t, false, "its parents form a loop");
	if (ctx_canceler(m, i) != i)
		return t.n;
	check_parent(m, i, &t);
	check_done(m, i, &t);
	check_children(m, i, &t);
	return t.n;
}
