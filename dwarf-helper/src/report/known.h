/**
 * @file  Words for why an object counts as a context (context/known.h).
 */
#ifndef GOCTX_REPORT_KNOWN_H
#define GOCTX_REPORT_KNOWN_H

#include "base/buf.h"
#include "context/known.h"

/** "parent word of 0xc000012000", "interface value in variable app.srv"; safe for a terminal.
 * @param redact  without keys of maps */
void word_known(struct buf *out, const struct model *m, const struct known *k, bool redact);

#endif
