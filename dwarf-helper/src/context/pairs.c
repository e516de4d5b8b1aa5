/*
 * Contexts by interface values: (itab or type, data) pairs on stacks and in globals, and, for shapes too plain to be told
 * otherwise, anywhere in the heap.  Dead stack slots may hold stale pairs: what they point to must still look the part.
 */
#include "context/build.h"

/* Background and TODO: zero-size values at runtime.zerobase since 1.21, before that what two variables point to. */
static void consider_pseudo(struct builder *b, const struct ctx_type *t, taddr data)
{
	if (t->by_pointer && data && (data == b->todo || data == b->background))
		*(data == b->todo ? &b->m->has_todo : &b->m->has_background) = true;
	else if (!t->by_pointer && data && data == b->rt->L.var[LAYOUT_VAR_zerobase].addr)
		*(t->kind == CTX_TODO ? &b->m->has_todo : &b->m->has_background) = true;
}

#define PAIR_ADDR_MASK ((1ull << PAIR_ADDR_BITS) - 1)
#define REFS_AHEAD 16 /* lookups whose cache misses overlap */

static void consider_pair(struct builder *b, uint32_t type, taddr data)
{
	const struct ctx_type *t = &b->m->types.v[type];

	if (t->kind <= CTX_TODO) {
		consider_pseudo(b, t, data);
		return;
	}
	uint32_t known = model_at(b->m, data);
	if (known != CTX_NONE)
		b->m->ctxs.v[known].flags |= CTX_FROM_PAIR;
	else if (data && data % 8 == 0 && find_fits(b, (uint16_t)type, data))
		fill_add(b, data, (uint16_t)type, CTX_FROM_PAIR);
}

/* Call @p fn for each word of [lo, hi) that is one of b->words, with the word after it.  @return false: unreadable */
static inline bool each_pair(const struct builder *b, taddr lo, taddr hi, void (*fn)(void *, uint32_t, taddr), void *arg)
{
	lo = (lo + 7) & ~7ull;
	if (hi < lo || hi - lo < 16)
		return true;
	uint64_t n = (hi - lo) / 8;
	const uint8_t *p = target_ptr(b->rt->t, lo, n * 8);
	for (uint64_t i = 0; p && i + 1 < n; i++) {
		uint64_t w, data;
		memcpy(&w, p + i * 8, 8);
		if (!w || !word_set_maybe(&b->words, w))
			continue;
		uint32_t type = u64map_find(&b->words.map, w);
		if (type == U64MAP_NONE)
			continue;
		memcpy(&data, p + i * 8 + 8, 8);
		fn(arg, type, data);
	}
	return p != NULL;
}

static void found_in_globals(void *arg, uint32_t type, taddr data)
{
	consider_pair(arg, type, data);
}

static void found_on_stack(void *arg, uint32_t type, taddr data)
{
	struct stack_scan *s = arg;
	const struct ctx_type *t = &s->b->m->types.v[type];
	uint64_t ref = (uint64_t)type << PAIR_ADDR_BITS | data, *recent = &s->recent[(data >> 4 ^ type) % 1024];

	if (data >> PAIR_ADDR_BITS || *recent == ref)
		return;
	/* WithoutCancel is inlined: its box may lie on the very stack that refers to it. */
	if (data >= s->lo && data < s->hi) {
		struct candidate c = {data, (uint16_t)type};
		if (!t->by_pointer && t->kind > CTX_TODO && data % 8 == 0 && data + t->size <= s->hi)
			VEC_PUSH(&s->boxes, c);
		return;
	}
	*recent = ref;
	VEC_PUSH(&s->refs, ref);
}

void pairs_on_stack(void *arg, const struct stack_regs *r)
{
	struct stack_scan *s = arg;

	s->lo = r->sp;
	s->hi = r->hi;
	s->unreadable += !each_pair(s->b, r->sp, r->hi, found_on_stack, s);
}

struct err *find_pairs(struct builder *b)
{
	struct runtime *rt = b->rt;

	for (size_t i = 0; i < rt->modules.n; i++) {
		bool data = each_pair(b, rt->modules.v[i].data, rt->modules.v[i].edata, found_in_globals, b);
		bool bss = each_pair(b, rt->modules.v[i].bss, rt->modules.v[i].ebss, found_in_globals, b);
		if (!data || !bss)
			notes_add(rt->notes, NOTE_DAMAGE, "package variables are not all readable: contexts that only they hold may be missing");
	}
	if (!b->stacks)
		return NULL;
	if (b->stacks->unreadable)
		notes_add(rt->notes, NOTE_DAMAGE, "stacks of %llu goroutines are not all readable: contexts that only they hold may be missing",
			  (unsigned long long)b->stacks->unreadable);
	for (size_t i = 0; i < b->stacks->boxes.n; i++)
		fill_add(b, b->stacks->boxes.v[i].addr, b->stacks->boxes.v[i].type, CTX_FROM_PAIR);
	for (size_t i = 0; i < b->stacks->refs.n; i++) {
		const uint64_t *ref = &b->stacks->refs.v[i];
		if (i + REFS_AHEAD < b->stacks->refs.n)
			model_prefetch(b->m, ref[REFS_AHEAD] & PAIR_ADDR_MASK);
		consider_pair(b, (uint32_t)(*ref >> PAIR_ADDR_BITS), *ref & PAIR_ADDR_MASK);
	}
	return runtime_canceled(rt) ? err_new(ERR_CANCELED, "interrupted") : NULL;
}

/* Pairs in one span's objects that point to a candidate, or to a custom context that no shape could tell. */
static void pairs_in_span(struct builder *b, const struct span *s, const struct word_set *wanted, const struct u64map *at)
{
	uint64_t n = s->nelems * s->elem_size / 8;
	const uint8_t *p = target_ptr(b->rt->t, s->base, n * 8);

	for (uint64_t i = 0; p && i + 1 < n; i++) {
		uint64_t w, data;
		memcpy(&w, p + i * 8, 8);
		if (!w || !word_set_maybe(wanted, w))
			continue;
		uint32_t type = u64map_find(&wanted->map, w);
		if (type == U64MAP_NONE || !heap_allocated(b->rt, s, (uint32_t)(i * 8 / s->elem_size)))
			continue;
		memcpy(&data, p + i * 8 + 8, 8);
		if (u64map_find(at, data) != U64MAP_NONE || b->m->types.v[type].kind == CTX_CUSTOM)
			consider_pair(b, type, data);
	}
}

static bool needs_pair(const struct builder *b, uint32_t type)
{
	for (size_t k = 0; k < b->shapes.n; k++)
		if (b->shapes.v[k].type == type)
			return b->shapes.v[k].needs_pair;
	return b->m->types.v[type].kind == CTX_CUSTOM;
}

/* Custom types that the heap scan cannot tell: no context word of their own, and no type header in front. */
static bool any_shapeless(const struct builder *b)
{
	for (uint32_t i = 0; i < b->m->types.n; i++) {
		const struct ctx_type *t = &b->m->types.v[i];
		if (t->kind == CTX_CUSTOM && t->size && (t->inner < 0 || t->inner_via) &&
		    (t->size <= HEAP_HEADER_MIN || !LAYOUT_HAS(b->rt->L.mspan.largeType)))
			return true;
	}
	return false;
}

struct err *find_confirm(struct builder *b)
{
	struct heap *h = b->rt->heap;
	struct word_set *wanted = mem_zalloc(sizeof(*wanted));
	struct u64map at = {0};
	struct err *err = NULL;

	for (size_t i = 0; i < b->maybe.n; i++) {
		const struct candidate *c = &b->maybe.v[i];
		if (model_at(b->m, c->addr) == CTX_NONE)
			u64map_add(&at, c->addr, c->type); /* may fit several types: the pair tells which */
	}
	bool any = at.n || any_shapeless(b);
	for (size_t i = 0; any && b->words.map.key && i <= b->words.map.mask; i++)
		if (b->words.map.key[i] && (needs_pair(b, b->words.map.val[i]) || b->m->types.v[b->words.map.val[i]].kind == CTX_CUSTOM))
			word_set_add(wanted, b->words.map.key[i], b->words.map.val[i]);
	for (size_t i = 0; any && h && i < h->spans.n && !err; i++) {
		if (!(h->spans.v[i].flags & SPAN_NOSCAN))
			pairs_in_span(b, &h->spans.v[i], wanted, &at);
		if (i % 1024 == 0 && runtime_canceled(b->rt))
			err = err_new(ERR_CANCELED, "interrupted");
	}
	u64map_free(&wanted->map);
	free(wanted);
	u64map_free(&at);
	return err;
}
