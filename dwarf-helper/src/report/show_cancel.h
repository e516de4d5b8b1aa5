/**
 * @file  Lines of `show` that say who can still cancel the context (analysis/cancel_ways.h).
 */
#ifndef GOCTX_REPORT_SHOW_CANCEL_H
#define GOCTX_REPORT_SHOW_CANCEL_H

#include "analysis/cancel_ways.h"
#include "report/report.h"

/** The lines after the label `cancel`, which the caller has written; all but the first are indented
 * by @p indent columns. */
void show_ways(struct report *r, uint32_t i, const struct ways *w, size_t indent);

/** Address of the first CancelFunc that something holds, for the hint to run `why`; 0: none. */
taddr show_ways_next(const struct ways *w);

/** One JSON line of type canceler each. */
void line_ways(struct report *r, uint32_t i, const struct ways *w);

#endif
