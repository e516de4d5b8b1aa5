#include "runtime/ptrwords.h"

#define INLINE_MARK_BYTES 128u /* sizeof(spanInlineMarkBits) */

void ptrwords_init(struct ptrwords *w, struct runtime *rt, struct ptrmasks *masks)
{
	memset(w, 0, sizeof(*w));
	w->rt = rt;
	w->masks = masks;
}

/* Find the bits at the end of a span; a copy only when they do not lie in our memory. */
static bool load_bits(struct ptrwords *w)
{
	uint64_t bytes = (uint64_t)w->s->npages * HEAP_PAGE, n = bytes / 64;
	taddr at =
		w->s->base + bytes - n - (w->s->flags & SPAN_INLINE_MARKS ? INLINE_MARK_BYTES : 0);

	if (n > PTR_SPAN_BITS || w->s->flags & SPAN_NO_MASK)
		return false;
	w->nbits = n;
	w->bits = w->copied_bits;
	if (w->mem)
		w->bits = w->mem + (at - w->s->base);
	else if (!target_read(w->rt->t, at, w->copied_bits, n))
		return false;
	return true;
}

static enum ptr_source find_source(struct ptrwords *w)
{
	const struct layout *l = &w->rt->L;
	const struct span *s = w->s;

	if (s->flags & SPAN_NOSCAN)
		return PTR_NONE;
	if (LAYOUT_HAS(l->heapArena.bitmap))
		return LAYOUT_HAS(l->heapArena.noMorePtrs) ? PTR_BITS : PTR_NIBBLES;
	if (s->flags & SPAN_HEADER)
		return PTR_HEADER;
	if (s->large_type) {
		w->large = ptrmasks_get(w->masks, s->large_type, s->elem_size);
		return w->large->bits ? PTR_TYPE : PTR_ALL;
	}
	if (s->elem_size == 8 || s->elem_size > HEAP_HEADER_MIN || !load_bits(w))
		return PTR_ALL;
	return PTR_IN_SPAN;
}

bool ptrwords_span(struct ptrwords *w, const struct span *s)
{
	w->s = s;
	w->mem = target_ptr(w->rt->t, s->base, (uint64_t)s->npages * HEAP_PAGE);
	w->source = find_source(w);
	return w->source != PTR_NONE;
}

/* Mask of the type that an object's header names. */
static const struct ptrmask *header_mask(struct ptrwords *w, taddr slot)
{
	taddr type;

	if (w->mem)
		memcpy(&type, w->mem + (slot - w->s->base), 8);
	else if (!target_u64(w->rt->t, slot, &type))
		return NULL;
	const struct ptrmask **recent = &w->recent[type / 32 % PTR_RECENT];
	if (!*recent || (*recent)->type != type || (*recent)->words * 8 > w->s->elem_size - 8)
		*recent = ptrmasks_get(w->masks, type, w->s->elem_size - 8);
	return (*recent)->bits ? *recent : NULL;
}

void ptrwords_object(struct ptrwords *w, uint32_t index, uint64_t from, uint64_t to,
		     struct ptr_object *ret)
{
	const struct span *s = w->s;
	taddr slot = s->base + index * s->elem_size, base = slot;

	ret->mask = w->source == PTR_TYPE ? w->large : NULL;
	if (w->source == PTR_HEADER) {
		ret->mask = header_mask(w, slot);
		base += 8;
	}
	if (!ret->mask && from == 0 &&
	    (w->source == PTR_HEADER || (w->source == PTR_ALL && s->elem_size > 8)))
		w->guessed++;
	uint64_t words = (slot + s->elem_size - base) / 8;
	ret->at = base + (from < words ? from : words) * 8;
	ret->end = base + (to < words ? to : words) * 8;
	ret->in = ret->mask ? from % ret->mask->words : 0;
}

/* Bits [from, from + n) of a mask, n at most 64. */
static uint64_t mask_bits(const struct ptrmask *m, uint64_t from, unsigned n)
{
	uint64_t bytes = (m->bits + 7) / 8, got[2] = {0}, left = bytes - from / 8;
	unsigned shift = from % 8;

	memcpy(got, m->mask + from / 8, left < 9 ? left : 9);
	uint64_t v = got[0] >> shift | (shift ? got[1] << (64 - shift) : 0);
	return n < 64 ? v & ((1ull << n) - 1) : v;
}

/* By type: the mask of the next words, *n of which are covered. */
static uint64_t type_bits(struct ptr_object *o, unsigned *n)
{
	const struct ptrmask *m = o->mask;
	uint64_t in = o->in, bits;

	if (m->words < 64) {
		bits = m->unrolled[0] >> in | (in ? m->unrolled[1] << (64 - in) : 0);
		o->in = in + m->step >= m->words ? in + m->step - m->words : in + m->step;
		return bits;
	}
	if (in >= m->bits) { // nothing up to the next element
		o->at += (m->words - in) * 8;
		o->in = 0;
		*n = 0;
		return 0;
	}
	uint64_t left = m->bits - in;
	*n = left < *n ? (unsigned)left : *n;
	o->in = in + *n;
	return mask_bits(m, in, *n);
}

/* Until 1.21: from the arena's bitmap; *n is cut at the arena's end.  *more: the object may have
 * pointers behind these. */
static uint64_t arena_bits(struct ptrwords *w, taddr at, unsigned *n, bool *more)
{
	uint64_t nwords = *n, got[2] = {0};
	const uint8_t *p = heap_arena_bits(w->rt, at, &nwords);

	*n = (unsigned)nwords;
	*more = true;
	if (!p) {
		w->guessed++;
		return ~0ull;
	}
	if (w->source == PTR_NIBBLES)
		return heap_nibbles(p, at / 8 % 4, *n, more);
	unsigned shift = at / 8 % 8;
	memcpy(got, p, (shift + *n + 7) / 8);
	return got[0] >> shift | (shift ? got[1] << (64 - shift) : 0);
}

static uint64_t span_bits(const struct ptrwords *w, taddr at)
{
	uint64_t word = (at - w->s->base) / 8, i = word / 8, v[2] = {0};
	unsigned shift = word % 8;

	if (i + 16 <= w->nbits)
		memcpy(v, w->bits + i, 16);
	else if (i < w->nbits)
		memcpy(v, w->bits + i, w->nbits - i);
	return v[0] >> shift | (shift ? v[1] << (64 - shift) : 0);
}

/* Find the bytes of words whose span does not lie in one piece of our memory; what is not there
 * leaves the mask. */
static bool find_words(struct ptrwords *w, struct ptr_chunk *c)
{
	c->words = target_ptr(w->rt->t, c->at, 8ull * (64 - (unsigned)__builtin_clzll(c->mask)));
	if (c->words)
		return true;
	for (uint64_t m = c->mask; m; m &= m - 1) {
		unsigned i = (unsigned)__builtin_ctzll(m);
		if (target_read(w->rt->t, c->at + i * 8, &w->copy[i], 8))
			continue;
		w->unread++;
		c->mask &= ~(1ull << i);
	}
	c->words = (const uint8_t *)w->copy;
	return c->mask != 0;
}

bool ptrwords_next(struct ptrwords *w, struct ptr_object *o, struct ptr_chunk *ret)
{
	while (o->at < o->end) {
		uint64_t left = (o->end - o->at) / 8, mask = ~0ull;
		unsigned n = left < 64 ? (unsigned)left : 64;
		bool more = true;
		taddr at = o->at;

		if (w->source == PTR_IN_SPAN)
			mask = span_bits(w, at);
		else if (o->mask)
			mask = type_bits(o, &n);
		else if (w->source >= PTR_NIBBLES)
			mask = arena_bits(w, at, &n, &more);
		if (!n)
			continue;
		if (n < 64)
			mask &= (1ull << n) - 1;
		o->at = more ? at + n * 8ull : o->end;
		if (!mask)
			continue;
		*ret = (struct ptr_chunk){.at = at, .mask = mask};
		if (w->mem)
			ret->words = w->mem + (at - w->s->base);
		else if (!find_words(w, ret))
			continue;
		return true;
	}
	return false;
}
