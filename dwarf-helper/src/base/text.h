/**
 * @file  Words for people: numbers, durations, sizes, times, and text of the target made safe for a
 * terminal.
 *
 * Everything appends to a struct buf.  Text that comes from the target goes through text_safe():
 * control characters and broken UTF-8 of a hostile core never reach the terminal.  Display width is
 * counted in code points.
 */
#ifndef GOCTX_BASE_TEXT_H
#define GOCTX_BASE_TEXT_H

#include "base/buf.h"

/** Columns that @p n bytes of UTF-8 take: code points. */
size_t text_width(const char *s, size_t n);

/** Bytes of the longest head of @p s that is at most @p columns wide. */
size_t text_cut(const char *s, size_t n, size_t columns);

/**
 * Bytes of a Go name that are the path of its package but for the last element: 12 of
 * "example.com/mw.requestID", 0 of `mw.key("a/b")`.
 */
size_t text_path(const char *s, size_t n);

/** The byte that the "%2e" at @p s stands for in a symbol of Go's linker, -1: it is no escape. */
int text_escape(const char *s);

/** A symbol of Go's linker as it is written in source, malloc'ed: "gopkg.in/tomb.v2.Go" of
 * "gopkg.in/tomb%2ev2.Go".  NULL: nothing in it is escaped. */
char *text_unescaped(const char *symbol);

/** Append @p n bytes of the target's: control characters become \n, \t or \x1b, bad UTF-8 becomes
 * "\xNN". */
void text_safe(struct buf *out, const char *s, size_t n);

/** text_safe() of at most @p columns columns, a longer one ends in "…" (@p columns 0: no cut). */
void text_safe_cut(struct buf *out, const char *s, size_t n, size_t columns);

/** "51 840". */
void text_count(struct buf *out, uint64_t v);

/** "1 task", "51 840 tasks"; the plural is @p word + "s", "ren" after "child", "es" after "s", "x"
 * and "ch". */
void text_plural(struct buf *out, uint64_t v, const char *word);

/**
 * "30d", "3d", "4d 4h", "41h", "9h 58m", "12m", "5m 12s", "1.2s", "350ms", "12µs", "17ns"; rounded
 * to the nearest (24 h less a moment are "24h"), days from two on; negative with "-".  Every
 * duration that goctx speaks of itself is written here; a time.Duration of the program is a value,
 * which is printed as Go does (value_duration()).
 */
void text_duration(struct buf *out, int64_t ns);

/** "3.2 GiB", "512 B". */
void text_size(struct buf *out, uint64_t bytes);

/** "2026-11-20T04:12:09.5Z".  @return false, nothing written, for years outside 0…9999, for which
 * RFC 3339 has no
 * room. */
bool text_rfc3339(struct buf *out, int64_t unix_s, int32_t nsec);

/** "2026-11-20 04:12:09 +00:00"; same return value. */
bool text_date(struct buf *out, int64_t unix_s);

/** "conn.go:88"; nothing without a file. */
void text_place(struct buf *out, const char *file, int32_t line);

#endif
