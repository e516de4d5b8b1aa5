/*
 * Registries that a library keeps of what its users have open: to stand in one is no reason to
 * stay.  In the first part of REACH_LIVE they are leaves.
 *
 *     net/http (HTTP/2)   ClientConn.streams, a map whose elements are *clientStream
 *                         (net/http/h2_bundle.go and golang.org/x/net/http2/transport.go; since
 *                         1.27 net/http/internal/http2/transport.go)
 *
 * A goroutine of each stream waits in a method of it.  Its connection is the first word of the
 * stream (clientStream.cc), which may lie inside of a larger struct; which of the connection's
 * words is the map shows by its being one: an object of the size of a map's header with a number of
 * elements, from which the stream is reached by way of the map's own objects.  Where none is found
 * nothing is a leaf, and nobody is accused.
 */
#include "analysis/reach_internal.h"
#include "runtime/livestack.h"

#define CONN_BYTES 8192	    /* a connection is no larger */
#define MAP_BYTES 48	    /* slot of runtime.hmap, and of internal/runtime/maps.Map */
#define MAP_MOST (1u << 24) /* elements */
#define MAP_HOPS 3	    /* header, directory, table, groups (map.go: Map.dirPtr) */
#define MAP_OBJECTS 64
#define MAP_WORDS (16u << 10)
#define ALL_WORDS (16u << 20) /* looked at for all goroutines */

struct map_search {
	struct runtime *rt;
	taddr wanted;
	uint32_t n, words;
	taddr base[MAP_OBJECTS];
	uint64_t size[MAP_OBJECTS];
	uint8_t hops[MAP_OBJECTS];
};

static void add(struct map_search *s, taddr a, uint8_t hops)
{
	struct heap_object o;

	if (s->n == MAP_OBJECTS || !heap_object_at(s->rt, a, &o) || o.span->flags & SPAN_NOSCAN)
		return;
	for (uint32_t k = 0; k < s->n; k++)
		if (s->base[k] == o.base)
			return;
	s->base[s->n] = o.base;
	s->size[s->n] = o.size;
	s->hops[s->n++] = hops;
}

static bool leads_to(struct runtime *rt, taddr header, taddr wanted, uint64_t *words)
{
	struct map_search s = {.rt = rt, .wanted = wanted};

	add(&s, header, 0);
	for (uint32_t k = 0; k < s.n; k++) {
		const uint8_t *p = target_ptr(rt->t, s.base[k], s.size[k]);
		for (uint64_t at = 0; p && at + 8 <= s.size[k] && s.words < MAP_WORDS;
		     at += 8, s.words++, ++*words) {
			taddr word;
			memcpy(&word, p + at, 8);
			if (word == wanted)
				return true;
			if (word && s.hops[k] < MAP_HOPS)
				add(&s, word, (uint8_t)(s.hops[k] + 1));
		}
	}
	return false;
}

/* The map of @p conn that has @p stream, 0. */
static taddr registry_of(struct runtime *rt, const struct heap_object *conn, taddr stream,
			 uint64_t *words)
{
	const uint8_t *p = target_ptr(rt->t, conn->base, conn->size);
	uint64_t count;

	for (uint64_t at = 0; p && at + 8 <= conn->size && *words < ALL_WORDS; at += 8) {
		struct heap_object o;
		taddr word;
		memcpy(&word, p + at, 8);
		if (word && heap_object_at(rt, word, &o) && word == o.base && o.size == MAP_BYTES &&
		    target_u64(rt->t, word, &count) && count && count <= MAP_MOST &&
		    leads_to(rt, word, stream, words))
			return word;
	}
	return 0;
}

struct looking {
	struct reacher *x;
	struct u64map conns; /* connection -> 1, its registry is known */
	uint64_t words;	     /* looked at */
};

static bool on_stack(void *arg, const struct live_word *w)
{
	struct looking *l = arg;
	struct runtime *rt = l->x->rt;
	struct heap_object stream, conn;
	taddr first;

	if (!heap_object_at(rt, w->value, &stream) || stream.span->flags & SPAN_NOSCAN ||
	    !target_u64(rt->t, w->value, &first) || !heap_object_at(rt, first, &conn) ||
	    conn.base != first || conn.size > CONN_BYTES || conn.span->flags & SPAN_NOSCAN ||
	    u64map_find(&l->conns, conn.base) != U64MAP_NONE)
		return true;
	taddr registry = registry_of(rt, &conn, w->value, &l->words);
	if (registry) {
		u64map_set(&l->conns, conn.base, 1);
		VEC_PUSH(&l->x->registries, registry);
		mark_leaf(l->x->mk, registry);
	}
	return l->words < ALL_WORDS;
}

void reach_registries_begin(struct reacher *x)
{
	struct looking l = {.x = x};

	for (uint32_t i = 0;
	     i < x->m->tasks.list.n && l.words < ALL_WORDS && !runtime_canceled(x->rt); i++) {
		struct livestack_state st = {0};
		if (x->held[i] == HELD_STREAM)
			livestack_each(x->rt, &x->m->tasks.list.v[i], on_stack, &l, &st);
	}
	u64map_free(&l.conns);
}

void reach_registries_end(struct reacher *x)
{
	for (size_t k = 0; k < x->registries.n; k++)
		mark_enter(x->mk, x->registries.v[k]);
	x->registries.n = 0;
}
