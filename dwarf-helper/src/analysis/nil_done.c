/* Goroutines that wait for the end of a context whose Done is nil, although the context inside of
 * it does end. */
#include "analysis/leaks.h"

#define CLIMB 64 /* levels above a context */

/* Done of such a type is nil unless a switch is on (gin's Context, context/custom.c): those who ask
 * it do not mean to wait for ever. */
static bool hides_done(const struct model *m, uint32_t i)
{
	return m->ctxs.v[i].flags & CTX_NIL_DONE && m->types.v[m->ctxs.v[i].type].switch_via >= 0;
}

struct search {
	const struct model *m;
	uint32_t found;
};

static bool look(void *arg, const struct stack_hold *h)
{
	struct search *s = arg;
	uint32_t i = h->func ? CTX_NONE : h->context;

	for (unsigned up = 0; up < CLIMB && i < s->m->ctxs.n && s->found == CTX_NONE;
	     up++, i = s->m->ctxs.v[i].parent) {
		if (hides_done(s->m, i))
			s->found = i;
		if (s->m->ctxs.v[i].kind != CTX_VALUE)
			break;
	}
	return s->found == CTX_NONE;
}

bool leak_nil_dones(const struct leaks *l)
{
	const struct model *m = l->m;

	for (size_t k = 0; k < m->types.n; k++)
		if (m->types.v[k].switch_via >= 0)
			return true;
	return false;
}

uint32_t leak_nil_done(struct leaks *l, uint32_t task)
{
	const struct task *t = &l->m->tasks.list.v[task];
	const char *reason = task_reason(l->m->rt, t);
	struct search s = {l->m, CTX_NONE};
	bool single = reason && !strcmp(reason, "select") && t->nwaits <= 1;

	if (single || (reason && !strcmp(reason, "chan receive (nil chan)")))
		leak_holds(l, task, look, &s);
	return s.found;
}
