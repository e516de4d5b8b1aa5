/**
 * @file  Memory of our own process: allocation that cannot fail, growable arrays, big flat tables.
 *
 * Running out of memory ends the helper with one clear line and exit status 3; nothing we could do
 * after that would be more useful, and GDB lives in another process.  Lengths that come from the
 * target are checked by the caller before they get here.
 *
 * Blocks from 4 MiB on are made of huge pages where the kernel has them.  They cost nothing before
 * they are touched, so room may be made for what will hardly come; and growing them copies nothing,
 * but moves them.
 */
#ifndef GOCTX_BASE_MEM_H
#define GOCTX_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** Say "out of memory" on stderr and exit(3). */
void mem_out(void) __attribute__((noreturn));

/** malloc/calloc/realloc/strdup/strndup that never return NULL. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *p, size_t size);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

/** realloc to @p n elements of @p size bytes, overflow checked. */
void *mem_resize(void *p, size_t n, size_t size);

/**
 * Typed growable array: `VEC(struct thread) threads;` zero-initialised, elements at .v[0 … .n-1].
 * VEC_PUSH evaluates the vector expression more than once.  Amortised constant time, growth
 * factor 1.5.
 */
#define VEC(type)              \
	struct {               \
		type *v;       \
		size_t n, cap; \
	}

#define VEC_RESERVE(vec, want)                                                     \
	do {                                                                       \
		size_t want_ = (want);                                             \
		if ((vec)->cap < want_) {                                          \
			(vec)->cap = want_;                                        \
			(vec)->v = mem_resize((vec)->v, want_, sizeof(*(vec)->v)); \
		}                                                                  \
	} while (0)

#ifdef __SANITIZE_ADDRESS__ /* short ones move at every push: no pointer into one stays good */
#define VEC_GROWN(cap) ((cap) + ((cap) < 1024 ? 1 : (cap) / 2))
#else
#define VEC_GROWN(cap) ((cap) + (cap) / 2 + 16)
#endif

#define VEC_PUSH(vec, ...)                                       \
	do {                                                     \
		if ((vec)->n == (vec)->cap)                      \
			VEC_RESERVE(vec, VEC_GROWN((vec)->cap)); \
		(vec)->v[(vec)->n++] = (__VA_ARGS__);            \
	} while (0)

#define VEC_FREE(vec)                             \
	do {                                      \
		free((vec)->v);                   \
		memset((vec), 0, sizeof(*(vec))); \
	} while (0)

/** Scope guard: `_cleanup_free_ char *s = …;`. */
static inline void mem_cleanup_free(void *pp)
{
	free(*(void **)pp);
}
#define _cleanup_free_ __attribute__((cleanup(mem_cleanup_free)))

#endif
