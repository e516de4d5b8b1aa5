#include "analysis/made.h"

#include <math.h>
#include <stdlib.h>

struct err *made_open(const struct model *m, struct made *made)
{
	*made = (struct made){0};
	struct err *err = heap_profile_read(m->rt, &made->profile);
	size_t n = made->profile.sites.n;

	if (err || !n)
		return err;
	made->frame = mem_alloc(n * sizeof(*made->frame));
	made->in_context = mem_zalloc(n * sizeof(*made->in_context));
	for (size_t i = 0; i < n; i++)
		made->frame[i] = MADE_NOT_ASKED;
	return NULL;
}

void made_close(struct made *made)
{
	heap_profile_free(&made->profile);
	free(made->frame);
	free(made->in_context);
	*made = (struct made){0};
}

static bool begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool of_context(const struct frame *f)
{
	return f->std && begins(f->func, "context.");
}

/* Code that makes things for its callers. */
static bool for_callers(const struct frame *f)
{
	return f->std || begins(f->func, "golang.org/x/");
}

static uint32_t place_in(const struct runtime *rt, const uint32_t *frames, size_t n, bool anybodys)
{
	for (size_t i = 0; i < n && frames[i] != FRAME_NONE; i++) {
		const struct frame *f = &rt->frames.v[frames[i]];
		bool passed = anybodys ? f->plumbing || of_context(f) : for_callers(f);
		if (!f->wrapper && !passed)
			return frames[i];
	}
	return FRAME_NONE;
}

uint32_t made_place(const struct model *m, struct made *made, uint32_t site)
{
	uint32_t frames[PROFILE_STACK];

	if (made->frame[site] != MADE_NOT_ASKED)
		return made->frame[site];
	size_t n = heap_profile_stack(m->rt, &made->profile.sites.v[site], frames, PROFILE_STACK);
	uint32_t place = place_in(m->rt, frames, n, false);
	if (place == FRAME_NONE)
		place = place_in(m->rt, frames, n, true);
	for (size_t i = 0; i < n && frames[i] != FRAME_NONE && frames[i] != place; i++)
		if (of_context(&m->rt->frames.v[frames[i]]))
			made->in_context[site] = true;
	return made->frame[site] = place;
}

bool made_in_context(const struct model *m, struct made *made, uint32_t site)
{
	return made_place(m, made, site) != FRAME_NONE && made->in_context[site];
}

uint32_t made_context(const struct model *m, struct made *made, uint32_t context)
{
	const struct ctx *c = &m->ctxs.v[context];
	const struct alloc_record *r = heap_profile_find(&made->profile, c->addr);

	if (!r || r->object != c->addr || made_place(m, made, r->site) == FRAME_NONE)
		return PROFILE_NO_SITE;
	return c->kind == CTX_CUSTOM || made->in_context[r->site] ? r->site : PROFILE_NO_SITE;
}

static bool same_place(const struct model *m, uint32_t a, uint32_t b)
{
	const struct frame *x = &m->rt->frames.v[a], *y = &m->rt->frames.v[b];

	return a == b ||
	       (x->line == y->line && !strcmp(x->func, y->func) && !strcmp(x->file, y->file));
}

void made_others(const struct model *m, struct made *made, uint32_t site, struct made_others *ret)
{
	const struct heap_profile *p = &made->profile;
	uint32_t place = made_place(m, made, site);
	double about = 0;

	*ret = (struct made_others){0};
	for (uint32_t i = 0; i < p->sites.n && place != FRAME_NONE; i++) {
		const struct alloc_site *s = &p->sites.v[i];
		uint32_t other = s->live ? made_place(m, made, i) : FRAME_NONE;
		if (other == FRAME_NONE || !same_place(m, place, other))
			continue;
		ret->records += s->live;
		ret->bytes += s->live * s->size;
		if (p->state == PROFILE_ON)
			about += s->live / -expm1(-(double)s->size / (double)p->rate);
	}
	ret->about = about < 1e18 ? (uint64_t)(about + 0.5) : 0;
}
