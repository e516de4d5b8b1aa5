/**
 * @file  By what one context is known to be one: the references that evidence.c went by, found
 * again with their places.
 */
#ifndef GOCTX_CONTEXT_KNOWN_H
#define GOCTX_CONTEXT_KNOWN_H

#include "context/model.h"

enum known_by {
	KNOWN_OBJECT,	/* interface value of its type in a heap object: `at` its address, `object`
			   that object */
	KNOWN_VARIABLE, /* in a package variable: `at` */
	KNOWN_STACK,	/* on the stack of task `other`: `at` */
	KNOWN_MAP,	/* key of the children map of context `other` */
	KNOWN_PARENT,	/* parent word of context `other` */
	KNOWN_TYPED,	/* a pointer of its type leads to it */
	KNOWN_HEADER,	/* the allocator wrote its type in front of it */
	KNOWN_CODE,	/* captured by a closure with the code of a CancelFunc or of a timer's
			    callback */
	KNOWN_SELF,	/* its own words: done channel and err agree as those of a cancelCtx do */
};

struct known {
	uint8_t by; /* enum known_by */
	uint32_t other;
	taddr at, object;
};

#define KNOWN_MAX 9

/**
 * One of each kind that there is: what hangs together with other contexts first.  Interface values
 * elsewhere are looked for only when no children map and no parent word refers to it; the first one
 * met counts: heap objects, package variables, stacks. Cost: at most one pass over the heap's
 * words.  @return how many
 */
size_t ctx_known_by(const struct model *m, uint32_t i, struct known ret[KNOWN_MAX]);

#endif
