/**
 * @file  Names and types for places in memory: the variable, field, element, key or capture that a pointer lies in.
 *
 * A type is known of an object when something with a type points to it: a variable (its DWARF type), an interface (its type word or itab), a typed pointer
 * field, or when the allocator wrote it down (malloc header, mspan.largeType).  From then on field names, slice indices and map keys come from type
 * descriptors; where the program has no descriptor of a type, from DWARF.
 */
#ifndef GOCTX_RUNTIME_TYPED_H
#define GOCTX_RUNTIME_TYPED_H

#include "base/buf.h"
#include "runtime/heap.h"
#include "runtime/rtype.h"

/** What is known of the memory at some address. */
struct typed {
	taddr addr;
	taddr rtype;   /* its type descriptor, 0 not known */
	uint64_t die;  /* its DWARF type when it has no descriptor (offset in .debug_info), 0 */
	uint8_t shape; /* enum typed_shape: what the bytes are when it is not one value of that type */
};
enum typed_shape { TYPED_VALUE, TYPED_ARRAY /* backing array of a slice or channel buffer: elements of the type */, TYPED_MAP_GROUPS /* of a map of the type */, TYPED_CLOSURE /* funcval */, TYPED_UNKNOWN };

/**
 * Name of the package variable that holds @p at, with the path inside it (".hub", "[3].name"), and its type.
 * From DWARF, else .symtab (no type).  @return false when no variable is known there
 */
bool typed_global(struct runtime *rt, taddr at, struct buf *name_ret, struct buf *type_ret, struct typed *ret);

/**
 * Follow the pointer at @p at inside of @p holder: appends how it is called there (".ctx", "[17]", "[key \"a\"]", "capture c of main.f.func1", "+0x58" when nothing is
 * known) to @p via_ret and tells what the pointer leads to.
 */
void typed_follow(struct runtime *rt, const struct typed *holder, taddr at, taddr target, struct buf *via_ret, struct typed *ret);

/** What is known of a heap object by itself: header, large type, closure code. */
void typed_object(struct runtime *rt, taddr addr, struct typed *ret);

/** "*stream.Conn", "[]main.T", "func main.f.func1"; nothing appended when not known. */
void typed_name(struct runtime *rt, const struct typed *t, struct buf *out);

#endif
