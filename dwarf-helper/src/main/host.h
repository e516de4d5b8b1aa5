/**
 * @file  Programs whose Go code is not in the executable: what to say of them.
 *
 * A host of another language with a Go library in it (go build -buildmode=c-shared) cannot be read
 * yet.  Whichever of its files is named as the executable, the answer says so, and never sends from
 * one to the other.
 */
#ifndef GOCTX_MAIN_HOST_H
#define GOCTX_MAIN_HOST_H

#include "main/session.h"

/** Is the executable that was given a library or plugin?  @return NULL, ERR_UNSUPPORTED that names
 * the program it was loaded into */
struct err *host_refuse_library(const struct session *s);

/** @p err says that the executable is no Go program.  Where it has loaded a Go library that is said
 * instead; frees @p err then. */
struct err *host_explain(const struct session *s, struct err *err);

#endif
