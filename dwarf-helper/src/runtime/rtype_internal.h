/**
 * @file  Inside of the type reader: what rtype.c, rtype_name.c, rtype_mask.c and itab.c share.
 */
#ifndef GOCTX_RUNTIME_RTYPE_INTERNAL_H
#define GOCTX_RUNTIME_RTYPE_INTERNAL_H

#include <pthread.h>

#include "runtime/rtype.h"

/* Longer names, or structs of more fields, are taken for damage. */
#define RTYPE_NAME_MAX 4096
#define RTYPE_FIELDS_MAX 4096

/** abi.TFlag, as far as it is used here. */
enum {
	TFLAG_UNCOMMON = 1,
	TFLAG_EXTRA_STAR = 2,
	TFLAG_NAMED = 4,
	TFLAG_MASK_ON_DEMAND = 16,
	FLAG_DIRECT_IFACE = 32
};

/** abi.Name's flag byte. */
enum { NAME_EMBEDDED = 8 };

struct rtypes {
	uint64_t serial; /* of this cache, unique in our process */
	pthread_mutex_t
		lock; /* recursive; held while the rest, but for the itabs, is read or changed */
	struct u64map index;	  /* address -> number in list */
	VEC(struct rtype *) list; /* NULL: no plausible descriptor there */
	VEC(struct itab) itabs;	  /* sorted by address */
	struct u64map itab_index; /* address -> number in itabs */
	VEC(char *) blocks;	  /* memory of types, fields and names; freed as a whole */
	size_t block_left;	  /* bytes left at the end of the newest block */
	unsigned depth;		  /* element types being decoded inside each other */
};

/** Memory that lives until rtypes_close(), 8-aligned, not cleared. */
void *rtypes_alloc(struct rtypes *r, size_t n);

/** Module whose [types, etypes) holds the address, or NULL. */
const struct module *rtype_module(const struct runtime *rt, taddr addr);

/**
 * Text of the abi.Name at @p addr, NUL-terminated, owned by rt->rtypes.
 * @param flags_ret  its flag byte; may be NULL
 * @return NULL when unreadable, empty, too long, or not printable in one line
 */
const char *rtype_name_at(struct runtime *rt, taddr addr, uint8_t *flags_ret);

/** Text behind a nameOff of the descriptor at @p type; NULL also for 0 and for those that only
 * reflect can resolve. */
const char *rtype_name_off(struct runtime *rt, taddr type, int32_t off);

/**
 * Fill ty->pkgpath and ty->full; ty is already in the cache with its name, kind and element set.
 * @param uncommon  address of its UncommonType, 0 when it has none
 */
void rtype_name_qualify(struct runtime *rt, struct rtype *ty, taddr uncommon);

/** Name and full name of a type that reflect made, whose own is out of reach: "<reflect type
 * 0x…>". */
void rtype_name_stand_in(struct runtime *rt, struct rtype *ty);

/** Read runtime.itabTable.  @return NULL, ERR_FAULT or ERR_BAD_DATA */
struct err *itabs_open(struct runtime *rt);

#endif
