/**
 * @file  The heap as spans: which addresses are objects, which slots are free, which words of an
 * object are pointers.
 *
 * runtime/mheap.go (mheap, heapArena, mspan), runtime/mbitmap.go (isFree, heapBits),
 * runtime/sizeclasses.go.  Pointer bits live in three places; which of them applies follows from
 * the fields of heapArena:
 *   bitmap without noMorePtrs      until 1.19: a byte for four words, low nibble pointer bits
 *   bitmap with noMorePtrs         1.20, 1.21: a bit a word for the whole arena
 *   neither                        1.22+: at the end of the span for objects up to 512 bytes (128
 *                                  bytes earlier when the span ends in inline mark bits, 1.25+ with
 *                                  Green Tea), behind a type header in front of larger objects
 * "Allocated" is the allocator's view, not reachability.  Where its bits are unreadable, the answer
 * is "allocated".
 */
#ifndef GOCTX_RUNTIME_HEAP_H
#define GOCTX_RUNTIME_HEAP_H

#include "runtime/runtime.h"

#define HEAP_PAGE 8192u
#define HEAP_ARENA (64u << 20)
/* scannable objects above this size carry an 8-byte type header (1.22+) */
#define HEAP_HEADER_MIN 512u

enum {
	SPAN_NOSCAN = 1,  /* objects hold no pointers */
	SPAN_UNSWEPT = 2, /* not swept since the last mark: mark bits, not alloc bits, say which
			     objects live */
	SPAN_INLINE_MARKS = 4, /* Green Tea: the span ends in spanInlineMarkBits */
	SPAN_HEADER = 8,       /* objects start with a type header */
	SPAN_NO_MASK = 16, /* 1.25+: whether it ends in inline mark bits could not be read, so nor
			      where its pointer bits lie */
};

/** One span of the garbage-collected heap in use; 64 bytes. */
struct span {
	taddr base;
	taddr alloc_bits, mark_bits;
	taddr specials;	    /* first runtime.special (finalizers, cleanups, weak handles, profile
			       records), 0 */
	taddr large_type;   /* type of a single large object, 0 */
	uint64_t elem_size; /* bytes a slot */
	uint32_t npages, nelems, freeindex;
	uint8_t flags; /* SPAN_* */
};

struct heap {
	VEC(struct span) spans; /* ascending base */
	uint64_t arena_first;	/* number (address / HEAP_ARENA) of the lowest arena */
	uint32_t arena_count;	/* arenas between lowest and highest, gaps included */
	uint32_t *
		*pages; /* per arena: HEAP_ARENA / HEAP_PAGE span numbers + 1 (0: none), or NULL */
	uint32_t sweepgen;
	bool marking;	       /* gcphase was not off: mark bits are incomplete */
	bool incomplete;       /* part of allspans or an mspan could not be read */
	uint64_t object_bytes; /* of all spans in use */
};

/** Read allspans.  Unreadable spans are noted and left out.  @return NULL, ERR_FAULT/ERR_BAD_DATA
 * (mheap_ itself), ERR_CANCELED */
struct err *heap_open(struct runtime *rt);
void heap_close(struct runtime *rt);

/** Span that holds @p a, or NULL.  Constant time. */
const struct span *heap_span(const struct heap *h, taddr a);

/** An object found from an address inside it. */
struct heap_object {
	const struct span *span;
	uint32_t index; /* slot */
	taddr base;	/* first byte of the object proper, behind a type header */
	uint64_t size;	/* bytes the slot offers it */
	taddr header;	/* its type header or large_type, 0 */
};

/** @return false when @p a is in no slot of a heap span.  Says nothing of allocated or free. */
bool heap_object_at(struct runtime *rt, taddr a, struct heap_object *ret);

/** Is the slot allocated (not free, not garbage awaiting its sweep)? */
bool heap_allocated(struct runtime *rt, const struct span *s, uint32_t index);

/**
 * True for the most recently allocated slot of its span; until it is zeroed it still holds the
 * previous object's bytes (malloc.go: nextFreeFast, then memclr).  A process has at most one such
 * slot a processor.
 */
bool heap_newest(struct runtime *rt, taddr a);

/** heap_allocated() of all slots: (nelems + 63) / 64 words, a bit a slot, those beyond nelems 0. */
void heap_allocated_bits(struct runtime *rt, const struct span *s, uint64_t *ret);

/**
 * Host memory of heapArena.bitmap (until 1.21) from the word at @p a on: a byte for 4 words
 * until 1.19 (low nibble: pointer bits; a 0 in the high one: the object has no pointer from there
 * on), a bit a word in 1.20 and 1.21.
 * @param nwords  in: words wanted, out: how many of them lie in this arena
 * @return NULL when it could not be read, or in other releases
 */
const uint8_t *heap_arena_bits(struct runtime *rt, taddr a, uint64_t *nwords);

/**
 * Pointer bits of at most 64 words from the nibbles of 1.19, the first one being number @p shift (0
 * to 3) of *p.  Bits behind the object's last pointer, which may be stale, are 0.  *more_ret: that
 * one was not met, the object goes on.
 */
uint64_t heap_nibbles(const uint8_t *p, unsigned shift, unsigned nwords, bool *more_ret);

/**
 * Pointer bits of the first @p nwords (at most 64) words of the object at @p base.
 * @return false when they are not known (unreadable; behind a header: use the header's type)
 */
bool heap_ptr_bits(struct runtime *rt, const struct span *s, taddr base, unsigned nwords,
		   uint64_t *ret);

/**
 * Slot size the allocator uses for an object of @p size bytes (sizeclasses.go, same since 1.16);
 * large sizes are rounded to pages. Programs built with -asan have a red zone behind each object,
 * in its slot (malloc.go: redZoneSize, since 1.24).
 */
uint64_t heap_slot_size(const struct runtime *rt, uint64_t size);

#endif
