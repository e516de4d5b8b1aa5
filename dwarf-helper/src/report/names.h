/**
 * @file  Names of many contexts, fast: siblings share the text of their parent's name.
 *
 * Gives the same text as ctx_name(), encoded for where it goes: the inside of a JSON string, or
 * safe for a terminal. ctx_name() climbs to the root for each context; here the name of a parent is
 * kept in a small cache and deep contexts remember which ancestor begins their name, so that a
 * chain of a million contexts costs a million steps, not their square.
 */
#ifndef GOCTX_REPORT_NAMES_H
#define GOCTX_REPORT_NAMES_H

#include "report/report.h"

#define NAMES_SLOTS 1024 /* names kept; a power of two */

struct names {
	const struct model *m;
	bool json;
	struct {
		uint32_t ctx; /* whose name it is, CTX_NONE empty */
		struct buf text;
	} slot[NAMES_SLOTS];
	uint32_t *head; /* by context: the ancestor that ends the head of a long name; made when the
			   first deep context is met */
	struct buf raw, part;
};

void names_open(struct names *n, const struct model *m, bool json);
void names_close(struct names *n);

/**
 * Append the name of context @p i.
 * @param key  its key as ctx_key() gave it when the caller has read it already, else NULL; ignored
 * for all but value contexts
 */
void names_put(struct names *n, uint32_t i, const struct buf *key, struct buf *out);

#endif
