/**
 * @file  Goroutines ("tasks"): runtime.allgs as one compact array, and what each parked one waits
 * on.
 *
 * runtime/runtime2.go: types g, sudog; runtime/proc.go: allgs; runtime/traceback.go:
 * isSystemGoroutine.
 */
#ifndef GOCTX_RUNTIME_TASK_H
#define GOCTX_RUNTIME_TASK_H

#include <pthread.h>

#include "runtime/runtime.h"

/** Status without the scan bit (runtime2.go: _Gidle …). */
enum task_status {
	TASK_IDLE = 0,
	TASK_RUNNABLE = 1,
	TASK_RUNNING = 2,
	TASK_SYSCALL = 3,
	TASK_WAITING = 4,
	TASK_DEAD = 6,
	TASK_COPYSTACK = 8,
	TASK_PREEMPTED = 9,
	TASK_LEAKED = 10,
	TASK_DEADEXTRA = 11,
};

enum {
	TASK_SYSTEM = 1,
	TASK_DAMAGED = 2,
	TASK_LABELED = 4 /* g.labels is set */,
	TASK_BUBBLED = 8 /* g.bubble is set, see bubble.h */
};

#define FRAME_NONE UINT32_MAX

/** One goroutine that is not dead; 56 bytes. */
struct task {
	taddr g;
	uint64_t goid;
	uint64_t parent_goid; /* 0: not known (before 1.21) or none */
	uint64_t waitsince; /* CLOCK_MONOTONIC ns of the first collection that saw it wait: a lower
			       bound; 0: not stamped */
	union {
		struct {
			uint32_t
				wait_first; /* its waits: set->waits.v[wait_first … + nwaits - 1] */
			uint32_t nwaits;    /* a select has up to 65536 */
		};
		taddr sudog; /* until tasks_waits() has been there: the first of its sudogs, 0
				 none */
	};
	uint32_t frame; /* index into rt->frames: the user's frame, FRAME_NONE when the stack could
			   not be walked */
	uint32_t created; /* frame of the go statement, FRAME_NONE */
	uint32_t start;	  /* frame of the start function, wrappers resolved where names allow it */
	uint8_t status;	  /* enum task_status */
	uint8_t reason; /* index into rt->wait_reasons; meaningful for TASK_WAITING and TASK_LEAKED
			   only */
	uint8_t flags;
};

/** WAIT_UNTOLD: in a select; which queue the sudog is on has not been looked up. */
enum task_wait_op { WAIT_RECV, WAIT_SEND, WAIT_UNTOLD };

/** One channel a parked goroutine waits on (a sudog); 16 bytes. */
struct task_wait {
	taddr chan;
	uint32_t context; /* index of the context whose done channel it is, CTX_NONE; filled by the
			     context layer */
	uint8_t op;	  /* enum task_wait_op; WAIT_UNTOLD until task_wait_op() is asked */
};

struct tasks {
	VEC(struct task) list; /* in order of allgs; dead ones left out */
	VEC(struct task_wait) waits;
	uint64_t dead; /* how many dead g's allgs holds */
	uint64_t
		unread; /* g's that are unreadable or contradict themselves, left out of the list */
	uint64_t bad_waits; /* goroutines whose wait queue is unreadable, not theirs, or without
				end */
	uint64_t beyond;    /* entries of allgs that are out of reach */
	uint64_t by_status[16];
	taddr bubble; /* of testing/synctest: that of the first goroutine that has one; 0 none */
	bool bubbles; /* there are several */
	size_t waits_read;   /* of the list, those that have their waits */
	uint64_t waits_most; /* how many waits there may be in all; 0 not known yet */
};

/** How far tasks_read() is: for a thread that goes on with what another one has read. */
struct tasks_progress {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t n; /* of the list, those that have been read */
	bool end; /* no more will come */
};

void tasks_progress_open(struct tasks_progress *p);
void tasks_progress_close(struct tasks_progress *p);

/** Wait until more than @p n of the list have been read, or all.  @return how many; no more than @p
 * n: that is all */
size_t tasks_progress_wait(struct tasks_progress *p, size_t n);

/** Where a walk starts. */
struct stack_regs {
	taddr pc, sp, bp;
	taddr lo, hi;  /* bounds of the stack that sp lies in */
	bool exact_pc; /* pc is the current instruction (a thread's register), not a return
			   address */
};

/** Called with the stack of each goroutine while it is hot in the cache: [start->sp, start->hi) is
 * in use. */
typedef void task_stack_fn(void *arg, const struct stack_regs *start);

/**
 * Read all goroutines: status, wait reason, created-by, and the user's frame of each (stack walked
 * as far as that); not yet their waits.  @p fn (may be NULL) sees every stack that has a start. One
 * bad g is counted and left out, the others stay.  Cost: ~0.4 us a goroutine.  May run beside heap
 * and type readers of another thread: of @p rt only the pc cache changes, and no notes are written.
 * @param progress  updated as the list grows (which does not move meanwhile) and at the end, errors
 * included; may be NULL
 * @return NULL, ERR_FAULT/ERR_BAD_DATA (allgs itself), ERR_CANCELED
 */
struct err *tasks_read(struct runtime *rt, struct tasks *ret, task_stack_fn *fn, void *arg,
		       struct tasks_progress *progress);

/**
 * Read the waits of the first @p end of the list that have none yet.  May run beside tasks_read(),
 * up to where its progress is; of the list it changes sudog and TASK_DAMAGED.  Cost: ~0.08 us a
 * goroutine.
 */
void tasks_waits(struct runtime *rt, struct tasks *ts, size_t end);

/** Do @p n goroutines lie so close that what is around one in the core is other goroutines'? */
bool task_dense(const struct runtime *rt, uint64_t n);

void tasks_free(struct tasks *ts);

/** "waiting", "running", … */
const char *task_status_name(uint8_t status);

/** The wait reason ("select", "chan receive"), NULL when the status has none. */
const char *task_reason(const struct runtime *rt, const struct task *t);

/** The same as Go's traceback says it: of a goroutine in a bubble also "sleep (durable)"
 * (runtime/traceback.go: goroutineheader, since 1.25). */
const char *task_reason_told(const struct runtime *rt, const struct task *t);

/** What a person reads in a state column: the wait reason, else the status. */
const char *task_state(const struct runtime *rt, const struct task *t);

/** Index of a goroutine by id, TASK_NONE when there is none. Linear. */
uint32_t task_by_goid(const struct tasks *ts, uint64_t goid);

/**
 * Does the k-th wait of @p t (0 … nwaits - 1) receive or send?  The first call reads it for all
 * waits of @p t and keeps it with them, so only one thread at a time may ask about the same @p t.
 */
enum task_wait_op task_wait_op(struct runtime *rt, const struct tasks *ts, const struct task *t,
			       uint32_t k);

/** Value of g.labels (see label.h), 0 when none or unreadable. */
taddr task_labels(const struct runtime *rt, const struct task *t);

#endif
