/**
 * @file  Opening and closing a struct runtime: the one place that knows all parts of it.
 */
#ifndef GOCTX_RUNTIME_OPEN_H
#define GOCTX_RUNTIME_OPEN_H

#include "runtime/runtime.h"

/**
 * Read modules, wait reason names and the itab table; the heap is opened by model_build(), which
 * does it beside other work.
 * @p rt is zeroed first, then t, img, notes, cancel and L are taken from the arguments.
 * @return NULL, ERR_BAD_DATA or ERR_FAULT (moduledata unreadable: wrong executable, truncated core)
 */
struct err *runtime_open(struct runtime *rt, struct target *t, struct image *img,
			 const struct layout *l, uint64_t bias, struct notes *notes,
			 volatile sig_atomic_t *cancel);
/** Free all of it, the heap too.  Borrowed parts stay; a runtime that runtime_open() has refused is
 * closed already. */
void runtime_close(struct runtime *rt);

#endif
