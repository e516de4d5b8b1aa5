#include "runtime/mark_internal.h"

struct err *marks_open(struct runtime *rt, struct marks *ret)
{
	memset(ret, 0, sizeof(*ret));
	struct err *err = slots_open(rt, &ret->slots);
	if (err)
		return err;
	const struct heap *h = rt->heap;
	ret->rt = rt;
	ret->white = mem_resize(NULL, ret->slots.words, sizeof(*ret->white));
	ret->grey = mem_zalloc(ret->slots.words * sizeof(*ret->grey));
	ret->queued = mem_zalloc(h->spans.n);
	ret->density = mem_zalloc((ret->slots.range / POPULATE_CHUNK + 1) * sizeof(*ret->density));
	for (size_t i = 0; i < h->spans.n; i++) {
		const struct span *s = &h->spans.v[i];
		heap_allocated_bits(rt, s, &ret->white[ret->slots.spans[i].word]);
		// Pages of a span that reaches into the next chunk count for its first.
		if (!(s->flags & SPAN_NOSCAN))
			ret->density[(s->base - ret->slots.lo) / POPULATE_CHUNK] +=
				s->npages < 256 ? (uint16_t)s->npages : 256;
	}
	ret->masks = ptrmasks_open(rt);
	ptrwords_init(&ret->reader, rt, ret->masks);
	ret->pool = mem_zalloc(sizeof(*ret->pool));
	ret->pool->mk = ret;
	pthread_mutex_init(&ret->pool->lock, NULL);
	pthread_cond_init(&ret->pool->more, NULL);
	ret->self = mem_zalloc(sizeof(*ret->self));
	ret->self->mk = ret;
	ret->self->pool = ret->pool;
	ret->self->reader = &ret->reader;
	ret->incomplete = h->incomplete;
	return NULL;
}

void marks_close(struct marks *mk)
{
	if (mk->pool) {
		VEC_FREE(&mk->pool->spans);
		pthread_cond_destroy(&mk->pool->more);
		pthread_mutex_destroy(&mk->pool->lock);
	}
	if (mk->self)
		VEC_FREE(&mk->self->hits);
	free(mk->pool);
	free(mk->self);
	free(mk->watched);
	free(mk->watch);
	VEC_FREE(&mk->hits);
	free(mk->white);
	free(mk->grey);
	free(mk->queued);
	free(mk->density);
	ptrmasks_close(mk->masks);
	slots_close(&mk->slots);
	memset(mk, 0, sizeof(*mk));
}

/* What the thread of the caller has counted. */
static void count(struct marks *mk)
{
	mk->objects += mk->self->objects;
	mk->bytes += mk->self->bytes;
	mk->unread += mk->reader.unread;
	mk->guessed += mk->reader.guessed;
	mk->self->objects = mk->self->bytes = 0;
	mk->reader.unread = mk->reader.guessed = 0;
	for (size_t i = 0; i < mk->self->hits.n; i++)
		VEC_PUSH(&mk->hits, mk->self->hits.v[i]);
	mk->self->hits.n = 0;
	mk->incomplete |= mk->unread > 0;
}

/* The slot that holds an address.  False: none does. */
static bool find_slot(const struct marks *mk, taddr a, uint32_t *span, uint32_t *index)
{
	*span = slots_span(&mk->slots, a);
	if (*span == SLOTS_NO_SPAN)
		return false;
	const struct slot_span *s = &mk->slots.spans[*span];
	*index = slots_index(s, a);
	return *index < s->nelems;
}

bool mark_addr(struct marks *mk, taddr a)
{
	uint32_t span, index;
	bool new = find_slot(mk, a, &span, &index) && marker_mark(mk->self, span, index);

	count(mk);
	return new;
}

void mark_leaf(struct marks *mk, taddr a)
{
	uint32_t span, index;

	if (!find_slot(mk, a, &span, &index))
		return;
	const struct slot_span *s = &mk->slots.spans[span];
	marker_mark(mk->self, span, index);
	mk->grey[s->word + index / 64] &= s->nelems == 1 ? 0 : ~(1ull << (index % 64));
	count(mk);
}

void mark_enter(struct marks *mk, taddr a)
{
	uint32_t span, index;

	if (!find_slot(mk, a, &span, &index))
		return;
	if (!marker_mark(mk->self, span, index) &&
	    heap_allocated(mk->rt, &mk->rt->heap->spans.v[span], index))
		marker_read(mk->self, span, index);
	count(mk);
}

bool mark_watch(struct marks *mk, taddr a)
{
	uint32_t span, index;

	if (!find_slot(mk, a, &span, &index))
		return false;
	uint64_t word = mk->slots.spans[span].word + index / 64, bit = 1ull << (index % 64);
	if (!(mk->white[word] & bit))
		return false;
	if (!mk->watched) {
		mk->watched = mem_zalloc(mk->rt->heap->spans.n);
		mk->watch = mem_zalloc(mk->slots.words * sizeof(*mk->watch));
	}
	mk->watched[span] = 1;
	mk->watch[word] |= bit;
	return true;
}

void mark_words(struct marks *mk, taddr lo, taddr hi)
{
	lo = (lo + 7) & ~7ull;
	while (lo < hi && hi - lo >= 8) {
		uint64_t n = target_extent(mk->rt->t, lo) & ~7ull;
		n = n < ((hi - lo) & ~7ull) ? n : ((hi - lo) & ~7ull);
		const uint8_t *p = n ? target_ptr(mk->rt->t, lo, n) : NULL;
		if (!p) {
			mk->incomplete = true;
			lo = target_behind_gap(mk->rt->t, lo);
			continue;
		}
		for (uint64_t i = 0; i < n; i += 8) {
			taddr v;
			memcpy(&v, p + i, 8);
			marker_word(mk->self, v);
		}
		lo += n;
	}
	marker_flush(mk->self);
	count(mk);
}

struct err *marks_drain(struct marks *mk)
{
	struct mark_pool *p = mk->pool;

	p->threads = 1;
	p->idle = 0;
	p->stop = p->canceled = p->helper_runs = false;
	mk->self->shared = false;
	marker_run(mk->self);
	if (p->helper_runs)
		pthread_join(p->helper, NULL);
	count(mk);
	return p->canceled ? err_interrupted() : NULL;
}

bool mark_test(const struct marks *mk, taddr a)
{
	uint32_t span, index;

	if (!find_slot(mk, a, &span, &index) ||
	    mk->white[mk->slots.spans[span].word + index / 64] >> (index % 64) & 1)
		return false;
	return heap_allocated(mk->rt, &mk->slots.h->spans.v[span], index);
}

bool object_pointers(struct runtime *rt, const struct heap_object *o, pointer_fn *fn, void *arg)
{
	struct ptrmasks *masks = ptrmasks_open(rt);
	struct ptrwords w;
	struct ptr_object words;
	struct ptr_chunk c;
	bool go_on = true;

	ptrwords_init(&w, rt, masks);
	if (ptrwords_span(&w, o->span)) {
		ptrwords_object(&w, o->index, 0, UINT64_MAX, &words);
		while (go_on && ptrwords_next(&w, &words, &c))
			for (uint64_t m = c.mask; m && go_on; m &= m - 1) {
				unsigned i = (unsigned)__builtin_ctzll(m);
				taddr v = ptr_chunk_word(&c, i);
				go_on = !v || fn(arg, c.at + i * 8, v);
			}
	}
	ptrmasks_close(masks);
	return w.unread == 0;
}
