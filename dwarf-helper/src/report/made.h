/**
 * @file  Where an object was made, in words and as the record `made`: the line, who called it, and
 * what else of that line lives (analysis/made.h).
 */
#ifndef GOCTX_REPORT_MADE_H
#define GOCTX_REPORT_MADE_H

#include "analysis/made.h"
#include "report/phrase.h"
#include "report/report.h"

/** "main.handle leak.go:22, called by main.serve leak.go:9 · 8 sampled objects of that line live".
 * Nothing for a site without a place.  @return was anything written? */
bool made_text(struct phrase *out, const struct report *r, struct made *made, uint32_t site);

/** The record of the object at @p addr; no line for a site without a place. */
void made_line(struct report *r, struct made *made, taddr addr, uint32_t site);

/** By context, for report.made: the place of each that was sampled, else FRAME_NONE.  To be freed;
 * NULL: none was.  */
uint32_t *made_places(const struct model *m, struct made *made);

#endif
