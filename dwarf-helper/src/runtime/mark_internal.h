/**
 * @file  Inside of marking: one thread's share of a drain.
 */
#ifndef GOCTX_RUNTIME_MARK_INTERNAL_H
#define GOCTX_RUNTIME_MARK_INTERNAL_H

#include <pthread.h>

#include "runtime/mark.h"

#define MARK_RING 2048 /* spans a thread keeps to itself */
/* pointers looked up together, so that their cache misses overlap */
#define MARK_BATCH 32

/** What the threads of one drain share. */
struct mark_pool {
	struct marks *mk;
	pthread_mutex_t lock;
	pthread_cond_t more;
	VEC(uint32_t) spans; /* given away; [first, n) are left */
	size_t first;
	unsigned threads; /* at work or waiting */
	unsigned idle;	  /* of these, waiting; read without the lock as a hint */
	bool stop;	  /* nothing is left, or cancelled */
	bool canceled;
	pthread_t helper;
	bool helper_runs;
};

/** One thread. */
struct marker {
	struct marks *mk;
	struct mark_pool *pool;
	struct ptrwords *reader;
	bool shared; /* another thread marks too */
	uint32_t ring[MARK_RING], head, n;
	taddr value[MARK_BATCH];
	uint32_t span[MARK_BATCH], pending;
	uint64_t objects, bytes;
	VEC(uint64_t) hits; /* watched slots that this thread marked */
};

/** Mark an object by its span and slot, unless the slot is free.  @return true when it was not
 * marked */
bool marker_mark(struct marker *m, uint32_t span, uint32_t index);

/** Have the words of a marked object read. */
void marker_read(struct marker *m, uint32_t span, uint32_t index);

/** Mark what a word points to, if it is an object; at the latest in marker_flush(). */
void marker_word(struct marker *m, taddr value);
void marker_flush(struct marker *m);

/** Read words until nothing is grey, together with the other threads of the pool. */
void marker_run(struct marker *m);

#endif
