/**
 * @file  Errors: a pointer that is NULL on success.
 *
 * Every function that can fail for a reason worth reporting returns `struct err *`.  Hot readers of
 * target memory return bool instead: their caller counts what was missing.  Knows nothing of Go,
 * ELF or GDB.
 *
 * The three answers are kept apart: NULL (here it is), ERR_ABSENT (it is not there: an answer, not
 * a failure), anything else (could not look).
 */
#ifndef GOCTX_BASE_ERR_H
#define GOCTX_BASE_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_ABSENT,	   /* looked, and it is not there */
	ERR_FAULT,	   /* target memory is not mapped, not dumped, or refused */
	ERR_BAD_DATA,	   /* target memory or a file contradicts itself */
	ERR_LIMIT,	   /* more than we are willing to follow */
	ERR_NO_DEBUG_INFO, /* the executable has no usable DWARF */
	ERR_UNSUPPORTED,   /* Go version, architecture, file format */
	ERR_OS,		   /* a system call failed */
	ERR_USAGE,	   /* the user asked for something that cannot be asked */
	ERR_CANCELED,	   /* Ctrl-C */
};

/** One failure: lower-case message without full stop, and where something can be done a hint. Owned
 * by the holder. */
struct err {
	enum err_kind kind;
	char *msg;
	char *hint; /* NULL when there is nothing to advise */
};

/** A new error.  @p fmt as printf; the text is copied.  Free with err_free(). */
struct err *err_new(enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A new ERR_OS: ": strerror(@p errnum)" is appended to the text. */
struct err *err_os(int errnum, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * The one ERR_CANCELED, "interrupted": the user pressed Ctrl-C.  It is static: err_free() leaves it
 * alone, err_hint() and err_wrap() return it as it is, so every caller treats it as any other
 * error.  Costs nothing; may be returned by several threads.
 */
struct err *err_interrupted(void);

/** Set (replace) the hint of @p e and return @p e, so that it can stand in a return statement. */
struct err *err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Put "text: " before the message of @p e; returns @p e.  NULL stays NULL. */
struct err *err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** True, and @p *e freed and cleared, when *e is of this kind. */
bool err_catch(struct err **e, enum err_kind kind);

/** Free; NULL is fine. */
void err_free(struct err *e);

#endif
