/**
 * @file  Type descriptors (abi.Type), interface tables, and typed values as text.
 *
 * Descriptors of the executable are read-only data; those made by reflect live in the heap.  Each
 * is decoded once and kept.  src/internal/abi/type.go (runtime/type.go until 1.20): offsets
 * unchanged from 1.15 to 1.27; the flag for "stored directly in the interface" moved from kind to
 * tflag in 1.26.
 */
#ifndef GOCTX_RUNTIME_RTYPE_H
#define GOCTX_RUNTIME_RTYPE_H

#include "base/buf.h"
#include "runtime/runtime.h"

/** reflect.Kind */
enum go_kind {
	GO_INVALID,
	GO_BOOL,
	GO_INT,
	GO_INT8,
	GO_INT16,
	GO_INT32,
	GO_INT64,
	GO_UINT,
	GO_UINT8,
	GO_UINT16,
	GO_UINT32,
	GO_UINT64,
	GO_UINTPTR,
	GO_FLOAT32,
	GO_FLOAT64,
	GO_COMPLEX64,
	GO_COMPLEX128,
	GO_ARRAY,
	GO_CHAN,
	GO_FUNC,
	GO_INTERFACE,
	GO_MAP,
	GO_POINTER,
	GO_SLICE,
	GO_STRING,
	GO_STRUCT,
	GO_UNSAFE_POINTER,
};

struct rtype_field {
	const char *name;
	taddr type;
	uint64_t off;
	bool embedded;
};

/** One decoded descriptor; lives until runtime_close(). */
struct rtype {
	taddr addr;
	uint64_t size, ptrdata;
	uint8_t kind; /* enum go_kind */
	bool direct;  /* the interface's data word is the value itself */
	bool named;
	taddr gcdata;
	const char *name;    /* reflect's String(): "*context.cancelCtx" */
	const char *pkgpath; /* "os/signal"; "" for unnamed and predeclared types; of the element
				for a pointer */
	const char *full;    /* name with the package path: "*os/signal.signalCtx" */
	taddr elem;	     /* pointer, slice, array, chan, map: element type; 0 */
	taddr key;	     /* map */
	uint64_t len;	     /* array */
	const struct rtype_field *fields; /* struct */
	uint32_t nfields;
};

/** Decode (once).  @return NULL when the address holds no plausible descriptor.  Any number of
 * threads. */
const struct rtype *rtype_get(struct runtime *rt, taddr addr);

/**
 * One pointer-mask bit a word of the type's first @p nwords words, as the collector sees it, into
 * @p mask (nwords/64+1 words, zeroed first). Built from the type's fields, so it needs no gcdata.
 * @return false for types that hold an undecodable part.
 */
bool rtype_ptrmask(struct runtime *rt, const struct rtype *ty, uint64_t *mask, uint64_t nwords);

/**
 * Has interface type @p ty every method of interface type @p of, under the same names and of the
 * same types?  So every value of the one is one of the other, whether the program ever converts it
 * or not.  False for other kinds, and for one without methods.
 */
bool rtype_iface_includes(struct runtime *rt, const struct rtype *ty, const struct rtype *of);

/** Which of the interface type's methods (in the order of itabs) is the one of this name?  -1:
 * none */
int32_t rtype_iface_method(struct runtime *rt, const struct rtype *ty, const char *name);

/** An interface table: which interface, which dynamic type. */
struct itab {
	taddr addr, inter, type;
};

/** All itabs of the program (runtime.itabTable: static and made at run time); sorted by address.
 * Filled by rtypes_open(). */
const struct itab *rtype_itabs(const struct runtime *rt, size_t *n_ret);

/** Dynamic type of an itab in the table; falls back to reading it when it is not in the table but
 * plausible.  0: none. */
taddr rtype_of_itab(struct runtime *rt, taddr itab);

/** Called by runtime_open()/runtime_close().  @return NULL or what made the itab table unreadable
 * (ERR_FAULT, ERR_BAD_DATA) */
struct err *rtypes_open(struct runtime *rt);
void rtypes_close(struct runtime *rt);

#define VALUE_MAX_TEXT 64 /* bytes of a string value kept in one line */

/**
 * Append a value of type @p ty at address @p data, on one line: "7f3a-11" for strings (quoted, cut
 * at VALUE_MAX_TEXT with …), true, 42, 1.5, main.key(3) for named scalars, *app.User 0xc00007c000
 * for pointers, app.key{…} for structs (fields shown while short: one level, at most four),
 * []byte(len 12), map[string]int(3 entries), func main.f, chan struct {} 0x…. Unreadable memory
 * prints as <unreadable 0x…>.  Never calls into the target (no String methods).
 */
void value_print(struct runtime *rt, struct buf *out, const struct rtype *ty, taddr data);

/** Same for an interface value: @p type_word is a type (eface) or 0 (prints nil), @p data_word its
 * second word. */
void value_print_eface(struct runtime *rt, struct buf *out, taddr type_word, taddr data_word);

/* about so many bytes of a value with what is inside of it; names of types come on top */
#define VALUE_MAX_LINE 240

/**
 * An interface value with what is inside of it: *app.User{Name: "Ann", Age: 42, …},
 * []byte("hello\x00"), []int{1, 2, 3}, map[string]int{"a": 1}, *errors.errorString("boom"),
 * trace.ID(4bf92f35…), and addresses, URLs, big numbers and atomics as Go prints them.  Lists, maps
 * and structs show their first eight parts, at most four levels deep, while there is room on the
 * line (VALUE_MAX_LINE); "…" stands for the rest.  Pointers that lead back, and contexts, are shown
 * by address.  Costs at most some hundred reads.
 * @p out must have no sink.
 * @return true: @p data_word is a pointer, and the text has it as an address
 */
bool value_print_inside(struct runtime *rt, struct buf *out, taddr type_word, taddr data_word);

/** The type part alone, as screens name keys: "app/mw.requestID" for named types, "string",
 * "*app.User". */
void value_print_type(struct runtime *rt, struct buf *out, taddr type_word);

/**
 * What err.Error() would return, as far as it follows from memory: errors.New and fmt.Errorf texts,
 * deadlineExceededError, syscall.Errno by number, joined and wrapped errors' own message, newlines
 * and all (text on one line is for the caller to escape); other types print like value_print().
 * @return false for a nil error.
 */
bool value_print_error(struct runtime *rt, struct buf *out, taddr type_word, taddr data_word);

#endif
