/**
 * @file  Hash table from a 64-bit key (an address of the target, never 0) to a 32-bit number.
 *
 * Open addressing, linear probing, at most two thirds full, so 12 bytes x 1.5…3 per entry.  No
 * removal.  Made for a million entries filled once and looked up often.
 */
#ifndef GOCTX_BASE_MAP_H
#define GOCTX_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** "Not in the map".  Values are indexes, whose own "none" (CTX_NONE, TASK_NONE …) is the same
 * number, so that a look-up can be returned as it is. */
#define U64MAP_NONE UINT32_MAX

/** Zero-initialise before use. */
struct u64map {
	uint64_t *key;
	uint32_t *val;
	size_t mask; /* capacity - 1, 0 while empty */
	size_t n;
};

/** Make room for @p n entries in all, so that no growth happens before that. */
void u64map_reserve(struct u64map *m, size_t n);

/** Put @p key -> @p val unless the key is there; returns the value that the map now holds for
 * it. */
uint32_t u64map_add(struct u64map *m, uint64_t key, uint32_t val);

/** Set or replace. */
void u64map_set(struct u64map *m, uint64_t key, uint32_t val);

void u64map_free(struct u64map *m);

static inline size_t u64map_slot(const struct u64map *m, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & m->mask;
}

/** Ask the cache for the place of @p key: a million lookups in a row overlap their misses. */
static inline void u64map_prefetch(const struct u64map *m, uint64_t key)
{
	if (m->n) {
		size_t i = u64map_slot(m, key);
		__builtin_prefetch(&m->key[i]);
		__builtin_prefetch(&m->val[i]);
	}
}

/** The value of @p key or U64MAP_NONE. */
static inline uint32_t u64map_find(const struct u64map *m, uint64_t key)
{
	if (!m->n || !key)
		return U64MAP_NONE;
	for (size_t i = u64map_slot(m, key);; i = (i + 1) & m->mask) {
		if (m->key[i] == key)
			return m->val[i];
		if (!m->key[i])
			return U64MAP_NONE;
	}
}

#endif
