/*
 * Parts of one context read from the target: err, cause, deadline, done channel, children map.
 *
 * Everything of Go that is known here is in context/context.go.  The kinds made of a cancelCtx
 * (cancelCtx, timerCtx, afterFuncCtx) embed it by value at offset 0 in every release.
 */
#include "context/detail.h"

#include "runtime/rtype.h"

/* Parent links of a model are a forest; still no walk is longer than the number of contexts. */
static bool has_own_err(uint8_t kind)
{
	return kind == CTX_CANCEL || kind == CTX_TIMER || kind == CTX_AFTER_FUNC;
}

uint32_t ctx_canceler(const struct model *m, uint32_t i)
{
	for (size_t left = m->ctxs.n; left && i < m->ctxs.n; left--) {
		const struct ctx *c = &m->ctxs.v[i];
		if (has_own_err(c->kind))
			return i;
		if (ctx_cuts(c)) // its Done is nil whatever lies above
			return CTX_NONE;
		i = c->parent;
	}
	return CTX_NONE;
}

/* ---- err and cause ---- */

/* Both words at @p addr.  @return false when unreadable or nil. */
static bool two_words(struct runtime *rt, taddr addr, taddr *first, taddr *second)
{
	return target_u64(rt->t, addr, first) && target_u64(rt->t, addr + 8, second) && *first;
}

/* An error interface (itab, data) at @p addr. */
static bool print_iface_error(struct runtime *rt, taddr addr, struct buf *out)
{
	taddr tab, data;

	if (!two_words(rt, addr, &tab, &data))
		return false;
	taddr type = rtype_of_itab(rt, tab);
	return type && value_print_error(rt, out, type, data);
}

/* An atomic.Value: (type, data).  While the first Store is under way the type word is a mark of
 * sync/atomic: still nil to all readers. */
static bool print_value_error(struct runtime *rt, taddr addr, struct buf *out)
{
	taddr type, data;

	return two_words(rt, addr, &type, &data) && rtype_get(rt, type) &&
	       value_print_error(rt, out, type, data);
}

/* Nearest context whose own Err() answers: a canceler, or a custom type that has one written for
 * it. */
static uint32_t err_owner(const struct model *m, uint32_t i)
{
	uint32_t canceler = ctx_canceler(m, i);

	for (size_t left = m->ctxs.n; left && i < m->ctxs.n && i != canceler;
	     left--, i = m->ctxs.v[i].parent) {
		if (ctx_own_err(m, &m->ctxs.v[i]))
			return i;
		if (m->ctxs.v[i].kind == CTX_WITHOUT_CANCEL)
			break;
	}
	return canceler;
}

bool ctx_err(const struct model *m, uint32_t i, struct buf *out)
{
	uint32_t own = err_owner(m, i);
	const struct layout *l = &m->rt->L;

	if (own == CTX_NONE)
		return false;
	taddr addr = m->ctxs.v[own].addr;
	if (ctx_own_err(m, &m->ctxs.v[own])) {
		bool ended =
			m->ctxs.v[own].state == CTX_CANCELED || m->ctxs.v[own].state == CTX_EXPIRED;
		return ended &&
		       code_place(m->rt, &m->types.v[m->ctxs.v[own].type].err.place, addr, &addr) &&
		       print_iface_error(m->rt, addr, out);
	}
	if (LAYOUT_HAS(l->cancelCtx.err_v)) // since 1.25
		return print_value_error(m->rt, addr + (taddr)l->cancelCtx.err_v.off, out);
	return print_iface_error(m->rt, addr + (taddr)l->cancelCtx.err.off, out);
}

bool ctx_cause(const struct model *m, uint32_t i, struct buf *out)
{
	uint32_t own = ctx_canceler(m, i);
	const struct layout *l = &m->rt->L;

	if (own == CTX_NONE || !LAYOUT_HAS(l->cancelCtx.cause)) // since 1.20
		return false;
	return print_iface_error(m->rt, m->ctxs.v[own].addr + (taddr)l->cancelCtx.cause.off, out);
}

/* ---- deadline ---- */

bool ctx_deadline(const struct model *m, uint32_t i, struct go_time *ret)
{
	const struct ctx *c = &m->ctxs.v[i];

	return c->kind == CTX_TIMER &&
	       go_time_read(m->rt, c->addr + (taddr)m->rt->L.timerCtx.deadline.off, ret);
}

/* time.startNano: CLOCK_MONOTONIC at the start of the process, to which monotonic readings are
 * relative. */
static bool start_nano(const struct model *m, int64_t *ret)
{
	const struct layout_variable *v = &m->rt->L.var[LAYOUT_VAR_startNano];
	uint64_t ns;

	if (!v->found || !target_u64(m->rt->t, v->addr, &ns))
		return false;
	*ret = (int64_t)ns;
	return true;
}

/* As time.Until does: what no Duration can hold is the longest one.  @return true */
static bool difference(const struct go_time *at, int64_t now_ns, int64_t *ns_ret)
{
	__int128 left = (__int128)at->unix_s * 1000000000 + at->nsec - now_ns;

	*ns_ret = left > INT64_MAX ? INT64_MAX : left < INT64_MIN ? INT64_MIN : (int64_t)left;
	return true;
}

bool ctx_deadline_left(const struct model *m, uint32_t i, int64_t *ns_ret)
{
	struct bubble bubble;
	struct go_time at;
	int64_t start;

	if (!ctx_deadline(m, i, &at))
		return false;
	enum ctx_clock clock = ctx_clock(m, i, at.mono, &bubble);
	if (clock == CTX_CLOCK_UNTOLD)
		return false;
	if (clock == CTX_CLOCK_BUBBLE)
		return difference(&at, bubble.now_ns, ns_ret);
	// The timer runs on the monotonic clock, so that is what counts when the wall clock was set
	// meanwhile.
	if (at.mono && m->now.mono_ns && start_nano(m, &start)) {
		int64_t abs;
		return !__builtin_add_overflow(at.mono_ns, start, &abs) &&
		       !__builtin_sub_overflow(abs, m->now.mono_ns, ns_ret);
	}
	return m->now.wall_ns && difference(&at, m->now.wall_ns, ns_ret);
}

/* ---- children ---- */

bool ctx_children_map(const struct model *m, uint32_t i, taddr *ret)
{
	const struct ctx *c = &m->ctxs.v[i];

	return has_own_err(c->kind) &&
	       runtime_field(m->rt, c->addr, m->rt->L.cancelCtx.children, ret);
}

struct visit {
	const struct model *m;
	ctx_child_fn *fn;
	void *arg;
};

/* A key is an interface of type canceler: itab, pointer. */
static bool visit_child(void *arg, taddr key, taddr elem)
{
	struct visit *v = arg;
	taddr addr = 0;

	(void)elem; // struct{}
	target_u64(v->m->rt->t, key + 8, &addr);
	return v->fn(v->arg, model_at(v->m, addr), addr);
}

void ctx_children_each(const struct model *m, uint32_t i, uint64_t max, ctx_child_fn *fn, void *arg,
		       struct gomap_state *state_ret)
{
	struct visit v = {m, fn, arg};
	taddr map;

	*state_ret = (struct gomap_state){0};
	if (!ctx_children_map(m, i, &map))
		return;
	gomap_each(m->rt, map, &m->children_type, max, visit_child, &v, state_ret);
}

/* ---- done ---- */

/* Length of a channel's receive queue; a damaged list ends where a sudog is of another channel or
 * not linked back. */
static uint64_t count_receivers(struct runtime *rt, taddr chan)
{
	taddr sudog, c, prev, last = 0;
	uint64_t n = 0;

	if (!runtime_field(rt, chan, rt->L.hchan.recvq_first, &sudog))
		return 0;
	while (sudog && runtime_field(rt, sudog, rt->L.sudog.c, &c) && c == chan &&
	       runtime_field(rt, sudog, rt->L.sudog.prev, &prev) && prev == last) {
		n++;
		last = sudog;
		if (!runtime_field(rt, sudog, rt->L.sudog.next, &sudog))
			break;
	}
	return n;
}

/* context.closedchan: the one channel of all that were cancelled before anybody asked for Done. */
static taddr closed_chan(struct runtime *rt)
{
	const struct layout_variable *v = &rt->L.var[LAYOUT_VAR_closedchan];
	taddr chan = 0;

	if (v->found)
		target_u64(rt->t, v->addr, &chan);
	return chan;
}

enum ctx_done ctx_done_state(const struct model *m, uint32_t i, uint64_t *receivers_ret)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct runtime *rt = m->rt;
	uint64_t closed, word;

	*receivers_ret = 0;
	if (!c->done && has_own_err(c->kind))
		return runtime_field(rt, c->addr, rt->L.cancelCtx.done, &word)
			       ? CTX_DONE_NONE
			       : CTX_DONE_UNREADABLE;
	if (!c->done)
		return CTX_DONE_NONE;
	if (c->done == closed_chan(rt))
		return CTX_DONE_SHARED;
	if (!runtime_field(rt, c->done, rt->L.hchan.closed, &closed))
		return CTX_DONE_UNREADABLE;
	*receivers_ret = count_receivers(rt, c->done);
	return closed ? CTX_DONE_CLOSED : CTX_DONE_OPEN;
}

/* ---- how it hangs ---- */

enum ctx_edge ctx_edge(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];

	if (c->parent >= m->ctxs.n)
		return CTX_EDGE_NONE;
	if (!has_own_err(c->kind))
		return CTX_EDGE_EMBEDDED;
	if (c->flags & CTX_IN_PARENT_MAP)
		return CTX_EDGE_CHILDREN;
	if (m->ctxs.v[c->parent].kind == CTX_STOP)
		return CTX_EDGE_AFTERFUNC;
	return ctx_has_watcher(m, i) ? CTX_EDGE_WATCHER : CTX_EDGE_EMBEDDED;
}

const char *ctx_edge_via(const struct model *m, uint32_t i)
{
	static const char *const names[] = {[CTX_EDGE_CHILDREN] = "children",
					    [CTX_EDGE_EMBEDDED] = "embedded",
					    [CTX_EDGE_AFTERFUNC] = "afterfunc",
					    [CTX_EDGE_WATCHER] = "watcher"};

	return names[ctx_edge(m, i)];
}
