/**
 * @file  Inside of reach_build(): what its stages share.  Not for other files than reach*.c.
 *
 *     waits      who waits on what, and which of them have been woken            reach_wait.c
 *     can        which contexts can be cancelled, handed down from parents        reach_cancel.c
 *     finals     finalizers and cleanups, and those that are never called         reach_final.c
 *     the first two are asked again only when a watched object is marked          reach.c
 */
#ifndef GOCTX_ANALYSIS_REACH_INTERNAL_H
#define GOCTX_ANALYSIS_REACH_INTERNAL_H

#include "analysis/reach.h"
#include "runtime/coro.h"
#include "runtime/roots.h"
#include "runtime/wake.h"

/** One object that a goroutine waits on. */
struct reach_wait {
	taddr addr, sudog; /* 0: coroutines have no sudog */
	uint32_t context; /* whose done channel it is, of a kind of the library's; CTX_NONE */
	bool is_chan;
};

/** Somebody wants to know when a slot is marked: a goroutine (task), or a canceler (CANCELER_BIT set); a list. */
struct reach_user {
	uint32_t who, next;
};
#define CANCELER_BIT 0x80000000u

/** A pointer that a finalizer or cleanup of an object keeps. */
struct reach_final {
	taddr object, value;
};

struct reacher {
	struct model *m;
	struct runtime *rt;
	struct reach *r;
	struct marks *mk;
	uint8_t stage; /* enum reach_stage under way */
	VEC(struct reach_wait) waits;
	uint32_t *first_wait;	  /* per task + 1: its waits are waits.v[first_wait[i] … first_wait[i + 1] - 1] */
	VEC(uint32_t) ready;	  /* woken, their stacks are still to be searched */
	uint8_t *can;		  /* per context: CAN_… */
	bool untold;		  /* a watcher, or what is registered with a custom parent, may have been overlooked */
	uint64_t *under_way;	  /* bit per context: a goroutine is inside of package context with it */
	VEC(uint32_t) spread;	  /* contexts whose `can` is still to be handed down */
	struct u64map watcher_of; /* task + 1 -> the canceler that it is */
	struct u64map users_of;	  /* slot + 1 -> first of its users */
	VEC(struct reach_user) users;
	struct coros coros;
	uint64_t came;		  /* goroutines woken and contexts found to be cancelable so far */
	VEC(struct reach_final) finals; /* not marked yet; of one object side by side */
	VEC(taddr) final_objects; /* with finalizers and cleanups, not reached but by these */
	struct u64map never_final; /* objects whose finalizers and cleanups are never called: known in the second marking */
	VEC(uint8_t) may_cancel;  /* by index into rt->pcs: 0 not looked up, 1 no, 2 a function that may cancel what it has on its stack */
};

/** can[]: no; yes; yes, but a custom type with a Done of its own lies between: a child must be in a children map to follow. */
enum { CAN_NOT, CAN, CAN_FOREIGN };

/** "Not reached proves nothing", and why; the first reason is kept. */
void reach_incomplete(struct reacher *x, enum gap gap);

/** Tell @p who when the slot that holds @p a is marked.  @return false: it is marked already, or lies outside of the heap */
bool reach_watch(struct reacher *x, taddr a, uint32_t who);

static inline bool reach_cancels(const struct ctx *c)
{
	return c->kind == CTX_CANCEL || c->kind == CTX_TIMER || c->kind == CTX_AFTER_FUNC;
}

/* reach_wait.c */
/** Read what everybody waits on; mark the sudogs and g's of those that are parked as leaves, put the others on x->ready. */
struct err *reach_waits_read(struct reacher *x);
/** All marked what marks now: wake whom that wakes, watch the rest. */
void reach_waits_begin(struct reacher *x);
/** REACH_CHANNEL begins: what parked g's and sudogs hold counts, contexts do not any more. */
void reach_waits_channel(struct reacher *x);
/** Wake the goroutine if what it waits on allows it. */
void reach_try(struct reacher *x, uint32_t task);
/** Search the stacks of x->ready. */
void reach_scan_ready(struct reacher *x);
/** All that are left. */
void reach_wake_rest(struct reacher *x);

/* reach_final.c */
/** Put a root aside.  @return false: it is none of a finalizer or cleanup */
bool reach_final_root(struct reacher *x, const struct root *root);
/** Mark what those lead to whose object is marked.  @return false: there are no more */
bool reach_finals_of_live(struct reacher *x);
/** Mark what the others lead to, but for those that are never called. */
void reach_finals_rest(struct reacher *x);
/** REACH_LIVE has ended: which objects are not reached? */
void reach_finals_live_end(struct reacher *x);
/** REACH_CHANNEL begins: the collector follows those that are never called, too. */
void reach_finals_channel(struct reacher *x);
/** All is marked: which are never called, because only goroutines hold the object that never run again?  @return any */
bool reach_finals_never(struct reacher *x);

/* reach_cancel.c */
/** What is cancelable from the start. */
void reach_cancel_begin(struct reacher *x);
/** Cancelers that are marked by now; watch the rest. */
void reach_cancel_watch(struct reacher *x);
/** The closure of canceler @p i was marked. */
void reach_cancel_hit(struct reacher *x, uint32_t i);
/** Hand x->spread down the trees; wakes who waits there. */
void reach_spread(struct reacher *x);
/** The goroutine can run: if it is a watcher, so can the context it watches for be cancelled. */
void reach_cancel_task(struct reacher *x, uint32_t task);
/** A live word of a stack: a cancellation under way? */
void reach_cancel_word(struct reacher *x, uint32_t task, taddr value, uint32_t pcinfo);
/** Stages of cancelers reached by now. */
void reach_cancel_stages(struct reacher *x);
/** r->cancelable, once all stages are through. */
void reach_cancelable(struct reacher *x);

#endif
