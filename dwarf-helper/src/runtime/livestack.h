/**
 * @file  Which words of a goroutine's stack are live pointers: what the collector's own stack scan would follow.
 *
 * runtime/mgcmark.go (scanstack, scanframeworker), stkframe.go (getStackMap), mgcstack.go (stack objects): per frame the pointer map of locals and
 * arguments at the pc (PCDATA_StackMapIndex, FUNCDATA_LocalsPointerMaps, _ArgsPointerMaps), and stack objects, which live only when a
 * live pointer leads to them.  Frames without maps, the frame below asyncPreempt or a signal, everything of a running thread's innermost
 * frame, and whatever fails a check is taken word by word: the error is always on the side of "live".
 * Registers of running threads, g._defer, g._panic and sched.ctxt belong to the stack's pointers, too.
 */
#ifndef GOCTX_RUNTIME_LIVESTACK_H
#define GOCTX_RUNTIME_LIVESTACK_H

#include "runtime/stack.h"

/** One live pointer of a goroutine. */
struct live_word {
	taddr at;	/* address of the stack slot, of a defer record's or g's field; 0: a register */
	taddr value;
	taddr sp, varp; /* of the frame that holds it, 0: none (g, register) */
	uint32_t info;	/* index into rt->pcs of that frame, PC_NONE */
	bool exact;	/* a pointer map says so; else the word was taken for one */
};

/** @return false to stop */
typedef bool live_fn(void *arg, const struct live_word *w);

struct livestack_state {
	bool complete;	   /* the walk reached the goroutine's start; otherwise the rest was taken word by word */
	bool unreadable;   /* part of the stack could not be read: pointers may be missing */
	uint32_t frames, conservative; /* frames met; those taken word by word */
};

/**
 * Visit the live pointers of goroutine @p t (nil left out, others not checked for being heap addresses; pointers into its own stack are resolved and left out).
 * Cost: about 1 us a frame; pc lookups are kept, stack maps are not copied.  Not thread-safe (pc cache).
 * @return false when nothing is known of its stack (no start): the caller must take [stack.lo, stack.hi) for live or give up proofs
 */
bool livestack_each(struct runtime *rt, const struct task *t, live_fn *fn, void *arg, struct livestack_state *ret);

#endif
