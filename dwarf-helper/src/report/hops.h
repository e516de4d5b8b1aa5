/**
 * @file  The steps of a path in JSON: `why` and the holder of a finding.
 */
#ifndef GOCTX_REPORT_HOPS_H
#define GOCTX_REPORT_HOPS_H

#include "analysis/steps.h"
#include "report/report.h"

/** Append records `hop` to an array of parts that the caller has begun (writer.h: rec_list()). */
void hops_json(const struct report *r, struct buf *out, const struct steps *s);

#endif
