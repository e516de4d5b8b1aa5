/**
 * @file  What a pointer is called where it lies: the variable, field, element, key or capture, a
 * struct link each.
 *
 *     srv.conns["a"].ctx    VARIABLE "app.srv", FIELD "conns", ELEMENT "\"a\"", FIELD "ctx"
 *
 * Data for whoever decides by it, and for the report, which has the words (report/path.h).
 */
#ifndef GOCTX_RUNTIME_LINK_H
#define GOCTX_RUNTIME_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"

enum link_kind {
	LINK_VARIABLE,	   /* name: a package variable, "app/stream.hubs" */
	LINK_FIELD,	   /* name: a field */
	LINK_INDEX,	   /* n: index into an array or slice */
	LINK_ELEMENT,	   /* text: the key under which a map holds it */
	LINK_KEY,	   /* text: the key itself */
	LINK_LIST,	   /* n: element of a container/list, from 1; from the end on, -1 */
	LINK_POOL,	   /* the private and shared parts of a sync.Pool */
	LINK_POOL_VICTIMS, /* those that its next collection drops */
	LINK_CAPTURE,	 /* name, func: a variable that a closure has captured; links behind it are
			    inside of that */
	LINK_CAPTURE_AT, /* n, func: the same by its offset, where the name is not known */
	LINK_RECEIVER,	 /* func: the receiver of a method value */
	LINK_BUFFER,	 /* a channel's buffer */
	LINK_POINTEE,	 /* what a pointer points to */
	LINK_OFFSET,	 /* n: bytes into an object of which nothing more is known */
	/* where the pointers of roots lie */
	LINK_LOCAL,   /* name, func: a variable of a frame, of func, which may be inlined there;
			 links behind it are inside of that */
	LINK_ADDRESS, /* n: an address of data without a name */
	LINK_STACK, /* a word of no variable: n bytes above the sp of func; func NULL: the frame is
		       not known, and n is
			0 */
	LINK_REGISTER,
	LINK_DEFERRED, /* the function of a deferred call */
	LINK_G,	       /* a runtime.g; fields follow */
	LINK_FUNCTION,
	LINK_ARGUMENT, /* of a finalizer or cleanup */
};

struct link {
	uint8_t kind;
	const char *name, *func; /* the program's names; live until runtime_close() */
	char *text;		 /* as Go prints the key; malloc'ed; NULL of all other kinds */
	int64_t n;
};

/** Outermost first.  Zero-initialise, end with links_free(). */
struct links {
	VEC(struct link) list;
};

/** Add one; takes link.text. */
void links_add(struct links *l, struct link link);

/** Keep the first @p n. */
void links_cut(struct links *l, size_t n);

bool links_equal(const struct links *a, const struct links *b);

/** The first of that kind, NULL. */
const struct link *links_find(const struct links *l, enum link_kind kind);

void links_free(struct links *l);

/**
 * The type of a pointer.  Zero-initialise, end with buf_free(&name).
 *     *stream.Conn                                 name
 *     context.Context that holds a *cancelCtx      iface, name
 *     func()                                       func: what the closure is of, "?" not known
 */
struct pointer_type {
	const char *iface, *func; /* NULL; live until runtime_close() */
	struct buf name;	  /* with full package paths; empty: not known */
};

#endif
