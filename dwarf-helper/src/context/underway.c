#include "context/underway.h"

#include "runtime/stack.h"

/* of one stack that are looked at: contexts lie near its top */
#define STACK_WORDS_MAX (1u << 20)

struct search {
	struct runtime *rt;
	bool in_context, in_channel;
};

/* runtime/chan.go, select.go: whoever stands in one of these may have taken a waiter off its
 * queue. */
static bool is_channel_op(const char *func)
{
	static const char *const name[] = {"closechan", "send",		"recv",		"chansend",
					   "chanrecv",	"selectgo",	"chansend1",	"chanrecv1",
					   "chanrecv2", "selectnbsend", "selectnbrecv", "goready",
					   "ready"};

	if (strncmp(func, "runtime.", 8))
		return false;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (!strcmp(func + 8, name[i]))
			return true;
	return false;
}

static bool look_at_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct search *s = arg;
	const struct pcinfo *p = &s->rt->pcs.v[info];

	(void)pc;
	(void)sp;
	for (uint32_t i = p->first; i < p->first + p->n; i++) {
		const char *func = s->rt->frames.v[i].func;
		s->in_context |= func && !strncmp(func, "context.", 8);
		s->in_channel |= func && is_channel_op(func);
	}
	return !s->in_context || !s->in_channel;
}

static void keep_word(struct underway *u, const struct model *m, uint64_t word)
{
	if (model_at(m, word) != CTX_NONE)
		u64map_add(&u->contexts, word, 0);
}

static void keep_registers(struct underway *u, const struct model *m, const struct task *t)
{
	struct runtime *rt = m->rt;
	uint64_t machine, tid;

	if (t->status != TASK_RUNNING || !runtime_field(rt, t->g, rt->L.g.m, &machine) ||
	    !machine || !runtime_field(rt, machine, rt->L.m.procid, &tid))
		return;
	const struct thread *th = target_thread(rt->t, (int)tid);
	for (size_t i = 0; th && th->regs_valid && i < rt->t->arch->registers; i++)
		keep_word(u, m, th->regs[i]);
}

static void keep_stack(struct underway *u, const struct model *m, const struct stack_regs *r)
{
	uint64_t word;

	for (taddr at = r->sp & ~UINT64_C(7), n = 0; at + 8 <= r->hi && n < STACK_WORDS_MAX;
	     at += 8, n++)
		if (target_u64(m->rt->t, at, &word))
			keep_word(u, m, word);
}

/* A stack that cannot be walked may be anywhere. */
static void look_at_task(struct underway *u, const struct model *m, const struct task *t)
{
	struct search s = {.rt = m->rt};
	struct stack_regs start;
	bool complete = false;

	if (!stack_start(m->rt, t, &start)) {
		u->channels |= t->status == TASK_RUNNING;
		return;
	}
	stack_walk(m->rt, &start, look_at_frame, &s, &complete);
	bool lost = !complete && t->status == TASK_RUNNING;
	u->channels |= s.in_channel || lost;
	if (!s.in_context && !lost)
		return;
	u->tasks += s.in_context;
	keep_stack(u, m, &start);
	keep_registers(u, m, t);
}

struct err *underway_find(const struct model *m, struct underway *ret)
{
	*ret = (struct underway){0};
	for (size_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		if (i % 1024 == 0 && runtime_canceled(m->rt))
			return err_interrupted();
		if (!t->nwaits)
			look_at_task(ret, m, t);
	}
	return NULL;
}

void underway_free(struct underway *u)
{
	u64map_free(&u->contexts);
}
