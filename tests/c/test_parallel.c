/** @file  Long answers made by two threads: every line once, in order, whatever becomes of the
 * reader. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdlib.h>

#include "fake_model.h"
#include "report/parallel.h"

#define LINES 100003 /* not a multiple of anything */

/* What comes out: lines "<k> xxx…", the x as many as k % 97. */
struct reader {
	uint64_t next;	 /* number of the line that must come */
	uint64_t left;	 /* lines that will still be taken */
	unsigned column; /* of that line, so far */
	char digits[24];
};

static void end_line(struct reader *r)
{
	char want[24];

	snprintf(want, sizeof(want), "%llu", (unsigned long long)r->next);
	assert_string_equal(r->digits, want);
	assert_int_equal(r->column, strlen(want) + 1 + r->next % 97);
	r->next++;
	r->left--;
	r->column = 0;
	memset(r->digits, 0, sizeof(r->digits));
}

static bool take(void *arg, const char *p, size_t n)
{
	struct reader *r = arg;

	for (size_t i = 0; i < n && r->left; i++) {
		if (p[i] == '\n') {
			end_line(r);
			continue;
		}
		if (p[i] != 'x' && p[i] != ' ' && r->column < sizeof(r->digits) - 1)
			r->digits[r->column] = p[i];
		r->column++;
	}
	return r->left != 0;
}

static void write_number(struct lines *l, const void *arg, uint64_t k)
{
	(void)arg;
	buf_u64(l->out, k);
	buf_char(l->out, ' ');
	buf_fill(l->out, 'x', k % 97);
	buf_char(l->out, '\n');
}

/* The fifty-thousandth line is when the user has had enough. */
static void write_and_cancel(struct lines *l, const void *arg, uint64_t k)
{
	if (k == 50000)
		*(volatile sig_atomic_t *)(uintptr_t)arg = 1;
	write_number(l, arg, k);
}

static struct err *write_all(struct fake *f, struct reader *r, uint64_t n, parallel_line_fn *fn)
{
	struct lines l;

	buf_init(&f->r.out, take, r);
	lines_open(&l, &f->r);
	struct err *e = lines_in_parallel(&l, n, fn, (const void *)(uintptr_t)&f->cancel);
	buf_flush(&f->r.out);
	lines_close(&l);
	return e;
}

static void all_lines_in_order(void **state)
{
	const uint64_t counts[] = {0, 1, 255, 256, 257, 4095, 4096, LINES};
	struct fake f;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct reader r = {.left = UINT64_MAX};

		fake_init(&f);
		assert_null(write_all(&f, &r, counts[i], write_number));
		assert_int_equal(r.next, counts[i]);
		fake_free(&f);
	}
}

static void reader_leaves(void **state)
{
	struct reader r = {.left = 30001};
	struct fake f;

	(void)state;
	fake_init(&f);
	assert_null(write_all(&f, &r, LINES, write_number));
	assert_true(f.r.out.broken);
	assert_int_equal(r.next, 30001);
	fake_free(&f);
}

static void interrupted(void **state)
{
	struct reader r = {.left = UINT64_MAX};
	struct fake f;

	(void)state;
	fake_init(&f);
	struct err *e = write_all(&f, &r, LINES, write_and_cancel);
	assert_non_null(e);
	assert_int_equal(e->kind, ERR_CANCELED);
	err_free(e);
	assert_in_range(r.next, 1, 60000);
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_lines_in_order),
		cmocka_unit_test(reader_leaves),
		cmocka_unit_test(interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
