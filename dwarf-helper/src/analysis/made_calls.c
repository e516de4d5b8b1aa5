/*
 * Where the contexts of findings were made, as far as the calls in the code tell (likely.h).
 */
#include "analysis/leaks.h"

#include "context/detail.h"

#define SAMPLE 64    /* contexts and goroutines of a finding that are looked at */
#define WAITERS 4    /* goroutines that wait for one of them */
#define STACKS 32    /* whose frames are looked at */
#define CUSTOM_MAX 8 /* custom contexts that wrap each other */

struct look {
	struct leaks *l;
	struct clues clues;
	uint32_t contexts[SAMPLE], tasks[SAMPLE];
	size_t ncontexts, ntasks;
};

/* A context of a type of the program's is made by no function of package context; what it wraps
 * is. */
static void add_context(struct look *k, uint32_t i)
{
	const struct model *m = k->l->m;

	for (unsigned n = 0; n < CUSTOM_MAX && i < m->ctxs.n && m->ctxs.v[i].kind == CTX_CUSTOM;
	     n++)
		i = m->ctxs.v[i].parent;
	if (i >= m->ctxs.n || m->ctxs.v[i].kind == CTX_BACKGROUND ||
	    m->ctxs.v[i].kind == CTX_TODO || exempt_context(m, i))
		return;
	for (size_t n = 0; n < k->ncontexts; n++)
		if (k->contexts[n] == i)
			return;
	if (k->ncontexts < SAMPLE)
		k->contexts[k->ncontexts++] = i;
}

static void add_task(struct look *k, uint32_t t)
{
	for (size_t n = 0; n < k->ntasks; n++)
		if (k->tasks[n] == t)
			return;
	if (k->ntasks < SAMPLE && t < k->l->m->tasks.list.n)
		k->tasks[k->ntasks++] = t;
}

/* The finding's contexts, else those that its goroutines wait for. */
static void choose_contexts(struct look *k, const struct finding *f)
{
	const struct tasks *ts = &k->l->m->tasks;

	for (size_t n = 0; n < f->contexts.n && n < SAMPLE; n++)
		add_context(k, f->contexts.v[n]);
	for (size_t n = 0; !f->contexts.n && n < f->goroutines.n && n < SAMPLE; n++) {
		const struct task *t = &ts->list.v[f->goroutines.v[n]];
		for (uint32_t w = 0; w < t->nwaits && w < WAITERS; w++)
			add_context(k, ts->waits.v[t->wait_first + w].context);
	}
}

static void choose_tasks(struct look *k, const struct finding *f)
{
	const struct model *m = k->l->m;

	for (size_t n = 0; n < k->ncontexts; n++) {
		uint32_t i = k->contexts[n];
		for (uint32_t w = 0; w < m->ctxs.v[i].tasks && w < WAITERS; w++)
			add_task(k, ctx_task(m, i, w));
		add_task(k, k->l->ctx[i].holder);
	}
	for (size_t n = 0; n < f->goroutines.n && n < SAMPLE; n++)
		add_task(k, f->goroutines.v[n]);
}

/* A frame, and what was inlined at the place where it stands: those come before it. */
static void add_frames(struct look *k, enum clue_how how, uint32_t frame)
{
	const struct runtime *rt = k->l->m->rt;

	clues_add_frame(&k->clues, k->l->m, how, frame);
	for (; frame < rt->frames.n && frame && rt->frames.v[frame - 1].inlined; frame--)
		clues_add_frame(&k->clues, k->l->m, how, frame - 1);
}

static bool held(void *arg, const struct stack_hold *h)
{
	struct look *k = arg;

	for (size_t n = 0; n < k->ncontexts; n++)
		if (k->contexts[n] == h->context)
			add_frames(k, h->func ? CLUE_DEFERS : CLUE_HOLDS, h->frame);
	return true;
}

static void ask_tasks(struct look *k)
{
	const struct tasks *ts = &k->l->m->tasks;

	for (size_t n = 0; n < k->ntasks; n++) {
		const struct task *t = &ts->list.v[k->tasks[n]];
		if (n < STACKS)
			leak_holds(k->l, k->tasks[n], held, k);
		clues_add_frame(&k->clues, k->l->m, CLUE_STARTED, t->created);
		clues_add_frame(&k->clues, k->l->m, CLUE_WAITS, t->frame);
		clues_add_frame(&k->clues, k->l->m, CLUE_WAITS, t->start);
	}
}

static void ask_finding(struct look *k, const struct finding *f)
{
	static const uint8_t how[PLACE_ROLES] = {[PLACE_WAITS] = CLUE_WAITS,
						 [PLACE_STARTED] = CLUE_STARTED,
						 [PLACE_HOLDS] = CLUE_HOLDS,
						 [PLACE_CANCELS] = CLUE_DEFERS,
						 [PLACE_MADE] = CLUE_HOLDS};
	const struct model *m = k->l->m;

	for (size_t n = 0; n < f->locations.n; n++)
		clues_add_frame(&k->clues, m, how[f->locations.v[n].role], f->locations.v[n].frame);
	const struct evidence *e = finding_find(f, EV_DEFERRED);
	if (e)
		clues_add_frame(&k->clues, m, CLUE_DEFERS,
				e->n ? (uint32_t)e->n - 1 : m->tasks.list.v[e->task].frame);
}

/* Closures on the path to them, and types; the frame that the path begins in may hold anything. */
static void ask_holder(struct look *k, const struct steps *s)
{
	for (size_t n = 0; n < s->list.n; n++) {
		struct step *step = &s->list.v[n];
		for (size_t i = 0; i < step->via.list.n; i++) {
			const struct link *link = &step->via.list.v[i];
			if (link->kind == LINK_CAPTURE || link->kind == LINK_CAPTURE_AT ||
			    link->kind == LINK_RECEIVER)
				clues_add(&k->clues, CLUE_CAPTURES, link->func);
		}
		clues_add(&k->clues, CLUE_CAPTURES, step->type.func);
		if (step->type.name.n)
			clues_add_type(&k->clues, buf_cstr(&step->type.name));
	}
}

static void add_locations(struct finding *f, const struct call_sites *sites,
			  const struct likely *likely)
{
	finding_evidence(f, EV_PROBABLY)->likely = *likely;
	for (uint32_t k = 0; likely->n <= LIKELY_MAX && k < likely->n; k++)
		VEC_PUSH(&f->locations,
			 (struct location){.role = PLACE_MADE,
					   .source = SOURCE_CALL,
					   .frame = sites->list.v[likely->site[k]].frame});
}

static bool proven(const struct finding *f)
{
	for (size_t n = 0; n < f->locations.n; n++)
		if (f->locations.v[n].role == PLACE_MADE)
			return true;
	return false;
}

static void look_at(struct leaks *l, struct finding *f, const struct call_sites *sites)
{
	struct look k = {.l = l};
	struct likely likely;

	choose_contexts(&k, f);
	if (k.ncontexts) {
		choose_tasks(&k, f);
		for (size_t n = 0; n < k.ncontexts; n++)
			clues_add_context(&k.clues, l->m, k.contexts[n]);
		ask_tasks(&k);
		ask_finding(&k, f);
		if (f->holder)
			ask_holder(&k, f->holder);
		likely_find(l->m, sites, &k.clues, &likely);
		if (likely.n)
			add_locations(f, sites, &likely);
	}
	clues_free(&k.clues);
}

struct err *leak_probably_made(struct leaks *l)
{
	struct call_sites sites;
	struct err *err = NULL;

	if (!l->out->list.n)
		return NULL;
	err = call_sites_find(l->m, &sites);
	if (err)
		return err;
	for (size_t k = 0; k < l->out->list.n && !runtime_canceled(l->m->rt); k++)
		if (!proven(&l->out->list.v[k]))
			look_at(l, &l->out->list.v[k], &sites);
	call_sites_free(&sites);
	return runtime_check(l->m->rt);
}
