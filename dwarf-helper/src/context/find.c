/*
 * One pass over the words of the heap's objects, for two things: objects that have the slot size,
 * pointer bits and parent word of a context type, and references to contexts of a known type.  An
 * object is a context if both meet (evidence.c).
 */
#include "context/build_internal.h"

/* Shapes of one slot size: b->shapes.v[first … first + n - 1]. */
static const struct ctx_shape *shapes_of(struct builder *b, uint64_t slot, size_t *n)
{
	*n = 0;
	if (slot > SHAPE_SLOT_MAX)
		return NULL;
	uint16_t first = b->first_shape[slot / 8];
	while (first + *n < b->shapes.n && b->shapes.v[first + *n].slot == slot)
		++*n;
	return &b->shapes.v[first];
}

static unsigned slot_words(const struct span *s)
{
	return s->elem_size / 8 < 64 ? (unsigned)(s->elem_size / 8) : 64;
}

/* The allocator takes a red zone for one more element, and writes the type's bits there again. */
static uint64_t own_bits(const struct builder *b, uint16_t type, uint64_t bits)
{
	uint64_t words = b->m->types.v[type].size / 8;

	return b->rt->redzones && words < 64 ? bits & ((UINT64_C(1) << words) - 1) : bits;
}

/* The word at @p key of the allocated slot is an itab as a parent's: has the slot the shape of a
 * context? */
static void consider(struct builder *b, const struct span *s, taddr addr, const uint8_t *p,
		     uint32_t key)
{
	const struct model *m = b->m;
	uint64_t bits;
	size_t n;
	const struct ctx_shape *shape = shapes_of(b, s->elem_size, &n);
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= shape[i].key == key;
	/* A slot may have such words at two offsets: the first counts until a reference says
	 * otherwise. */
	if (!any || m->ctxs.v[m->ctxs.n - 1].addr == addr ||
	    !heap_ptr_bits(b->rt, s, addr, slot_words(s), &bits))
		return;
	for (size_t i = 0; i < n; i++) {
		if (shape[i].key == key && shape[i].bits == own_bits(b, shape[i].type, bits) &&
		    fill_plausible(b, shape[i].type, p)) {
			fill_append(b, addr, shape[i].type, CTX_FROM_HEAP, p);
			return;
		}
	}
}

/* Word @p i of the span stands before the address of a context when it is that of an interface or
 * the code of a closure. */
static void met_word(struct builder *b, const struct span *s, const uint8_t *p, uint64_t i,
		     uint32_t value)
{
	uint64_t data, index = i * 8 / s->elem_size, off = i * 8 % s->elem_size;

	if (value & WORD_CODE ? off != 0 : off == 0 && s->flags & SPAN_HEADER)
		return; // a type header is no interface
	if (off + 16 > s->elem_size || !heap_allocated(b->rt, s, (uint32_t)index))
		return;
	if (value & WORD_ITAB && !(s->flags & SPAN_HEADER))
		consider(b, s, s->base + index * s->elem_size, p + index * s->elem_size,
			 (uint32_t)off);
	memcpy(&data, p + i * 8 + 8, 8);
	if (b->m->types.v[value & WORD_TYPE_MASK].kind >
	    CTX_TODO) // whether Background is in use, stacks, variables and parent words show
		ref_add(b->refs, value, data);
}

static void scan_words(struct builder *b, const struct span *s)
{
	uint64_t n = s->nelems * s->elem_size / 8;
	const uint8_t *p = target_ptr(b->rt->t, s->base, n * 8);

	if (!p) {
		b->unreadable_spans++;
		return;
	}
	for (uint64_t i = 0; (i = word_set_next(&b->words, p, i, n)) < n; i++) {
		uint64_t w;
		memcpy(&w, p + i * 8, 8);
		if (!word_set_maybe(&b->words, w))
			continue;
		uint32_t value = u64map_find(&b->words.map, w);
		if (value != U64MAP_NONE)
			met_word(b, s, p, i, value);
	}
}

/* Is it one object of the type, and not the array behind a slice of them, whose header is the
 * same? */
static bool fits_slot(const struct runtime *rt, const struct span *s, const struct ctx_type *t)
{
	uint64_t header = s->flags & SPAN_HEADER ? 8 : 0;

	return t->size > HEAP_HEADER_MIN && heap_slot_size(rt, t->size + header) == s->elem_size;
}

/* 1.22+: objects above 512 bytes name their type in front. */
static void scan_headers(struct builder *b, const struct span *s)
{
	for (uint32_t i = 0; i < s->nelems; i++) {
		taddr slot = s->base + (uint64_t)i * s->elem_size, type = s->large_type;
		if (s->flags & SPAN_HEADER && !target_u64(b->rt->t, slot, &type))
			continue;
		uint32_t t = type ? u64map_find(&b->by_object, type) : CTX_TYPE_NONE;
		if (t == CTX_TYPE_NONE || !fits_slot(b->rt, s, &b->m->types.v[t]) ||
		    !heap_allocated(b->rt, s, i))
			continue;
		taddr addr = slot + (s->flags & SPAN_HEADER ? 8 : 0);
		fill_append(b, addr, (uint16_t)t, CTX_FROM_HEAP | CTX_FROM_HEADER,
			    target_ptr(b->rt->t, addr, fill_needs(&b->rt->L, &b->m->types.v[t])));
	}
}

static bool any_big_type(const struct builder *b)
{
	for (size_t i = 0; i < b->m->types.n; i++)
		if (b->m->types.v[i].size > HEAP_HEADER_MIN)
			return true;
	return false;
}

static bool is_scanned(const struct span *s)
{
	return !(s->flags & SPAN_NOSCAN);
}

/*
 * Spans from @p first on that share one 2 MiB of addresses: the number behind the last.  When most
 * of that is going to be read it is mapped in one go.
 */
static size_t next_chunk(struct builder *b, size_t first)
{
	const struct heap *h = b->rt->heap;
	uint64_t chunk = h->spans.v[first].base / POPULATE_CHUNK, bytes = 0;
	const struct span *any = NULL;
	size_t i = first;

	for (; i < h->spans.n && h->spans.v[i].base / POPULATE_CHUNK == chunk; i++) {
		if (!is_scanned(&h->spans.v[i]))
			continue;
		any = &h->spans.v[i];
		bytes += (uint64_t)any->npages * HEAP_PAGE;
	}
	const uint8_t *p = bytes > POPULATE_CHUNK / 2 ? target_ptr(b->rt->t, any->base, 1) : NULL;
	if (p)
		target_populate(b->rt->t, p);
	return i;
}

/* room made at once: memory that is not touched costs nothing */
#define CONTEXTS_EXPECTED (1u << 22)

static bool has_shapes(struct builder *b, const struct span *s)
{
	size_t n;

	if (!is_scanned(s) || s->flags & SPAN_HEADER || s->large_type)
		return false;
	shapes_of(b, s->elem_size, &n);
	return n != 0;
}

/* As many contexts as there are slots that will be looked at, or what is a lot. */
static void make_room(struct builder *b)
{
	struct heap *h = b->rt->heap;
	uint64_t slots = 2;

	for (size_t i = 0; i < h->spans.n && slots < CONTEXTS_EXPECTED; i++)
		slots += has_shapes(b, &h->spans.v[i]) ? h->spans.v[i].nelems : 0;
	VEC_RESERVE(&b->m->ctxs, slots < CONTEXTS_EXPECTED ? slots : CONTEXTS_EXPECTED);
}

struct err *find_in_heap(struct builder *b)
{
	struct heap *h = b->rt->heap;
	bool big = any_big_type(b);
	size_t n = h ? h->spans.n : 0, chunk = 0;

	b->refs = mem_zalloc(sizeof(*b->refs));
	if (h)
		make_room(b);
	for (size_t i = 0; i < n; i++) {
		if (i == chunk)
			chunk = next_chunk(b, i);
		if (is_scanned(&h->spans.v[i])) {
			if (big && (h->spans.v[i].flags & SPAN_HEADER || h->spans.v[i].large_type))
				scan_headers(b, &h->spans.v[i]);
			scan_words(b, &h->spans.v[i]);
		}
		if (i % 1024 == 0 && runtime_canceled(b->rt))
			return err_interrupted();
	}
	model_index(b->m);
	refs_apply(b, b->refs, false);
	fill_index(b);
	if (b->unreadable_spans)
		notes_add(b->rt->notes, NOTE_DAMAGE,
			  "%llu heap spans that may hold contexts are not in the core",
			  (unsigned long long)b->unreadable_spans);
	return NULL;
}

static bool is_itab(struct builder *b, taddr addr)
{
	size_t n, lo = 0;
	const struct itab *v = rtype_itabs(b->rt, &n);

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;
		if (v[mid].addr == addr)
			return true;
		if (v[mid].addr < addr)
			lo = mid + 1;
		else
			n = mid;
	}
	return false;
}

/* The library panics on a nil parent, so its kinds have one; a custom struct may embed nil. */
static bool parent_fits(struct builder *b, const struct ctx_type *t, taddr addr)
{
	taddr itab;

	if (t->inner < 0 || t->inner_via)
		return true;
	if (!target_u64(b->rt->t, addr + (uint64_t)t->inner, &itab))
		return false;
	return itab ? kinds_of_itab(b, itab) != CTX_TYPE_NONE : t->kind == CTX_CUSTOM;
}

/*
 * A custom context in a package variable, or a constant boxed in read-only data.  The library's own
 * live in the heap. Tables of itabs look like pairs (itab, itab), so what is an itab is no context.
 */
static bool fits_outside_heap(struct builder *b, const struct ctx_type *t, taddr addr)
{
	if (t->kind != CTX_CUSTOM || is_itab(b, addr) ||
	    !target_ptr(b->rt->t, addr, t->size ? t->size : 1))
		return false;
	if (t->inner < 0)
		return !t->by_pointer || t->size == 0 || runtime_in_data(b->rt, addr);
	return runtime_in_data(b->rt, addr) && parent_fits(b, t, addr);
}

/* Are the pointer bits of the object those of the type, at the place where it would lie?  True when
 * they are not known. */
static bool bits_fit(struct builder *b, const struct ctx_type *t, const struct heap_object *o,
		     taddr addr)
{
	uint64_t words = t->size / 8, at = (addr - o->base) / 8, bits;

	if (o->span->flags & SPAN_NOSCAN)
		return !t->bits_known || !t->ptr_bits;
	if (!t->bits_known || !words || at + words > 64 ||
	    !heap_ptr_bits(b->rt, o->span, addr, (unsigned)words, &bits))
		return true;
	return bits == t->ptr_bits;
}

bool find_fits(struct builder *b, uint16_t type, taddr addr)
{
	const struct ctx_type *t = &b->m->types.v[type];
	struct heap_object o;

	if (!heap_object_at(b->rt, addr, &o))
		return !heap_span(b->rt->heap, addr) && fits_outside_heap(b, t, addr);
	if (addr < o.base || o.base + o.size < addr + t->size ||
	    !heap_allocated(b->rt, o.span, o.index))
		return false;
	if (o.header && o.base == addr && t->by_pointer && t->size > HEAP_HEADER_MIN)
		return o.header == t->object;
	/* A custom struct may sit inside a larger object; the standard library's are objects of
	 * their own, in slots of their size. */
	if (t->kind != CTX_CUSTOM &&
	    (o.base != addr || o.span->elem_size != heap_slot_size(b->rt, t->size)))
		return false;
	const uint8_t *p = target_ptr(b->rt->t, addr, t->size);
	return (p || !t->size) && fill_plausible(b, type, p) && bits_fit(b, t, &o, addr) &&
	       parent_fits(b, t, addr);
}
