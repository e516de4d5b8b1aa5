/*
 * References to contexts on stacks and in package variables: interface values, and closures that
 * cancel.  Dead stack slots may hold stale ones: what they point to must still look the part.
 */
#include "context/build_internal.h"

/* Call @p fn for each word of [lo, hi) that is one of b->words, with the word after it.  @return
 * false: unreadable */
static inline bool each_pair(const struct builder *b, taddr lo, taddr hi,
			     void (*fn)(void *, uint32_t, taddr), void *arg)
{
	lo = (lo + 7) & ~7ull;
	if (hi < lo || hi - lo < 16)
		return true;
	uint64_t n = (hi - lo) / 8;
	const uint8_t *p = target_ptr(b->rt->t, lo, n * 8);
	for (uint64_t i = 0; p && (i = word_set_next(&b->words, p, i, n - 1)) + 1 < n; i++) {
		uint64_t w, data;
		memcpy(&w, p + i * 8, 8);
		if (!word_set_maybe(&b->words, w))
			continue;
		uint32_t value = u64map_find(&b->words.map, w);
		if (value == U64MAP_NONE)
			continue;
		memcpy(&data, p + i * 8 + 8, 8);
		fn(arg, value, data);
	}
	return p != NULL;
}

static void found_in_globals(void *arg, uint32_t value, taddr data)
{
	struct builder *b = arg;

	ref_add(b->refs, value, data);
}

static void found_on_stack(void *arg, uint32_t value, taddr data)
{
	struct stack_scan *s = arg;
	uint16_t type = value & WORD_TYPE_MASK;
	const struct ctx_type *t = &s->b->m->types.v[type];

	/* WithoutCancel is inlined: its box may lie on the very stack that refers to it. */
	if (data >= s->lo && data < s->hi) {
		struct candidate c = {data, type};
		if (!t->by_pointer && t->kind > CTX_TODO && data % 8 == 0 &&
		    data + t->size <= s->hi)
			VEC_PUSH(&s->boxes, c);
		return;
	}
	ref_add(&s->refs, value, data);
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

	b->refs->v.n = 0;
	for (size_t i = 0; i < rt->modules.n; i++) {
		bool data = each_pair(b, rt->modules.v[i].data, rt->modules.v[i].edata,
				      found_in_globals, b);
		bool bss = each_pair(b, rt->modules.v[i].bss, rt->modules.v[i].ebss,
				     found_in_globals, b);
		if (!data || !bss)
			notes_add(rt->notes, NOTE_DAMAGE,
				  "package variables are not all readable: contexts that only they "
				  "hold may be missing");
	}
	refs_apply(b, b->refs, false);
	if (!b->stacks)
		return NULL;
	if (b->stacks->unreadable)
		notes_add(rt->notes, NOTE_DAMAGE,
			  "stacks of %llu goroutines are not all readable: contexts that only they "
			  "hold may be missing",
			  (unsigned long long)b->stacks->unreadable);
	for (size_t i = 0; i < b->stacks->boxes.n; i++)
		fill_add(b, b->stacks->boxes.v[i].addr, b->stacks->boxes.v[i].type, CTX_FROM_PAIR);
	refs_apply(b, &b->stacks->refs, true);
	return runtime_check(rt);
}
