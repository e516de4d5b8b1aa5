/**
 * @file  The roots of the collector that are not stacks (runtime/mgcmark.go: gcPrepareMarkRoots,
 * markroot; mheap.go: specials).
 *
 *     data, bss of every module by gcdatamask, gcbssmask   (noptrdata and noptrbss are never roots)
 *     specials: a finalizer's function, and what an object with a finalizer reaches (the object
 * itself is not kept by it); a cleanup's function and argument (1.24+); the handle of a weak
 * pointer (1.23+), not what it points to the queues of finalizers (allfin) and cleanups
 * (gcCleanups, 1.25+) that are due, with their arguments
 *
 * Timers (see timers.h), wait queues of semaphores, allgs, allm and allp hang on variables and are
 * reached through these.  allgs is the slice of all goroutines: whatever a g itself points to
 * (g._defer, g.waiting, g.param, g.labels …) is reached from ROOT_GLOBAL.
 */
#ifndef GOCTX_RUNTIME_ROOTS_H
#define GOCTX_RUNTIME_ROOTS_H

#include "runtime/heap.h"

enum root_kind {
	ROOT_GLOBAL,
	ROOT_FINALIZER,
	ROOT_CLEANUP,
	ROOT_SPECIAL,
	ROOT_FINALIZER_QUEUE,
	ROOT_CLEANUP_QUEUE,
	ROOT_STACK,
	ROOT_REGISTER,
	ROOT_TIMER,
	ROOT_STOPPED_TIMER, /* entries of timers.h; not visited by roots_each() */
	ROOT_KINDS
};

/** One pointer that is a root. */
struct root {
	uint8_t kind; /* enum root_kind */
	taddr at;     /* where the pointer lies (variable, special, word of the object, queue, stack
			 slot); 0 a register */
	taddr value;  /* what it points to */
	taddr object; /* ROOT_FINALIZER, _CLEANUP, _SPECIAL: the object that the special belongs to;
			 0 */
	uint32_t task; /* ROOT_STACK, ROOT_REGISTER: index of the goroutine; else TASK_NONE */
};

/** @return false to stop */
typedef bool root_fn(void *arg, const struct root *r);

/**
 * Visit all of them, nil pointers left out; others are not checked for being heap addresses. Order:
 * modules, finalizer queue, cleanup queue, specials by address of their span; the same for the same
 * memory. Where a pointer mask cannot be read every word counts.  Cost: about 1 ns a word of data
 * and bss, 50 ns a special.
 * @param incomplete_ret  set to true when a root area could not be read (never to false):
 * unreachability proves nothing then
 * @return NULL, ERR_CANCELED
 */
struct err *roots_each(struct runtime *rt, root_fn *fn, void *arg, bool *incomplete_ret);

/** "global", "stack", "finalizer", "cleanup", "special", "register", "timer", "stopped timer" (the
 * queues read like their kind). */
const char *root_kind_name(uint8_t kind);

#endif
