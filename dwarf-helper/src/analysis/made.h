/**
 * @file  Where objects were made, as the heap profile's records say (runtime/heapprofile.h).
 *
 * A record has the whole stack of the allocation.  The place is the innermost frame of it that is
 * somebody's own code: outside of the standard library and of golang.org/x, which make contexts for
 * their callers (errgroup.WithContext).  Where there is none, it is the innermost frame above
 * package context and the runtime.  A stack with an address that is in no function has no place
 * from there on.
 */
#ifndef GOCTX_ANALYSIS_MADE_H
#define GOCTX_ANALYSIS_MADE_H

#include "context/model.h"
#include "runtime/heapprofile.h"

/** Records of a target; the places of their stacks are looked up when first asked for. */
struct made {
	struct heap_profile profile;
	uint32_t *frame;  /* by site, FRAME_NONE: no place; MADE_NOT_ASKED */
	bool *in_context; /* by site, once asked: is a frame of package context below the place? */
};

#define MADE_NOT_ASKED (UINT32_MAX - 1)

/** Cost: heap_profile_read().  @return NULL, ERR_CANCELED */
struct err *made_open(const struct model *m, struct made *ret);
void made_close(struct made *made);

/** The place of a site's stack (index into rt->frames), FRAME_NONE.  At most 0.1 ms the first time.
 * Not thread-safe. */
uint32_t made_place(const struct model *m, struct made *made, uint32_t site);

/**
 * The site that made a context: the record of the very object that begins at its address.  One of
 * package context's types counts only when package context allocated it.
 * @return PROFILE_NO_SITE: it was not sampled, or it is part of another object
 */
uint32_t made_context(const struct model *m, struct made *made, uint32_t context);

/** Was it package context that allocated, for the place? */
bool made_in_context(const struct model *m, struct made *made, uint32_t site);

/** What else of one place lives. */
struct made_others {
	uint64_t records, bytes; /* sampled objects, of whatever types, and their slots */
	uint64_t about; /* objects that they stand for, 0 not known: each was sampled with the
			   chance 1 - e^(-size/rate) (runtime/pprof: scaleHeapSample) */
};
void made_others(const struct model *m, struct made *made, uint32_t site, struct made_others *ret);

#endif
