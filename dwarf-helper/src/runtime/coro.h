/**
 * @file  Coroutines (iter.Pull): which object leads to a goroutine that waits for its turn.
 *
 * runtime/coro.go (1.22+): a coro has one goroutine blocked on it, coro.gp, hidden from the
 * collector: the one that the next coroswitch lets run, be it the coroutine or who called it.  The
 * wait reason of both is "coroutine".  So only who reaches the coro (the closures next and stop of
 * iter.Pull, the coroutine itself) can let it go on.
 */
#ifndef GOCTX_RUNTIME_CORO_H
#define GOCTX_RUNTIME_CORO_H

#include "base/map.h"
#include "base/mem.h"
#include "runtime/task.h"

struct coros {
	VEC(taddr) list;    /* of runtime.coro; 0: more than one object could be it */
	struct u64map of_g; /* address of the goroutine -> index in list */
};

/** One pass over the spans whose slots are of a coro's size, if any goroutine waits so: 0.1 s a GiB
 * of them.  @return NULL, ERR_CANCELED */
struct err *coros_find(struct runtime *rt, const struct tasks *ts, struct coros *ret);
void coros_free(struct coros *c);

/** The coro that the goroutine is blocked on; 0: on none, or it is not known. */
taddr coros_of(const struct coros *c, const struct task *t);

#endif
