/*
 * math/big: Int{neg bool; abs nat}, Rat{a, b Int}.  nat is a slice of words, the lowest first.
 */
#include "runtime/value_known.h"

#define WORDS_SHOWN 8 /* 154 digits */
#define CHUNK UINT64_C(1000000000000000000)
#define CHUNK_DIGITS 18

/* Divide by CHUNK.  @return the remainder */
static uint64_t divide(uint64_t *word, size_t n)
{
	unsigned __int128 rest = 0;

	for (size_t i = n; i-- > 0;) {
		rest = rest << 64 | word[i];
		word[i] = (uint64_t)(rest / CHUNK);
		rest %= CHUNK;
	}
	return (uint64_t)rest;
}

static void put_decimal(struct buf *out, uint64_t *word, size_t n)
{
	uint64_t chunk[WORDS_SHOWN * 64 / 59 + 2]; // a chunk is more than 59 bits
	size_t chunks = 0;

	while (n && !word[n - 1])
		n--;
	while (n) {
		chunk[chunks++] = divide(word, n);
		while (n && !word[n - 1])
			n--;
	}
	if (!chunks)
		buf_char(out, '0');
	for (size_t i = chunks; i-- > 0;)
		buf_printf(out, i == chunks - 1 ? "%llu" : "%018llu", (unsigned long long)chunk[i]);
}

static bool put_int(const struct known *k)
{
	uint64_t slice[3], word[WORDS_SHOWN];
	uint8_t neg;

	if (!known_read(k, "neg", &neg, 1) || !known_read(k, "abs", slice, sizeof(slice)))
		return false;
	if (slice[1] > WORDS_SHOWN) {
		buf_printf(k->out, "%s%llu words", neg ? "-" : "", (unsigned long long)slice[1]);
		return true;
	}
	if (slice[1] && !target_read(k->rt->t, slice[0], word, slice[1] * 8))
		return false;
	if (neg)
		buf_char(k->out, '-');
	put_decimal(k->out, word, slice[1]);
	return true;
}

bool known_big(const struct known *k)
{
	struct known a, b;
	uint64_t slice[3];

	if (!strcmp(k->ty->full, "math/big.Int"))
		return put_int(k);
	if (strcmp(k->ty->full, "math/big.Rat") != 0 || !known_field(k, "a", &a) ||
	    !known_field(k, "b", &b) || !put_int(&a) ||
	    !known_read(&b, "abs", slice, sizeof(slice)))
		return false;
	buf_char(k->out, '/');
	if (slice[1])
		return put_int(&b);
	buf_char(k->out, '1'); // the zero Rat is 0/1
	return true;
}
