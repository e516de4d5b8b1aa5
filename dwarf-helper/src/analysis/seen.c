#include "analysis/seen.h"

#include "analysis/word_filter.h"
#include "runtime/rtype.h"

struct seeker {
	struct leaks *l;
	struct word_filter filter;
	/* Contexts lie in spans of their own size, and most pointers lead elsewhere: a bit for each
	 * page of addresses, out of the nearest cache. */
	uint64_t *pages;
	unsigned page_shift;
	struct u64map index;	 /* address -> position */
	struct u64map cancelers; /* word -> 1: itab of interface context.canceler, 0: none */
	uint8_t *seen;
};

static bool is_canceler(struct seeker *s, uint64_t itab)
{
	struct runtime *rt = s->l->m->rt;
	uint32_t known = itab ? u64map_find(&s->cancelers, itab) : 0;
	taddr inter = 0;

	if (known != U64MAP_NONE)
		return known;
	const struct rtype *type = runtime_field(rt, itab, rt->L.itab.inter, &inter) && inter
					   ? rtype_get(rt, inter)
					   : NULL;
	bool is = type && type->full && !strcmp(type->full, "context.canceler");
	u64map_set(&s->cancelers, itab, is);
	return is;
}

/* What refers to it is the object that holds the word at @p at, unless that is free, or garbage. */
static void meet(struct seeker *s, taddr at, uint64_t before, uint32_t position)
{
	struct heap_object o;

	if (s->seen[position] || !heap_object_at(s->l->m->rt, at, &o) ||
	    !mark_test(&s->l->r->marks, at))
		return;
	if (u64map_find(&s->l->closures, o.base) != U64MAP_NONE ||
	    model_at(s->l->m, o.base) != CTX_NONE)
		return;
	s->seen[position] = at == o.base || !is_canceler(s, before);
}

static inline bool in_page(const struct seeker *s, uint64_t word)
{
	uint64_t page = (word - s->filter.lo) >> s->page_shift;

	return word - s->filter.lo < s->filter.hi - s->filter.lo &&
	       s->pages[page / 64] >> page % 64 & 1;
}

static void look_at(struct seeker *s, taddr base, const uint8_t *p, uint64_t n)
{
	uint64_t before = 0, word;

	for (uint64_t at = 0; at + 8 <= n; at += 8, before = word) {
		memcpy(&word, p + at, 8);
		if (!in_page(s, word) || !word_filter_maybe(&s->filter, word))
			continue;
		uint32_t position = u64map_find(&s->index, word);
		if (position != U64MAP_NONE)
			meet(s, base + at, before, position);
	}
}

/* In one piece; by objects where part of a span is not to be had. */
static void look_at_span(struct seeker *s, const struct slot_span *ss)
{
	struct target *t = s->l->m->rt->t;
	const uint8_t *p = ss->noscan ? NULL : target_ptr(t, ss->base, ss->nelems * ss->size);

	if (p)
		look_at(s, ss->base, p, ss->nelems * ss->size);
	for (uint32_t k = 0; !p && !ss->noscan && k < ss->nelems; k++) {
		const uint8_t *q = target_ptr(t, ss->base + k * ss->size, ss->size);
		if (q)
			look_at(s, ss->base + k * ss->size, q, ss->size);
	}
}

#define PAGES_MOST (UINT64_C(1) << 18)

static void make_pages(struct seeker *s, const uint32_t *contexts, size_t n)
{
	s->page_shift = 13;
	while ((s->filter.hi - s->filter.lo) >> s->page_shift >= PAGES_MOST)
		s->page_shift++;
	s->pages = mem_zalloc(PAGES_MOST / 8);
	for (size_t k = 0; k < n; k++) {
		uint64_t page = (s->l->m->ctxs.v[contexts[k]].addr - s->filter.lo) >> s->page_shift;
		s->pages[page / 64] |= UINT64_C(1) << page % 64;
	}
}

static void seeker_open(struct seeker *s, struct leaks *l, const uint32_t *contexts, size_t n,
			uint8_t *seen)
{
	*s = (struct seeker){.l = l, .seen = seen};
	word_filter_open(&s->filter, n);
	u64map_reserve(&s->index, n);
	for (size_t k = 0; k < n; k++) {
		word_filter_add(&s->filter, l->m->ctxs.v[contexts[k]].addr);
		u64map_add(&s->index, l->m->ctxs.v[contexts[k]].addr, (uint32_t)k);
	}
	make_pages(s, contexts, n);
}

/* Spans [from, to). */
static struct err *scan(struct seeker *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		look_at_span(s, &s->l->r->marks.slots.spans[i]);
		if (i % 1024 == 0 && runtime_canceled(s->l->m->rt))
			return err_interrupted();
	}
	return NULL;
}

static void seeker_close(struct seeker *s)
{
	free(s->pages);
	word_filter_close(&s->filter);
	u64map_free(&s->index);
	u64map_free(&s->cancelers);
}

struct err *leak_seen(struct leaks *l, const uint32_t *contexts, size_t n, uint8_t *seen_ret)
{
	struct seeker s;

	if (!l->m->rt->heap) /* nowhere to look */
		return NULL;
	seeker_open(&s, l, contexts, n, seen_ret);
	struct err *err = scan(&s, 0, l->m->rt->heap->spans.n);
	seeker_close(&s);
	return err;
}

#define AREAS 4	   /* places of the heap */
#define AN_AREA 16 /* contexts in each */
/* of so many parts of the heap, those to both sides of an area are looked at */
#define WINDOW 32
/* bytes: slices and tables of maps that hold very many are at least so large */
#define LARGE_OBJECT 8192

static struct err *scan_large(struct seeker *s)
{
	struct err *err = NULL;

	for (size_t i = 0; i < s->l->m->rt->heap->spans.n && !err; i++) {
		const struct slot_span *ss = &s->l->r->marks.slots.spans[i];
		if (ss->size < LARGE_OBJECT || ss->noscan)
			continue;
		err = scan(s, i, i + 1);
		if (!memchr(s->seen, 0, AREAS * AN_AREA))
			break;
	}
	return err;
}

static struct err *scan_near(struct seeker *s, taddr addr)
{
	size_t spans = s->l->m->rt->heap->spans.n, window = spans / WINDOW + 1,
	       at = slots_span(&s->l->r->marks.slots, addr);

	return at >= spans ? NULL
			   : scan(s, at < window ? 0 : at - window,
				  at + window < spans ? at + window : spans);
}

struct err *leak_seen_near(struct leaks *l, const uint32_t *contexts, size_t n, bool *all_ret)
{
	uint32_t sample[AREAS * AN_AREA];
	uint8_t seen[AREAS * AN_AREA] = {0};
	struct seeker s;

	*all_ret = n >= AREAS * AN_AREA;
	if (!*all_ret)
		return NULL;
	for (size_t a = 0; a < AREAS; a++)
		memcpy(&sample[a * AN_AREA], &contexts[a * (n - AN_AREA) / (AREAS - 1)],
		       AN_AREA * sizeof(*sample));
	seeker_open(&s, l, sample, AREAS * AN_AREA, seen);
	struct err *err = scan_large(&s);
	for (size_t a = 0; a < AREAS && !err; a++)
		if (memchr(&seen[a * AN_AREA], 0, AN_AREA))
			err = scan_near(&s, l->m->ctxs.v[sample[a * AN_AREA]].addr);
	seeker_close(&s);
	*all_ret = !memchr(seen, 0, sizeof(seen));
	return err;
}
