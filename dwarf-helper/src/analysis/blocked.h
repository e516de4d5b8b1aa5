/**
 * @file  Who waits for which context: goroutines parked on a done channel, joined with the context
 * it belongs to.
 */
#ifndef GOCTX_ANALYSIS_BLOCKED_H
#define GOCTX_ANALYSIS_BLOCKED_H

#include "context/model.h"

/** One parked goroutine; 16 bytes.  A select on several done channels is one row, of the first one
 * met. */
struct blocked_row {
	uint32_t task;	  /* index into m->tasks.list */
	uint32_t wait;	  /* index into m->tasks.waits: the done channel */
	uint32_t context; /* whose */
	uint32_t others;  /* other channels of the same select */
};

struct blocked {
	VEC(struct blocked_row)
	rows; /* oldest first, those of unknown age last; equal ages by goid */
};

/** Sums over some rows. */
struct blocked_sums {
	uint64_t rows, channels, canceled_channels;
	int64_t oldest_ns; /* -1: no age is known */
};

/** Join.  Linear in the goroutines.  @return NULL, ERR_CANCELED */
struct err *blocked_find(const struct model *m, struct blocked *ret);

/** Count the distinct channels. */
void blocked_sum(const struct model *m, const struct blocked_row *rows, size_t n,
		 struct blocked_sums *ret);

/** A channel's buffer. */
struct chan_fill {
	taddr chan;
	uint64_t count, size;
};

/** Is the goroutine parked to send to a channel whose buffer is full?  The first such, of a
 * select's.  @return false: no */
bool blocked_full(const struct model *m, uint32_t task, struct chan_fill *ret);

void blocked_free(struct blocked *b);

#endif
