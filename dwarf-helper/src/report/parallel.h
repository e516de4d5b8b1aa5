/**
 * @file  Two threads make the lines of a long answer; the caller's thread writes them in order.
 *
 *      numbers    |0 … 255|256 … 511|512 … |      each thread takes the next piece that nobody has,
 *      threads        A        B         A         and makes its lines in memory;
 *      written    ──▶ in order, by the thread that called
 */
#ifndef GOCTX_REPORT_PARALLEL_H
#define GOCTX_REPORT_PARALLEL_H

#include "report/lines.h"

/** Write line number @p k to l->out.  Runs on either thread: it may change @p l, and nothing that
 * both can see. */
typedef void parallel_line_fn(struct lines *l, const void *arg, uint64_t k);

/**
 * Append lines 0 … @p n - 1 to the report's output.  The caller's thread makes short answers alone.
 * @param l  of the caller, used for its share
 * @return NULL, ERR_CANCELED
 */
struct err *lines_in_parallel(struct lines *l, uint64_t n, parallel_line_fn *fn, const void *arg);

#endif
