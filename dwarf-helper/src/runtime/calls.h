/**
 * @file  Which locks a function takes and gives back, whether it sends or receives, and in which
 * order: read from its code.
 *
 * A lock does not say who holds it, and a channel not who will serve it.  What a function on a
 * stack does before and after the place where it stands says that: one that stands between
 * sync.(*Mutex).Lock and Unlock holds a mutex, one that never receives serves no sender.  Calls are
 * found where the compiler has inlined them (pclntab's inline trees, on every processor), and where
 * the code calls them (code_refs_each(), where there is a reader for the processor).  Order is that
 * of addresses, which is that of the source but for branches; calls_holds() says how that is used.
 *
 * Names: sync/mutex.go, rwmutex.go, waitgroup.go, cond.go; golang.org/x/sync/semaphore;
 * runtime/chan.go: chansend1, chanrecv1, chanrecv2, selectnbsend, selectnbrecv, closechan;
 * select.go: selectgo.
 */
#ifndef GOCTX_RUNTIME_CALLS_H
#define GOCTX_RUNTIME_CALLS_H

#include "runtime/code.h"

enum call_kind {
	CALL_MUTEX_LOCK,
	CALL_MUTEX_UNLOCK,
	CALL_WRITE_LOCK,
	CALL_WRITE_UNLOCK,
	CALL_READ_LOCK,
	CALL_READ_UNLOCK,
	CALL_ACQUIRE, /* of a semaphore.Weighted */
	CALL_RELEASE,
	CALL_SIGNAL, /* Signal or Broadcast of a Cond */
	CALL_SEND,
	CALL_RECEIVE,
	CALL_SELECT,
	CALL_CLOSE,
	CALL_DONE,
	CALL_KINDS
};

#define CALL_BIT(kind) (1u << (kind))
#define CALL_ALL (CALL_BIT(CALL_KINDS) - 1)

/* words of offsets, a bit for each of the first 128 words of a struct */
#define CALL_LOADS 2

/** What a function may do to what it is given. */
struct call_effects {
	uint32_t kinds;		    /* CALL_BIT()s */
	uint64_t loads[CALL_LOADS]; /* it loads a word from behind a pointer at these offsets / 8: a
				       pointer in a field that is not among them it does not
					follow */
};

struct call {
	taddr at;
	uint8_t kind; /* enum call_kind */
};

/** What one function does. */
struct func_calls {
	taddr entry, end;
	uint32_t first, n; /* its calls: calls->list.v[first … first + n - 1], by address */
	uint32_t first_var, nvars; /* package variables that its code refers to: calls->vars.v[…],
				      addresses, each once */
	uint32_t kinds;		   /* CALL_BIT()s of its own calls */
	struct call_effects
		near; /* … and of the functions it calls, and those these call, the standard
			 library's left out; all where code could not be read */
	bool whole;   /* its code was read: what is not there is not called */
};

struct calls {
	struct runtime *rt;
	VEC(struct func_calls) funcs; /* no pointer into it outlives the next calls_of() */
	VEC(struct call) list;
	VEC(taddr) vars;
	struct u64map by_entry; /* -> index in funcs */
	struct u64map by_pc;	/* index into rt->pcs + 1 -> the same */
	struct u64map callees;	/* entry | levels below it -> index in effects, of those that were
				   looked at because they are called */
	VEC(struct call_effects) effects;
};

/** Zero-initialised but for rt; calls_free() at the end. */
void calls_free(struct calls *c);

/** What the function does that rt->pcs.v[@p info] is of; NULL: it is no function of Go's.  Cost:
 * some 20 us a function, once. */
const struct func_calls *calls_of(struct calls *c, uint32_t info);

/**
 * Does a goroutine that stands at rt->pcs.v[@p info] hold a lock of that kind (CALL_MUTEX_LOCK,
 * CALL_WRITE_LOCK, CALL_READ_LOCK, CALL_ACQUIRE), by what the function itself does?  It does when
 * the last of these calls before it is a lock; or when one before it is, and the next one behind it
 * unlocks (an early return lies between, or the exits of deferred calls).  A guess: branches are
 * not followed, nor is it known which of several locks of a kind it is. When it stands inside of an
 * inlined call of sync, that call is where it stands.
 */
bool calls_holds(struct calls *c, uint32_t info, enum call_kind lock);

/** What a function does, and what it calls: of a deferred call that is still to run.  Nothing of
 * the standard library's. */
struct call_effects calls_effects(struct calls *c, taddr entry);

/** Has the function that stands at rt->pcs.v[@p info] such a call (of CALL_BIT()s) before that
 * place?  The one it stands in is not counted. */
bool calls_before(struct calls *c, uint32_t info, uint32_t kinds);

/** … behind it? */
bool calls_after(struct calls *c, uint32_t info, uint32_t kinds);

#endif
