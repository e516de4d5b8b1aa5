/**
 * @file  A finding in words: its sentence, its evidence, the commands to run next.  All texts are
 * safe for a terminal.
 */
#ifndef GOCTX_REPORT_FINDING_WORDS_H
#define GOCTX_REPORT_FINDING_WORDS_H

#include "analysis/finding.h"
#include "report/phrase.h"
#include "report/report.h"

/** "context", "task": what a finding counts, one of it. */
const char *finding_unit_word(uint8_t unit);

/** One or two plain sentences, without line breaks. */
void finding_summary(struct buf *out, const struct report *r, const struct finding *f);

/** Label of evidence number @p index on a screen: "contexts", "tasks", "held by". */
const char *finding_label(const struct finding *f, size_t index);

/** The same in JSON, where it is part of the contract and stays: "like", "tasks", "held by". */
const char *finding_label_json(const struct finding *f, size_t index);

/** The text after the label; it may break between items.  Without --limit 0 only the first items
 * are named. */
void finding_text(struct phrase *out, const struct report *r, const struct finding *f,
		  const struct evidence *e);

/** What a context is made of, from the root down:
 * "Background.WithCancel.WithValue(app/mw.requestID).WithCancel". */
void finding_chain(struct buf *out, const struct report *r, uint32_t context);

/** Name of the function that AfterFunc calls for a context; nothing when it is not known. */
void finding_called(struct buf *out, const struct report *r, uint32_t context);

/**
 * For a finding shown in one line: where its goroutines stand, else what holds it, else what its
 * contexts are made of.  Cut to
 * @p room columns; nothing when not even the first word fits.
 */
void finding_about(struct buf *out, const struct report *r, const struct finding *f, size_t room);

/** "goctx show 0xc000126000 --core FILE", ready to be pasted.  @p target  as struct options has it
 */
void finding_command(struct buf *out, const struct next *n, const char *target);

#endif
