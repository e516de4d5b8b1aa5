#include "analysis/cancel_ways.h"

#include <stdlib.h>

#include "analysis/reach.h"
#include "context/detail.h"
#include "runtime/defer.h"

#define WAYS_MAX 64 /* a context has one CancelFunc; many more mean damage */

static bool is_func(uint8_t kind)
{
	return kind == CANCELER_FUNC || kind == CANCELER_STOP;
}

/* In order of kind; cancelers_of() gives those of one kind by address. */
static void take(const struct cancelers *all, uint32_t i, struct ways *w)
{
	uint32_t first, n = cancelers_of(all, i, &first);

	for (unsigned kind = CANCELER_FUNC; kind <= CANCELER_WATCHER; kind++) {
		for (uint32_t k = first; k < first + n; k++) {
			const struct canceler *c = &all->list.v[k];
			if (c->kind != kind)
				continue;
			w->func |= is_func(c->kind);
			if (w->list.n >= WAYS_MAX) {
				w->more++;
				continue;
			}
			VEC_PUSH(&w->list, (struct way){.closure = c->closure,
							.func = c->func,
							.task = c->task,
							.frame = FRAME_NONE,
							.kind = c->kind});
		}
	}
}

static enum gap why_unsure(const struct model *m, const struct cancelers *c)
{
	if (!m->rt->heap)
		return GAP_NO_HEAP;
	if (c->no_code)
		return GAP_FUNCTIONS;
	if (c->unread)
		return GAP_CLOSURES;
	return c->pgo ? GAP_PROFILE : GAP_NONE;
}

static void look_above(const struct model *m, uint32_t i, struct ways *w)
{
	struct ctx_above a = ctx_above(m, i);

	w->foreign = a.foreign;
	w->above = a.canceler < m->ctxs.n && m->ctxs.v[a.canceler].state == CTX_ACTIVE ? a.canceler
										       : CTX_NONE;
	w->above_sure =
		w->above != CTX_NONE && (!a.foreign || m->ctxs.v[i].flags & CTX_IN_PARENT_MAP);
}

/* ---- deferred ---- */

struct defers {
	const struct model *m;
	struct ways *w;
	uint32_t task;
	size_t left; /* closures for which no deferred call has been found yet */
};

/* The function of the frame itself: what is inlined into it has no deferred calls of its own. */
static uint32_t frame_at(const struct runtime *rt, uint32_t info)
{
	const struct pcinfo *pc = info < rt->pcs.n && rt->pcs.v[info].n ? &rt->pcs.v[info] : NULL;

	return pc ? pc->first + pc->n - 1u : FRAME_NONE;
}

static bool on_defer(void *arg, const struct defer_call *d)
{
	struct defers *s = arg;

	for (size_t k = 0; k < s->w->list.n; k++) {
		struct way *way = &s->w->list.v[k];
		if (!is_func(way->kind) || way->held || way->closure != d->fn)
			continue;
		way->held = HELD_DEFERRED;
		way->task = s->task;
		way->frame = frame_at(s->m->rt, d->info);
		s->left--;
	}
	return s->left > 0;
}

static struct err *find_defers(const struct model *m, struct ways *w)
{
	struct defers s = {.m = m, .w = w};

	for (size_t k = 0; k < w->list.n; k++)
		s.left += is_func(w->list.v[k].kind);
	for (size_t t = 0; t < m->tasks.list.n && s.left; t++) {
		s.task = (uint32_t)t;
		defers_each(m->rt, &m->tasks.list.v[t], on_defer, &s);
		if (t % 1024 == 0 && runtime_canceled(m->rt))
			return err_interrupted();
	}
	return NULL;
}

/* ---- held ---- */

#define HOLDERS 4 /* that are told */

static void name_paths(const struct model *m, const struct paths *p, struct way *way)
{
	way->path = mem_alloc(sizeof(*way->path));
	steps_build(m, &p->list.v[0], way->path);
	way->held = HELD_PATH;
	way->task = way->path->task;
	for (size_t k = 1; k < p->list.n && k < HOLDERS; k++) {
		struct steps s;
		steps_build(m, &p->list.v[k], &s);
		VEC_PUSH(&way->others, s);
	}
	way->more = p->list.n > HOLDERS || !p->all;
}

/* Find what holds the first CancelFunc that no goroutine has deferred. */
static struct err *find_holder(const struct model *m, struct ways *w)
{
	struct way *way = NULL;
	struct paths p;

	for (size_t k = 0; k < w->list.n && !way; k++)
		if (is_func(w->list.v[k].kind) && !w->list.v[k].held)
			way = &w->list.v[k];
	if (!way)
		return NULL;
	struct err *err = paths_find(m, way->closure, HOLDERS + 1, &p);
	if (err && err->kind != ERR_CANCELED) {
		w->gap = GAP_NO_HEAP;
		way->held = HELD_UNKNOWN;
		err_free(err);
		return NULL;
	}
	if (err)
		return err;
	if (p.list.n && p.list.v[0].hops.n) {
		name_paths(m, &p, way);
	} else {
		way->held = p.complete ? HELD_NOTHING : HELD_UNKNOWN;
		w->gap = p.complete ? GAP_NONE : p.gap;
	}
	paths_free(&p);
	return NULL;
}

/* ---- lost ---- */

/*
 * Set way->lost where no marking is needed: a CancelFunc that a running goroutine or a variable
 * holds may be called.
 * @return false: that depends on whether parked goroutines can run again
 */
static bool settle_lost(const struct model *m, struct way *way)
{
	const struct task *t = way->task < m->tasks.list.n ? &m->tasks.list.v[way->task] : NULL;
	bool parked = t && (t->status == TASK_WAITING || t->status == TASK_LEAKED);

	if (way->held != HELD_PATH && way->held != HELD_DEFERRED)
		return true;
	way->lost = parked || way_is_final(way) ? LOST_UNKNOWN : LOST_NO;
	return way->lost == LOST_NO;
}

static void take_stage(const struct reach *r, uint32_t i, struct way *way)
{
	uint32_t first, n = cancelers_of(&r->cancelers, i, &first);

	for (uint32_t k = first; k < first + n; k++) {
		const struct canceler *c = &r->cancelers.list.v[k];
		if (!is_func(c->kind) || c->closure != way->closure)
			continue;
		if (c->stage == REACH_LIVE)
			way->lost = LOST_NO;
		else if (reach_unused(r, c->stage))
			way->lost = LOST_YES;
	}
}

static struct err *find_lost(const struct model *m, uint32_t i, struct ways *w)
{
	struct reach r;
	bool ask = false;

	for (size_t k = 0; k < w->list.n; k++)
		if (is_func(w->list.v[k].kind))
			ask |= !settle_lost(m, &w->list.v[k]);
	if (!ask)
		return NULL;
	struct err *err = reach_build(m, &r);
	if (err && err->kind != ERR_CANCELED) {
		err_free(err); // no proof; the holder that was found is still shown
		return NULL;
	}
	if (err)
		return err;
	w->lost = w->func && !w->more;
	for (size_t k = 0; k < w->list.n; k++) {
		if (!is_func(w->list.v[k].kind))
			continue;
		take_stage(&r, i, &w->list.v[k]);
		w->lost &= w->list.v[k].lost == LOST_YES;
	}
	reach_free(&r);
	return NULL;
}

struct err *ways_find(const struct model *m, uint32_t i, struct ways *ret)
{
	const struct ctx *c = &m->ctxs.v[i];
	struct cancelers all;

	*ret = (struct ways){.above = CTX_NONE};
	ret->asked = c->state == CTX_ACTIVE && ctx_kind_has_done(c->kind);
	if (!ret->asked)
		return NULL;
	struct err *err = cancelers_find(m, &all);
	if (err)
		return err;
	take(&all, i, ret);
	ret->unsure = (uint8_t)why_unsure(m, &all);
	cancelers_free(&all);
	look_above(m, i, ret);
	err = find_defers(m, ret);
	if (!err)
		err = find_holder(m, ret);
	if (!err)
		err = find_lost(m, i, ret);
	if (err)
		ways_free(ret);
	return err;
}

void ways_free(struct ways *w)
{
	for (size_t k = 0; k < w->list.n; k++) {
		struct way *way = &w->list.v[k];
		if (way->path)
			steps_free(way->path);
		free(way->path);
		for (size_t n = 0; n < way->others.n; n++)
			steps_free(&way->others.v[n]);
		VEC_FREE(&way->others);
	}
	VEC_FREE(&w->list);
	*w = (struct ways){.above = CTX_NONE};
}
