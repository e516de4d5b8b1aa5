/*
 * Which of the objects that look like contexts are contexts, and of which type.
 *
 * A job in a queue, {context.Context, name, done channel}, looks as a custom context does; so shape
 * proves nothing.  An object is a context because something refers to it as one: an interface value
 * of its type (a parent word and a key of a children map are such, too), the code of the CancelFunc
 * that has captured it, the type that the allocator wrote in front of it; and it has the type that
 * the reference names.  A cancelCtx can also prove itself, by a done channel that agrees with its
 * err.
 */
#include <stdlib.h>

#include "context/build_internal.h"

#define REFS_AHEAD 16 /* lookups whose cache misses overlap */
/* structs within structs that are followed down their first fields */
#define FIRST_FIELDS 8

/* Background and TODO: zero-size values at runtime.zerobase since 1.21, before that what two
 * variables point to. */
static void apply_pseudo(struct builder *b, const struct ctx_type *t, taddr data)
{
	if (t->by_pointer && data && (data == b->todo || data == b->background))
		*(data == b->todo ? &b->m->has_todo : &b->m->has_background) = true;
	else if (!t->by_pointer && data && data == b->rt->L.var[LAYOUT_VAR_zerobase].addr)
		*(t->kind == CTX_TODO ? &b->m->has_todo : &b->m->has_background) = true;
}

/* Does a value of the one type begin with one of the other?  Then both have the same address, as a
 * timerCtx and its cancelCtx. */
static bool begins_with(struct builder *b, uint16_t outer, uint16_t inner)
{
	taddr wanted = b->m->types.v[inner].object;
	const struct rtype *ty = rtype_get(b->rt, b->m->types.v[outer].object);

	for (int depth = 0; ty && depth < FIRST_FIELDS; depth++) {
		if (ty->kind != GO_STRUCT || !ty->nfields || ty->fields[0].off)
			return false;
		if (ty->fields[0].type == wanted)
			return true;
		ty = rtype_get(b->rt, ty->fields[0].type);
	}
	return false;
}

/*
 * Context @p i is referred to as @p type, and was taken for another one.
 * @return true when it is of that type from now on
 */
static bool settle_type(struct builder *b, uint32_t i, uint16_t type, bool stale)
{
	struct ctx *c = &b->m->ctxs.v[i];
	uint16_t old = c->type;

	if (c->flags & CTX_EVIDENCE &&
	    (begins_with(b, old, type) || b->m->types.v[old].object == b->m->types.v[type].object))
		return false; // part of it, or a pointer to what an interface holds
	if (!find_fits(b, type, c->addr))
		return false;
	if (!(c->flags & CTX_EVIDENCE) || begins_with(b, type, old)) {
		fill_retype(b, i, type);
		return true;
	}
	if (!stale)
		c->flags |= CTX_TWO_TYPES;
	return false;
}

static bool add(struct builder *b, uint32_t i, uint16_t type, uint16_t from, bool stale)
{
	struct ctx *c = &b->m->ctxs.v[i];

	if (c->type != type && !settle_type(b, i, type, stale))
		return false;
	/* Until it was known to be a context, its channel was not looked up. */
	b->done_stale |= c->kind == CTX_CUSTOM && c->done && !(c->flags & CTX_EVIDENCE);
	c->flags |= from;
	return true;
}

bool evidence_by_type(struct builder *b, uint32_t i, uint16_t type, uint16_t from)
{
	return add(b, i, type, from, true);
}

static void apply(struct builder *b, uint64_t ref, bool stale)
{
	taddr data = ref & REF_ADDR_MASK;
	uint16_t type = ref >> REF_ADDR_BITS & WORD_TYPE_MASK,
		 from = ref & REF_CODE ? CTX_FROM_CODE : CTX_FROM_PAIR;
	const struct ctx_type *t = &b->m->types.v[type];

	if (t->kind <= CTX_TODO) {
		apply_pseudo(b, t, data);
		return;
	}
	uint32_t i = model_at(b->m, data);
	if (i == CTX_NONE) {
		if (data && data % 8 == 0 && find_fits(b, type, data))
			fill_add(b, data, type, from);
		return;
	}
	add(b, i, type, from, stale);
}

void refs_apply(struct builder *b, const struct ref_list *l, bool stale)
{
	for (size_t i = 0; i < l->v.n; i++) {
		if (i + REFS_AHEAD < l->v.n)
			model_prefetch(b->m, l->v.v[i + REFS_AHEAD] & REF_ADDR_MASK);
		apply(b, l->v.v[i], stale);
	}
}

/* context.Canceled, which is a variable of package context: recognised by its text. */
static bool is_canceled(struct builder *b, const struct ctx *c)
{
	const struct layout_field f = b->rt->L.cancelCtx.err;
	taddr word, data;
	struct buf text = {0};

	if (!target_u64(b->rt->t, c->addr + (taddr)f.off, &word) ||
	    !target_u64(b->rt->t, c->addr + (taddr)f.off + 8, &data))
		return false;
	taddr type = LAYOUT_HAS(b->rt->L.cancelCtx.err_v) ? word : rtype_of_itab(b->rt, word);
	bool same = type && value_print_error(b->rt, &text, type, data) &&
		    strcmp(buf_cstr(&text), "context canceled") == 0;
	buf_free(&text);
	return same;
}

/*
 * context.go: a cancelCtx makes its done channel as a chan struct{}, on the heap, and closes it
 * when it sets err; or puts closedchan there.  Its mutex is free or locked.  A struct of the user's
 * with the same fields would have to keep to that by chance.
 */
static bool proves_itself(struct builder *b, const struct ctx *c)
{
	const struct layout *l = &b->rt->L;
	uint64_t type, closed, mutex, elem = 0;

	if ((c->kind != CTX_CANCEL && c->kind != CTX_TIMER && c->kind != CTX_AFTER_FUNC) ||
	    !c->done || !LAYOUT_HAS(l->cancelCtx.done_v))
		return false;
	if (!target_u64(b->rt->t, c->addr + (taddr)l->cancelCtx.mu_state.off, &mutex) ||
	    (mutex && !(mutex & 1)))
		return false;
	if (c->state == CTX_CANCELED && !is_canceled(b, c))
		return false;
	if (!target_u64(b->rt->t, c->addr + (taddr)l->cancelCtx.done.off, &type) ||
	    !runtime_field(b->rt, c->done, l->hchan.closed, &closed) ||
	    !runtime_field(b->rt, c->done, l->hchan.elemsize, &elem))
		return false;
	const struct rtype *ty = rtype_get(b->rt, type);
	const struct rtype *of =
		ty && ty->kind == GO_CHAN && !ty->named ? rtype_get(b->rt, ty->elem) : NULL;
	if (!of || of->kind != GO_STRUCT || of->size || elem)
		return false;
	bool over = c->state == CTX_CANCELED || c->state == CTX_EXPIRED;
	if (c->done == b->closedchan)
		return over;
	return over == (closed != 0) && (!b->rt->heap || heap_span(b->rt->heap, c->done));
}

/* Leave out what has no evidence; *to_ret: old index -> new one, CTX_NONE for those left out. */
static void drop(struct builder *b, uint32_t *to)
{
	struct model *m = b->m;
	uint32_t n = 2, heap_end = m->heap_end;

	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		const struct ctx *c = &m->ctxs.v[i];
		to[i] = i;
		if (i < 2)
			continue;
		if (i == m->heap_end)
			heap_end = n;
		if (!(c->flags & CTX_EVIDENCE)) {
			to[i] = CTX_NONE;
			m->lookalikes++;
			b->bad_maps -= (c->flags & CTX_BAD_MAP) != 0;
			continue;
		}
		to[i] = n;
		m->ctxs.v[n++] = *c;
	}
	m->heap_end = m->heap_end == m->ctxs.n ? n : heap_end;
	m->ctxs.n = n;
}

/* Everything that names contexts by their index, anew. */
static void renumber(struct builder *b, const uint32_t *to)
{
	struct model *m = b->m;
	size_t n = m->ctxs.n;

	for (size_t i = 2; i < n; i++)
		if (m->ctxs.v[i].flags & CTX_LINKED && m->ctxs.v[i].parent != CTX_NONE)
			m->ctxs.v[i].parent = to[m->ctxs.v[i].parent];
	m->ctxs.n = m->heap_end;
	model_index(m);
	m->ctxs.n = n;
	u64map_free(&m->others);
	for (uint32_t i = m->heap_end; i < n; i++)
		u64map_add(&m->others, m->ctxs.v[i].addr, i);
	b->linked = 2;
}

/* How many have no evidence; those that prove themselves have. */
static size_t without_evidence(struct builder *b)
{
	size_t n = 0;

	for (size_t i = 2; i < b->m->ctxs.n; i++) {
		struct ctx *c = &b->m->ctxs.v[i];
		if (c->flags & CTX_EVIDENCE)
			continue;
		if (proves_itself(b, c))
			c->flags |= CTX_FROM_SELF;
		else
			n++;
	}
	return n;
}

bool evidence_complete(struct builder *b)
{
	bool all = !without_evidence(b);

	if (!all) {
		evidence_from_frames(b);
		evidence_from_types(b);
		all = !without_evidence(b);
	}
	return all && !b->done_stale;
}

void evidence_sieve(struct builder *b)
{
	uint32_t *to = mem_alloc(b->m->ctxs.n * sizeof(*to));

	drop(b, to);
	renumber(b, to);
	free(to);
	u64map_free(&b->m->by_done);
	fill_index(b);
}

void evidence_note(struct builder *b)
{
	uint64_t two = 0;

	for (size_t i = 2; i < b->m->ctxs.n; i++) {
		if (!(b->m->ctxs.v[i].flags & CTX_TWO_TYPES))
			continue;
		b->m->ctxs.v[i].flags |= CTX_DAMAGED;
		two++;
	}
	if (two)
		notes_add(b->rt->notes, NOTE_DAMAGE,
			  "%llu contexts are referred to as two types: damaged, or their memory is "
			  "in use again",
			  (unsigned long long)two);
}
