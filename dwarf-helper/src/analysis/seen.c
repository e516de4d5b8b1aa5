#include "analysis/seen.h"

#include <pthread.h>

#include "analysis/word_filter.h"
#include "runtime/rtype.h"

/* Nothing of it changes while spans are looked at. */
struct seeker {
	struct leaks *l;
	struct word_filter filter;
	/* Contexts lie in spans of their own size, and most pointers lead elsewhere: a bit for each
	 * page of addresses, out of the nearest cache. */
	uint64_t *pages;
	unsigned page_shift;
	struct u64map index;	 /* address -> position */
	struct u64map cancelers; /* itabs of interface context.canceler */
};

/* Some spans, looked at by one thread. */
struct part {
	const struct seeker *s;
	size_t from, to; /* spans [from, to) */
	uint8_t *seen;	 /* by position */
	bool canceled;
};

static void find_cancelers(struct seeker *s)
{
	struct runtime *rt = s->l->m->rt;
	size_t n;
	const struct itab *v = rtype_itabs(rt, &n);
	taddr known = 0;

	for (size_t i = 0; i < n; i++) {
		const struct rtype *type = v[i].inter == known ? NULL : rtype_get(rt, v[i].inter);
		if (type && type->full && !strcmp(type->full, "context.canceler"))
			known = v[i].inter;
		if (v[i].inter == known)
			u64map_set(&s->cancelers, v[i].addr, 1);
	}
}

/* What refers to it is the object that holds the word at @p at, unless that is free, or garbage. */
static void meet(struct part *p, taddr at, uint64_t before, uint32_t position)
{
	const struct leaks *l = p->s->l;
	struct heap_object o;

	if (p->seen[position] || !heap_object_at(l->m->rt, at, &o) || !mark_test(&l->r->marks, at))
		return;
	if (u64map_find(&l->closures, o.base) != U64MAP_NONE || model_at(l->m, o.base) != CTX_NONE)
		return;
	p->seen[position] =
		at == o.base || !before || u64map_find(&p->s->cancelers, before) == U64MAP_NONE;
}

static inline bool in_page(const struct seeker *s, uint64_t word)
{
	uint64_t page = (word - s->filter.lo) >> s->page_shift;

	return word - s->filter.lo < s->filter.hi - s->filter.lo &&
	       s->pages[page / 64] >> page % 64 & 1;
}

static void look_at(struct part *part, taddr base, const uint8_t *p, uint64_t n)
{
	const struct seeker *s = part->s;
	uint64_t before = 0, word;

	for (uint64_t at = 0; at + 8 <= n; at += 8, before = word) {
		memcpy(&word, p + at, 8);
		if (!in_page(s, word) || !word_filter_maybe(&s->filter, word))
			continue;
		uint32_t position = u64map_find(&s->index, word);
		if (position != U64MAP_NONE)
			meet(part, base + at, before, position);
	}
}

/* In one piece; by objects where part of a span is not to be had. */
static void look_at_span(struct part *part, const struct slot_span *ss)
{
	struct target *t = part->s->l->m->rt->t;
	const uint8_t *p = ss->noscan ? NULL : target_ptr(t, ss->base, ss->nelems * ss->size);

	if (p)
		look_at(part, ss->base, p, ss->nelems * ss->size);
	for (uint32_t k = 0; !p && !ss->noscan && k < ss->nelems; k++) {
		const uint8_t *q = target_ptr(t, ss->base + k * ss->size, ss->size);
		if (q)
			look_at(part, ss->base + k * ss->size, q, ss->size);
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

static void seeker_open(struct seeker *s, struct leaks *l, const uint32_t *contexts, size_t n)
{
	*s = (struct seeker){.l = l};
	find_cancelers(s);
	word_filter_open(&s->filter, n);
	u64map_reserve(&s->index, n);
	for (size_t k = 0; k < n; k++) {
		word_filter_add(&s->filter, l->m->ctxs.v[contexts[k]].addr);
		u64map_add(&s->index, l->m->ctxs.v[contexts[k]].addr, (uint32_t)k);
	}
	make_pages(s, contexts, n);
}

static void *look_at_part(void *arg)
{
	struct part *p = arg;

	for (size_t i = p->from; i < p->to && !p->canceled; i++) {
		look_at_span(p, &p->s->l->r->marks.slots.spans[i]);
		p->canceled = i % 1024 == 0 && runtime_canceled(p->s->l->m->rt);
	}
	return NULL;
}

static struct err *scan(const struct seeker *s, size_t from, size_t to, uint8_t *seen)
{
	struct part p = {s, from, to, seen, false};

	look_at_part(&p);
	return p.canceled ? err_interrupted() : NULL;
}

/* spans from which on a second thread helps */
#define SHARED 4096

/* All spans, on two threads when they are many. */
static struct err *scan_all(const struct seeker *s, size_t contexts, uint8_t *seen)
{
	size_t n = s->l->m->rt->heap->spans.n;
	struct part upper = {s, n / 2, n, NULL, false};
	pthread_t thread;

	if (n < SHARED)
		return scan(s, 0, n, seen);
	upper.seen = mem_zalloc(contexts + 1);
	bool threaded = pthread_create(&thread, NULL, look_at_part, &upper) == 0;
	struct err *err = scan(s, 0, threaded ? n / 2 : n, seen);
	if (threaded)
		pthread_join(thread, NULL);
	for (size_t k = 0; k < contexts; k++)
		seen[k] |= upper.seen[k];
	free(upper.seen);
	return err || !upper.canceled ? err : err_interrupted();
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
	seeker_open(&s, l, contexts, n);
	struct err *err = scan_all(&s, n, seen_ret);
	seeker_close(&s);
	return err;
}

#define AREAS 4	   /* places of the heap */
#define AN_AREA 16 /* contexts in each */
/* of so many parts of the heap, those to both sides of an area are looked at */
#define WINDOW 32
/* bytes: slices and tables of maps that hold very many are at least so large */
#define LARGE_OBJECT 8192

static struct err *scan_large(const struct seeker *s, uint8_t *seen)
{
	struct err *err = NULL;

	for (size_t i = 0; i < s->l->m->rt->heap->spans.n && !err; i++) {
		const struct slot_span *ss = &s->l->r->marks.slots.spans[i];
		if (ss->size < LARGE_OBJECT || ss->noscan)
			continue;
		err = scan(s, i, i + 1, seen);
		if (!memchr(seen, 0, AREAS * AN_AREA))
			break;
	}
	return err;
}

static struct err *scan_near(const struct seeker *s, taddr addr, uint8_t *seen)
{
	size_t spans = s->l->m->rt->heap->spans.n, window = spans / WINDOW + 1,
	       at = slots_span(&s->l->r->marks.slots, addr);

	return at >= spans ? NULL
			   : scan(s, at < window ? 0 : at - window,
				  at + window < spans ? at + window : spans, seen);
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
	seeker_open(&s, l, sample, AREAS * AN_AREA);
	struct err *err = scan_large(&s, seen);
	for (size_t a = 0; a < AREAS && !err; a++)
		if (memchr(&seen[a * AN_AREA], 0, AN_AREA))
			err = scan_near(&s, l->m->ctxs.v[sample[a * AN_AREA]].addr, seen);
	seeker_close(&s);
	*all_ret = !memchr(seen, 0, sizeof(seen));
	return err;
}
