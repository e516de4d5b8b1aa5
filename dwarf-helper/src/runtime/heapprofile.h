/**
 * @file  Records of the heap profile: which code allocated an object.
 *
 * The runtime samples allocations: one in MemProfileRate bytes on average, 512 KiB unless the
 * program sets another (runtime/malloc.go: nextSample).  A sampled object gets a special of kind
 * profile, which points to a bucket: the whole stack of the allocation, and the size of the slot
 * (runtime/mprof.go: mProf_Malloc, stkbucket; mheap.go: specialprofile).  Allocations of one size
 * with the same stack share a bucket.  Buckets are never freed.  A special goes with its object.
 *
 *     span.specials ──▶ special {offset, kind}
 *                          b ──▶ bucket {typ, size, nstk} pc pc pc …      innermost first
 *
 * A record is believed where all of it agrees: its offset is that of an object, the object is
 * allocated, the bucket is one of memory and of this slot size, its stack has a sane length.
 * Everything else is counted in `bad`, and noted once as damage.
 *
 * In a 16-byte slot without pointers the allocator may put several tiny objects (malloc.go:
 * mallocgcTiny).  A record there is of the first of them alone.
 *
 * When nothing in the program reaches runtime.MemProfile, as runtime/pprof and net/http/pprof do,
 * the linker sets runtime.disableMemoryProfiling (cmd/link: linksetup) and there are no records.
 */
#ifndef GOCTX_RUNTIME_HEAPPROFILE_H
#define GOCTX_RUNTIME_HEAPPROFILE_H

#include "runtime/heap.h"

enum profile_state {
	PROFILE_UNKNOWN, /* its variables could not be read */
	PROFILE_ON,	 /* allocations are sampled */
	PROFILE_ZERO,	 /* the program has set MemProfileRate to 0; older records may be there */
	PROFILE_UNUSED,	 /* the linker found that nothing asks for it, and turned it off */
};

#define PROFILE_NO_SITE UINT32_MAX

/** One bucket that objects refer to. */
struct alloc_site {
	taddr stack;	/* its return addresses in the target, innermost first */
	uint32_t depth; /* how many */
	uint32_t live;	/* records of objects that are allocated */
	uint64_t size;	/* bytes of the slot that each takes */
};

struct alloc_record {
	taddr object;  /* behind a type header */
	uint32_t site; /* index into sites */
	uint32_t gone; /* bytes of the slot that are none of the object's: its type header; all but
			  the first where the slot may hold several tiny objects */
};

struct heap_profile {
	uint8_t state; /* enum profile_state */
	uint64_t rate; /* MemProfileRate, bytes; 0 when it is 0 or less, or not known */
	VEC(struct alloc_record) records; /* ascending by object */
	VEC(struct alloc_site) sites;
	uint64_t bad; /* records that agree with no object */
	bool cut;     /* some lists of specials could not be read to their end */
};

/**
 * Read all records.  Cost: 100 ns for each special of the heap.
 * @return NULL, ERR_CANCELED
 */
struct err *heap_profile_read(struct runtime *rt, struct heap_profile *ret);
void heap_profile_free(struct heap_profile *p);

/** The record of the object that @p a points into, NULL: it has none.  Logarithmic; any number of
 * threads. */
const struct alloc_record *heap_profile_find(const struct heap_profile *p, taddr a);

#define PROFILE_STACK 1026 /* runtime/mprof.go: maxProfStackDepth, and room for inlined frames */

/**
 * Frames of the site's stack, innermost first, as indices into rt->frames; FRAME_NONE for an
 * address in no function.  Each entry is one frame of the source: the runtime has undone inlining
 * (runtime/traceback.go: tracebackPCs), and has left out wrappers.  Not thread-safe, as
 * runtime_pc().
 * @param max  room in @p frames
 * @return how many; 0: the stack could not be read
 */
size_t heap_profile_stack(struct runtime *rt, const struct alloc_site *site, uint32_t *frames,
			  size_t max);

#endif
