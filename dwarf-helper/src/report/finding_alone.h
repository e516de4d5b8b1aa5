/**
 * @file  The words of findings about goroutines that nobody but themselves, or the end of the
 * program, could end (analysis/alone.h), or that nobody can: sentences and evidence.
 */
#ifndef GOCTX_REPORT_FINDING_ALONE_H
#define GOCTX_REPORT_FINDING_ALONE_H

#include "analysis/finding.h"
#include "report/phrase.h"
#include "report/report.h"

void words_stuck(struct buf *out, const struct report *r, const struct finding *f);
void words_only_itself(struct buf *out, const struct finding *f);
void words_unclosed(struct buf *out, const struct finding *f);
void words_until_exit(struct buf *out, const struct finding *f);

/** EV_CASES: a set of CASE_… */
void words_cases(struct phrase *out, uint64_t cases);
/** EV_SPREAD */
void words_spread(struct phrase *out, const struct spread *s);

#endif
