/**
 * @file  Names and types for places in memory: the variable, field, element, key or capture that a
 * pointer lies in.
 *
 * A type is known of an object when something with a type points to it: a variable (its DWARF
 * type), an interface (its type word or itab), a typed pointer field, or when the allocator wrote
 * it down (malloc header, mspan.largeType).  From then on field names, slice indices and map keys
 * come from type descriptors; where the program has no descriptor of a type, from DWARF.
 *
 *     struct typed t;
 *     typed_variable(rt, root, &links, &t);              app.srv, a *app.Server
 *     typed_follow(rt, &t, root, value, &links, …, &t)   the app.Server it points to
 *     typed_follow(rt, &t, at, value, &links, …, &t)     its field hub, …
 *
 * Containers of the runtime and of the standard library are shown as what they are, not as the
 * structs they are made of: maps of both generations, channels, sync.Map of both generations,
 * sync.Pool, sync/atomic's boxes, container/list.  Following a pointer into their insides adds few
 * or no links and says `inner`: the next pointer belongs to the same step (field conns, nothing,
 * element "a").
 *
 * Reads the target, remembers nothing of it; debug information is opened at the first need (0.03 s
 * for a program of the size of cmd/compile) and kept until runtime_close().  Not thread-safe.
 * Whatever the target holds, the answer is a guess about names at worst: nothing here decides what
 * is alive.
 */
#ifndef GOCTX_RUNTIME_TYPED_H
#define GOCTX_RUNTIME_TYPED_H

#include "base/buf.h"
#include "runtime/heap.h"
#include "runtime/link.h"
#include "runtime/rtype.h"

/** What the bytes at some address are. */
enum typed_shape {
	TYPED_UNKNOWN,
	TYPED_VALUE,   /* one value of the type */
	TYPED_ARRAY,   /* elements of the type, one behind the other: backing array of a slice or
			  channel */
	TYPED_IFACE,   /* an interface of a type not known */
	TYPED_CLOSURE, /* funcval: code, then captures */
	TYPED_CHAN,    /* hchan of a channel of the type */
	TYPED_MAP,     /* header of a map of the type; what follows are its insides */
	TYPED_BUCKETS, /* bucket map */
	TYPED_MAP_EXTRA,
	TYPED_GROUPS, /* Swiss map */
	TYPED_TABLE,
	TYPED_DIRECTORY,
	TYPED_TRIE_ENTRY, /* of a HashTrieMap[any, any], where its type is not known */
};

/** What is known of the memory at some address. */
struct typed {
	taddr addr;   /* where the value, array or header begins */
	taddr rtype;  /* its type descriptor, 0 not known */
	uint64_t die; /* its DWARF type when it has no descriptor (offset in .debug_info), 0 */
	uint64_t n;   /* elements of an array, 0 not known */
	int32_t nth;  /* container/list: number of the element, counted from 1, or from the end with
			 -1; 0 not known */
	uint8_t shape; /* enum typed_shape */
	bool inner; /* part of the container that the last link names: the next pointer belongs to
		       the same step */
};

/**
 * The package variable that holds @p at: adds its name to @p via, and returns where it begins and
 * its type. Name from .symtab, type from DWARF.  Data that has no name of its own (what a variable
 * was initialised to point to) is named by the variable that points to it.
 * @return false when no variable is known there; *ret is of unknown type then, and begins at @p at
 */
bool typed_variable(struct runtime *rt, taddr at, struct links *via, struct typed *ret);

/**
 * Follow the pointer at @p at inside of @p holder to @p target: adds what it is called there to @p
 * via, sets @p type to the type of the pointer, and
 * @p ret to what it leads to.  @p via and @p type may be NULL; @p holder and @p ret may be the
 * same.
 */
void typed_follow(struct runtime *rt, const struct typed *holder, taddr at, taddr target,
		  struct links *via, struct pointer_type *type, struct typed *ret);

/**
 * The same for a word of a frame: the variable that DWARF says lies there while the frame stands
 * where it does, its own before those of what is inlined.  The word is at @p at and holds @p
 * target. Where no variable lies there: one that points to what lies there; then one that holds the
 * same pointer, of which the word is a copy that the compiler made.
 * @param info, sp  index into rt->pcs of the frame, its stack pointer
 * @return false, and nothing added: no variable is known there that has a pointer in that word
 */
bool typed_local(struct runtime *rt, uint32_t info, taddr sp, taddr at, taddr target,
		 struct links *via, struct pointer_type *type, struct typed *ret);

/** What is known of a heap object by itself: header, large type, closure's code. */
void typed_object(struct runtime *rt, taddr addr, struct typed *ret);

/** Bytes of what is known to be there: of a value its type's, of an array its elements'; 0 not
 * known. */
uint64_t typed_size(struct runtime *rt, const struct typed *t);

/** The type of a pointer to it: "*app/stream.Conn", "[]main.T", a closure's function. */
void typed_name(struct runtime *rt, const struct typed *t, struct pointer_type *ret);

/** A package variable of known type: its name and value.  @return false to stop */
typedef bool typed_variable_fn(void *arg, const char *name, const struct typed *t);

/**
 * All package variables of the program's own packages and of those it uses, the standard library's
 * left out (whose import paths have no dot in their first element), that have a type in DWARF.
 * Cost: the units of their packages are opened.
 */
void typed_variables_each(struct runtime *rt, typed_variable_fn *fn, void *arg);

/**
 * What the pointers among a function's variables and parameters point to (values of known type, at
 * address 0), by DWARF; not where the variables lie.  Nothing for functions of the standard
 * library.  Cost: a walk over the functions of its package.
 */
void typed_locals_each(struct runtime *rt, const char *func, typed_variable_fn *fn, void *arg);

/** Zero-initialise; put the struct types that are asked for into `targets` (descriptor -> any
 * number). */
struct typed_leads {
	struct u64map targets;
	struct u64map known; /* what was found out */
};

/**
 * Can a value of this type (descriptor, or DWARF where it has none) hold a pointer to one of the
 * targets, or lead to one over pointers, elements, keys and fields?  Interfaces and functions,
 * which can lead anywhere, are not looked through.  Each type is searched once.
 */
bool typed_leads_to(struct runtime *rt, struct typed_leads *l, taddr rtype, uint64_t die);
void typed_leads_free(struct typed_leads *l);

/** Type by its full name ("runtime.g"), from DWARF: a value at @p addr.  @return false when not
 * known */
bool typed_by_name(struct runtime *rt, const char *name, taddr addr, struct typed *ret);

struct typed_cache;
/** Called by runtime_close(). */
void typed_close(struct typed_cache *c);

#endif
