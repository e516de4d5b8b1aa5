/*
 * rawpass CORE | rawpass --pid PID: how fast this machine can touch the memory that goctx looks at.
 *
 * Of a core, every byte of the writable segments that the file holds is read once through pread(), in blocks, and
 * summed up eight bytes at a time.  Of a process, every populated writable page is copied once with process_vm_readv():
 * into one block again and again, and into new memory that keeps all of it.  One thread.  Best of three, one line of
 * JSON:
 *
 *     {"seconds":0.312,"bytes":2476000000,"holes":424000000}
 *     {"seconds":0.402,"kept_seconds":0.911,"bytes":2052000000}
 *
 * holes: how many of the bytes the file system keeps no blocks for.  Exit status 0, or 1 with a line on stderr.
 */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_BYTES (UINT64_C(1) << 20)
#define MAX_PIECES 512 /* remote ranges of one process_vm_readv(), well below IOV_MAX */
#define MAX_RANGES (UINT64_C(1) << 24)
#define PASSES 3

/** Bytes [start, start + len): offsets of a file, or addresses of a process. */
struct range {
	uint64_t start, len;
};

struct ranges {
	struct range *v;
	size_t n, room;
	uint64_t bytes;
};

static volatile uint64_t sum_sink; // so that no sum is optimized away

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("rawpass: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void add_range(struct ranges *r, uint64_t start, uint64_t len)
{
	if (r->n && r->v[r->n - 1].start + r->v[r->n - 1].len == start) {
		r->v[r->n - 1].len += len;
		r->bytes += len;
		return;
	}
	if (r->n == r->room) {
		if (r->n >= MAX_RANGES)
			die("too many ranges");
		r->room = r->room ? r->room * 2 : 1024;
		r->v = realloc(r->v, r->room * sizeof(*r->v));
		if (!r->v)
			die("out of memory");
	}
	r->v[r->n++] = (struct range){start, len};
	r->bytes += len;
}

/* ---- a core ---- */

/* What the file holds of the writable segments. */
static void read_segments(int fd, struct ranges *r)
{
	size_t n;
	GElf_Phdr ph;

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &n))
		die("not an ELF file: %s", elf_errmsg(-1));
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph))
			die("program header %zu: %s", i, elf_errmsg(-1));
		if (ph.p_type == PT_LOAD && (ph.p_flags & PF_W) && ph.p_filesz)
			add_range(r, ph.p_offset, ph.p_filesz);
	}
	elf_end(elf);
}

/* Bytes of the ranges that lie in holes of the file. */
static uint64_t count_holes(int fd, const struct ranges *r)
{
	uint64_t holes = 0;

	for (size_t i = 0; i < r->n; i++) {
		uint64_t at = r->v[i].start, end = at + r->v[i].len;
		while (at < end) {
			off_t data = lseek(fd, (off_t)at, SEEK_DATA);
			uint64_t from = data < 0 || (uint64_t)data > end ? end : (uint64_t)data;
			holes += from - at;
			if (from == end)
				break;
			off_t hole = lseek(fd, (off_t)from, SEEK_HOLE);
			at = hole < 0 || (uint64_t)hole > end ? end : (uint64_t)hole;
		}
	}
	return holes;
}

static uint64_t sum_words(const uint64_t *w, size_t n)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (size_t i = 0; i + 4 <= n; i += 4) {
		a += w[i];
		b += w[i + 1];
		c += w[i + 2];
		d += w[i + 3];
	}
	return a + b + c + d;
}

static void read_all(int fd, const struct ranges *r, uint64_t *block)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->n; i++) {
		for (uint64_t done = 0; done < r->v[i].len;) {
			uint64_t left = r->v[i].len - done;
			ssize_t k = pread(fd, block, left < BLOCK_BYTES ? left : BLOCK_BYTES,
					  (off_t)(r->v[i].start + done));
			if (k < 0 && errno == EINTR)
				continue;
			if (k <= 0)
				die("cannot read: %s", k ? strerror(errno) : "the core is truncated");
			sum += sum_words(block, (size_t)k / sizeof(uint64_t));
			done += (uint64_t)k;
		}
	}
	sum_sink += sum;
}

static void measure_core(const char *path, uint64_t *block)
{
	struct ranges r = {0};
	double best = 1e9;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	read_segments(fd, &r);
	read_all(fd, &r, block); // into the page cache
	for (int i = 0; i < PASSES; i++) {
		double start = now();
		read_all(fd, &r, block);
		double took = now() - start;
		best = took < best ? took : best;
	}
	printf("{\"seconds\":%.6f,\"bytes\":%" PRIu64 ",\"holes\":%" PRIu64 "}\n", best, r.bytes, count_holes(fd, &r));
	free(r.v);
	close(fd);
}

/* ---- a process ---- */

/* The populated pages of one mapping, by /proc/PID/pagemap. */
static void add_populated(int pagemap, uint64_t start, uint64_t end, struct ranges *r)
{
	static uint64_t entry[4096];
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	while (start < end) {
		uint64_t want = (end - start) / page;
		if (want > sizeof(entry) / sizeof(entry[0]))
			want = sizeof(entry) / sizeof(entry[0]);
		ssize_t k = pread(pagemap, entry, want * sizeof(entry[0]), (off_t)(start / page * sizeof(entry[0])));
		if (k < (ssize_t)sizeof(entry[0]))
			die("cannot read the pagemap: %s", k < 0 ? strerror(errno) : "it ends");
		size_t n = (size_t)k / sizeof(entry[0]);
		for (size_t i = 0; i < n; i++)
			if (entry[i] >> 62) // present or swapped
				add_range(r, start + i * page, page);
		start += n * page;
	}
}

static void read_maps(int pid, struct ranges *r)
{
	char path[64], line[4096], perm[8];
	uint64_t start, end;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	int pagemap = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "re");
	if (pagemap < 0 || !maps)
		die("process %d: %s", pid, strerror(errno));
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &start, &end, perm) == 3 && !strncmp(perm, "rw", 2))
			add_populated(pagemap, start, end, r);
	fclose(maps);
	close(pagemap);
}

/* One call's worth of remote ranges, from range *i at *done on.  @return how many bytes they are. */
static uint64_t gather(const struct ranges *r, size_t *i, uint64_t *done, struct iovec *piece, size_t *n)
{
	uint64_t bytes = 0;

	for (*n = 0; *i < r->n && *n < MAX_PIECES && bytes < BLOCK_BYTES; (*n)++) {
		uint64_t len = r->v[*i].len - *done;
		if (len > BLOCK_BYTES - bytes)
			len = BLOCK_BYTES - bytes;
		piece[*n] = (struct iovec){(void *)(uintptr_t)(r->v[*i].start + *done), len};
		bytes += len;
		*done += len;
		if (*done == r->v[*i].len) {
			*done = 0;
			(*i)++;
		}
	}
	return bytes;
}

/* keep: each block goes behind the one before; else all go to the same place. */
static void copy_all(int pid, const struct ranges *r, uint8_t *to, bool keep)
{
	struct iovec piece[MAX_PIECES];
	size_t i = 0, n;
	uint64_t done = 0;

	while (i < r->n) {
		uint64_t bytes = gather(r, &i, &done, piece, &n);
		struct iovec local = {to, bytes};
		if (process_vm_readv(pid, &local, 1, piece, n, 0) != (ssize_t)bytes)
			die("process %d: %s", pid, errno ? strerror(errno) : "it changes");
		if (keep)
			to += bytes;
	}
}

static double copy_kept(int pid, const struct ranges *r)
{
	double start = now();
	uint8_t *all = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		die("no memory for a copy: %s", strerror(errno));
	copy_all(pid, r, all, true);
	double took = now() - start;
	munmap(all, r->bytes);
	return took;
}

static void measure_process(int pid, uint64_t *block)
{
	struct ranges r = {0};
	double best = 1e9, kept = 1e9;

	read_maps(pid, &r);
	if (!r.bytes)
		die("process %d has no writable memory", pid);
	for (int i = 0; i < PASSES; i++) {
		double start = now();
		copy_all(pid, &r, (uint8_t *)block, false);
		double took = now() - start;
		best = took < best ? took : best;
	}
	for (int i = 0; i < PASSES; i++) {
		double took = copy_kept(pid, &r);
		kept = took < kept ? took : kept;
	}
	printf("{\"seconds\":%.6f,\"kept_seconds\":%.6f,\"bytes\":%" PRIu64 "}\n", best, kept, r.bytes);
	free(r.v);
}

int main(int argc, char **argv)
{
	uint64_t *block = aligned_alloc(4096, BLOCK_BYTES);

	if (!block)
		die("out of memory");
	memset(block, 0, BLOCK_BYTES);
	if (argc == 2 && argv[1][0] != '-')
		measure_core(argv[1], block);
	else if (argc == 3 && !strcmp(argv[1], "--pid") && atoi(argv[2]) > 0)
		measure_process(atoi(argv[2]), block);
	else
		die("usage: rawpass CORE | rawpass --pid PID");
	free(block);
	return 0;
}
