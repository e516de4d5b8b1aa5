/**
 * @file  pprof labels of a goroutine (runtime/pprof/label.go): map[string]string until 1.23, a
 * sorted list since 1.24.
 */
#ifndef GOCTX_RUNTIME_LABEL_H
#define GOCTX_RUNTIME_LABEL_H

#include "runtime/runtime.h"

/** One label; not NUL-terminated, host memory of the target. */
typedef void label_fn(void *arg, const char *key, uint64_t key_n, const char *val, uint64_t val_n);

/** Visit the labels behind g.labels (@p labels, 0: none), at most 64.  @return false when they
 * cannot be read. */
bool label_each(struct runtime *rt, taddr labels, label_fn *fn, void *arg);

#endif
