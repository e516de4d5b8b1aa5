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

/* The site that made each context, by its own record or by that of a CancelFunc of it: the call
 * that makes the one makes the other. */
static uint32_t *made_sites(struct leaks *l)
{
	const struct model *m = l->m;
	const struct heap_profile *p = &l->made.profile;
	uint32_t *site = mem_alloc((m->ctxs.n + 1) * sizeof(*site));

	memset(site, 0xff, (m->ctxs.n + 1) * sizeof(*site));
	for (size_t k = 0; k < p->records.n; k++) {
		const struct alloc_record *r = &p->records.v[k];
		uint32_t c = model_at(m, r->object), of = u64map_find(&l->closures, r->object);
		if (c < m->ctxs.n)
			site[c] = made_context(m, &l->made, c);
		else if (of < m->ctxs.n && site[of] == PROFILE_NO_SITE &&
			 made_in_context(m, &l->made, r->site))
			site[of] = r->site;
	}
	return site;
}

static struct err *find_made(struct leaks *l)
{
	struct err *err = l->out->list.n ? made_open(l->m, &l->made) : NULL;

	if (err || !l->made.profile.records.n)
		return err;
	uint32_t *site = made_sites(l);
	for (size_t k = 0; k < l->out->list.n; k++)
		add_made(l, &l->out->list.v[k], site);
	free(site);
	return NULL;
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
	if (!err)
		err = find_made(&l);
	if (!err)
		err = leak_probably_made(&l);
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
