/**
 * @file  Who waits for whom: goroutines, what they wait for, and who holds that.
 *
 *     goroutine ──waits──▶ object ──held by──▶ goroutine ──waits──▶ object …
 *
 * Objects are channels, mutexes, the two sides of read-write mutexes, wait groups, Conds, and what
 * libraries give out a limited number of (semaphores of x/sync, pools of database/sql); the done
 * channels of contexts are none, they are `blocked`'s.  What a goroutine waits for is known
 * (runtime/wake.h).  Who holds it is inferred, but for one case, because Go writes down no owner:
 *
 *     mutex         a goroutine that has the lock's struct in live words of a frame that has locked
 *                   and not unlocked (runtime/calls.h)
 *     RWMutex       its write side the same, and for certain who waits in Lock for the last
 *                   readers; its read side who has called RLock likewise.  One who called RLock and
 *                   waits in Lock is both, a deadlock of one goroutine
 *     channel       who may take what is sent, or send what is waited for: it has the channel, or
 *                   what leads there in two steps, in live words of a frame (or in variables its
 *                   code names) whose function, or one that it calls, receives (sends, closes).
 *                   Not who waits for nothing but a context's end, nor goroutine 1 that receives in
 *                   main.main: these wait for the end of the program.  One that waits to send to it
 *                   has sent before in another frame: a semaphore's second slot
 *     wait group    the same with Done.  A goroutine can wait for itself: the frame that receives,
 *                   or is to call Done, has called the one that sends, or waits
 *     Cond          … with Signal or Broadcast.  Who waits in it has given its lock back
 *     semaphore     of golang.org/x/sync (runtime/limits.h): who has acquired and not released, or
 *                   was started to release it
 *     pool          of database/sql: who has an open Rows, Tx or Conn in live words, or what leads
 *                   there in two steps; and who waits in the pool's own functions with one
 *
 * A goroutine moves when it is not parked, or for I/O, a timer, a context; not so for a context
 * that ends with the program alone (programs.h), when it waits for something else as well.  What is
 * held by somebody who moves moves; so does what nobody is found to hold, but for a channel that is
 * sent to, all of whose possible receivers were looked for, and for a Cond whose waiters hold a
 * lock that others wait for.  A holder too many therefore keeps things quiet.  What then is left
 * does not move: each hangs on a chain that ends in a cycle, or with a goroutine that sends and
 * nobody receives.
 *
 * Cost: a look at what each goroutine waits for; where a lock, a full channel or a wait group is
 * waited for, up to four walks over all stacks, and a bounded number of looks at objects.
 */
#ifndef GOCTX_ANALYSIS_WAITFOR_H
#define GOCTX_ANALYSIS_WAITFOR_H

#include "context/model.h"
#include "runtime/calls.h"
#include "runtime/limits.h"

enum wait_kind {
	WAIT_CHAN,
	WAIT_MUTEX,
	WAIT_RWMUTEX_WRITE,
	WAIT_RWMUTEX_READ,
	WAIT_WAITGROUP,
	WAIT_COND,
	WAIT_SEMAPHORE, /* of the runtime; with a size, a semaphore.Weighted */
	WAIT_POOL,	/* sql.DB */
	WAIT_KINDS
};

#define WAIT_NO_OBJECT UINT32_MAX

/** What goroutines wait for. */
struct wait_object {
	taddr addr;	    /* the hchan; the first byte of the lock, the Cond, the Weighted, the
			       DB; the word of a semaphore of the runtime */
	uint8_t kind;	    /* enum wait_kind */
	bool send, receive; /* of a channel: goroutines wait to do that */
	bool looked;	    /* for holders, in all stacks */
	bool moves;
	bool cycle;	      /* the end of chains that come back to it */
	uint64_t count, size; /* of a channel's buffer, of what a semaphore gives out, of a pool's
				 connections */
	uint32_t first_waiter, waiters; /* tasks: waitfor.waiters.v[…] */
	uint32_t first_holder, holders; /* waitfor.holders.v[…], the nearest first */
	uint32_t end; /* of its chain: an object without holders, or one of a cycle; WAIT_NO_OBJECT:
			 it moves */
	uint32_t steps; /* to there */
};

struct wait_holder {
	uint32_t object, task;
	uint32_t frame; /* index into rt->frames: the function that has it, FRAME_NONE */
	uint8_t hops;	/* pointers from the frame to it */
	bool inferred;
};

enum wait_state {
	WAIT_MOVES,   /* not parked, or for what ends by itself, or not known */
	WAIT_OBJECTS, /* for objects, and for contexts (on_context) */
	WAIT_CONTEXT, /* for contexts alone */
	WAIT_NEVER,   /* for what never comes: nil channels, or a proof says so */
};

/** What one goroutine waits for. */
struct wait_task {
	uint32_t first, n; /* waitfor.waits.v[…]: objects */
	uint8_t state;	   /* enum wait_state */
	bool on_context;   /* a context's end would let it go on, too */
	bool may_end;	   /* and that may come before the program's */
	bool moves;
	bool hangs;    /* what it waits for does not move, contexts aside */
	uint32_t next; /* the first of its objects that does not move, WAIT_NO_OBJECT */
};

struct waitfor {
	const struct model *m;
	struct wait_task *tasks;	 /* by task */
	VEC(struct wait_object) objects; /* in the order in which goroutines name them */
	VEC(uint32_t) waits, waiters;
	VEC(struct wait_holder) holders; /* by object */
	bool cut; /* too much to look at, or no heap: some holders may be missing, and all counts as
		     moving */
	bool any; /* something does not move */

	/* inside */
	uint8_t *programs; /* programs_find() */
	struct u64map by_addr;
	struct calls calls;
	struct limits limits;
};

/**
 * Find all of it.
 * @param never  by task: proven never to run again; NULL
 * @return NULL, ERR_CANCELED
 */
struct err *waitfor_build(const struct model *m, const bool *never, struct waitfor *ret);
void waitfor_free(struct waitfor *w);

/** The holder that a chain goes on with, NULL: nobody. */
static inline const struct wait_holder *waitfor_next(const struct waitfor *w, uint32_t object)
{
	const struct wait_object *o = &w->objects.v[object];

	return o->holders ? &w->holders.v[o->first_holder] : NULL;
}

/** Goroutines that hang on one chain, by where it ends. */
struct wait_chain {
	bool cycle;
	uint32_t end;	/* object */
	uint32_t start; /* the object of it that most wait for, of equals the farthest from the
			   end */
	uint32_t tasks; /* how many hang on it */
};

struct wait_chains {
	VEC(struct wait_chain) list; /* cycles, then those that most hang on; of equals the one that
					the first goroutine waits for */
};

void waitfor_chains(const struct waitfor *w, struct wait_chains *ret);

/** Chains that are alike: step by step the same functions and lines wait for objects of the same
 * kind, and they end alike.  How many wait is no part of it. */
struct wait_alike {
	uint32_t first, n; /* chains: alike.chains.v[…], the longest first, indices into the list
			      of wait_chains */
	uint32_t least, most; /* goroutines on one of them */
	uint64_t tasks;	      /* … on all */
	bool cycle;
};

struct wait_alikes {
	VEC(struct wait_alike) list; /* cycles, then those that most hang on */
	VEC(uint32_t) chains;
};

/** Put like to like.  @param fold  false: each chain by itself.  Zero-initialised; the caller frees
 * both lists.  Cost: a walk along each chain. */
void waitfor_alike(const struct waitfor *w, const struct wait_chains *c, bool fold,
		   struct wait_alikes *ret);

/**
 * One step of a chain: goroutines, and what they wait for.  The first are all that wait for the
 * chain's start, those of the others hold what the step before waits for.
 */
struct wait_step {
	uint32_t task, tasks; /* the first of them, how many */
	uint32_t
		frame; /* where it stands: the user's frame, and of a semaphore who has called it */
	bool inferred; /* that they hold it */
	taddr addr;    /* of what they wait for, 0: for what never comes */
	uint8_t kind;  /* enum wait_kind */
	uint64_t count, size; /* of the object */
};

struct wait_steps {
	VEC(struct wait_step) list;
	bool never;    /* the last waits for what never comes */
	uint32_t back; /* the step that holds what the last waits for: a cycle; WAIT_NO_OBJECT:
			  nobody does */
};

/** From an object to the end of its chain; the caller frees the list. */
void waitfor_steps(const struct waitfor *w, uint32_t object, struct wait_steps *ret);

/** Is it a channel with a buffer in which nothing has room, a semaphore or pool of which nothing is
 * left? */
static inline bool waitfor_full(const struct wait_object *o)
{
	return o->size && o->count >= o->size;
}

/* ---- inside: waitfor_hold.c ---- */

/** Look for the holders of the objects that are @p wanted in all stacks; adds them to w->holders.
 * @return NULL, ERR_CANCELED */
struct err *waitfor_hold(struct waitfor *w, const bool *wanted);

/** waitfor_pool.c: look for who has the connections of all pools that are waited for. @return NULL,
 * ERR_CANCELED */
struct err *waitfor_pools(struct waitfor *w);

#endif
