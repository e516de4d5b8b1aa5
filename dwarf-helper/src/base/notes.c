#include "base/notes.h"

#include <stdarg.h>
#include <stdio.h>

void notes_add(struct notes *n, enum note_level level, const char *fmt, ...)
{
	if (n->count[level]++ >= NOTES_KEPT)
		return;
	struct note note = {.level = level};
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&note.text, fmt, ap) < 0)
		mem_out();
	va_end(ap);
	VEC_PUSH(&n->list, note);
}

struct notes_mark notes_mark(const struct notes *n)
{
	struct notes_mark mark = {.n = n->list.n};

	memcpy(mark.count, n->count, sizeof(mark.count));
	return mark;
}

void notes_rewind(struct notes *n, const struct notes_mark *mark)
{
	while (n->list.n > mark->n)
		free(n->list.v[--n->list.n].text);
	memcpy(n->count, mark->count, sizeof(n->count));
}

void notes_free(struct notes *n)
{
	for (size_t i = 0; i < n->list.n; i++)
		free(n->list.v[i].text);
	VEC_FREE(&n->list);
}
