#include "analysis/programs.h"

#include "context/detail.h"

/* more contexts with many waiters below one parent are one a something: a session, a connection */
#define CROWDED_SIBLINGS 4
#define CLIMB 64 /* levels of contexts that end with the program */
#define CROWD 10 /* goroutines that wait there, and contexts below */

uint32_t programs_above(const struct model *m, uint32_t i)
{
	for (unsigned up = 0; up < CLIMB * 16; up++) {
		const struct ctx *c = &m->ctxs.v[i];
		if (ctx_cuts(c))
			return i;
		i = c->parent;
		if (i >= m->ctxs.n || ctx_own_done(m, &m->ctxs.v[i]))
			return CTX_NONE;
		if (m->ctxs.v[i].kind <= CTX_TODO || ctx_cuts(&m->ctxs.v[i]) ||
		    ctx_kind_has_done(m->ctxs.v[i].kind))
			return i;
	}
	return CTX_NONE;
}

bool programs_is_root(const struct ctx *c)
{
	return c->kind <= CTX_TODO || ctx_cuts(c);
}

static void count_up(struct u64map *counts, uint64_t key)
{
	uint32_t n = u64map_find(counts, key);

	u64map_set(counts, key, n == U64MAP_NONE ? 1 : n + 1);
}

static bool is_notify(const struct model *m, uint32_t i)
{
	unsigned looked = 0;

	for (uint32_t k = m->ctxs.v[i].first_child; k != CTX_NONE && looked < CLIMB;
	     k = m->ctxs.v[k].next_sibling, looked++) {
		const struct ctx *c = &m->ctxs.v[k];
		const char *name = c->type < m->types.n ? m->types.v[c->type].full : NULL;
		if (name && !strcmp(name, "*os/signal.signalCtx"))
			return true;
	}
	return false;
}

struct crowded {
	uint32_t context, under;
	bool notify;
};

uint8_t *programs_find(const struct model *m)
{
	uint8_t *program = mem_zalloc(m->ctxs.n + 1);
	VEC(struct crowded) found = {0};
	struct u64map siblings = {0};
	bool more = true;

	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		const struct ctx *c = &m->ctxs.v[i];
		if (c->kind != CTX_CANCEL || c->state != CTX_ACTIVE ||
		    c->tasks_below + (uint64_t)c->below < CROWD)
			continue;
		struct crowded one = {i, programs_above(m, i), is_notify(m, i)};
		if (one.under == CTX_NONE)
			continue;
		count_up(&siblings, one.under + 1ul);
		VEC_PUSH(&found, one);
	}
	for (unsigned level = 0; more && level < CLIMB; level++) {
		more = false;
		for (size_t k = 0; k < found.n; k++) {
			const struct crowded *c = &found.v[k];
			bool few = c->notify ||
				   u64map_find(&siblings, c->under + 1ul) <= CROWDED_SIBLINGS;
			if (program[c->context] || !few ||
			    !(programs_is_root(&m->ctxs.v[c->under]) || program[c->under]))
				continue;
			program[c->context] = 1;
			more = true;
		}
	}
	VEC_FREE(&found);
	u64map_free(&siblings);
	return program;
}

bool programs_ends(const struct model *m, const uint8_t *program, uint32_t i)
{
	for (unsigned up = 0; up < CLIMB * 16 && i < m->ctxs.n; up++, i = m->ctxs.v[i].parent) {
		if (program[i] || programs_is_root(&m->ctxs.v[i]))
			return true;
		if (ctx_kind_has_done(m->ctxs.v[i].kind) || ctx_own_done(m, &m->ctxs.v[i]))
			return false;
	}
	return false;
}
