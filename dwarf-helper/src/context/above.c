/*
 * Which context above one would cancel it, and whether a goroutine does in its stead.
 */
#include "context/detail.h"

static bool is_foreign(const struct ctx *c)
{
	return c->kind == CTX_CUSTOM || c->kind == CTX_STOP;
}

struct ctx_above ctx_above(const struct model *m, uint32_t i)
{
	struct ctx_above a = {CTX_NONE, false, false};
	size_t left = m->ctxs.n;

	a.canceler =
		m->ctxs.v[i].parent < m->ctxs.n ? ctx_canceler(m, m->ctxs.v[i].parent) : CTX_NONE;
	for (uint32_t at = m->ctxs.v[i].parent; at < m->ctxs.n && at != a.canceler && left--;
	     at = m->ctxs.v[at].parent) {
		a.foreign |= is_foreign(&m->ctxs.v[at]);
		if (ctx_cuts(&m->ctxs.v[at]))
			break;
	}
	return a;
}

/*
 * Is a goroutine of context.propagateCancel parked on its done channel?  It passes the cancellation
 * of a parent that is a foreign type on: named context.propagateCancel.func1 until 1.20, then
 * context.(*cancelCtx).propagateCancel.func2.
 */
bool ctx_has_watcher(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];
	const struct runtime *rt = m->rt;

	for (uint32_t k = 0; k < c->tasks; k++) {
		const struct task *t = &m->tasks.list.v[ctx_task(m, i, k)];
		if (t->start < rt->frames.n && rt->frames.v[t->start].func &&
		    strstr(rt->frames.v[t->start].func, "propagateCancel.func"))
			return true;
	}
	return false;
}
