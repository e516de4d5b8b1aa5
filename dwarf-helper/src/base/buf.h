/**
 * @file  Output buffer: bytes appended by hand-made formatters, flushed in large blocks to a sink.
 *
 * A million JSON lines go through here, so the small appenders are inline and never call printf.
 * buf_printf() is for the lines of which there are few.
 */
#ifndef GOCTX_BASE_BUF_H
#define GOCTX_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Where full blocks go.  @return false when the receiver is gone (EPIPE …): output then stops
 * quietly. */
typedef bool buf_sink(void *arg, const char *p, size_t n);

/** Zero-initialise; without a sink the buffer grows and keeps everything. */
struct buf {
	char *p;
	size_t n, cap;
	buf_sink *sink;
	void *sink_arg;
	bool broken; /* the sink refused: nothing more is kept */
};

#define BUF_BLOCK (256u * 1024)

void buf_init(struct buf *b, buf_sink *sink, void *arg);

/** Hand everything to the sink (no-op without one). */
void buf_flush(struct buf *b);

/** Append much: bytes that fill a good part of a block go to the sink as they are, behind what is
 * there. */
void buf_pass(struct buf *b, const void *p, size_t n);

void buf_free(struct buf *b);

/** Room for @p n more bytes at b->p + b->n; flushes or grows. */
void buf_room_slow(struct buf *b, size_t n);

static inline char *buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->n < n)
		buf_room_slow(b, n);
	return b->p + b->n;
}

static inline void buf_bytes(struct buf *b, const void *p, size_t n)
{
	if (!n)
		return;
	memcpy(buf_room(b, n), p, n);
	b->n += n;
}

static inline void buf_str(struct buf *b, const char *s)
{
	buf_bytes(b, s, strlen(s));
}

#define buf_lit(b, s) buf_bytes(b, "" s, sizeof(s) - 1)

static inline void buf_char(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->n++;
}

/** Decimal. */
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);

/** 0x…, lower case, no leading zeros. */
void buf_hex(struct buf *b, uint64_t v);

/** @p n copies of @p c. */
void buf_fill(struct buf *b, char c, size_t n);

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A JSON string with quotes: quotes, controls (C1 and U+2028, U+2029 among them: readers split
 * lines there) and invalid UTF-8 escaped (U+FFFD for bad bytes). */
void buf_json(struct buf *b, const char *s, size_t n);

/** NUL-terminated view of a sink-less buffer; valid until the next append. */
const char *buf_cstr(struct buf *b);

#endif
