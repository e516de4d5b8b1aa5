#include "analysis/task_groups.h"

static const char *func_of(const struct model *m, uint32_t frame)
{
	const char *func = frame < m->rt->frames.n ? m->rt->frames.v[frame].func : NULL;

	return func ? func : "?";
}

const char *task_func(const struct model *m, uint32_t task)
{
	return func_of(m, m->tasks.list.v[task].frame);
}

const char *task_maker(const struct model *m, uint32_t task)
{
	return func_of(m, m->tasks.list.v[task].created);
}

/* Names of functions are kept once in the program: equal pointers are equal names. */
static uint64_t key_of(const struct model *m, uint32_t task, uint64_t extra)
{
	uint64_t a = (uint64_t)(uintptr_t)task_func(m, task), b = (uint64_t)(uintptr_t)task_maker(m, task);

	return ((a * 31 ^ b) * UINT64_C(0xd6e8feb86659fd93) ^ extra) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

struct task_set *task_sets_add(struct leaks *l, struct task_sets *s, uint32_t task, uint64_t extra, uint32_t context)
{
	uint32_t at = u64map_add(&s->index, key_of(l->m, task, extra), (uint32_t)s->list.n);

	if (at == s->list.n)
		VEC_PUSH(&s->list, (struct task_set){.context = context});
	struct task_set *set = &s->list.v[at];
	VEC_PUSH(&set->tasks, task);
	set->bytes += l->task_bytes[task];
	return set;
}

void task_sets_free(struct task_sets *s)
{
	for (size_t k = 0; k < s->list.n; k++)
		VEC_FREE(&s->list.v[k].tasks);
	VEC_FREE(&s->list);
	u64map_free(&s->index);
}

void task_set_say(struct leaks *l, struct finding *f, const struct task_set *s)
{
	f->count = f->tasks = s->tasks.n;
	f->bytes = s->bytes;
	say_tasks(l, f, s->tasks.v, s->tasks.n);
	say_waits(l, f, s->tasks.v, s->tasks.n);
	say_creators(l, f, s->tasks.v, s->tasks.n);
	finding_next(f, "goctx bt %llu", (unsigned long long)l->m->tasks.list.v[s->tasks.v[0]].goid);
}

uint32_t task_context(const struct model *m, uint32_t task)
{
	const struct task *t = &m->tasks.list.v[task];

	for (uint32_t k = 0; k < t->nwaits; k++) {
		uint32_t c = m->tasks.waits.v[t->wait_first + k].context;
		if (c < m->ctxs.n)
			return c;
	}
	return CTX_NONE;
}
