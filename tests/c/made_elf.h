/**
 * @file  ELF files made byte by byte, so that each can be wrong in one chosen way.  For tests of
 * the image layer.
 */
#ifndef GOCTX_TESTS_MADE_ELF_H
#define GOCTX_TESTS_MADE_ELF_H

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ELF_MAX = 1 << 18, ELF_PHDRS = 8, ELF_SHDRS = 16, ELF_DATA = 0x1000 };

/** Zero-initialise with elf_init(); contents grow from ELF_DATA on, headers are put in by
 * elf_write(). */
struct made_elf {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[ELF_PHDRS];
	Elf64_Shdr sh[ELF_SHDRS]; /* [0] empty, [1] names */
	unsigned nsh;
	char names[512];
	size_t names_len;
	uint8_t *p;
	size_t n;
	char path[64];
};

static inline void elf_init(struct made_elf *f)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
	f->eh.e_ident[EI_CLASS] = ELFCLASS64;
	f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	f->eh.e_ident[EI_VERSION] = EV_CURRENT;
	f->eh.e_type = ET_EXEC;
	f->eh.e_machine = EM_X86_64;
	f->eh.e_version = EV_CURRENT;
	f->eh.e_entry = 0x401000;
	f->eh.e_phoff = sizeof(Elf64_Ehdr);
	f->eh.e_ehsize = sizeof(Elf64_Ehdr);
	f->eh.e_phentsize = sizeof(Elf64_Phdr);
	f->eh.e_shentsize = sizeof(Elf64_Shdr);
	f->names_len = 1;
	f->nsh = 1;
	f->p = calloc(1, ELF_MAX);
	f->n = ELF_DATA;
	snprintf(f->path, sizeof(f->path), "/tmp/goctx-test-XXXXXX");
	close(mkstemp(f->path));
}

static inline void elf_free(struct made_elf *f)
{
	unlink(f->path);
	free(f->p);
}

/** Append bytes, 16-aligned; returns their offset in the file. */
static inline uint64_t elf_bytes(struct made_elf *f, const void *p, size_t n)
{
	uint64_t off = (f->n + 15) & ~15ull;

	memcpy(f->p + off, p, n);
	f->n = off + n;
	return off;
}

static inline Elf64_Phdr *elf_segment(struct made_elf *f, unsigned type, uint64_t vaddr,
				      uint64_t off, uint64_t n, unsigned flags)
{
	Elf64_Phdr *ph = &f->ph[f->eh.e_phnum++];

	*ph = (Elf64_Phdr){.p_type = type,
			   .p_vaddr = vaddr,
			   .p_offset = off,
			   .p_filesz = n,
			   .p_memsz = n,
			   .p_flags = flags};
	return ph;
}

/** A section with these bytes at link-time address @p addr (0: not loaded). */
static inline Elf64_Shdr *elf_section(struct made_elf *f, const char *name, unsigned type,
				      uint64_t addr, const void *p, size_t n)
{
	Elf64_Shdr *sh = &f->sh[f->nsh++];

	*sh = (Elf64_Shdr){.sh_name = (Elf64_Word)f->names_len,
			   .sh_type = type,
			   .sh_addr = addr,
			   .sh_offset = elf_bytes(f, p, n),
			   .sh_size = n,
			   .sh_addralign = 1};
	strcpy(f->names + f->names_len, name);
	f->names_len += strlen(name) + 1;
	return sh;
}

/** Lay out the headers; afterwards f->p holds f->n bytes. */
static inline void elf_finish(struct made_elf *f)
{
	if (f->nsh > 1) {
		// last, so that it holds its own name
		elf_section(f, ".shstrtab", SHT_STRTAB, 0, f->names, sizeof(f->names));
		memcpy(f->p + f->sh[f->nsh - 1].sh_offset, f->names, f->names_len);
		f->eh.e_shstrndx = (Elf64_Half)(f->nsh - 1);
		f->eh.e_shnum = (Elf64_Half)f->nsh;
		f->eh.e_shoff = elf_bytes(f, f->sh, f->nsh * sizeof(f->sh[0]));
	}
	memcpy(f->p, &f->eh, sizeof(f->eh));
	memcpy(f->p + f->eh.e_phoff, f->ph, f->eh.e_phnum * sizeof(f->ph[0]));
}

/** Put the first @p n bytes at f->path. */
static inline const char *elf_write(struct made_elf *f, size_t n)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, f->p, n) != (ssize_t)n)
		abort();
	close(fd);
	return f->path;
}

/** xorshift64; the same numbers on every run. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/**
 * Go programs to try things on: the colon-separated paths in GOCTX_TEST_BINARIES.
 * @return the @p i th path (malloc'ed), or NULL
 */
static inline char *go_binary(int i)
{
	const char *p = getenv("GOCTX_TEST_BINARIES");

	while (p && *p) {
		const char *end = strchrnul(p, ':');
		if (end > p && i-- == 0)
			return strndup(p, (size_t)(end - p));
		p = *end ? end + 1 : NULL;
	}
	return NULL;
}

#endif
