#include "target/target_internal.h"

#include <inttypes.h>

typedef VEC(struct region) region_list;

void target_changed(struct target *t)
{
	static uint64_t last;

	t->serial = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

/* Drop the first @p n bytes.  The bitmap of a live region counts from its start, so that one cannot
 * be cut there. */
static struct region region_after(struct region r, uint64_t n)
{
	r.start += n;
	r.file_off += n;
	if (r.mem)
		r.mem += n;
	return r;
}

static struct region region_before(struct region r, taddr end)
{
	r.end = end;
	return r;
}

static void push(region_list *list, struct region r)
{
	if (r.start < r.end)
		VEC_PUSH(list, r);
}

static void replace_regions(struct target *t, region_list *list)
{
	VEC_FREE(&t->regions);
	t->regions.v = list->v;
	t->regions.n = list->n;
	t->regions.cap = list->cap;
	target_changed(t);
}

static int by_start(const void *a, const void *b)
{
	const struct region *x = a, *y = b;
	uintptr_t xm = (uintptr_t)x->mem, ym = (uintptr_t)y->mem;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return xm < ym ? -1 : xm > ym;
}

/* What remains of @p c beside its lower neighbour @p prev; bytes win over absence, then the lower
 * address. */
static struct region cut_overlap(struct region *prev, struct region c)
{
	if (c.start >= prev->end)
		return c;
	if (!prev->mem && c.mem) {
		prev->end = c.start;
		return c;
	}
	if (c.end <= prev->end || c.filled)
		c.end = c.start;
	else
		c = region_after(c, prev->end - c.start);
	return c;
}

void target_sort(struct target *t)
{
	size_t out = 0;
	uint64_t overlaps = 0;
	taddr first = 0;
	struct region *v = t->regions.v;

	if (t->regions.n)
		qsort(v, t->regions.n, sizeof(*v), by_start);
	for (size_t i = 0; i < t->regions.n; i++) {
		struct region c = v[i];

		if (c.start >= c.end)
			continue;
		while (out && c.start < v[out - 1].end) {
			if (!overlaps++)
				first = c.start;
			c = cut_overlap(&v[out - 1], c);
			if (v[out - 1].start < v[out - 1].end)
				break;
			out--;
		}
		if (c.start < c.end)
			v[out++] = c;
	}
	t->regions.n = out;
	target_changed(t);
	if (overlaps)
		notes_add(t->notes, NOTE_DAMAGE,
			  "%" PRIu64 " memory ranges overlap, the first at 0x%" PRIx64
			  ": the later ones were cut",
			  overlaps, first);
}

static bool can_merge(const struct region *a, const struct region *b)
{
	if (a->end != b->start || a->perm != b->perm || a->source != b->source)
		return false;
	if (a->file >= 0 || b->file >= 0 || a->filled || b->filled)
		return false;
	return a->mem ? b->mem == a->mem + region_len(a) : !b->mem;
}

void target_merge(struct target *t)
{
	struct region *v = t->regions.v;
	size_t out = 0;

	for (size_t i = 0; i < t->regions.n; i++) {
		if (out && can_merge(&v[out - 1], &v[i]))
			v[out - 1].end = v[i].end;
		else
			v[out++] = v[i];
	}
	t->regions.n = out;
	target_changed(t);
}

static uint64_t hash_path(const char *path, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)path[i]) * 0x100000001b3u;
	return h ? h : 1;
}

int32_t target_add_file(struct target *t, struct file_index *index, const char *path, size_t len,
			taddr start)
{
	uint32_t i = u64map_add(&index->by_hash, hash_path(path, len), (uint32_t)t->files.n);

	if (i < t->files.n && strlen(t->files.v[i].path) == len &&
	    !memcmp(t->files.v[i].path, path, len)) {
		if (start < t->files.v[i].start)
			t->files.v[i].start = start;
		return (int32_t)i;
	}
	// New, or one that shares the hash of another: then it is listed once a mapping, which does
	// no harm.
	struct mapped_file f = {.path = mem_strndup(path, len), .start = start};

	VEC_PUSH(&t->files, f);
	return (int32_t)(t->files.n - 1);
}

static int by_range_start(const void *a, const void *b)
{
	const struct file_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Sort, and make disjoint by cutting the front of whatever begins inside its neighbour. */
static void sort_ranges(file_ranges *ranges)
{
	struct file_range *v = ranges->v;
	size_t out = 0;

	if (ranges->n)
		qsort(v, ranges->n, sizeof(*v), by_range_start);
	for (size_t i = 0; i < ranges->n; i++) {
		struct file_range c = v[i];

		if (out && c.start < v[out - 1].end) {
			c.off += v[out - 1].end - c.start;
			c.start = v[out - 1].end;
		}
		if (c.start < c.end)
			v[out++] = c;
	}
	ranges->n = out;
}

static struct region absent_range(const struct file_range *f, taddr start, taddr end)
{
	return (struct region){
		.start = start,
		.end = end,
		.perm = REGION_R,
		.source = SOURCE_ABSENT,
		.file = f->file,
		.file_off = f->off + (start - f->start),
	};
}

/* Everything of @p f: pieces of regions from *i on, holes between them absent.  *rest is what is
 * left of region *i. */
static void overlay_one(const struct target *t, region_list *out, const struct file_range *f,
			size_t *i, struct region *rest)
{
	taddr at = f->start;

	for (; *i < t->regions.n && rest->start < f->end;) {
		push(out, absent_range(f, at, rest->start));

		struct region inside = *rest;

		if (inside.end > f->end)
			inside.end = f->end;
		inside.file = f->file;
		inside.file_off = f->off + (inside.start - f->start);
		push(out, inside);
		at = inside.end;
		if (rest->end > f->end) {
			*rest = region_after(*rest, f->end - rest->start);
			return;
		}
		if (++*i < t->regions.n)
			*rest = t->regions.v[*i];
	}
	push(out, absent_range(f, at, f->end));
}

void target_overlay(struct target *t, file_ranges *ranges)
{
	region_list out = {0};
	struct region rest = {0};
	size_t i = 0;

	sort_ranges(ranges);
	if (t->regions.n)
		rest = t->regions.v[0];
	for (size_t k = 0; k < ranges->n; k++) {
		const struct file_range *f = &ranges->v[k];

		while (i < t->regions.n && rest.end <= f->start) {
			push(&out, rest);
			if (++i < t->regions.n)
				rest = t->regions.v[i];
		}
		if (i < t->regions.n && rest.start < f->start) {
			push(&out, region_before(rest, f->start));
			rest = region_after(rest, f->start - rest.start);
		}
		overlay_one(t, &out, f, &i, &rest);
	}
	for (; i < t->regions.n; rest = ++i < t->regions.n ? t->regions.v[i] : rest)
		push(&out, rest);
	replace_regions(t, &out);
}

struct backing {
	taddr start, end;
	const uint8_t *mem;
	int32_t file;
	uint64_t file_off;
	bool used;
};

static void push_backed(region_list *out, struct backing *b, taddr start, taddr end, uint8_t perm)
{
	struct region r = {
		.start = start,
		.end = end,
		.mem = b->mem + (start - b->start),
		.perm = perm,
		.source = SOURCE_FILE,
		.file = b->file,
		.file_off = b->file_off + (start - b->start),
	};

	b->used |= start < end;
	push(out, r);
}

static bool may_back(const struct region *r, const struct backing *b)
{
	if (r->mem || r->perm & REGION_W)
		return false;
	return r->file < 0 || b->file < 0 || r->file == b->file;
}

void target_back(struct target *t, taddr start, taddr end, const uint8_t *mem, int32_t file,
		 uint64_t file_off)
{
	struct backing b = {start, end, mem, file, file_off, false};
	region_list out = {0};
	taddr at = start; // everything of [start, at) is settled

	if (start >= end)
		return;
	VEC_RESERVE(&out, t->regions.n + 8);
	for (size_t i = 0; i < t->regions.n; i++) {
		struct region r = t->regions.v[i];

		if (r.start > at && at < end) {
			taddr hole_end = r.start < end ? r.start : end;

			push_backed(&out, &b, at, hole_end, REGION_R);
			at = hole_end;
		}
		if (r.end <= start || r.start >= end || !may_back(&r, &b)) {
			push(&out, r);
		} else {
			taddr lo = r.start > start ? r.start : start;
			taddr hi = r.end < end ? r.end : end;

			push(&out, region_before(r, lo));
			push_backed(&out, &b, lo, hi, r.perm);
			push(&out, region_after(r, hi - r.start));
		}
		if (r.end > at)
			at = r.end;
	}
	if (at < end)
		push_backed(&out, &b, at, end, REGION_R);
	replace_regions(t, &out);
	if (b.used && file >= 0 && (size_t)file < t->files.n)
		t->files.v[file].used = true;
}
