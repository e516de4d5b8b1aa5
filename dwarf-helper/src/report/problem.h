/**
 * @file  Words for the contradictions that `show` and `check` find.
 */
#ifndef GOCTX_REPORT_PROBLEM_H
#define GOCTX_REPORT_PROBLEM_H

#include "analysis/problem.h"
#include "base/buf.h"

/** For `show`, which has named the context: "err nil and done open agree", "the map of 0xc000012000
 * above it does not hold it". */
void word_issue(struct buf *out, const struct model *m, const struct ctx_issue *issue);

/** For `check`, with what it is about: "0xc000012000 WithCancel: …", "goroutine 7 is parked on
 * channel …". */
void word_problem(struct buf *out, const struct model *m, const struct problem *p);

/** The sentence that heads a finding of `check`: it fits all problems of one kind. */
const char *word_problems(enum check_kind kind);

#endif
