/*
 * wait-chain: goroutines that hang on a lock, a full channel or a wait group whose holder does not
 * go on.
 *
 * The pattern     goroutines that wait for what others hold, over any number of steps, and the last
 *                 of these holders waits for one of the first (a deadlock), sends to a channel that
 *                 nobody receives from, or can never run again (waitfor.h).  What moves is left
 *                 out: a lock is only contended while its holder runs, sleeps, reads or waits for a
 *                 context; a full buffer is drained while somebody who may receive does.
 * likely          ten or more hang on chains that are alike.  Never certain: who holds a lock is
 *                 inferred
 * info            fewer, in a cycle; or the chain leads over a Cond, which somebody yet to come may
 *                 signal
 *
 * Chains whose first and last goroutines stand in the same functions are one finding.  Goroutines
 * that wait for nobody's sake are task-pileup's; where all that hang can never run again, that
 * finding is given the chain as evidence.
 */
#include "analysis/signature.h"
#include "analysis/task_sets.h"
#include "analysis/waitfor.h"

#define MANY 10

struct chain_set {
	VEC(uint32_t) tasks, chains;
	uint32_t last; /* goroutine */
	uint64_t bytes;
	bool cycle;
	bool cond; /* a step of one waits for a Cond */
};

struct chain_sets {
	struct leaks *l;
	struct waitfor w;
	struct wait_chains chains;
	VEC(struct chain_set) list;
	struct u64map by_name;
	uint32_t *set_of; /* by end: set + 1 */
};

static uint64_t name_of(const struct leaks *l, uint32_t first, uint32_t last)
{
	return sign_word(sign_word(SIGN_START, task_func(l->m, first)), task_func(l->m, last)) | 1;
}

/* The set of a chain; those that nobody holds the start of have none. */
static void add_chain(struct chain_sets *s, uint32_t chain)
{
	const struct wait_chain *c = &s->chains.list.v[chain];
	struct wait_steps steps;

	waitfor_steps(&s->w, c->start, &steps);
	uint32_t last = steps.list.v[steps.list.n - 1].task;
	if (steps.list.n > 1 || steps.back != WAIT_NO_OBJECT) {
		uint32_t at = u64map_add(&s->by_name, name_of(s->l, steps.list.v[0].task, last),
					 (uint32_t)s->list.n);
		if (at == s->list.n)
			VEC_PUSH(&s->list, (struct chain_set){.last = last, .cycle = c->cycle});
		VEC_PUSH(&s->list.v[at].chains, chain);
		for (size_t k = 0; k < steps.list.n; k++)
			s->list.v[at].cond |= steps.list.v[k].kind == WAIT_COND;
		s->set_of[c->end] = at + 1;
	}
	VEC_FREE(&steps.list);
}

/* Somebody at work would serve or leave what they wait for: no matter for rules that come later. */
static void mark_served(struct chain_sets *s)
{
	for (uint32_t i = 0; i < s->l->m->tasks.list.n; i++) {
		const struct wait_task *t = &s->w.tasks[i];
		for (uint32_t k = 0; k < t->n; k++) {
			const struct wait_object *o = &s->w.objects.v[s->w.waits.v[t->first + k]];
			if (o->moves && o->holders)
				s->l->task_flags[i] |= LEAK_TASK_SERVED;
		}
	}
}

static void add_tasks(struct chain_sets *s)
{
	for (uint32_t i = 0; i < s->l->m->tasks.list.n; i++) {
		const struct wait_task *t = &s->w.tasks[i];
		uint32_t end = t->hangs ? s->w.objects.v[t->next].end : WAIT_NO_OBJECT;
		uint32_t set = end == WAIT_NO_OBJECT ? 0 : s->set_of[end];
		if (!set || s->l->m->tasks.list.v[i].flags & TASK_SYSTEM)
			continue;
		VEC_PUSH(&s->list.v[set - 1].tasks, i);
		s->list.v[set - 1].bytes += s->l->task_bytes[i];
	}
}

static void add_steps(struct chain_sets *s, const struct chain_set *set, struct finding *f)
{
	struct evidence *e = finding_evidence(f, EV_CHAIN);

	waitfor_steps(&s->w, s->chains.list.v[set->chains.v[0]].start, &e->chain);
	e->n = set->chains.n - 1;
}

/* The finding that tells of all of them already, as of goroutines that can never run again. */
static struct finding *told_as_stuck(struct leaks *l, const struct chain_set *set)
{
	uint32_t n = l->task_finding[set->last];

	for (size_t k = 0; k < set->tasks.n; k++)
		if (!l->task_finding[set->tasks.v[k]])
			return NULL;
	return n && l->out->list.v[n - 1].rule == RULE_STUCK_TASK ? &l->out->list.v[n - 1] : NULL;
}

static void tell(struct chain_sets *s, const struct chain_set *set)
{
	struct leaks *l = s->l;
	struct finding *f = told_as_stuck(l, set);

	if (f) {
		f->also |= 1u << RULE_WAIT_CHAIN;
		add_steps(s, set, f);
		return;
	}
	if (set->tasks.n < MANY && !set->cycle)
		return;
	f = finding_new(l->out, RULE_WAIT_CHAIN,
			set->tasks.n < MANY || set->cond ? CONF_INFO : CONF_LIKELY, UNIT_TASK);
	f->count = f->tasks = set->tasks.n;
	f->bytes = set->bytes;
	f->claim.wait_chain.cycle = set->cycle;
	f->claim.wait_chain.last = set->last;
	for (size_t k = 0; k < set->tasks.n; k++)
		leak_add_task(l, f, set->tasks.v[k]);
	finding_sign(f, task_func(l->m, set->tasks.v[0]), task_func(l->m, set->last), NULL);
	add_steps(s, set, f);
	add_places(l, f, PLACE_HOLDS, &set->last, 1);
	add_places(l, f, PLACE_WAITS, set->tasks.v, set->tasks.n);
	add_waits(l, f, set->tasks.v, set->tasks.n);
	add_places(l, f, PLACE_STARTED, set->tasks.v, set->tasks.n);
	finding_next(f, NEXT_BT, l->m->tasks.list.v[set->last].goid);
	finding_next(f, NEXT_WAITS, 0);
}

struct err *rule_wait_chain(struct leaks *l)
{
	struct chain_sets s = {.l = l};
	bool *never = mem_zalloc((l->m->tasks.list.n + 1) * sizeof(*never));

	for (uint32_t i = 0; i < l->m->tasks.list.n; i++)
		never[i] = l->proof && l->r->task_stage[i] == REACH_STUCK;
	struct err *err = waitfor_build(l->m, never, &s.w);
	free(never);
	if (err)
		return err;
	waitfor_chains(&s.w, &s.chains);
	s.set_of = mem_zalloc((s.w.objects.n + 1) * sizeof(*s.set_of));
	for (uint32_t k = 0; k < s.chains.list.n; k++)
		add_chain(&s, k);
	add_tasks(&s);
	mark_served(&s);
	for (size_t k = 0; k < s.list.n; k++) {
		if (s.list.v[k].tasks.n)
			tell(&s, &s.list.v[k]);
		VEC_FREE(&s.list.v[k].tasks);
		VEC_FREE(&s.list.v[k].chains);
	}
	free(s.set_of);
	VEC_FREE(&s.list);
	VEC_FREE(&s.chains.list);
	u64map_free(&s.by_name);
	waitfor_free(&s.w);
	return NULL;
}
