/**
 * @file  Which package variable holds a pointer: net/http.ServerContextKey is a *contextKey, and it
 * is by the variable that programs know it.
 *
 * Answers are kept until runtime_close().  Any number of threads may ask.
 */
#ifndef GOCTX_RUNTIME_HELDNAME_H
#define GOCTX_RUNTIME_HELDNAME_H

#include "runtime/runtime.h"

/**
 * Name of the only package variable, a pointer or an interface, that holds @p pointer:
 * "http.ServerContextKey", as in Go's source.  Where several do, the only one of the package of the
 * type, from which others have it (net/http/internal/http2.ServerContextKey, since 1.27).
 * @param type  full name of the type that it points to
 * Cost: the first time a pass over the package variables (0.1 ms a MB) and one over the symbols.
 * @return NULL: none does, or several; lives until runtime_close()
 */
const char *runtime_held_name(struct runtime *rt, taddr pointer, const char *type);

struct held_names;
void held_names_free(struct held_names *h);

#endif
