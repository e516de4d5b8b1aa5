/**
 * @file  `tree --json`: context, edge and task lines, parents before children; never folded.
 */
#ifndef GOCTX_REPORT_TREE_JSON_H
#define GOCTX_REPORT_TREE_JSON_H

#include "report/report.h"

/** All roots, or (@p top not CTX_NONE) one context and what is below it. */
struct err *tree_json(struct report *r, uint32_t top);

#endif
