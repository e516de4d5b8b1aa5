/*
 * Which context above one would cancel it.
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

	a.canceler = m->ctxs.v[i].parent < m->ctxs.n ? ctx_canceler(m, m->ctxs.v[i].parent) : CTX_NONE;
	for (uint32_t at = m->ctxs.v[i].parent; at < m->ctxs.n && at != a.canceler && left--; at = m->ctxs.v[at].parent) {
		a.foreign |= is_foreign(&m->ctxs.v[at]);
		if (m->ctxs.v[at].kind == CTX_WITHOUT_CANCEL)
			break;
	}
	return a;
}
