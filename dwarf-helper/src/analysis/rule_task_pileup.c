/*
 * task-pileup: goroutines that pile up before a channel which nobody serves, with no context to end
 * them.
 *
 * The pattern     ten or more alike, parked in a channel send that no context's Done ends, all on
 *                 one channel on which nobody waits to receive.
 * likely          whoever started them has ended (known since Go 1.21): nobody waits for them
 * possible        their starter lives, or is not known
 *
 * Where somebody at work may receive, its buffer is being drained, and they are left out.
 * Receivers that share one channel are idle workers, and healthy.  What nothing reaches any more is
 * stuck-task's.
 */
#include "analysis/task_sets.h"

#define MANY 10

/* The one channel that it sends to with no other way out, 0: it waits otherwise. */
static taddr sends_to(struct leaks *l, uint32_t task)
{
	const struct task *t = &l->m->tasks.list.v[task];

	if ((t->status != TASK_WAITING && t->status != TASK_LEAKED) || t->nwaits != 1 ||
	    l->task_flags[task] & LEAK_TASK_SERVED)
		return 0;
	const struct task_wait *w = &l->m->tasks.waits.v[t->wait_first];
	const char *reason = task_reason(l->m->rt, t);
	if (!reason || strcmp(reason, "chan send") || w->context != CTX_NONE)
		return 0;
	return w->chan;
}

static void index_goids(const struct leaks *l, struct u64map *goids)
{
	u64map_reserve(goids, l->m->tasks.list.n);
	for (uint32_t t = 0; t < l->m->tasks.list.n; t++)
		if (l->m->tasks.list.v[t].goid)
			u64map_add(goids, l->m->tasks.list.v[t].goid, t);
}

static uint64_t living_starters(struct leaks *l, const struct task_set *s,
				const struct u64map *goids, uint64_t *known_ret)
{
	uint64_t alive = 0;

	*known_ret = 0;
	for (size_t k = 0; k < s->tasks.n; k++) {
		uint64_t parent = l->m->tasks.list.v[s->tasks.v[k]].parent_goid;
		*known_ret += parent != 0;
		alive += parent && u64map_find(goids, parent) != U64MAP_NONE;
	}
	return alive;
}

static void add_finding(struct leaks *l, const struct task_set *s, const struct u64map *goids)
{
	uint64_t known, alive = living_starters(l, s, goids, &known);
	bool orphans = known == s->tasks.n && alive * 10 < known;
	struct finding *f = finding_new(l->out, RULE_TASK_PILEUP,
					orphans ? CONF_LIKELY : CONF_POSSIBLE, UNIT_TASK);
	taddr chan = sends_to(l, s->tasks.v[0]);

	for (size_t k = 0; k < s->tasks.n; k++)
		leak_add_task(l, f, s->tasks.v[k]);
	finding_sign(f, task_func(l->m, s->tasks.v[0]), task_maker(l->m, s->tasks.v[0]), NULL);
	f->claim.pileup.orphans = orphans;
	task_set_evidence(l, f, s);
	finding_evidence(f, EV_CHANNEL)->n = chan;
	if (orphans)
		finding_evidence(f, EV_CONTEXTLESS);
	finding_next(f, NEXT_WHY, chan);
}

struct err *rule_task_pileup(struct leaks *l)
{
	struct task_sets sets = {0};
	struct u64map goids = {0};

	for (uint32_t t = 0; t < l->m->tasks.list.n; t++) {
		taddr chan = l->task_finding[t] || l->m->tasks.list.v[t].flags & TASK_SYSTEM
				     ? 0
				     : sends_to(l, t);
		if (chan && !exempt_task(l->m, &l->m->tasks.list.v[t]))
			task_sets_add(l, &sets, t, chan, CTX_NONE);
	}
	for (size_t k = 0; k < sets.list.n; k++)
		if (sets.list.v[k].tasks.n >= MANY) {
			if (!goids.n)
				index_goids(l, &goids);
			add_finding(l, &sets.list.v[k], &goids);
		}
	u64map_free(&goids);
	task_sets_free(&sets);
	return NULL;
}
