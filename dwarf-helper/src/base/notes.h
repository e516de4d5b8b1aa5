/**
 * @file  Notes: what was damaged, missing or cut while an answer was made.
 *
 * Damage is data: it stands beside a partial answer.  Equal kinds are counted after the first few
 * texts, so that a thoroughly broken target costs no more memory than a healthy one.
 */
#ifndef GOCTX_BASE_NOTES_H
#define GOCTX_BASE_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum note_level { NOTE_WARNING, NOTE_DAMAGE, NOTE_LIMIT };

#define NOTES_KEPT 64 /* texts kept a level; the rest is only counted */

struct note {
	enum note_level level;
	char *text;
};

/** Zero-initialise before use. */
struct notes {
	VEC(struct note) list;
	uint64_t count[3]; /* by level, kept or not */
};

/** Add one; the text is lower case without full stop, copied.  Not thread-safe. */
void notes_add(struct notes *n, enum note_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** How far the notes were at some moment. */
struct notes_mark {
	size_t n;
	uint64_t count[3];
};
struct notes_mark notes_mark(const struct notes *n);

/** Forget what was added since: it will be added again, or was of one answer alone. */
void notes_rewind(struct notes *n, const struct notes_mark *mark);

void notes_free(struct notes *n);

#endif
