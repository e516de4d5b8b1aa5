/**
 * @file  A path with names: what each pointer on the way from a root is called and leads to.  report/path.h has it in words.
 */
#ifndef GOCTX_ANALYSIS_STEPS_H
#define GOCTX_ANALYSIS_STEPS_H

#include "analysis/path.h"
#include "runtime/link.h"

/** One step: a pointer, or several of the same name and type behind each other. */
struct step {
	struct links via;	  /* where the pointer lies in what the step before led to; of the first step: in the root.  Empty: not known */
	struct pointer_type type; /* of the pointer */
	taddr addr;		  /* object that it leads to, inside of a container the last one */
	uint32_t ctx;		  /* the context that is, CTX_NONE */
	uint32_t task;		  /* the goroutine whose runtime.g that is, TASK_NONE */
	uint64_t times;		  /* 1; of a run of equal ones, all but its first and last stand here */
	uint8_t shape;		  /* enum typed_shape: of what is there */
};

#define STEPS_TASK ROOT_KINDS /* a root of paths alone: what a runtime.g itself holds, which the runtime's list of all goroutines keeps */

struct steps {
	struct model *m;
	VEC(struct step) list;
	uint32_t task;		 /* of the root, TASK_NONE */
	uint8_t root;		 /* enum root_kind, STEPS_TASK */
	bool timer;		 /* the first step leads out of one */
	uint64_t timer_when;	 /* ROOT_TIMER: when it fires, CLOCK_MONOTONIC ns; 0 not known */
	const char *timer_calls; /* the function that it calls; NULL not known */
	taddr owner;		 /* finalizer, cleanup, special: the object it is of */
};

/** Name all pointers of a path; runs of more than 3 equal steps are folded.  Reads the target. */
void steps_build(struct model *m, const struct path *p, struct steps *ret);
void steps_free(struct steps *s);

/** What lies at an address outside of the heap. */
struct outside {
	enum {
		OUTSIDE_OTHER,	  /* mapped, and nothing of the program */
		OUTSIDE_UNMAPPED, /* nothing is there */
		OUTSIDE_GLOBAL,	  /* package variables: via (empty: data without a name), type, offset into it */
		OUTSIDE_STACK,	  /* of task; in_frame: of func, offset above its sp */
		OUTSIDE_CODE,	  /* of func */
	} what;
	struct links via;
	struct pointer_type type; /* of a pointer to the variable */
	uint64_t offset;
	uint32_t task; /* TASK_NONE */
	bool in_frame;
	const char *func; /* NULL not known */
};
void outside_find(struct model *m, taddr a, struct outside *ret);
void outside_free(struct outside *o);

#endif
