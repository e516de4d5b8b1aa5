/*
 * Words and columns of the report layer: durations, numbers, sizes, times, unsafe text, tables, and
 * the escaping of JSON.
 *
 *   make build/libgoctx.a && gcc -std=c11 -D_GNU_SOURCE -Idwarf-helper/src
 * tests/c/test_report_text.c build/libgoctx.a -lcmocka -ldwarf -lelf -lz -pthread
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "report/text.h"

/* What an appender gave, as a string that lives until the next call. */
static struct buf out;

static const char *take(void)
{
	static char text[1 << 16];

	snprintf(text, sizeof(text), "%.*s", (int)out.n, out.n ? out.p : "");
	out.n = 0;
	return text;
}

static const char *duration(int64_t ns)
{
	text_duration(&out, ns);
	return take();
}

static void test_durations(void **state)
{
	const int64_t us = 1000, ms = 1000 * us, s = 1000 * ms, m = 60 * s, h = 60 * m;

	(void)state;
	assert_string_equal(duration(0), "0s");
	assert_string_equal(duration(17), "17ns");
	assert_string_equal(duration(12 * us + 400), "12µs");
	assert_string_equal(duration(350 * ms), "350ms");
	assert_string_equal(duration(999 * ms + 499 * us), "999ms");
	assert_string_equal(duration(s), "1s");
	assert_string_equal(duration(1249 * ms), "1.2s");
	assert_string_equal(duration(59 * s + 499 * ms), "59s");
	assert_string_equal(duration(m), "1m");
	assert_string_equal(duration(9 * m + 5 * s), "9m 5s");
	assert_string_equal(duration(12 * m + 5 * s), "12m");
	assert_string_equal(duration(9 * h + 58 * m + 29 * s), "9h 58m");
	assert_string_equal(duration(41 * h + 20 * m), "41h");
	assert_string_equal(duration(100 * h), "4d 4h");
	assert_string_equal(duration(24 * 40 * h), "40d");
	assert_string_equal(duration(-90 * s), "-1m 30s");
	/* A moment after it began a timeout is still what the program wrote; what rounding lifts to
	 * the next unit is told in that one. */
	assert_string_equal(duration(us - 1), "999ns");
	assert_string_equal(duration(ms - 1), "1ms");
	assert_string_equal(duration(s - 1), "1s");
	assert_string_equal(duration(1500 * ms - 1), "1.5s");
	assert_string_equal(duration(10 * s - 1), "10s");
	assert_string_equal(duration(m - 1), "1m");
	assert_string_equal(duration(10 * m - 1), "10m");
	assert_string_equal(duration(h - 1), "1h");
	assert_string_equal(duration(10 * h - 1), "10h");
	assert_string_equal(duration(24 * h - 1), "24h");
	assert_string_equal(duration(24 * h + 29 * m), "24h");
	assert_string_equal(duration(24 * h + 30 * m), "25h");
	assert_string_equal(duration(2 * 24 * h - 1), "2d");
	assert_string_equal(duration(3 * 24 * h - 1), "3d");
	assert_string_equal(duration(10 * 24 * h - 1), "10d");
	assert_string_equal(duration(30 * 24 * h - 1), "30d");
	assert_string_equal(duration(INT64_MIN), "-106752d");
	assert_string_equal(duration(INT64_MAX), "106752d");
}

static const char *count(uint64_t v)
{
	text_count(&out, v);
	return take();
}

static const char *plural(uint64_t v, const char *word)
{
	text_plural(&out, v, word);
	return take();
}

static const char *size(uint64_t v)
{
	text_size(&out, v);
	return take();
}

static void test_numbers(void **state)
{
	(void)state;
	assert_string_equal(count(0), "0");
	assert_string_equal(count(999), "999");
	assert_string_equal(count(1000), "1 000");
	assert_string_equal(count(51840), "51 840");
	assert_string_equal(count(UINT64_MAX), "18 446 744 073 709 551 615");
	assert_string_equal(plural(1, "task"), "1 task");
	assert_string_equal(plural(0, "context"), "0 contexts");
	assert_string_equal(plural(51840, "child"), "51 840 children");
	assert_string_equal(plural(2, "branch"), "2 branches");
	assert_string_equal(size(0), "0 B");
	assert_string_equal(size(1023), "1023 B");
	assert_string_equal(size(1024), "1.0 KiB");
	assert_string_equal(size(UINT64_C(3435973837)), "3.1 GiB");
	assert_string_equal(size(612 << 20), "612 MiB");
	assert_string_equal(size(UINT64_MAX), "15.9 EiB");
}

static const char *rfc3339(int64_t s, int32_t nsec)
{
	return text_rfc3339(&out, s, nsec) ? take() : "none";
}

static void test_times(void **state)
{
	(void)state;
	assert_string_equal(rfc3339(0, 0), "1970-01-01T00:00:00Z");
	assert_string_equal(rfc3339(1795198329, 500000000),
			    "2026-11-20T18:12:09.5Z"); // date -u -d @1795198329
	assert_string_equal(rfc3339(951782400, 1), "2000-02-29T00:00:00.000000001Z");
	assert_string_equal(rfc3339(-1, 0), "1969-12-31T23:59:59Z");
	assert_string_equal(rfc3339(-62167219200, 0), "0000-01-01T00:00:00Z");
	assert_string_equal(rfc3339(253402300799, 0), "9999-12-31T23:59:59Z");
	assert_string_equal(rfc3339(253402300800, 0), "none");
	assert_string_equal(rfc3339(-62167219201, 0), "none");
	assert_string_equal(rfc3339(INT64_MIN, 0), "none");
	assert_int_equal(out.n, 0);
	assert_true(text_date(&out, 1795198329));
	assert_string_equal(take(), "2026-11-20 18:12:09 +00:00");
}

static const char *safe(const char *s, size_t columns)
{
	text_safe_cut(&out, s, strlen(s), columns);
	return take();
}

static void test_unsafe_text(void **state)
{
	(void)state;
	assert_string_equal(safe("plain", 0), "plain");
	assert_string_equal(safe("été → 東京", 0), "été → 東京");
	assert_string_equal(safe("\x1b[31mred\n", 0), "\\x1b[31mred\\n");
	assert_string_equal(safe("\xc2\x9b"
				 "1m",
				 0),
			    "\\xc2\\x9b1m"); // a terminal's escape in one C1 character
	assert_string_equal(safe("a\xe2\x80\xae"
				 "b",
				 0),
			    "a\\xe2\\x80\\xaeb"); // turns the text around
	assert_string_equal(safe("\xff\xc0\x80", 0), "\\xff\\xc0\\x80");
	assert_string_equal(safe("\xe2\x82", 0), "\\xe2\\x82"); // ends inside a character
	assert_string_equal(safe("abcdef", 6), "abcdef");
	assert_string_equal(safe("abcdefg", 6), "abcde…");
	assert_string_equal(safe("éééé", 3), "éé…");
	assert_string_equal(safe("", 3), "");
	assert_int_equal(text_width("été", strlen("été")), 3);
}

static const char *json(const char *s, size_t n)
{
	buf_json(&out, s, n);
	return take();
}

static void assert_unescaped(const char *symbol, const char *plain)
{
	char *got = text_unescaped(symbol);

	if (plain)
		assert_string_equal(got, plain);
	else
		assert_null(got);
	free(got);
}

/* What cmd/internal/objabi: PathToPrefix writes, and what it never would. */
static void test_symbols(void **state)
{
	(void)state;
	assert_unescaped("gopkg.in/tomb%2ev2.(*Tomb).run", "gopkg.in/tomb.v2.(*Tomb).run");
	assert_unescaped("a/b%25%22%c3%a9.f", "a/b%\"\xc3\xa9.f");
	assert_unescaped("main.main", NULL);
	assert_unescaped("a%", "a%");
	assert_unescaped("a%2", "a%2");
	assert_unescaped("a%2gb%00c", "a%2gb%00c");
}

static void test_json_strings(void **state)
{
	(void)state;
	assert_string_equal(json("", 0), "\"\"");
	assert_string_equal(json("a\"b\\c", 5), "\"a\\\"b\\\\c\"");
	assert_string_equal(json("\n\x01", 2), "\"\\u000a\\u0001\"");
	assert_string_equal(json("été", 5), "\"été\"");
	assert_string_equal(json("\xff", 1), "\"\\ufffd\"");
	assert_string_equal(json("a\0b", 3), "\"a\\u0000b\"");
	/* U+0085, U+009F, U+2028, U+2029, none of which may stand in a line; U+00A0 and U+2027 may
	 */
	assert_string_equal(json("\xc2\x85\xc2\x9f\xe2\x80\xa8\xe2\x80\xa9", 10),
			    "\"\\u0085\\u009f\\u2028\\u2029\"");
	assert_string_equal(json("\xc2\xa0\xe2\x80\xa7", 5), "\"\xc2\xa0\xe2\x80\xa7\"");
}

static void test_places(void **state)
{
	(void)state;
	text_place(&out, "/srv/app/conn.go", 88);
	assert_string_equal(take(), "conn.go:88");
	text_place(&out, "conn.go", 0);
	assert_string_equal(take(), "conn.go");
	text_place(&out, NULL, 3);
	assert_string_equal(take(), "");
}

static struct options options = {.width = 40};
static struct report report = {.opt = &options};

static const char *printed(void)
{
	buf_bytes(&out, report.out.p, report.out.n);
	report.out.n = 0;
	return take();
}

static void row(struct table *t, const char *a, const char *b, const char *c)
{
	buf_str(table_cell(t), a);
	buf_str(table_cell(t), b);
	if (c)
		buf_str(table_styled(t, STYLE_RED), c);
	table_row(t);
}

static const struct column three[] = {
	{.head = "name"}, {.head = "n", .right = true}, {.head = "rest"}};

static void test_table(void **state)
{
	struct table t;

	(void)state;
	table_open(&t, &report, three, 3);
	row(&t, "été", "7", "x");
	row(&t, "a", "1 000", NULL);
	row(&t, "b", "", "y");
	table_row(&t); // no cells: no row
	table_close(&t);
	assert_string_equal(printed(), "name      n  rest\n"
				       "été       7  x\n"
				       "a     1 000\n"
				       "b            y\n");
}

static void test_table_without_rows(void **state)
{
	struct table t;

	(void)state;
	table_open(&t, &report, three, 3);
	table_close(&t);
	assert_int_equal(report.out.n, 0);
}

static void test_table_cuts(void **state)
{
	struct column cols[3] = {
		{.head = "name", .max = 4}, {.head = NULL}, {.head = "rest", .keep_tail = true}};
	struct table t;

	(void)state;
	table_open(&t, &report, cols, 3);
	t.cut_last = true;
	row(&t, "abcdef", "1", "a text of some forty columns or a little more");
	table_close(&t);
	assert_string_equal(printed(), "name     rest\n"
				       "abc…  1  …forty columns or a little more\n");
}

/* Paths of packages stay as long as there is room for all of them. */
static void test_table_paths(void **state)
{
	struct column cols[3] = {
		{.head = "n"}, {.head = "function", .path = true, .max = 9}, {.head = NULL}};
	unsigned width = options.width;
	struct table t;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		options.width = k ? 30 : 36;
		table_open(&t, &report, cols, 3);
		row(&t, "1", "a.example/b/c.(*T[x/y]).f", "g.go:1");
		row(&t, "2", "os.Exit", "h.go:2");
		table_close(&t);
	}
	options.width = width;
	assert_string_equal(printed(), "n  function\n"
				       "1  a.example/b/c.(*T[x/y]).f  g.go:1\n"
				       "2  os.Exit                    h.go:2\n"
				       "n  function\n"
				       "1  c.(*T[x/…  g.go:1\n"
				       "2  os.Exit    h.go:2\n");
	assert_int_equal(text_path("k(\"a/b\")", 8), 0);
}

static void test_table_colour(void **state)
{
	struct table t;

	(void)state;
	options.color = true;
	table_open(&t, &report, three, 3);
	row(&t, "a", "1", "x");
	table_close(&t);
	options.color = false;
	assert_string_equal(printed(), "\x1b[1mname\x1b[0m  \x1b[1mn\x1b[0m  \x1b[1mrest\x1b[0m\n"
				       "a     1  \x1b[31mx\x1b[0m\n");
}

/* Rows after the sample stream; a wider cell there pushes its own line only. */
static void test_table_streams(void **state)
{
	struct table t;

	(void)state;
	table_open(&t, &report, three, 3);
	for (unsigned k = 0; k < TABLE_SAMPLE; k++)
		row(&t, "a", "1", "x");
	assert_true(report.out.n > 0);
	report.out.n = 0;
	row(&t, "much wider", "2", "y");
	row(&t, "b", "3", "z");
	table_close(&t);
	assert_string_equal(printed(), "much wider  2  y\nb     3  z\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_unsafe_text),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_without_rows),
		cmocka_unit_test(test_table_cuts),
		cmocka_unit_test(test_table_colour),
		cmocka_unit_test(test_table_streams),
		cmocka_unit_test(test_table_paths),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&out);
	buf_free(&report.out);
	return failed;
}
