/**
 * @file  Is a word one of many addresses?  Answers "no" for most words out of the cache: a bit for
 * each address that is one, 8 to 16 bits of room an address.
 */
#ifndef GOCTX_ANALYSIS_WORD_FILTER_H
#define GOCTX_ANALYSIS_WORD_FILTER_H

#include <stdlib.h>

#include "base/mem.h"
#include "target/target.h"

struct word_filter {
	uint64_t *bits;
	unsigned shift;	 /* of the hash: leaves the number of a bit */
	uint64_t lo, hi; /* of the addresses: [lo, hi) */
};

/** Room for @p n addresses. */
static inline void word_filter_open(struct word_filter *f, size_t n)
{
	*f = (struct word_filter){.shift = 58, .lo = UINT64_MAX};
	while (f->shift > 36 && UINT64_C(1) << (64 - f->shift) < n * 8)
		f->shift--;
	f->bits = mem_zalloc((UINT64_C(1) << (64 - f->shift)) / 8);
}

static inline void word_filter_add(struct word_filter *f, uint64_t word)
{
	uint64_t h = word * UINT64_C(0x9e3779b97f4a7c15) >> f->shift;

	f->bits[h >> 6] |= UINT64_C(1) << (h & 63);
	f->lo = word < f->lo ? word : f->lo;
	f->hi = word >= f->hi ? word + 1 : f->hi;
}

/** false: it is none of them */
static inline bool word_filter_maybe(const struct word_filter *f, uint64_t word)
{
	uint64_t h = word * UINT64_C(0x9e3779b97f4a7c15) >> f->shift;

	return word - f->lo < f->hi - f->lo && f->bits[h >> 6] >> (h & 63) & 1;
}

static inline void word_filter_close(struct word_filter *f)
{
	free(f->bits);
	f->bits = NULL;
}

#endif
