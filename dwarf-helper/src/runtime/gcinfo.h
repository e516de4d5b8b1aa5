/**
 * @file  Figures of the collector and the allocator, as the runtime itself keeps them; and what
 * lies in the spans, counted.
 *
 * runtime/mstats.go (mstats, heapStatsDelta, readmemstats_m), runtime/mgcpacer.go
 * (gcControllerState), since 1.19.  A figure that this release or this core does not have is "not
 * known", never zero.
 */
#ifndef GOCTX_RUNTIME_GCINFO_H
#define GOCTX_RUNTIME_GCINFO_H

#include "runtime/specials.h"

/**
 * Numbers that may not be known, and what their fields are called in records; bytes and ns are
 * plain numbers.
 *
 *   heap_*        gcController: bytes of spans in use; of free pages still held, and given back to
 *                 the system
 *   live_marked   what the last mark found alive; live_now: that and what was allocated since (an
 *                 estimate of the runtime's)
 *   next_goal     the heap size at which the next collection should end, as MemStats.NextGC
 *   stacks        bytes of spans that are goroutine stacks
 */
#define GCINFO_NUMBERS(X)                     \
	X(heap_in_use, heap_in_use_bytes)     \
	X(heap_free, heap_free_bytes)         \
	X(heap_released, heap_released_bytes) \
	X(live_marked, live_marked_bytes)     \
	X(live_now, live_now_bytes)           \
	X(next_goal, next_goal_bytes)         \
	X(total_alloc, total_alloc_bytes)     \
	X(total_free, total_free_bytes)       \
	X(mapped_ready, mapped_ready_bytes)   \
	X(stacks, stacks_bytes)               \
	X(collections, collections)           \
	X(forced, collections_forced)         \
	X(pause_total, pause_total_ns)        \
	X(last_end, last_end_unix_ns)         \
	X(arenas, arenas)

struct gc_number {
	bool known;
	uint64_t v;
};

enum gc_phase { GC_OFF, GC_MARK, GC_MARK_TERMINATION, GC_PHASE_UNKNOWN };

#define GC_PAUSES 256 /* of the runtime's ring (mstats.pause_ns) */

struct gc_pause {
	uint64_t ns;	   /* world stopped, in one collection */
	uint64_t end_unix; /* Unix time of its end, ns; 0 not known */
};

/** What the spans of one span class hold; large objects have slot 0. */
struct gc_class {
	uint64_t slot; /* bytes, 0: large objects, each in a span of its own */
	bool noscan;   /* no pointers in them */
	uint64_t spans, slots, objects;
	uint64_t bytes; /* of the objects' slots */
	uint64_t span_bytes;
};

struct gcinfo {
#define X(name, json) struct gc_number name;
	GCINFO_NUMBERS(X)
#undef X
	enum gc_phase phase;
	bool has_percent, has_limit, has_cpu;
	int32_t percent;     /* GOGC; -1: off */
	int64_t limit;	     /* GOMEMLIMIT, bytes; INT64_MAX: none */
	double cpu_fraction; /* of the time the program could have had, since its start */
	struct gc_pause pause[GC_PAUSES]; /* newest first */
	unsigned npauses;

	VEC(struct gc_class) classes;	/* most bytes first */
	uint64_t spans, objects, bytes; /* sums over the classes */
	bool counted;			/* false: there is no heap to count */
	bool incomplete; /* bits of some spans, or spans, were unreadable: sums are lower bounds */
	struct gc_number specials[SPECIAL_KINDS]; /* attached to objects; a kind that this release
						     does not have is not known */
};

/**
 * Read the figures and count the spans' objects (garbage that awaits its sweep is not counted;
 * while a mark is under way garbage cannot be recognised).  Cost: a popcount a span, 10 ms a GiB.
 * @return NULL, ERR_CANCELED
 */
struct err *gcinfo_read(struct runtime *rt, struct gcinfo *ret);
void gcinfo_free(struct gcinfo *g);

/** "off", "mark", "mark termination"; NULL not known. */
const char *gc_phase_name(enum gc_phase p);

#endif
