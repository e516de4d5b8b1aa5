#include <elf.h>
#include <sys/mman.h>

#include "target/target_internal.h"

/*
 * Regions are disjoint, so whichever region holds the address is the right one, also when the
 * remembered number comes from another target or from before a split: the check is all that is
 * needed, and no invalidation.
 */
static _Thread_local uint32_t last_hit;

/* First region that ends after @p a: the only one that can hold it. */
static size_t search(const struct target *t, taddr a)
{
	size_t lo = 0, hi = t->regions.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->regions.v[mid].end > a)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

int target_region_at(const struct target *t, taddr a)
{
	const struct region *v = t->regions.v;
	size_t i = last_hit;

	if (i < t->regions.n && a >= v[i].start && a < v[i].end)
		return (int)i;
	i = search(t, a);
	if (i == t->regions.n || a < v[i].start)
		return -1;
	last_hit = (uint32_t)i;
	return (int)i;
}

void target_set_arch(struct target *t, const struct arch *arch)
{
	t->arch = arch;
	t->page_bytes = arch->page_min;
}

void target_auxv(struct target *t, uint64_t type, uint64_t value)
{
	if (type == AT_ENTRY)
		t->entry = value;
	else if (type == AT_PHDR)
		t->phdr = value;
	else if (type == AT_PAGESZ && value >= t->arch->page_min && value <= t->arch->page_max &&
		 !(value & (value - 1)))
		t->page_bytes = (uint32_t)value;
}

static bool chunk_is_filled(const struct region *r, uint64_t chunk)
{
	uint64_t word = __atomic_load_n(&r->filled[chunk / 64], __ATOMIC_ACQUIRE);

	return word >> (chunk % 64) & 1;
}

static bool make_valid(struct target *t, struct region *r, uint64_t off, uint64_t len)
{
	uint64_t last = (off + len - 1) / FILL_CHUNK;

	for (uint64_t c = off / FILL_CHUNK; c <= last; c++)
		if (!chunk_is_filled(r, c))
			return t->ops->fill && t->ops->fill(t, r, off, len);
	return true;
}

/*
 * Are bytes [off, off+len) of region @p i and of those that follow it without a gap, there and
 * here, valid?  The first variable of bss usually begins in the last page of data, which is another
 * region.
 */
static bool crosses_well(struct target *t, size_t i, uint64_t off, uint64_t len)
{
	struct region *r = &t->regions.v[i];

	for (;; i++, r++, off = 0) {
		uint64_t here = r->end - r->start - off, n = len < here ? len : here;

		if (r->filled && !make_valid(t, r, off, n))
			return false;
		len -= n;
		if (!len)
			return true;
		if (i + 1 >= t->regions.n || r[1].start != r->end ||
		    r[1].mem != r->mem + (r->end - r->start))
			return false;
	}
}

_Thread_local struct target_window target_windows[TARGET_WINDOWS];

enum {
	WINDOW_WORDS = 256
}; /* how far a window looks for filled chunks, in words of 64: 1 GiB each way */

static bool word_is_filled(const struct region *r, uint64_t word)
{
	return __atomic_load_n(&r->filled[word], __ATOMIC_ACQUIRE) == UINT64_MAX;
}

/* Chunk @p c is filled.  Filled chunks around it, counted in whole words beyond its own chunk. */
static void grow_window(const struct region *r, uint64_t c, uint64_t *first, uint64_t *end)
{
	uint64_t chunks = (r->end - r->start + FILL_CHUNK - 1) / FILL_CHUNK;
	uint64_t lo = c / 64, hi = lo;

	*first = c;
	*end = c + 1;
	if (!word_is_filled(r, lo))
		return;
	while (lo > 0 && c / 64 - lo < WINDOW_WORDS && word_is_filled(r, lo - 1))
		lo--;
	while ((hi + 1) * 64 < chunks && hi - c / 64 < WINDOW_WORDS && word_is_filled(r, hi + 1))
		hi++;
	*first = lo * 64;
	*end = (hi + 1) * 64;
}

/* The bytes at @p a are valid now, and will be for ever. */
static void remember(const struct target *t, const struct region *r, taddr a)
{
	struct target_window *w = &target_windows[a >> TARGET_WINDOW_SHIFT & (TARGET_WINDOWS - 1)];
	uint64_t lo = 0, hi = r->end - r->start;

	if (!t->serial)
		return;
	if (r->filled) {
		uint64_t first, end, chunk = (a - r->start) / FILL_CHUNK;

		if (!chunk_is_filled(r, chunk))
			return;
		grow_window(r, chunk, &first, &end);
		lo = first * FILL_CHUNK;
		hi = end * FILL_CHUNK < hi ? end * FILL_CHUNK : hi;
	}
	*w = (struct target_window){t->serial, r->start + lo, hi - lo, r->mem + lo};
}

const uint8_t *target_ptr_slow(struct target *t, taddr a, uint64_t len)
{
	int i = target_region_at(t, a);

	if (i < 0 || !len)
		return NULL;
	struct region *r = &t->regions.v[i];

	if (!r->mem)
		return NULL;
	if ((r->filled || len > r->end - a) && !crosses_well(t, (size_t)i, a - r->start, len))
		return NULL;
	remember(t, r, a);
	return r->mem + (a - r->start);
}

const uint8_t *target_own(struct target *t, taddr a, uint64_t len)
{
	int i = target_region_at(t, a);

	if (i < 0)
		return NULL;
	unsigned source = t->regions.v[i].source;
	return source == SOURCE_CORE || source == SOURCE_LIVE ? target_ptr(t, a, len) : NULL;
}

uint64_t target_extent(struct target *t, taddr a)
{
	int i = target_region_at(t, a);

	return i < 0 || !t->regions.v[i].mem ? 0 : t->regions.v[i].end - a;
}

taddr target_next(const struct target *t, taddr a)
{
	for (size_t i = search(t, a); i < t->regions.n; i++)
		if (t->regions.v[i].mem)
			return t->regions.v[i].start > a ? t->regions.v[i].start : a;
	return UINT64_MAX;
}

bool target_read(struct target *t, taddr a, void *buf, uint64_t len)
{
	uint8_t *out = buf;

	while (len) {
		uint64_t n = target_extent(t, a);

		if (n > len)
			n = len;
		const uint8_t *p = target_ptr(t, a, n);

		if (!p)
			return false;
		memcpy(out, p, n);
		out += n;
		a += n;
		len -= n;
	}
	return true;
}

bool target_uint(struct target *t, taddr a, unsigned size, uint64_t *ret)
{
	uint64_t v = 0;
	const uint8_t *p = target_ptr(t, a, size);

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	if (!p) {
		if (!target_read(t, a, &v, size))
			return false;
	} else if (size == 8) {
		memcpy(&v, p, 8);
	} else if (size == 4) {
		memcpy(&v, p, 4);
	} else {
		v = size == 1 ? *p : (uint64_t)(p[0] | p[1] << 8);
	}
	*ret = v;
	return true;
}

/* what one fault of a file maps of it (mm/memory.c: fault_around_bytes) */
#define FAULT_AROUND (64u * 1024)

/*
 * MADV_POPULATE_READ looks at each page by itself once more: twice the time of one touch for each
 * stretch that a fault maps. A chunk that another thread is at counts as done.
 */
void target_populate(struct target *t, const uint8_t *p)
{
	uint64_t chunk = (uint64_t)(p - t->map) / POPULATE_CHUNK, at = chunk * POPULATE_CHUNK;

	if (!t->populated || p < t->map || p >= t->map + t->map_size ||
	    __atomic_load_n(&t->populated[chunk], __ATOMIC_RELAXED) ||
	    __atomic_exchange_n(&t->populated[chunk], 1, __ATOMIC_RELAXED))
		return;
	uint64_t end = t->map_size - at < POPULATE_CHUNK ? t->map_size : at + POPULATE_CHUNK;
	for (; at < end; at += FAULT_AROUND)
		(void)*(const volatile uint8_t *)(t->map + at);
}

static void *unload(void *arg)
{
	struct target *t = arg;
	uint64_t n = t->map_size / POPULATE_CHUNK + 1;

	for (uint64_t i = 0, end; i < n; i = end) {
		for (end = i;
		     end < n && __atomic_exchange_n(&t->populated[end], 0, __ATOMIC_RELAXED); end++)
			;
		uint64_t from = i * POPULATE_CHUNK, to = end * POPULATE_CHUNK;
		if (from < to)
			madvise((void *)(uintptr_t)(t->map + from),
				(to < t->map_size ? to : t->map_size) - from, MADV_DONTNEED);
		else
			end++;
	}
	return NULL;
}

static void await_unloader(struct target *t)
{
	if (t->unloading)
		pthread_join(t->unloader, NULL);
	t->unloading = false;
}

void target_unload(struct target *t)
{
	if (!t || !t->populated)
		return;
	await_unloader(t);
	t->unloading = pthread_create(&t->unloader, NULL, unload, t) == 0;
}

const struct thread *target_thread(const struct target *t, int tid)
{
	for (size_t i = 0; i < t->threads.n; i++)
		if (t->threads.v[i].tid == tid)
			return &t->threads.v[i];
	return NULL;
}

uint64_t target_bytes(const struct target *t)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->regions.n; i++)
		if (t->regions.v[i].mem)
			sum += t->regions.v[i].end - t->regions.v[i].start;
	return sum;
}

void target_release(struct target *t)
{
	if (t->ops->release)
		t->ops->release(t);
}

void target_close(struct target *t)
{
	if (!t)
		return;
	target_release(t);
	await_unloader(t);
	if (t->ops->close)
		t->ops->close(t);
	for (size_t i = 0; i < t->files.n; i++)
		free(t->files.v[i].path);
	VEC_FREE(&t->files);
	VEC_FREE(&t->threads);
	VEC_FREE(&t->regions);
	free(t->populated);
	free(t->name);
	free(t);
}
