#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "target/proc_internal.h"

enum {
	WINDOW = 4 * 1024 *
		 1024, /* looked up in pagemap and read at once; a multiple of FILL_CHUNK */
	WINDOW_PAGES = WINDOW / ARCH_PAGE_MIN, /* at most */
	RUNS_MAX = 128,			       /* pieces handed to one process_vm_readv */
};

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; before it nothing is prepared */
#endif
#define PAGEMAP_POPULATED (UINT64_C(3) << 62) /* present or swapped */

/* Linux 6.7; named here because older headers lack them (include/uapi/linux/fs.h). */
struct scan_region {
	uint64_t start, end, categories;
};
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define IOC_PAGEMAP_SCAN _IOWR('f', 16, struct scan_arg)
enum { SCAN_POPULATED = 1 << 3 | 1 << 4 };

/* Race detector and sanitizers map terabytes of which little is used: without the scan those are
 * left out. */
#define SNAPSHOT_REGION_MAX (UINT64_C(1) << 40)

/* Pieces of one window, for one system call. */
struct batch {
	struct iovec local[RUNS_MAX], remote[RUNS_MAX];
	size_t n;
	uint64_t bytes;
};

static bool pread_all(int fd, uint8_t *buf, uint64_t len, taddr a)
{
	while (len) {
		ssize_t got = pread(fd, buf, len, (off_t)a);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got ? errno : ESRCH; // of /proc/PID/mem: there is no memory any
						     // more (fs/proc/base.c: mem_rw)
			return false;
		}
		buf += got;
		a += (uint64_t)got;
		len -= (uint64_t)got;
	}
	return true;
}

static bool flush(struct proc *p, struct batch *b)
{
	bool ok = true;

	if (p->source) {
		for (size_t i = 0; ok && i < b->n; i++)
			ok = p->source->read(p->source->arg, (uintptr_t)b->remote[i].iov_base,
					     b->local[i].iov_base, b->local[i].iov_len);
		b->n = b->bytes = 0;
		return ok;
	}
	if (b->n && !p->released && !__atomic_load_n(&p->by_pread, __ATOMIC_RELAXED)) {
		ssize_t got = process_vm_readv(p->reader, b->local, b->n, b->remote, b->n, 0);

		if (got >= 0 && (uint64_t)got == b->bytes) {
			b->n = b->bytes = 0;
			return true;
		}
		// Forbidden by a seccomp filter, as containers have them: /proc/PID/mem may still
		// be allowed.
		if (got < 0 && (errno == EPERM || errno == ENOSYS))
			__atomic_store_n(&p->by_pread, true, __ATOMIC_RELAXED);
	}
	// Stopped short, or at an address that is no more: /proc/PID/mem says piece by piece.
	errno = 0;
	for (size_t i = 0; ok && i < b->n; i++)
		ok = p->mem_fd >= 0 &&
		     pread_all(p->mem_fd, b->local[i].iov_base, b->local[i].iov_len,
			       (uintptr_t)b->remote[i].iov_base);
	b->n = b->bytes = 0;
	if (!ok && errno == ESRCH)
		__atomic_store_n(&p->ended, true, __ATOMIC_RELAXED);
	return ok;
}

static bool add_run(struct proc *p, struct batch *b, const struct region *r, uint64_t off,
		    uint64_t len)
{
	bool ok = b->n < RUNS_MAX || flush(p, b);

	b->local[b->n] = (struct iovec){(void *)(uintptr_t)(r->mem + off), len};
	b->remote[b->n++] = (struct iovec){(void *)(uintptr_t)(r->start + off), len};
	b->bytes += len;
	return ok;
}

static bool populate_run(struct proc *p, struct batch *b, const struct region *r, uint64_t off,
			 uint64_t len)
{
	(void)p;
	(void)b;
	return !madvise((void *)(uintptr_t)(r->mem + off), len, MADV_POPULATE_WRITE);
}

typedef bool run_func(struct proc *p, struct batch *b, const struct region *r, uint64_t off,
		      uint64_t len);

/* @p func on each piece of [off, off+len), at most a window, that has content.  @return false when
 * it ever failed. */
static bool each_run(struct proc *p, const struct region *r, uint64_t off, uint64_t len,
		     run_func *func, struct batch *b, uint64_t *bytes)
{
	uint64_t map[WINDOW_PAGES];
	const uint64_t page = p->page;
	size_t pages = len / page;
	bool ok = true;
	// An anonymous page that was never touched is zero, like its shadow.  Others are read to be
	// known, vDSO too.
	bool sparse = p->pagemap_fd >= 0 && r->file < 0 && r->perm & REGION_W && !p->released;

	if (!sparse || !pread_all(p->pagemap_fd, (uint8_t *)map, pages * sizeof(map[0]),
				  (r->start + off) / page * sizeof(map[0]))) {
		*bytes += len;
		return func(p, b, r, off, len);
	}
	for (size_t i = 0, j; i < pages; i = j) {
		bool populated = map[i] & PAGEMAP_POPULATED;

		for (j = i + 1; j < pages && !(map[j] & PAGEMAP_POPULATED) == !populated; j++)
			;
		if (populated) {
			ok &= func(p, b, r, off + i * page, (j - i) * page);
			*bytes += (j - i) * page;
		}
	}
	return ok;
}

/* Read a window.  @return false when a byte of it cannot be read. */
static bool read_window(struct proc *p, const struct region *r, uint64_t off, uint64_t len,
			uint64_t *bytes)
{
	struct batch b;

	if (p->released && proc_exe_read(p, r, off, len)) {
		*bytes += len;
		return true;
	}
	b.n = b.bytes = 0;
	bool ok = each_run(p, r, off, len, add_run, &b, bytes);

	return flush(p, &b) && ok;
}

static bool is_filled(const struct region *r, uint64_t chunk)
{
	return __atomic_load_n(&r->filled[chunk / 64], __ATOMIC_RELAXED) >> (chunk % 64) & 1;
}

static void mark_filled(const struct region *r, uint64_t chunk, uint64_t end)
{
	while (chunk < end) {
		uint64_t n = 64 - chunk % 64, bits = ~UINT64_C(0) << (chunk % 64);

		if (n > end - chunk) {
			n = end - chunk;
			bits &= (UINT64_C(1) << (end % 64)) - 1;
		}
		__atomic_fetch_or(&r->filled[chunk / 64], bits, __ATOMIC_RELEASE);
		chunk += n;
	}
}

/* Fill the chunks [c, end) that are not yet; what cannot be read stays unmarked.  @return false
 * when there is such. */
static bool fill_chunks(struct proc *p, const struct region *r, uint64_t c, uint64_t end,
			uint64_t *bytes)
{
	bool all = true;

	while (c < end) {
		uint64_t n = 0, most = WINDOW / FILL_CHUNK;

		while (n < most && c + n < end && !is_filled(r, c + n))
			n++;
		if (!n) {
			c++;
			continue;
		}
		uint64_t off = c * FILL_CHUNK, len = n * FILL_CHUNK;

		if (len > region_len(r) - off)
			len = region_len(r) - off;
		if (read_window(p, r, off, len, bytes))
			mark_filled(r, c, c + n);
		else if (n > 1)
			for (uint64_t k = c; k < c + n; k++)
				all &= fill_chunks(p, r, k, k + 1, bytes);
		else
			all = false;
		c += n;
	}
	return all;
}

bool proc_fill(struct target *t, struct region *r, uint64_t off, uint64_t len)
{
	struct proc *p = t->priv;
	uint64_t bytes = 0, end = (off + len + FILL_CHUNK - 1) / FILL_CHUNK;

	pthread_mutex_lock(&p->lock);
	// A word read from a running program fits to no other word: only what never changes may be
	// read after release.
	bool ok = !p->released || (!(r->perm & REGION_W) && r->file >= 0 && p->mem_fd >= 0);

	if (ok && !fill_chunks(p, r, off / FILL_CHUNK, end, &bytes)) {
		// A page of the chunk cannot be read (past the end of its file); the bytes asked
		// for perhaps can.
		uint64_t page = p->page, lo = off / page * page,
			 hi = (off + len + page - 1) / page * page;

		for (; ok && lo < hi; lo += WINDOW)
			ok = read_window(p, r, lo, hi - lo < WINDOW ? hi - lo : WINDOW, &bytes);
	}
	t->ended |= p->ended;
	pthread_mutex_unlock(&p->lock);
	return ok;
}

/* Work on all writable memory, handed out piece by piece. */
struct bulk {
	struct proc *p;
	bool prepare; /* else fill */
	VEC(struct region *) regions;
	pthread_mutex_t lock;
	size_t region;	/* next to hand out: this region ... */
	uint64_t off;	/* ... from here on */
	uint64_t bytes; /* with content */
	bool ok;
};

enum { BULK_STEP = 4 * WINDOW, SCAN_MIN = 512 * 1024 };

/* Offset of the first populated page of @p r from @p off on; @p off itself when the kernel does not
 * say. */
static uint64_t next_populated(const struct proc *p, const struct region *r, uint64_t off)
{
	struct scan_region found;
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = r->start + off,
		.end = r->end,
		.vec = (uintptr_t)&found,
		.vec_len = 1,
		.max_pages = 1,
		.category_anyof_mask = SCAN_POPULATED,
		.return_mask = SCAN_POPULATED,
	};
	int n = ioctl(p->pagemap_fd, IOC_PAGEMAP_SCAN, &arg);

	if (n < 0)
		return off;
	return n ? found.start - r->start : region_len(r);
}

/* What is zero for sure needs no reading, nor looking at pagemap page by page. */
static void skip_hole(struct bulk *b, const struct region *r)
{
	if (r->file >= 0 || b->p->pagemap_fd < 0 || region_len(r) < SCAN_MIN)
		return;
	uint64_t chunk = next_populated(b->p, r, b->off) / FILL_CHUNK;

	if (chunk <= b->off / FILL_CHUNK)
		return;
	if (!b->prepare)
		mark_filled(r, b->off / FILL_CHUNK, chunk);
	b->off = chunk * FILL_CHUNK;
}

static struct region *next_piece(struct bulk *b, uint64_t *off, uint64_t *len)
{
	struct region *r = NULL;

	pthread_mutex_lock(&b->lock);
	while (!r && b->region < b->regions.n) {
		struct region *c = b->regions.v[b->region];

		skip_hole(b, c);
		*off = b->off;
		*len = region_len(c) - b->off;
		if (*len > BULK_STEP)
			*len = BULK_STEP;
		b->off += *len;
		if (*len)
			r = c;
		if (b->off == region_len(c)) {
			b->off = 0;
			b->region++;
		}
	}
	pthread_mutex_unlock(&b->lock);
	return r;
}

static bool bulk_piece(struct bulk *b, const struct region *r, uint64_t off, uint64_t len,
		       uint64_t *bytes)
{
	bool ok = true;

	if (!b->prepare)
		return fill_chunks(b->p, r, off / FILL_CHUNK,
				   (off + len + FILL_CHUNK - 1) / FILL_CHUNK, bytes);
	for (uint64_t end = off + len; off < end; off += WINDOW)
		ok &= each_run(b->p, r, off, end - off < WINDOW ? end - off : WINDOW, populate_run,
			       NULL, bytes);
	return ok;
}

static void *bulk_worker(void *arg)
{
	struct bulk *b = arg;
	uint64_t off, len, bytes = 0;
	bool ok = true;

	for (struct region *r; (r = next_piece(b, &off, &len));)
		ok &= bulk_piece(b, r, off, len, &bytes);
	pthread_mutex_lock(&b->lock);
	b->bytes += bytes;
	b->ok &= ok;
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static bool is_shared(const struct proc *p, taddr a)
{
	for (size_t i = 0; i < p->shared.n; i++)
		if (a >= p->shared.v[i].start && a < p->shared.v[i].end)
			return true;
	return false;
}

/* Does this kernel know PAGEMAP_SCAN?  Ask it for an empty scan. */
static bool can_scan(const struct target *t)
{
	const struct proc *p = t->priv;
	struct scan_arg arg = {.size = sizeof(arg),
			       .category_anyof_mask = SCAN_POPULATED,
			       .return_mask = SCAN_POPULATED};

	if (t->regions.n)
		arg.start = arg.end = t->regions.v[0].start;
	return p->pagemap_fd >= 0 && ioctl(p->pagemap_fd, IOC_PAGEMAP_SCAN, &arg) >= 0;
}

/* @return false when a piece failed; *bytes then is what was tried. */
static bool bulk_run(struct target *t, bool prepare, uint64_t *bytes)
{
	struct proc *p = t->priv;
	struct bulk b = {.p = p, .prepare = prepare, .lock = PTHREAD_MUTEX_INITIALIZER, .ok = true};
	pthread_t second;

	bool scans = can_scan(t);

	for (size_t i = 0; i < t->regions.n; i++) {
		struct region *r = &t->regions.v[i];

		if (!r->filled || is_shared(p, r->start) ||
		    (!(r->perm & REGION_W) && !proc_exe_relocated(p, r)))
			continue;
		if (scans || region_len(r) <= SNAPSHOT_REGION_MAX)
			VEC_PUSH(&b.regions, r);
	}
	pthread_mutex_lock(&p->lock);
	bool two = sysconf(_SC_NPROCESSORS_ONLN) > 1 &&
		   !pthread_create(&second, NULL, bulk_worker, &b);

	bulk_worker(&b);
	if (two)
		pthread_join(second, NULL);
	pthread_mutex_unlock(&p->lock);
	VEC_FREE(&b.regions);
	t->ended |= p->ended;
	*bytes = b.bytes;
	return b.ok;
}

void proc_prepare(struct target *t)
{
	uint64_t bytes;

	bulk_run(t, true, &bytes);
}

bool proc_snapshot(struct target *t, uint64_t limit_bytes)
{
	struct proc *p = t->priv;

	if (t->kind != TARGET_PROCESS || p->released || t->size_bytes > limit_bytes)
		return false;
	return bulk_run(t, false, &t->size_bytes);
}
