/**
 * @file  What could not be looked at, so that an answer is no proof.  word_gap() (report/words.h)
 * has the words.
 */
#ifndef GOCTX_ANALYSIS_GAP_H
#define GOCTX_ANALYSIS_GAP_H

enum gap {
	GAP_NONE,
	/* stacks and goroutines */
	GAP_STACK,	  /* part of a goroutine's stack cannot be read */
	GAP_NO_STACK,	  /* a goroutine's stack could not be found */
	GAP_MOVING_STACK, /* a goroutine's stack was being moved */
	GAP_REGISTERS,	  /* the registers of a running goroutine are not known */
	GAP_THREAD,	  /* registers or stack of a thread */
	GAP_TASKS,	  /* some goroutines */
	/* roots and heap */
	GAP_GLOBALS, /* part of the package variables */
	GAP_ROOTS,   /* part of the package variables, finalizers or cleanups */
	GAP_SPANS,   /* part of the heap's spans */
	GAP_HEAP,    /* part of the heap is missing or damaged */
	GAP_OBJECTS, /* memory of objects that hold pointers */
	GAP_DAMAGE,  /* something else that was read is damaged, and noted */
	GAP_NO_HEAP, /* all of the heap */
	/* CancelFuncs */
	GAP_PROFILE,   /* a build with a profile may have inlined them */
	GAP_CLOSURES,  /* part of the heap was not searched for them */
	GAP_FUNCTIONS, /* the program's functions, by which they are known */
	GAPS
};

#endif
