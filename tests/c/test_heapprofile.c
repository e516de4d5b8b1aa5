/** @file  Records of the heap profile, release by release: sound, and such as agree with nothing.
 */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/heapprofile.h"
#include "runtime/task.h"

#define VARS 0x30000000u
#define VARS_SIZE 0x10000u
#define HEAP 0xc004000000u
#define SMALL 0	 /* span of objects of 96 bytes */
#define HEADED 1 /* of 1024 bytes, behind a type header where the release has those */
#define TINY 2	 /* of 16 bytes, without pointers */
#define AT(span) (HEAP + (span) * (taddr)HEAP_PAGE)
#define MEMORY 1 /* runtime/mprof.go: memProfile; 2: blockProfile */

struct profiled {
	struct fake f;
	struct heap heap;
	struct heap_profile p;
	taddr next;
	uint8_t kind; /* _KindSpecialProfile of the release */
};

static taddr vars_alloc(struct profiled *d, uint64_t size)
{
	taddr at = d->next;

	d->next += (size + 63) & ~63ull;
	return at;
}

static void set_up(struct profiled *d, int minor)
{
	memset(d, 0, sizeof(*d));
	fake_init(&d->f, minor);
	fake_add(&d->f, VARS, VARS_SIZE);
	fake_add(&d->f, HEAP, 3 * HEAP_PAGE);
	d->next = VARS;
	d->kind = minor >= 25 ? 4 : minor >= 23 ? 3 : 2;
	VEC_PUSH(&d->heap.spans,
		 (struct span){.base = AT(SMALL), .elem_size = 96, .npages = 1, .nelems = 85});
	VEC_PUSH(&d->heap.spans, (struct span){.base = AT(HEADED),
					       .elem_size = 1024,
					       .npages = 1,
					       .nelems = 8,
					       .flags = minor >= 22 ? SPAN_HEADER : 0});
	VEC_PUSH(&d->heap.spans, (struct span){.base = AT(TINY),
					       .elem_size = 16,
					       .npages = 1,
					       .nelems = 512,
					       .flags = SPAN_NOSCAN});
	for (size_t i = 0; i < d->heap.spans.n; i++)
		d->heap.spans.v[i].freeindex = d->heap.spans.v[i].nelems;
	d->f.rt.heap = &d->heap;
	fake_open(&d->f);
}

static void tear_down(struct profiled *d)
{
	heap_profile_free(&d->p);
	VEC_FREE(&d->heap.spans);
	d->f.rt.heap = NULL;
	fake_free(&d->f);
}

static taddr add_bucket(struct profiled *d, uint64_t type, uint64_t size, uint64_t depth)
{
	const struct layout *l = &d->f.rt.L;
	uint32_t header = l->s[LAYOUT_bucket].size;
	taddr at = vars_alloc(d, header + (depth < 64 ? depth : 0) * 8);

	fake_put(&d->f, at, l->bucket.typ, type);
	fake_put(&d->f, at, l->bucket.size, size);
	fake_put(&d->f, at, l->bucket.nstk, depth);
	for (uint64_t i = 0; i < depth && depth < 64; i++)
		fake_put64(&d->f, at + header + i * 8, 0xdead0000 + i); // in no function
	return at;
}

static taddr add_record(struct profiled *d, size_t span, uint64_t offset, taddr bucket)
{
	const struct layout *l = &d->f.rt.L;
	taddr at = vars_alloc(d, l->s[LAYOUT_specialprofile].size);

	fake_put(&d->f, at, l->special.offset, offset);
	fake_put(&d->f, at, l->special.kind, d->kind);
	fake_put(&d->f, at, l->special.next, d->heap.spans.v[span].specials);
	fake_put(&d->f, at, l->specialprofile.b, bucket);
	d->heap.spans.v[span].specials = at;
	return at;
}

static void read_all(struct profiled *d)
{
	heap_profile_free(&d->p);
	assert_null(heap_profile_read(&d->f.rt, &d->p));
}

static void no_record(const struct profiled *d, taddr a)
{
	assert_null(heap_profile_find(&d->p, a));
}

static void is_record(const struct profiled *d, taddr a, taddr object, uint64_t size)
{
	const struct alloc_record *r = heap_profile_find(&d->p, a);

	assert_non_null(r);
	assert_int_equal(r->object, object);
	assert_int_equal(d->p.sites.v[r->site].size, size);
}

static const int minors[] = {19, 21, 22, 23, 24, 25, 26, 27};

static void test_sound(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(minors) / sizeof(*minors); k++) {
		struct profiled d;
		set_up(&d, minors[k]);
		taddr behind = minors[k] >= 22 ? 8 : 0, pair = add_bucket(&d, MEMORY, 96, 3);
		add_record(&d, SMALL, 96 * 7, pair); // the order does not matter
		add_record(&d, SMALL, 0, pair);
		add_record(&d, HEADED, 1024 + behind, add_bucket(&d, MEMORY, 1024, 0));
		add_record(&d, TINY, 32, add_bucket(&d, MEMORY, 16, 1));
		read_all(&d);
		assert_int_equal(d.p.bad, 0);
		assert_false(d.p.cut);
		assert_int_equal(d.p.records.n, 4);
		is_record(&d, AT(SMALL), AT(SMALL), 96);
		is_record(&d, AT(SMALL) + 95, AT(SMALL), 96);
		no_record(&d, AT(SMALL) + 96);
		no_record(&d, AT(SMALL) - 1);
		is_record(&d, AT(SMALL) + 96 * 7 + 8, AT(SMALL) + 96 * 7, 96);
		assert_int_equal(d.p.sites.v[heap_profile_find(&d.p, AT(SMALL))->site].live, 2);
		is_record(&d, AT(HEADED) + 2047, AT(HEADED) + 1024 + behind, 1024);
		no_record(&d, AT(HEADED) + 2048); // the next one's header
		no_record(&d, AT(HEADED) + 1023);
		is_record(&d, AT(TINY) + 32, AT(TINY) + 32, 16);
		no_record(&d, AT(TINY) + 40); // another tiny object in the slot
		uint32_t frames[4];
		assert_int_equal(heap_profile_stack(&d.f.rt, &d.p.sites.v[0], frames, 2), 2);
		assert_int_equal(frames[0], FRAME_NONE);
		tear_down(&d);
	}
}

/* Of an object that has died the record stays until its span is swept. */
static void test_dead(void **state)
{
	(void)state;
	struct profiled d;
	set_up(&d, 27);
	taddr bucket = add_bucket(&d, MEMORY, 96, 3), bits = vars_alloc(&d, 64);
	add_record(&d, SMALL, 0, bucket);
	add_record(&d, SMALL, 96, bucket);
	add_record(&d, SMALL, 96 * 20, bucket);
	struct span *s = &d.heap.spans.v[SMALL];
	s->flags |= SPAN_UNSWEPT;
	s->mark_bits = bits;
	fake_put8(&d.f, bits, 2); // the second alone is marked
	read_all(&d);
	assert_int_equal(d.p.bad, 0);
	assert_int_equal(d.p.records.n, 1);
	is_record(&d, AT(SMALL) + 96, AT(SMALL) + 96, 96);
	s->flags = 0;
	s->freeindex = 1;
	s->alloc_bits = bits + 32; // free from the second slot on
	read_all(&d);
	assert_int_equal(d.p.records.n, 1);
	is_record(&d, AT(SMALL), AT(SMALL), 96);
	tear_down(&d);
}

/* What agrees with no object is counted, said once, and believed nowhere. */
static void test_bad(void **state)
{
	(void)state;
	struct profiled d;
	set_up(&d, 27);
	taddr good = add_bucket(&d, MEMORY, 96, 3);
	add_record(&d, SMALL, 96 + 8, good);  // inside of one
	add_record(&d, SMALL, 96 * 85, good); // behind the last
	add_record(&d, SMALL, UINT64_MAX, good);
	add_record(&d, HEADED, 1024, add_bucket(&d, MEMORY, 1024, 0)); // its header
	add_record(&d, HEADED, 8, good);			       // of another size
	add_record(&d, SMALL, 96 * 2, add_bucket(&d, 2, 96, 3));       // of the block profile
	add_record(&d, SMALL, 96 * 3, add_bucket(&d, MEMORY, 96, 1ull << 63));
	add_record(&d, SMALL, 96 * 4, add_bucket(&d, MEMORY, 96, PROFILE_STACK + 1));
	add_record(&d, SMALL, 96 * 5, 0);
	add_record(&d, SMALL, 96 * 6, 0x666000);	     // unmapped
	add_record(&d, SMALL, 96 * 7, VARS + VARS_SIZE - 8); // cut off
	add_record(&d, SMALL, 96 * 8, good);
	add_record(&d, SMALL, 96 * 8, good); // twice
	add_record(&d, SMALL, 96 * 9, good);
	read_all(&d);
	assert_int_equal(d.p.bad, 13);
	assert_int_equal(d.p.records.n, 1);
	is_record(&d, AT(SMALL) + 96 * 9, AT(SMALL) + 96 * 9, 96);
	assert_int_equal(d.f.notes.list.n, 1);
	tear_down(&d);
}

static void test_circle(void **state)
{
	(void)state;
	struct profiled d;
	set_up(&d, 27);
	taddr bucket = add_bucket(&d, MEMORY, 96, 3);
	taddr last = add_record(&d, SMALL, 96 * 2, bucket);
	add_record(&d, SMALL, 96, bucket);
	fake_put(&d.f, last, d.f.rt.L.special.next, d.heap.spans.v[SMALL].specials);
	read_all(&d);
	assert_true(d.p.cut);
	fake_put(&d.f, last, d.f.rt.L.special.next, 0x666000);
	read_all(&d);
	assert_true(d.p.cut);
	assert_int_equal(d.p.records.n, 2); // as far as it could be read
	tear_down(&d);
}

static void test_state(void **state)
{
	(void)state;
	struct profiled d;
	set_up(&d, 27);
	taddr rate = vars_alloc(&d, 8), off = vars_alloc(&d, 8);
	read_all(&d);
	assert_int_equal(d.p.state, PROFILE_UNKNOWN);
	d.f.rt.L.var[LAYOUT_VAR_MemProfileRate] =
		(struct layout_variable){.found = true, .addr = rate};
	d.f.rt.L.var[LAYOUT_VAR_disableMemoryProfiling] =
		(struct layout_variable){.found = true, .addr = off};
	for (uint64_t v = 0; v < 3; v++) {
		fake_put64(&d.f, rate, v == 2 ? (uint64_t)-1 : v);
		read_all(&d);
		assert_int_equal(d.p.state, v == 1 ? PROFILE_ON : PROFILE_ZERO);
		assert_int_equal(d.p.rate, v == 1);
	}
	fake_put8(&d.f, off, 1);
	read_all(&d);
	assert_int_equal(d.p.state, PROFILE_UNUSED);
	d.f.rt.L.var[LAYOUT_VAR_MemProfileRate].addr = 0x666000;
	read_all(&d);
	assert_int_equal(d.p.state, PROFILE_UNKNOWN);
	tear_down(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound), cmocka_unit_test(test_dead),
		cmocka_unit_test(test_bad),   cmocka_unit_test(test_circle),
		cmocka_unit_test(test_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
