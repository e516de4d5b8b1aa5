/**
 * @file  Lines of `show` that say who can still cancel the context (analysis/cancel_ways.h).
 */
#ifndef GOCTX_REPORT_SHOW_CANCEL_H
#define GOCTX_REPORT_SHOW_CANCEL_H

#include "analysis/cancel_ways.h"
#include "report/report.h"

/** Text of the label `cancel`, several lines, each but the first indented by @p indent columns; the caller has written the label. */
void show_ways(struct report *r, uint32_t i, const struct ways *w, size_t indent);

/** The closure worth asking `why` about: the first that something holds; 0: none. */
taddr show_ways_next(const struct ways *w);

/** One JSON line of type canceler each. */
void line_ways(struct report *r, uint32_t i, const struct ways *w);

#endif
