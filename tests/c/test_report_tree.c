/*
 * tree, list, show and children over models made by hand: what is folded, what is cut and told, and
 * the lines of JSON.
 *
 *   make build/libgoctx.a && gcc -std=c11 -D_GNU_SOURCE -Idwarf-helper/src
 * tests/c/test_report_tree.c build/libgoctx.a -lcmocka -ldwarf -lelf -lz -pthread
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "fake_model.h"
#include "report/arg.h"
#include "report/names.h"
#include "report/order.h"

static struct fake f;

static int setup(void **state)
{
	(void)state;
	fake_init(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_free(&f);
	return 0;
}

/* The answer of a command, valid until the next one. */
static const char *answer(struct err *(*command)(struct report *))
{
	f.r.out.n = 0;
	struct err *e = command(&f.r);
	if (e)
		fail_msg("%s", e->msg);
	return buf_cstr(&f.r.out);
}

static uint32_t request(uint32_t parent, uint64_t goid)
{
	uint32_t value = fake_ctx(&f, CTX_VALUE, parent), cancel = fake_ctx(&f, CTX_CANCEL, value);

	fake_task(&f, goid, cancel, 0);
	fake_task(&f, goid + 1, cancel, 1);
	return value;
}

static void test_tree_folds_equal_siblings(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 1000; k++)
		request(top, 10 + 2 * k);
	fake_ctx(&f, CTX_TIMER, top);
	fake_link(&f);
	assert_string_equal(
		answer(report_tree),
		"Background\n"
		"└─ WithCancel 0xc000100200   active   1 001 children\n"
		"   ├─ WithValue 0xc000100300   app/mw.requestID = \"7f3a-11\"\n"
		"   │  └─ WithCancel 0xc000100400   active   2 tasks\n"
		"   │     ├─ task 10   select        28h  app/stream.(*Conn).pump   conn.go:88\n"
		"   │     └─ task 11   chan receive  28h  app/stream.(*Conn).watch  conn.go:112\n"
		"   ├─ × 999 more like 0xc000100300   1 998 contexts   1 998 tasks   (--no-fold "
		"shows them)\n"
		"   └─ WithTimeout 0xc00017d300   active   deadline in 9h 58m\n"
		"2 003 contexts, 2 000 tasks on them; 1 line stands for 1 998 contexts\n");
}

static void test_tree_shows_few_in_full(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 1);

	(void)state;
	for (unsigned k = 0; k < 3; k++)
		fake_ctx(&f, CTX_CANCEL, top);
	fake_link(&f);
	const char *text = answer(report_tree);
	assert_null(strstr(text, "more"));
	assert_non_null(strstr(text, "TODO\n└─ WithCancel 0xc000100200   active\n   ├─ "));
	assert_non_null(strstr(text, "\n5 contexts, 0 tasks on them\n"));
}

static void test_tree_no_fold(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);
	unsigned lines = 0;

	(void)state;
	for (unsigned k = 0; k < 500; k++)
		fake_ctx(&f, CTX_CANCEL, top);
	fake_link(&f);
	f.opt.no_fold = true;
	for (const char *p = answer(report_tree); (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 1 + 1 + 500 + 1);
}

/* What hangs under an unequal number of things is another shape; too many shapes are cut, the heavy
 * ones stay. */
static void test_tree_cuts_shapes(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0), heavy = 0;

	(void)state;
	for (unsigned k = 0; k < 50; k++) {
		heavy = fake_ctx(&f, CTX_CANCEL, top);
		for (unsigned t = 0; t < k; t++)
			fake_task(&f, 1000 * k + t, heavy, 0);
	}
	fake_link(&f);
	const char *text = answer(report_tree);
	char want[64];
	snprintf(want, sizeof(want), "WithCancel 0x%llx   active   49 tasks",
		 (unsigned long long)f.m.ctxs.v[heavy].addr);
	assert_non_null(strstr(text, want));
	assert_non_null(strstr(
		text, "└─ … 30 more in 30 other shapes   435 tasks   (--limit 0 for all)\n"));
	f.opt.limit = 0;
	assert_null(strstr(answer(report_tree), "other shapes"));
}

static void test_tree_folds_chains(void **state)
{
	uint32_t at = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 8000; k++)
		at = fake_ctx(&f, CTX_VALUE, at);
	fake_task(&f, 7, fake_ctx(&f, CTX_CANCEL, at), 0);
	fake_link(&f);
	const char *text = answer(report_tree);
	assert_non_null(strstr(text, "└─ × 7 995 more WithValue nested, down to 0xc0002f4100   "
				     "(--no-fold shows them)\n"));
	assert_non_null(strstr(text, "└─ WithValue 0xc0002f4200   app/mw.requestID"));
	assert_non_null(strstr(text, "└─ task 7   select  28h"));
	assert_non_null(strstr(text, "1 line stands for 7 995 contexts\n"));
	f.opt.no_fold = true; // indentation must not make this 8000 x 8000
	answer(report_tree);
	assert_true(f.r.out.n < 8000 * 300);
	assert_non_null(strstr(buf_cstr(&f.r.out), "(depth 8002)"));
}

static void test_tree_depth(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	request(top, 10);
	fake_link(&f);
	f.opt.depth = 1;
	assert_string_equal(answer(report_tree),
			    "Background\n"
			    "└─ WithCancel 0xc000100200   active\n"
			    "   └─ … 2 descendants   2 tasks\n"
			    "4 contexts, 2 tasks on them; 1 line stands for 2 contexts\n");
	f.opt.depth = 0;
	assert_non_null(strstr(answer(report_tree), "Background\n└─ … 3 descendants   2 tasks\n"));
}

static void test_tree_folds_tasks(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 100; k++)
		fake_task(&f, k, top, k % 10 == 0);
	fake_link(&f);
	const char *text = answer(report_tree);
	assert_non_null(strstr(text, "├─ task 0   chan receive  28h  app/stream.(*Conn).watch  "
				     "conn.go:112\n   ├─ × 9 more like task 0"));
	assert_non_null(strstr(text, "├─ task 1   select        28h  app/stream.(*Conn).pump   "
				     "conn.go:88\n   └─ × 89 more like task 1\n"));
	f.opt.no_tasks = true;
	assert_null(strstr(answer(report_tree), "task 1"));
}

static void test_tree_marks(void **state)
{
	uint32_t loop = fake_ctx(&f, CTX_CANCEL, CTX_NONE), gone = fake_ctx(&f, CTX_CANCEL, 0),
		 held = fake_ctx(&f, CTX_CUSTOM, gone);

	(void)state;
	f.m.ctxs.v[loop].flags = CTX_CYCLE;
	f.m.ctxs.v[gone].state = CTX_CANCELED;
	f.m.ctxs.v[held].flags = CTX_DAMAGED;
	f.cause = "shutting\x1b[31m down";
	fake_link(&f);
	notes_add(&f.notes, NOTE_DAMAGE, "something is broken");
	assert_string_equal(answer(report_tree),
			    "Background\n"
			    "└─ WithCancel 0xc000100300   canceled \"context canceled\", cause "
			    "\"shutting\\x1b[31m down\"\n"
			    "   └─ gin.Context 0xc000100400   custom, holds WithCancel "
			    "0xc000100300   active   damaged\n"
			    "WithCancel 0xc000100200   active   cycle: parents form a loop\n"
			    "4 contexts, 0 tasks on them\n"
			    "damage: something is broken\n");
}

static void test_no_contexts(void **state)
{
	(void)state;
	fake_link(&f);
	assert_non_null(strstr(answer(report_tree), "no contexts"));
	assert_string_equal(
		answer(report_list),
		"no contexts: the program made none, or package context is not linked in\n");
	notes_add(&f.notes, NOTE_DAMAGE, "the heap is missing");
	assert_string_equal(
		answer(report_list),
		"no contexts found, but part of the target could not be read: there may be some\n"
		"damage: the heap is missing\n");
}

static unsigned count_lines(const char *text, const char *with)
{
	unsigned n = 0;

	for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
		const char *hit = strstr(p, with), *end = strchr(p, '\n');
		n += hit && hit < end;
	}
	return n;
}

static void test_json_tree(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 10; k++)
		request(top, 10 + 2 * k);
	fake_link(&f);
	f.opt.json = true;
	const char *text = answer(report_tree);
	assert_int_equal(count_lines(text, "{\"type\":\"context\""), 22);
	assert_int_equal(count_lines(text, "{\"type\":\"edge\""), 21);
	assert_int_equal(count_lines(text, "{\"type\":\"task\""), 20);
	assert_non_null(strstr(
		text,
		"{\"type\":\"header\",\"schema\":1,\"version\":\"0\",\"command\":\"test\",\"go\":"
		"\"go1.27\","
		"\"arch\":\"amd64\","
		"\"exe\":\"/srv/"
		"app\",\"target\":\"core\",\"build_id_match\":true,\"layout_source\":\"dwarf\","
		"\"goroutines\":20,\"contexts\":22,\"damage\":0,\"core\":\"core\",\"pid\":null,"
		"\"host\":null,\"time\":null,"
		"\"build_id\":null,\"module\":null,\"module_version\":null,\"vcs_revision\":null,"
		"\"stopped_ns\":null}\n"));
	assert_non_null(strstr(
		text,
		"{\"type\":\"context\",\"addr\":\"0xc000100300\",\"kind\":\"value\",\"go_type\":\"*"
		"context.valueCtx\","
		"\"name\":\"context.Background.WithCancel.WithValue(app/"
		"mw.requestID)\",\"parent\":\"0xc000100200\","
		"\"depth\":2,\"state\":\"active\",\"err\":null,\"cause\":null,\"deadline\":null,"
		"\"deadline_left_ns\":null,\"children\":1,\"done\":null,\"tasks\":0,\"key\":\"app/"
		"mw.requestID\","
		"\"value\":\"\\\"7f3a-11\\\"\"}\n"));
	assert_non_null(strstr(text, "{\"type\":\"edge\",\"parent\":\"background\",\"child\":"
				     "\"0xc000100200\",\"via\":\"children\"}\n"));
	assert_non_null(strstr(
		text,
		"{\"type\":\"task\",\"goid\":10,\"status\":\"waiting\",\"wait_reason\":\"select\","
		"\"wait_ns\":99998999999990,\"system\":false,\"func\":\"app/stream.(*Conn).pump\","
		"\"file\":\"/src/app/stream/"
		"conn.go\",\"line\":88,\"created_by\":null,\"created_file\":null,"
		"\"created_line\":null,\"parent_goid\":null,\"waits\":[{\"chan\":\"0xc800000180\","
		"\"op\":\"recv\","
		"\"context\":\"0xc000100400\"}],\"labels\":{},\"bubble\":null}\n"));
	f.opt.depth = 1;
	assert_int_equal(count_lines(answer(report_tree), "{\"type\":\"context\""), 2);
	f.opt.depth = -1;
	f.opt.arg = "0xc000100300";
	assert_int_equal(count_lines(answer(report_tree), "{\"type\":\"context\""), 2);
	f.opt.limit = 1;
	assert_non_null(strstr(answer(report_tree),
			       "{\"type\":\"note\",\"level\":\"limit\",\"text\":\"1 "
			       "contexts left out (--limit 0 for all)\"}\n"));
}

static void test_json_states(void **state)
{
	uint32_t late = fake_ctx(&f, CTX_TIMER, 0), odd = fake_ctx(&f, CTX_CUSTOM, CTX_NONE);

	(void)state;
	f.m.ctxs.v[late].state = CTX_EXPIRED;
	f.m.ctxs.v[odd].state = CTX_UNKNOWN;
	f.err = "context \"deadline\" exceeded";
	f.left_ns = -5;
	fake_link(&f);
	f.opt.json = true;
	const char *text = answer(report_list);
	assert_non_null(strstr(
		text, "\"state\":\"expired\",\"err\":\"context \\\"deadline\\\" "
		      "exceeded\",\"cause\":null,"
		      "\"deadline\":\"2026-11-20T18:12:09.000000002Z\",\"deadline_left_ns\":-5,"));
	assert_non_null(strstr(
		text, "\"kind\":\"custom\",\"go_type\":\"*gin.Context\",\"name\":\"?.gin.Context\","
		      "\"parent\":null,\"depth\":0,"
		      "\"state\":\"unknown\","));
	/* The clock of a core may stand at the deadline: what has expired is past all the same. */
	f.opt.json = false;
	f.left_ns = 0;
	assert_non_null(strstr(answer(report_list), "deadline passed 0s ago"));
}

static void test_list_filters_and_sorts(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 5; k++)
		fake_ctx(&f, CTX_TIMER, top);
	fake_task(&f, 1, 5, 0);
	fake_link(&f);
	f.opt.kinds = 1u << CTX_TIMER;
	f.opt.sort = SORT_WAITERS;
	f.opt.limit = 2;
	assert_string_equal(
		answer(report_list),
		"context       kind   state   children  tasks  depth  value, deadline or name\n"
		"0xc000100500  timer  active         0      1      2  deadline in 9h 58m\n"
		"0xc000100300  timer  active         0      0      2  deadline in 9h 58m\n"
		"…  3 more (--limit 0 for all)\n"
		"5 of 7 contexts\n");
	f.opt.kinds = 1u << CTX_CANCEL;
	assert_non_null(
		strstr(answer(report_list), "     5      0      1  Background.WithCancel\n"));
	f.opt.kinds = 0;
	f.opt.min_children = 5;
	assert_int_equal(count_lines(answer(report_list), "0xc0"), 1);
}

static void test_order(void **state)
{
	struct order o = {0};

	(void)state;
	srand(1);
	for (uint32_t k = 0; k < 100000; k++)
		VEC_PUSH(&o.v, (struct order_item){(uint64_t)(rand() % 1000) << (k % 3 * 20), k});
	order_sort(&o);
	for (size_t k = 1; k < o.v.n; k++) {
		assert_true(o.v.v[k - 1].key <= o.v.v[k].key);
		if (o.v.v[k - 1].key == o.v.v[k].key)
			assert_true(o.v.v[k - 1].index < o.v.v[k].index);
	}
	order_free(&o);
}

/* Names made fast are the names made the plain way, for every shape of tree. */
static void test_names(void **state)
{
	struct buf plain = {0}, fast = {0};
	struct names names;

	(void)state;
	srand(2);
	fake_ctx(&f, CTX_CANCEL, CTX_NONE);
	for (unsigned k = 0; k < 3000; k++) { // mostly chains, so that some are deep
		uint32_t n = (uint32_t)f.m.ctxs.n,
			 parent = rand() % 20 ? n - 1 : (uint32_t)rand() % n;
		fake_ctx(&f, rand() % 2 ? CTX_VALUE : CTX_CANCEL, parent == 1 ? 0 : parent);
	}
	fake_link(&f);
	names_open(&names, &f.m, false);
	for (unsigned k = 0; k < 6000; k++) {
		uint32_t i = k < 3000 ? k : (uint32_t)rand() % (uint32_t)f.m.ctxs.n;
		plain.n = fast.n = 0;
		ctx_name(&f.m, i, &plain);
		names_put(&names, i, NULL, &fast);
		assert_string_equal(buf_cstr(&plain), buf_cstr(&fast));
	}
	names_close(&names);
	buf_free(&plain);
	buf_free(&fast);
}

static void test_show(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	request(top, 884);
	fake_link(&f);
	f.opt.arg = "0xc000100400";
	assert_string_equal(
		answer(report_show),
		"context.(*cancelCtx) 0xc000100400\n"
		"name       context.Background.WithCancel.WithValue(app/mw.requestID).WithCancel\n"
		"state      active\n"
		"parents    0xc000100300 WithValue app/mw.requestID = \"7f3a-11\"  →  0xc000100200 "
		"WithCancel\n"
		"           →  Background\n"
		"children   none\n"
		"done       0xc800000180  open, 2 receivers\n"
		"tasks      884  select        28h  app/stream.(*Conn).pump   conn.go:88\n"
		"           885  chan receive  28h  app/stream.(*Conn).watch  conn.go:112\n"
		"cancel     no CancelFunc of it was found; the heap could not be read\n"
		"           its ancestor WithCancel 0xc000100200 can cancel it\n"
		"checks     parent's map holds it · err nil and done open agree\n"
		"next       goctx bt 884 · goctx leaks\n");
}

static void test_children(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 200; k++)
		fake_ctx(&f, CTX_CANCEL, top);
	fake_link(&f);
	f.opt.arg = "0xC000100200";
	f.opt.limit = 1;
	assert_string_equal(answer(report_children),
			    "WithCancel 0xc000100200: context.(*cancelCtx).children  "
			    "map[context.canceler]struct {}  0xc000100280\n"
			    "  Swiss map, 2 tables, 200 entries (count agrees), no tombstones\n"
			    "context       kind    state   children  tasks  value or deadline\n"
			    "0xc000100300  cancel  active         0      0\n"
			    "…  199 more (--limit 0 for all)\n");
	f.opt.json = true;
	f.opt.limit = -1;
	assert_int_equal(count_lines(answer(report_children),
				     "{\"type\":\"edge\",\"parent\":\"0xc000100200\""),
			 200);
}

static void refused(const char *arg, const char *msg, const char *hint)
{
	uint32_t i;
	struct err *e = arg_context(&f.r, arg, &i);

	assert_non_null(e);
	assert_int_equal(e->kind, ERR_USAGE);
	assert_non_null(strstr(e->msg, msg));
	if (hint)
		assert_non_null(strstr(e->hint, hint));
	err_free(e);
}

static void test_arguments(void **state)
{
	uint32_t i = 99, top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	fake_link(&f);
	assert_null(arg_context(&f.r, "Background", &i));
	assert_int_equal(i, 0);
	assert_null(arg_context(&f.r, "0xC000100200", &i));
	assert_int_equal(i, top);
	refused("todo", "no context of this program is made on TODO", NULL);
	refused("0x", "not an address", "hexadecimal");
	refused("0x12zz", "not an address", "hexadecimal");
	refused("0x11112222333344445", "not an address", NULL);
	refused("-1", "not an address", NULL);
	refused("0x1234", "0x1234 is no context", "list and tree");
	refused("0xc8000000c0", "0xc8000000c0 is no context",
		"it is the done channel of WithCancel 0xc000100200");
}

static void test_cancel(void **state)
{
	uint32_t top = fake_ctx(&f, CTX_CANCEL, 0);

	(void)state;
	for (unsigned k = 0; k < 10000; k++)
		fake_ctx(&f, CTX_CANCEL, top);
	fake_link(&f);
	f.cancel = 1;
	f.opt.json = true;
	struct err *e = report_list(&f.r);
	assert_true(err_catch(&e, ERR_CANCELED));
	e = report_tree(&f.r);
	assert_true(err_catch(&e, ERR_CANCELED));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tree_folds_equal_siblings),
		TEST(test_tree_shows_few_in_full),
		TEST(test_tree_no_fold),
		TEST(test_tree_cuts_shapes),
		TEST(test_tree_folds_chains),
		TEST(test_tree_depth),
		TEST(test_tree_folds_tasks),
		TEST(test_tree_marks),
		TEST(test_no_contexts),
		TEST(test_json_tree),
		TEST(test_json_states),
		TEST(test_list_filters_and_sorts),
		TEST(test_order),
		TEST(test_names),
		TEST(test_show),
		TEST(test_children),
		TEST(test_arguments),
		TEST(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
