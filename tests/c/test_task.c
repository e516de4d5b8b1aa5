/** @file  Goroutines and their waits, sound and damaged. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/task.h"

/* A debuggee whose allgs holds @p n entries, to be filled in at the address returned. */
static taddr start(struct fake *f, uint64_t n)
{
	taddr vars = 0x700000, array;

	fake_init(f, 27);
	fake_add(f, vars, 64);
	array = fake_alloc(f, n * 8);
	fake_put64(f, vars, array);
	fake_put64(f, vars + 8, n);
	f->rt.L.var[LAYOUT_VAR_allgs] =
		(struct layout_variable){.found = true, .addr = vars, .size = 24};
	return array;
}

static taddr add_g(struct fake *f, uint64_t goid)
{
	taddr g = fake_alloc(f, f->rt.L.s[LAYOUT_g].size);

	fake_put(f, g, f->rt.L.g.atomicstatus, TASK_WAITING);
	fake_put(f, g, f->rt.L.g.goid, goid);
	return g;
}

/* @p n sudogs of @p g, each on a channel of its own, linked; the addresses are @p step apart. */
static taddr add_waits(struct fake *f, taddr g, uint32_t n, uint64_t *step)
{
	taddr first = 0;

	*step = (f->rt.L.s[LAYOUT_sudog].size + 15) & ~15ull;
	first = fake_alloc(f, n * *step);
	fake_put(f, g, f->rt.L.g.waiting, first);
	for (uint32_t i = 0; i < n; i++) {
		taddr s = first + i * *step;

		fake_put(f, s, f->rt.L.sudog.g, g);
		fake_put(f, s, f->rt.L.sudog.c, 0x800000 + i * 96);
		fake_put(f, s, f->rt.L.sudog.waitlink, i + 1 < n ? s + *step : 0);
	}
	return first;
}

static void read_all(struct fake *f, struct tasks *ts)
{
	assert_null(tasks_read(&f->rt, ts, NULL, NULL, NULL));
	tasks_waits(&f->rt, ts, ts->list.n);
}

static void close_all(struct fake *f, struct tasks *ts)
{
	tasks_free(ts);
	fake_free(f);
}

static void largest_select(void **state)
{
	struct fake f;
	struct tasks ts;
	uint64_t step;

	(void)state;
	taddr array = start(&f, 1), g = add_g(&f, 7);
	fake_put64(&f, array, g);
	add_waits(&f, g, 65536, &step);
	read_all(&f, &ts);
	assert_int_equal(ts.list.v[0].nwaits, 65536);
	assert_int_equal(ts.bad_waits, 0);
	assert_int_equal(task_wait_op(&f.rt, &ts, &ts.list.v[0], 65535), WAIT_RECV);
	close_all(&f, &ts);
}

static void looped_waits(void **state)
{
	static const uint32_t back_to[] = {0, 1, 4, 9};

	(void)state;
	for (size_t i = 0; i < sizeof(back_to) / sizeof(*back_to); i++) {
		struct fake f;
		struct tasks ts;
		uint64_t step;
		taddr array = start(&f, 1), g = add_g(&f, 7), first = add_waits(&f, g, 10, &step);

		fake_put64(&f, array, g);
		fake_put(&f, first + 9 * step, f.rt.L.sudog.waitlink, first + back_to[i] * step);
		read_all(&f, &ts);
		assert_int_equal(ts.bad_waits, 1);
		assert_true(ts.list.v[0].flags & TASK_DAMAGED);
		assert_in_range(ts.list.v[0].nwaits, 10, 40);
		close_all(&f, &ts);
	}
}

/* allgs names one goroutine many times: what it waits on is not multiplied beyond what memory could
 * hold. */
static void same_g_often(void **state)
{
	enum { TIMES = 20000, WAITS = 1000 };
	struct fake f;
	struct tasks ts;
	uint64_t step;

	(void)state;
	taddr array = start(&f, TIMES), g = add_g(&f, 7);
	for (uint64_t i = 0; i < TIMES; i++)
		fake_put64(&f, array + i * 8, g);
	add_waits(&f, g, WAITS, &step);
	read_all(&f, &ts);
	assert_true(ts.waits.n <= target_bytes(&f.t) / f.rt.L.s[LAYOUT_sudog].size);
	assert_true(ts.bad_waits > 0);
	close_all(&f, &ts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(largest_select),
		cmocka_unit_test(looped_waits),
		cmocka_unit_test(same_g_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
