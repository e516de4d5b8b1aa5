/**
 * @file  Findings on a screen and as JSON lines: what `leaks` and `check` have in common.
 *
 *	1  lost-cancel   certain   51 838 contexts, 103 671 tasks, 612 MiB                    9f3c21
 *	   Sentence, folded to the width.
 *	   contexts   evidence after its label, folded between items
 *	   next       goctx show 0xc0000b2000 · goctx bt 884
 *
 * Without --limit the answer fits one screen: findings in full while there is room, then only their
 * first lines, then a count.  --limit N shows N findings in full, --limit 0 all of them, with all
 * their addresses.
 */
#ifndef GOCTX_REPORT_FINDINGS_H
#define GOCTX_REPORT_FINDINGS_H

#include "analysis/finding.h"
#include "report/report.h"

/**
 * Write the whole answer: JSON header and notes included.  Findings below --min-confidence are
 * counted, not shown; sets r->failed when one reaches --fail-on.
 * @param f     sorted
 * @param what  what a person calls one ("suspect", "problem")
 */
void findings_write(struct report *r, const struct findings *f, const char *what);

#endif
