#include "context/chain.h"

#include <inttypes.h>

#include "context/build.h"
#include "context/build_internal.h"

#define GENERATIONS_MAX 100000

struct chain {
	struct builder *b; /* NULL: nobody has asked yet */
	struct model m;
};

struct chain *chain_new(void)
{
	return mem_zalloc(sizeof(struct chain));
}

bool ctx_type_is(const struct ctx_type *t, const char *name)
{
	return strcmp(t->full + (*t->full == '*'), name + (*name == '*')) == 0;
}

static uint32_t type_wanted(const struct builder *b, taddr rtype, const char *name)
{
	for (uint32_t i = 2; i < b->m->types.n; i++) {
		const struct ctx_type *t = &b->m->types.v[i];
		if (rtype ? t->rtype == rtype : ctx_type_is(t, name))
			return i;
	}
	return CTX_NONE;
}

/* Background and TODO are entries of every model, whatever words they have. */
static bool is_pseudo(const struct builder *b, uint32_t type, taddr addr, uint32_t *ret)
{
	const struct ctx_type *t = &b->m->types.v[type];

	if (t->kind > CTX_TODO)
		return false;
	*ret = t->kind == CTX_TODO || (t->by_pointer && addr && addr == b->todo);
	*(*ret ? &b->m->has_todo : &b->m->has_background) = true;
	return true;
}

static bool is_one(struct builder *b, uint32_t type, taddr addr)
{
	const uint8_t *p = target_ptr(b->rt->t, addr, fill_needs(&b->rt->L, &b->m->types.v[type]));

	return p && fill_plausible(b, (uint16_t)type, p);
}

static void forget_contexts(struct model *m)
{
	m->ctxs.n = 0;
	m->roots.n = 0;
	m->has_background = m->has_todo = false;
	m->contexts = m->only_heap = m->lookalikes = 0;
	memset(m->by_kind, 0, sizeof(m->by_kind));
	memset(m->by_state, 0, sizeof(m->by_state));
	u64map_free(&m->others);
	u64map_free(&m->by_done);
	model_add_pseudo(m);
}

static struct chain *chain_of(const struct model *m)
{
	struct chain *c = m->chain;

	if (!c->b) {
		c->b = builder_open(m->rt, &c->m);
		kinds_load(c->b);
		kinds_name_pseudo(c->b);
	}
	forget_contexts(&c->m);
	return c;
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	if (c->b) {
		builder_close(c->b);
		model_free(&c->m);
	}
	free(c);
}

struct err *chain_read(const struct model *m, taddr addr, taddr rtype, const char *name,
		       const struct model **ret, uint32_t *index_ret)
{
	struct chain *c = chain_of(m);
	uint32_t type = type_wanted(c->b, rtype, name);

	*ret = &c->m;
	if (type == CTX_NONE)
		return err_new(ERR_ABSENT, "no context has that type");
	if (!is_pseudo(c->b, type, addr, index_ret)) {
		if (!is_one(c->b, type, addr))
			return err_new(ERR_ABSENT, "0x%" PRIx64 " is no context", addr);
		*index_ret = fill_add(c->b, addr, (uint16_t)type, CTX_FROM_PAIR);
		link_parents(c->b, GENERATIONS_MAX);
		if (c->m.ctxs.v[*index_ret].flags & CTX_DAMAGED)
			return err_new(ERR_ABSENT,
				       "0x%" PRIx64 " is no context: its parent is none", addr);
	}
	return graph_build(c->b);
}
