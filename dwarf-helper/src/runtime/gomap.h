/**
 * @file  Maps of the debuggee: one iterator, both generations, also caught mid-growth, mid-write or
 * with tombstones.
 *
 * Bucket maps: runtime/map.go until 1.23 (and GOEXPERIMENT=noswissmap).  Swiss maps:
 * internal/runtime/maps since 1.24. Which one is chosen by which structs and fields the layout has.
 * Strides come from the map's type descriptor when there is one, since GOEXPERIMENT=mapsplitgroup
 * changes them.
 */
#ifndef GOCTX_RUNTIME_GOMAP_H
#define GOCTX_RUNTIME_GOMAP_H

#include "runtime/runtime.h"

/** Geometry of one map type. */
struct gomap_type {
	bool swiss;
	taddr key_type, elem_type;
	uint32_t key_size, elem_size;	  /* as stored; 8 when indirect */
	bool key_indirect, elem_indirect; /* the slot holds a pointer */
	uint32_t bucket_size;		  /* bucket maps */
	uint32_t group_size, keys_off, key_stride, elems_off,
		elem_stride; /* Swiss maps: key i at keys_off + i * key_stride of a group */
};

/** Geometry from a map type descriptor.  @return false when it is unreadable or contradicts
 * itself. */
bool gomap_type_read(struct runtime *rt, taddr map_type, struct gomap_type *ret);

/** Geometry of map[K]struct{} with an interface as key, for when no descriptor is known: context's
 * children map. */
void gomap_type_iface_set(const struct runtime *rt, struct gomap_type *ret);

/** State of the map itself, for `children` and `check`. */
struct gomap_state {
	bool swiss;
	bool readable;	     /* the header could be read and makes sense */
	uint64_t count;	     /* the count word */
	uint64_t found;	     /* entries met while iterating */
	uint64_t tombstones; /* deleted slots of a Swiss map */
	uint64_t tables;     /* Swiss: tables in the directory (0: one small group); bucket map:
				 buckets */
	bool growing;	     /* bucket map: old buckets are still there */
	bool writing;	     /* caught while written */
	uint64_t unreadable; /* groups or buckets that could not be read */
	bool cut;	     /* stopped at the entry limit */
};

/** Read only the header: count, readable, writing.  Cheap.  @p map is the address of the hmap or
 * maps.Map; 0 reads as empty. */
bool gomap_header(struct runtime *rt, taddr map, struct gomap_state *ret);

/** One entry: addresses of key and element (indirection resolved).  @return false to stop. */
typedef bool gomap_fn(void *arg, taddr key, taddr elem);

/**
 * Visit every entry once.  At most @p max entries; no more slots are looked at than the header's
 * geometry allows, and a geometry beyond what could be in memory is refused (readable = false).
 */
void gomap_each(struct runtime *rt, taddr map, const struct gomap_type *ty, uint64_t max,
		gomap_fn *fn, void *arg, struct gomap_state *ret);

#endif
