#include "analysis/likely.h"

#include "runtime/rtype.h"

#define CLUES_MAX 48
#define ABOVE_MAX 64 /* levels that are looked at for a timer context */

/* The name of what a closure or wrapper was written in: "main.f" of "main.f.func1.2", "main.f-fm",
 * "main.f.gowrap1", "main.f-range1".  @return its bytes, 0: it is none (cmd/compile/internal/ir:
 * closureName) */
static size_t around(const char *func, size_t n)
{
	static const char *const tails[] = {".func", ".gowrap", ".deferwrap", "-range", "."};

	for (size_t k = 0; k < sizeof(tails) / sizeof(*tails); k++) {
		size_t digits = n, tail = strlen(tails[k]);
		while (digits && func[digits - 1] >= '0' && func[digits - 1] <= '9')
			digits--;
		if (digits == n || digits <= tail || memcmp(func + digits - tail, tails[k], tail))
			continue;
		return digits - tail;
	}
	return n > 3 && !memcmp(func + n - 3, "-fm", 3) ? n - 3 : 0;
}

static void add_named(struct clues *c, enum clue_how how, const char *func, size_t n)
{
	for (size_t k = 0; k < c->list.n; k++) {
		struct clue *old = &c->list.v[k];
		if (old->n != n || memcmp(old->func, func, n))
			continue;
		old->how = (uint8_t)how < old->how ? (uint8_t)how : old->how;
		return;
	}
	if (c->list.n < CLUES_MAX)
		VEC_PUSH(&c->list, (struct clue){func, n, (uint8_t)how});
}

void clues_add(struct clues *c, enum clue_how how, const char *func)
{
	size_t n = func ? strlen(func) : 0;

	if (!n)
		return;
	add_named(c, how, func, n);
	while (how < CLUE_PACKAGE && (n = around(func, n)))
		add_named(c, how > CLUE_AROUND ? how : CLUE_AROUND, func, n);
}

void clues_add_frame(struct clues *c, const struct model *m, enum clue_how how, uint32_t frame)
{
	if (frame < m->rt->frames.n)
		clues_add(c, how, m->rt->frames.v[frame].func);
}

void clues_add_type(struct clues *c, const char *name)
{
	while (name && *name == '*')
		name++;
	clues_add(c, CLUE_PACKAGE, name);
}

void clues_add_context(struct clues *c, const struct model *m, uint32_t context)
{
	const struct ctx *x = &m->ctxs.v[context];
	taddr type, at = x->addr + (taddr)m->rt->L.valueCtx.key.off;

	c->kinds |= 1u << maker_kind(m, context);
	if (x->kind == CTX_VALUE && target_u64(m->rt->t, at, &type) && type) {
		const struct rtype *t = rtype_get(m->rt, type);
		clues_add_type(c, t ? t->full : NULL);
	}
	uint32_t up = x->parent;
	for (unsigned k = 0; k < ABOVE_MAX && up < m->ctxs.n && !c->under_timer; k++) {
		c->under_timer = m->ctxs.v[up].kind == CTX_TIMER;
		up = m->ctxs.v[up].parent;
	}
}

void clues_free(struct clues *c)
{
	VEC_FREE(&c->list);
}

/* ---- candidates ---- */

struct search {
	const struct model *m;
	const struct call_sites *sites;
	const struct clues *clues;
	VEC(uint32_t) right; /* sites of the right function */
	VEC(uint8_t) how;    /* of each of these, CLUES: none */
};

static const struct frame *frame_of(const struct search *s, uint32_t frame)
{
	return &s->m->rt->frames.v[frame];
}

static bool makes_right(const struct clues *c, unsigned maker)
{
	for (uint8_t kind = 0; kind <= CTX_OF_SIGNAL; kind++)
		if (c->kinds >> kind & 1 && maker_makes(maker, kind, c->under_timer))
			return true;
	return false;
}

static bool is_func(const struct clue *c, const char *func)
{
	return !strncmp(c->func, func, c->n) && !func[c->n];
}

static bool of_package(const struct clue *c, const char *func)
{
	size_t n = func_package(c->func);

	return n == func_package(func) && !memcmp(c->func, func, n);
}

static void better(uint8_t *how, uint8_t new)
{
	*how = new < *how ? new : *how;
}

/* By names alone. */
static void by_names(struct search *s)
{
	for (size_t k = 0; k < s->right.n; k++) {
		const struct call_site *site = &s->sites->list.v[s->right.v[k]];
		const char *func = frame_of(s, site->frame)->func;
		const char *outer = frame_of(s, site->outer)->func;
		VEC_PUSH(&s->how, site->own ? CLUE_PROGRAM : CLUES);
		for (size_t i = 0; i < s->clues->list.n; i++) {
			const struct clue *c = &s->clues->list.v[i];
			if (!frame_of(s, site->frame)->std && of_package(c, func))
				better(&s->how.v[k], CLUE_PACKAGE);
			if (c->how < CLUE_NEAR && is_func(c, outer))
				better(&s->how.v[k], CLUE_NEAR);
			if (c->how < CLUE_NEAR && is_func(c, func))
				better(&s->how.v[k], c->how);
		}
	}
}

struct stretch {
	taddr entry, end;
};

static bool span_of(const struct runtime *rt, const char *func, size_t n, struct stretch *ret)
{
	char *name = mem_strndup(func, n);
	struct pcln_func f = {0};
	bool found = false;

	for (size_t k = 0; k < rt->modules.n && !found; k++)
		found = pcln_find_name(&rt->modules.v[k].pcln, name, &f);
	free(name);
	*ret = (struct stretch){f.entry, f.end};
	return found;
}

static bool span_at(const struct runtime *rt, taddr pc, struct stretch *ret)
{
	const struct module *m = runtime_module_of_pc(rt, pc);
	struct pcln_func f = {0};
	bool found = m && pcln_find(&m->pcln, pc, &f);

	*ret = (struct stretch){f.entry, f.end};
	return found;
}

static void saw_call(void *arg, taddr pc, taddr to)
{
	bool *saw = arg;

	(void)pc, (void)to;
	*saw = true;
}

static bool calls(struct runtime *rt, const struct stretch *from, taddr to)
{
	uint64_t unread;
	bool saw = false;

	code_calls_each(rt, from->entry, from->end, &to, 1, saw_call, &saw, &unread);
	return saw;
}

/* One of the two functions calls the other. */
static void by_calls(struct search *s)
{
	struct runtime *rt = s->m->rt;
	struct stretch clue, site;

	for (size_t i = 0; i < s->clues->list.n && !runtime_canceled(rt); i++) {
		const struct clue *c = &s->clues->list.v[i];
		if (c->how >= CLUE_NEAR || !span_of(rt, c->func, c->n, &clue))
			continue;
		for (size_t k = 0; k < s->right.n; k++) {
			const struct call_site *at = &s->sites->list.v[s->right.v[k]];
			if (!at->own || s->how.v[k] <= CLUE_NEAR || !span_at(rt, at->pc, &site))
				continue;
			if (calls(rt, &clue, site.entry) || calls(rt, &site, clue.entry))
				s->how.v[k] = CLUE_NEAR;
		}
	}
}

static uint32_t count(const struct search *s, uint8_t from, uint8_t to)
{
	uint32_t n = 0;

	for (size_t k = 0; k < s->how.n; k++)
		n += s->how.v[k] >= from && s->how.v[k] <= to;
	return n;
}

static void add(const struct search *s, size_t k, struct likely *ret)
{
	const struct call_site *site = &s->sites->list.v[s->right.v[k]];

	if (!ret->n) {
		ret->how = s->how.v[k];
		ret->maker = site->maker;
		ret->package = frame_of(s, site->frame)->func;
		ret->package_n = func_package(ret->package);
	}
	if (ret->maker != site->maker)
		ret->maker = MAKERS;
	if (ret->n < LIKELY_MAX)
		ret->site[ret->n] = s->right.v[k];
	ret->n++;
}

/* Those between @p from and @p to, best first; of the same kind the program's own first. */
static void answer(const struct search *s, uint8_t from, uint8_t to, struct likely *ret)
{
	for (unsigned step = from * 2u; step < to * 2u + 2; step++)
		for (size_t k = 0; k < s->how.n; k++) {
			const struct call_site *site = &s->sites->list.v[s->right.v[k]];
			if (s->how.v[k] * 2u + !site->own == step)
				add(s, k, ret);
		}
}

void likely_find(const struct model *m, const struct call_sites *sites, const struct clues *c,
		 struct likely *ret)
{
	static const uint8_t steps[][2] = {
		{CLUE_DEFERS, CLUE_CAPTURES}, {CLUE_AROUND, CLUE_AROUND},   {CLUE_NEAR, CLUE_NEAR},
		{CLUE_PACKAGE, CLUE_PACKAGE}, {CLUE_PROGRAM, CLUE_PROGRAM},
	};
	enum { STEPS = sizeof(steps) / sizeof(*steps) };
	struct search s = {.m = m, .sites = sites, .clues = c};
	size_t k;

	*ret = (struct likely){.maker = MAKERS};
	for (uint32_t n = 0; n < sites->list.n; n++)
		if (makes_right(c, sites->list.v[n].maker))
			VEC_PUSH(&s.right, n);
	by_names(&s);
	if (!count(&s, 0, CLUE_AROUND))
		by_calls(&s);
	for (k = 0; k < STEPS && !ret->n; k++)
		answer(&s, steps[k][0], steps[k][1], ret);
	/* A library's calls alone: of the program's own, a few may have made some as well. */
	struct likely all = *ret;
	for (; k < STEPS && ret->n && all.n == ret->n && !sites->list.v[ret->site[0]].own; k++)
		answer(&s, steps[k][0], steps[k][1], &all);
	if (all.n <= LIKELY_MAX)
		*ret = all;
	ret->only = s.right.n == 1;
	VEC_FREE(&s.right);
	VEC_FREE(&s.how);
}
