/**
 * @file  Inside of struct debug, for debug*.c only.  The only place where libdwarf's headers are
 * included.
 *
 *   debug_reader.c   sections for libdwarf, inflated by libelf
 *   debug_units.c    compilation units, index of their structs and variables by name
 *   debug_types.c    one type: members, sizes, paths, description
 *   debug.c          open, close, find
 *   debug_walk.c     types, variables and captures one at a time
 *   debug_frame.c    variables of a frame, and where they lie
 *   debug_lists.c    location and range lists
 *
 * A DIE is named by its offset in .debug_info.  libdwarf's objects are freed where they were made,
 * its errors at once: with dwarf_set_de_alloc_flag(0) nobody else does it.
 */
#ifndef GOCTX_IMAGE_DEBUG_INTERNAL_H
#define GOCTX_IMAGE_DEBUG_INTERNAL_H

#if __has_include(<libdwarf/libdwarf.h>)
#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#else
#include <dwarf.h>
#include <libdwarf.h>
#endif

#include "base/mem.h"
#include "image/debug.h"

/* Before 0.3.0 (2021) the version was a date, and there was no macro. */
#ifdef DW_LIBDWARF_VERSION_MAJOR
#define LIBDWARF_AT_LEAST(major, minor)         \
	(DW_LIBDWARF_VERSION_MAJOR > (major) || \
	 (DW_LIBDWARF_VERSION_MAJOR == (major) && DW_LIBDWARF_VERSION_MINOR >= (minor)))
#else
#define LIBDWARF_AT_LEAST(major, minor) 0
#endif

/* Limits against damaged input; a thousand times what the largest known programs need. */
enum {
	DEBUG_MAX_UNITS = 1 << 20,
	DEBUG_MAX_DIES = 1 << 26,    /* looked at in all */
	DEBUG_MAX_MEMBERS = 1 << 14, /* of one struct */
	DEBUG_MAX_CHAIN = 16,	     /* typedefs and qualifiers before a type */
	DEBUG_MAX_PATH = 16,	     /* parts of a member path */
};

struct reader;

/** Sections that libdwarf does not see: DWARF 4 and 5 of each. */
enum debug_lists { LIST_LOC, LIST_LOCLISTS, LIST_RANGES, LIST_RNGLISTS, DEBUG_LISTS };

/** Find the sections.  @return ERR_NO_DEBUG_INFO, ERR_BAD_DATA, ERR_LIMIT */
struct err *reader_open(const struct image *img, struct reader **ret);
void reader_close(struct reader *r);
/** The bytes of one, inflated at the first call; NULL: not in this file, or damaged. */
const uint8_t *reader_lists(struct reader *r, enum debug_lists which, uint64_t *n_ret);
/** Hand them to libdwarf.  @p r must outlive the result. */
int reader_init_dwarf(struct reader *r, Dwarf_Debug *ret, Dwarf_Error *error);
void reader_finish_dwarf(Dwarf_Debug dbg);

struct unit {
	uint64_t die;
	const char *name; /* in the sections; "" when it has none */
	uint16_t version;
	bool indexed;
};

/** A struct or variable of an indexed unit. */
struct entity {
	const char *name; /* in the sections */
	uint64_t die;
	uint32_t next; /* in the same bucket, INDEX_END at its end */
	uint16_t tag;  /* DW_TAG_structure_type or DW_TAG_variable */
	uint16_t version;
};

#define INDEX_END UINT32_MAX

struct debug {
	struct reader *reader;
	Dwarf_Debug dbg;
	VEC(struct unit) units;
	bool units_listed;
	uint64_t dies; /* looked at so far */
	int version;   /* of the unit that the types were found in */
	VEC(struct entity) index;
	uint32_t *bucket;      /* nbuckets heads of chains */
	size_t nbuckets;       /* power of two, 0 while empty */
	struct frames *frames; /* debug_frame.c; NULL before a frame is asked about */
	struct err *damage; /* the first that libdwarf complained of; what is still missing may be
			       missing because of it */
};

/* -- debug_units.c -- */

/** Index all units of this name that are not yet.  Damage met is kept in d->damage. */
void units_index(struct debug *d, const char *name, size_t len);

/** Next unit of this name from number @p from on; NULL.  Lists the units when that has not been
 * done. */
const struct unit *units_named(struct debug *d, const char *name, size_t len, size_t from);

/** First entity of this name and tag, or after @p after when that is not NULL. */
const struct entity *units_lookup(const struct debug *d, const char *name, size_t len, uint16_t tag,
				  const struct entity *after);

/** Note what libdwarf complained of, once, and free its error. */
void debug_complain(struct debug *d, Dwarf_Error *error, const char *what);
/** Free an error that does not matter. */
void debug_forget(struct debug *d, Dwarf_Error *error);

/* -- debug_lists.c -- */

/** A list of places or ranges, by where its DIE says that it is. */
struct list_ref {
	uint64_t off;	  /* in the section of the unit's version */
	uint64_t base;	  /* the unit's first pc, which lists of DWARF 4 begin with */
	uint64_t die;	  /* any of the unit: indexes of .debug_addr are the unit's */
	uint16_t version; /* of the unit */
};

/** The expression of a location list that holds at @p pc.  @return NULL: none does, or the list is
 * damaged; the bytes live as long as d */
const uint8_t *lists_location(struct debug *d, const struct list_ref *l, uint64_t pc,
			      uint64_t *n_ret);

/** Is @p pc in one of the ranges? */
bool lists_covers(struct debug *d, const struct list_ref *l, uint64_t pc);

/* -- debug_frame.c -- */

void frames_close(struct frames *f);

/* -- debug_walk.c -- */

/** An attribute that refers to another DIE, or to a place in another section. */
bool die_ref(struct debug *d, Dwarf_Die die, uint16_t attribute, uint64_t *ret);
/** Name and type of a variable; what an inlined or out-of-line copy leaves out stands in the
 * abstract one. */
bool die_variable(struct debug *d, Dwarf_Die die, const char **name_ret, uint64_t *type_ret);
/** Name of a function, of the abstract one where this is a copy; NULL. */
const char *die_function(struct debug *d, Dwarf_Die die);

/** What is done with a function's DIE.  @return true: no other is wanted */
typedef bool function_fn(struct debug *d, const struct unit *u, Dwarf_Die die, void *arg);
/** All functions of the units that can be those of @p func's package.  @return true: fn did */
bool debug_functions(struct debug *d, const char *func, function_fn *fn, void *arg);

/* -- debug_types.c -- */

/** Next sibling in place of *die, which is freed.  False (and *die NULL) after the last one, or
 * when the limits are hit. */
bool die_next(struct debug *d, Dwarf_Die *die);
/** First child or NULL. */
Dwarf_Die die_child(struct debug *d, Dwarf_Die die);
Dwarf_Die die_at(struct debug *d, uint64_t off);
void die_free(struct debug *d, Dwarf_Die die);
/** Name or NULL; valid as long as d. */
const char *die_name(struct debug *d, Dwarf_Die die);
int die_tag(struct debug *d, Dwarf_Die die);
bool die_uint(struct debug *d, Dwarf_Die die, uint16_t attribute, uint64_t *ret);
/** Offset of the DIE that DW_AT_type refers to. */
bool die_type(struct debug *d, Dwarf_Die die, uint64_t *ret);

/** One member of a struct as declared. */
struct member {
	const char *name;
	uint64_t off, type;
};

struct members {
	VEC(struct member) list;
};

/** Bytes of @p name that are its package: 8 of "net/http.x"; 0 none. */
size_t debug_package_len(const char *name);

/** All members of the struct at @p die_off. */
void type_members(struct debug *d, uint64_t die_off, struct members *ret);

/** Bytes of a type, 0 when not known. */
uint64_t type_size(struct debug *d, uint64_t type);

/** Follow "a.b|c" from a struct's members; fills off and size of @p m, or leaves off -1. */
bool type_resolve(struct debug *d, const struct members *members, struct debug_member *m);

#endif
