/**
 * @file  Inside of reach_build(): what its stages share.  Not for other files than reach*.c.
 *
 *     waits      who waits on what, and which of them have been woken            reach_wait.c
 *     can        which contexts can be cancelled, handed down from parents        reach_cancel.c
 *     finals     finalizers and cleanups, and those that are never called         reach_final.c
 *     apart      who does not come back in the first part of REACH_LIVE           reach_others.c,
 *                                                                                 reach_registry.c
 *     hits       the first two look again only when a watched object is marked    reach.c
 */
#ifndef GOCTX_ANALYSIS_REACH_INTERNAL_H
#define GOCTX_ANALYSIS_REACH_INTERNAL_H

#include "analysis/reach.h"
#include "runtime/coro.h"
#include "runtime/roots.h"
#include "runtime/timers.h"
#include "runtime/wake.h"

/** One object that a goroutine waits on. */
struct reach_wait {
	taddr addr, sudog; /* 0: coroutines have no sudog */
	uint32_t context;  /* whose done channel it is, of a kind of the library's; CTX_NONE */
	bool is_chan;
};

/** Who waits for a slot to be marked: a goroutine (task), or a canceler (CANCELER_BIT set); a list
 * for each slot. */
struct reach_user {
	uint32_t who, next;
};
#define CANCELER_BIT 0x80000000u

/** A pointer that a finalizer or cleanup of an object keeps. */
struct reach_final {
	taddr object, value;
};

struct reacher {
	const struct model *m;
	struct runtime *rt;
	struct reach *r;
	struct marks *mk;
	uint8_t stage; /* enum reach_stage under way */
	VEC(struct reach_wait) waits;
	uint32_t *first_wait; /* per task + 1: its waits are waits.v[first_wait[i] … first_wait[i +
				 1] - 1] */
	VEC(uint32_t) ready;  /* woken, their stacks are still to be searched */
	uint8_t *can;	      /* per context: CAN_… */
	bool overlooked;     /* a watcher, or what is registered with a custom parent, may have been
				missed */
	uint64_t *under_way; /* bit per context: a goroutine is inside of package context with it */
	VEC(uint32_t) spread;	  /* contexts whose `can` is still to be handed down */
	struct u64map watcher_of; /* task + 1 -> the canceler that it is */
	struct u64map users_of;	  /* slot + 1 -> first of its users */
	VEC(struct reach_user) users;
	struct coros coros;
	uint64_t came; /* goroutines woken and contexts found to be cancelable so far */
	VEC(struct reach_final) finals; /* not marked yet; of one object side by side */
	VEC(taddr) final_objects;	/* with finalizers and cleanups, not reached but by these */
	struct u64map never_final; /* objects whose finalizers and cleanups are never called: known
				      in the second marking */
	/* the first part of REACH_LIVE */
	bool apart;		   /* it is under way */
	uint32_t main;		   /* goroutine 1, which comes last in it; TASK_NONE */
	bool main_waits, main_now; /* it can run, but has not been let go; what is marked now is on
				      its stack itself */
	uint8_t *held;		   /* by task: HELD_… */
	uint8_t *program;	   /* by context: it ends with the program alone */
	uint8_t *freely; /* by context, as can: by somebody else than the end of the program */
	struct u64map timer_chans, broadcasts; /* channels */
	VEC(taddr) registries;		       /* leaves until the first part is over */
	VEC(uint8_t) may_cancel; /* by index into rt->pcs: 0 not looked up, 1 no, 2 a function that
				    may cancel what it has on its stack */
};

/** can[]: no; yes; yes, but a custom type with a Done of its own lies between: a child must be in a
 * children map to follow. */
enum { CAN_NOT, CAN, CAN_FOREIGN };

/** Note that "not reached" proves nothing from here on, and why; the first reason is kept. */
void reach_incomplete(struct reacher *x, enum gap gap);

/** Call back for @p who (struct reach_user) once the slot that holds @p a is marked.  @return
 * false: it is marked already, or lies outside of the heap */
bool reach_watch(struct reacher *x, taddr a, uint32_t who);

/** Tell those who watch what has been marked. */
void reach_take_hits(struct reacher *x);

static inline bool reach_cancels(const struct ctx *c)
{
	return ctx_kind_has_done(c->kind);
}

/* reach_wait.c */
/** Read what everybody waits on; mark the sudogs and g's of those that are parked as leaves, put
 * the others on x->ready. */
struct err *reach_waits_read(struct reacher *x);
/** Marking has settled: wake goroutines whose wait is now reachable, and watch the others. */
void reach_waits_begin(struct reacher *x);
/** REACH_CHANNEL begins: wake whoever waits on a reached channel, cancellable or not, and all
 * coroutines. */
void reach_waits_channel(struct reacher *x);
/** REACH_OWN begins: what parked g's and sudogs hold counts. */
void reach_waits_own(struct reacher *x);
/** It comes back: its stack is to be searched. */
void reach_ready(struct reacher *x, uint32_t task);
/** Wake the goroutine if what it waits on allows it. */
void reach_try(struct reacher *x, uint32_t task);
/** Mark from the stacks of x->ready, until it is empty. */
void reach_scan_ready(struct reacher *x);
/** REACH_STUCK begins: wake all goroutines that are left. */
void reach_wake_rest(struct reacher *x);

/** Wake whom what is marked by now allows to wake. */
void reach_waits_again(struct reacher *x);

/* reach_others.c */
/** After reach_waits_read(): who is held out, and of what. */
void reach_others_begin(struct reacher *x, const struct timers *timers);
/** Is the wait one that wakes the goroutine by itself alone, or with the end of the program? */
bool reach_others_skips(const struct reacher *x, uint32_t task, const struct reach_wait *w);
/** Does the context end with the program alone, as far as whoever has just been found to hold a
 * CancelFunc of it tells? */
bool reach_others_ends(const struct reacher *x, uint32_t context);
/** Everything but the main goroutine's stack has been marked: that, too.  The caller settles. */
void reach_others_main(struct reacher *x);
/** Keep what has been found; all come back from now on. */
void reach_others_end(struct reacher *x);
void reach_others_forget(struct reacher *x);
void reach_others_free(struct reach_others *o);

/* reach_registry.c */
/** Make leaves of the registries that libraries keep of what the goroutines held out as HELD_STREAM
 * work for.  Cost: a walk of their stacks. */
void reach_registries_begin(struct reacher *x);
/** The first part is over: what is registered counts. */
void reach_registries_end(struct reacher *x);

/* reach_final.c */
/** Put the root of a finalizer or cleanup aside.  @return false: it is another kind of root */
bool reach_final_put_aside(struct reacher *x, const struct root *root);
/** Mark what finalizers and cleanups of marked objects lead to.  @return false: there are no more
 * of these */
bool reach_finals_mark_live(struct reacher *x);
/** Mark what the other finalizers and cleanups lead to, except those that are never called. */
void reach_finals_mark_rest(struct reacher *x);
/** REACH_LIVE has ended: keep in x->final_objects only those that were not reached. */
void reach_finals_keep_unreached(struct reacher *x);
/** REACH_CHANNEL begins: as the collector does, follow those that are never called, too. */
void reach_finals_mark_never(struct reacher *x);
/** Everything is marked: put objects that only goroutines hold which never run again into
 * x->never_final.  @return there are any */
bool reach_finals_find_never(struct reacher *x);

/* reach_cancel.c */
/** Set x->can of contexts that are cancelable from the start. */
void reach_cancel_begin(struct reacher *x);
/** Set x->can of contexts whose cancelers are marked by now; watch the other cancelers. */
void reach_cancel_watch(struct reacher *x);
/** The closure of canceler @p i was marked. */
void reach_cancel_hit(struct reacher *x, uint32_t i);
/** Hand x->spread down the trees; wakes who waits there. */
void reach_spread(struct reacher *x);
/** The goroutine can run; if it is a watcher, the context it watches for becomes cancelable. */
void reach_cancel_task(struct reacher *x, uint32_t task);
/** Look at a live word of a stack: if it is a context in a frame of package context, a cancellation
 * is under way. */
void reach_cancel_word(struct reacher *x, uint32_t task, taddr value, uint32_t pcinfo);
/** Set canceler.stage of those reached by now. */
void reach_cancel_stages(struct reacher *x);
/** Fill r->cancelable; all stages have run. */
void reach_cancel_classify(struct reacher *x);

#endif
