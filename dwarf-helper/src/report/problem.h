/**
 * @file  In words: what does not fit together, of `show` and `check`.
 */
#ifndef GOCTX_REPORT_PROBLEM_H
#define GOCTX_REPORT_PROBLEM_H

#include "analysis/problem.h"
#include "base/buf.h"

/** "err nil and done open agree", "the map of 0xc000012000 above it does not hold it": of one context that stands beside it. */
void word_issue(struct buf *out, const struct model *m, const struct ctx_issue *issue);

/** The same of any problem, whatever it is about named: "0xc000012000 WithCancel: …", "goroutine 7 is parked on channel …". */
void word_problem(struct buf *out, const struct model *m, const struct problem *p);

/** What all problems of one kind have in common, as a sentence. */
const char *word_problems(enum check_kind kind);

#endif
