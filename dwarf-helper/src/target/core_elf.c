#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/core_internal.h"
#include "target/elfwords.h"

#define UNMAP_ALONE (256u << 20)
#define UNMAP_ALIGN (2u << 20) /* halves that share no page table */

struct core_map {
	const uint8_t *map;
	size_t size;
};

struct half {
	char *p;
	size_t n;
};

static void *unmap_half(void *arg)
{
	struct half *h = arg;

	munmap(h->p, h->n);
	return NULL;
}

/* Taking a million pages out of the page table costs a tenth of a whole run: the two halves go side
 * by side. */
static void unmap(char *p, size_t n)
{
	size_t lower = n < UNMAP_ALONE ? n : n / 2 / UNMAP_ALIGN * UNMAP_ALIGN;
	struct half upper = {p + lower, n - lower};
	pthread_t thread;
	bool threaded = upper.n && pthread_create(&thread, NULL, unmap_half, &upper) == 0;

	munmap(p, lower);
	if (threaded)
		pthread_join(thread, NULL);
	else if (upper.n)
		unmap_half(&upper);
}

static void core_close(struct target *t)
{
	struct core_map *m = t->priv;

	if (m && m->map)
		unmap((void *)(uintptr_t)m->map, m->size);
	free(m);
}

static const struct target_ops core_ops = {.close = core_close};

static struct err *hint_core(struct err *err)
{
	return err_hint(err, "a core comes from gcore PID, or from the kernel: ulimit -c "
			     "unlimited, GOTRACEBACK=crash");
}

static struct err *map_file(const char *path, struct target *t, struct core_map *m)
{
	struct err *err = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		err = err_os(errno, "cannot open core file '%s'", path);
		if (errno == ENOENT)
			return err_hint(err, "check the path; where systemd keeps cores: "
					     "coredumpctl dump --output=FILE");
		return err_hint(
			err,
			"a core belongs to the user of the process: run as that user or as root");
	}
	if (fstat(fd, &st) < 0) {
		err = err_os(errno, "cannot open core file '%s'", path);
	} else if (!S_ISREG(st.st_mode)) {
		err = hint_core(err_new(ERR_BAD_DATA, "'%s' is not a regular file", path));
	} else if (!st.st_size) {
		err = err_hint(err_new(ERR_BAD_DATA, "'%s' is empty", path),
			       "the dump may have been cut by ulimit -c or a full disk");
	} else {
		// No madvise(): of RANDOM, SEQUENTIAL, WILLNEED, POPULATE_READ and HUGEPAGE none
		// made reading 2 GB from the page cache faster, and populating all of it costs what
		// reading all of it does.
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (p == MAP_FAILED) {
			err = err_os(errno, "cannot map core file '%s'", path);
		} else {
			m->map = p;
			m->size = (size_t)st.st_size;
			t->size_bytes = m->size;
			t->taken_wall_ns =
				st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
		}
	}
	close(fd);
	return err;
}

static struct err *check_machine(const char *path, const GElf_Ehdr *eh, const struct arch **ret)
{
	const char *name = arch_elf_name(eh->e_machine), *ours = arch_supported();

	*ret = arch_of_elf(eh->e_machine);
	if (!*ret && name)
		return err_new(ERR_UNSUPPORTED, "'%s' is a core file of %s, only %s is supported",
			       path, name, ours);
	if (!*ret)
		return err_new(ERR_UNSUPPORTED,
			       "'%s' is a core file of ELF machine %u, only %s is supported", path,
			       eh->e_machine, ours);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64)
		return err_new(ERR_UNSUPPORTED, "'%s' is a 32-bit core file, only %s is supported",
			       path, ours);
	if (eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return err_new(ERR_UNSUPPORTED,
			       "'%s' is a big-endian core file, only %s is supported", path, ours);
	return NULL;
}

/* Is it a core that we can read?  On success c->elf is open and c->arch set. */
static struct err *check_header(const char *path, struct core *c)
{
	const char *unpack = elf_unpacker(c->map, c->size);
	GElf_Ehdr eh;

	if (unpack)
		return err_hint(err_new(ERR_UNSUPPORTED, "'%s' is compressed", path),
				"unpack it first: %s %s", unpack, path);
	if (c->size < SELFMAG || memcmp(c->map, ELFMAG, SELFMAG))
		return hint_core(err_new(ERR_BAD_DATA, "'%s' is not an ELF file", path));
	elf_version(EV_CURRENT);
	c->elf = elf_memory((char *)(uintptr_t)c->map, c->size);
	if (!c->elf || elf_kind(c->elf) != ELF_K_ELF || !gelf_getehdr(c->elf, &eh))
		return err_new(ERR_BAD_DATA, "'%s' is a broken ELF file: %s", path, elf_errmsg(-1));
	if (eh.e_type == ET_EXEC || eh.e_type == ET_DYN)
		return err_hint(
			err_new(ERR_BAD_DATA, "'%s' is an executable, not a core file", path),
			"goctx --core CORE --exe %s …", path);
	if (eh.e_type != ET_CORE)
		return hint_core(
			err_new(ERR_BAD_DATA, "'%s' is an ELF file, but not a core file", path));
	return check_machine(path, &eh, &c->arch);
}

static uint8_t segment_perm(uint32_t flags)
{
	return (flags & PF_R ? REGION_R : 0) | (flags & PF_W ? REGION_W : 0) |
	       (flags & PF_X ? REGION_X : 0);
}

/* A PT_LOAD: what the file holds of it, and the rest as absent. */
static void add_load(struct target *t, struct core *c, const GElf_Phdr *ph)
{
	uint64_t stored = ph->p_filesz < ph->p_memsz ? ph->p_filesz : ph->p_memsz;
	uint64_t left = ph->p_offset < c->size ? c->size - ph->p_offset : 0;
	struct region r = {.start = ph->p_vaddr, .perm = segment_perm(ph->p_flags), .file = -1};
	taddr end;

	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end)) {
		notes_add(t->notes, NOTE_DAMAGE,
			  "core file: segment at 0x%" PRIx64 " passes the end of memory",
			  (uint64_t)ph->p_vaddr);
		return;
	}
	if (stored > left) {
		c->missing += stored - left;
		stored = left;
	}
	r.end = r.start + stored;
	if (stored) {
		r.mem = c->map + ph->p_offset;
		r.source = SOURCE_CORE;
		VEC_PUSH(&t->regions, r);
	}
	r.start = r.end;
	r.end = end;
	r.mem = NULL;
	r.source = SOURCE_ABSENT;
	if (r.start < r.end)
		VEC_PUSH(&t->regions, r);
}

static struct err *read_segments(const char *path, struct target *t, struct core *c)
{
	size_t n;
	GElf_Ehdr eh;

	if (elf_getphdrnum(c->elf, &n) || !gelf_getehdr(c->elf, &eh))
		return err_new(ERR_BAD_DATA, "core file '%s' has no program headers: %s", path,
			       elf_errmsg(-1));
	// With more than 65534 segments the count stands behind the data, where truncation hits
	// first.
	if (eh.e_phnum == PN_XNUM && n == PN_XNUM)
		notes_add(t->notes, NOTE_DAMAGE,
			  "core file: the number of its segments is lost, %zu are read", n);
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(c->elf, (int)i, &ph)) {
			notes_add(t->notes, NOTE_DAMAGE,
				  "core file: %zu of %zu program headers are unreadable", n - i, n);
			t->truncated = true;
			break;
		}
		if (ph.p_type == PT_LOAD)
			add_load(t, c, &ph);
		else if (ph.p_type == PT_NOTE)
			core_read_notes(t, c, &ph);
	}
	if (!t->regions.n)
		return err_new(ERR_BAD_DATA, "core file '%s' holds no memory", path);
	return NULL;
}

static void tell_truncation(struct target *t, const struct core *c)
{
	if (!c->missing)
		return;
	t->truncated = true;
	notes_add(t->notes, NOTE_DAMAGE,
		  "core file is truncated: %" PRIu64
		  " bytes are missing (ulimit -c, or the disk was full)",
		  c->missing);
}

static struct err *read_core(const char *path, struct target *t, struct core_map *m)
{
	struct err *err = map_file(path, t, m);
	struct core c = {.map = m->map, .size = m->size};

	if (!err)
		err = check_header(path, &c);
	if (!err) {
		target_set_arch(t, c.arch);
		err = read_segments(path, t, &c);
	}
	if (!err) {
		tell_truncation(t, &c);
		target_sort(t);
		target_overlay(t, &c.ranges);
		target_merge(t);
		if (!t->pid && t->threads.n)
			t->pid = t->threads.v[0].tid;
	}
	elf_end(c.elf);
	VEC_FREE(&c.ranges);
	u64map_free(&c.index.by_hash);
	return err;
}

struct err *core_open(const char *path, struct notes *notes, struct target **ret)
{
	struct target *t = mem_zalloc(sizeof(*t));
	struct core_map *m = mem_zalloc(sizeof(*m));

	t->ops = &core_ops;
	t->priv = m;
	t->kind = TARGET_CORE;
	t->name = mem_strdup(path);
	t->notes = notes;

	struct err *err = read_core(path, t, m);

	if (err) {
		target_close(t);
		return err;
	}
	t->map = m->map;
	t->map_size = m->size;
	t->populated = mem_zalloc(m->size / POPULATE_CHUNK + 1);
	*ret = t;
	return NULL;
}
