/**
 * @file  Inside of path*.c: the search itself.
 *
 *     path.c          roots, levels, what is put off
 *     path_answer.c   paths to one object, for paths_find()
 *     forest.c        one search of everything, for many paths
 */
#ifndef GOCTX_ANALYSIS_PATH_INTERNAL_H
#define GOCTX_ANALYSIS_PATH_INTERNAL_H

#include "analysis/path.h"
#include "runtime/slots.h"
#include "runtime/timers.h"

/*
 * What a slot was first reached from: 0 not reached, the number of a slot + 1, or with ROOT_BIT the
 * number of a root.
 */
#define ROOT_BIT 0x80000000u
/* pointers looked up together, so that their cache misses overlap */
#define BATCH 32

/* A root that something was first reached from; 24 bytes. */
struct origin {
	taddr at;
	taddr other; /* value of a register, object of a special */
	uint32_t task;
	uint8_t kind;
};

/* Objects reached whose words are still to be read: a bit a slot, and the spans that have any. */
struct frontier {
	uint64_t *bits, *spans;
	VEC(uint32_t) queue;
};

/** What goroutines may wait for: the object at hand. */
struct waited {
	taddr lo, hi;
	uint32_t ctx; /* CTX_NONE */
};

/** A search from all roots; see path.h for its order. */
struct search {
	const struct model *m;
	struct runtime *rt;
	struct paths *ret;
	struct slots slots;
	struct ptrmasks *masks;
	struct ptrwords reader;
	uint64_t *white;  /* a bit a slot: allocated and not reached */
	uint32_t *parent; /* by slot */
	size_t parent_bytes;
	struct frontier now, next;
	VEC(struct origin) origins;
	VEC(uint32_t) holders; /* what points to the object asked for, as in parent */
	uint32_t target;       /* slot asked for, SEARCH_ALL: none, everything is searched */
	uint64_t max;
	struct waited waited; /* the object asked for */
	struct u64map seen;   /* search_holder_key() of holders that are not waiters */
	uint64_t walked;      /* steps that were made to find these */
	bool stop;	      /* enough holders */
	uint32_t task;	      /* goroutine whose stack is being read */
	uint64_t *last; /* NULL, or a bit a slot: objects that are entered when nothing else is
			    left */
	VEC(uint32_t) met_last;	   /* those that have been met */
	VEC(struct root) specials; /* finalizers and cleanups */
	struct timers timers;
	uint32_t held_nelems; /* slots in a span of Ps; a span with another number holds no P */
	struct u64map held; /* slot + 1 of each P: met, but not entered before all else has been */
	taddr value[BATCH];
	uint32_t span[BATCH], from[BATCH], pending;
	struct origin root[BATCH]; /* of roots that are pending */
	bool populate;		   /* this level reads most of the heap */
};

#define SEARCH_ALL UINT32_MAX

/** Make room: s->m and s->rt are set.  Close it on errors, too.  @return NULL, ERR_LIMIT (2^31
 * slots), ERR_ABSENT */
struct err *search_open(struct search *s);
/** All of it, or until there are holders enough.  @return NULL, ERR_CANCELED */
struct err *search_run(struct search *s);
void search_close(struct search *s);

/**
 * What distinguishes the roots of paths: the word, or where the goroutine stands, and who made it.
 * Once very many steps have been made (s->walked), each holder counts as one of a root of its own.
 * @param from  as in s->parent
 * @return 0: a goroutine that waits for the object asked for
 */
uint64_t search_holder_key(struct search *s, uint32_t from);

/** @return false: no such slot */
bool search_object(const struct search *s, uint32_t slot, struct heap_object *ret);
/** The path to @p slot whose last pointer comes from @p from (as in s->parent). */
void search_path(const struct search *s, uint32_t slot, uint32_t from, struct path *ret);

#endif
