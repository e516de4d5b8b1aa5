/*
 * Findings: order, signatures, the page that fits a screen, what --limit, --min-confidence and --fail-on do, and lines of JSON.
 *
 *   make build/libgoctx.a && gcc -std=c11 -D_GNU_SOURCE -Idwarf-helper/src tests/c/test_findings.c build/libgoctx.a
 * -lcmocka -ldwarf -lelf -lz -pthread
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "analysis/signature.h"
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

static struct finding *add(enum finding_rule rule, enum confidence sure, uint64_t bytes, const char *word)
{
	struct finding *x = finding_new(&fs, rule, sure, "context");

	x->count = 7;
	x->bytes = bytes;
	finding_sign(x, word, NULL);
	finding_say(x, "It is %s.", word);
	finding_evidence(x, "like", "Background.%s · first 0x%x", word, 0x1234);
	finding_next(x, "goctx show 0x%x", 0x1234);
	return x;
}

static void test_worst_comes_first(void **state)
{
	(void)state;
	add(RULE_STUCK_TASK, CONF_LIKELY, 9000, "a");
	add(RULE_DETACHED, CONF_CERTAIN, 10, "b");
	add(RULE_LOST_CANCEL, CONF_CERTAIN, 20, "c");
	add(RULE_LOST_CANCEL, CONF_INFO, 1 << 30, "d");
	findings_sort(&fs);
	assert_string_equal(fs.list.v[0].summary, "It is c.");
	assert_string_equal(fs.list.v[1].summary, "It is b.");
	assert_string_equal(fs.list.v[2].summary, "It is a.");
	assert_string_equal(fs.list.v[3].summary, "It is d.");
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
	assert_int_not_equal(sign_word(sign_word(SIGN_START, "ab"), "c"), sign_word(sign_word(SIGN_START, "a"), "bc"));
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
	char name[16];

	(void)state;
	for (unsigned k = 0; k < 60; k++) {
		snprintf(name, sizeof(name), "leak%u", k);
		add(RULE_LOST_CANCEL, CONF_CERTAIN, 1000 - k, name);
	}
	findings_sort(&fs);
	const char *text = written();
	assert_true(lines_of(text) <= 40);
	assert_non_null(strstr(text, "It is leak0."));
	assert_null(strstr(text, "It is leak10."));
	assert_non_null(strstr(text, "7 contexts, 990 B  Background.leak10 ")); // a line alone says what it is about
	assert_non_null(strstr(text, "(--limit 0 for all)"));
	assert_non_null(strstr(text, "60 suspects."));
	f.opt.limit = 2;
	text = written();
	assert_non_null(strstr(text, "It is leak1."));
	assert_null(strstr(text, "It is leak2."));
	assert_non_null(strstr(text, "58 more (--limit 0 for all)"));
	f.opt.limit = 0;
	text = written();
	assert_non_null(strstr(text, "It is leak59."));
	assert_null(strstr(text, "more"));
}

static void test_lines_stay_within_the_width(void **state)
{
	struct finding *x = add(RULE_UNCANCELLABLE_WAIT, CONF_CERTAIN, 1u << 30, "x");

	(void)state;
	x->tasks = 103671;
	x->count = 51838;
	finding_say(x, "%s",
		    "Contexts made under WithCancel 0xc000126000 are never cancelled: no CancelFunc of theirs exists "
		    "any more, and they have no "
		    "deadline. They live until 0xc000126000 is cancelled.");
	finding_evidence(x, "tasks", "%s",
			 "example.com/app/stream.(*Conn).pump conn.go:88 × 51 836 · "
			 "example.com/app/stream.(*Conn).watch conn.go:112 × 51 835");
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
	VEC_PUSH(&fs.quiet, mem_strdup("3 net/http accept loops"));
	findings_sort(&fs);
	const char *text = written();
	assert_non_null(strstr(
		text, "2 suspects. Quiet because known: 3 net/http accept loops. Info: 1 (--min-confidence info)"));
	f.opt.min_confidence = CONF_LIKELY;
	text = written();
	assert_null(strstr(text, "It is b."));
	assert_non_null(strstr(text, "1 suspect."));
	assert_non_null(strstr(text, "Less sure: 1"));
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
	assert_non_null(strstr(line, "\"rule\":\"lost-cancel\",\"confidence\":\"certain\",\"signature\":\""));
	assert_non_null(strstr(line, "\"bytes\":null"));
	assert_non_null(strstr(line, "\"also\":[\"accumulation\",\"afterfunc\"]"));
	assert_non_null(strstr(line, "\"goids\":[77]"));
	assert_non_null(strstr(line, "\"next\":[\"goctx show 0x1234\"]"));
	assert_non_null(strstr(line, "\"evidence\":[\"like: Background.quote"));
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
		cmocka_unit_test_setup_teardown(test_signatures_are_of_names_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_chains_sign_like_longer_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_page_fits_a_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines_stay_within_the_width, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_below_the_confidence_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fail_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_is_no_clean_bill_when_part_was_not_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
