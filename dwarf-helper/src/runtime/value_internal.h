/**
 * @file  Inside of the value printer: where a value lies, and text on one line.
 */
#ifndef GOCTX_RUNTIME_VALUE_INTERNAL_H
#define GOCTX_RUNTIME_VALUE_INTERNAL_H

#include "runtime/rtype.h"

/** Where a value lies: in the target, or in an interface's data word that we hold ourselves. */
struct place {
	taddr addr; /* when not direct */
	uint64_t word;
	bool direct;
};

/** Bytes [off, off + n) of the value.  @return false when unreadable or beyond the word. */
bool place_read(struct runtime *rt, const struct place *at, uint64_t off, void *buf, uint64_t n);

/** The place of a part at @p off. */
struct place place_part(const struct place *at, uint64_t off);

/** Text without quotes, on one line: control characters, quotes, backslashes and bytes that are no
 * UTF-8 escaped as Go's %q has it. */
void value_escape(struct buf *out, const char *s, uint64_t n);

/** Text of a Go string (pointer and length), escaped, at most @p max bytes.  @param cut_ret  more
 * was left out */
bool value_text(struct runtime *rt, struct buf *out, taddr p, uint64_t n, uint64_t max,
		bool *cut_ret);

/** As time.Duration.String() has it: 1h2m3.5s, 1.5ms, 0s. */
void value_duration(struct buf *out, int64_t ns);

/** Shortest decimal text that gives the same float back. */
void value_float(struct buf *out, double v, bool single);

/** RFC 3339 in UTC, fraction as far as needed. */
void value_time(struct buf *out, int64_t unix_s, int32_t nsec);

void value_unreadable(struct buf *out, taddr at);

/** A value that is being printed, for those printed inside of it: a pointer back to it is a
 * loop. */
struct show_above {
	taddr addr;
	const struct rtype *ty;
	const struct show_above *up;
};

struct show_subject;

/** How and where to print.  Whoever prints a part makes a copy with what is different for the
 * part. */
struct show {
	struct runtime *rt;
	struct buf *out; /* has no sink */
	bool inside; /* also what pointers, slices, arrays and maps lead to; false: one level of a
			struct */
	size_t end;  /* out->n should stay below: what is not begun by then is "…".  SIZE_MAX: no
			bound */
	const struct show_above *above;
	struct show_subject *subject; /* NULL: nobody asks */
};

/** The pointer that is printed: does the text have it as an address, too? */
struct show_subject {
	taddr addr;
	bool shown;
};

/** How much of a value's type is said in front of it. */
enum show_name {
	SHOW_NAMED, /* main.key(3), main.point{X: 1} */
	SHOW_BARE,  /* 3, main.point{X: 1}: a field, whose name says what it is */
	SHOW_NONE,  /* 3, {X: 1}: an element, whose list says the type */
};

/** A value of any kind; NULL as type prints as unreadable. */
void show_value(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
		enum show_name name);

/** A type's name in front of a value: reflect's spelling, but for bytes, and not endless. */
void show_type(struct show *s, const struct rtype *ty);

/** May one more level be opened?  Not when too deep, or when the line is full. */
bool show_opens(const struct show *s, unsigned depth);

/** Is the line full? */
bool show_full(const struct show *s);

/** Print a part (value_parts.c): it gets at most half of the room that is left, so that the parts
 * behind it get some, too. */
void show_part(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
	       enum show_name name);

/** What is in a slice, array, struct, map or behind a pointer: value_parts.c and value_map.c.  For
 * values that show_opens(). */
void show_slice(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
		enum show_name name);
void show_array(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
		enum show_name name);
void show_fields(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth);
void show_map(struct show *s, const struct rtype *ty, taddr map, unsigned depth,
	      enum show_name name);

/** @return false, with nothing printed: a pointer that is not followed (nil, a loop, nothing of use
 * behind it) */
bool show_behind(struct show *s, const struct rtype *ty, taddr p, unsigned depth,
		 enum show_name name);

#define SHOW_ELEMENTS 8 /* of a list, fields of a struct */

/**
 * Values of the standard library's types whose fields say little, as their String methods have
 * them: value_known.c.
 * @return false, with nothing printed: none of them, or not all of it could be read
 */
bool show_known(struct show *s, const struct rtype *ty, const struct place *at,
		enum show_name name);

/** Text of an error whose type's Error method is known (value_error.c), not escaped.  @return
 * false: none such. */
bool value_known_error(struct runtime *rt, struct buf *out, const struct rtype *ty,
		       const struct place *at);

/**
 * Type and data word of an interface value at @p at; @p ty is the interface's type.
 * @return false when unreadable; *type_ret 0 for a nil interface
 */
bool value_iface(struct runtime *rt, const struct rtype *ty, const struct place *at,
		 taddr *type_ret, uint64_t *data_ret);

#endif
