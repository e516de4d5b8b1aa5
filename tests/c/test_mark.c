/** @file  Marking, pointer words and roots over made-up heaps of every generation, sound and
 * damaged. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/mark.h"
#include "runtime/roots.h"

/* spans lie from here on, in the arena behind the one of the fake heap */
#define MADE 0xc004000000u
#define MADE_SIZE 0x800000u
#define L2 0x10000000u
#define MHEAP 0x20000000u
#define DATA 0x30000000u /* moduledata, variables, off-heap structs */
#define ARENA_OF(a) (((a) + 0x800000000000u) / HEAP_ARENA)
#define SWEEPGEN 10

/* A debuggee with a heap of its own. */
struct made {
	struct fake f;
	taddr next, data, array;
	uint64_t nspans;
	taddr arena; /* heapArena of MADE */
	struct marks mk;
};

static taddr data_alloc(struct made *d, uint64_t size)
{
	taddr at = d->data;

	d->data += (size + 63) & ~63ull;
	return at;
}

static void made_init(struct made *d, int minor)
{
	memset(d, 0, sizeof(*d));
	fake_init(&d->f, minor);
	const struct layout *l = &d->f.rt.L;
	fake_add(&d->f, MADE, MADE_SIZE);
	fake_add(&d->f, L2 + ARENA_OF(MADE) * 8 - 64, 256);
	fake_add(&d->f, MHEAP, l->s[LAYOUT_mheap].size);
	fake_add(&d->f, DATA, 0x600000);
	d->next = MADE;
	d->data = DATA;
	d->array = data_alloc(d, 4096 * 8);
	d->arena = data_alloc(d, l->s[LAYOUT_heapArena].size);
	fake_put64(&d->f, L2 + ARENA_OF(MADE) * 8, d->arena);
	fake_put64(&d->f, MHEAP + (uint64_t)l->mheap.arenas.off, L2);
	fake_put(&d->f, MHEAP, l->mheap.sweepgen, SWEEPGEN);
	fake_put64(&d->f, MHEAP + (uint64_t)l->mheap.allspans.off, d->array);
	d->f.rt.L.var[LAYOUT_VAR_mheap] = (struct layout_variable){.found = true, .addr = MHEAP};
	taddr md = data_alloc(d, l->s[LAYOUT_moduledata].size);
	d->f.rt.modules.v[0].addr = md;
	taddr allfin = data_alloc(d, 8);
	d->f.rt.L.var[LAYOUT_VAR_allfin] = (struct layout_variable){.found = true, .addr = allfin};
	if (LAYOUT_HAS(l->cleanupQueue.all)) {
		taddr queue = data_alloc(d, l->s[LAYOUT_cleanupQueue].size);
		d->f.rt.L.var[LAYOUT_VAR_gcCleanups] =
			(struct layout_variable){.found = true, .addr = queue};
	}
}

/* A span of objects that are all allocated; @p class 0: one large object. */
static taddr add_span(struct made *d, uint64_t elem, uint64_t npages, unsigned class, bool noscan,
		      taddr *mspan)
{
	const struct layout *l = &d->f.rt.L;
	taddr base = d->next, s = data_alloc(d, l->s[LAYOUT_mspan].size);
	uint64_t room = npages * HEAP_PAGE -
			(LAYOUT_HAS(l->mspan.largeType) && elem <= 512 ? npages * 128 + 128 : 0);

	d->next += npages * HEAP_PAGE;
	fake_put(&d->f, s, l->mspan.startAddr, base);
	fake_put(&d->f, s, l->mspan.npages, npages);
	fake_put(&d->f, s, l->mspan.elemsize, elem);
	fake_put(&d->f, s, l->mspan.nelems, class ? room / elem : 1);
	fake_put(&d->f, s, l->mspan.freeindex, class ? room / elem : 1);
	fake_put(&d->f, s, l->mspan.sweepgen, SWEEPGEN);
	fake_put(&d->f, s, l->mspan.spanclass, class << 1 | noscan);
	fake_put(&d->f, s, l->mspan.state, 1);
	fake_put64(&d->f, d->array + d->nspans++ * 8, s);
	fake_put64(&d->f, MHEAP + (uint64_t)l->mheap.allspans.off + 8, d->nspans);
	if (mspan)
		*mspan = s;
	return base;
}

static taddr small(struct made *d, uint64_t elem, bool noscan)
{
	return add_span(d, elem, 1, 5, noscan, NULL);
}

static void made_open(struct made *d)
{
	fake_open(&d->f);
	assert_null(heap_open(&d->f.rt));
	assert_null(marks_open(&d->f.rt, &d->mk));
}

static void made_close(struct made *d)
{
	marks_close(&d->mk);
	heap_close(&d->f.rt);
	fake_free(&d->f);
}

static void mark_from(struct made *d, taddr a)
{
	assert_true(mark_addr(&d->mk, a));
	assert_null(marks_drain(&d->mk));
}

static void set_bit(struct made *d, taddr bits, uint64_t i)
{
	fake_put8(&d->f, bits + i / 8,
		  *(uint8_t *)fake_at(&d->f, bits + i / 8, 1) | (uint8_t)(1 << (i % 8)));
}

/* -- where pointer bits are ------------------------------------------------------------------ */

/* Words of one object of 48 bytes: 0 leads to t[0] …; only those whose bits are set may lead
 * there. */
static void fill(struct made *d, taddr object, taddr targets, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fake_put64(&d->f, object + i * 8, targets + i * 16);
}

static void assert_marked(struct made *d, taddr targets, unsigned n, uint64_t mask)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(mark_test(&d->mk, targets + i * 16), mask >> i & 1);
}

static void test_nibbles(void **state)
{
	(void)state;
	for (unsigned index = 0; index < 4;
	     index++) { // 6 words: every second object begins amid a byte
		struct made d;
		made_init(&d, 19);
		taddr span = small(&d, 48, false), targets = small(&d, 16, true),
		      object = span + index * 48;
		taddr bitmap = d.arena + (uint64_t)d.f.rt.L.heapArena.bitmap.off;
		fill(&d, object, targets, 6);
		for (unsigned i = 0; i < 6;
		     i++) { // pointers 1, 2 and 4; no more from 3 on: bit 4 is stale
			uint64_t word = (object - MADE) / 8 + i;
			if (i == 1 || i == 2 || i == 4)
				set_bit(&d, bitmap + word / 4, word % 4);
			if (i < 3 || i == 5)
				set_bit(&d, bitmap + word / 4, 4 + word % 4);
		}
		made_open(&d);
		mark_from(&d, object + 20);
		assert_marked(&d, targets, 6, 06);
		assert_int_equal(d.mk.objects, 3);
		assert_int_equal(d.mk.bytes, 48 + 2 * 16);
		assert_false(d.mk.incomplete);
		made_close(&d);
	}
}

static void test_bits(void **state)
{
	(void)state;
	struct made d;
	made_init(&d, 21);
	taddr span = small(&d, 1024, false), targets = small(&d, 16, true), object = span + 1024;
	taddr bitmap = d.arena + (uint64_t)d.f.rt.L.heapArena.bitmap.off;
	const unsigned at[] = {0, 5, 63, 64, 127};
	for (unsigned i = 0; i < 5; i++) {
		fake_put64(&d.f, object + at[i] * 8, targets + i * 16);
		set_bit(&d, bitmap, (object - MADE) / 8 + at[i]);
	}
	fake_put64(&d.f, object + 6 * 8, targets + 6 * 16); // a scalar
	made_open(&d);
	mark_from(&d, object);
	assert_marked(&d, targets, 7, 037);
	made_close(&d);
}

/* An object that lies in two arenas, the second of which has no readable bits. */
static void test_arena_border(void **state)
{
	(void)state;
	struct made d;
	made_init(&d, 21);
	fake_add(&d.f, MADE + HEAP_ARENA - HEAP_PAGE, 2 * HEAP_PAGE);
	taddr targets = small(&d, 16, true);
	d.next = MADE + HEAP_ARENA - HEAP_PAGE;
	taddr object = add_span(&d, 2 * HEAP_PAGE, 2, 0, false, NULL);
	taddr bitmap = d.arena + (uint64_t)d.f.rt.L.heapArena.bitmap.off;
	set_bit(&d, bitmap, HEAP_ARENA / 8 - 1);
	fake_put64(&d.f, object + HEAP_PAGE - 16, targets);	// no bit
	fake_put64(&d.f, object + HEAP_PAGE - 8, targets + 16); // a bit
	fake_put64(&d.f, object + HEAP_PAGE, targets + 32);	// not known
	made_open(&d);
	mark_from(&d, object);
	assert_marked(&d, targets, 3, 06);
	assert_true(d.mk.guessed > 0);
	assert_false(d.mk.incomplete); // more is marked than need be, nothing is missing
	made_close(&d);
}

/* 1.22+: at the end of the span; @p inline_marks: 128 bytes earlier. */
static void in_span(int minor, bool inline_marks)
{
	struct made d;
	made_init(&d, minor);
	taddr span = small(&d, 48, false), targets = small(&d, 16, true);
	taddr bits = span + HEAP_PAGE - 128 - (inline_marks ? 128 : 0);
	uint64_t last = (HEAP_PAGE - 256) / 48 - 1;
	if (inline_marks)
		set_bit(&d, d.arena + (uint64_t)d.f.rt.L.heapArena.pageUseSpanInlineMarkBits.off,
			span / HEAP_PAGE % 8192);
	for (uint64_t k = 0; k <= last; k += last) {
		fill(&d, span + k * 48, targets + k * 6 * 16 % 4096, 6);
		set_bit(&d, bits, k * 6 + 1);
		set_bit(&d, bits, k * 6 + 5);
	}
	made_open(&d);
	mark_from(&d, span);
	assert_marked(&d, targets, 6, 042);
	mark_from(&d, span + last * 48);
	assert_marked(&d, targets + last * 6 * 16 % 4096, 6, 042);
	assert_int_equal(d.mk.guessed, 0);
	made_close(&d);
}

static void test_in_span(void **state)
{
	(void)state;
	in_span(22, false);
	in_span(24, false);
	in_span(26, false);
	in_span(26, true);
	in_span(27, true);
}

/* The arena's own struct is missing: where the bits are cannot be told. */
static void test_no_arena(void **state)
{
	(void)state;
	struct made d;
	made_init(&d, 27);
	taddr span = small(&d, 48, false), targets = small(&d, 16, true);
	fake_put64(&d.f, L2 + ARENA_OF(MADE) * 8, 0xdead0000);
	fill(&d, span, targets, 6);
	made_open(&d);
	mark_from(&d, span);
	assert_marked(&d, targets, 6, 077);
	assert_int_equal(d.mk.guessed, 1);
	made_close(&d);
}

/* -- masks of types -------------------------------------------------------------------------- */

/* struct { a uintptr; p unsafe.Pointer; b uintptr } */
static taddr make_type(struct made *d, taddr gcdata, uint8_t kind_bits, uint8_t tflag)
{
	struct fake *f = &d->f;
	taddr word = fake_type(f, GO_UINTPTR, "uintptr", NULL),
	      pointer = fake_type(f, GO_UNSAFE_POINTER, "unsafe.Pointer", NULL);
	taddr ty = fake_struct(
		f, "app.node", "app", 24, 3,
		(struct fake_field[]){{"a", word, 0}, {"p", pointer, 8}, {"b", word, 16}});
	const struct layout *l = &f->rt.L;

	fake_put(f, ty, l->type.gcdata, gcdata);
	fake_put8(f, ty + (uint64_t)l->type.kind.off,
		  *(uint8_t *)fake_at(f, ty + (uint64_t)l->type.kind.off, 1) | kind_bits);
	fake_put8(f, ty + (uint64_t)l->type.tflag.off,
		  *(uint8_t *)fake_at(f, ty + (uint64_t)l->type.tflag.off, 1) | tflag);
	return ty;
}

/* A span of objects of 2048 bytes with headers, each an array of the type; words 1, 4, 7 … are
 * pointers. */
static void assert_tiled(struct made *d, taddr type)
{
	taddr span = small(d, 2048, false), targets = add_span(d, 16, 1, 5, true, NULL),
	      object = span + 2048;

	fake_put64(&d->f, object, type);
	for (unsigned i = 0; i < 255; i++)
		fake_put64(&d->f, object + 8 + i * 8, targets + i * 16);
	made_open(d);
	mark_from(d, object + 700);
	for (unsigned i = 0; i < 255; i++)
		assert_int_equal(mark_test(&d->mk, targets + i * 16), i % 3 == 1);
	assert_int_equal(d->mk.guessed, 0);
	made_close(d);
}

static taddr mask_of(struct made *d)
{
	taddr mask = data_alloc(d, 8);

	fake_put8(&d->f, mask, 2);
	return mask;
}

static void test_header(void **state)
{
	(void)state;
	const int minors[] = {22, 24, 27};
	for (unsigned i = 0; i < 3; i++) {
		struct made d;
		made_init(&d, minors[i]);
		assert_tiled(&d, make_type(&d, mask_of(&d), 0, 0));
	}
}

static void test_on_demand(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		struct made d;
		made_init(&d, 27);
		taddr slot = data_alloc(&d, 8), other = data_alloc(&d, 64);
		d.f.rt.modules.v[0].noptrbss = other;
		d.f.rt.modules.v[0].enoptrbss = other + 64;
		if (how == 1)
			fake_put64(&d.f, slot, mask_of(&d)); // made
		if (how == 2)
			fake_put64(&d.f, slot, other); // being made: runtime.inProgress
		// 0: not made; 3: out of reach
		assert_tiled(&d, make_type(&d, how == 3 ? 0xdead0000 : slot, 0, 16));
	}
}

static void test_program(void **state)
{
	(void)state;
	struct made d;
	made_init(&d, 23);
	assert_tiled(&d, make_type(&d, data_alloc(&d, 8), 0x40, 0)); // a program of zeros
	made_init(&d, 23);
	assert_tiled(&d, make_type(&d, mask_of(&d), 0x40, 16)); // unrolled
}

/* A header that is no type: every word counts. */
static void test_bad_header(void **state)
{
	(void)state;
	const taddr bad[] = {0, 0x17, 0xdead0000, FAKE_TYPES + 8};
	for (unsigned i = 0; i < 4; i++) {
		struct made d;
		made_init(&d, 27);
		taddr span = small(&d, 1024, false), targets = small(&d, 16, true);
		fake_put64(&d.f, span, bad[i]);
		fill(&d, span + 8, targets, 6);
		made_open(&d);
		mark_from(&d, span + 8);
		assert_marked(&d, targets, 6, 077);
		assert_int_equal(d.mk.guessed, 1);
		made_close(&d);
	}
}

/* -- large objects, threads, damage ---------------------------------------------------------- */

/* An object of many pieces, pointers in the first and last words of each, and a hole amid it. */
static void large(bool hole)
{
	struct made d;
	made_init(&d, 27);
	taddr pointer = fake_type(&d.f, GO_UNSAFE_POINTER, "unsafe.Pointer", NULL), mspan,
	      mask = data_alloc(&d, 8);
	uint64_t size = 4u << 20, step = 1 << 16;
	taddr targets = small(&d, 16, true);
	d.next = MADE + MADE_SIZE;
	taddr object = add_span(&d, size, size / HEAP_PAGE, 0, false, &mspan);
	fake_put8(&d.f, mask, 1);
	fake_put(&d.f, pointer, d.f.rt.L.type.gcdata, mask);
	fake_put(&d.f, mspan, d.f.rt.L.mspan.largeType, pointer);
	if (hole) {
		fake_add(&d.f, object, size / 2);
		fake_hole(&d.f, object + size / 2, HEAP_PAGE);
		fake_add(&d.f, object + size / 2 + HEAP_PAGE, size / 2 - HEAP_PAGE);
	} else {
		fake_add(&d.f, object, size);
	}
	for (uint64_t i = 0; i < size / step; i++)
		if (i != size / step / 2)
			fake_put64(&d.f, object + i * step + (i & 1 ? step - 8 : 0),
				   targets + i * 16);
	made_open(&d);
	mark_from(&d, object + 12345);
	for (uint64_t i = 0; i < size / step; i++)
		assert_int_equal(mark_test(&d.mk, targets + i * 16), i != size / step / 2);
	assert_int_equal(d.mk.unread, hole ? HEAP_PAGE / 8 : 0);
	assert_int_equal(d.mk.incomplete, hole);
	made_close(&d);
}

static void test_large(void **state)
{
	(void)state;
	large(false);
	large(true);
}

#define NODES 500u /* spans of 8-byte-pointer objects */

struct naive {
	struct made *d;
	uint8_t *seen;
	VEC(taddr) todo;
};

static bool naive_word(void *arg, taddr at, taddr value)
{
	struct naive *n = arg;
	uint64_t slot = slots_at(&n->d->mk.slots, value);

	(void)at;
	if (slot != UINT64_MAX && !n->seen[slot]) {
		n->seen[slot] = 1;
		VEC_PUSH(&n->todo, value);
	}
	return true;
}

/* A random graph over many spans, marked by two threads, against the simplest marking there is. */
static void test_random(void **state)
{
	(void)state;
	struct made d;
	struct naive n = {.d = &d};
	uint64_t seed = 1, slots = (HEAP_PAGE - 256) / 64;
	made_init(&d, 22);
	taddr first = d.next;
	for (unsigned i = 0; i < NODES; i++)
		small(&d, 64, false);
	for (unsigned i = 0; i < NODES; i++)
		for (uint64_t k = 0; k < slots; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			uint64_t to = seed >> 33, word = seed >> 20 & 7;
			fake_put64(&d.f, first + i * HEAP_PAGE + k * 64 + word * 8,
				   first + to % NODES * HEAP_PAGE + to / NODES % slots * 64 +
					   to % 64);
			set_bit(&d, first + (i + 1) * HEAP_PAGE - 128, k * 8 + word);
		}
	made_open(&d);
	n.seen = mem_zalloc(d.mk.slots.words * 64);
	for (unsigned i = 0; i < NODES; i += 5) {
		mark_addr(&d.mk, first + i * HEAP_PAGE);
		naive_word(&n, 0, first + i * HEAP_PAGE);
	}
	assert_null(marks_drain(&d.mk));
	for (size_t i = 0; i < n.todo.n; i++) {
		struct heap_object o;
		assert_true(heap_object_at(&d.f.rt, n.todo.v[i], &o));
		assert_true(object_pointers(&d.f.rt, &o, naive_word, &n));
	}
	assert_true(n.todo.n > 1000);
	assert_int_equal(d.mk.objects, n.todo.n);
	for (unsigned i = 0; i < NODES; i++)
		for (uint64_t k = 0; k < slots; k++) {
			taddr a = first + i * HEAP_PAGE + k * 64;
			assert_int_equal(mark_test(&d.mk, a), n.seen[slots_at(&d.mk.slots, a)]);
		}
	free(n.seen);
	VEC_FREE(&n.todo);
	made_close(&d);
}

static void test_free_slots(void **state)
{
	(void)state;
	struct made d;
	taddr mspan, bits;
	made_init(&d, 24);
	taddr span = add_span(&d, 64, 1, 5, true, &mspan), behind = small(&d, 64, true);
	const struct layout *l = &d.f.rt.L;
	bits = data_alloc(&d, 64);
	fake_put8(&d.f, bits, 0x24); // 2 and 5 are allocated, and all before 4
	fake_put(&d.f, mspan, l->mspan.freeindex, 4);
	fake_put(&d.f, mspan, l->mspan.allocBits, bits);
	made_open(&d);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(mark_addr(&d.mk, span + i * 64 + 63), i < 4 || i == 5);
	assert_false(mark_addr(&d.mk, span));		      // again
	assert_false(mark_addr(&d.mk, span + HEAP_PAGE - 8)); // behind the last slot
	assert_false(mark_addr(&d.mk, behind + HEAP_PAGE));
	assert_false(mark_addr(&d.mk, 0));
	assert_false(mark_addr(&d.mk, UINT64_MAX));
	assert_int_equal(d.mk.objects, 5);
	made_close(&d);
}

static void test_leaf_and_cancel(void **state)
{
	(void)state;
	struct made d;
	made_init(&d, 27);
	taddr nodes = small(&d, 8, false), targets = small(&d, 16, true); // objects of one pointer
	fake_put64(&d.f, nodes, targets);
	fake_put64(&d.f, nodes + 8, targets + 16);
	made_open(&d);
	mark_leaf(&d.mk, nodes);
	mark_addr(&d.mk, nodes + 8);
	d.f.cancel = 1;
	struct err *err = marks_drain(&d.mk);
	assert_non_null(err);
	assert_int_equal(err->kind, ERR_CANCELED);
	err_free(err);
	made_close(&d);

	made_init(&d, 27);
	nodes = small(&d, 8, false), targets = small(&d, 16, true);
	fake_put64(&d.f, nodes, targets);
	fake_put64(&d.f, nodes + 8, targets + 16);
	made_open(&d);
	mark_leaf(&d.mk, nodes);
	mark_words(&d.mk, nodes + 3, nodes + 20); // the second word alone
	mark_from(&d, nodes + 8);
	assert_marked(&d, targets, 2, 2);
	assert_true(mark_test(&d.mk, nodes));
	assert_false(d.mk.incomplete);
	mark_words(&d.mk, 0xdead0000, 0xdead0100);
	assert_true(d.mk.incomplete);
	made_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nibbles),		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_arena_border),	cmocka_unit_test(test_in_span),
		cmocka_unit_test(test_no_arena),	cmocka_unit_test(test_header),
		cmocka_unit_test(test_on_demand),	cmocka_unit_test(test_program),
		cmocka_unit_test(test_bad_header),	cmocka_unit_test(test_large),
		cmocka_unit_test(test_random),		cmocka_unit_test(test_free_slots),
		cmocka_unit_test(test_leaf_and_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
