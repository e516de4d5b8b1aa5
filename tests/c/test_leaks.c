/*
 * The rules of `leaks` over models and markings made by hand: what makes a finding certain, what is
 * told once, what healthy programs look like.
 *
 *   make build/libgoctx.a && gcc -std=c11 -D_GNU_SOURCE -Idwarf-helper/src tests/c/test_leaks.c
 * build/libgoctx.a -lcmocka -ldwarf -lelf -lz -pthread
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "analysis/leaks.h"
#include "fake_model.h"

static struct fake f;
static struct reach r;
static struct findings fs;

static int setup(void **state)
{
	(void)state;
	fake_init(&f);
	memset(&r, 0, sizeof(r));
	memset(&fs, 0, sizeof(fs));
	r.m = &f.m;
	r.complete = true;
	VEC_PUSH(&f.rt.frames, (struct frame){.func = "app/stream.(*Hub).Serve",
					      .file = "/src/app/stream/hub.go",
					      .line = 61});
	VEC_PUSH(&f.rt.frames,
		 (struct frame){.func = "main.main", .file = "/src/main.go", .line = 9});
	VEC_PUSH(&f.rt.wait_reasons, (char *)"chan send");
	VEC_PUSH(&f.rt.wait_reasons, (char *)"select (no cases)");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	findings_free(&fs);
	free(r.task_stage);
	free(r.ctx_stage);
	free(r.cancelable);
	VEC_FREE(&r.cancelers.list);
	fake_free(&f);
	return 0;
}

/* After all contexts and goroutines are made: everything lives, nobody holds a CancelFunc but what
 * grants() gives. */
static void link_all(void)
{
	fake_link(&f);
	r.task_stage = mem_zalloc(f.m.tasks.list.n + 1);
	r.ctx_stage = mem_zalloc(f.m.ctxs.n + 1);
	r.cancelable = mem_alloc(f.m.ctxs.n + 1);
	memset(r.cancelable, CANCELABLE_NOBODY, f.m.ctxs.n + 1);
}

/* A CancelFunc of context i, reached in a stage; to be given in the order of contexts. */
static void grant(uint32_t i, uint8_t stage)
{
	VEC_PUSH(&r.cancelers.list, (struct canceler){.closure = 0xca00000000 + (taddr)i * 16,
						      .context = i,
						      .task = UINT32_MAX,
						      .kind = CANCELER_FUNC,
						      .stage = stage});
	if (stage == REACH_LIVE)
		r.cancelable[i] = CANCELABLE_FUNC;
}

static void find(void)
{
	findings_free(&fs);
	struct err *e = leaks_find(&f.m, &r, &fs);

	if (e)
		fail_msg("%s", e->msg);
}

static struct finding *of_rule(enum finding_rule rule)
{
	for (size_t k = 0; k < fs.list.n; k++)
		if (fs.list.v[k].rule == rule)
			return &fs.list.v[k];
	return NULL;
}

static unsigned above_info(void)
{
	unsigned n = 0;

	for (size_t k = 0; k < fs.list.n; k++)
		n += fs.list.v[k].confidence > CONF_INFO;
	return n;
}

/* n children of a context, a goroutine waiting on each; returns the first one. */
static uint32_t children(uint32_t parent, unsigned n, uint64_t goid)
{
	uint32_t first = (uint32_t)f.m.ctxs.n;

	for (unsigned k = 0; k < n; k++) {
		uint32_t i = fake_ctx(&f, CTX_CANCEL, parent), t = fake_task(&f, goid + k, i, 0);
		f.m.tasks.list.v[t].created = 2;
	}
	return first;
}

static void test_lost_cancel_is_certain_and_told_once(void **state)
{
	uint32_t hub = fake_ctx(&f, CTX_CANCEL, 0), first = children(hub, 100, 10);

	(void)state;
	link_all();
	grant(hub, REACH_LIVE);
	find();
	struct finding *x = of_rule(RULE_LOST_CANCEL);
	assert_non_null(x);
	assert_int_equal(x->confidence, CONF_CERTAIN);
	assert_int_equal(x->count, 100);
	assert_int_equal(x->tasks, 100);
	assert_int_equal(x->context, first);
	assert_int_equal(x->contexts.n, 100);
	assert_int_equal(x->goroutines.n, 100);
	assert_true(x->also >> RULE_ACCUMULATION & 1);
	assert_int_equal(above_info(), 1);
}

static void test_an_incomplete_marking_proves_nothing(void **state)
{
	uint32_t hub = fake_ctx(&f, CTX_CANCEL, 0), t;

	(void)state;
	children(hub, 10, 10);
	t = fake_task(&f, 99, hub, 1);
	link_all();
	grant(hub, REACH_LIVE);
	r.task_stage[t] = REACH_STUCK;
	r.complete = false;
	r.gap = GAP_HEAP;
	find();
	assert_int_equal(of_rule(RULE_LOST_CANCEL)->confidence, CONF_LIKELY);
	assert_int_equal(of_rule(RULE_STUCK_TASK)->confidence, CONF_LIKELY);
	assert_true(fs.healthy_unknown);
	bool said = false;
	for (size_t k = 0; k < of_rule(RULE_LOST_CANCEL)->evidence.n; k++)
		said |= of_rule(RULE_LOST_CANCEL)->evidence.v[k].kind == EV_DOUBT &&
			of_rule(RULE_LOST_CANCEL)->evidence.v[k].gap == GAP_HEAP;
	assert_true(said);
}

static void test_a_profile_guided_build_may_hide_cancelfuncs(void **state)
{
	uint32_t hub = fake_ctx(&f, CTX_CANCEL, 0), t;

	(void)state;
	children(hub, 10, 10);
	t = fake_task(&f, 99, hub, 1);
	link_all();
	r.cancelers.pgo = true;
	r.task_stage[t] = REACH_STUCK;
	find();
	assert_int_equal(of_rule(RULE_LOST_CANCEL)->confidence, CONF_LIKELY);
	assert_int_equal(of_rule(RULE_STUCK_TASK)->confidence,
			 CONF_CERTAIN); // needs no CancelFunc to be missing
}

static void test_what_somebody_can_cancel_is_not_lost(void **state)
{
	uint32_t hub = fake_ctx(&f, CTX_CANCEL, 0), first = children(hub, 4, 10),
		 timer = fake_ctx(&f, CTX_TIMER, hub), below = children(timer, 4, 20);
	uint32_t custom = fake_ctx(&f, CTX_CUSTOM, hub), foreign = children(custom, 4, 30);

	(void)state;
	(void)foreign;
	f.m.types.v[CTX_CUSTOM].done.how = METHOD_FIELD;
	link_all();
	grant(hub, REACH_LIVE);
	for (unsigned k = 0; k < 3; k++)
		grant(first + k, REACH_LIVE);
	grant(first + 3, REACH_STUCK); // held, though only by a goroutine that is stuck
	r.cancelable[timer] = CANCELABLE_TIMER;
	for (unsigned k = 0; k < 4; k++)
		r.cancelable[below + k] = CANCELABLE_ABOVE;
	find();
	assert_null(of_rule(RULE_LOST_CANCEL));
}

static void test_garbage_and_ended_contexts_are_not_lost(void **state)
{
	uint32_t hub = fake_ctx(&f, CTX_CANCEL, 0), first = children(hub, 8, 10);

	(void)state;
	link_all();
	grant(hub, REACH_LIVE);
	for (unsigned k = 0; k < 4; k++)
		r.ctx_stage[first + k] = REACH_NONE;
	for (unsigned k = 4; k < 8; k++)
		f.m.ctxs.v[first + k].state = CTX_CANCELED;
	find();
	assert_null(of_rule(RULE_LOST_CANCEL));
}

static void test_one_or_two_lost_contexts_are_only_info(void **state)
{
	uint32_t root = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	fake_task(&f, 7, root, 0);
	link_all();
	find();
	assert_int_equal(of_rule(RULE_LOST_CANCEL)->confidence, CONF_INFO);
	assert_int_equal(above_info(), 0);
}

static void test_a_lost_root_does_not_hide_what_piles_up_below(void **state)
{
	uint32_t root = fake_ctx(&f, CTX_CANCEL, 0), first = children(root, 60, 10);

	(void)state;
	for (unsigned k = 0; k < 60; k++)
		fake_ctx(&f, CTX_CANCEL, first + k); // made on a lost one: ends with it
	link_all();
	find();
	assert_int_equal(above_info(), 1);
	struct finding *x = &fs.list.v[0];
	assert_int_equal(x->rule, RULE_LOST_CANCEL);
	assert_int_equal(x->confidence, CONF_CERTAIN);
	assert_int_equal(x->count, 60);
}

static void test_stuck_tasks_are_always_told_and_say_their_cause(void **state)
{
	uint32_t first = children(0, 5, 10);

	(void)state;
	(void)first;
	link_all();
	memset(r.task_stage, REACH_STUCK, 5);
	memset(r.ctx_stage + 2, REACH_STUCK, 5);
	find();
	struct finding *stuck = of_rule(RULE_STUCK_TASK), *lost = of_rule(RULE_LOST_CANCEL);
	assert_non_null(stuck);
	assert_non_null(lost);
	assert_int_equal(stuck->confidence, CONF_CERTAIN);
	assert_int_equal(stuck->goroutines.n, 5);
	assert_true(lost->also >> RULE_STUCK_TASK & 1);
	bool linked = false;
	for (size_t k = 0; k < stuck->evidence.n; k++)
		linked |= stuck->evidence.v[k].kind == EV_CAUSE &&
			  stuck->evidence.v[k].finding.rule == RULE_LOST_CANCEL;
	assert_true(linked);
}

static void test_main_in_an_empty_select_is_deliberate(void **state)
{
	uint32_t c = fake_ctx(&f, CTX_CANCEL, 0), t = fake_task(&f, 1, c, 3),
		 u = fake_task(&f, 2, c, 3);

	(void)state;
	f.m.tasks.list.v[t].nwaits = f.m.tasks.list.v[u].nwaits = 0;
	f.m.tasks.list.v[t].reason = f.m.tasks.list.v[u].reason = 3;
	link_all();
	grant(c, REACH_LIVE);
	r.task_stage[t] = r.task_stage[u] = REACH_STUCK;
	find();
	struct finding *x = of_rule(RULE_STUCK_TASK);
	assert_non_null(x);
	assert_int_equal(x->count, 1);
	assert_int_equal(f.m.tasks.list.v[x->goroutines.v[0]].goid, 2);
}

static void test_stuck_goroutines_of_one_cause_are_one_finding(void **state)
{
	uint32_t c = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 10; k++) {
		uint32_t t = fake_task(&f, 10 + k, c, 0);
		f.m.tasks.list.v[t].created = 2; // started by Serve
		f.m.tasks.waits.v[f.m.tasks.list.v[t].wait_first].context = CTX_NONE;
	}
	uint32_t serve = fake_task(&f, 5, c, 2); // Serve itself waits for them
	f.m.tasks.waits.v[f.m.tasks.list.v[serve].wait_first].context = CTX_NONE;
	link_all();
	grant(c, REACH_LIVE);
	memset(r.task_stage, REACH_STUCK, 11);
	find();
	struct finding *x = of_rule(RULE_STUCK_TASK);
	assert_int_equal(x->count, 11);
	assert_int_equal(above_info(), 1);
}

static void test_uncancellable_waits(void **state)
{
	uint32_t c = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 5; k++)
		fake_task(&f, 10 + k, c, 0);
	link_all();
	grant(c, REACH_CHANNEL); // held by those that wait for it alone
	r.cancelable[c] = CANCELABLE_BY_WAITER;
	memset(r.task_stage, REACH_CHANNEL, 5);
	find();
	assert_int_equal(of_rule(RULE_UNCANCELLABLE_WAIT)->confidence, CONF_CERTAIN);
	assert_null(of_rule(RULE_LOST_CANCEL));
	memset(r.task_stage, REACH_LIVE, 3);
	find();
	assert_int_equal(of_rule(RULE_UNCANCELLABLE_WAIT)->confidence, CONF_INFO);
}

static void test_requests_in_flight_are_no_accumulation(void **state)
{
	uint32_t server = fake_ctx(&f, CTX_CANCEL, 0), first = children(server, 1000, 10);

	(void)state;
	link_all();
	grant(server, REACH_LIVE);
	for (unsigned k = 0; k < 1000; k++)
		grant(first + k, REACH_LIVE);
	find();
	assert_int_equal(above_info(), 0);
	assert_int_equal(of_rule(RULE_ACCUMULATION)->confidence, CONF_INFO);
}

static void test_children_that_nobody_uses_pile_up(void **state)
{
	uint32_t server = fake_ctx(&f, CTX_CANCEL, 0), first = (uint32_t)f.m.ctxs.n;

	(void)state;
	for (unsigned k = 0; k < 100; k++)
		fake_ctx(&f, CTX_CANCEL, server);
	link_all();
	grant(server, REACH_LIVE);
	for (unsigned k = 0; k < 100; k++)
		grant(first + k, REACH_LIVE);
	find();
	assert_int_equal(of_rule(RULE_ACCUMULATION)->confidence, CONF_POSSIBLE);
	assert_int_equal(of_rule(RULE_ACCUMULATION)->context, server);
	assert_int_equal(of_rule(RULE_ACCUMULATION)->count, 100);
}

static void test_value_chains(void **state)
{
	uint32_t at = fake_ctx(&f, CTX_CANCEL, 0), side = at;

	(void)state;
	for (unsigned k = 0; k < 150; k++)
		at = fake_ctx(&f, CTX_VALUE, at);
	for (unsigned k = 0; k < 7; k++)
		side = fake_ctx(&f, CTX_VALUE, side);
	link_all();
	grant(2, REACH_LIVE);
	find();
	struct finding *x = of_rule(RULE_VALUE_CHAIN);
	assert_int_equal(x->confidence, CONF_LIKELY);
	assert_int_equal(x->count, 150);
	assert_int_equal(x->context, at);
}

static void kept(uint8_t state, enum finding_rule rule)
{
	uint32_t server = fake_ctx(&f, CTX_CANCEL, 0), first = (uint32_t)f.m.ctxs.n;

	for (unsigned k = 0; k < 60; k++) {
		fake_ctx(&f, CTX_CANCEL, server);
		f.m.ctxs.v[first + k].state = state;
	}
	link_all();
	grant(server, REACH_LIVE);
	find();
	assert_non_null(of_rule(rule));
	assert_int_equal(of_rule(rule)->confidence, CONF_LIKELY);
	memset(r.ctx_stage + first, REACH_NONE, 55); // most of them await their collection
	find();
	assert_int_equal(above_info(), 0);
	memset(r.ctx_stage + first, REACH_STUCK, 60);
	find();
	assert_null(of_rule(rule));
}

static void test_cancelled_contexts_that_are_kept(void **state)
{
	(void)state;
	kept(CTX_CANCELED, RULE_RETAINED_CONTEXT);
}

static void test_expired_contexts_that_are_kept(void **state)
{
	(void)state;
	kept(CTX_EXPIRED, RULE_EXPIRED_RETAINED);
}

static void test_signatures_hold_across_runs(void **state)
{
	char first[17], second[17];

	(void)state;
	for (unsigned run = 0; run < 2; run++) {
		uint32_t hub = fake_ctx(&f, CTX_CANCEL, 0);
		for (uint32_t i = 2; run && i < f.m.ctxs.n; i++)
			f.m.ctxs.v[i].addr += 0x7000000; // the heap is placed at random
		children(hub, 10 + run * 50, 10 + run * 1000);
		link_all();
		grant(hub, REACH_LIVE);
		find();
		memcpy(run ? second : first, of_rule(RULE_LOST_CANCEL)->signature, sizeof(first));
		teardown(NULL);
		setup(NULL);
	}
	assert_string_equal(first, second);
}

static void test_next_commands_name_what_is_there(void **state)
{
	uint32_t hub = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	children(hub, 10, 884);
	link_all();
	grant(hub, REACH_LIVE);
	find();
	const struct finding *x = of_rule(RULE_LOST_CANCEL);
	assert_true(x->next.n >= 2);
	for (size_t k = 0; k < x->next.n; k++) {
		if (x->next.v[k].command == NEXT_BT)
			assert_int_equal(x->next.v[k].about, 884);
		else
			assert_true(model_at(&f.m, x->next.v[k].about) != CTX_NONE);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lost_cancel_is_certain_and_told_once),
		T(test_an_incomplete_marking_proves_nothing),
		T(test_a_profile_guided_build_may_hide_cancelfuncs),
		T(test_what_somebody_can_cancel_is_not_lost),
		T(test_garbage_and_ended_contexts_are_not_lost),
		T(test_one_or_two_lost_contexts_are_only_info),
		T(test_a_lost_root_does_not_hide_what_piles_up_below),
		T(test_stuck_tasks_are_always_told_and_say_their_cause),
		T(test_main_in_an_empty_select_is_deliberate),
		T(test_stuck_goroutines_of_one_cause_are_one_finding),
		T(test_uncancellable_waits),
		T(test_requests_in_flight_are_no_accumulation),
		T(test_children_that_nobody_uses_pile_up),
		T(test_value_chains),
		T(test_cancelled_contexts_that_are_kept),
		T(test_expired_contexts_that_are_kept),
		T(test_signatures_hold_across_runs),
		T(test_next_commands_name_what_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
