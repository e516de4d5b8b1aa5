#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "target/proc.h"

enum {
	WINDOW = 4 * 1024 * 1024, /* looked up in pagemap and read at once; a multiple of FILL_CHUNK */
	WINDOW_PAGES = WINDOW / PAGE,
	RUNS_MAX = 128, /* pieces handed to one process_vm_readv */
};

#define HUGE_PAGE (UINT64_C(2) << 20)
#define PAGEMAP_POPULATED (UINT64_C(3) << 62) /* present or swapped */

char *proc_slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0, cap = 64 * 1024;
	ssize_t got;

	if (fd < 0)
		return NULL;
	char *buf = mem_alloc(cap);

	while ((got = read(fd, buf + n, cap - n - 1)) > 0 || (got < 0 && errno == EINTR)) {
		n += got > 0 ? (size_t)got : 0;
		if (cap - n < 8192)
			buf = mem_realloc(buf, cap *= 2);
	}
	int e = errno;

	close(fd);
	if (got < 0) {
		free(buf);
		errno = e;
		return NULL;
	}
	buf[n] = '\0';
	*len = n;
	return buf;
}

struct map_line {
	taddr start, end;
	uint64_t off, inode;
	char perm[5];
	const char *path; /* not NUL-terminated */
	size_t path_len;
};

/* "start-end perm offset major:minor inode   path".  @return false when it is not such a line. */
static bool parse_line(const char *line, const char *end, struct map_line *m)
{
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*x:%*x %" SCNu64 "%n", &m->start, &m->end, m->perm,
		   &m->off, &m->inode, &at) < 5 ||
	    !at || m->start >= m->end)
		return false;
	m->path = line + at;
	while (m->path < end && *m->path == ' ')
		m->path++;
	m->path_len = (size_t)(end - m->path);
	return true;
}

static bool starts_with(const struct map_line *m, const char *prefix)
{
	size_t n = strlen(prefix);

	return m->path_len >= n && !memcmp(m->path, prefix, n);
}

/* Can it be read, and is reading it free of side effects? */
static bool wanted(const struct map_line *m)
{
	if (m->perm[0] != 'r' || starts_with(m, "[vvar") || starts_with(m, "[vsyscall]"))
		return false;
	return !starts_with(m, "/dev/") || starts_with(m, "/dev/zero") || starts_with(m, "/dev/shm/");
}

static void add_line(struct target *t, struct proc *p, struct file_index *index, const struct map_line *m)
{
	struct region r = {
		.start = m->start,
		.end = m->end,
		.perm = REGION_R | (m->perm[1] == 'w' ? REGION_W : 0) | (m->perm[2] == 'x' ? REGION_X : 0),
		.source = SOURCE_LIVE,
		.file = -1,
	};
	struct region *last = t->regions.n ? &t->regions.v[t->regions.n - 1] : NULL;

	if (m->inode) {
		r.file = target_add_file(t, index, m->path, m->path_len, m->start);
		r.file_off = m->off;
		if (m->perm[3] == 's' && r.perm & REGION_W)
			VEC_PUSH(&p->shared, (struct file_range){.start = m->start, .end = m->end, .file = r.file});
	}
	if (last && last->end == r.start && last->file < 0 && r.file < 0 && last->perm == r.perm)
		last->end = r.end;
	else
		VEC_PUSH(&t->regions, r);
}

/*
 * Shadow of regions [i, j), which follow each other without a gap, in one piece: what crosses a border can be pointed
 * at. It lies as the original does within a huge page.
 */
static void add_shadow(struct target *t, struct proc *p, size_t i, size_t j)
{
	struct region *v = t->regions.v;
	taddr start = v[i].start;
	uint64_t len = v[j - 1].end - start;
	struct shadow s = {.size = len + HUGE_PAGE};

	s.map = mmap(NULL, s.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s.map == MAP_FAILED) {
		notes_add(t->notes, NOTE_LIMIT,
			  "no address space for %" PRIu64 " bytes at 0x%" PRIx64 ": they count as absent", len, start);
		for (; i < j; i++)
			v[i].source = SOURCE_ABSENT;
		return;
	}
	VEC_PUSH(&p->shadows, s);
	uint8_t *base = s.map;

	base += (start - (uintptr_t)base) % HUGE_PAGE;
	for (; i < j; i++) {
		uint64_t chunks = (region_len(&v[i]) + FILL_CHUNK - 1) / FILL_CHUNK;

		v[i].mem = base + (v[i].start - start);
		v[i].filled = mem_zalloc((chunks + 63) / 64 * sizeof(uint64_t));
	}
}

struct err *proc_read_maps(struct target *t, struct proc *p)
{
	char path[64];
	size_t len = 0;
	struct file_index index = {0};

	snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
	char *text = proc_slurp(path, &len);

	if (!text)
		return err_os(errno, "cannot read the memory map of process %d", p->pid);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct map_line m;

		*end = '\0';
		if (parse_line(line, end, &m) && wanted(&m))
			add_line(t, p, &index, &m);
	}
	free(text);
	u64map_free(&index.by_hash);
	target_sort(t);
	for (size_t i = 0, j; i < t->regions.n; i = j) {
		for (j = i + 1; j < t->regions.n && t->regions.v[j].start == t->regions.v[j - 1].end; j++)
			;
		add_shadow(t, p, i, j);
	}
	return NULL;
}

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
		if (got <= 0)
			return false;
		buf += got;
		a += (uint64_t)got;
		len -= (uint64_t)got;
	}
	return true;
}

static bool flush(struct proc *p, struct batch *b)
{
	bool ok = true;

	if (b->n && !p->released && !__atomic_load_n(&p->by_pread, __ATOMIC_RELAXED)) {
		ssize_t got = process_vm_readv(p->pid, b->local, b->n, b->remote, b->n, 0);

		if (got >= 0 && (uint64_t)got == b->bytes) {
			b->n = b->bytes = 0;
			return true;
		}
		// Forbidden by a seccomp filter, as containers have them: /proc/PID/mem may still be allowed.
		if (got < 0 && (errno == EPERM || errno == ENOSYS))
			__atomic_store_n(&p->by_pread, true, __ATOMIC_RELAXED);
	}
	// Stopped short, or at an address that is no more: /proc/PID/mem says piece by piece.
	for (size_t i = 0; ok && i < b->n; i++)
		ok = p->mem_fd >= 0 &&
		     pread_all(p->mem_fd, b->local[i].iov_base, b->local[i].iov_len, (uintptr_t)b->remote[i].iov_base);
	b->n = b->bytes = 0;
	return ok;
}

static bool add_run(struct proc *p, struct batch *b, const struct region *r, uint64_t off, uint64_t len)
{
	bool ok = b->n < RUNS_MAX || flush(p, b);

	b->local[b->n] = (struct iovec){(void *)(uintptr_t)(r->mem + off), len};
	b->remote[b->n++] = (struct iovec){(void *)(uintptr_t)(r->start + off), len};
	b->bytes += len;
	return ok;
}

/* Read [off, off+len), at most a window, all of it.  @return false when a byte of it cannot be read. */
static bool read_window(struct proc *p, const struct region *r, uint64_t off, uint64_t len, uint64_t *bytes)
{
	uint64_t map[WINDOW_PAGES];
	size_t pages = len / PAGE;
	struct batch b = {.n = 0};
	bool ok = true;
	// An anonymous page that was never touched is zero, like its shadow.  Others are read to be known, vDSO
	// included.
	bool sparse = p->pagemap_fd >= 0 && r->file < 0 && r->perm & REGION_W && !p->released;

	if (sparse)
		sparse = pread_all(p->pagemap_fd, (uint8_t *)map, pages * sizeof(map[0]),
				   (r->start + off) / PAGE * sizeof(map[0]));
	if (!sparse) {
		*bytes += len;
		return add_run(p, &b, r, off, len) && flush(p, &b);
	}
	for (size_t i = 0, j; i < pages; i = j) {
		bool populated = map[i] & PAGEMAP_POPULATED;

		for (j = i + 1; j < pages && !(map[j] & PAGEMAP_POPULATED) == !populated; j++)
			;
		if (populated) {
			ok &= add_run(p, &b, r, off + i * PAGE, (j - i) * PAGE);
			*bytes += (j - i) * PAGE;
		}
	}
	return flush(p, &b) && ok;
}

static bool is_filled(const struct region *r, uint64_t chunk)
{
	return __atomic_load_n(&r->filled[chunk / 64], __ATOMIC_RELAXED) >> (chunk % 64) & 1;
}

static void mark_filled(const struct region *r, uint64_t chunk, uint64_t end)
{
	for (; chunk < end; chunk++)
		__atomic_fetch_or(&r->filled[chunk / 64], UINT64_C(1) << (chunk % 64), __ATOMIC_RELEASE);
}

/* Fill the chunks [c, end) that are not yet; what cannot be read stays unmarked.  @return false when there is such. */
static bool fill_chunks(struct proc *p, const struct region *r, uint64_t c, uint64_t end, uint64_t *bytes)
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
	// A word read from a running program fits to no other word: only what never changes may be read after release.
	bool ok = !p->released || (!(r->perm & REGION_W) && r->file >= 0 && p->mem_fd >= 0);

	if (ok && !fill_chunks(p, r, off / FILL_CHUNK, end, &bytes)) {
		// A page of the chunk cannot be read (past the end of its file); the bytes asked for perhaps can.
		uint64_t lo = off / PAGE * PAGE, hi = (off + len + PAGE - 1) / PAGE * PAGE;

		for (; ok && lo < hi; lo += WINDOW)
			ok = read_window(p, r, lo, hi - lo < WINDOW ? hi - lo : WINDOW, &bytes);
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

/* Work of a snapshot: the regions to fill, handed out window by window. */
struct bulk {
	struct proc *p;
	VEC(struct region *) regions;
	pthread_mutex_t lock;
	size_t region;	/* next to hand out: this region … */
	uint64_t off;	/* … from here on */
	uint64_t bytes; /* read */
	bool ok;
};

enum { BULK_STEP = 4 * WINDOW };

static struct region *next_piece(struct bulk *b, uint64_t *off, uint64_t *len)
{
	struct region *r = NULL;

	pthread_mutex_lock(&b->lock);
	if (b->region < b->regions.n) {
		r = b->regions.v[b->region];
		*off = b->off;
		*len = region_len(r) - b->off;
		if (*len > BULK_STEP)
			*len = BULK_STEP;
		b->off += *len;
		if (b->off == region_len(r)) {
			b->off = 0;
			b->region++;
		}
	}
	pthread_mutex_unlock(&b->lock);
	return r;
}

static void *bulk_worker(void *arg)
{
	struct bulk *b = arg;
	uint64_t off, len, bytes = 0;
	bool ok = true;

	for (struct region *r; (r = next_piece(b, &off, &len));)
		ok &= fill_chunks(b->p, r, off / FILL_CHUNK, (off + len + FILL_CHUNK - 1) / FILL_CHUNK, &bytes);
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

bool proc_snapshot(struct target *t, uint64_t limit_bytes)
{
	struct proc *p = t->priv;
	struct bulk b = {.p = p, .lock = PTHREAD_MUTEX_INITIALIZER, .ok = true};
	pthread_t second;

	if (t->kind != TARGET_PROCESS || p->released || t->size_bytes > limit_bytes)
		return false;
	for (size_t i = 0; i < t->regions.n; i++) {
		struct region *r = &t->regions.v[i];

		if (r->filled && r->perm & REGION_W && !is_shared(p, r->start))
			VEC_PUSH(&b.regions, r);
	}
	pthread_mutex_lock(&p->lock);
	bool two = sysconf(_SC_NPROCESSORS_ONLN) > 1 && !pthread_create(&second, NULL, bulk_worker, &b);

	bulk_worker(&b);
	if (two)
		pthread_join(second, NULL);
	pthread_mutex_unlock(&p->lock);
	VEC_FREE(&b.regions);
	t->size_bytes = b.bytes;
	return b.ok;
}

void proc_free_memory(struct target *t, struct proc *p)
{
	for (size_t i = 0; i < t->regions.n; i++)
		free(t->regions.v[i].filled);
	for (size_t i = 0; i < p->shadows.n; i++)
		munmap(p->shadows.v[i].map, p->shadows.v[i].size);
	VEC_FREE(&p->shadows);
	VEC_FREE(&p->shared);
}
