/**
 * @file  Stacks of parked, runnable, running goroutines and of those in a system call.
 *
 * Each step is sp + frame size from pclntab's pcsp table (exact in every state, no frame pointer
 * needed), looked up once a pc; where a function has no entry (C, assembly without tables) the
 * frame-pointer chain goes on.  Bounded by the goroutine's stack and by STACK_MAX_FRAMES.
 */
#ifndef GOCTX_RUNTIME_STACK_H
#define GOCTX_RUNTIME_STACK_H

#include "runtime/task.h"

#define STACK_MAX_FRAMES 100000

/**
 * Start registers of a goroutine: sched for parked and runnable ones, syscallsp/pc in a system
 * call, the thread's registers when running (through the signal frame when it was stopped in a
 * handler or on the way out of one, curg.sched when it is on g0 or about to jump back into the
 * goroutine, sanitized.h when a sanitizer has taken it to g0).
 * @return false when they are not known
 */
bool stack_start(struct runtime *rt, const struct task *t, struct stack_regs *ret);

/** Same, when the bytes of its runtime.g are at hand. */
bool stack_start_at(struct runtime *rt, const struct task *t, const uint8_t *g,
		    struct stack_regs *ret);

/** Bounds that a goroutine's stack can have: runtime/proc.go, stack.go: maxstackceiling, 2 000 000
 * 000. */
static inline bool stack_sane(const struct runtime *rt, taddr lo, taddr hi)
{
	return lo && lo < hi && arch_is_user(rt->t->arch, hi) && lo % 8 == 0 &&
	       hi - lo <= UINT64_C(1) << 31;
}

/** Bounds of the stack of the runtime.g at @p g.  @return false: not readable, or not bounds a
 * stack can have */
bool stack_bounds(struct runtime *rt, taddr g, taddr *lo, taddr *hi);

/**
 * The registers that may hold a pointer with which a running goroutine goes on: its thread's, or
 * those a signal handler interrupted. Vector registers are not known.
 * @return how many, struct arch's generals; 0: not known (it does not run; its thread's registers
 * could not be read, or only some of them)
 */
size_t stack_registers(struct runtime *rt, const struct task *t, uint64_t regs[ARCH_REGISTERS_MAX]);

/**
 * Is this a goroutine that the handler of a signal has borrowed?  A signal that comes to a thread
 * of C code takes an m and its goroutine off the list of spare ones, until the handler returns or
 * the signal kills the program (runtime/signal_unix.go: badsignal, runtime/proc.go: needm).  In the
 * meantime that goroutine counts as one in a system call; nobody made it.
 * @param g  bytes of the runtime.g of a goroutine in a system call
 */
bool stack_borrowed(struct runtime *rt, const uint8_t *g);

/** One word that a thread may hold a pointer in. */
typedef void stack_word_fn(void *arg, uint64_t word);

/**
 * Registers and stack words of threads that run a timer or a sanitizer on a stack of their own
 * (m.g0).  A one-shot timer is off its heap by then, and the thread may hold the only pointer to
 * the channel that it is about to send on; racefuncenter keeps the closure that is being entered in
 * a register, which C code may push.  The collector need not look there: it lets threads come to a
 * safe point first.  What else lies on such stacks is left over, or reached otherwise.
 * @return false: not all could be read
 */
bool stack_threads(struct runtime *rt, stack_word_fn *fn, void *arg);

/**
 * Where the locals of a frame end: above them a frame that is not empty has saved the caller's
 * frame pointer (runtime/traceback.go: resolveInternal, stkframe.varp).
 */
static inline taddr stack_varp(const struct runtime *rt, taddr sp, int32_t frame_size)
{
	return frame_size > 0 ? sp + (uint64_t)frame_size - rt->t->arch->frame.above_locals : sp;
}

/** Bytes between the end of a frame and the arguments that its function was called with
 * (stkframe.argp). */
static inline uint64_t stack_linkage(const struct runtime *rt)
{
	return rt->t->arch->frame.pushed + (uint64_t)rt->t->arch->frame.below_args;
}

/** One physical frame.  @p pc as to be shown; @p info indexes rt->pcs (looked up at pc - 1 for
 * return addresses).  @return false to stop. */
typedef bool stack_fn(void *arg, taddr pc, taddr sp, uint32_t info);

/**
 * Index into rt->pcs of where a walk starts.  A goroutine that stands in goexit or goexit1, since
 * it is about to end or has been made for a thread of C's, has no frame to be walked; Go's own
 * tracebacks show that one.
 */
uint32_t stack_stands(struct runtime *rt, const struct stack_regs *start);

/** Walk; the reason why it ended is in *complete_ret (may be NULL): true when it reached goexit (or
 * the start of the goroutine). */
void stack_walk(struct runtime *rt, const struct stack_regs *start, stack_fn *fn, void *arg,
		bool *complete_ret);

/** Same; *end_ret is the first frame that @p fn did not see: that of goexit when the walk is
 * complete.  @return complete */
bool stack_walk_end(struct runtime *rt, const struct stack_regs *start, stack_fn *fn, void *arg,
		    struct stack_regs *end_ret);

#endif
