#include "runtime/heap.h"

#include <stdlib.h>

#define MAX_SPANS (1u << 27) /* 1 TiB of 8 KiB spans */
/* room made at once: memory that is not touched costs nothing */
#define SPANS_EXPECTED (1u << 20)
#define PAGES_PER_ARENA (HEAP_ARENA / HEAP_PAGE)
/* sizeof(spanInlineMarkBits): scans[63], owned, marks[63], class */
#define INLINE_MARK_BYTES 128u
#define CACHE_LINE 64u
#define INLINE_MARKS_AT 64u /* offset of marks in it */

static const uint16_t small_slots[] = {
	8,     16,    24,    32,    48,	   64,	  80,	 96,	112,   128,   144,   160,
	176,   192,   208,   224,   240,   256,	  288,	 320,	352,   384,   416,   448,
	480,   512,   576,   640,   704,   768,	  896,	 1024,	1152,  1280,  1408,  1536,
	1792,  2048,  2304,  2688,  3072,  3200,  3456,	 4096,	4864,  5376,  6144,  6528,
	6784,  6912,  8192,  9472,  9728,  10240, 10880, 12288, 13568, 14336, 16384, 18432,
	19072, 20480, 21760, 24576, 27264, 28672, 32768,
};

static uint64_t red_zone(uint64_t size)
{
	uint64_t zone = 16;

	for (uint64_t end = 64; zone < 2048 && size > end - zone; end = end == 128    ? 512
									: end == 512  ? 4096
									: end == 4096 ? 16384
										      : end * 2)
		zone *= 2;
	return zone;
}

uint64_t heap_slot_size(const struct runtime *rt, uint64_t size)
{
	size_t lo = 0, hi = sizeof(small_slots) / sizeof(*small_slots);

	size += rt->redzones ? red_zone(size) : 0;
	if (size > 32768)
		return (size + HEAP_PAGE - 1) / HEAP_PAGE * HEAP_PAGE;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (small_slots[mid] < size)
			lo = mid + 1;
		else
			hi = mid;
	}
	return small_slots[lo];
}

static bool has_headers(const struct layout *l)
{
	return LAYOUT_HAS(l->mspan.largeType);
}

/* What the page's bit in heapArena.pageUseSpanInlineMarkBits says: does its span end in inline mark
 * bits? */
static uint8_t inline_marks(struct runtime *rt, taddr l2, taddr base)
{
	const struct layout *l = &rt->L;
	taddr ha;
	uint8_t bits;
	uint64_t index = arch_arena(rt->t->arch, base, HEAP_ARENA);
	uint64_t page = base / HEAP_PAGE % PAGES_PER_ARENA;

	if (!LAYOUT_HAS(l->heapArena.pageUseSpanInlineMarkBits))
		return 0;
	if (!target_u64(rt->t, l2 + index * 8, &ha) || !ha ||
	    !target_u8(rt->t, ha + (uint64_t)l->heapArena.pageUseSpanInlineMarkBits.off + page / 8,
		       &bits))
		return SPAN_NO_MASK;
	return bits >> (page % 8) & 1 ? SPAN_INLINE_MARKS : 0;
}

#define SMALL_SPAN_PAGES 32 /* runtime/sizeclasses.go: no class takes more than 16 */

/* Is there memory for all of it, bytes in the core or not?  Mappings may follow each other without
 * a gap. */
static bool is_mapped(const struct target *t, taddr start, taddr end)
{
	int at = target_region_at(t, start);

	for (size_t i = at < 0 ? t->regions.n : (size_t)at;
	     i < t->regions.n && t->regions.v[i].start <= start; i++) {
		start = t->regions.v[i].end;
		if (start >= end)
			return true;
	}
	return false;
}

/* Does the geometry fit together?  A wild page count would cover, and so hide, the good spans
 * behind it. */
static bool span_sane(struct runtime *rt, const struct span *s, uint64_t npages, uint64_t nelems,
		      uint8_t class)
{
	uint64_t bytes = npages * HEAP_PAGE, elem = s->elem_size;

	if (!s->base || s->base % HEAP_PAGE || !arch_is_user(rt->t->arch, s->base) || !npages ||
	    npages > UINT32_MAX / 2 || !elem || elem % 8 || !nelems || nelems > bytes / 8 ||
	    elem > bytes || nelems * elem > bytes)
		return false;
	if (class)
		return npages <= SMALL_SPAN_PAGES;
	return nelems == 1 && is_mapped(rt->t, s->base, s->base + bytes);
}

/* Decode one mspan; false when it is not a span of the collected heap in use, or contradicts itself
 * (*bad set). */
static bool decode_span(struct runtime *rt, const uint8_t *p, taddr l2, struct span *s, bool *bad)
{
	const struct layout *l = &rt->L;
	struct heap *h = rt->heap;

	/* mSpanDead, mSpanInUse, mSpanManual (runtime/mheap.go); anything else is no mspan. */
	uint8_t state = (uint8_t)runtime_load(p, l->mspan.state);
	*bad = state > 2;
	if (state != 1)
		return false;
	uint64_t npages = runtime_load(p, l->mspan.npages),
		 elem = runtime_load(p, l->mspan.elemsize);
	uint64_t nelems = runtime_load(p, l->mspan.nelems);
	uint32_t gen = (uint32_t)runtime_load(p, l->mspan.sweepgen);
	uint8_t class = (uint8_t)runtime_load(p, l->mspan.spanclass);
	*s = (struct span){
		.base = runtime_load(p, l->mspan.startAddr),
		.alloc_bits = runtime_load(p, l->mspan.allocBits),
		.mark_bits = runtime_load(p, l->mspan.gcmarkBits),
		.specials = runtime_load(p, l->mspan.specials),
		.elem_size = elem,
		.npages = (uint32_t)npages,
		.nelems = (uint32_t)nelems,
		.freeindex = (uint32_t)runtime_load(p, l->mspan.freeindex),
	};
	*bad = !span_sane(rt, s, npages, nelems, class >> 1);
	if (*bad)
		return false;
	if (class & 1)
		s->flags |= SPAN_NOSCAN;
	/* One that is being swept (sweepgen - 1) goes by its marks until its freeindex is reset,
	 * just before the bits are swapped. */
	if (gen == h->sweepgen - 2 || gen == h->sweepgen + 1 ||
	    (gen == h->sweepgen - 1 && s->freeindex))
		s->flags |= SPAN_UNSWEPT;
	if (!(class & 1) && has_headers(l) && elem > HEAP_HEADER_MIN) {
		if (class >> 1)
			s->flags |= SPAN_HEADER;
		else
			s->large_type = runtime_load(p, l->mspan.largeType);
	}
	if (elem >= 16 && elem <= HEAP_HEADER_MIN)
		s->flags |= inline_marks(rt, l2, s->base);
	return true;
}

static taddr span_end(const struct span *s)
{
	return s->base + (uint64_t)s->npages * HEAP_PAGE;
}

static int by_base(const void *a, const void *b)
{
	taddr x = ((const struct span *)a)->base, y = ((const struct span *)b)->base;

	return x < y ? -1 : x > y;
}

/* Room for the pages of all spans, in whatever order those are. */
static void make_pages(struct heap *h, const struct arch *arch)
{
	const uint64_t most = (UINT64_C(1) << arch->address_bits) / HEAP_ARENA;
	taddr lo = UINT64_MAX, hi = 0;

	for (size_t i = 0; i < h->spans.n; i++) {
		const struct span *s = &h->spans.v[i];
		lo = s->base < lo ? s->base : lo;
		hi = span_end(s) > hi ? span_end(s) : hi;
	}
	h->arena_first = lo / HEAP_ARENA;
	uint64_t count = h->spans.n ? (hi - 1) / HEAP_ARENA - h->arena_first + 1 : 0;
	h->arena_count = (uint32_t)(count > most ? most : count);
	h->pages = mem_zalloc(h->arena_count * sizeof(*h->pages));
}

/* The entry of a page, NULL beyond the last arena; the pages of an arena are made when first asked
 * for. */
static uint32_t *page_entry(struct heap *h, uint64_t page)
{
	uint64_t arena = page / PAGES_PER_ARENA - h->arena_first;

	if (arena >= h->arena_count)
		return NULL;
	if (!h->pages[arena])
		h->pages[arena] = mem_zalloc(PAGES_PER_ARENA * sizeof(uint32_t));
	return &h->pages[arena][page % PAGES_PER_ARENA];
}

/* Put each span down at its first page.  @return false when two begin at one page */
static bool mark_first_pages(struct heap *h)
{
	for (size_t i = 0; i < h->spans.n; i++) {
		uint32_t *entry = page_entry(h, h->spans.v[i].base / HEAP_PAGE);
		if (!entry || *entry)
			return false;
		*entry = (uint32_t)i + 1;
	}
	return true;
}

/* Take up again what was put down: numbers of spans by ascending base. */
static void take_up(struct heap *h, uint32_t *order)
{
	size_t n = 0;

	for (uint32_t a = 0; a < h->arena_count; a++) {
		for (uint32_t k = 0; h->pages[a] && k < PAGES_PER_ARENA; k++) {
			if (!h->pages[a][k])
				continue;
			order[n++] = h->pages[a][k] - 1;
			h->pages[a][k] = 0;
		}
	}
}

/* Put v[order[i]] at i, in place: along each cycle. */
static void permute(struct span *v, uint32_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (order[i] == i)
			continue;
		struct span first = v[i];
		size_t at = i;
		while (order[at] != i) {
			size_t from = order[at];
			v[at] = v[from];
			order[at] = (uint32_t)at;
			at = from;
		}
		v[at] = first;
		order[at] = (uint32_t)at;
	}
}

static void sort_spans(struct heap *h)
{
	bool sorted = true;

	for (size_t i = 1; i < h->spans.n && sorted; i++)
		sorted = h->spans.v[i - 1].base < h->spans.v[i].base;
	if (sorted)
		return;
	bool apart = mark_first_pages(h);
	uint32_t *order = mem_alloc(h->spans.n * sizeof(*order));
	take_up(h, order);
	if (apart)
		permute(h->spans.v, order, h->spans.n);
	else
		qsort(h->spans.v, h->spans.n, sizeof(*h->spans.v), by_base);
	free(order);
}

/* Where two spans overlap, one is damaged: the larger one goes, it would hide more. */
static void drop_overlaps(struct runtime *rt, struct heap *h)
{
	size_t kept = 0;
	uint64_t dropped = 0;

	for (size_t i = 0; i < h->spans.n; i++) {
		struct span s = h->spans.v[i];
		bool keep = true;
		while (keep && kept && s.base < span_end(&h->spans.v[kept - 1])) {
			dropped++;
			if (s.npages >= h->spans.v[kept - 1].npages)
				keep = false;
			else
				kept--;
		}
		if (keep)
			h->spans.v[kept++] = s;
	}
	h->spans.n = kept;
	for (size_t i = 0; i < kept; i++)
		h->object_bytes += (uint64_t)h->spans.v[i].nelems * h->spans.v[i].elem_size;
	if (!dropped)
		return;
	h->incomplete = true;
	notes_add(rt->notes, NOTE_DAMAGE, "%llu heap spans overlap others",
		  (unsigned long long)dropped);
}

static void index_pages(struct heap *h)
{
	for (size_t i = 0; i < h->spans.n; i++) {
		const struct span *s = &h->spans.v[i];
		uint64_t page = s->base / HEAP_PAGE, end = page + s->npages;
		uint32_t *entry;
		for (; page < end && (entry = page_entry(h, page)); page++)
			*entry = (uint32_t)i + 1;
	}
}

#define SPANS_AHEAD 8 /* headers under way at a time */

static void ask_ahead(struct runtime *rt, taddr entry)
{
	taddr addr;
	const uint8_t *p =
		target_u64(rt->t, entry, &addr) ? target_ptr(rt->t, addr, CACHE_LINE * 2) : NULL;

	if (!p)
		return;
	__builtin_prefetch(p);
	__builtin_prefetch(p + CACHE_LINE);
	__builtin_prefetch(p + CACHE_LINE * 2 - 1);
}

static struct err *read_spans(struct runtime *rt, taddr array, uint64_t n, taddr l2)
{
	const uint32_t size = rt->L.s[LAYOUT_mspan].size;
	struct heap *h = rt->heap;
	uint64_t lost = 0;

	for (uint64_t i = 0; i < n; i++) {
		taddr addr;
		struct span s;
		bool bad = true;
		if (i % 4096 == 0 && runtime_canceled(rt))
			return err_interrupted();
		if (i + SPANS_AHEAD < n)
			ask_ahead(rt, array + (i + SPANS_AHEAD) * 8);
		const uint8_t *p = target_u64(rt->t, array + i * 8, &addr)
					   ? target_ptr(rt->t, addr, size)
					   : NULL;
		if (p) {
			bad = false;
			if (decode_span(rt, p, l2, &s, &bad))
				VEC_PUSH(&h->spans, s);
		}
		lost += bad;
	}
	if (lost) {
		h->incomplete = true;
		notes_add(rt->notes, NOTE_DAMAGE,
			  "%llu of %llu heap spans are unreadable or make no sense",
			  (unsigned long long)lost, (unsigned long long)n);
	}
	return NULL;
}

struct err *heap_open(struct runtime *rt)
{
	const struct layout *l = &rt->L;
	taddr mheap = l->var[LAYOUT_VAR_mheap].addr, array, l2;
	taddr all = mheap + (uint64_t)l->mheap.allspans.off;
	uint64_t n, phase = 0;
	struct heap *h = rt->heap = mem_zalloc(sizeof(*h));

	if (!target_u64(rt->t, all, &array) || !target_u64(rt->t, all + 8, &n) ||
	    !target_u64(rt->t, mheap + (uint64_t)l->mheap.arenas.off, &l2) ||
	    !target_u32(rt->t, mheap + (uint64_t)l->mheap.sweepgen.off, &h->sweepgen))
		return err_new(ERR_FAULT, "cannot read runtime.mheap_: not in the core");
	if (l->var[LAYOUT_VAR_gcphase].found)
		target_uint(rt->t, l->var[LAYOUT_VAR_gcphase].addr, 4, &phase);
	h->marking = phase != 0;
	if (n > MAX_SPANS || (n && target_extent(rt->t, array) < n * 8))
		return err_new(ERR_BAD_DATA,
			       "runtime.mheap_.allspans makes no sense (%llu spans at 0x%llx)",
			       (unsigned long long)n, (unsigned long long)array);
	if (!n) {
		h->incomplete = true;
		notes_add(rt->notes, NOTE_DAMAGE,
			  "runtime.mheap_ has no spans: contexts are looked for on stacks and in "
			  "globals only");
	}
	VEC_RESERVE(&h->spans, n < SPANS_EXPECTED ? n : SPANS_EXPECTED);
	struct err *err = read_spans(rt, array, n, l2);
	if (err)
		return err;
	make_pages(h, rt->t->arch);
	sort_spans(h);
	drop_overlaps(rt, h);
	index_pages(h);
	return NULL;
}

void heap_close(struct runtime *rt)
{
	struct heap *h = rt->heap;

	if (!h)
		return;
	for (uint32_t i = 0; h->pages && i < h->arena_count; i++)
		free(h->pages[i]);
	free(h->pages);
	VEC_FREE(&h->spans);
	free(h);
	rt->heap = NULL;
}

const struct span *heap_span(const struct heap *h, taddr a)
{
	uint64_t arena = a / HEAP_ARENA - (h ? h->arena_first : 0);

	if (!h || arena >= h->arena_count || !h->pages[arena])
		return NULL;
	uint32_t i = h->pages[arena][a / HEAP_PAGE % PAGES_PER_ARENA];
	return i ? &h->spans.v[i - 1] : NULL;
}

bool heap_object_at(struct runtime *rt, taddr a, struct heap_object *ret)
{
	const struct span *s = heap_span(rt->heap, a);

	if (!s)
		return false;
	uint64_t index = (a - s->base) / s->elem_size;
	if (index >= s->nelems)
		return false;
	*ret = (struct heap_object){.span = s,
				    .index = (uint32_t)index,
				    .base = s->base + index * s->elem_size,
				    .size = s->elem_size,
				    .header = s->large_type};
	if (s->flags & SPAN_HEADER) {
		target_u64(rt->t, ret->base, &ret->header);
		ret->base += 8;
		ret->size -= 8;
	}
	return true;
}

/* Bit @p index of the bytes at @p bits; @p otherwise when unreadable. */
static bool bit_at(struct runtime *rt, taddr bits, uint32_t index, bool otherwise)
{
	uint8_t byte;

	if (!bits || !target_u8(rt->t, bits + index / 8, &byte))
		return otherwise;
	return byte >> (index % 8) & 1;
}

bool heap_allocated(struct runtime *rt, const struct span *s, uint32_t index)
{
	if (index >= s->freeindex && !bit_at(rt, s->alloc_bits, index, true))
		return false;
	if (!(s->flags & SPAN_UNSWEPT) || rt->heap->marking)
		return true;
	if (bit_at(rt, s->mark_bits, index, true))
		return true;
	if (!(s->flags & SPAN_INLINE_MARKS))
		return false;
	taddr end = s->base + (uint64_t)s->npages * HEAP_PAGE;
	return bit_at(rt, end - INLINE_MARK_BYTES + INLINE_MARKS_AT, index, true);
}

/* Keep the bits of @p ret that the @p nelems bits at @p bits have too; unreadable ones keep all. */
static void and_bits(struct runtime *rt, taddr bits, uint32_t nelems, uint32_t from, uint64_t *ret,
		     taddr or_bits)
{
	uint64_t nbytes = (nelems + 7) / 8;
	const uint8_t *p = bits ? target_ptr(rt->t, bits, nbytes) : NULL;
	const uint8_t *q = or_bits ? target_ptr(rt->t, or_bits, nbytes) : NULL;

	if (!p || (or_bits && !q))
		return;
	for (uint32_t i = 0; i < nelems; i += 64) {
		uint64_t word = 0, other = 0, n = nbytes - i / 8 < 8 ? nbytes - i / 8 : 8;
		memcpy(&word, p + i / 8, n);
		if (q)
			memcpy(&other, q + i / 8, n);
		word |= other;
		if (from >= i + 64)
			word = ~0ull;
		else if (from > i)
			word |= (1ull << (from - i)) - 1;
		ret[i / 64] &= word;
	}
}

void heap_allocated_bits(struct runtime *rt, const struct span *s, uint64_t *ret)
{
	uint32_t nwords = (s->nelems + 63) / 64;

	memset(ret, 0xff, nwords * sizeof(*ret));
	if (s->nelems % 64)
		ret[nwords - 1] = (1ull << (s->nelems % 64)) - 1;
	if (s->freeindex < s->nelems)
		and_bits(rt, s->alloc_bits, s->nelems, s->freeindex, ret, 0);
	if (s->flags & SPAN_UNSWEPT && !rt->heap->marking) {
		taddr end = s->base + (uint64_t)s->npages * HEAP_PAGE;
		bool in_span = s->flags & SPAN_INLINE_MARKS;
		and_bits(rt, s->mark_bits, s->nelems, 0, ret,
			 in_span ? end - INLINE_MARK_BYTES + INLINE_MARKS_AT : 0);
	}
}

/* 1.22+: one bit a word from the start of the span, at its end. */
static bool span_ptr_bits(struct runtime *rt, const struct span *s, taddr base, unsigned nwords,
			  uint64_t *ret)
{
	uint64_t bytes = (uint64_t)s->npages * HEAP_PAGE;
	taddr table = s->base + bytes - bytes / 64 -
		      (s->flags & SPAN_INLINE_MARKS ? INLINE_MARK_BYTES : 0);
	uint64_t first = (base - s->base) / 8, got[2] = {0};
	unsigned shift = first % 8;
	const uint8_t *p = target_ptr(rt->t, table + first / 8, (shift + nwords + 7) / 8);

	if (s->elem_size == 8) {
		*ret = 1;
		return true;
	}
	if (!p)
		return false;
	memcpy(got, p, (shift + nwords + 7) / 8);
	*ret = got[0] >> shift | (shift ? got[1] << (64 - shift) : 0);
	if (nwords < 64)
		*ret &= (1ull << nwords) - 1;
	return true;
}

const uint8_t *heap_arena_bits(struct runtime *rt, taddr a, uint64_t *nwords)
{
	const struct layout *l = &rt->L;
	uint64_t word = a / 8 % (HEAP_ARENA / 8),
		 per_byte = LAYOUT_HAS(l->heapArena.noMorePtrs) ? 8 : 4;
	taddr l2, ha;

	if (!LAYOUT_HAS(l->heapArena.bitmap) ||
	    !target_u64(rt->t, l->var[LAYOUT_VAR_mheap].addr + (uint64_t)l->mheap.arenas.off,
			&l2) ||
	    !target_u64(rt->t, l2 + arch_arena(rt->t->arch, a, HEAP_ARENA) * 8, &ha) || !ha)
		return NULL;
	if (*nwords > HEAP_ARENA / 8 - word)
		*nwords = HEAP_ARENA / 8 - word;
	return target_ptr(rt->t, ha + (uint64_t)l->heapArena.bitmap.off + word / per_byte,
			  (word % per_byte + *nwords + per_byte - 1) / per_byte);
}

/* The low nibbles of 8 bytes, put together. */
static uint64_t low_nibbles(uint64_t v)
{
	v &= 0x0f0f0f0f0f0f0f0full;
	v = (v | v >> 4) & 0x00ff00ff00ff00ffull;
	v = (v | v >> 8) & 0x0000ffff0000ffffull;
	return (v | v >> 16) & 0xffffffffull;
}

uint64_t heap_nibbles(const uint8_t *p, unsigned shift, unsigned nwords, bool *more_ret)
{
	uint8_t raw[24] = {0};
	uint64_t v[3], pointers, scan;

	memcpy(raw, p, (shift + nwords + 3) / 4);
	memcpy(v, raw, sizeof(v));
	pointers = low_nibbles(v[0]) | low_nibbles(v[1]) << 32;
	scan = low_nibbles(v[0] >> 4) | low_nibbles(v[1] >> 4) << 32;
	if (shift) {
		pointers = pointers >> shift | low_nibbles(v[2]) << (64 - shift);
		scan = scan >> shift | low_nibbles(v[2] >> 4) << (64 - shift);
	}
	if (nwords < 64) {
		pointers &= (1ull << nwords) - 1;
		scan |= ~((1ull << nwords) - 1);
	}
	*more_ret = scan == ~0ull;
	// What lies behind the first word without its scan bit is of an older object.
	return *more_ret ? pointers : pointers & ((1ull << __builtin_ctzll(~scan)) - 1);
}

/* Until 1.21: the arena's bitmap. */
static bool arena_ptr_bits(struct runtime *rt, taddr base, unsigned nwords, uint64_t *ret)
{
	uint64_t there = nwords, got[2] = {0};
	const uint8_t *p = heap_arena_bits(rt, base, &there);
	bool more;

	if (!p || there < nwords)
		return false;
	if (!LAYOUT_HAS(rt->L.heapArena.noMorePtrs)) {
		*ret = heap_nibbles(p, base / 8 % 4, nwords, &more);
		return true;
	}
	unsigned shift = base / 8 % 8;
	memcpy(got, p, (shift + nwords + 7) / 8);
	*ret = got[0] >> shift | (shift ? got[1] << (64 - shift) : 0);
	if (nwords < 64)
		*ret &= (1ull << nwords) - 1;
	return true;
}

bool heap_ptr_bits(struct runtime *rt, const struct span *s, taddr base, unsigned nwords,
		   uint64_t *ret)
{
	if (nwords > 64 || base < s->base ||
	    base + 8ul * nwords > s->base + (uint64_t)s->npages * HEAP_PAGE)
		return false;
	if (s->flags & SPAN_NOSCAN) {
		*ret = 0;
		return true;
	}
	if (LAYOUT_HAS(rt->L.heapArena.bitmap))
		return arena_ptr_bits(rt, base, nwords, ret);
	if (s->elem_size > HEAP_HEADER_MIN || s->flags & SPAN_NO_MASK)
		return false;
	return span_ptr_bits(rt, s, base, nwords, ret);
}

bool heap_newest(struct runtime *rt, taddr a)
{
	struct heap_object o;

	return heap_object_at(rt, a, &o) && o.index + 1 == o.span->freeindex;
}
