/**
 * @file  Paths in words: where a pointer lies, what type it has, why an object is alive in one
 * line.
 *
 *     global app.srv.conns["a"] → .ctx
 *     task 12 main.main main.go:9 → stack +0x58 of main.main → .ctx
 *
 * @p redact (--redact) prints keys of maps as "…": they may be secrets.
 */
#ifndef GOCTX_REPORT_PATH_H
#define GOCTX_REPORT_PATH_H

#include "analysis/steps.h"
#include "report/phrase.h"

/** `app.srv.conns["a"]`, "capture c of main.f.func1", "stack +0x58 of main.pump"; as the target has
 * it, nothing is made safe for a terminal. */
void path_links(struct buf *out, const struct links *l, bool redact);

/** The same of one step of a path; nothing when it is not known. */
void path_via(struct buf *out, const struct steps *s, const struct step *step, bool redact);

/** "*app/stream.Conn", "context.Context (*context.cancelCtx)", "func main.f.func1"; as the target
 * has it.  Nothing when it is not known. */
void path_type(struct buf *out, const struct pointer_type *t);

/** The same without the paths of packages, and safe for a terminal. */
void path_type_short(struct buf *out, const struct pointer_type *t);

/** "global", "finalizer", "task": what a path begins at, in the words of JSON's `root`. */
const char *path_root_name(const struct steps *s);

/** What it begins at, safe for a terminal: "task 12 main.main main.go:9", "global", "finalizer of
 * 0xc000012000". */
void path_root(struct buf *out, const struct steps *s);

/** Of a path that begins at a package variable: its name, and the fields to the first element of
 * something. */
void path_variable(struct buf *out, const struct steps *s);

#define PATH_LINE 8 /* steps that are enough for a person */

/** The path in one line that may break between steps, safe for a terminal, without the paths of
 * packages; beyond @p most steps the middle goes. */
void path_line(struct phrase *out, const struct steps *s, size_t most, bool redact);

/** "global app.srv +0x10, a app.Server", "on the stack of task 7, +0x20 of main.main", "code of
 * main.f"; nothing when nothing is known. */
void path_outside(struct buf *out, const struct model *m, const struct outside *o, bool redact);

/** "app/stream.(*Conn).pump conn.go:88"; "?" for FRAME_NONE. */
void path_frame(struct buf *out, const struct model *m, uint32_t frame);

#endif
