/* Sums of a trace: who descends from whom, what was made where and is still active. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/journal.h"

static struct event event(enum event_kind kind, taddr context, taddr parent, const char *how,
			  uint64_t line)
{
	return (struct event){.kind = kind,
			      .context = context,
			      .parent = parent,
			      .has_parent = true,
			      .how = how,
			      .func = "main.serve",
			      .file = "/src/main.go",
			      .line = line};
}

static bool take(struct journal *j, enum event_kind kind, taddr context, taddr parent,
		 const char *how, uint64_t line)
{
	struct event e = event(kind, context, parent, how, line);

	return journal_take(j, &e);
}

static void sites(void **state)
{
	struct journal j = {0};
	struct site_actives active;

	(void)state;
	assert_true(take(&j, EVENT_CREATE, 0x30, 0, "WithCancel", 7));
	assert_true(take(&j, EVENT_CREATE, 0x20, 0, "WithCancel", 7));
	assert_true(take(&j, EVENT_CREATE, 0x10, 0, "WithCancel", 9));
	assert_true(take(&j, EVENT_CREATE, 0x40, 0, "WithTimeout", 7));
	assert_true(take(&j, EVENT_CREATE, 0x50, 0, "WithValue", 7)); // nobody has to cancel it
	assert_true(take(&j, EVENT_CANCEL, 0x20, 0, "cancel", 1));
	assert_true(take(&j, EVENT_CANCEL, 0x60, 0, "cancel", 1)); // made before the trace
	assert_int_equal(j.sites.n, 3);
	assert_int_equal(j.sites.v[0].created, 2);
	assert_int_equal(j.sites.v[0].canceled, 1);
	assert_int_equal(j.count[EVENT_CREATE], 5);
	assert_int_equal(j.count[EVENT_CANCEL], 2);
	assert_true(take(&j, EVENT_CREATE, 0x30, 0, "WithCancel", 9)); // the first was collected
	assert_true(take(&j, EVENT_CREATE, 0x10, 0, "WithValue", 7));  // so was this
	journal_active(&j, &active);
	assert_int_equal(active.list.n, 2);
	assert_int_equal(active.list.v[0].addr, 0x30);
	assert_int_equal(active.list.v[0].site, 1);
	assert_int_equal(active.list.v[1].addr, 0x40);
	VEC_FREE(&active.list);
	assert_int_equal(j.sites.v[0].created, 2); // both ended, one way or the other
	journal_free(&j);
}

static void subtree(void **state)
{
	struct journal j = {.root = 0x100};

	(void)state;
	assert_false(take(&j, EVENT_CREATE, 0x200, 0, "WithCancel", 1));
	assert_true(take(&j, EVENT_CREATE, 0x300, 0x100, "WithCancel", 2));
	assert_true(take(&j, EVENT_ATTACH, 0x400, 0x300, "children-map", 3));
	assert_true(take(&j, EVENT_ATTACH, 0x400, 0x200, "children-map",
			 3)); // the first attachment counts
	assert_true(take(&j, EVENT_CANCEL, 0x100, 0x200, "cancel", 4)); // the root itself
	assert_false(take(&j, EVENT_CREATE, 0x400, 0x200, "WithCancel",
			  5)); // another one, at the same address
	assert_int_equal(j.count[EVENT_CREATE], 1);
	journal_free(&j);
}

/* Parents read from damaged memory may lead in a circle. */
static void loop(void **state)
{
	struct journal j = {.root = 0x100};

	(void)state;
	assert_false(take(&j, EVENT_CREATE, 0x200, 0x300, "WithCancel", 1));
	assert_false(take(&j, EVENT_CREATE, 0x300, 0x200, "WithCancel", 1));
	assert_false(take(&j, EVENT_CREATE, 0x500, 0x500, "WithCancel", 1));
	assert_true(take(&j, EVENT_CREATE, 0x200, 0x100, "WithCancel", 1));
	assert_true(take(&j, EVENT_CANCEL, 0x300, 0, "cancel", 1));
	journal_free(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites),
		cmocka_unit_test(subtree),
		cmocka_unit_test(loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
