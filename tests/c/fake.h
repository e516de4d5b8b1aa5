/**
 * @file  A made-up debuggee for unit tests: memory of segments, a Go runtime over it, type
 * descriptors, interface tables.
 *
 *     struct fake f;
 *
 *     fake_init(&f, 27);                          // layouts of Go 1.27, one module, no type yet
 *     taddr user = fake_struct(&f, "app.User", "app", 16, 1, (struct fake_field[]){{"Name", string,
 * 0}});
 *     fake_open(&f);                              // itabs are final, f.rt answers from here on
 *     value_print(&f.rt, &out, rtype_get(&f.rt, user), at);
 *     fake_free(&f);
 *
 * Every segment is an allocation of its own, so the sanitizers see a read beyond its end.  Bad use
 * aborts: these are tests.
 */
#ifndef GOCTX_TESTS_FAKE_H
#define GOCTX_TESTS_FAKE_H

#include "runtime/rtype.h"
#include "runtime/runtime.h"

#define FAKE_TYPES 0x500000u /* [types, etypes) of the module */
#define FAKE_TYPES_SIZE 0x40000u
#define FAKE_HEAP 0xc000000000u /* fake_alloc() takes from here */
#define FAKE_HEAP_SIZE 0x800000u
#define FAKE_ITABS 512 /* room in the interface table */

struct fake {
	struct target t;
	struct runtime rt;
	struct notes notes;
	volatile sig_atomic_t cancel;
	VEC(void *) segments;
	taddr types_next, heap_next;
	VEC(taddr) itabs;
};

/** An empty debuggee with the layout table of Go 1.@p minor. */
void fake_init(struct fake *f, int minor);

/** Write the interface table and open the types; afterwards no more fake_itab(). */
void fake_open(struct fake *f);
void fake_free(struct fake *f);

/** A segment of zeros.  @return its host memory, valid until fake_free() */
uint8_t *fake_add(struct fake *f, taddr addr, uint64_t size);

/** A segment that is mapped but whose bytes are missing. */
void fake_hole(struct fake *f, taddr addr, uint64_t size);

/** Zeroed memory, 16-aligned, somewhere in the heap segment. */
taddr fake_alloc(struct fake *f, uint64_t size);

/** Host memory of @p n bytes at @p addr, to be written; they must lie in one segment. */
void *fake_at(struct fake *f, taddr addr, uint64_t n);

void fake_put8(struct fake *f, taddr addr, uint8_t v);
void fake_put16(struct fake *f, taddr addr, uint16_t v);
void fake_put32(struct fake *f, taddr addr, uint32_t v);
void fake_put64(struct fake *f, taddr addr, uint64_t v);

/** A field of a struct by its layout; its own size decides how much is written. */
void fake_put(struct fake *f, taddr base, struct layout_field field, uint64_t v);

/** A Go string or slice header (pointer, length[, capacity]) at @p addr over a copy of @p s. */
void fake_put_string(struct fake *f, taddr addr, const char *s);
taddr fake_string(struct fake *f, const char *s);

/** An interface value: two words. */
void fake_put_iface(struct fake *f, taddr addr, taddr tab_or_type, uint64_t data);

/** An abi.Name; @p flags as there (8: embedded). */
taddr fake_name(struct fake *f, const char *text, uint8_t flags);

struct fake_field {
	const char *name;
	taddr type;
	uint64_t off;
};

/**
 * Type descriptors.  @p pkgpath makes a type a named one; NULL: unnamed or, as "int", predeclared.
 * Sizes in bytes. fake_type() is for what has no parts; the others take their size and pointers
 * from their parts, which must be descriptors made here.
 */
taddr fake_type(struct fake *f, enum go_kind kind, const char *name, const char *pkgpath);
taddr fake_pointer(struct fake *f, taddr elem);
taddr fake_slice(struct fake *f, taddr elem, const char *name);
taddr fake_array(struct fake *f, taddr elem, uint64_t len, const char *name);
taddr fake_struct(struct fake *f, const char *name, const char *pkgpath, uint64_t size, uint32_t n,
		  const struct fake_field *fields);
taddr fake_interface(struct fake *f, const char *name, const char *pkgpath, uint64_t methods);

/** A map type with the geometry that Go's compiler would choose for it. */
taddr fake_map(struct fake *f, taddr key, taddr elem, const char *name);

/** An interface table in read-only data, in runtime.itabTable once fake_open() was called. */
taddr fake_itab(struct fake *f, taddr inter, taddr type);

#endif
