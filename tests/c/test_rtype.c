/** @file  Type descriptors, names, pointer masks and interface tables, sound and damaged. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/typed.h"

static const int minors[] = {19, 21, 23, 24, 26, 27};

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++) {
		struct fake f;

		fake_init(&f, minors[i]);
		taddr num = fake_type(&f, GO_INT, "int", NULL);
		taddr key = fake_type(&f, GO_INT, "mw.requestID", "app/mw");
		taddr box = fake_type(&f, GO_INT, "mw.Box[example.com/x.T]", "app/mw");
		taddr ptr = fake_pointer(&f, key), pp = fake_pointer(&f, ptr);
		taddr map = fake_map(&f, key, ptr, "map[mw.requestID]*mw.requestID");
		taddr arr = fake_array(&f, key, 3, "[3]mw.requestID");

		fake_open(&f);
		assert_string_equal(rtype_get(&f.rt, num)->name, "int");
		assert_string_equal(rtype_get(&f.rt, num)->full, "int");
		assert_string_equal(rtype_get(&f.rt, key)->name, "mw.requestID");
		assert_string_equal(rtype_get(&f.rt, key)->pkgpath, "app/mw");
		assert_string_equal(rtype_get(&f.rt, key)->full, "app/mw.requestID");
		assert_string_equal(rtype_get(&f.rt, box)->full, "app/mw.Box[example.com/x.T]");
		assert_string_equal(rtype_get(&f.rt, pp)->full, "**app/mw.requestID");
		assert_string_equal(rtype_get(&f.rt, pp)->pkgpath, "app/mw");
		assert_true(rtype_get(&f.rt, ptr)->direct);
		assert_false(rtype_get(&f.rt, key)->direct);
		assert_string_equal(rtype_get(&f.rt, map)->full,
				    "map[app/mw.requestID]*app/mw.requestID");
		assert_string_equal(rtype_get(&f.rt, arr)->full, "[3]app/mw.requestID");
		assert_ptr_equal(rtype_get(&f.rt, key), rtype_get(&f.rt, key));
		fake_free(&f);
	}
}

static void extra_star(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, 27);
	taddr ty = fake_type(&f, GO_INT, "*main.key", "main");
	taddr bad = fake_type(&f, GO_INT, "main.other", "main");

	fake_put(&f, ty, f.rt.L.type.tflag, 7);
	fake_put(&f, bad, f.rt.L.type.tflag, 7);
	fake_open(&f);
	assert_string_equal(rtype_get(&f.rt, ty)->full, "main.key");
	assert_null(rtype_get(&f.rt, bad));
	fake_free(&f);
}

static void long_names(void **state)
{
	struct fake f;
	char text[5000];

	(void)state;
	fake_init(&f, 27);
	memset(text, 'x', sizeof(text));
	text[300] = '\0';
	taddr fits = fake_type(&f, GO_INT, text, NULL);
	text[300] = 'x';
	text[4999] = '\0';
	taddr beyond = fake_type(&f, GO_INT, text, NULL);
	taddr ctrl = fake_type(&f, GO_INT, "a\nb", NULL);

	fake_open(&f);
	assert_int_equal(strlen(rtype_get(&f.rt, fits)->name), 300);
	assert_null(rtype_get(&f.rt, beyond));
	assert_null(rtype_get(&f.rt, ctrl));
	fake_free(&f);
}

/* Types made by reflect: in the heap, names out of reach. */
static void made_by_reflect(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, 24);
	taddr key = fake_type(&f, GO_INT, "main.key", "main");
	taddr there = fake_pointer(&f, key), lost = fake_type(&f, GO_FUNC, "func()", NULL);
	taddr ptr = fake_alloc(&f, 64), func = fake_alloc(&f, 64), plain = fake_alloc(&f, 64);

	memcpy(fake_at(&f, ptr, 56), fake_at(&f, there, 56), 56);
	memcpy(fake_at(&f, func, 56), fake_at(&f, lost, 56), 56);
	memcpy(fake_at(&f, plain, 56), fake_at(&f, there, 56), 56);
	fake_put(&f, ptr, f.rt.L.type.str, (uint32_t)-7);
	fake_put(&f, func, f.rt.L.type.str, (uint32_t)-8);
	fake_open(&f);
	assert_string_equal(rtype_get(&f.rt, ptr)->name, "*main.key");
	char want[64];

	snprintf(want, sizeof(want), "<reflect type 0x%llx>", (unsigned long long)func);
	assert_string_equal(rtype_get(&f.rt, func)->name, want);
	assert_null(rtype_get(&f.rt, plain)); // a name in the module, but the type is not
	fake_free(&f);
}

static void implausible(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, 27);
	taddr ty = fake_type(&f, GO_INT, "int", NULL), copy[6];
	const struct layout *l = &f.rt.L;

	for (size_t i = 0; i < 6; i++)
		copy[i] = fake_type(&f, GO_INT, "int", NULL);
	fake_put(&f, copy[0], l->type.kind, 0);
	fake_put(&f, copy[1], l->type.kind, 27);
	fake_put(&f, copy[2], l->type.size, 9);
	fake_put(&f, copy[3], l->type.ptrdata, 16);
	fake_put(&f, copy[4], l->type.str, 0x7fffffff);
	fake_put(&f, copy[5], l->type.str, (uint32_t)-5);
	fake_open(&f);
	assert_non_null(rtype_get(&f.rt, ty));
	for (size_t i = 0; i < 6; i++)
		assert_null(rtype_get(&f.rt, copy[i]));
	assert_null(rtype_get(&f.rt, 0));
	assert_null(rtype_get(&f.rt, ty + 4));
	assert_null(rtype_get(&f.rt, 0xdead0000));
	assert_null(rtype_get(&f.rt, FAKE_TYPES + FAKE_TYPES_SIZE - 8));
	assert_null(rtype_get(&f.rt, FAKE_HEAP + FAKE_HEAP_SIZE - 16));
	assert_null(rtype_get(&f.rt, UINT64_MAX - 7));
	fake_free(&f);
}

/* The masks that facts from real programs give for cancelCtx and valueCtx. */
static void masks(void **state)
{
	struct fake f;
	uint64_t mask[3];

	(void)state;
	fake_init(&f, 27);
	taddr ctx = fake_interface(&f, "context.Context", "context", 4);
	taddr any = fake_interface(&f, "interface {}", NULL, 0);
	taddr num = fake_type(&f, GO_INT64, "int64", NULL);
	taddr ptr = fake_pointer(&f, num);
	taddr value = fake_struct(
		&f, "context.valueCtx", "context", 48, 3,
		(struct fake_field[]){{"Context", ctx, 0}, {"key", any, 16}, {"val", any, 32}});
	taddr cancel = fake_struct(&f, "context.cancelCtx", "context", 80, 6,
				   (struct fake_field[]){{"Context", ctx, 0},
							 {"mu", num, 16},
							 {"done", any, 24},
							 {"children", ptr, 40},
							 {"err", any, 48},
							 {"cause", any, 64}});
	taddr pair = fake_struct(&f, "main.pair", "main", 16, 2,
				 (struct fake_field[]){{"n", num, 0}, {"p", ptr, 8}});
	taddr many = fake_array(&f, pair, 60, "[60]main.pair");

	fake_open(&f);
	assert_true(rtype_ptrmask(&f.rt, rtype_get(&f.rt, value), mask, 6));
	assert_int_equal(mask[0], 0x2a); // 010101, first word first
	assert_true(rtype_ptrmask(&f.rt, rtype_get(&f.rt, cancel), mask, 10));
	assert_int_equal(mask[0], 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 9);
	assert_true(rtype_ptrmask(&f.rt, rtype_get(&f.rt, many), mask, 120));
	assert_true(mask[0] == 0xaaaaaaaaaaaaaaaau && mask[1] == 0xaaaaaaaaaaaaaau);
	assert_true(
		rtype_ptrmask(&f.rt, rtype_get(&f.rt, many), mask, 3)); // fewer words than it has
	assert_int_equal(mask[0], 2);
	fake_free(&f);
}

/* Structs that contain themselves, fields on top of each other, arrays of nothing: an answer or
 * none, but soon. */
static void hostile_masks(void **state)
{
	struct fake f;
	uint64_t mask[2];

	(void)state;
	fake_init(&f, 27);
	taddr ptr = fake_type(&f, GO_UNSAFE_POINTER, "unsafe.Pointer", NULL);
	taddr self =
		fake_struct(&f, "main.self", "main", 8, 1, (struct fake_field[]){{"a", ptr, 0}});
	taddr arr = fake_array(&f, ptr, 1, "[1]unsafe.Pointer");
	struct fake_field same[200];

	for (size_t i = 0; i < 200; i++)
		same[i] = (struct fake_field){"x", self, 0};
	taddr level[4];

	for (size_t k = 0; k < 4; k++) {
		level[k] = fake_struct(&f, "main.level", "main", 8, 200, same);
		for (size_t i = 0; i < 200; i++)
			same[i].type = level[k];
	}
	taddr fields;

	memcpy(&fields, fake_at(&f, self + 56, 8), 8);
	fake_put64(&f, fields + 8, self);
	fake_put64(&f, arr + 48, arr);
	fake_open(&f);
	assert_false(rtype_ptrmask(&f.rt, rtype_get(&f.rt, self), mask, 1));
	assert_false(rtype_ptrmask(&f.rt, rtype_get(&f.rt, level[3]), mask, 1));
	assert_false(rtype_ptrmask(&f.rt, rtype_get(&f.rt, arr), mask, 1));
	fake_free(&f);
}

static void damaged_structs(void **state)
{
	struct fake f;
	uint64_t mask[1];

	(void)state;
	fake_init(&f, 27);
	taddr ptr = fake_type(&f, GO_UNSAFE_POINTER, "unsafe.Pointer", NULL);
	struct fake_field one = {"a", ptr, 0};
	taddr many = fake_struct(&f, "main.a", "main", 8, 1, &one),
	      wild = fake_struct(&f, "main.b", "main", 8, 1, &one);
	taddr name = fake_struct(&f, "main.c", "main", 8, 1, &one), list;

	fake_put64(&f, many + 64, 1u << 20);
	fake_put64(&f, wild + 56, 0x123456789);
	memcpy(&list, fake_at(&f, name + 56, 8), 8);
	fake_put64(&f, list, 0x99);
	fake_open(&f);
	assert_int_equal(rtype_get(&f.rt, many)->nfields, 0);
	assert_int_equal(rtype_get(&f.rt, wild)->nfields, 0);
	assert_false(rtype_ptrmask(&f.rt, rtype_get(&f.rt, wild), mask, 1));
	assert_string_equal(rtype_get(&f.rt, name)->fields[0].name, "?");
	fake_free(&f);
}

/* Words of garbage may look like the descriptor of a struct of 2^46 bytes: its fields are looked
 * at, not its bytes. */
static void vast_struct(void **state)
{
	struct fake f;
	struct typed_leads leads = {0};

	(void)state;
	fake_init(&f, 27);
	taddr to = fake_type(&f, GO_INT, "main.to", "main"),
	      num = fake_type(&f, GO_INT, "int", NULL);
	struct fake_field near[] = {{"a", num, 0}, {"b", fake_pointer(&f, to), 1ull << 45}},
			  far[] = {{"a", num, 1ull << 45}};
	taddr leading = fake_struct(&f, "main.a", "main", 1ull << 46, 2, near),
	      dull = fake_struct(&f, "main.b", "main", 1ull << 46, 1, far);

	fake_open(&f);
	u64map_add(&leads.targets, to, 1);
	assert_true(typed_leads_to(&f.rt, &leads, leading, 0));
	assert_false(typed_leads_to(&f.rt, &leads, dull, 0));
	typed_leads_free(&leads);
	fake_free(&f);
}

/* A chain of pointers to pointers as long as memory allows must not be followed on our stack. */
static void endless_pointers(void **state)
{
	struct fake f;

	(void)state;
	fake_init(&f, 27);
	taddr ty = fake_type(&f, GO_INT, "int", NULL), first = 0;

	for (int i = 0; i < 2000; i++) {
		taddr p = fake_pointer(&f, ty);

		fake_put(&f, p, f.rt.L.type.str, fake_name(&f, "*T", 0) - FAKE_TYPES);
		if (first)
			fake_put64(&f, p + 48, first);
		first = p;
	}
	taddr loop = fake_pointer(&f, ty);

	fake_put64(&f, loop + 48, loop);
	fake_open(&f);
	assert_non_null(rtype_get(&f.rt, first));
	assert_string_equal(rtype_get(&f.rt, loop)->full, "*int");
	fake_free(&f);
}

static void itabs(void **state)
{
	struct fake f;
	size_t n;

	(void)state;
	fake_init(&f, 27);
	taddr ctx = fake_interface(&f, "context.Context", "context", 4);
	taddr num = fake_type(&f, GO_INT, "main.n", "main"), ptr = fake_pointer(&f, num);
	taddr a = fake_itab(&f, ctx, num), b = fake_itab(&f, ctx, ptr),
	      negative = fake_itab(&f, ctx, num);
	taddr bad = fake_itab(&f, ctx, num), outside;

	fake_put64(&f, negative + 24, 0);
	fake_put64(&f, bad, 0);
	f.itabs.v[3] = 0x10; // nothing there
	fake_open(&f);
	const struct itab *list = rtype_itabs(&f.rt, &n);

	assert_int_equal(n, 2);
	assert_true(list[0].addr == a && list[0].inter == ctx && list[0].type == num);
	assert_true(list[1].addr == b && list[1].type == ptr);
	assert_true(rtype_of_itab(&f.rt, b) == ptr);
	assert_true(rtype_of_itab(&f.rt, negative) == 0);
	assert_true(rtype_of_itab(&f.rt, bad) == 0);
	assert_true(rtype_of_itab(&f.rt, 0) == 0);
	assert_true(rtype_of_itab(&f.rt, 0xdead0000) == 0);
	outside = fake_alloc(&f, 32); // a plugin's copy
	memcpy(fake_at(&f, outside, 32), fake_at(&f, a, 32), 32);
	assert_true(rtype_of_itab(&f.rt, outside) == num);
	assert_int_equal(f.notes.count[NOTE_DAMAGE], 1);
	fake_free(&f);
}

static void damaged_itab_table(void **state)
{
	static const uint64_t sizes[] = {0, 3, 1ull << 25, UINT64_MAX, 1ull << 24};
	struct fake f;

	(void)state;
	fake_init(&f, 27);
	fake_open(&f);
	taddr var = f.rt.L.var[LAYOUT_VAR_itabTable].addr, table;

	memcpy(&table, fake_at(&f, var, 8), 8);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		rtypes_close(&f.rt);
		fake_put(&f, table, f.rt.L.itabTable.size, sizes[i]);
		struct err *e = rtypes_open(&f.rt);

		assert_non_null(e);
		assert_int_equal(e->kind, i < 4 ? ERR_BAD_DATA : ERR_FAULT);
		err_free(e);
		size_t n;

		assert_null(rtype_itabs(&f.rt, &n));
		assert_int_equal(n, 0);
	}
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),	 cmocka_unit_test(extra_star),
		cmocka_unit_test(long_names),	 cmocka_unit_test(made_by_reflect),
		cmocka_unit_test(implausible),	 cmocka_unit_test(masks),
		cmocka_unit_test(hostile_masks), cmocka_unit_test(damaged_structs),
		cmocka_unit_test(vast_struct),	 cmocka_unit_test(endless_pointers),
		cmocka_unit_test(itabs),	 cmocka_unit_test(damaged_itab_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
