/**
 * @file  Offsets of every runtime and context field that we read, as the debugged binary has them.
 *
 * Filled struct by struct from DWARF; what DWARF lacks (types the program never used are pruned by
 * the linker, or no debug information at all) comes from tables built from real toolchains, one a
 * minor release (layout/tables/).  The list itself is fields.h.  All offsets and sizes are bytes on
 * linux/amd64.
 *
 *     L->g.goid.off          offset of the field, LAYOUT_NONE when this release has no such field
 *     L->g.goid.size         its size
 *     L->s[LAYOUT_g].size    size of the struct
 */
#ifndef GOCTX_LAYOUT_LAYOUT_H
#define GOCTX_LAYOUT_LAYOUT_H

#include "base/notes.h"
#include "image/debug.h"
#include "image/image.h"

#define LAYOUT_NONE (-1)

struct layout_field {
	int32_t off;
	uint32_t size;
};

enum layout_source { LAYOUT_MISSING, LAYOUT_DWARF, LAYOUT_TABLE };

/* enum layout_struct_id { LAYOUT_g, LAYOUT_m, …, LAYOUT_STRUCTS }; */
#define S(key, names) LAYOUT_##key,
#define F(s, key, path)
#define O(s, key, path)
#define E(s)
#define V(key, name)
#define W(key, name)
enum layout_struct_id {
#include "layout/fields.h"
	LAYOUT_STRUCTS
};
#undef S
#undef F
#undef O
#undef E
#undef V
#undef W

/* enum layout_variable_id { LAYOUT_VAR_allgs, …, LAYOUT_VARIABLES }; */
#define S(key, names)
#define F(s, key, path)
#define O(s, key, path)
#define E(s)
#define V(key, name) LAYOUT_VAR_##key,
#define W(key, name) LAYOUT_VAR_##key,
enum layout_variable_id {
#include "layout/fields.h"
	LAYOUT_VARIABLES
};
#undef S
#undef F
#undef O
#undef E
#undef V
#undef W

struct layout_struct {
	uint32_t size;	/* bytes, 0 when the struct is missing */
	uint8_t source; /* enum layout_source */
};

struct layout_variable {
	bool found;
	uint64_t addr; /* run-time address: the load bias is in it */
	uint64_t size; /* bytes, 0 when not known */
};

/**
 * What differs between releases and no field shows.  Readers ask these and LAYOUT_HAS(), never the
 * number of the release: facts.c is where numbers are compared, and says where in Go's source each
 * comes from.
 */
struct layout_facts {
	bool mask_on_demand;   /* 1.24+: with the bit of tflag, gcdata points to a pointer to the
				  mask, which may not be made yet */
	bool label_list;       /* 1.24+: pprof labels are a sorted list, before that a
				   map[string]string */
	bool asan_redzones;    /* 1.24+: built with -asan, an object has a red zone behind it in its
				  slot */
	bool headroom_percent; /* 1.21+: the goal below a memory limit keeps 3 % clear, not only 1
				  MiB */
	bool offset_embed;     /* 1.18: a struct field's offset is shifted left once, its lowest bit
				  says "embedded" */
	int wrapper_func_id;   /* funcID of wrappers that the compiler made, -1 when not known */
};

struct layout {
#define S(key, names) struct {
#define F(s, key, path) struct layout_field key;
#define O(s, key, path) struct layout_field key;
#define E(s) \
	}    \
	s;
#define V(key, name)
#define W(key, name)
#include "layout/fields.h"
#undef S
#undef F
#undef O
#undef E
#undef V
#undef W
	struct layout_struct s[LAYOUT_STRUCTS];
	struct layout_variable var[LAYOUT_VARIABLES];
	struct layout_facts facts;
	enum layout_source source; /* where most of it came from: DWARF as soon as runtime.g did */
	int dwarf_version;	   /* 0 without DWARF */
	int minor;	 /* Go minor release: 27 for go1.27.4; -1 when not known; to be shown, not
			    compared: see facts */
	int table_minor; /* release of the table used for what DWARF lacked, -1 none */
	size_t from_dwarf, from_table; /* structs filled from each */
	const char *debug_path;	       /* as given to layout_load(); borrowed */
};

/** Is the field there in this release? */
#define LAYOUT_HAS(field) ((field).off != LAYOUT_NONE)

/**
 * Fill a layout for an executable.
 *
 * DWARF of the image (or of its separate debug file @p debug_path, NULL to look in GDB's places)
 * comes first, the table of the same minor release fills the gaps, the plausibility check
 * (layout_check()) runs on the result.  A struct comes whole from one source.  Variables: DWARF,
 * then .symtab.  Supported: Go 1.18 and newer by DWARF; tables for the measured releases.  A
 * release newer than the newest table is tried by DWARF with a warning note; so are releases
 * between tables.  These get only structs of package context and time, pruned from their DWARF,
 * from the table before them (a note says so).  Damaged DWARF is a note, the table serves.
 * Cost: 0.035 s for cmd/compile of Go 1.27, image_open() included.
 *
 * @param bias   load bias, added to every variable's address
 * @param notes  borrowed; warnings go there
 * @return NULL, ERR_UNSUPPORTED (not a Go program; too old), ERR_NO_DEBUG_INFO (no DWARF and no
 * table/symbols that could stand in; with a hint),
 *	   ERR_BAD_DATA (a required field or variable is nowhere; @p debug_path is of another
 *build), or why @p debug_path cannot be opened
 */
struct err *layout_load(const struct image *img, uint64_t bias, const char *debug_path,
			struct notes *notes, struct layout *ret);

/** Field by number, for listings and tests: NULL at the end.  *required: an F entry, not an O
 * entry. */
struct layout_item {
	enum layout_struct_id strukt;
	const char *key;  /* "sched_pc" */
	const char *path; /* "sched.pc", alternatives separated by '|' */
	bool required;
	size_t at; /* offset of its struct layout_field in struct layout */
};
extern const struct layout_item layout_items[];
extern const size_t layout_item_count;
extern const char
	*const layout_struct_names[LAYOUT_STRUCTS]; /* "internal/abi.Type|runtime._type" */
extern const char *const layout_variable_names[LAYOUT_VARIABLES]; /* "runtime.allgs" */
extern const bool layout_variable_required[LAYOUT_VARIABLES];

static inline const struct layout_field *layout_field_of(const struct layout *l,
							 const struct layout_item *item)
{
	return (const struct layout_field *)((const char *)l + item->at);
}

/** Fill from the table of a release alone.  @return false: it has none */
bool layout_from_table(int minor, struct layout *ret);

/** Releases that have a table, ascending; returns how many. */
size_t layout_table_minors(const int **ret);

/**
 * Every field lies inside its struct, required ones are there, sizes are plausible (no struct above
 * 4 MiB, no field wider than its struct).
 * @return NULL or ERR_BAD_DATA naming the first field at fault
 */
struct err *layout_check(const struct layout *l);

#endif
