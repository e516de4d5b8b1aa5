/* Parents and children: the parent word of every context, and what the children maps hold, until
 * nothing new turns up. */
#include "context/build_internal.h"

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

#define WILD_MOST 64 /* more are damage, whatever is under way */

/*
 * A parent word that leads nowhere is damage of the child; unless that is being made, and the word
 * is of what lay there before, or lies on a stack, where the slot that refers to it may no longer
 * be in use.
 */
static uint32_t wild(struct builder *b, uint32_t i)
{
	taddr addr = b->m->ctxs.v[i].addr;

	if (b->rt->heap && !b->rt->heap->incomplete && !heap_span(b->rt->heap, addr) &&
	    !(b->m->ctxs.v[i].flags & (CTX_FROM_MAP | CTX_FROM_PARENT)))
		return CTX_NONE;
	if (!heap_newest(b->rt, addr)) {
		b->wild_parents++;
		if (b->wild.n < WILD_MOST)
			VEC_PUSH(&b->wild, i);
	}
	b->m->ctxs.v[i].flags |= CTX_DAMAGED;
	return CTX_NONE;
}

/* Damaged by more than a parent that may still come. */
static void keep_damage(struct builder *b, uint32_t i)
{
	b->m->ctxs.v[i].flags |= CTX_DAMAGED;
	for (size_t k = 0; k < b->wild.n; k++)
		if (b->wild.v[k] == i)
			b->wild.v[k] = CTX_NONE;
}

/*
 * Could a context of this type lie there?  The library's own are heap objects of their own
 * (WithoutCancel's box may be on a stack); where spans are missing, what a link points to is
 * believed.
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

/* Embedded by pointer is a struct that is a context of its own: that one is the parent, not what it
 * was made on. */
static uint32_t embedded_parent(struct builder *b, const struct ctx *c)
{
	const struct ctx_type *t = &b->m->types.v[c->type];
	taddr via;

	if (t->inner < 0 || !t->inner_via ||
	    !target_u64(b->rt->t, c->addr + (uint64_t)t->inner, &via))
		return CTX_NONE;
	uint32_t p = model_at(b->m, via);
	return p != CTX_NONE && b->m->types.v[b->m->ctxs.v[p].type].object == t->inner_via
		       ? p
		       : CTX_NONE;
}

/* Type of its parent, or PARENT_NIL, PARENT_WILD; with the interface's data word. */
static uint32_t parent_type(struct builder *b, const struct ctx *c, taddr *data)
{
	taddr slot, itab;

	*data = c->parent_data;
	if (c->parent != CTX_NONE)
		return c->parent; // kept when it was read
	if (!parent_slot(b, c, &slot))
		return PARENT_NIL;
	if (!target_u64(b->rt->t, slot, &itab) || !target_u64(b->rt->t, slot + 8, data))
		return PARENT_WILD;
	if (!itab)
		return PARENT_NIL;
	uint32_t type = kinds_of_itab(b, itab);
	return type == CTX_TYPE_NONE ? PARENT_WILD : type;
}

static uint32_t find_parent(struct builder *b, uint32_t i)
{
	struct model *m = b->m;
	taddr data;
	uint32_t embedded = embedded_parent(b, &m->ctxs.v[i]);

	if (embedded != CTX_NONE && embedded != i) {
		m->ctxs.v[embedded].flags |= CTX_FROM_PARENT;
		return embedded;
	}
	uint32_t type = parent_type(b, &m->ctxs.v[i], &data);
	// The library refuses nil parents ("cannot create context from nil parent"): a zeroed page
	// looks like that.
	bool library = m->ctxs.v[i].kind >= CTX_CANCEL && m->ctxs.v[i].kind != CTX_CUSTOM;
	if (type == PARENT_NIL && !library)
		return CTX_NONE;
	if (type == PARENT_NIL || type == PARENT_WILD)
		return wild(b, i);
	const struct ctx_type *t = &m->types.v[type];
	if (t->kind <= CTX_TODO)
		return pseudo(b, t, data);
	uint32_t p = model_at(m, data);
	if (p == CTX_NONE) {
		if (!may_lie_at(b, t, data))
			return wild(b, i);
		p = fill_add(b, data, (uint16_t)type, CTX_FROM_PARENT);
	}
	m->ctxs.v[p].flags |= CTX_FROM_PARENT;
	return p; /* its own parent: a loop, which graph.c cuts and notes */
}

#define BATCH 32

/* Entries of a children map on their way: looked up in batches, so that cache misses overlap. */
struct child_visit {
	struct builder *b;
	uint32_t parent;
	bool early;   /* no contexts may be added, nothing be counted as damage */
	bool unknown; /* early: it is not all known */
	unsigned n;
	struct {
		taddr itab, data;
	} key[BATCH];
};

static void unknown_child(struct child_visit *v, taddr itab, taddr data)
{
	struct builder *b = v->b;

	if (v->early) {
		v->unknown = true;
		return;
	}
	uint32_t type = kinds_of_itab(b, itab);
	if (type == CTX_TYPE_NONE || !may_lie_at(b, &b->m->types.v[type], data)) {
		struct ctx *parent = &b->m->ctxs.v[v->parent];
		if (parent->flags & CTX_LOCKED) // an entry that is being written
			return;
		b->wild_children++;
		keep_damage(b, v->parent);
		return;
	}
	uint32_t c = fill_add(b, data, (uint16_t)type, CTX_FROM_MAP);
	b->m->ctxs.v[c].flags |= CTX_IN_PARENT_MAP;
}

static void flush_children(struct child_visit *v)
{
	struct model *m = v->b->m;

	for (unsigned i = 0; i < v->n; i++)
		model_prefetch(m, v->key[i].data);
	for (unsigned i = 0; i < v->n; i++) {
		uint32_t found = model_at(m, v->key[i].data);
		if (found != CTX_NONE)
			m->ctxs.v[found].flags |= CTX_FROM_MAP | CTX_IN_PARENT_MAP;
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
		v->b->wild_children += !v->early;
		v->unknown = true;
		return true;
	}
	memcpy(&v->key[v->n++], p, 16);
	if (v->n == BATCH)
		flush_children(v);
	return !runtime_canceled(v->b->rt);
}

/* Make context @p i the parent of the entries of its children map, if it has one.  @return false:
 * early, and not all of them are known */
static bool read_children(struct builder *b, uint32_t i, bool early)
{
	struct child_visit v = {.b = b, .parent = i, .early = early};
	const struct ctx *c = &b->m->ctxs.v[i];
	struct gomap_state st;
	taddr map;

	if (!c->children ||
	    (c->kind != CTX_CANCEL && c->kind != CTX_TIMER && c->kind != CTX_AFTER_FUNC))
		return true;
	if (!target_u64(b->rt->t, c->addr + (uint64_t)b->rt->L.cancelCtx.children.off, &map))
		return true;
	gomap_each(b->rt, map, &b->m->children_type, UINT32_MAX, visit_child, &v, &st);
	flush_children(&v);
	bool bad = !st.readable || st.unreadable;
	if (bad && !early) {
		keep_damage(b, i);
		b->bad_maps++;
	}
	return !early || (!bad && !v.unknown);
}

static void set_parent(struct ctx *c, uint32_t parent)
{
	c->parent = parent;
	c->depth = CTX_DEPTH_UNKNOWN; // what the data word stood in
	c->below = 0;
	c->flags |= CTX_LINKED;
}

#define PARENTS_AHEAD 16 /* lookups under way at a time */

struct err *link_early(struct builder *b)
{
	struct model *m = b->m;
	uint32_t left = m->heap_end; // the first that is not linked

	for (uint32_t i = 2; i < m->heap_end; i++) {
		struct ctx *c = &m->ctxs.v[i];
		if (i + PARENTS_AHEAD < m->heap_end && c[PARENTS_AHEAD].parent != CTX_NONE)
			model_prefetch(m, c[PARENTS_AHEAD].parent_data);
		left = i < left ? i : left;
		if (!(c->flags & CTX_EVIDENCE) || c->parent == CTX_NONE ||
		    c->parent == PARENT_WILD || !read_children(b, i, true))
			continue;
		const struct ctx_type *t = c->parent == PARENT_NIL ? NULL : &m->types.v[c->parent];
		uint32_t p = CTX_NONE;
		if (t && t->kind <= CTX_TODO)
			p = pseudo(b, t, c->parent_data);
		else if (t && (p = model_at(m, c->parent_data)) == CTX_NONE)
			continue;
		else if (t)
			m->ctxs.v[p].flags |= CTX_FROM_PARENT;
		set_parent(c, p);
		left = left == i ? m->heap_end : left;
		if (i % 4096 == 0 && runtime_canceled(b->rt))
			return err_interrupted();
	}
	b->linked = left;
	return NULL;
}

#define CONTEXTS_MAX (1u << 28)

struct err *link_all(struct builder *b)
{
	struct model *m = b->m;

	/* The list grows while it is walked: parents and map entries that nothing else had
	 * found. */
	for (uint32_t i = b->linked < 2 ? 2 : b->linked; i < m->ctxs.n; i++) {
		if (m->ctxs.v[i].flags & CTX_LINKED)
			continue;
		uint32_t parent = find_parent(b, i); // may move the list
		set_parent(&m->ctxs.v[i], parent);
		read_children(b, i, false);
		if (i % 4096 == 0 && runtime_canceled(b->rt))
			return err_interrupted();
		if (m->ctxs.n > CONTEXTS_MAX) {
			notes_add(b->rt->notes, NOTE_LIMIT,
				  "more than %u contexts: the parents of the others are not looked "
				  "up",
				  CONTEXTS_MAX);
			while (++i < m->ctxs.n)
				if (!(m->ctxs.v[i].flags & CTX_LINKED))
					set_parent(&m->ctxs.v[i], CTX_NONE);
			break;
		}
	}
	b->linked = (uint32_t)m->ctxs.n;
	return NULL;
}

void link_parents(struct builder *b, size_t max)
{
	struct model *m = b->m;

	for (uint32_t i = 2; i < m->ctxs.n; i++) {
		uint32_t parent =
			m->ctxs.n <= max ? find_parent(b, i) : CTX_NONE; // may move the list
		set_parent(&m->ctxs.v[i], parent);
	}
}
