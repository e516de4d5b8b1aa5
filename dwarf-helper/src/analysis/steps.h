/**
 * @file  A path in words: what each pointer on the way from a root is called.
 */
#ifndef GOCTX_ANALYSIS_STEPS_H
#define GOCTX_ANALYSIS_STEPS_H

#include "analysis/path.h"
#include "base/buf.h"

/** One step: a pointer, or several of the same name and type behind each other. */
struct step {
	char *via;	/* ".conns[\"a\"]", of the first step what the root is: "app.srv", "stack +0x58 of main.pump"; as the target has it */
	char *type;	/* of the pointer: "*app/stream.Conn", "context.Context (*context.cancelCtx)"; NULL not known */
	taddr addr;	/* object that it leads to, inside of a container the last one */
	uint32_t ctx;	/* the context that is, CTX_NONE */
	uint32_t task;	/* the goroutine whose runtime.g that is, UINT32_MAX */
	uint64_t times; /* 1; of a run of equal ones, all but its first and last stand here */
};

struct steps {
	struct model *m;
	VEC(struct step) list;
	uint32_t task;	    /* of the root, UINT32_MAX */
	const char *root;   /* "global", "stack", "register", "finalizer", …; "task" what a runtime.g itself holds, "timer" what an armed timer holds, "stopped timer" */
	bool timer;	    /* the first step leads out of one */
	uint64_t timer_when; /* "timer": when it fires, CLOCK_MONOTONIC ns; 0 not known */
	const char *timer_calls; /* the function that it calls; NULL not known */
	taddr owner;	    /* finalizer, cleanup, special: the object it is of */
};

/** Name all pointers of a path; runs of more than 3 equal steps are folded.  Reads the target. */
void steps_build(struct model *m, const struct path *p, struct steps *ret);
void steps_free(struct steps *s);

/* steps_line.c: a path in one line, safe for a terminal */
#define STEPS_LINE 8 /* steps that are enough for a person */

/** `global app.srv.conns["a"] → .ctx`, `task 12 main.main main.go:9 → stack +0x58 of main.main → .ctx`; beyond @p most steps the middle goes. */
void steps_line(const struct steps *s, size_t most, struct buf *out);
/** What it begins at: "task 12 main.main main.go:9", "global", "finalizer of 0xc000012000". */
void steps_root(const struct steps *s, struct buf *out);
/** "app/stream.(*Conn).pump conn.go:88"; "?" for FRAME_NONE. */
void say_frame(const struct model *m, uint32_t frame, struct buf *out);

/** What lies at an address outside of the heap: "global app.srv", "on the stack of task 7 …"; appends nothing when nothing is known. */
void place_outside(struct model *m, taddr a, struct buf *out);

#endif
