/** @file  The set of words that stand before a context's address: nothing in it is passed by,
 * whatever lies around. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "context/words.h"

#define WORDS 4096

/* Every index that the search stops at, by asking word for word. */
static void check_all(const struct word_set *s, const uint64_t *words, size_t n)
{
	const uint8_t *p = (const uint8_t *)words;
	size_t at = word_set_next(s, p, 0, n);

	for (size_t i = 0; i < n; i++) {
		uint32_t value = u64map_find(&s->map, words[i]);
		if (value != U64MAP_NONE) {
			assert_true(word_set_maybe(s, words[i]));
			while (at < i)
				at = word_set_next(s, p, at + 1, n);
			assert_int_equal(at, i);
		}
	}
	while (at < n)
		at = word_set_next(s, p, at + 1, n);
	assert_int_equal(at, n);
}

static void test_finds_all(void **state)
{
	static const uint64_t members[] = {0x4a1000, 0x4a1040, 0x501230, 0x7f0012345678,
					   0x7f0012349000};
	static uint64_t words[WORDS];
	struct word_set s = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		word_set_add(&s, members[i], (uint32_t)i);
	word_set_close(&s);
	srand(1);
	for (size_t round = 0; round < 50; round++) {
		for (size_t i = 0; i < WORDS; i++) {
			int what = rand() % 40;
			words[i] = what < 5    ? members[what]
				   : what < 10 ? 0x4a1000 + (uint64_t)rand() % 0x70000
					       : (uint64_t)rand() << 17;
		}
		check_all(&s, words, WORDS - round); // ends that are no multiple of anything
	}
	u64map_free(&s.map);
}

/* One range is enough for one word; an empty set stops nowhere but at what all words of ones look
 * like. */
static void test_small_sets(void **state)
{
	uint64_t words[] = {0, 1, 0x4a1000, 0x4a1008, 0xc000012340};
	struct word_set one = {0}, none = {0};

	(void)state;
	word_set_add(&one, 0x4a1000, 7);
	word_set_close(&one);
	assert_int_equal(word_set_next(&one, (const uint8_t *)words, 0, 5), 2);
	assert_int_equal(word_set_next(&one, (const uint8_t *)words, 3, 5), 5);
	word_set_close(&none);
	assert_int_equal(word_set_next(&none, (const uint8_t *)words, 0, 5), 5);
	u64map_free(&one.map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_all),
		cmocka_unit_test(test_small_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
