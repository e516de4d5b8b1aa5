/** @file  Modules and heap spans, sound and damaged. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/heap.h"
#include "runtime/open.h"

#define MODULE 0x900000u
#define MHEAP 0xa00000u

static void put_module(struct fake *f, taddr at, taddr next)
{
	const struct layout *l = &f->rt.L;

	fake_put(f, at, l->moduledata.text, 0x400000);
	fake_put(f, at, l->moduledata.etext, 0x401000);
	fake_put(f, at, l->moduledata.types, FAKE_TYPES);
	fake_put(f, at, l->moduledata.etypes, FAKE_TYPES + FAKE_TYPES_SIZE);
	fake_put(f, at, l->moduledata.next, next);
}

/* As runtime_open() reads it; the rest of the debuggee is missing. */
static struct err *open_modules(struct fake *f, taddr first, struct runtime *ret)
{
	struct layout l = f->rt.L;

	l.var[LAYOUT_VAR_firstmoduledata] = (struct layout_variable){.found = true, .addr = first};
	return runtime_open(ret, &f->t, NULL, &l, 0, &f->notes, &f->cancel);
}

static void module_list(void **state)
{
	struct fake f;
	struct runtime rt;

	(void)state;
	fake_init(&f, 27);
	fake_add(&f, MODULE, 0x2000);
	put_module(&f, MODULE, MODULE + 0x1000);
	put_module(&f, MODULE + 0x1000, 0);
	assert_null(open_modules(&f, MODULE, &rt));
	assert_int_equal(rt.modules.n, 2);
	runtime_close(&rt);

	put_module(&f, MODULE + 0x1000, MODULE);
	uint64_t before = f.notes.count[NOTE_DAMAGE];
	assert_null(open_modules(&f, MODULE, &rt));
	assert_int_equal(rt.modules.n, 2);
	assert_true(f.notes.count[NOTE_DAMAGE] > before);
	runtime_close(&rt);

	struct err *err = open_modules(&f, 0, &rt);
	assert_int_equal(err->kind, ERR_BAD_DATA);
	err_free(err);
	fake_free(&f);
}

struct made_span {
	taddr base;
	uint64_t npages, elem, nelems;
	uint8_t class;
};

static void open_heap(struct fake *f, const struct made_span *spans, size_t n)
{
	const struct layout *l = &f->rt.L;
	taddr array = fake_alloc(f, n * 8), all = MHEAP + (uint64_t)l->mheap.allspans.off;

	fake_add(f, MHEAP, l->s[LAYOUT_mheap].size);
	f->rt.L.var[LAYOUT_VAR_mheap] = (struct layout_variable){.found = true, .addr = MHEAP};
	fake_put64(f, all, array);
	fake_put64(f, all + 8, n);
	for (size_t i = 0; i < n; i++) {
		taddr s = fake_alloc(f, l->s[LAYOUT_mspan].size);

		fake_put64(f, array + i * 8, s);
		fake_put(f, s, l->mspan.state, 1);
		fake_put(f, s, l->mspan.startAddr, spans[i].base);
		fake_put(f, s, l->mspan.npages, spans[i].npages);
		fake_put(f, s, l->mspan.elemsize, spans[i].elem);
		fake_put(f, s, l->mspan.nelems, spans[i].nelems);
		fake_put(f, s, l->mspan.spanclass, spans[i].class);
	}
	assert_null(heap_open(&f->rt));
}

/* A page count that one flipped bit made huge must not cost an index of gigabytes, nor hide the
 * spans behind it. */
static void wild_spans(void **state)
{
	const taddr a = FAKE_HEAP + FAKE_HEAP_SIZE, b = a + 0x100000, far = a + 0x40000000;
	const struct made_span spans[] = {
		{a, 1, 64, 128, 2 << 1},
		{a + 0x2000, 4, 4 * HEAP_PAGE, 1, 0},
		{b - 0x2000, 2, 2 * HEAP_PAGE, 1, 0}, // across two mappings
		{b + 0x4000, 1u << 30, (1ull << 30) * HEAP_PAGE, 1, 0},
		{b + 0x8000, 0x20000, 0x20000ull * HEAP_PAGE, 1,
		 0}, // its end is mapped, what lies between is not
		{b + 0xa000, 1, 64, 128, 2 << 1},
	};
	struct fake f;

	(void)state;
	fake_init(&f, 19);
	fake_add(&f, a, 0x100000);
	fake_hole(&f, b, 0x100000);
	fake_add(&f, far, 0x200000);
	open_heap(&f, spans, sizeof(spans) / sizeof(*spans));
	assert_int_equal(f.rt.heap->spans.n, 4);
	assert_true(f.rt.heap->incomplete);
	assert_non_null(heap_span(f.rt.heap, a + 0x4000));
	assert_non_null(heap_span(f.rt.heap, b));
	assert_non_null(heap_span(f.rt.heap, b + 0xa000));
	assert_null(heap_span(f.rt.heap, b + 0x4000));
	assert_null(heap_span(f.rt.heap, far));
	heap_close(&f.rt);
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(module_list),
		cmocka_unit_test(wild_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
