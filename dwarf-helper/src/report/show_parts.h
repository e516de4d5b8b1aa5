/**
 * @file  Parts of `show`'s text: labelled lines, and the context's neighbours (show_around.c).
 */
#ifndef GOCTX_REPORT_SHOW_PARTS_H
#define GOCTX_REPORT_SHOW_PARTS_H

#include "analysis/cancel_ways.h"
#include "analysis/made.h"
#include "context/view.h"
#include "report/report.h"

/* columns of a line's label; what belongs to it is indented by as many */
#define LABEL_COLUMNS 11

/** One answer under way. */
struct show {
	struct report *r;
	const struct model *m;
	struct buf *out;
	uint32_t i;
	struct ctx_view view;  /* of the context asked for */
	struct ctx_view other; /* scratch: of a parent or child */
	const struct ways *ways;
	struct made *made;
	struct buf text;
};

/** Begin a line: its label, padded to LABEL_COLUMNS. */
void show_label(struct show *s, const char *name);

/** The chain of parents, nearest first, as many in a line as the width allows.  Long chains show
 * both ends (all with --limit 0). */
void show_parents(struct show *s);

/** How many children and descendants it has, and a line for each of the first children. */
void show_children(struct show *s);

/** A line for each of the first goroutines that are parked on its done channel. */
void show_tasks(struct show *s);

#endif
