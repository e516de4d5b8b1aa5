/** @file  From parent words to a graph: goroutines on contexts, depths, loops. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "context/build.h"
#include "context/build_internal.h"

struct made {
	struct builder b;
	struct model m;
	struct runtime rt;
	struct notes notes;
	volatile sig_atomic_t cancel;
};

static void add(struct made *t, taddr addr, uint32_t parent, uint8_t kind)
{
	struct ctx c = {.addr = addr,
			.parent = parent,
			.first_child = CTX_NONE,
			.next_sibling = CTX_NONE,
			.first_wait = CTX_NONE,
			.depth = CTX_DEPTH_UNKNOWN,
			.kind = kind};

	VEC_PUSH(&t->m.ctxs, c);
}

/* Background and TODO as in every model. */
static void start(struct made *t)
{
	*t = (struct made){.m = {.has_background = true}};
	t->rt.notes = &t->notes;
	t->rt.cancel = &t->cancel;
	t->b.rt = t->m.rt = &t->rt;
	t->b.m = &t->m;
	add(t, 0, CTX_NONE, CTX_BACKGROUND);
	add(t, 0, CTX_NONE, CTX_TODO);
}

static void end(struct made *t)
{
	model_free(&t->m);
	notes_free(&t->notes);
}

/* A goroutine in a select on @p n channels, @p step apart. */
static void add_task(struct made *t, uint32_t n, taddr first, uint64_t step)
{
	struct task task = {
		.wait_first = (uint32_t)t->m.tasks.waits.n, .nwaits = n, .status = TASK_WAITING};

	for (uint32_t i = 0; i < n; i++) {
		struct task_wait w = {
			.chan = first + i * step, .context = CTX_NONE, .op = WAIT_UNTOLD};
		VEC_PUSH(&t->m.tasks.waits, w);
	}
	VEC_PUSH(&t->m.tasks.list, task);
}

/* Selects that name the same contexts again and again: each goroutine counts once, in linear
 * time. */
static void large_selects(void **state)
{
	enum { CASES = 65536, CTXS = 20000 };
	struct made t;

	(void)state;
	start(&t);
	for (uint32_t i = 0; i < CTXS; i++) {
		add(&t, 0xc000000000 + i * 64, 0, CTX_CANCEL);
		u64map_add(&t.m.by_done, 0xc100000000 + i * 96, i + 2);
	}
	for (int k = 0; k < 8; k++) {
		add_task(&t, CASES, 0xc100000000, 96); // all contexts, then other channels
		add_task(&t, CASES, 0xc100000000, 0);  // always the first one
	}
	graph_join(&t.m);
	assert_null(graph_build(&t.b));
	assert_int_equal(t.m.ctxs.v[2].tasks, 16);
	assert_int_equal(t.m.ctxs.v[3].tasks, 8);
	assert_int_equal(t.m.ctxs.v[CTXS + 1].tasks, 8);
	assert_int_equal(t.m.waiting_tasks, 16);
	for (uint32_t k = 0; k < 16; k++)
		assert_int_equal(t.m.ctx_tasks.v[t.m.ctxs.v[2].first_wait + k], k);
	assert_int_equal(t.m.ctxs.v[0].tasks_below, 16 + 8 * (CTXS - 1));
	end(&t);
}

static void loops(void **state)
{
	struct made t;

	(void)state;
	start(&t);
	add(&t, 0xc000000000, 3, CTX_VALUE);
	add(&t, 0xc000000040, 2, CTX_VALUE);
	add(&t, 0xc000000080, 4, CTX_VALUE); // its own parent
	add(&t, 0xc0000000c0, 2, CTX_VALUE);
	assert_null(graph_build(&t.b));
	assert_int_equal(t.notes.count[NOTE_DAMAGE], 1);
	assert_true(t.m.ctxs.v[3].flags & CTX_CYCLE);
	assert_true(t.m.ctxs.v[4].flags & CTX_CYCLE);
	assert_int_equal(t.m.ctxs.v[3].below, 2);
	assert_int_equal(t.m.ctxs.v[5].depth, 2);
	assert_int_equal(t.m.roots.n, 3);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_selects),
		cmocka_unit_test(loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
