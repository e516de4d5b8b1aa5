#include "runtime/heapprofile.h"

#include <stdlib.h>

#include "runtime/specials.h"
#include "runtime/task.h"

#define BUCKET_MEMORY 1 /* runtime/mprof.go: memProfile */
#define TINY_SLOT 16	/* runtime/malloc.go: maxTinySize */

struct reading {
	struct runtime *rt;
	struct heap_profile *p;
	struct u64map by_bucket; /* -> site; what is no good as one -> PROFILE_NO_SITE - 1 */
	bool reuses; /* slots without pointers may be in use again and keep their record */
};

#define BAD_BUCKET (PROFILE_NO_SITE - 1)

static uint32_t read_bucket(struct reading *r, taddr bucket)
{
	const struct layout *l = &r->rt->L;
	uint32_t header = l->s[LAYOUT_bucket].size;
	uint64_t type, size, depth;

	if (!runtime_field(r->rt, bucket, l->bucket.typ, &type) || type != BUCKET_MEMORY ||
	    !runtime_field(r->rt, bucket, l->bucket.size, &size) ||
	    !runtime_field(r->rt, bucket, l->bucket.nstk, &depth) || depth > PROFILE_STACK ||
	    target_extent(r->rt->t, bucket) < header + depth * 8 || r->p->sites.n >= BAD_BUCKET)
		return BAD_BUCKET;
	VEC_PUSH(&r->p->sites, (struct alloc_site){.stack = bucket + header,
						   .depth = (uint32_t)depth,
						   .size = size});
	return (uint32_t)r->p->sites.n - 1;
}

static uint32_t site_of(struct reading *r, taddr special)
{
	uint64_t bucket;

	if (!runtime_field(r->rt, special, r->rt->L.specialprofile.b, &bucket) || !bucket)
		return BAD_BUCKET;
	uint32_t site = u64map_find(&r->by_bucket, bucket);
	if (site == U64MAP_NONE) {
		site = read_bucket(r, bucket);
		u64map_set(&r->by_bucket, bucket, site);
	}
	return site;
}

static bool add_special(void *arg, const struct span *s, const struct special *sp)
{
	struct reading *r = arg;
	const unsigned header = s->flags & SPAN_HEADER ? 8 : 0;
	uint64_t index = sp->offset / s->elem_size;
	bool noscan = s->flags & SPAN_NOSCAN;

	if (sp->kind != SPECIAL_PROFILE)
		return true;
	uint32_t site = site_of(r, sp->addr);
	if (site == BAD_BUCKET || index >= s->nelems ||
	    sp->offset != index * s->elem_size + header ||
	    r->p->sites.v[site].size != s->elem_size) {
		r->p->bad++;
		return true;
	}
	// One that has died keeps its record until its span is swept.
	if (!heap_allocated(r->rt, s, (uint32_t)index) || (noscan && r->reuses))
		return true;
	r->p->sites.v[site].live++;
	VEC_PUSH(&r->p->records,
		 (struct alloc_record){.object = s->base + sp->offset,
				       .site = site,
				       .gone = noscan && s->elem_size == TINY_SLOT ? TINY_SLOT - 1
										   : header});
	return true;
}

static int by_object(const void *a, const void *b)
{
	taddr x = ((const struct alloc_record *)a)->object,
	      y = ((const struct alloc_record *)b)->object;

	return x < y ? -1 : x > y;
}

/* The runtime keeps the lists by offset and allows one record an object: two are none. */
static void settle(struct heap_profile *p)
{
	struct alloc_record *v = p->records.v;
	bool sorted = true;
	size_t n = 0;

	for (size_t i = 1; i < p->records.n && sorted; i++)
		sorted = v[i - 1].object <= v[i].object;
	if (!sorted)
		qsort(v, p->records.n, sizeof(*v), by_object);
	for (size_t i = 0, next; i < p->records.n; i = next) {
		for (next = i + 1; next < p->records.n && v[next].object == v[i].object;)
			next++;
		if (next == i + 1) {
			v[n++] = v[i];
			continue;
		}
		p->bad += next - i;
		for (; i < next; i++) // of none of them is it known
			p->sites.v[v[i].site].live--;
	}
	p->records.n = n;
}

static void read_state(struct runtime *rt, struct heap_profile *p)
{
	const struct layout_variable *rate = &rt->L.var[LAYOUT_VAR_MemProfileRate],
				     *off = &rt->L.var[LAYOUT_VAR_disableMemoryProfiling];
	uint64_t v;
	uint8_t disabled = 0;

	if (!rate->found || !target_u64(rt->t, rate->addr, &v))
		return;
	p->rate = v > INT64_MAX ? 0 : v;
	if (off->found && !target_u8(rt->t, off->addr, &disabled))
		return;
	p->state = disabled ? PROFILE_UNUSED : p->rate ? PROFILE_ON : PROFILE_ZERO;
}

/*
 * Built with GOEXPERIMENT=runtimefreegc, an object without pointers that the program gives back
 * leaves its slot, and its record, to the next one (runtime/malloc.go: mallocgcSmallNoscanReuse).
 */
static bool reuses_slots(struct runtime *rt)
{
	char *experiments = rt->img ? image_build_setting(rt->img, "GOEXPERIMENT") : NULL;
	bool reuses = experiments && strstr(experiments, "runtimefreegc");

	free(experiments);
	return reuses;
}

struct err *heap_profile_read(struct runtime *rt, struct heap_profile *p)
{
	const struct layout *l = &rt->L;
	const struct special_numbers numbers = special_numbers(l);
	struct reading r = {.rt = rt, .p = p, .reuses = reuses_slots(rt)};
	struct err *err = NULL;

	*p = (struct heap_profile){0};
	read_state(rt, p);
	if (!rt->heap || !LAYOUT_HAS(l->special.next) || !LAYOUT_HAS(l->specialprofile.b) ||
	    !LAYOUT_HAS(l->bucket.nstk) || !LAYOUT_HAS(l->bucket.typ) ||
	    !LAYOUT_HAS(l->bucket.size))
		return NULL;
	uint64_t left = specials_most(rt);
	for (size_t i = 0; i < rt->heap->spans.n && !err; i++) {
		const struct span *s = &rt->heap->spans.v[i];
		if (s->specials && !specials_each(rt, &numbers, s, &left, add_special, &r))
			p->cut = true;
		if (i % 4096 == 0 || p->cut)
			err = runtime_check(rt);
	}
	u64map_free(&r.by_bucket);
	if (err) {
		heap_profile_free(p);
		return err;
	}
	settle(p);
	if (p->bad)
		notes_add(rt->notes, NOTE_DAMAGE,
			  "%llu records of the heap profile agree with no object",
			  (unsigned long long)p->bad);
	if (p->cut)
		notes_add(rt->notes, NOTE_DAMAGE,
			  "part of the heap profile's records could not be read");
	return NULL;
}

void heap_profile_free(struct heap_profile *p)
{
	VEC_FREE(&p->records);
	VEC_FREE(&p->sites);
	*p = (struct heap_profile){0};
}

const struct alloc_record *heap_profile_find(const struct heap_profile *p, taddr a)
{
	size_t lo = 0, hi = p->records.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (p->records.v[mid].object <= a)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	const struct alloc_record *r = &p->records.v[lo - 1];
	return a - r->object < p->sites.v[r->site].size - r->gone ? r : NULL;
}

size_t heap_profile_stack(struct runtime *rt, const struct alloc_site *site, uint32_t *frames,
			  size_t max)
{
	size_t n = site->depth < max ? site->depth : max;

	for (size_t i = 0; i < n; i++) {
		taddr pc;
		if (!target_u64(rt->t, site->stack + i * 8, &pc))
			return 0;
		const struct pcinfo *info = pc ? runtime_pcinfo(rt, pc - 1) : NULL;
		frames[i] = info && info->n ? info->first : FRAME_NONE;
	}
	return n;
}
