/**
 * @file  Inside of the value printer: where a value lies, and text on one line.
 */
#ifndef GOCTX_RUNTIME_VALUES_H
#define GOCTX_RUNTIME_VALUES_H

#include "runtime/rtype.h"

/** Where a value lies: in the target, or in an interface's data word that we hold ourselves. */
struct place {
	taddr addr; /* when not direct */
	uint64_t word;
	bool direct;
};

/** Bytes [off, off + n) of the value.  @return false when unreadable or beyond the word. */
bool place_read(struct runtime *rt, const struct place *at, uint64_t off, void *buf, uint64_t n);

/** The place of a part at @p off. */
struct place place_part(const struct place *at, uint64_t off);

/** Text without quotes, on one line: control characters, quotes, backslashes and bytes that are no UTF-8 escaped as Go's %q has it. */
void value_escape(struct buf *out, const char *s, uint64_t n);

/** Text of a Go string (pointer and length), escaped, at most @p max bytes.  @param cut_ret  more was left out */
bool value_text(struct runtime *rt, struct buf *out, taddr p, uint64_t n, uint64_t max, bool *cut_ret);

/** As time.Duration.String() has it: 1h2m3.5s, 1.5ms, 0s. */
void value_duration(struct buf *out, int64_t ns);

/** Shortest decimal text that gives the same float back. */
void value_float(struct buf *out, double v, bool single);

/** RFC 3339 in UTC, fraction as far as needed. */
void value_time(struct buf *out, int64_t unix_s, int32_t nsec);

void value_unreadable(struct buf *out, taddr at);

/**
 * Type and data word of an interface value at @p at; @p ty is the interface's type.
 * @return false when unreadable; *type_ret 0 for a nil interface
 */
bool value_iface(struct runtime *rt, const struct rtype *ty, const struct place *at, taddr *type_ret, uint64_t *data_ret);

#endif
