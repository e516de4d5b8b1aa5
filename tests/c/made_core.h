/*
 * Core files made byte by byte, so that each can be wrong in one chosen way.  Included by one test
 * program at a time.
 */
#ifndef GOCTX_TESTS_MADE_CORE_H
#define GOCTX_TESTS_MADE_CORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>

#include "target/target.h"

enum { PAGE = 4096, MAX_BYTES = 1 << 20 };

/* A core under construction: headers, notes, then the bytes of segments, each page-aligned. */
struct core_file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[16]; /* [0] is PT_NOTE */
	uint8_t notes[8192];
	size_t notes_len;
	uint8_t *data;
	size_t data_len;
	char path[64];
};

enum { NOTES_AT = sizeof(Elf64_Ehdr) + 16 * sizeof(Elf64_Phdr), DATA_AT = 4 * PAGE };

static void core_init(struct core_file *f)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
	f->eh.e_ident[EI_CLASS] = ELFCLASS64;
	f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	f->eh.e_ident[EI_VERSION] = EV_CURRENT;
	f->eh.e_type = ET_CORE;
	f->eh.e_machine = EM_X86_64;
	f->eh.e_version = EV_CURRENT;
	f->eh.e_phoff = sizeof(Elf64_Ehdr);
	f->eh.e_ehsize = sizeof(Elf64_Ehdr);
	f->eh.e_phentsize = sizeof(Elf64_Phdr);
	f->eh.e_phnum = 1;
	f->ph[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES_AT, .p_align = 4};
	f->data = calloc(1, MAX_BYTES);
}

/* Byte at address a of every segment: any wrong offset shows. */
static uint8_t pattern(taddr a)
{
	return (uint8_t)((a >> 12) * 31 + a * 7);
}

static Elf64_Phdr *add_load(struct core_file *f, taddr a, size_t filesz, size_t memsz,
			    unsigned flags)
{
	Elf64_Phdr *ph = &f->ph[f->eh.e_phnum++];

	*ph = (Elf64_Phdr){.p_type = PT_LOAD,
			   .p_vaddr = a,
			   .p_offset = DATA_AT + f->data_len,
			   .p_filesz = filesz,
			   .p_memsz = memsz,
			   .p_flags = flags,
			   .p_align = PAGE};
	assert_true(f->data_len + filesz <= MAX_BYTES);
	for (size_t i = 0; i < filesz; i++)
		f->data[f->data_len + i] = pattern(a + i);
	f->data_len += (filesz + PAGE - 1) / PAGE * PAGE;
	return ph;
}

static void add_note(struct core_file *f, uint32_t type, const void *desc, size_t len)
{
	Elf64_Nhdr n = {.n_namesz = 5, .n_descsz = (uint32_t)len, .n_type = type};

	memcpy(f->notes + f->notes_len, &n, sizeof(n));
	memcpy(f->notes + f->notes_len + sizeof(n), "CORE\0\0\0", 8);
	memcpy(f->notes + f->notes_len + sizeof(n) + 8, desc, len);
	f->notes_len += sizeof(n) + 8 + (len + 3) / 4 * 4;
	f->ph[0].p_filesz = f->notes_len;
}

static void add_thread(struct core_file *f, int tid, int sig, uint64_t pc)
{
	struct elf_prstatus st = {.pr_pid = tid, .pr_cursig = (short)sig};

	struct user_regs_struct regs = {
		.rip = pc, .rsp = 0x6000 + (uint64_t)tid, .fs_base = 0x5000 + (uint64_t)tid};

	_Static_assert(sizeof(regs) == sizeof(st.pr_reg), "what a core has is what ptrace tells");
	memcpy(&st.pr_reg, &regs, sizeof(regs));
	add_note(f, NT_PRSTATUS, &st, sizeof(st));
}

struct file_line {
	uint64_t start, end, off;
	const char *path;
};

static size_t pack_files(uint8_t *out, uint64_t page_size, const struct file_line *v, uint64_t n)
{
	uint64_t *w = (uint64_t *)out;

	w[0] = n;
	w[1] = page_size;
	for (uint64_t i = 0; i < n; i++)
		memcpy(w + 2 + 3 * i, &v[i], 24);
	char *s = (char *)(w + 2 + 3 * n);

	for (uint64_t i = 0; i < n; i++)
		s = stpcpy(s, v[i].path) + 1;
	return (size_t)((uint8_t *)s - out);
}

static void add_files(struct core_file *f, uint64_t page_size, const struct file_line *v,
		      uint64_t n)
{
	uint64_t buf[512];

	add_note(f, NT_FILE, buf, pack_files((uint8_t *)buf, page_size, v, n));
}

/* Write at most @p cut bytes (0: all) and return the path. */
static const char *core_write(struct core_file *f, size_t cut)
{
	size_t len = DATA_AT + f->data_len;
	uint8_t *all = calloc(1, len);

	memcpy(all, &f->eh, sizeof(f->eh));
	memcpy(all + sizeof(f->eh), f->ph, sizeof(f->ph));
	memcpy(all + NOTES_AT, f->notes, f->notes_len);
	memcpy(all + DATA_AT, f->data, f->data_len);
	strcpy(f->path, "/tmp/goctx-test-core-XXXXXX");
	int fd = mkstemp(f->path);

	assert_true(fd >= 0);
	if (cut && cut < len)
		len = cut;
	assert_int_equal(write(fd, all, len), len);
	close(fd);
	free(all);
	return f->path;
}

static void core_done(struct core_file *f)
{
	if (f->path[0])
		unlink(f->path);
	free(f->data);
}

static struct target *open_ok(struct core_file *f, size_t cut, struct notes *notes)
{
	struct target *t = NULL;
	struct err *err = core_open(core_write(f, cut), notes, &t);

	if (err)
		fail_msg("%s", err->msg);
	unlink(f->path);
	return t;
}

static struct err *open_fails(const char *path)
{
	struct notes notes = {0};
	struct target *t = NULL;
	struct err *err = core_open(path, &notes, &t);

	assert_non_null(err);
	assert_null(t);
	notes_free(&notes);
	return err;
}

static bool has_note(const struct notes *n, enum note_level level, const char *text)
{
	for (size_t i = 0; i < n->list.n; i++)
		if (n->list.v[i].level == level && strstr(n->list.v[i].text, text))
			return true;
	return false;
}

/* What every target must hold, and what every reader must survive. */
static void check_invariants(struct target *t)
{
	taddr end = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < t->regions.n; i++) {
		const struct region *r = &t->regions.v[i];

		assert_true(r->start < r->end);
		assert_true(r->start >= end);
		assert_true((r->mem == NULL) == (r->source == SOURCE_ABSENT));
		assert_true(r->file >= -1 && r->file < (int)t->files.n);
		assert_int_equal(target_region_at(t, r->start), i);
		assert_int_equal(target_region_at(t, r->end - 1), i);
		for (uint64_t k = 0; r->mem && k < r->end - r->start; k += 512)
			sum += *target_ptr(t, r->start + k, 1);
		if (!r->mem)
			assert_null(target_ptr(t, r->start, 1));
		end = r->end;
	}
	assert_true(sum + 1 > 0);
	assert_int_equal(target_region_at(t, UINT64_MAX), -1);
	assert_null(target_ptr(t, UINT64_MAX, 1));
	assert_null(target_ptr(t, UINT64_MAX - 3, 8));
}

static void check_bytes(struct target *t, taddr start, taddr end)
{
	for (taddr a = start; a < end; a++) {
		const uint8_t *p = target_ptr(t, a, 1);

		assert_non_null(p);
		assert_int_equal(*p, pattern(a));
	}
}

static void close_all(struct target *t, struct notes *notes, struct core_file *f)
{
	target_close(t);
	notes_free(notes);
	core_done(f);
}

#endif
