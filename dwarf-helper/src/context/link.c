/* Parents and children: the parent word of every context, and what the children maps hold, until nothing new turns up. */
#include "context/build.h"

/* Address of the interface that holds the parent; false: the kind has none. */
static bool parent_slot(struct builder *b, const struct ctx *c, taddr *slot)
{
	const struct ctx_type *t = &b->m->types.v[c->type];

	if (t->inner < 0)
		return false;
	*slot = c->addr + (uint64_t)t->inner;
	if (!t->inner_via)
		return true;
	taddr via;
	if (!target_u64(b->rt->t, *slot, &via) || !via)
		return false;
	*slot = via + (uint64_t)t->inner_off;
	return true;
}

static uint32_t pseudo(struct builder *b, const struct ctx_type *t, taddr data)
{
	bool todo = t->kind == CTX_TODO || (t->by_pointer && data && data == b->todo);

	*(todo ? &b->m->has_todo : &b->m->has_background) = true;
	return todo ? 1 : 0;
}

/* A parent word that leads nowhere is damage of the child; unless it is being made, and the word is of what lay there before. */
static uint32_t wild(struct builder *b, uint32_t i)
{
	b->wild_parents += !heap_newest(b->rt, b->m->ctxs.v[i].addr);
	b->m->ctxs.v[i].flags |= CTX_DAMAGED;
	return CTX_NONE;
}

/*
 * Could a context of this type lie there?  The library's own are heap objects of their own (WithoutCancel's box may be on a stack);
 * where spans are missing, what a link points to is believed.
 */
static bool may_lie_at(struct builder *b, const struct ctx_type *t, taddr addr)
{
	const struct heap *h = b->rt->heap;
	struct heap_object o;

	if (!addr || (t->size >= 8 && addr % 8) || (t->size && !target_ptr(b->rt->t, addr, 1)))
		return false;
	if (t->kind == CTX_CUSTOM)
		return true;
	if (heap_object_at(b->rt, addr, &o))
		return o.base == addr && o.size >= t->size && !(o.span->flags & SPAN_NOSCAN);
	return !t->by_pointer || !h || h->incomplete;
}

/* Embedded by pointer is a struct that is a context of its own: that one is the parent, not what it was made on. */
static uint32_t embedded_parent(struct builder *b, const struct ctx *c)
{
	const struct ctx_type *t = &b->m->types.v[c->type];
	taddr via;

	if (t->inner < 0 || !t->inner_via || !target_u64(b->rt->t, c->addr + (uint64_t)t->inner, &via))
		return CTX_NONE;
	uint32_t p = u64map_find(&b->m->by_addr, via);
	return p != U64MAP_NONE && b->m->types.v[b->m->ctxs.v[p].type].object == t->inner_via ? p : CTX_NONE;
}

static uint32_t find_parent(struct builder *b, uint32_t i)
{
	struct model *m = b->m;
	taddr slot, itab, data;
	uint32_t embedded = embedded_parent(b, &m->ctxs.v[i]);

	if (embedded != CTX_NONE && embedded != i) {
		m->ctxs.v[embedded].flags |= CTX_FROM_PARENT;
		return embedded;
	}

	if (!parent_slot(b, &m->ctxs.v[i], &slot))
		return CTX_NONE;
	if (!target_u64(b->rt->t, slot, &itab) || !target_u64(b->rt->t, slot + 8, &data))
		return wild(b, i);
	if (!itab)
		return CTX_NONE;
	uint32_t type = kinds_of_itab(b, itab);
	if (type == U64MAP_NONE)
		return wild(b, i);
	const struct ctx_type *t = &m->types.v[type];
	if (t->kind <= CTX_TODO)
		return pseudo(b, t, data);
	uint32_t p = u64map_find(&m->by_addr, data);
	if (p == U64MAP_NONE) {
		if (!may_lie_at(b, t, data))
			return wild(b, i);
		p = fill_add(b, data, (uint16_t)type, CTX_FROM_PARENT);
	}
	m->ctxs.v[p].flags |= CTX_FROM_PARENT;
	return p; /* its own parent: a loop, which graph.c cuts and tells */
}

#define BATCH 32

/* Entries of a children map on their way: looked up in batches, so that cache misses overlap. */
struct child_visit {
	struct builder *b;
	uint32_t parent;
	unsigned n;
	struct {
		taddr itab, data;
	} key[BATCH];
};

static void unknown_child(struct child_visit *v, taddr itab, taddr data)
{
	struct builder *b = v->b;
	uint32_t type = kinds_of_itab(b, itab);

	if (type == U64MAP_NONE || !may_lie_at(b, &b->m->types.v[type], data)) {
		struct ctx *parent = &b->m->ctxs.v[v->parent];
		if (parent->flags & CTX_LOCKED) // an entry that is being written
			return;
		b->wild_children++;
		parent->flags |= CTX_DAMAGED;
		return;
	}
	uint32_t c = fill_add(b, data, (uint16_t)type, CTX_FROM_MAP);
	b->m->ctxs.v[c].flags |= CTX_IN_PARENT_MAP;
}

static void flush_children(struct child_visit *v)
{
	struct model *m = v->b->m;
	uint32_t found[BATCH];

	for (unsigned i = 0; i < v->n; i++)
		u64map_prefetch(&m->by_addr, v->key[i].data);
	for (unsigned i = 0; i < v->n; i++) {
		found[i] = u64map_find(&m->by_addr, v->key[i].data);
		if (found[i] != U64MAP_NONE)
			__builtin_prefetch(&m->ctxs.v[found[i]].flags, 1);
	}
	for (unsigned i = 0; i < v->n; i++) {
		if (found[i] != U64MAP_NONE)
			m->ctxs.v[found[i]].flags |= CTX_FROM_MAP | CTX_IN_PARENT_MAP;
		else
			unknown_child(v, v->key[i].itab, v->key[i].data);
	}
	v->n = 0;
}

/* A key of the children map: a canceler interface whose data word is the child. */
static bool visit_child(void *arg, taddr key, taddr elem)
{
	struct child_visit *v = arg;
	const uint8_t *p = target_ptr(v->b->rt->t, key, 16);

	(void)elem;
	if (!p) {
		v->b->wild_children++;
		return true;
	}
	memcpy(&v->key[v->n++], p, 16);
	if (v->n == BATCH)
		flush_children(v);
	return !runtime_canceled(v->b->rt);
}

static void read_children(struct builder *b, uint32_t i)
{
	struct child_visit v = {.b = b, .parent = i};
	struct gomap_state st;
	taddr map;

	if (!b->m->ctxs.v[i].children)
		return;
	if (!target_u64(b->rt->t, b->m->ctxs.v[i].addr + (uint64_t)b->rt->L.cancelCtx.children.off, &map))
		return;
	gomap_each(b->rt, map, &b->m->children_type, UINT32_MAX, visit_child, &v, &st);
	flush_children(&v);
	if (!st.readable || st.unreadable) {
		b->m->ctxs.v[i].flags |= CTX_DAMAGED;
		b->bad_maps++;
	}
}

#define CONTEXTS_MAX (1u << 28)

struct err *link_all(struct builder *b)
{
	struct model *m = b->m;

	/* The list grows while it is walked: parents and map entries that nothing else had found. */
	for (uint32_t i = 2; i < m->ctxs.n; i++) {
		if (m->ctxs.v[i].flags & CTX_LINKED)
			continue;
		uint32_t parent = find_parent(b, i);
		m->ctxs.v[i].parent = parent;
		m->ctxs.v[i].flags |= CTX_LINKED;
		if (m->ctxs.v[i].kind == CTX_CANCEL || m->ctxs.v[i].kind == CTX_TIMER || m->ctxs.v[i].kind == CTX_AFTER_FUNC)
			read_children(b, i);
		if (i % 4096 == 0 && runtime_canceled(b->rt))
			return err_new(ERR_CANCELED, "interrupted");
		if (m->ctxs.n > CONTEXTS_MAX) {
			notes_add(b->rt->notes, NOTE_LIMIT, "more than %u contexts: the parents of the others are not looked up", CONTEXTS_MAX);
			break;
		}
	}
	return NULL;
}
