/*
 * Maps of runtime/map.go: 2^B buckets of eight slots, each the head of a chain of overflow buckets.
 *
 *     bucket: tophash[8]  keys[8]  elems[8]  *overflow
 *
 * While a map grows, both arrays are there: a bucket of the old one is "evacuated" (its first
 * tophash says so) once its entries were moved.
 */
#include "runtime/gomap_walk.h"

#define B_MAX 40

/* tophash: 0 and 1 empty, 2…4 evacuated, from 5 on a filled slot (runtime/map.go: emptyRest …
 * minTopHash). */
enum { EVACUATED_FIRST = 2, FILLED_FIRST = 5 };

/* hmap.flags */
enum { HASH_WRITING = 4, SAME_SIZE_GROW = 8 };

struct hmap {
	uint64_t count, flags, B, buckets, oldbuckets;
};

struct bucket_walk {
	struct gomap_walk *w;
	uint64_t overflow_left; /* overflow buckets that may still be followed */
};

static bool header_read(struct runtime *rt, taddr map, struct hmap *h)
{
	const struct layout *l = &rt->L;

	return runtime_field(rt, map, l->hmap.count, &h->count) &&
	       runtime_field(rt, map, l->hmap.flags, &h->flags) &&
	       runtime_field(rt, map, l->hmap.B, &h->B) &&
	       runtime_field(rt, map, l->hmap.buckets, &h->buckets) &&
	       runtime_field(rt, map, l->hmap.oldbuckets, &h->oldbuckets) && h->B <= B_MAX &&
	       h->buckets % 8 == 0 && h->oldbuckets % 8 == 0 && (h->buckets || !h->oldbuckets);
}

bool gomap_bucket_header(struct runtime *rt, taddr map, struct gomap_state *st)
{
	struct hmap h = {0};
	bool ok = header_read(rt, map, &h);

	st->count = h.count;
	if (!ok)
		return false;
	st->writing = h.flags & HASH_WRITING;
	st->growing = h.oldbuckets;
	st->tables = h.buckets ? 1ull << h.B : 0;
	return true;
}

bool gomap_bucket_type(struct runtime *rt, taddr map_type, struct gomap_type *ret)
{
	const struct layout *l = &rt->L;
	uint64_t size, flags;

	if (!runtime_field(rt, map_type, l->oldMapType.key, &ret->key_type) ||
	    !runtime_field(rt, map_type, l->oldMapType.elem, &ret->elem_type) ||
	    !runtime_field(rt, map_type, l->oldMapType.bucketsize, &size) ||
	    !runtime_field(rt, map_type, l->oldMapType.flags, &flags))
		return false;
	ret->key_indirect = flags & 1;
	ret->elem_indirect = flags & 2;
	ret->bucket_size = (uint32_t)size;
	return true;
}

static void walk_slots(struct gomap_walk *w, const uint8_t *b, taddr at)
{
	const struct gomap_type *ty = w->ty;
	uint64_t top;

	memcpy(&top, b, sizeof(top));
	if (!(top & 0xfefefefefefefefeu))
		return; // all empty
	for (uint32_t i = 0; i < GOMAP_SLOTS && !w->stop; i++)
		if (b[i] >= FILLED_FIRST)
			gomap_emit(w, b, at, 8 + i * ty->key_size,
				   8 + GOMAP_SLOTS * ty->key_size + i * ty->elem_size);
}

/* A chain that bites its tail is found by remembering one link and moving it on at growing
 * distances (Brent). */
static void walk_chain(struct bucket_walk *bw, const uint8_t *b, taddr at)
{
	struct gomap_walk *w = bw->w;
	uint8_t copy[GOMAP_UNIT_MAX];
	uint64_t steps = 0, reach = 1;
	taddr mark = at;

	for (;;) {
		walk_slots(w, b, at);
		memcpy(&at, b + w->ty->bucket_size - 8, sizeof(at));
		if (!at || w->stop)
			return;
		if (at % 8 || at == mark || !bw->overflow_left)
			break;
		bw->overflow_left--;
		if (++steps == reach) {
			mark = at;
			reach *= 2;
		}
		b = target_ptr(w->rt->t, at, w->ty->bucket_size);
		if (!b && target_read(w->rt->t, at, copy, w->ty->bucket_size))
			b = copy;
		if (!b)
			break;
	}
	w->st->unreadable++;
}

static bool canceled(struct gomap_walk *w, uint64_t i)
{
	if (i % 4096 == 0 && runtime_canceled(w->rt))
		w->st->cut = w->stop = true;
	return w->stop;
}

/*
 * Filled slots of old buckets, also of evacuated ones: those have none, unless the move was under
 * way, and then they are the ones not moved yet.
 */
static void walk_old(struct bucket_walk *bw, taddr start, uint64_t n)
{
	struct gomap_walk *w = bw->w;
	uint32_t size = w->ty->bucket_size;
	struct gomap_window win;

	gomap_window_init(&win);
	for (uint64_t i = 0; i < n && !canceled(w, i); i++) {
		const uint8_t *b =
			gomap_window_at(w->rt->t, &win, start + i * size, size, start + n * size);

		if (b)
			walk_chain(bw, b, start + i * size);
		else
			w->st->unreadable++;
	}
}

/* Buckets of the new array; while growing only those whose old one was moved here, the others may
 * be garbage. */
static void walk_new(struct bucket_walk *bw, const struct hmap *h, uint64_t n, uint64_t nold)
{
	struct gomap_walk *w = bw->w;
	uint32_t size = w->ty->bucket_size;
	taddr end = h->buckets + n * size;
	struct gomap_window win, old;

	gomap_window_init(&win);
	gomap_window_init(&old);
	for (uint64_t i = 0; i < n && !canceled(w, i); i++) {
		taddr at = h->buckets + i * size;

		if (nold) {
			const uint8_t *o = gomap_window_at(w->rt->t, &old,
							   h->oldbuckets + (i & (nold - 1)) * size,
							   size, h->oldbuckets + nold * size);
			if (o && (o[0] < EVACUATED_FIRST || o[0] >= FILLED_FIRST))
				continue;
		}
		const uint8_t *b = gomap_window_at(w->rt->t, &win, at, size, end);

		if (b)
			walk_chain(bw, b, at);
		else
			w->st->unreadable++;
	}
}

void gomap_bucket_each(struct gomap_walk *w, taddr map)
{
	struct hmap h;

	if (!header_read(w->rt, map, &h) || !h.buckets)
		return;
	uint64_t n = 1ull << h.B, nold = 0, size = w->ty->bucket_size;

	if (h.oldbuckets)
		nold = h.flags & SAME_SIZE_GROW || !h.B ? n : n / 2;
	if (!gomap_could_be(w->rt, n + nold, size) || h.buckets > UINT64_MAX - n * size ||
	    h.oldbuckets > UINT64_MAX - nold * size) {
		w->st->readable = false;
		return;
	}
	// The runtime grows a map that has about as many overflow buckets as buckets; all keys in
	// one chain is the worst.
	uint64_t budget = 4 * (n + nold) + 1024;

	if (gomap_could_be(w->rt, h.count / GOMAP_SLOTS, size))
		budget += h.count / GOMAP_SLOTS;
	struct bucket_walk bw = {w, budget};

	w->st->tables = n + nold;
	walk_old(&bw, h.oldbuckets, nold);
	walk_new(&bw, &h, n, nold);
}
