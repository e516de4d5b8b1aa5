/*
 * Findings: order, signatures, the page that fits a screen, what --limit, --min-confidence and
 * --fail-on do, and lines of JSON.
 *
 *   make build/libgoctx.a && gcc -std=c11 -D_GNU_SOURCE -Idwarf-helper/src tests/c/test_findings.c
 * build/libgoctx.a -lcmocka -ldwarf -lelf -lz -pthread
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "analysis/signature.h"
#include "base/text.h"
#include "fake_model.h"
#include "report/findings.h"

static struct fake f;
static struct findings fs;

static int setup(void **state)
{
	(void)state;
	fake_init(&f);
	f.opt.min_confidence = CONF_POSSIBLE;
	f.opt.fail_on = -1;
	memset(&fs, 0, sizeof(fs));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	findings_free(&fs);
	fake_free(&f);
	return 0;
}

static const char *written(void)
{
	f.r.out.n = 0;
	f.r.failed = false;
	findings_write(&f.r, &fs, "suspect");
	return buf_cstr(&f.r.out);
}

static size_t lines_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Its goroutines stand in function @p word, which lives as long as the test. */
static struct finding *add(enum finding_rule rule, enum confidence sure, uint64_t bytes,
			   const char *word)
{
	struct finding *x = finding_new(&fs, rule, sure, UNIT_CONTEXT);

	x->count = 7;
	x->bytes = bytes;
	x->context = 0;
	x->claim.lost.under = rule == RULE_LOST_CANCEL ? CTX_NONE : 0;
	finding_sign(x, word, NULL);
	VEC_PUSH(&x->locations, (struct location){.role = PLACE_WAITS,
						  .frame = (uint32_t)f.rt.frames.n,
						  .count = 1});
	VEC_PUSH(&f.rt.frames, (struct frame){.func = word, .file = "/src/hub.go", .line = 61});
	finding_evidence(x, EV_PLACES)->role = PLACE_WAITS;
	finding_next(x, NEXT_SHOW, 0x1234);
	return x;
}

static const char *func_of(const struct finding *x)
{
	return f.rt.frames.v[x->locations.v[0].frame].func;
}

static void test_worst_comes_first(void **state)
{
	(void)state;
	add(RULE_STUCK_TASK, CONF_LIKELY, 9000, "a");
	add(RULE_DETACHED, CONF_CERTAIN, 10, "b");
	add(RULE_LOST_CANCEL, CONF_CERTAIN, 20, "c");
	add(RULE_LOST_CANCEL, CONF_INFO, 1 << 30, "d");
	findings_sort(&fs);
	assert_string_equal(func_of(&fs.list.v[0]), "c");
	assert_string_equal(func_of(&fs.list.v[1]), "b");
	assert_string_equal(func_of(&fs.list.v[2]), "a");
	assert_string_equal(func_of(&fs.list.v[3]), "d");
}

static void test_signatures_are_of_names_alone(void **state)
{
	struct finding *x = add(RULE_LOST_CANCEL, CONF_CERTAIN, 10, "app.Serve");
	char first[17];

	(void)state;
	memcpy(first, x->signature, sizeof(first));
	x->count = 123456;
	x->bytes = 99;
	finding_sign(x, "app.Serve", NULL);
	assert_string_equal(x->signature, first);
	finding_sign(x, "app.Other", NULL);
	assert_string_not_equal(x->signature, first);
	x = add(RULE_STUCK_TASK, CONF_CERTAIN, 10, "app.Serve");
	assert_string_not_equal(x->signature, first);
	assert_int_equal(strlen(first), 16);
	assert_int_not_equal(sign_word(sign_word(SIGN_START, "ab"), "c"),
			     sign_word(sign_word(SIGN_START, "a"), "bc"));
}

static uint64_t chain_of(uint32_t tip)
{
	return sign_chain(SIGN_START, &f.m, tip);
}

static void test_long_chains_sign_like_longer_ones(void **state)
{
	uint32_t at = fake_ctx(&f, CTX_CANCEL, 0), deep, pair;

	(void)state;
	for (unsigned k = 0; k < 10; k++)
		at = fake_ctx(&f, CTX_VALUE, at);
	deep = at;
	for (unsigned k = 0; k < 200; k++)
		at = fake_ctx(&f, CTX_VALUE, at);
	assert_int_equal(chain_of(deep), chain_of(at));
	pair = fake_ctx(&f, CTX_CANCEL, 0);
	for (unsigned k = 0; k < 6; k++)
		pair = fake_ctx(&f, k % 2 ? CTX_CANCEL : CTX_VALUE, pair);
	deep = pair;
	for (unsigned k = 0; k < 100; k++)
		pair = fake_ctx(&f, k % 2 ? CTX_CANCEL : CTX_VALUE, pair);
	assert_int_equal(chain_of(deep), chain_of(pair));
	assert_int_not_equal(chain_of(deep), chain_of(at));
}

static void test_first_page_fits_a_screen(void **state)
{
	static char name[60][16];

	(void)state;
	for (unsigned k = 0; k < 60; k++) {
		snprintf(name[k], sizeof(name[k]), "leak%u", k);
		add(RULE_LOST_CANCEL, CONF_CERTAIN, 1000 - k, name[k]);
	}
	findings_sort(&fs);
	const char *text = written();
	assert_true(lines_of(text) <= 40);
	assert_non_null(strstr(text, "tasks      leak0 hub.go:61\n"));
	assert_null(strstr(text, "tasks      leak10 "));
	assert_non_null(strstr(
		text,
		"7 contexts, 990 B  leak10 hub.go:61 ")); // a line alone says what it is about
	assert_non_null(strstr(text, "(--limit 0 for all)"));
	assert_non_null(strstr(text, "60 suspects."));
	f.opt.limit = 2;
	text = written();
	assert_non_null(strstr(text, "tasks      leak1 "));
	assert_null(strstr(text, "tasks      leak2 "));
	assert_non_null(strstr(text, "58 more (--limit 0 for all)"));
	f.opt.limit = 0;
	text = written();
	assert_non_null(strstr(text, "tasks      leak59 "));
	assert_null(strstr(text, "more (--limit"));
}

static void test_lines_stay_within_the_width(void **state)
{
	struct finding *x = add(RULE_UNCANCELLABLE_WAIT, CONF_CERTAIN, 1u << 30, "x");

	(void)state;
	x->tasks = 103671;
	x->count = 51838;
	x->locations.n = 0;
	for (unsigned k = 0; k < 2; k++) {
		VEC_PUSH(&x->locations, (struct location){.role = PLACE_WAITS,
							  .frame = (uint32_t)f.rt.frames.n,
							  .count = 51836 - k});
		VEC_PUSH(&f.rt.frames,
			 (struct frame){.func = k ? "example.com/app/stream.(*Conn).watch"
						  : "example.com/app/stream.(*Conn).pump",
					.file = "/src/conn.go",
					.line = 88});
	}
	const char *text = written();
	for (const char *p = text; *p;) {
		const char *end = strchr(p, '\n');
		assert_true(text_width(p, (size_t)(end - p)) <= 100);
		p = end + 1;
	}
	assert_non_null(strstr(text, "51 838 contexts, 103 671 tasks, 1.0 GiB"));
	assert_non_null(strstr(text, "conn.go:88 × 51 836 ·\n"));
}

static void test_what_is_below_the_confidence_is_counted(void **state)
{
	(void)state;
	add(RULE_LOST_CANCEL, CONF_LIKELY, 10, "a");
	add(RULE_ACCUMULATION, CONF_POSSIBLE, 10, "b");
	add(RULE_SUBTREE_COST, CONF_INFO, 10, "c");
	VEC_PUSH(&fs.quiet, (struct quiet){.what = "net/http accept loop", .count = 3});
	findings_sort(&fs);
	const char *text = written();
	assert_non_null(strstr(text, "2 suspects. Known to be harmless: 3 net/http accept loops. "
				     "Info: 1 (--min-confidence info)"));
	f.opt.min_confidence = CONF_LIKELY;
	text = written();
	assert_null(strstr(text, "tasks      b "));
	assert_non_null(strstr(text, "1 suspect."));
	assert_non_null(strstr(text, "Less certain: 1"));
	f.opt.min_confidence = CONF_CERTAIN;
	assert_non_null(strstr(written(), "no suspects."));
}

static void test_fail_on(void **state)
{
	(void)state;
	add(RULE_ACCUMULATION, CONF_POSSIBLE, 10, "b");
	findings_sort(&fs);
	written();
	assert_false(f.r.failed);
	f.opt.fail_on = CONF_LIKELY;
	written();
	assert_false(f.r.failed);
	f.opt.fail_on = CONF_POSSIBLE;
	written();
	assert_true(f.r.failed);
	f.opt.min_confidence = CONF_CERTAIN; // what is not shown counts all the same
	written();
	assert_true(f.r.failed);
}

static void test_nothing_is_no_clean_bill_when_part_was_not_seen(void **state)
{
	(void)state;
	assert_non_null(strstr(written(), "no suspects."));
	fs.healthy_unknown = true;
	assert_non_null(strstr(written(), "not all of the target could be looked at"));
}

static void test_json(void **state)
{
	struct finding *x = add(RULE_LOST_CANCEL, CONF_CERTAIN, 0, "quote\\\"");
	unsigned commas = 0;

	(void)state;
	f.opt.json = true;
	x->also = 1u << RULE_ACCUMULATION | 1u << RULE_AFTERFUNC;
	x->context = fake_ctx(&f, CTX_CANCEL, 0);
	fake_task(&f, 77, x->context, 0);
	VEC_PUSH(&x->goroutines, 0);
	for (unsigned k = 0; k < 150; k++)
		VEC_PUSH(&x->contexts, k ? x->context : 0);
	const char *text = written(), *line = strstr(text, "{\"type\":\"finding\"");
	assert_non_null(line);
	assert_non_null(strstr(
		line, "\"rule\":\"lost-cancel\",\"confidence\":\"certain\",\"signature\":\""));
	assert_non_null(strstr(line, "\"bytes\":null"));
	assert_non_null(strstr(line, "\"also\":[\"accumulation\",\"afterfunc\"]"));
	assert_non_null(strstr(line, "\"goids\":[77]"));
	assert_non_null(strstr(line, "\"next\":[\"goctx show 0x1234\"]"));
	assert_non_null(strstr(line, "\"evidence\":[\"tasks: quote\\\\\\\" hub.go:61\"]"));
	assert_non_null(strstr(line,
			       "\"locations\":[{\"role\":\"waits\",\"func\":\"quote\\\\\\\"\","
			       "\"file\":\"/src/hub.go\",\"line\":61,\"count\":1,"
			       "\"source\":\"stack\"}]"));
	const char *list = strstr(line, "\"contexts\":[");
	assert_memory_equal(list, "\"contexts\":[\"background\",", 25);
	for (const char *p = list; *p != ']'; p++)
		commas += *p == ',';
	assert_int_equal(commas, FINDING_SHOWN - 1);
	f.opt.limit = 0;
	list = strstr(written(), "\"contexts\":[");
	for (commas = 0; *list != ']'; list++)
		commas += *list == ',';
	assert_int_equal(commas, 149);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_worst_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signatures_are_of_names_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_long_chains_sign_like_longer_ones, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_first_page_fits_a_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines_stay_within_the_width, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_below_the_confidence_is_counted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_fail_on, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_nothing_is_no_clean_bill_when_part_was_not_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
