#include "analysis/leaks.h"

#include "analysis/crowds.h"

static leak_rule *const in_order[] = {
#define RUN(ID, id, name, question) rule_##id,
#define WITH(ID, name, question)
	LEAKS_RULES(RUN, WITH)
#undef RUN
#undef WITH
};

/* Goroutines that wait all their life, by what they are. */
static void count_quiet(struct leaks *l)
{
	const struct model *m = l->m;

	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		const struct task *task = &m->tasks.list.v[t];
		const char *what = l->task_finding[t] || task->flags & TASK_SYSTEM
					   ? NULL
					   : exempt_task(m, task);
		size_t k = 0;
		if (!what)
			continue;
		while (k < l->out->quiet.n && l->out->quiet.v[k].what != what)
			k++;
		if (k == l->out->quiet.n)
			VEC_PUSH(&l->out->quiet, (struct quiet){.what = what});
		l->out->quiet.v[k].count++;
	}
}

struct err *leaks_find(const struct model *m, struct reach *r, struct findings *ret)
{
	struct leaks l = {.m = m, .r = r, .out = ret};

	*ret = (struct findings){0};
	struct err *err = leak_facts(&l);
	if (!err)
		err = leak_flag_on_stack(&l);
	if (!err)
		err = alone_find(m, r, &l.alone);
	for (size_t k = 0; !err && k < sizeof(in_order) / sizeof(in_order[0]); k++)
		err = in_order[k](&l);
	if (!err) {
		count_quiet(&l);
		crowds_find(&l);
	}
	leak_facts_free(&l);
	if (err)
		findings_free(ret);
	else
		findings_sort(ret);
	return err;
}
