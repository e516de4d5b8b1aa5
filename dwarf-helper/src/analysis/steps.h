/**
 * @file  A path from a root to an object with the name and type of each pointer on it.
 * report/path.h prints it.
 */
#ifndef GOCTX_ANALYSIS_STEPS_H
#define GOCTX_ANALYSIS_STEPS_H

#include "analysis/path.h"
#include "runtime/link.h"

/** One step: a pointer, or several of the same name and type behind each other. */
struct step {
	struct links via; /* where the pointer lies in the object of the previous step, or in the
			     root.  Empty: not known */
	struct pointer_type type; /* of the pointer */
	taddr addr; /* the object it points to; of several steps inside a container, the last one */
	uint32_t ctx;	/* the context at addr, CTX_NONE */
	uint32_t task;	/* the goroutine whose runtime.g is at addr, TASK_NONE */
	uint64_t times; /* 1, or the number of equal steps folded into this one (all of a run but
			   its first and last) */
	uint8_t shape;	/* enum typed_shape of the object at addr */
};

/* steps.root only: a runtime.g, which runtime.allgs keeps */
#define STEPS_TASK ROOT_KINDS

struct steps {
	const struct model *m;
	VEC(struct step) list;
	uint32_t task;		 /* of the root, TASK_NONE */
	uint8_t root;		 /* enum root_kind, STEPS_TASK */
	bool timer;		 /* the first step leads out of a timer */
	uint64_t timer_when;	 /* ROOT_TIMER: when it fires, CLOCK_MONOTONIC ns; 0 not known */
	const char *timer_calls; /* the function that it calls; NULL not known */
	taddr owner;		 /* of a finalizer, cleanup or special: the object it belongs to */
};

/** Name all pointers of a path; runs of more than 3 equal steps are folded.  Reads the target. */
void steps_build(const struct model *m, const struct path *p, struct steps *ret);
void steps_free(struct steps *s);

/** What lies at an address outside of the heap. */
struct outside {
	enum {
		OUTSIDE_OTHER,	  /* mapped, and nothing of the program */
		OUTSIDE_UNMAPPED, /* nothing is there */
		OUTSIDE_GLOBAL, /* package variables: via (empty: data without a name), type, offset
				   into it */
		OUTSIDE_STACK,	/* of task; in_frame: of func, offset above its sp */
		OUTSIDE_CODE,	/* of func */
	} what;
	struct links via;
	struct pointer_type type; /* of a pointer to the variable */
	uint64_t offset;
	uint32_t task; /* TASK_NONE */
	bool in_frame;
	const char *func; /* NULL not known */
};
void outside_find(const struct model *m, taddr a, struct outside *ret);
void outside_free(struct outside *o);

#endif
