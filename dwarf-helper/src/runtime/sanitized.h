/**
 * @file  Goroutines whose thread is inside a sanitizer: the race detector (-race), -asan, -msan.
 *
 * Instrumented code calls the sanitizer's C code through racecall, asancall or msancall
 * (runtime/race_amd64.s, asan_amd64.s, msan_amd64.s), which keep the goroutine's stack pointer in
 * R12 alone and change over to the stack of m.g0:
 *
 *     MOVQ SP, R12;  MOVQ (g_sched+gobuf_sp)(g0), SP;  ANDQ $~15, SP;  CALL AX;  MOVQ R12, SP;  RET
 *
 * Nothing is saved in curg.sched, and what is left in there from an earlier call of C is out of
 * date.  C code has to give R12 back as it was, so while it runs the stack pointer is in R12 or in
 * a word that C code has pushed.
 */
#ifndef GOCTX_RUNTIME_SANITIZED_H
#define GOCTX_RUNTIME_SANITIZED_H

#include "runtime/task.h"

/** Where a thread stands, and what it keeps: as it runs, or as a signal interrupted it. */
struct sanitized_regs {
	taddr pc, sp;
	uint64_t kept; /* the register in which the goroutine's stack pointer is kept (struct arch:
			  sanitizer_sp) */
	bool all;      /* all registers are known */
};

/** The stack of m.g0. */
struct sanitized_g0 {
	taddr lo, hi;
	taddr sched_sp; /* g0.sched.sp: where calls on that stack begin */
};

enum sanitized {
	SANITIZED_NOT,	  /* the thread is elsewhere */
	SANITIZED_TOLD,	  /* and here the goroutine's stack goes on */
	SANITIZED_UNTOLD, /* it is in there, but which word is the goroutine's stack pointer is not
			     known */
};

/** Is the thread inside of a sanitizer that a goroutine has called? */
bool sanitized_in(struct runtime *rt, const struct sanitized_g0 *g0,
		  const struct sanitized_regs *r);

/**
 * Where the goroutine goes on that called the sanitizer its thread is in.  A word is taken for its
 * stack pointer when it lies in its stack, what is there is a return address behind a CALL of one
 * of the runtime's calls into the sanitizer, and a walk from there reaches the start of the
 * goroutine; when two different words are like that, none is.
 * @param r    the thread's, out of signal handlers
 * @param ret  lo and hi are the bounds of the goroutine's stack; pc, sp and bp (0, not known) are
 * set on SANITIZED_TOLD
 * Cost: a word a compare, of what C code has in use (hundreds of bytes to a MiB), and a few stack
 * walks.
 */
enum sanitized sanitized_start(struct runtime *rt, const struct sanitized_g0 *g0,
			       const struct sanitized_regs *r, struct stack_regs *ret);

#endif
