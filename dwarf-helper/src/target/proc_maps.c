#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/proc_internal.h"

/* What is reserved but not in use by the debuggee gets addresses of ours too, up to here: its heap
 * may grow into it. */
#define RESERVE_MAX (UINT64_C(16) << 30)

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

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*x:%*x %" SCNu64 "%n", &m->start,
		   &m->end, m->perm, &m->off, &m->inode, &at) < 5 ||
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
	return !starts_with(m, "/dev/") || starts_with(m, "/dev/zero") ||
	       starts_with(m, "/dev/shm/");
}

static void add_line(struct target *t, struct proc *p, struct file_index *index,
		     const struct map_line *m)
{
	if (!wanted(m))
		return;

	struct region r = {
		.start = m->start,
		.end = m->end,
		.perm = REGION_R | (m->perm[1] == 'w' ? REGION_W : 0) |
			(m->perm[2] == 'x' ? REGION_X : 0),
		.source = SOURCE_LIVE,
		.file = -1,
	};
	struct region *last = t->regions.n ? &t->regions.v[t->regions.n - 1] : NULL;

	if (m->inode) {
		r.file = target_add_file(t, index, m->path, m->path_len, m->start);
		r.file_off = m->off;
		if (m->perm[3] == 's' && r.perm & REGION_W)
			VEC_PUSH(&p->shared, (struct file_range){.start = m->start,
								 .end = m->end,
								 .file = r.file});
	}
	if (last && last->end == r.start && last->file < 0 && r.file < 0 && last->perm == r.perm)
		last->end = r.end;
	else
		VEC_PUSH(&t->regions, r);
}

/* Shadow that covers [start, end), made before or now; NULL when there is no address space for
 * it. */
static const struct shadow *get_shadow(struct target *t, struct proc *p, taddr start, taddr end)
{
	for (size_t i = 0; i < p->shadows.n; i++)
		if (p->shadows.v[i].start <= start && end <= p->shadows.v[i].end)
			return &p->shadows.v[i];

	struct shadow s = {.start = start, .end = end};
	void *map = mmap(NULL, end - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);

	if (map == MAP_FAILED) {
		notes_add(t->notes, NOTE_LIMIT,
			  "no address space for %" PRIu64 " bytes at 0x%" PRIx64
			  ": they count as absent",
			  end - start, start);
		return NULL;
	}
	s.map = map;
	VEC_PUSH(&p->shadows, s);
	return &p->shadows.v[p->shadows.n - 1];
}

/* Memory of ours for regions [i, n) of one run, as far as they lie in @p s. */
static void use_shadow(struct target *t, const struct shadow *s, size_t i, taddr end)
{
	for (struct region *r; i < t->regions.n && (r = &t->regions.v[i])->start < end; i++) {
		uint8_t *mem = s ? s->map + (r->start - s->start) : NULL;
		uint64_t chunks = (region_len(r) + FILL_CHUNK - 1) / FILL_CHUNK;

		if (!mem || mprotect(mem, region_len(r), PROT_READ | PROT_WRITE) < 0) {
			r->source = SOURCE_ABSENT;
			continue;
		}
		r->mem = mem;
		r->filled = mem_zalloc((chunks + 63) / 64 * sizeof(uint64_t));
	}
}

/*
 * A run is what follows each other without a gap, reservations between readable parts included.  It
 * is shadowed in one piece, so that what crosses a border of regions can be pointed at.
 */
struct run {
	taddr start, end;
	size_t first; /* its first region */
};

static void end_run(struct target *t, struct proc *p, const struct run *run)
{
	if (run->first < t->regions.n)
		use_shadow(t, get_shadow(t, p, run->start, run->end), run->first, run->end);
}

static void forget_maps(struct target *t, struct proc *p)
{
	for (size_t i = 0; i < t->regions.n; i++)
		free(t->regions.v[i].filled);
	for (size_t i = 0; i < t->files.n; i++)
		free(t->files.v[i].path);
	t->regions.n = t->files.n = p->shared.n = 0;
}

static bool extends(const struct run *run, const struct map_line *m)
{
	return m->start == run->end &&
	       (wanted(m) || (m->perm[0] != 'r' && m->end - m->start <= RESERVE_MAX));
}

void proc_parse_maps(struct target *t, struct proc *p, char *text)
{
	struct file_index index = {0};
	struct run run = {0};

	forget_maps(t, p);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct map_line m;

		*end = '\0';
		if (!parse_line(line, end, &m) || m.start < run.end)
			continue; // the list is ascending: what is not was changed while it was
				  // read
		if (!extends(&run, &m)) {
			end_run(t, p, &run);
			run = (struct run){m.start, m.start, t->regions.n};
		}
		run.end = m.end;
		add_line(t, p, &index, &m);
	}
	end_run(t, p, &run);
	target_changed(t);
	u64map_free(&index.by_hash);
}

struct err *proc_read_maps(struct target *t, struct proc *p)
{
	char path[64];
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", p->reader);
	_cleanup_free_ char *text = proc_slurp(path, &len);

	if (!text)
		return err_os(errno, "cannot read the memory map of process %d", p->pid);
	proc_parse_maps(t, p, text);
	return NULL;
}

void proc_free_memory(struct target *t, struct proc *p)
{
	forget_maps(t, p);
	for (size_t i = 0; i < p->shadows.n; i++)
		munmap(p->shadows.v[i].map, p->shadows.v[i].end - p->shadows.v[i].start);
	VEC_FREE(&p->shadows);
	VEC_FREE(&p->shared);
}
