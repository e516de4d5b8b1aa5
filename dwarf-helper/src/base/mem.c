#include "base/mem.h"

#include <malloc.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_MIN (4u << 20)
#define HUGE_PAGE (2u << 20)
/* glibc: a block with a mapping of its own begins this far behind the mapping */
#define MMAP_HEAD 16u
/* …and is at least this much smaller than a mapping that is filled to the brim */
#define MMAP_LOSS 32u

/*
 * Big blocks have mappings of their own, of whole huge pages: the kernel then zeroes and maps 2 MiB
 * at a time, which on a virtual machine makes the first touch of a hundred megabytes seven times
 * cheaper, and realloc() moves page tables instead of bytes.
 */
static size_t size_of_block(size_t size)
{
	static bool told;

	if (size < HUGE_MIN || size > SIZE_MAX - HUGE_PAGE - MMAP_LOSS)
		return size ? size : 1;
	if (!__atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		mallopt(M_MMAP_THRESHOLD,
			HUGE_MIN); /* else it grows with what is freed, up to 32 MiB */
	return (size + MMAP_LOSS + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE - MMAP_LOSS;
}

/*
 * All of the mapping gets the advice, since mremap() refuses one that is in parts.  Advice only;
 * never mind if it is refused.
 */
static void *advise(void *p, size_t size)
{
	uintptr_t start = (uintptr_t)p, end = start + size;

	if (size < HUGE_MIN)
		return p;
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	if (start % page == MMAP_HEAD) {
		start -= MMAP_HEAD;
		end = (end + MMAP_LOSS - MMAP_HEAD) / page * page;
	} else {
		start = (start + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
		end &= ~(uintptr_t)(HUGE_PAGE - 1);
	}
	if (end > start)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
	return p;
}

void mem_out(void)
{
	static const char text[] = "goctx: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(3);
	_exit(3);
}

void *mem_alloc(size_t size)
{
	size = size_of_block(size);

	void *p = malloc(size);

	if (!p)
		mem_out();
	return advise(p, size);
}

void *mem_zalloc(size_t size)
{
	size = size_of_block(size);

	void *p = calloc(1, size);

	if (!p)
		mem_out();
	return advise(p, size);
}

void *mem_realloc(void *p, size_t size)
{
	size = size_of_block(size);
	p = realloc(p, size);
	if (!p)
		mem_out();
	return advise(p, size);
}

void *mem_resize(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		mem_out();
	return mem_realloc(p, bytes);
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
	char *p = mem_alloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}
