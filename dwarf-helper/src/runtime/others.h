/**
 * @file  Other Go runtimes in the same process: libraries built with -buildmode=c-shared, or C
 * libraries with a Go archive inside, that a Go program has loaded.
 *
 * Each has goroutines, a heap and contexts of its own, which nothing here reads.  A plugin is none:
 * it shares the program's runtime and is in its list of modules.
 */
#ifndef GOCTX_RUNTIME_OTHERS_H
#define GOCTX_RUNTIME_OTHERS_H

#include "runtime/runtime.h"

/**
 * Add a warning for each library that has a runtime of its own.  They are known by their build
 * information, which lies in writable memory, so it is in every core.  @pre the modules have been
 * read Cost: one pass over the list of regions, and one over the writable data of loaded libraries.
 */
void others_tell(const struct runtime *rt);

#endif
