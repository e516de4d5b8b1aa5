/**
 * @file  JSON Lines: one writer for each type of line, shared by all commands.
 *
 * Fields, their order and their meaning are those of the interface contract; unknown values are
 * null.  This is the hot path of the whole program (a million lines an answer): nothing here calls
 * printf, names of siblings share the text of their parent's name, and texts of code positions are
 * escaped once.
 */
#ifndef GOCTX_REPORT_LINES_H
#define GOCTX_REPORT_LINES_H

#include "context/view.h"
#include "report/names.h"

/** Escaped texts of one frame: where they lie in lines->pool. */
struct lines_frame {
	uint32_t off;	 /* of the function; 0: not made yet */
	uint32_t func_n; /* bytes with quotes */
	uint32_t file_n; /* the file follows the function */
};

/** Writers of one answer with their caches.  lines_open() to lines_close(). */
struct lines {
	struct report *r;
	const struct model *m;
	struct buf *out; /* &r->out */
	struct names names;
	struct buf scratch;    /* a text as the target has it */
	struct ctx_view view;  /* of the context at hand */
	VEC(struct buf) types; /* `"kind":…,"go_type":…,` by type and kind */
	VEC(struct lines_frame) frames;
	VEC(char) pool;
};

/** Prepare the writers for one answer; borrowed: @p r and its model, until lines_close(). */
void lines_open(struct lines *l, struct report *r);
void lines_close(struct lines *l);

/** The first line of every answer. */
void line_header(struct report *r);

/** Notes (damage, limits, warnings): the last lines of every answer.  Kinds beyond the texts kept
 * are counted in one more line. */
void line_notes(struct report *r);

/** One note; @p text is escaped here. */
void line_note(struct report *r, enum note_level level, const char *text);

/** A note of its own: "N <what> left out (--limit 0 for all)"; nothing when @p n is 0. */
void line_cut(struct report *r, uint64_t n, const char *what);

/** Context @p i.  Cost: 0.2 us plus what must be read for err, cause, deadline, key and value. */
void line_context(struct lines *l, uint32_t i);

/** Task @p t (index into m->tasks.list). */
void line_task(struct lines *l, uint32_t t);

/** Context @p child hangs on @p parent. */
void line_edge(struct lines *l, uint32_t parent, uint32_t child);

/** The same between any two: @p child by address when it is no context we know (CTX_NONE). */
void line_edge_via(struct lines *l, uint32_t parent, uint32_t child, taddr addr, const char *via);

/** Frame number @p index of a goroutine's stack; @p frame indexes rt->frames, FRAME_NONE: no Go
 * function at that pc. */
void line_frame(struct lines *l, uint64_t goid, uint64_t index, taddr pc, uint32_t frame);

#endif
