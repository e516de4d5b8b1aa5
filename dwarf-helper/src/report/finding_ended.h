/**
 * @file  Words of findings about contexts that have ended, or can never tell that they have: what
 * finding_words.c says of these.
 */
#ifndef GOCTX_REPORT_FINDING_ENDED_H
#define GOCTX_REPORT_FINDING_ENDED_H

#include "analysis/finding.h"
#include "report/phrase.h"
#include "report/report.h"

/** Sentences of context-chain and ignores-cancel. */
void word_wrapping(struct buf *out, const struct finding *f);
void word_ignoring(struct buf *out, const struct finding *f);

/** EV_HELD, behind the context's own words: " expired 2s ago (the first one's) · by its CancelFunc
 * alone · 150 different ones". */
void word_held(struct phrase *out, const struct report *r, const struct evidence *e);

/** EV_NIL_DONE: "Done() of gin.Context is nil here (0x…): engine.ContextWithFallback is off". */
void word_nil_done(struct buf *text, const struct report *r, uint32_t context);

/** EV_TIMER: "drops them in 9m58s, calling main.(*jobs).expire (armed, 0x…)". */
void word_timer(struct buf *text, const struct evidence *e);

#endif
