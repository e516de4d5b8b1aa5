#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/proc_internal.h"

enum { MAX_PHDRS = 128 };

static bool pread_whole(int fd, void *buf, size_t len, uint64_t off)
{
	ssize_t got;

	do
		got = pread(fd, buf, len, (off_t)off);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)len;
}

/* Where the loader may have written: the pages of segments with write permission. */
static void read_segments(struct proc_exe *x, const Elf64_Ehdr *eh, uint64_t bias, uint64_t page)
{
	Elf64_Phdr ph;

	for (unsigned i = 0; i < eh->e_phnum && i < MAX_PHDRS; i++) {
		if (!pread_whole(x->fd, &ph, sizeof(ph), eh->e_phoff + i * sizeof(ph)))
			return;
		if (ph.p_type == PT_LOAD && ph.p_flags & PF_W)
			VEC_PUSH(&x->written,
				 (struct file_range){.start = (ph.p_vaddr + bias) & ~(page - 1),
						     .end = ph.p_vaddr + bias + ph.p_memsz,
						     .file = x->file});
	}
}

static bool is_plain(const Elf64_Ehdr *eh)
{
	return !memcmp(eh->e_ident, ELFMAG, SELFMAG) && eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	       eh->e_phentsize == sizeof(Elf64_Phdr);
}

void proc_exe_open(const struct target *t, struct proc *p)
{
	struct proc_exe *x = &p->exe;
	Elf64_Ehdr eh;
	struct stat st;
	char path[64];
	int r = target_region_at(t, t->entry);

	proc_exe_close(p);
	if (r < 0 || t->regions.v[r].file < 0)
		return;
	x->file = t->regions.v[r].file;
	snprintf(path, sizeof(path), "/proc/%d/exe", p->reader);
	x->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (x->fd < 0)
		return;
	uint64_t bias = 0;
	if (!pread_whole(x->fd, &eh, sizeof(eh), 0) || !is_plain(&eh) || fstat(x->fd, &st) < 0) {
		proc_exe_close(p);
		return;
	}
	if (eh.e_type == ET_DYN)
		bias = t->entry - eh.e_entry;
	x->size = st.st_size;
	x->changed = st.st_mtim;
	read_segments(x, &eh, bias, p->page);
}

void proc_exe_close(struct proc *p)
{
	if (p->exe.fd >= 0)
		close(p->exe.fd);
	p->exe.fd = -1;
	VEC_FREE(&p->exe.written);
}

static bool of_exe(const struct proc *p, const struct region *r)
{
	return p->exe.fd >= 0 && r->file == p->exe.file && !(r->perm & REGION_W);
}

bool proc_exe_relocated(const struct proc *p, const struct region *r)
{
	for (size_t i = 0; of_exe(p, r) && i < p->exe.written.n; i++)
		if (r->start >= p->exe.written.v[i].start && r->start < p->exe.written.v[i].end)
			return true;
	return false;
}

bool proc_exe_read(const struct proc *p, const struct region *r, uint64_t off, uint64_t len)
{
	const struct proc_exe *x = &p->exe;
	uint8_t *to = (uint8_t *)(uintptr_t)r->mem + off;
	uint64_t from = r->file_off + off, size = (uint64_t)x->size;
	struct stat st;

	if (!of_exe(p, r) || proc_exe_relocated(p, r))
		return false;
	// Behind the end of the file its last page is zero, as the shadow is; there are no more
	// pages.
	if (from >= size || len > ((size + p->page - 1) & ~(p->page - 1)) - from)
		return false;
	if (!pread_whole(x->fd, to, len < size - from ? len : size - from, from))
		return false;
	// The kernel lets nobody write to a file that runs; it may have stopped running.
	return !fstat(x->fd, &st) && st.st_size == x->size &&
	       st.st_mtim.tv_sec == x->changed.tv_sec && st.st_mtim.tv_nsec == x->changed.tv_nsec;
}
