/**
 * @file  Debug information through libdwarf: types by name, members by path, addresses of variables
 * by name.
 *
 * The only module that includes libdwarf's headers.  Compiles against libdwarf 20210528 (Debian 12)
 * and 0.11 (Debian 13).  DWARF 4 and 5, sections compressed or not (libelf inflates them): a reader
 * of ours hands libdwarf just .debug_info, .debug_abbrev, .debug_str, .debug_line_str,
 * .debug_str_offsets and .debug_addr, which halves the cost on a large executable and keeps
 * libdwarf's exotic parsers away from hostile input.  Location and range lists are read by
 * debug_lists.c, when a frame's variables are asked for.
 *
 * Where Go puts things (cmd/link/internal/ld/dwarf.go): every type of the program is a child of one
 * compilation unit named "runtime"; package variables are in the unit of their package.  Only those
 * units are walked.
 */
#ifndef GOCTX_IMAGE_DEBUG_H
#define GOCTX_IMAGE_DEBUG_H

#include "base/err.h"
#include "image/image.h"

struct debug;

/** A member asked for.  Paths go through nested structs: "sched.pc".  Alternatives are separated by
 * '|', first hit counts. */
struct debug_member {
	const char *path;
	int32_t off;   /* out: bytes from the start of the struct; -1: no such member */
	uint32_t size; /* out: bytes; 0 when not known */
};

/** A struct asked for.  Alternative names are separated by '|'; the first that exists with at least
 * one of the members counts. */
struct debug_struct {
	const char *name;
	struct debug_member *members;
	size_t n;
	bool found;    /* out */
	uint64_t size; /* out: bytes */
};

/** A package variable asked for ("runtime.allgs"). */
struct debug_variable {
	const char *name;
	bool found;    /* out */
	uint64_t addr; /* out: link-time address */
	uint64_t size; /* out: bytes of its type, 0 when not known */
};

/**
 * Open the debug information of an executable (or of a separate debug file opened as an image).
 * @return NULL, ERR_NO_DEBUG_INFO (none there), ERR_BAD_DATA (libdwarf refuses it, its words are in
 * the text), ERR_LIMIT (it claims to inflate beyond 2 GiB or beyond what deflate can do)
 *
 * One struct debug belongs to one thread; @p img must outlive it.
 */
struct err *debug_open(const struct image *img, struct debug **ret);
void debug_close(struct debug *d);

/** DWARF version of the unit that holds the types, 0 before the first debug_find() that found
 * one. */
int debug_version(const struct debug *d);

/**
 * Look all of these up in one walk: units named "runtime" first, then (only for what is still
 * missing) the units whose name is the package part of a missing variable.  What is not there keeps
 * found = false; that is not an error. Cost with debug_open(): 0.035 s for cmd/compile of Go 1.27
 * (8 MB of .debug_info), most of it for inflating; further calls use the index made by the first.
 * @return NULL, or ERR_BAD_DATA: something is missing, and libdwarf met damage on the way; what was
 * found is filled in
 */
struct err *debug_find(struct debug *d, struct debug_struct *structs, size_t nstructs,
		       struct debug_variable *vars, size_t nvars);

/** One member of a type that debug_describe() lists. */
typedef void debug_member_fn(void *arg, const char *member, const char *type, uint64_t off,
			     uint64_t size);

/**
 * All members of any struct type by its full name ("net/http.conn").
 * @return NULL, ERR_ABSENT, ERR_BAD_DATA; @p size_ret is the size of the struct
 */
struct err *debug_describe(struct debug *d, const char *type, uint64_t *size_ret,
			   debug_member_fn *fn, void *arg);

/*
 * Types one at a time, for walking along pointers.  A type is named by the offset of its DIE, 0 is
 * none.  Damage reads as "not known".
 */

/** What is written of a type. */
struct debug_type {
	const char *name;      /* "*main.Conn", "" when it has none; lives as long as d */
	uint64_t size;	       /* bytes, 0 not known */
	uint64_t runtime_type; /* DW_AT_go_runtime_type: its descriptor's distance from
				  runtime.types; 0 the program has none */
	uint64_t elem, key;    /* pointer, array, slice, chan, map; 0 */
	uint64_t len;	       /* array */
	uint8_t kind;	       /* DW_AT_go_kind: reflect.Kind; 0 not known */
};

/** Look through names that stand for other types.  @return false when there is no such type */
bool debug_type_at(struct debug *d, uint64_t type, struct debug_type *ret);

/** A struct type of the program by its full name; 0. */
uint64_t debug_type_named(struct debug *d, const char *name);

/** The member of struct @p type that covers the byte at @p off.  @return false: padding, or no
 * struct */
bool debug_member_at(struct debug *d, uint64_t type, uint64_t off, const char **name_ret,
		     uint64_t *off_ret, uint64_t *type_ret);

/** Type of a package variable by its full name ("app/stream.hubs"); 0.  Opens the unit of its
 * package. */
uint64_t debug_variable_type(struct debug *d, const char *name);

/** A variable that a closure keeps in its funcval. */
struct debug_capture {
	const char *name; /* "&x" when the closure holds the variable's address */
	uint64_t off;	  /* bytes from the start of the funcval */
	uint64_t type;
};

/**
 * The capture that covers byte @p off of a funcval (DW_AT_go_closure_offset, since Go 1.23).
 * @param func  full name of the closure's function ("main.f.func1"), without the linker's escapes;
 * its package's unit is walked
 * @return false: not known
 */
bool debug_capture_at(struct debug *d, const char *func, uint64_t off, struct debug_capture *ret);

/** One variable or parameter of a function: the type's DIE.  @return false to stop */
typedef bool debug_local_fn(void *arg, const char *name, uint64_t type);

/** A part of a variable, all of it where there is but one. */
struct debug_piece {
	uint64_t off, size; /* bytes of the variable; size 0: to its end */
	int64_t cfa;   /* in_frame: bytes from the frame's canonical address, where its caller's sp
			  was before the call */
	bool in_frame; /* on the stack; else in a register, or nowhere */
	bool boxed;    /* the variable has moved to the heap: what lies there is its address */
};

#define DEBUG_PIECES_MAX 16

/** A variable or parameter of a frame, and where it is. */
struct debug_local {
	const char *name; /* "&x": the address of x, which has moved to the heap */
	const char *func; /* the inlined function that it belongs to; NULL: the frame's own */
	uint64_t type;
	size_t n;
	struct debug_piece piece[DEBUG_PIECES_MAX]; /* by off */
};

/** @return false to stop */
typedef bool debug_frame_fn(void *arg, const struct debug_local *v);

/**
 * The variables that have a place while a function stands at @p pc: those of the frame's own
 * function first, then of what is inlined there.  Both addresses are as linked; of a frame that has
 * called,
 * @p pc is one less than where it goes on.
 * Cost: the first time a walk over the functions of its package (1 ms for a large one), then some
 * microseconds; what a function has is kept.
 * @param func  its full name
 */
void debug_frame_each(struct debug *d, const char *func, uint64_t entry, uint64_t pc,
		      debug_frame_fn *fn, void *arg);

/** Variables and parameters of a function by its full name, those of inner blocks too; what is
 * inlined into it has a name of its own. */
void debug_locals_each(struct debug *d, const char *func, debug_local_fn *fn, void *arg);

#endif
