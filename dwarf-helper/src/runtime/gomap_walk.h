/**
 * @file  Inside of the map reader: what both generations share while walking.
 */
#ifndef GOCTX_RUNTIME_GOMAP_WALK_H
#define GOCTX_RUNTIME_GOMAP_WALK_H

#include "runtime/gomap.h"

/* A bucket or group: 8 slots of a key and an element of at most 128 bytes each (larger ones are
 * indirect). */
#define GOMAP_UNIT_MAX 4096
#define GOMAP_SLOTS 8

/**
 * Which generation this program has.  GOEXPERIMENT=noswissmap (1.24, 1.25) has runtime.hmap, which
 * a program with Swiss maps does not, while its layout may still name maps.Map.
 */
static inline bool gomap_is_swiss(const struct layout *l)
{
	return LAYOUT_HAS(l->swissMap.used) && !LAYOUT_HAS(l->hmap.buckets);
}

/** One gomap_each() under way. */
struct gomap_walk {
	struct runtime *rt;
	const struct gomap_type *ty;
	gomap_fn *fn;
	void *arg;
	uint64_t max;
	bool stop; /* the caller has enough, or max is reached */
	struct gomap_state *st;
};

/** Host memory of an array, as much at a time as lies in one region. */
struct gomap_window {
	taddr start;
	uint64_t n; /* bytes at p; 0: nothing yet */
	const uint8_t *p;
	uint8_t copy[GOMAP_UNIT_MAX]; /* a unit that crosses a border of regions */
};

static inline void gomap_window_init(struct gomap_window *w)
{
	w->start = w->n = 0;
}

const uint8_t *gomap_window_move(struct target *t, struct gomap_window *w, taddr a, uint64_t len,
				 taddr end);

/** @p len bytes (at most GOMAP_UNIT_MAX) at @p a of an array that ends at @p end; NULL when
 * unreadable.  Valid until the next call. */
static inline const uint8_t *gomap_window_at(struct target *t, struct gomap_window *w, taddr a,
					     uint64_t len, taddr end)
{
	if (a - w->start < w->n && w->n - (a - w->start) >= len)
		return w->p + (a - w->start);
	return gomap_window_move(t, w, a, len, end);
}

/** Could @p n things of @p size bytes be in memory at all?  Cheap for the small ones. */
bool gomap_could_be(const struct runtime *rt, uint64_t n, uint64_t size);

/** Hand out one entry.  Offsets are those of the slot's key and element inside the unit @p mem,
 * which is at @p at. */
static inline void gomap_emit(struct gomap_walk *w, const uint8_t *mem, taddr at, uint32_t key_off,
			      uint32_t elem_off)
{
	taddr key = at + key_off, elem = at + elem_off;

	if (w->st->found == w->max) {
		w->st->cut = w->stop = true;
		return;
	}
	if (w->ty->key_indirect)
		memcpy(&key, mem + key_off, 8);
	if (w->ty->elem_indirect)
		memcpy(&elem, mem + elem_off, 8);
	w->st->found++;
	if (!w->fn(w->arg, key, elem))
		w->stop = true;
}

bool gomap_bucket_header(struct runtime *rt, taddr map, struct gomap_state *st);
bool gomap_bucket_type(struct runtime *rt, taddr map_type, struct gomap_type *ret);
void gomap_bucket_each(struct gomap_walk *w, taddr map);

bool gomap_swiss_header(struct runtime *rt, taddr map, struct gomap_state *st);
bool gomap_swiss_type(struct runtime *rt, taddr map_type, struct gomap_type *ret);
void gomap_swiss_each(struct gomap_walk *w, taddr map);

#endif
