/**
 * @file  Inside of identity.h: what is compared, and what came of it.
 */
#ifndef GOCTX_RUNTIME_IDENTITY_INTERNAL_H
#define GOCTX_RUNTIME_IDENTITY_INTERNAL_H

#include "runtime/identity.h"

struct comparison {
	const struct image *img;
	struct target *t;
	const struct layout *l;
	uint64_t bias;
	uint64_t compared, different;
	taddr at; /* of the first word that differs, with both sides */
	uint64_t there, here;
};

/**
 * Does every itab stand in the target's runtime.itabTable where the hashes of the file's types put
 * it?  A type's hash is that of its name and shape, so this finds other types at the same
 * addresses.  In a core without read-only pages the table is the only trace of them.  Types of
 * other modules are left out, as is a table that is not readable.
 * @return false: some do not
 * Cost: a microsecond an itab.
 */
bool identity_itabs_fit(struct comparison *c);

#endif
