/**
 * @file  The words that stand before the address of a context, and a fast search for them.
 */
#ifndef GOCTX_CONTEXT_WORDS_H
#define GOCTX_CONTEXT_WORDS_H

#include "base/map.h"

/**
 * Words that stand before the address of a context, and which type of context that is: itabs, type
 * descriptors (of an `any`), and the code of CancelFuncs and timer callbacks, whose first capture
 * it is.  For loops over every word of something: two ranges of addresses (what is linked, what is
 * made at run time) and a filter of 4096 bits let nearly all other words pass.
 */
struct word_set {
	uint64_t lo[2], span[2]; /* set by word_set_close() */
	uint64_t filter[64];
	struct u64map map; /* word -> WORD_… | index of a type */
};

enum {
	WORD_TYPE_MASK = 0x7fff, /* types of contexts beyond this many are not distinguished */
	WORD_ITAB = 1 << 16, /* itab of an interface that includes context.Context, or of any other
				but canceler: a parent may stand there */
	WORD_CODE = 1 << 17, /* code of a closure: counts as the first word of a funcval alone */
};

void word_set_add(struct word_set *s, uint64_t word, uint32_t value);
/** No more will be added: work out the ranges. */
void word_set_close(struct word_set *s);

static inline bool word_set_maybe(const struct word_set *s, uint64_t word)
{
	if (word - s->lo[0] > s->span[0] && word - s->lo[1] > s->span[1])
		return false;
	uint64_t h = word * 0x9e3779b97f4a7c15u >> 52;

	return s->filter[h >> 6] >> (h & 63) & 1;
}

/**
 * The first of the words p[i …] (8 bytes each, @p n in all) that word_set_maybe() may want to see,
 * n none: those that lie in neither range are passed by, 16 at a time where the processor has AVX2.
 */
size_t word_set_next(const struct word_set *s, const uint8_t *p, size_t i, size_t n);

#endif
