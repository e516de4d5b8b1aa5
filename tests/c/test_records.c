/*
 * The writer of records: what comes out, and that a checked build stops when a record is not
 * written as the list says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/writer.h"

static struct buf out;

static const char *take(void)
{
	static char text[1 << 12];

	snprintf(text, sizeof(text), "%.*s", (int)out.n, out.n ? out.p : "");
	out.n = 0;
	return text;
}

static void test_fields(void **state)
{
	(void)state;
	struct rec w = rec_line(&out, REC_subject);
	rec_addr(&w, REC_subject_addr, 0xc000012000);
	rec_word(&w, REC_subject_what, "other");
	rec_addr(&w, REC_subject_object, 0);
	rec_u64_if(&w, REC_subject_size, false, 7);
	rec_text(&w, REC_subject_place, "a \"place\"\n\xff");
	rec_u64(&w, REC_subject_holders, UINT64_MAX);
	rec_bool(&w, REC_subject_holders_all, true);
	rec_bool(&w, REC_subject_complete, false);
	rec_line_end(&w);
	assert_string_equal(take(), "{\"type\":\"subject\",\"addr\":\"0xc000012000\",\"what\":"
				    "\"other\",\"object\":null,\"size\":null,"
				    "\"place\":\"a "
				    "\\\"place\\\"\\u000a\\ufffd\",\"holders\":"
				    "18446744073709551615,\"holders_all\":true,"
				    "\"complete\":false}\n");
}

static void test_addresses(void **state)
{
	static const struct {
		uint64_t v;
		const char *text;
	} cases[] = {{0, "null"},
		     {1, "\"0x1\""},
		     {0xf, "\"0xf\""},
		     {0x10, "\"0x10\""},
		     {0xabcdef0123456789, "\"0xabcdef0123456789\""},
		     {UINT64_MAX, "\"0xffffffffffffffff\""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[REC_VALUE_ROOM + 1] = {0};
		char *end = put_addr(text, cases[i].v);
		assert_true(end <= text + REC_VALUE_ROOM);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_numbers(void **state)
{
	(void)state;
	struct rec w = rec_at(&out, REC_heap_memory_limit_bytes);
	rec_float(&w, REC_heap_gc_cpu_fraction, NAN);
	w = rec_at(&out, REC_heap_memory_limit_bytes);
	rec_float(&w, REC_heap_gc_cpu_fraction, 0.25);
	w = rec_at(&out, REC_context_deadline);
	rec_i64(&w, REC_context_deadline_left_ns, INT64_MIN);
	w = rec_at(&out, REC_context_cause);
	rec_time(&w, REC_context_deadline, true, 0, 5);
	w = rec_at(&out, REC_context_cause);
	rec_time(&w, REC_context_deadline, true, INT64_C(1) << 60,
		 0); /* a year for which there is no room */
	assert_string_equal(take(),
			    ",\"gc_cpu_fraction\":null,\"gc_cpu_fraction\":0.25,\"deadline_left_"
			    "ns\":-9223372036854775808,"
			    "\"deadline\":\"1970-01-01T00:00:00.000000005Z\",\"deadline\":null");
}

/* A part's first field has no comma before it, nor has the first of several parts. */
static void test_lists(void **state)
{
	(void)state;
	struct rec w = rec_at(&out, REC_heap_specials_other);
	rec_list(&w, REC_heap_pauses);
	for (int k = 0; k < 2; k++) {
		struct rec part = rec_part(&out, REC_pause, !k);
		rec_u64(&part, REC_pause_pause_ns, 10 + (uint64_t)k);
		rec_null(&part, REC_pause_end_unix_ns);
		rec_part_end(&part);
	}
	rec_list_end(&w, REC_heap_pauses);
	rec_list(&w, REC_heap_classes);
	rec_list_end(&w, REC_heap_classes);
	rec_null(&w, REC_heap_profile);
	rec_null(&w, REC_heap_profile_rate_bytes);
	rec_null(&w, REC_heap_profile_records);
	rec_line_end(&w);
	assert_string_equal(
		take(),
		",\"pauses\":[{\"pause_ns\":10,\"end_unix_ns\":null},{\"pause_ns\":11,\"end_unix_"
		"ns\":null}],\"classes\":[],\"profile\":null,\"profile_rate_bytes\":null,\"profile_"
		"records\":null}\n");
	w = rec_at(&out, REC_info_structs_table);
	rec_list(&w, REC_info_tasks_by_status);
	rec_count(&out, true, "waiting", 2);
	rec_count(&out, false, "dead", 0);
	rec_list_end(&w, REC_info_tasks_by_status);
	assert_string_equal(take(), ",\"tasks_by_status\":{\"waiting\":2,\"dead\":0}");
}

static void test_left_out(void **state)
{
	(void)state;
	struct rec w = rec_at(&out, REC_group_oldest_ns);
	rec_list(&w, REC_group_goids); /* neither context nor frames */
	rec_item_u64(&out, true, 7);
	rec_item_u64(&out, false, 8);
	rec_list_end(&w, REC_group_goids);
	rec_word(&w, REC_group_of, "goroutines"); /* nor contexts */
	rec_line_end(&w);
	assert_string_equal(take(), ",\"goids\":[7,8],\"of\":\"goroutines\"}\n");
}

/* ---- what is refused ---- */

static void missing(void)
{
	struct rec w = rec_line(&out, REC_note);
	rec_text(&w, REC_note_text, "");
}

static void missing_at_the_end(void)
{
	struct rec w = rec_line(&out, REC_note);
	rec_word(&w, REC_note_level, "damage");
	rec_line_end(&w);
}

static void twice(void)
{
	struct rec w = rec_line(&out, REC_note);
	rec_word(&w, REC_note_level, "damage");
	rec_word(&w, REC_note_level, "damage");
}

static void another_record(void)
{
	struct rec w = rec_line(&out, REC_edge);
	rec_word(&w, REC_note_level, "damage");
}

static void another_type(void)
{
	struct rec w = rec_line(&out, REC_note);
	rec_text(&w, REC_note_level, "damage");
}

static void null(void)
{
	struct rec w = rec_line(&out, REC_note);
	rec_word(&w, REC_note_level, NULL);
}

static void in_a_list(void)
{
	struct rec w = rec_at(&out, REC_task_parent_goid);
	rec_list(&w, REC_task_waits);
	rec_list(&w, REC_task_labels);
}

static void open_list(void)
{
	struct rec w = rec_at(&out, REC_heap_pauses);
	rec_list(&w, REC_heap_classes);
	rec_line_end(&w);
}

static void test_refused(void **state)
{
	static void (*const wrong[])(void) = {missing,	      missing_at_the_end, twice,
					      another_record, another_type,	  null,
					      in_a_list,      open_list};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int status;
		pid_t pid = fork();
		if (!pid) {
			signal(SIGABRT, SIG_DFL);
			close(STDERR_FILENO);
			wrong[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("case %zu was not refused", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),	 cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_numbers),	 cmocka_unit_test(test_lists),
		cmocka_unit_test(test_left_out), cmocka_unit_test(test_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&out);
	return failed;
}
