/**
 * @file  The roots of the collector that are not stacks (runtime/mgcmark.go: gcPrepareMarkRoots, markroot; mheap.go: specials).
 *
 *     data, bss of every module by gcdatamask, gcbssmask   (noptrdata and noptrbss are never roots)
 *     specials: a finalizer's or cleanup's function, and what an object with a finalizer reaches (the object itself is not kept by it)
 *     the queues of finalizers and cleanups that are due
 *
 * Timers, wait queues of semaphores, allgs, allm and allp hang on variables and are reached through these.
 */
#ifndef GOCTX_RUNTIME_ROOTS_H
#define GOCTX_RUNTIME_ROOTS_H

#include "runtime/heap.h"

enum root_kind { ROOT_GLOBAL, ROOT_FINALIZER, ROOT_CLEANUP, ROOT_SPECIAL, ROOT_FINALIZER_QUEUE, ROOT_CLEANUP_QUEUE, ROOT_STACK, ROOT_REGISTER, ROOT_KINDS };

/** One pointer that is a root. */
struct root {
	uint8_t kind;	 /* enum root_kind */
	taddr at;	 /* where the pointer lies (variable, special, stack slot); 0 a register */
	taddr value;	 /* what it points to */
	taddr object;	 /* ROOT_FINALIZER, _CLEANUP, _SPECIAL: the object that the special belongs to; 0 */
	uint32_t task;	 /* ROOT_STACK, ROOT_REGISTER: index of the goroutine; else UINT32_MAX */
};

/** @return false to stop */
typedef bool root_fn(void *arg, const struct root *r);

/**
 * Visit all of them, nil pointers left out.
 * @param incomplete_ret  set to true when a root area could not be read (never to false): unreachability proves nothing then
 * @return NULL, ERR_CANCELED
 */
struct err *roots_each(struct runtime *rt, root_fn *fn, void *arg, bool *incomplete_ret);

/** "global", "stack", "finalizer", "cleanup", "special", "register" (the queues read like their kind). */
const char *root_kind_name(uint8_t kind);

#endif
