#include "analysis/sites_live.h"

#include "analysis/made.h"
#include "context/detail.h"
#include "context/parts.h"
#include "runtime/livestack.h"

#define NO_SITE U64MAP_NONE

struct counting {
	const struct model *m;
	const struct call_sites *sites;
	uint32_t *holder;      /* by context: frame of the outermost function that holds it */
	uint32_t *proven;      /* by context: its site by the heap profile, NO_SITE */
	struct u64map answers; /* what is known of a context -> its site + 1, 0 none */
};

static bool live_word(void *arg, const struct live_word *w)
{
	struct counting *c = arg;
	const struct runtime *rt = c->m->rt;
	uint32_t i = w->exact ? model_at(c->m, w->value) : CTX_NONE;

	if (i != CTX_NONE && w->info < rt->pcs.n && rt->pcs.v[w->info].n)
		c->holder[i] = rt->pcs.v[w->info].first + rt->pcs.v[w->info].n - 1u;
	return true;
}

static void look_at_stacks(struct counting *c)
{
	const struct tasks *ts = &c->m->tasks;
	struct livestack_state state;

	c->holder = mem_alloc((c->m->ctxs.n + 1) * sizeof(*c->holder));
	for (size_t i = 0; i < c->m->ctxs.n; i++)
		c->holder[i] = FRAME_NONE;
	for (size_t t = 0; t < ts->list.n && !runtime_canceled(c->m->rt); t++)
		livestack_each(c->m->rt, &ts->list.v[t], live_word, c, &state);
}

/* The call in the line that a record of the heap profile names. */
static uint32_t site_at(const struct counting *c, uint32_t frame)
{
	const struct frame *f = model_frame(c->m, frame);

	for (uint32_t k = 0; f && k < c->sites->list.n; k++) {
		const struct frame *g = model_frame(c->m, c->sites->list.v[k].frame);
		if (f->line == g->line && !strcmp(f->file, g->file))
			return k;
	}
	return NO_SITE;
}

static struct err *look_at_profile(struct counting *c)
{
	struct made made;
	struct err *err = made_open(c->m, &made);

	c->proven = mem_alloc((c->m->ctxs.n + 1) * sizeof(*c->proven));
	for (size_t i = 0; i < c->m->ctxs.n; i++)
		c->proven[i] = NO_SITE;
	if (err)
		return err;
	for (size_t k = 0; k < made.profile.records.n; k++) {
		uint32_t i = model_at(c->m, made.profile.records.v[k].object);
		uint32_t site = i < c->m->ctxs.n ? made_context(c->m, &made, i) : PROFILE_NO_SITE;
		if (site != PROFILE_NO_SITE)
			c->proven[i] = site_at(c, made_place(c->m, &made, site));
	}
	made_close(&made);
	return NULL;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* Equal for contexts of which the same is known. */
static uint64_t key_of(const struct counting *c, uint32_t i, const struct task *t)
{
	const struct ctx *x = &c->m->ctxs.v[i];
	uint64_t h = mix(maker_kind(c->m, i), c->holder[i]), type = 0;

	if (x->kind == CTX_VALUE)
		target_u64(c->m->rt->t, x->addr + (taddr)c->m->rt->L.valueCtx.key.off, &type);
	h = mix(h, type);
	h = mix(h, x->parent < c->m->ctxs.n && c->m->ctxs.v[x->parent].kind == CTX_TIMER);
	if (t)
		h = mix(mix(mix(h, t->created), t->frame), t->start);
	return h | 1;
}

static uint32_t site_of(const struct counting *c, uint32_t i, const struct task *t)
{
	struct clues clues = {0};
	struct likely likely;

	clues_add_context(&clues, c->m, i);
	clues_add_frame(&clues, c->m, CLUE_HOLDS, c->holder[i]);
	if (t) {
		clues_add_frame(&clues, c->m, CLUE_STARTED, t->created);
		clues_add_frame(&clues, c->m, CLUE_WAITS, t->frame);
		clues_add_frame(&clues, c->m, CLUE_WAITS, t->start);
	}
	likely_find(c->m, c->sites, &clues, &likely);
	clues_free(&clues);
	return likely.n == 1 && (likely.how < CLUE_PROGRAM || likely.only) ? likely.site[0]
									   : NO_SITE;
}

static bool made_by_call(uint8_t kind)
{
	for (unsigned maker = 0; maker < MAKERS; maker++)
		if (kind != CTX_CUSTOM && maker_makes(maker, kind, false))
			return true;
	return false;
}

static uint32_t guess(struct counting *c, uint32_t i)
{
	const struct model *m = c->m;
	const struct task *t = m->ctxs.v[i].tasks ? &m->tasks.list.v[ctx_task(m, i, 0)] : NULL;
	uint64_t key = key_of(c, i, t);
	uint32_t site = u64map_find(&c->answers, key);

	if (site == U64MAP_NONE) {
		site = site_of(c, i, t) + 1; // NO_SITE becomes 0
		u64map_set(&c->answers, key, site);
	}
	return site - 1;
}

struct err *sites_live(const struct model *m, const struct call_sites *sites,
		       struct site_count *count_ret, uint64_t *contexts_ret)
{
	struct counting c = {.m = m, .sites = sites};
	struct err *err = look_at_profile(&c);

	*contexts_ret = 0;
	look_at_stacks(&c);
	for (uint32_t i = 0; !err && i < m->ctxs.n && !runtime_canceled(m->rt); i++) {
		const struct ctx *x = &m->ctxs.v[i];
		if (!made_by_call(x->kind) || x->state == CTX_CANCELED || x->state == CTX_EXPIRED)
			continue;
		bool proven = c.proven[i] != NO_SITE;
		uint32_t site = proven ? c.proven[i] : guess(&c, i);
		++*contexts_ret;
		if (site == NO_SITE)
			continue;
		count_ret[site].live++;
		count_ret[site].sampled += proven;
	}
	free(c.holder);
	free(c.proven);
	u64map_free(&c.answers);
	return err ? err : runtime_check(m->rt);
}
