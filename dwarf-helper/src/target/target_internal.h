/**
 * @file  Inside of the target layer: the list of regions while it is being made.
 *
 * Invariant after target_sort(): ascending, no overlap, none empty.  Every function here keeps it.
 * None of them may run while another thread reads from the target.
 */
#ifndef GOCTX_TARGET_TARGET_INTERNAL_H
#define GOCTX_TARGET_TARGET_INTERNAL_H

#include "base/map.h"
#include "target/target.h"

/** A line of NT_FILE: [start, end) is mapped from byte @a off of a file on. */
struct file_range {
	taddr start, end;
	uint64_t off;
	int32_t file;
};

typedef VEC(struct file_range) file_ranges;

/** Paths of target.files by their hash; zero-initialise, free with u64map_free(). */
struct file_index {
	struct u64map by_hash;
};

static inline uint64_t region_len(const struct region *r)
{
	return r->end - r->start;
}

/** Give the list of regions a new serial: to be called after every change. */
void target_changed(struct target *t);

/** Set the processor.  Its smallest page is taken for the debuggee's until target_auxv() sets
 * that. */
void target_set_arch(struct target *t, const struct arch *arch);

/** An entry of the auxiliary vector (AT_ENTRY, AT_PHDR, AT_PAGESZ; others are passed by).  @pre
 * target_set_arch() */
void target_auxv(struct target *t, uint64_t type, uint64_t value);

/** Index of the file @p path (@p len bytes, copied) in target.files, added when new. */
int32_t target_add_file(struct target *t, struct file_index *index, const char *path, size_t len,
			taddr start);

/**
 * Say which file lies behind which addresses: regions are split at the borders of ranges, and what
 * no region covers becomes an absent, read-only one.  @p ranges is sorted in place; where two
 * overlap the later one is cut.
 */
void target_overlay(struct target *t, file_ranges *ranges);

/** Join anonymous neighbours that are contiguous in the debuggee and in our memory: a heap span may
 * cross them. */
void target_merge(struct target *t);

#endif
