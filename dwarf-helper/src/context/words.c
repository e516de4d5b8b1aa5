#include "context/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void word_set_add(struct word_set *s, uint64_t word, uint32_t value)
{
	uint64_t h = word * 0x9e3779b97f4a7c15u >> 52;

	s->filter[h >> 6] |= 1ull << (h & 63);
	u64map_set(&s->map, word, value);
}

static int by_value(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

/* Two ranges, on both sides of the widest gap: itabs made at run time lie far from what is
 * linked. */
void word_set_close(struct word_set *s)
{
	VEC(uint64_t) all = {0};
	size_t cut = 0;

	for (size_t i = 0; s->map.key && i <= s->map.mask; i++)
		if (s->map.key[i])
			VEC_PUSH(&all, s->map.key[i]);
	s->lo[0] = s->lo[1] = UINT64_MAX;
	s->span[0] = s->span[1] = 0;
	if (!all.n)
		return;
	qsort(all.v, all.n, sizeof(*all.v), by_value);
	for (size_t i = 1; i < all.n; i++)
		if (!cut || all.v[i] - all.v[i - 1] > all.v[cut] - all.v[cut - 1])
			cut = i;
	s->lo[0] = all.v[0];
	s->span[0] = all.v[(cut ? cut : all.n) - 1] - all.v[0];
	if (cut) {
		s->lo[1] = all.v[cut];
		s->span[1] = all.v[all.n - 1] - all.v[cut];
	}
	VEC_FREE(&all);
}

static inline bool in_range(const struct word_set *s, uint64_t w)
{
	return (w - s->lo[0] <= s->span[0]) | (w - s->lo[1] <= s->span[1]);
}

static size_t next_plain(const struct word_set *set, const uint8_t *p, size_t i, size_t n)
{
	const struct word_set s = {.lo = {set->lo[0], set->lo[1]},
				   .span = {set->span[0], set->span[1]}};

	for (; i < n; i++) {
		uint64_t w;
		memcpy(&w, p + i * 8, 8);
		if (in_range(&s, w))
			return i;
	}
	return n;
}

#ifdef __x86_64__
typedef uint64_t four __attribute__((vector_size(32)));
typedef long long four_signed __attribute__((vector_size(32)));

#define BLOCK 16 /* words looked at together */

__attribute__((target("avx2"))) static size_t next_avx2(const struct word_set *s, const uint8_t *p,
							size_t i, size_t n)
{
	const four lo0 = s->lo[0] - (four){0}, lo1 = s->lo[1] - (four){0};
	const four span0 = s->span[0] - (four){0}, span1 = s->span[1] - (four){0};

	for (; i + BLOCK <= n; i += BLOCK) {
		four_signed any = {0};
		for (size_t k = 0; k < BLOCK; k += 4) {
			four w;
			memcpy(&w, p + (i + k) * 8, sizeof(w));
			any |= (w - lo0 <= span0) | (w - lo1 <= span1);
		}
		if (!__builtin_ia32_ptestz256(any, any))
			break;
	}
	/* The block that has one, or the rest. */
	return next_plain(s, p, i, n);
}
#endif

size_t word_set_next(const struct word_set *s, const uint8_t *p, size_t i, size_t n)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return next_avx2(s, p, i, n);
#endif
	return next_plain(s, p, i, n);
}
