#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

void buf_init(struct buf *b, buf_sink *sink, void *arg)
{
	*b = (struct buf){.sink = sink, .sink_arg = arg};
}

void buf_flush(struct buf *b)
{
	if (!b->sink)
		return;
	if (b->n && !b->broken && !b->sink(b->sink_arg, b->p, b->n))
		b->broken = true;
	b->n = 0;
}

void buf_pass(struct buf *b, const void *p, size_t n)
{
	if (!b->sink || n < BUF_BLOCK / 8) {
		buf_bytes(b, p, n);
		return;
	}
	buf_flush(b);
	if (!b->broken && !b->sink(b->sink_arg, p, n))
		b->broken = true;
}

void buf_free(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
}

void buf_room_slow(struct buf *b, size_t n)
{
	if (b->sink)
		buf_flush(b);
	if (b->cap - b->n >= n)
		return;
	size_t cap = b->sink ? BUF_BLOCK : b->cap * 2 + 256;
	if (cap < b->n + n)
		cap = b->n + n;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
}

void buf_u64(struct buf *b, uint64_t v)
{
	char tmp[20], *q = tmp + sizeof(tmp);

	do
		*--q = (char)('0' + v % 10);
	while (v /= 10);
	buf_bytes(b, q, (size_t)(tmp + sizeof(tmp) - q));
}

void buf_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_char(b, '-');
	buf_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void buf_hex(struct buf *b, uint64_t v)
{
	static const char digit[] = "0123456789abcdef";
	char tmp[18], *q = tmp + sizeof(tmp);

	do
		*--q = digit[v & 15];
	while (v >>= 4);
	*--q = 'x';
	*--q = '0';
	buf_bytes(b, q, (size_t)(tmp + sizeof(tmp) - q));
}

void buf_fill(struct buf *b, char c, size_t n)
{
	memset(buf_room(b, n), c, n);
	b->n += n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[512], *big = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(small)) {
		va_start(ap, fmt);
		if (vasprintf(&big, fmt, ap) < 0)
			mem_out();
		va_end(ap);
	}
	buf_bytes(b, big ? big : small, (size_t)n);
	free(big);
}

/* C1 controls, LINE SEPARATOR and PARAGRAPH SEPARATOR: many a reader splits lines at some of them.
 */
static bool breaks_lines(uint32_t code)
{
	return code < 0xa0 || code == 0x2028 || code == 0x2029;
}

void buf_json(struct buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	buf_char(b, '"');
	while (p < end) {
		const unsigned char *run = p;
		while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
			p++;
		buf_bytes(b, run, (size_t)(p - run));
		if (p == end)
			break;
		uint32_t code;
		unsigned len = utf8_decode(p, (size_t)(end - p), &code);
		if (*p == '"' || *p == '\\') {
			buf_char(b, '\\');
			buf_char(b, (char)*p++);
		} else if (len > 1 && breaks_lines(code)) {
			buf_printf(b, "\\u%04x", code);
			p += len;
		} else if (len > 1) {
			buf_bytes(b, p, len);
			p += len;
		} else {
			buf_printf(b, "\\u%04x", len ? *p : 0xfffdu);
			p++;
		}
	}
	buf_char(b, '"');
}

const char *buf_cstr(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return b->p;
}
