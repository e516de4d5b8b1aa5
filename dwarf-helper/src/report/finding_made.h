/**
 * @file  The words for where contexts were probably made (analysis/likely.h).
 */
#ifndef GOCTX_REPORT_FINDING_MADE_H
#define GOCTX_REPORT_FINDING_MADE_H

#include "analysis/finding.h"
#include "report/phrase.h"
#include "report/report.h"

/** EV_PROBABLY: "probably session.(*Manager).Open session.go:30, the only WithCancel in the
 * function that started their goroutines"; "one of 7 WithCancel calls in package session". */
void words_made(struct phrase *out, const struct report *r, const struct finding *f,
		const struct evidence *e);

/** "WithCancel", "NotifyContext": a maker without its package. */
const char *word_maker(unsigned maker);

#endif
