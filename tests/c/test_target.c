/*
 * Regions and core files.  The cores are made here, byte by byte, so that each can be wrong in one
 * chosen way.
 *
 *   gcc -std=c11 -D_GNU_SOURCE -Idwarf-helper/src tests/c/test_target.c
 * dwarf-helper/src/{base,target}/[a-z]*.c -lcmocka -lelf -pthread
 */
#include "made_core.h"

static void test_lookup(void **state)
{
	(void)state;
	struct core_file f;
	struct notes notes = {0};

	core_init(&f);
	add_load(&f, 0x10000, 2 * PAGE, 2 * PAGE, PF_R | PF_W);
	f.data_len += PAGE; // not neighbours in the file
	add_load(&f, 0x12000, PAGE, 3 * PAGE,
		 PF_R | PF_W | PF_X); // neighbour in memory, tail absent
	add_load(&f, 0x20000, PAGE, PAGE, PF_R);
	add_load(&f, 0x21000, PAGE, PAGE, PF_R | PF_X); // neighbour in the file too
	add_load(&f, 0x30000, 0, PAGE, 0);
	struct target *t = open_ok(&f, 0, &notes);

	check_invariants(t);
	assert_int_equal(t->regions.n, 6);
	check_bytes(t, 0x10000, 0x13000);
	check_bytes(t, 0x20000, 0x22000);

	uint8_t buf[64];
	uint64_t v;

	assert_null(target_ptr(t, 0x11ffc, 8));
	assert_true(target_u64(t, 0x11ffc, &v)); // in two pieces
	for (int i = 0; i < 8; i++)
		assert_int_equal((uint8_t)(v >> (8 * i)), pattern(0x11ffc + (taddr)i));
	assert_non_null(target_ptr(t, 0x20ffc, 8));
	assert_true(target_read(t, 0x12fc0, buf, 64));
	assert_false(target_read(t, 0x12fc1, buf, 64)); // last byte absent
	assert_null(target_ptr(t, 0x13000, 1));
	assert_null(target_ptr(t, 0xffff, 1));
	assert_null(target_ptr(t, 0x10000, 0));
	assert_null(target_ptr(t, 0x10000, UINT64_MAX));
	assert_int_equal(target_extent(t, 0x10010), 2 * PAGE - 0x10);
	assert_int_equal(target_extent(t, 0x13000), 0);
	assert_int_equal(target_extent(t, 0x50000), 0);
	assert_true(target_uint(t, 0x10000, 2, &v));
	assert_int_equal(v, pattern(0x10000) | pattern(0x10001) << 8);
	assert_false(target_uint(t, 0x10000, 3, &v));
	assert_int_equal(notes.list.n, 0);
	close_all(t, &notes, &f);
}

static void test_merge(void **state)
{
	(void)state;
	struct core_file f;
	struct notes notes = {0};

	core_init(&f);
	add_load(&f, 0xc000000000, 2 * PAGE, 2 * PAGE, PF_R | PF_W);
	add_load(&f, 0xc000002000, PAGE, PAGE, PF_R | PF_W);
	add_load(&f, 0xc000003000, PAGE, PAGE, PF_R);
	struct target *t = open_ok(&f, 0, &notes);

	check_invariants(t);
	assert_int_equal(t->regions.n, 2);
	assert_non_null(target_ptr(t, 0xc000000000, 3 * PAGE));
	check_bytes(t, 0xc000000000, 0xc000004000);
	close_all(t, &notes, &f);
}

static void test_truncated(void **state)
{
	(void)state;
	struct core_file f;
	struct notes notes = {0};

	core_init(&f);
	add_load(&f, 0x10000, 4 * PAGE, 4 * PAGE, PF_R | PF_W);
	add_load(&f, 0x40000, 4 * PAGE, 4 * PAGE, PF_R | PF_W);
	struct target *t = open_ok(&f, DATA_AT + 4 * PAGE + PAGE / 2, &notes);

	check_invariants(t);
	assert_true(t->truncated);
	assert_true(
		has_note(&notes, NOTE_DAMAGE, "core file is truncated: 14336 bytes are missing"));
	check_bytes(t, 0x10000, 0x14000);
	check_bytes(t, 0x40000, 0x40800);
	assert_null(target_ptr(t, 0x40800, 1));
	assert_true(target_region_at(t, 0x43fff) >= 0);
	close_all(t, &notes, &f);

	// Whatever length remains: an error or a usable target, nothing else.
	for (size_t cut = 1; cut < DATA_AT + 2 * PAGE; cut += 61) {
		struct err *err;

		notes = (struct notes){0};
		t = NULL;
		core_init(&f);
		add_load(&f, 0x10000, 4 * PAGE, 4 * PAGE, PF_R | PF_W);
		add_thread(&f, 1, 0, 0x1234);
		err = core_open(core_write(&f, cut), &notes, &t);
		assert_true(!err == !!t);
		if (t)
			check_invariants(t);
		err_free(err);
		close_all(t, &notes, &f);
	}
}

static void test_hostile_headers(void **state)
{
	(void)state;
	struct core_file f;
	struct notes notes = {0};

	core_init(&f);
	add_load(&f, 0x10000, PAGE, PAGE, PF_R | PF_W);
	add_load(&f, 0x20000, 0, UINT64_MAX - 0x20000, PF_R); // the rest of the address space
	add_load(&f, 0x30000, 0, PAGE, PF_R | PF_W)->p_filesz = UINT64_MAX; // p_filesz > p_memsz
	add_load(&f, UINT64_MAX - PAGE, 0, 2 * PAGE, PF_R);		    // passes the end
	add_load(&f, 0x50000, 0, PAGE, PF_R)->p_offset = UINT64_MAX - 16;
	f.ph[5].p_filesz = PAGE;
	add_load(&f, 0x60000, PAGE, UINT64_C(1) << 46, PF_R)->p_filesz = UINT64_C(1) << 46;
	f.ph[0].p_filesz = UINT64_MAX;
	struct target *t = open_ok(&f, 0, &notes);

	check_invariants(t);
	assert_true(t->truncated);
	check_bytes(t, 0x10000, 0x11000);
	check_bytes(t, 0x60000, 0x60010);
	assert_true(has_note(&notes, NOTE_DAMAGE, "passes the end of memory"));
	assert_true(has_note(&notes, NOTE_DAMAGE, "overlap"));
	close_all(t, &notes, &f);
}

static void test_overlap(void **state)
{
	(void)state;
	struct core_file f;
	struct notes notes = {0};

	core_init(&f);
	add_load(&f, 0x10000, 3 * PAGE, 3 * PAGE, PF_R | PF_W);
	add_load(&f, 0x11000, 4 * PAGE, 4 * PAGE, PF_R); // 0x13000.. remains
	add_load(&f, 0x11800, PAGE, PAGE, PF_R);	 // nothing remains
	add_load(&f, 0x14800, 0, 8 * PAGE, PF_R);	 // absent, from 0x15000
	add_load(&f, 0x18000, PAGE, PAGE, PF_R);	 // bytes win over absent
	add_load(&f, 0x14800, 0, PAGE, PF_R);
	struct target *t = open_ok(&f, 0, &notes);

	check_invariants(t);
	check_bytes(t, 0x10000, 0x15000);
	check_bytes(t, 0x18000, 0x19000);
	assert_null(target_ptr(t, 0x15000, 1));
	assert_int_equal(t->regions.v[0].end, 0x13000);
	assert_true(has_note(&notes, NOTE_DAMAGE, "overlap"));
	assert_int_equal(notes.count[NOTE_DAMAGE], 1);
	close_all(t, &notes, &f);
}

static void test_notes(void **state)
{
	(void)state;
	struct core_file f;
	struct notes notes = {0};
	struct elf_prpsinfo ps = {.pr_pid = 4711};
	Elf64_auxv_t aux[] = {
		{AT_PHDR, {0x400040}}, {AT_ENTRY, {0x466080}}, {AT_NULL, {0}}, {AT_ENTRY, {1}}};

	core_init(&f);
	add_load(&f, 0x10000, PAGE, PAGE, PF_R | PF_W);
	add_thread(&f, 4712, 6, 0x401234);
	add_note(&f, NT_PRPSINFO, &ps, sizeof(ps));
	add_note(&f, 0x53494749, "unknown", 7); // NT_SIGINFO, and an odd length
	add_note(&f, NT_AUXV, aux, sizeof(aux));
	add_thread(&f, 4711, 0, 0x405678);
	add_note(&f, NT_PRSTATUS, "short", 5);
	struct target *t = open_ok(&f, 0, &notes);

	assert_int_equal(t->threads.n, 2);
	assert_int_equal(t->threads.v[0].tid, 4712);
	assert_int_equal(t->threads.v[0].signal, 6);
	assert_int_equal(target_thread(t, 4711)->regs[t->arch->pc], 0x405678);
	assert_int_equal(target_thread(t, 4711)->regs[t->arch->sp], 0x6000 + 4711);
	assert_int_equal(
		target_thread(t, 4711)->regs[offsetof(struct user_regs_struct, fs_base) / 8],
		0x5000 + 4711);
	assert_true(target_thread(t, 4711)->regs_valid);
	assert_null(target_thread(t, 1));
	assert_int_equal(t->pid, 4711);
	assert_int_equal(t->entry, 0x466080);
	assert_int_equal(t->phdr, 0x400040);
	assert_null(t->maker);
	assert_int_equal(t->kind, TARGET_CORE);
	assert_true(t->taken_wall_ns > 0);
	assert_true(has_note(&notes, NOTE_DAMAGE, "thread note of 5 bytes"));
	close_all(t, &notes, &f);
}

static void test_files(void **state)
{
	(void)state;
	// gcore: offsets in bytes, nothing of rodata; the kernel: offsets in pages, segments
	// without bytes.
	for (int kernel = 0; kernel < 2; kernel++) {
		struct core_file f;
		struct notes notes = {0};
		uint64_t unit = kernel ? PAGE : 1;
		struct file_line lines[] = {
			{0x402000, 0x404000, 2 * PAGE / unit, "/bin/app"},
			{0x400000, 0x402000, 0, "/bin/app"},
			{0x404000, 0x405000, 4 * PAGE / unit, "/bin/app"},
			{0x7000000, 0x7004000, 16 * PAGE / unit, "/lib/so"},
		};

		core_init(&f);
		add_load(&f, 0x400000, PAGE, 2 * PAGE, PF_R | PF_X);
		if (kernel)
			add_load(&f, 0x402000, 0, 2 * PAGE, PF_R);
		add_load(&f, 0x404000, PAGE, PAGE, PF_R | PF_W);
		add_load(&f, 0x405000, PAGE, PAGE, PF_R | PF_W); // bss, neighbour in the file
		add_load(&f, 0x7001000, PAGE, PAGE, PF_R); // a page in the middle of a mapping
		add_files(&f, unit, lines, 4);
		struct target *t = open_ok(&f, 0, &notes);

		check_invariants(t);
		assert_string_equal(t->maker, kernel ? "kernel" : "gcore");
		assert_int_equal(t->files.n, 2);
		assert_string_equal(t->files.v[0].path, "/bin/app");
		assert_int_equal(t->files.v[0].start, 0x400000);

		static const struct {
			taddr start, end;
			int source, file, perm;
			uint64_t off;
		} want[] = {
			{0x400000, 0x401000, SOURCE_CORE, 0, 5, 0},
			{0x401000, 0x402000, SOURCE_ABSENT, 0, 5, PAGE},
			{0x402000, 0x404000, SOURCE_ABSENT, 0, 1, 2 * PAGE},
			{0x404000, 0x405000, SOURCE_CORE, 0, 3, 4 * PAGE},
			{0x405000, 0x406000, SOURCE_CORE, -1, 3, 0},
			{0x7000000, 0x7001000, SOURCE_ABSENT, 1, 1, 16 * PAGE},
			{0x7001000, 0x7002000, SOURCE_CORE, 1, 1, 17 * PAGE},
			{0x7002000, 0x7004000, SOURCE_ABSENT, 1, 1, 18 * PAGE},
		};

		assert_int_equal(t->regions.n, sizeof(want) / sizeof(want[0]));
		for (size_t i = 0; i < t->regions.n; i++) {
			const struct region *r = &t->regions.v[i];

			assert_int_equal(r->start, want[i].start);
			assert_int_equal(r->end, want[i].end);
			assert_int_equal(r->source, want[i].source);
			assert_int_equal(r->file, want[i].file);
			assert_int_equal(r->perm, want[i].perm);
			if (r->file >= 0)
				assert_int_equal(r->file_off, want[i].off);
		}
		assert_non_null(target_ptr(t, 0x404ff8, 16)); // from data into bss
		close_all(t, &notes, &f);
	}
}

static void test_hostile_files(void **state)
{
	(void)state;
	struct file_line lines[] = {
		{0x10000, 0x11000, 0, "/a"},
		{0x10800, 0x20000, 1, "/b"},
		{0, UINT64_MAX, 0, "/everything"},
		{0x30000, 0x20000, 0, "/backward"},
		{0x40000, 0x41000, UINT64_MAX, "/far"},
	};
	uint64_t good[512];
	size_t len = pack_files((uint8_t *)good, PAGE, lines, 5);
	static const uint64_t counts[] = {
		0, 1, 4, 6, 7, 1000, UINT64_C(1) << 32, UINT64_MAX / 24, UINT64_MAX};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) + len; i++) {
		struct core_file f;
		struct notes notes = {0};
		size_t n = i < len ? i : len; // every length, then every count

		core_init(&f);
		add_load(&f, 0x10000, PAGE, PAGE, PF_R | PF_W);
		good[0] = i < len ? 5 : counts[i - len];
		add_note(&f, NT_FILE, good, n);
		struct target *t = open_ok(&f, 0, &notes);

		check_invariants(t);
		check_bytes(t, 0x10000, 0x11000);
		close_all(t, &notes, &f);
	}
}

static void expect(const char *path, enum err_kind kind, const char *text, const char *hint)
{
	struct err *err = open_fails(path);

	assert_int_equal(err->kind, kind);
	if (!strstr(err->msg, text))
		fail_msg("'%s' lacks '%s'", err->msg, text);
	if (hint && (!err->hint || !strstr(err->hint, hint)))
		fail_msg("hint '%s' lacks '%s'", err->hint ? err->hint : "", hint);
	err_free(err);
}

static void test_refused_headers(void **state)
{
	(void)state;
	static const struct {
		uint8_t class, data;
		uint16_t type, machine;
		enum err_kind kind;
		const char *text, *hint;
	} cases[] = {
		{ELFCLASS64, ELFDATA2LSB, ET_EXEC, EM_X86_64, ERR_BAD_DATA,
		 "is an executable, not a core file", "--exe /tmp"},
		{ELFCLASS64, ELFDATA2LSB, ET_DYN, EM_X86_64, ERR_BAD_DATA,
		 "is an executable, not a core file", "--exe"},
		{ELFCLASS64, ELFDATA2LSB, ET_REL, EM_X86_64, ERR_BAD_DATA, "not a core file", NULL},
		{ELFCLASS64, ELFDATA2LSB, ET_CORE, EM_AARCH64, ERR_UNSUPPORTED, "arm64", NULL},
		{ELFCLASS64, ELFDATA2LSB, ET_CORE, EM_RISCV, ERR_UNSUPPORTED, "riscv64", NULL},
		{ELFCLASS64, ELFDATA2LSB, ET_CORE, 60000, ERR_UNSUPPORTED, "machine 60000", NULL},
		{ELFCLASS32, ELFDATA2LSB, ET_CORE, EM_386, ERR_UNSUPPORTED, "386", NULL},
		{ELFCLASS32, ELFDATA2LSB, ET_CORE, EM_X86_64, ERR_UNSUPPORTED, "32-bit", NULL},
		{ELFCLASS64, 9, ET_CORE, EM_X86_64, ERR_BAD_DATA, "", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct core_file f;

		core_init(&f);
		add_load(&f, 0x10000, PAGE, PAGE, PF_R);
		f.eh.e_ident[EI_CLASS] = cases[i].class;
		f.eh.e_ident[EI_DATA] = cases[i].data;
		f.eh.e_type = cases[i].type;
		f.eh.e_machine = cases[i].machine;
		expect(core_write(&f, 0), cases[i].kind, cases[i].text, cases[i].hint);
		core_done(&f);
	}

	struct core_file f;

	core_init(&f);
	f.eh.e_ident[EI_DATA] = ELFDATA2MSB;
	f.eh.e_type = htobe16(ET_CORE);
	f.eh.e_machine = htobe16(EM_S390);
	expect(core_write(&f, 0), ERR_UNSUPPORTED, "s390x", NULL);
	core_done(&f);
	core_init(&f);
	expect(core_write(&f, 0), ERR_BAD_DATA, "holds no memory", NULL);
	core_done(&f);
}

static void test_refused_files(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum err_kind kind;
		const char *text, *hint;
	} cases[] = {
		{"hello, world", 12, ERR_BAD_DATA, "is not an ELF file", NULL},
		{"\x7f", 1, ERR_BAD_DATA, "is not an ELF file", NULL},
		{"\x7f"
		 "ELF",
		 4, ERR_BAD_DATA, "broken ELF file", NULL},
		{"\x1f\x8b\x08\x00", 4, ERR_UNSUPPORTED, "is compressed", "gzip -d -k /tmp/"},
		{"\xfd"
		 "7zXZ\0\0",
		 7, ERR_UNSUPPORTED, "is compressed", "xz -d -k /tmp/"},
		{"\x28\xb5\x2f\xfd\x04", 5, ERR_UNSUPPORTED, "is compressed", "zstd -d /tmp/"},
		{"\x04\x22\x4d\x18\x64", 5, ERR_UNSUPPORTED, "is compressed", "lz4 -d /tmp/"},
		{"BZh91AY", 7, ERR_UNSUPPORTED, "is compressed", "bzip2 -d -k /tmp/"},
		{"", 0, ERR_BAD_DATA, "is empty", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[] = "/tmp/goctx-test-file-XXXXXX";
		int fd = mkstemp(path);

		assert_int_equal(write(fd, cases[i].bytes, cases[i].len), cases[i].len);
		close(fd);
		expect(path, cases[i].kind, cases[i].text, cases[i].hint);
		unlink(path);
	}
	expect("/nonexistent/core", ERR_OS,
	       "cannot open core file '/nonexistent/core': No such file", "check the path");
	expect("/tmp", ERR_BAD_DATA, "is not a regular file", NULL);
	expect("/dev/null", ERR_BAD_DATA, "is not a regular file", NULL);
}

static void test_back(void **state)
{
	(void)state;
	struct core_file f;
	struct notes notes = {0};
	struct file_line lines[] = {{0x400000, 0x406000, 0, "/bin/app"},
				    {0x408000, 0x409000, 0, "/bin/other"}};
	uint8_t *file = malloc(16 * PAGE);

	for (size_t i = 0; i < 16 * PAGE; i++)
		file[i] = 0xee;
	core_init(&f);
	add_load(&f, 0x400000, PAGE, 2 * PAGE, PF_R | PF_X);
	add_load(&f, 0x404000, PAGE, 2 * PAGE, PF_R | PF_W); // its second page absent and writable
	add_load(&f, 0x40a000, 0, PAGE, PF_R);		     // anonymous, absent
	add_files(&f, PAGE, lines, 2);
	struct target *t = open_ok(&f, 0, &notes);

	target_back(t, 0x400800, 0x40c000, file, 0, 0x800);
	check_invariants(t);
	check_bytes(t, 0x400000, 0x401000);
	assert_int_equal(*target_ptr(t, 0x401000, 1), 0xee);
	assert_int_equal(target_ptr(t, 0x403fff, 1) - file, 0x37ff);
	check_bytes(t, 0x404000, 0x405000);
	assert_null(target_ptr(t, 0x405000, 1)); // writable: never taken from the file
	assert_int_equal(*target_ptr(t, 0x406000, 1), 0xee);
	assert_null(target_ptr(t, 0x408000, 1)); // another file is mapped there
	assert_int_equal(*target_ptr(t, 0x40bfff, 1), 0xee);
	assert_null(target_ptr(t, 0x40c000, 1));
	assert_true(t->files.v[0].used);
	assert_false(t->files.v[1].used);

	const struct region *r = &t->regions.v[target_region_at(t, 0x401000)];

	assert_int_equal(r->source, SOURCE_FILE);
	assert_int_equal(r->perm, REGION_R | REGION_X);
	assert_int_equal(r->file_off, PAGE);
	assert_non_null(target_ptr(t, 0x401000, 3 * PAGE)); // one piece of the file

	// A part of an absent region: what is left on both sides stays absent.
	size_t before = t->regions.n;

	target_back(t, 0x408100, 0x408200, file, 1, 0x100);
	assert_int_equal(t->regions.n, before + 2);
	assert_null(target_ptr(t, 0x4080ff, 1));
	assert_non_null(target_ptr(t, 0x408100, 0x100));
	assert_null(target_ptr(t, 0x408200, 1));
	target_back(t, 0x100, 0x200, file, -1, 0);	 // before everything
	target_back(t, 0x500000, 0x500100, file, -1, 0); // behind everything
	target_back(t, 0x600000, 0x600000, file, -1, 0); // nothing
	target_back(t, 0x600001, 0x600000, file, -1, 0); // less
	assert_int_equal(t->regions.n, before + 4);
	assert_non_null(target_ptr(t, 0x1ff, 1));
	assert_non_null(target_ptr(t, 0x5000ff, 1));
	check_invariants(t);
	close_all(t, &notes, &f);
	free(file);
}

/* More than 65535 segments: the count stands in section header 0, which the kernel puts behind the
 * data. */
static void test_many_segments(void **state)
{
	(void)state;
	enum { N = 70000 };

	for (int lost = 0; lost < 2; lost++) {
		char path[] = "/tmp/goctx-test-many-XXXXXX";
		int fd = mkstemp(path);
		FILE *out = fdopen(fd, "w");
		struct core_file f;
		struct notes notes = {0};
		struct target *t = NULL;
		uint64_t data = sizeof(Elf64_Ehdr) + N * sizeof(Elf64_Phdr);
		Elf64_Shdr sh = {.sh_info = N, .sh_size = 1};

		core_init(&f);
		f.eh.e_phnum = PN_XNUM;
		f.eh.e_shoff = data + 8;
		f.eh.e_shentsize = sizeof(Elf64_Shdr);
		f.eh.e_shnum = 1;
		fwrite(&f.eh, sizeof(f.eh), 1, out);
		for (uint64_t i = 0; i < N; i++) {
			Elf64_Phdr ph = {.p_type = PT_LOAD,
					 .p_vaddr = (N - i) * 0x1000,
					 .p_offset = data,
					 .p_filesz = 8,
					 .p_memsz = 16,
					 .p_flags = PF_R | PF_W};
			fwrite(&ph, sizeof(ph), 1, out);
		}
		fwrite("12345678", 8, 1, out);
		if (!lost)
			fwrite(&sh, sizeof(sh), 1, out);
		fclose(out);
		assert_null(core_open(path, &notes, &t));
		unlink(path);
		assert_int_equal(t->regions.n, 2 * (lost ? PN_XNUM : N));
		assert_int_equal(has_note(&notes, NOTE_DAMAGE, "number of its segments is lost"),
				 lost);
		check_invariants(t);
		close_all(t, &notes, &f);
	}
}

static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* Bytes of headers and notes changed at random: never a crash, never a target that breaks its
 * invariants. */
static void test_mutated(void **state)
{
	(void)state;
	const char *rounds = getenv("GOCTX_TEST_ROUNDS");
	uint64_t seed = 0x9e3779b97f4a7c15;
	struct file_line lines[] = {{0x400000, 0x406000, 0, "/bin/app"},
				    {0x408000, 0x409000, 0, "/bin/other"}};

	for (int round = 0; round < (rounds ? atoi(rounds) : 3000); round++) {
		struct core_file f;
		struct notes notes = {0};
		struct target *t = NULL;
		uint8_t *bytes = (uint8_t *)&f;

		core_init(&f);
		add_load(&f, 0x400000, PAGE, 2 * PAGE, PF_R | PF_X);
		add_load(&f, 0x404000, PAGE, 2 * PAGE, PF_R | PF_W);
		add_thread(&f, 17, 0, 0);
		add_files(&f, PAGE, lines, 2);
		for (uint64_t k = 0, n = 1 + next_random(&seed) % 6; k < n; k++) {
			static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff};
			uint64_t at = next_random(&seed) %
				      (offsetof(struct core_file, notes) + f.notes_len),
				 v = next_random(&seed);

			if (at < 5 || (at >= offsetof(struct core_file, ph[3]) &&
				       at < offsetof(struct core_file, notes)))
				continue;
			bytes[at] = v & 1 ? odd[(v >> 8) % sizeof(odd)] : (uint8_t)(v >> 8);
		}
		if (next_random(&seed) % 8 == 0)
			memset(bytes + next_random(&seed) % sizeof(f.eh), 0xff, 8);
		struct err *err = core_open(core_write(&f, 0), &notes, &t);

		assert_true(!err == !!t);
		if (t)
			check_invariants(t);
		err_free(err);
		close_all(t, &notes, &f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_hostile_headers),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_refused_headers),
		cmocka_unit_test(test_refused_files),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_many_segments),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
