/**
 * @file  All slots of the heap, numbered: what a table with a bit or a number for each object is
 * indexed by.
 *
 * Slots of a span have consecutive numbers, the first a multiple of 64, so that bitmaps of
 * different spans share no word.  From an address to its slot it takes two loads and a
 * multiplication.
 */
#ifndef GOCTX_RUNTIME_SLOTS_H
#define GOCTX_RUNTIME_SLOTS_H

#include "runtime/heap.h"

/** What is needed of a span to number its slots; half a cache line. */
struct slot_span {
	taddr base;
	uint64_t magic; /* 2^64 / slot size, rounded up; 0 when there is but one slot */
	uint64_t size;	/* bytes a slot */
	uint32_t nelems;
	uint32_t word : 31; /* number of its slot 0, / 64 */
	uint32_t noscan : 1;
};

struct slots {
	const struct heap *h;
	struct slot_span *spans; /* as heap.spans */
	uint64_t words;		 /* of 64 slots */
	taddr lo;		 /* of all spans: [lo, lo + range) */
	uint64_t range;
};

/** @return NULL, ERR_ABSENT (no heap), ERR_LIMIT (2^37 slots) */
struct err *slots_open(struct runtime *rt, struct slots *ret);
void slots_close(struct slots *s);

#define SLOTS_NO_SPAN UINT32_MAX

/** Number of the span that holds @p a, or SLOTS_NO_SPAN. */
static inline uint32_t slots_span(const struct slots *s, taddr a)
{
	uint64_t arena = a / HEAP_ARENA - s->h->arena_first;

	if (arena >= s->h->arena_count || !s->h->pages[arena])
		return SLOTS_NO_SPAN;
	return s->h->pages[arena][a / HEAP_PAGE % (HEAP_ARENA / HEAP_PAGE)] - 1;
}

/** Slot of a span that holds @p a, an address in the span; it may lie behind the last slot: compare
 * with nelems. */
static inline uint32_t slots_index(const struct slot_span *s, taddr a)
{
	return (uint32_t)((unsigned __int128)(a - s->base) * s->magic >> 64);
}

/** Number of the slot that holds @p a, UINT64_MAX: none does. */
static inline uint64_t slots_at(const struct slots *s, taddr a)
{
	uint32_t span = slots_span(s, a);

	if (span == SLOTS_NO_SPAN)
		return UINT64_MAX;
	uint32_t index = slots_index(&s->spans[span], a);
	return index < s->spans[span].nelems ? s->spans[span].word * 64ull + index : UINT64_MAX;
}

#endif
