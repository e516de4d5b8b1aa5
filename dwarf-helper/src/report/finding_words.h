/**
 * @file  A finding in words: its sentence, its evidence, the commands to run next.  All texts are safe for a terminal.
 */
#ifndef GOCTX_REPORT_FINDING_WORDS_H
#define GOCTX_REPORT_FINDING_WORDS_H

#include "analysis/finding.h"
#include "report/phrase.h"
#include "report/report.h"

/** "context", "task": what a finding counts, one of it. */
const char *finding_unit_word(uint8_t unit);

/** A sentence or two that a tired person understands; no line breaks. */
void finding_summary(struct buf *out, const struct report *r, const struct finding *f);

/** "like", "tasks", "held by"; @p index of the evidence. */
const char *finding_label(const struct finding *f, size_t index);

/** What stands behind the label; it may break between items.  Without --limit 0 only the first items are named. */
void finding_text(struct phrase *out, const struct report *r, const struct finding *f, const struct evidence *e);

/** What a context is made of, from the root down: "Background.WithCancel.WithValue(app/mw.requestID).WithCancel". */
void finding_chain(struct buf *out, const struct report *r, uint32_t context);

/** What a line that stands alone is about: where its goroutines stand, what holds it, what it is like; cut to @p room columns, or nothing. */
void finding_about(struct buf *out, const struct report *r, const struct finding *f, size_t room);

/** "goctx show 0xc000126000": works when it is pasted. */
void finding_command(struct buf *out, const struct next *n);

#endif
