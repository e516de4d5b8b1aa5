/**
 * @file  The words of heap objects that may be pointers, 64 at a time: what marking and the search
 * for paths read memory with.
 *
 *     struct ptrwords w;                                     // one a thread
 *     struct ptr_object o;
 *     struct ptr_chunk c;
 *     ptrwords_span(&w, span);                               // once a span: where its bits are
 *     ptrwords_object(&w, index, 0, UINT64_MAX, &o);         // each object of it that is wanted
 *     while (ptrwords_next(&w, &o, &c))
 *             for (uint64_t m = c.mask; m; m &= m - 1)
 *                     … ptr_chunk_word(&c, __builtin_ctzll(m))
 *
 * Where pointer bits are (runtime/mbitmap.go): until 1.21 in the arena's bitmap; since 1.22 for
 * objects of at most 512 bytes at the end of their span, for others in the type that their header,
 * or the span (one large object), names: its gcdata repeats every type.size bytes.  A type's mask
 * that the runtime has not built yet (1.24+, GCMaskOnDemand) or that is a program (until 1.23) is
 * made from its fields.  Where no mask is known, all words are handed out: that errs to the side of
 * "reachable", and is counted in `guessed`.  Words that cannot be read are left out and counted in
 * `unread`.
 *
 * Cost: about 5 ns an object and 1 ns a word.
 */
#ifndef GOCTX_RUNTIME_PTRWORDS_H
#define GOCTX_RUNTIME_PTRWORDS_H

#include "runtime/heap.h"

/** Which words of a type are pointers. */
struct ptrmask {
	taddr type;
	uint64_t words;	      /* size of the type: the mask repeats after so many */
	uint64_t bits;	      /* words up to its last pointer; 0: not known, any word may be one */
	const uint8_t *mask;  /* (bits + 7) / 8 bytes, in memory of the target or our own */
	uint64_t unrolled[2]; /* words < 64: the mask repeated to 128 words */
	unsigned step;	      /* words < 64: 64 % words */
};

/** Masks of types met so far; shared by threads. */
struct ptrmasks;
struct ptrmasks *ptrmasks_open(struct runtime *rt);
void ptrmasks_close(struct ptrmasks *pm);

/**
 * @param max  size of the object that is said to be of this type; a larger type is damage
 * @return never NULL; one with bits 0 when the type cannot be made out
 * Takes a lock; reads type descriptors: no other thread may read types (rtype_get()) meanwhile.
 */
const struct ptrmask *ptrmasks_get(struct ptrmasks *pm, taddr type, uint64_t max);

enum ptr_source { PTR_NONE, PTR_ALL, PTR_IN_SPAN, PTR_HEADER, PTR_TYPE, PTR_NIBBLES, PTR_BITS };

#define PTR_RECENT 64
#define PTR_SPAN_BITS \
	(32 * HEAP_PAGE / 64) /* bytes of pointer bits in the largest span of small objects */

/** Reader of one span after the other. */
struct ptrwords {
	struct runtime *rt;
	struct ptrmasks *masks;
	const struct ptrmask *recent[PTR_RECENT];
	uint64_t unread;  /* words that could not be read */
	uint64_t guessed; /* objects, or pieces of at most 512 bytes, all words of which were taken
			     for pointers */

	const struct span *s;
	enum ptr_source source;
	const uint8_t *mem;	     /* host memory of the whole span, NULL: word by word */
	const struct ptrmask *large; /* PTR_TYPE */
	const uint8_t
		*bits; /* PTR_IN_SPAN: nbits bytes of pointer bits, a bit a word of the span */
	uint64_t nbits;
	uint8_t copied_bits[PTR_SPAN_BITS];
	uint64_t copy[64]; /* words of a chunk that do not lie in one piece */
};

/** Words to come of one object. */
struct ptr_object {
	taddr at, end;
	const struct ptrmask *mask;
	uint64_t in; /* word of its type that `at` is */
};

struct ptr_chunk {
	taddr at;	      /* address of its first word */
	uint64_t mask;	      /* bit i: word i may be a pointer; never 0 */
	const uint8_t *words; /* their bytes, valid until the next chunk is asked for */
};

static inline taddr ptr_chunk_word(const struct ptr_chunk *c, unsigned i)
{
	taddr v;

	memcpy(&v, c->words + i * 8, 8);
	return v;
}

/** @param masks  borrowed */
void ptrwords_init(struct ptrwords *w, struct runtime *rt, struct ptrmasks *masks);

/** @return false: its objects hold no pointers */
bool ptrwords_span(struct ptrwords *w, const struct span *s);

/** Words [@p from, @p to) of the object in slot @p index (of the object proper: behind its
 * header). */
void ptrwords_object(struct ptrwords *w, uint32_t index, uint64_t from, uint64_t to,
		     struct ptr_object *ret);

/** The next words, ascending, at most 64; those without pointers are passed over.  @return false at
 * the end */
bool ptrwords_next(struct ptrwords *w, struct ptr_object *o, struct ptr_chunk *ret);

#endif
