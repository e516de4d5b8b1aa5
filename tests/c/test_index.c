/** @file  Contexts found by address: those of the heap by the page they lie in, the others by a
 * table. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdlib.h>

#include "context/build.h"
#include "context/build_internal.h"

#define FIRST_PAGE 0xc000000000u

struct made {
	struct model m;
	struct runtime rt;
};

static void start(struct made *t)
{
	*t = (struct made){0};
	t->m.rt = &t->rt;
	VEC_PUSH(&t->m.ctxs, (struct ctx){.parent = CTX_NONE});
	VEC_PUSH(&t->m.ctxs, (struct ctx){.parent = CTX_NONE});
}

static void add(struct made *t, taddr addr)
{
	VEC_PUSH(&t->m.ctxs, (struct ctx){.addr = addr, .parent = CTX_NONE});
}

/* Each is found at its address, and nothing beside it. */
static void check_all(const struct made *t)
{
	const struct model *m = &t->m;

	for (uint32_t i = 2; i < m->ctxs.n; i++) {
		taddr a = m->ctxs.v[i].addr;

		assert_int_equal(model_at(m, a), i);
		if (m->ctxs.v[i - 1].addr != a - 8)
			assert_int_equal(model_at(m, a - 8), CTX_NONE);
		if (i + 1 == m->ctxs.n || m->ctxs.v[i + 1].addr != a + 8)
			assert_int_equal(model_at(m, a + 8), CTX_NONE);
		model_prefetch(m, a); // of anything
		model_prefetch(m, ~a);
	}
	assert_int_equal(model_at(m, 0), CTX_NONE);
	assert_int_equal(model_at(m, UINT64_MAX), CTX_NONE);
}

static void none(void **state)
{
	struct made t;

	(void)state;
	start(&t);
	model_index(&t.m);
	check_all(&t);
	model_free(&t.m);
}

/* Pages that are full, that hold a few at one end, or none; several arenas, some of them empty. */
static void pages_of_all_sorts(void **state)
{
	static const uint16_t slots[] = {16, 48, 80, 112, 2048};
	struct made t;

	(void)state;
	srand(1);
	start(&t);
	for (uint64_t page = 0; page < 60000;
	     page += 1 + (uint64_t)(rand() % 1000 ? rand() % 3 : rand() % 9000)) {
		uint64_t slot = slots[rand() % 5];
		unsigned kept = (unsigned)(rand() % 5) * 25; /* per cent */
		bool upper = rand() % 2;		     /* only the second half of the page */

		for (uint64_t at = upper ? HEAP_PAGE / 2 / slot * slot : 0; at + slot <= HEAP_PAGE;
		     at += slot)
			if ((unsigned)(rand() % 100) < kept)
				add(&t, FIRST_PAGE + page * HEAP_PAGE + at);
	}
	assert_true(t.m.ctxs.n > 100000);
	model_index(&t.m);
	assert_int_equal(t.m.heap_end, t.m.ctxs.n);
	assert_true(t.m.arena_count > 3);
	check_all(&t);
	model_free(&t.m);
}

/* The first and last page of an arena, and what is found in other ways, below, above and
 * between. */
static void borders_and_others(void **state)
{
	struct made t;

	(void)state;
	start(&t);
	add(&t, FIRST_PAGE);
	add(&t, FIRST_PAGE + HEAP_ARENA - HEAP_PAGE);
	add(&t, FIRST_PAGE + HEAP_ARENA - 16);
	add(&t, FIRST_PAGE + HEAP_ARENA);
	add(&t, FIRST_PAGE + 5ull * HEAP_ARENA + 64);
	model_index(&t.m);
	check_all(&t);
	const taddr others[] = {0x501000, FIRST_PAGE + 4096, FIRST_PAGE + 3ull * HEAP_ARENA,
				0x7f0000001000};
	for (uint32_t i = 0; i < 4; i++) {
		u64map_add(&t.m.others, others[i], (uint32_t)t.m.ctxs.n);
		add(&t, others[i]);
	}
	assert_int_equal(t.m.heap_end, 7);
	check_all(&t);
	model_free(&t.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none),
		cmocka_unit_test(pages_of_all_sorts),
		cmocka_unit_test(borders_and_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
