/**
 * @file  The largest groups of goroutines and contexts that no finding names (analysis/crowds.h),
 *which `leaks` prints after its findings.
 *
 *	Largest groups that no finding names:
 *	  1 204 goroutines  stream.(*Conn).pump conn.go:88 · select for 4 h, the newest for 2 min ·
 *started at …
 */
#ifndef GOCTX_REPORT_CROWDS_H
#define GOCTX_REPORT_CROWDS_H

#include "analysis/finding.h"
#include "report/report.h"

/** Text, folded to the width; nothing when there are none. */
void crowds_text(struct report *r, const struct findings *f);

/** Lines of JSON, type `group`. */
void crowds_json(struct report *r, const struct findings *f);

#endif
