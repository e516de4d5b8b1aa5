/**
 * @file  Which words of a goroutine's stack are live pointers: what the collector's own stack scan
 * would follow.
 *
 * runtime/mgcmark.go (scanstack, scanframeworker), stkframe.go (getStackMap; stack.go until 1.20),
 * mgcstack.go (stack objects): per frame the pointer map of locals and arguments at the pc
 * (PCDATA_StackMapIndex, FUNCDATA_LocalsPointerMaps, _ArgsPointerMaps), and stack objects, which
 * live only when a live pointer leads to them.  sched.ctxt, g._defer with its records and g._panic
 * belong to it.
 *
 * Word by word ("conservative") are taken: what asyncPreempt and debugCallV2 interrupted, and their
 * own frames; the stubs of reflect.MakeFunc and method values with their callers, and what else has
 * no maps or damaged ones; of a running goroutine the registers and all frames up to and including
 * the first that is not the runtime's, since it stands at no safe point; a stack that is being
 * copied.  So the error is on the side of "live": a word is left out only when a map says so.  For
 * goroutines at rest the answer is the collector's.
 *
 * Not seen: vector registers of running threads; what threads hold beside goroutines is
 * stack_threads().
 */
#ifndef GOCTX_RUNTIME_LIVESTACK_H
#define GOCTX_RUNTIME_LIVESTACK_H

#include "runtime/stack.h"

/** One live pointer of a goroutine. */
struct live_word {
	taddr at;    /* address of the stack slot, of a defer record's or g's field, of saved vector
			registers; 0: a register */
	taddr value; /* not nil */
	taddr sp, varp; /* of the frame that holds it: stack pointer, end of its locals; 0: none (g,
			   register) */
	uint32_t info;	/* index into rt->pcs of that frame, PC_NONE */
	bool exact;	/* a pointer map says so; else the word was taken for one */
};

/** @return false to stop */
typedef bool live_fn(void *arg, const struct live_word *w);

struct livestack_state {
	bool complete; /* the walk reached the goroutine's start; otherwise the rest was taken word
			  by word */
	bool unreadable; /* part of stack, registers or records could not be read: pointers may be
			    missing */
	uint32_t frames, conservative; /* frames met; those taken word by word */
};

/**
 * Visit the live pointers of goroutine @p t: nil left out, others not checked for being heap
 * addresses; a word may come twice.  Pointers into its own stack are resolved, not shown: their
 * targets are stack objects, whose words are.  Order: g, registers, frames from the innermost on,
 * stack objects. Cost: about 0.1 us a frame (100 000 goroutines with 680 000 frames: 65 ms); maps
 * are kept by pc, in rt.  Not thread-safe (pc cache).
 * @return false when nothing is known of its stack (no start): the caller must take [stack.lo,
 * stack.hi) for live or give up proofs
 */
bool livestack_each(struct runtime *rt, const struct task *t, live_fn *fn, void *arg,
		    struct livestack_state *ret);

/** Free what is kept between goroutines; runtime_close() calls it. */
void livestack_close(struct runtime *rt);

#endif
