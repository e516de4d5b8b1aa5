/**
 * @file  What was under way when the target was taken: goroutines in the middle of cancelling or
 * making a context, or of a channel operation.
 *
 * This distinguishes damage from an update in progress.  Memory is read at one moment, but such a
 * goroutine may have updated only part of a structure: context/context.go (cancel, removeChild:
 * cancelled and still in the parent's map, without a lock), runtime/chan.go (closechan, send, recv:
 * off the queue and not yet runnable).  A goroutine that is parked on a channel updates nothing.
 */
#ifndef GOCTX_CONTEXT_UNDERWAY_H
#define GOCTX_CONTEXT_UNDERWAY_H

#include "context/model.h"

struct underway {
	struct u64map
		contexts; /* addresses of contexts that lie on such a stack, or in its registers */
	uint64_t tasks;	  /* goroutines inside of package context */
	bool channels;	  /* some goroutine is inside of a channel operation */
};

/** Walk the stacks of all goroutines but those parked on channels.  1 us a frame: call it only when
 * something does not fit.
 *  @return NULL, ERR_CANCELED */
struct err *underway_find(const struct model *m, struct underway *ret);
void underway_free(struct underway *u);

/** True when a goroutine inside of package context has the context on its stack. */
static inline bool underway_context(const struct underway *u, const struct model *m, uint32_t i)
{
	return u64map_find(&u->contexts, m->ctxs.v[i].addr) != U64MAP_NONE;
}

#endif
