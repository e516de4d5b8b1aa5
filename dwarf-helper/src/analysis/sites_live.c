#include "analysis/sites_live.h"

#include "context/detail.h"
#include "runtime/livestack.h"

#define NO_SITE U64MAP_NONE

struct counting {
	const struct model *m;
	const struct call_sites *sites;
	uint32_t *holder;      /* by context: frame of the outermost function that holds it */
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

uint64_t sites_live(const struct model *m, const struct call_sites *sites, uint64_t *live_ret)
{
	struct counting c = {.m = m, .sites = sites};
	uint64_t all = 0;

	memset(live_ret, 0, sites->list.n * sizeof(*live_ret));
	look_at_stacks(&c);
	for (uint32_t i = 0; i < m->ctxs.n && !runtime_canceled(m->rt); i++) {
		const struct ctx *x = &m->ctxs.v[i];
		if (!made_by_call(x->kind) || x->state == CTX_CANCELED || x->state == CTX_EXPIRED)
			continue;
		const struct task *t = x->tasks ? &m->tasks.list.v[ctx_task(m, i, 0)] : NULL;
		uint64_t key = key_of(&c, i, t);
		uint32_t site = u64map_find(&c.answers, key);
		if (site == U64MAP_NONE) {
			site = site_of(&c, i, t) + 1;
			u64map_set(&c.answers, key, site);
		}
		if (site)
			live_ret[site - 1]++;
		all++;
	}
	free(c.holder);
	u64map_free(&c.answers);
	return all;
}
