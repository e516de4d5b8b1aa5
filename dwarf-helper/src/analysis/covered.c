/*
 * Which finding covers which context and goroutine, so that one mistake is reported once.
 */
#include "analysis/leaks.h"

#define COVER_CLIMB 32 /* levels searched above a context */

static uint32_t number_of(const struct leaks *l, const struct finding *f)
{
	return (uint32_t)(f - l->out->list.v) + 1;
}

static struct finding *covering(const struct leaks *l, uint32_t context)
{
	uint32_t n = 0;

	for (unsigned climbed = 0; context < l->m->ctxs.n && climbed < COVER_CLIMB; climbed++) {
		n = l->ctx[context].finding;
		if (n && (!climbed || l->out->list.v[n - 1].confidence > CONF_INFO))
			return &l->out->list.v[n - 1];
		if (ctx_cuts(&l->m->ctxs.v[context]))
			break;
		context = l->m->ctxs.v[context].parent;
	}
	return NULL;
}

struct finding *leak_join_earlier(struct leaks *l, uint32_t context, enum finding_rule also)
{
	struct finding *f = covering(l, context);

	if (f && f->rule != also)
		f->also |= 1u << also;
	return f;
}

bool leak_covered(const struct leaks *l, uint32_t context)
{
	const struct finding *f = covering(l, context);

	return f && f->confidence > CONF_INFO;
}

void leak_add_context(struct leaks *l, struct finding *f, uint32_t context)
{
	VEC_PUSH(&f->contexts, context);
	if (!l->ctx[context].finding)
		l->ctx[context].finding = number_of(l, f);
}

void leak_add_task(struct leaks *l, struct finding *f, uint32_t task)
{
	VEC_PUSH(&f->goroutines, task);
	if (!l->task_finding[task])
		l->task_finding[task] = number_of(l, f);
}
