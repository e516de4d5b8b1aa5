/**
 * @file  A text of one line, and where it may be broken when the screen is narrower.
 */
#ifndef GOCTX_REPORT_PHRASE_H
#define GOCTX_REPORT_PHRASE_H

#include "base/buf.h"
#include "base/mem.h"

/** Zero-initialise, end with phrase_free(). */
struct phrase {
	struct buf text;
	VEC(size_t) breaks; /* offsets of spaces that a line break may replace, ascending */
};

/** The space that is appended next may become a line break. */
void phrase_break(struct phrase *p);

/** " · " between two items; nothing before the first. */
void phrase_item(struct phrase *p);

/**
 * Append the phrase to @p out in lines of @p width columns; all but the first are indented by @p
 * indent.  What is too long between two breaks is broken between words if @p words is set, else it
 * overflows.
 * @param at  columns of the first line that are in use, beyond the indent
 */
void phrase_fold(struct buf *out, const struct phrase *p, size_t at, size_t indent, size_t width,
		 bool words);

void phrase_clear(struct phrase *p);
void phrase_free(struct phrase *p);

#endif
