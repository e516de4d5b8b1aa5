/*
 * Executables: made-up ELF files, whole and damaged, and real Go programs (GOCTX_TEST_BINARIES,
 * colon-separated).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/image.h"
#include "made_elf.h"

enum { BASE = 0x400000, PAGE = 4096 };

#define ARCH .arch = &arch_amd64, .page_bytes = PAGE

static const char sentinel[17] = "0123456789abcdef";

static size_t put_note(uint8_t *p, const char *name, uint32_t type, const void *desc, uint32_t n)
{
	uint32_t h[3] = {4, n, type};

	memcpy(p, h, 12);
	memset(p + 12, 0, 4);
	memcpy(p + 12, name, strlen(name));
	memcpy(p + 16, desc, n);
	return 16 + ((n + 3) & ~3u);
}

static size_t put_build_info(uint8_t *p, const char *version, const char *mod)
{
	size_t n = 32, info = mod ? strlen(mod) + 32 : 0;

	memset(p, 0, 32);
	memcpy(p, "\xff Go buildinf:\x08\x02", 16);
	p[n++] = (uint8_t)strlen(version);
	memcpy(p + n, version, strlen(version));
	n += strlen(version);
	if (info >= 0x80)
		p[n++] = (uint8_t)(info | 0x80);
	p[n++] = (uint8_t)(info >= 0x80 ? info >> 7 : info);
	if (mod) {
		memcpy(p + n, sentinel, 16);
		memcpy(p + n + 16, mod, strlen(mod));
		memcpy(p + n + 16 + strlen(mod), sentinel, 16);
	}
	return n + info;
}

static const char gnu_id[] = "\x01\x23\xab\xff";
static const char go_id[] = "action/content";

/* Text with notes in its first page (the ELF header is in it, too), then data with build
 * information. */
static void make_go(struct made_elf *f, const char *version, const char *mod)
{
	static const Elf64_Sym syms[] = {
		{0},
		{.st_name = 1,
		 .st_info = STT_OBJECT,
		 .st_shndx = 1,
		 .st_value = 0x501230,
		 .st_size = 24},
		{.st_name = 15, .st_info = STT_FILE, .st_shndx = SHN_ABS, .st_value = 7},
		{.st_name = 15,
		 .st_info = STT_FUNC,
		 .st_shndx = 1,
		 .st_value = 0x401000,
		 .st_size = 3},
		{.st_name = 21, .st_info = STT_FUNC, .st_shndx = SHN_UNDEF}};
	static const char strs[] = "\0runtime.allgs\0_main\0extern";
	uint8_t notes[256], info[512];

	elf_init(f);
	size_t n = put_note(notes, "GNU", 1, "abi!", 4);
	n += put_note(notes + n, "GNU", NT_GNU_BUILD_ID, gnu_id, sizeof(gnu_id) - 1);
	n += put_note(notes + n, "Go", 4, go_id, sizeof(go_id) - 1);
	memcpy(f->p + 0x800, notes, n);
	elf_segment(f, PT_LOAD, BASE, 0, 2 * PAGE, PF_R | PF_X);
	elf_segment(f, PT_NOTE, BASE + 0x800, 0x800, n, PF_R);
	f->n = 2 * PAGE;
	if (version) {
		size_t m = put_build_info(info, version, mod);
		uint64_t off =
			elf_section(f, ".go.buildinfo", SHT_PROGBITS, 0x500000, info, m)->sh_offset;
		elf_segment(f, PT_LOAD, 0x500000, off, m, PF_R | PF_W);
	}
	Elf64_Shdr *sym = elf_section(f, ".symtab", SHT_SYMTAB, 0, syms, sizeof(syms));
	sym->sh_entsize = sizeof(Elf64_Sym);
	sym->sh_link = f->nsh;
	elf_section(f, ".strtab", SHT_STRTAB, 0, strs, sizeof(strs));
	elf_section(f, ".gnu_debuglink", SHT_PROGBITS, 0, "app.debug\0\0\0crc!", 16);
	elf_finish(f);
}

static struct image *open_made(struct made_elf *f)
{
	struct image *img = NULL;
	struct err *err = image_open(elf_write(f, f->n), &img);

	if (err)
		fail_msg("%s", err->msg);
	return img;
}

static void test_go_program(void **state)
{
	struct made_elf f;
	const struct image_segment *seg;
	uint64_t addr, size;

	(void)state;
	make_go(&f, "go1.26.11",
		"path\texample.com/x/cmd\nmod\texample.com/x\tv1.2.3\th1:abc=\ndep\ta\tb\n"
		"build\t-compiler=gc\nbuild\t-pgo=/src/default.pgo\n");
	struct image *img = open_made(&f);
	assert_string_equal(image_path(img), f.path);
	assert_ptr_not_equal(image_bytes(img, &size), NULL);
	assert_int_equal(size, f.n);
	assert_string_equal(image_go_version(img), "go1.26.11");
	assert_int_equal(image_go_minor(img), 26);
	assert_string_equal(image_main_module(img), "example.com/x v1.2.3");
	assert_string_equal(image_module_path(img), "example.com/x");
	assert_string_equal(image_module_version(img), "v1.2.3");
	char *profile = image_build_setting(img, "-pgo");
	assert_string_equal(profile, "/src/default.pgo");
	free(profile);
	assert_null(image_build_setting(img, "-race"));
	assert_string_equal(image_gnu_build_id(img), "0123abff");
	assert_string_equal(image_go_build_id(img), "action/content");
	assert_string_equal(image_debuglink(img), "app.debug");
	assert_false(image_is_pie(img));
	assert_int_equal(image_entry(img), 0x401000);
	assert_int_equal(image_segments(img, &seg), 2);
	assert_int_equal(seg[0].perm, REGION_R | REGION_X);
	assert_true(image_section(img, ".go.buildinfo", &addr, &size) && addr == 0x500000);
	assert_false(image_section(img, ".nope", &addr, &size));
	assert_true(image_symbol(img, "runtime.allgs", &addr, &size) && addr == 0x501230 &&
		    size == 24);
	assert_true(image_symbol(img, "_main", &addr, &size) &&
		    addr == 0x401000);				 // not the file of that name
	assert_false(image_symbol(img, "extern", &addr, &size)); // undefined
	assert_false(image_symbol(img, "runtime.allg", &addr, &size));
	assert_false(image_symbol(img, "", &addr, &size));
	image_close(img);
	elf_free(&f);
}

static void test_versions(void **state)
{
	static const struct {
		const char *text;
		int minor; /* -2: not taken for a version at all */
	} v[] = {
		{"go1.27.4", 27},
		{"go1.9", 9},
		{"go1.27rc1", 27},
		{"go1.25.12 X:greenteagc", 25},
		{"go1.26.11-X:nosecret", 26},
		{"devel go1.28-0abc Thu", 28},
		{"devel +abc", -1},
		{"go2.0", -1},
		{"go1.x", -1},
		{"ago1.20", -2},
		{"go\x01", -2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct made_elf f;
		make_go(&f, v[i].text, NULL);
		struct image *img = open_made(&f);
		if (v[i].minor == -2)
			assert_null(image_go_version(img));
		else
			assert_string_equal(image_go_version(img), v[i].text);
		assert_int_equal(image_go_minor(img), v[i].minor < 0 ? -1 : v[i].minor);
		assert_null(image_main_module(img));
		image_close(img);
		elf_free(&f);
	}
}

/* Sections stripped: the magic is searched for, and a stray copy of it in front is passed over. */
static void test_no_sections(void **state)
{
	struct made_elf f;
	uint8_t data[1024] = {0};

	(void)state;
	elf_init(&f);
	memcpy(data + 16, "\xff Go buildinf:\x08\x02", 16);
	size_t n = 512 + put_build_info(data + 512, "go1.19.8", "mod\texample.com/y\t\n");
	elf_segment(&f, PT_LOAD, 0x500000, elf_bytes(&f, data, n), n, PF_R | PF_W);
	elf_finish(&f);
	struct image *img = open_made(&f);
	assert_string_equal(image_go_version(img), "go1.19.8");
	assert_string_equal(image_main_module(img), "example.com/y");
	assert_string_equal(image_module_path(img), "example.com/y");
	assert_null(image_module_version(img));
	assert_null(image_gnu_build_id(img));
	assert_null(image_debuglink(img));
	image_close(img);
	elf_free(&f);
}

/* Go 1.17 and before: the header points to string headers; in a PIE their words are in the
 * relocations only. */
static void check_pointer_form(bool pie)
{
	struct made_elf f;
	uint8_t data[256] = {0};
	uint64_t at = 0x500000, header = at + 64, text = at + 128, len = 8;
	Elf64_Rela rela[2] = {
		{.r_offset = at + 16, .r_info = R_X86_64_RELATIVE, .r_addend = (int64_t)header},
		{.r_offset = header, .r_info = R_X86_64_RELATIVE, .r_addend = (int64_t)text}};

	elf_init(&f);
	f.eh.e_type = pie ? ET_DYN : ET_EXEC;
	memcpy(data, "\xff Go buildinf:\x08\x00", 16);
	if (!pie) {
		memcpy(data + 16, &header, 8);
		memcpy(data + 64, &text, 8);
	}
	memcpy(data + 72, &len, 8);
	memcpy(data + 128, "go1.15.9", 8);
	elf_segment(&f, PT_LOAD, at, elf_bytes(&f, data, sizeof(data)), sizeof(data), PF_R | PF_W);
	if (pie)
		elf_section(&f, ".rela", SHT_RELA, 0, rela, sizeof(rela));
	elf_finish(&f);
	struct image *img = open_made(&f);
	assert_string_equal(image_go_version(img), "go1.15.9");
	assert_int_equal(image_go_minor(img), 15);
	image_close(img);
	elf_free(&f);
}

static void test_pointer_form(void **state)
{
	(void)state;
	check_pointer_form(false);
	check_pointer_form(true);
}

static void expect(const char *path, enum err_kind kind, bool hint)
{
	struct image *img = NULL;
	struct err *err = image_open(path, &img);

	assert_non_null(err);
	assert_int_equal(err->kind, kind);
	assert_int_equal(err->hint != NULL, hint);
	err_free(err);
}

static void expect_changed(size_t at, uint8_t value, size_t len, enum err_kind kind, bool hint)
{
	struct made_elf f;

	make_go(&f, "go1.27.1", NULL);
	f.p[at] = value;
	expect(elf_write(&f, len ? len : f.n), kind, hint);
	elf_free(&f);
}

static void test_refused(void **state)
{
	struct made_elf f;

	(void)state;
	expect("/nonexistent/goctx", ERR_OS, true);
	expect("/tmp", ERR_BAD_DATA, false);
	expect_changed(EI_CLASS, ELFCLASS32, 0, ERR_UNSUPPORTED, true);
	expect_changed(EI_DATA, ELFDATA2MSB, 0, ERR_UNSUPPORTED, true);
	expect_changed(18, EM_AARCH64, 0, ERR_UNSUPPORTED, true);
	expect_changed(16, ET_CORE, 0, ERR_BAD_DATA, true);
	expect_changed(16, ET_REL, 0, ERR_BAD_DATA, false);
	expect_changed(EI_CLASS, 9, 0, ERR_BAD_DATA, false);
	expect_changed(0, 'x', 0, ERR_BAD_DATA, true);
	expect_changed(0, 0x7f, 3, ERR_BAD_DATA, false);
	expect_changed(0, 0x7f, 40, ERR_BAD_DATA, false);
	elf_init(&f);
	memcpy(f.p, "#!/bin/sh\necho a program, they said\n", 36);
	expect(elf_write(&f, 36), ERR_BAD_DATA, true);
	memcpy(f.p, "\x1f\x8b", 2);
	expect(elf_write(&f, 36), ERR_BAD_DATA, true);
	elf_free(&f);
}

static void use(const struct image *img)
{
	const struct image_segment *seg;
	uint64_t addr, size;
	struct target t = {ARCH, .entry = 0x401000, .phdr = BASE + 64};

	for (size_t i = 0, n = image_segments(img, &seg); i < n; i++) {
		assert_true(seg[i].filesz <= seg[i].memsz);
		const uint8_t *p = image_bytes(img, &size);
		if (seg[i].filesz)
			assert_true(p[seg[i].offset] + p[seg[i].offset + seg[i].filesz - 1] >= 0);
	}
	image_symbol(img, "runtime.allgs", &addr, &size);
	image_section(img, ".symtab", &addr, &size);
	image_match(img, &t, NULL);
	image_bias(img, &t);
	uint64_t words[PAGE / 8];
	uint8_t from[PAGE / 8];
	image_loaded(img, BASE, PAGE / 8, 0x1000, words, from);
	image_loaded(img, UINT64_MAX - 63, 8, 0x1000, words, from);
}

/* Whatever the damage: refused, or opened and usable. */
static void test_damage(void **state)
{
	struct made_elf f;
	struct image *img;
	uint64_t seed = 88172645463325252u;
	const char *rounds = getenv("GOCTX_TEST_ROUNDS");

	(void)state;
	make_go(&f, "go1.27.1", "mod\texample.com/x\t(devel)\n");
	for (size_t n = 0; n < f.n; n += n < 0x400 ? 13 : 511) {
		struct err *err = image_open(elf_write(&f, n), &img);
		if (err)
			err_free(err);
		else
			use(img), image_close(img);
	}
	uint8_t *whole = malloc(f.n);
	memcpy(whole, f.p, f.n);
	for (int i = 0, n = rounds ? atoi(rounds) : 2000; i < n; i++) {
		for (int k = (int)(next_random(&seed) % 6); k >= 0; k--) {
			// headers, notes, or anything behind the text
			uint64_t r = next_random(&seed), w = r >> 40;
			size_t at = w % 3 == 0	 ? w % 300
				    : w % 3 == 1 ? 0x800 + w % 80
						 : 2 * PAGE + w % (f.n - 2 * PAGE);
			f.p[at] = r & 1 ? 0xff : (uint8_t)(r >> 8);
		}
		struct err *err = image_open(elf_write(&f, f.n), &img);
		if (err)
			err_free(err);
		else
			use(img), image_close(img);
		memcpy(f.p, whole, f.n);
	}
	free(whole);
	elf_free(&f);
}

/* -- image and target -- */

static void add_region(struct target *t, taddr start, uint64_t n, const uint8_t *mem, unsigned perm,
		       int file, uint64_t off)
{
	VEC_PUSH(&t->regions, (struct region){.start = start,
					      .end = start + n,
					      .mem = mem,
					      .perm = (uint8_t)perm,
					      .source = mem ? SOURCE_CORE : SOURCE_ABSENT,
					      .file = file,
					      .file_off = off});
}

static void drop_target(struct target *t)
{
	VEC_FREE(&t->regions);
	VEC_FREE(&t->files);
}

/* A core of this image: the first page is there, the second is not. */
static void test_match(void **state)
{
	struct made_elf f, other;
	struct target t = {ARCH, .phdr = BASE + 64};
	char *there;

	(void)state;
	make_go(&f, "go1.27.1", NULL);
	make_go(&other, "go1.27.1", NULL);
	other.p[0x800 + 36] ^= 1; // in the GNU build id
	struct image *img = open_made(&f), *wrong = open_made(&other);
	assert_string_not_equal(image_gnu_build_id(img), image_gnu_build_id(wrong));
	add_region(&t, BASE, PAGE, f.p, REGION_R | REGION_X, -1, 0);
	add_region(&t, BASE + PAGE, PAGE, NULL, REGION_R | REGION_X, -1, 0);
	assert_int_equal(image_match(img, &t, &there), BUILD_SAME);
	assert_string_equal(there, "0123abff");
	free(there);
	assert_int_equal(image_match(wrong, &t, NULL), BUILD_DIFFERENT);
	t.phdr = 0; // found by the image's own first page then
	assert_int_equal(image_match(img, &t, NULL), BUILD_SAME);
	t.regions.v[0].source = SOURCE_FILE; // lent bytes prove nothing
	assert_int_equal(image_match(img, &t, &there), BUILD_UNKNOWN);
	assert_null(there);
	t.regions.v[0].mem = NULL;
	assert_int_equal(image_match(img, &t, NULL), BUILD_UNKNOWN);
	drop_target(&t);
	image_close(img);
	image_close(wrong);
	elf_free(&f);
	elf_free(&other);
}

static void test_bias(void **state)
{
	struct made_elf f;
	struct target t = {ARCH, .entry = 0x401000 + 0x7000};

	(void)state;
	make_go(&f, NULL, NULL);
	struct image *img = open_made(&f);
	assert_int_equal(image_bias(img, &t), 0);
	image_close(img);
	f.eh.e_type = ET_DYN;
	memcpy(f.p, &f.eh, sizeof(f.eh));
	img = open_made(&f);
	assert_true(image_is_pie(img));
	assert_int_equal(image_bias(img, &t), 0x7000);
	t.entry += 8; // of some other program; where the file is mapped tells then
	assert_int_equal(image_bias(img, &t), 0);
	VEC_PUSH(&t.files, (struct mapped_file){.path = f.path, .start = BASE + 0x9000});
	add_region(&t, BASE + 0x9000, PAGE, NULL, REGION_R, 0, 0);
	assert_int_equal(image_bias(img, &t), 0x9000);
	drop_target(&t);
	image_close(img);
	elf_free(&f);
}

static void test_back(void **state)
{
	struct made_elf f;
	struct target t = {ARCH};

	(void)state;
	make_go(&f, "go1.27.1", NULL);
	struct image *img = open_made(&f);
	VEC_PUSH(&t.files, (struct mapped_file){.path = f.path, .start = BASE});
	add_region(&t, BASE, PAGE, f.p, REGION_R | REGION_X, 0, 0);
	add_region(&t, BASE + PAGE, PAGE, NULL, REGION_R | REGION_X, 0, PAGE);
	add_region(&t, 0x500000, PAGE, NULL, REGION_R | REGION_W, 0, 2 * PAGE);
	add_region(&t, 0x700000, PAGE, NULL, REGION_R, 0,
		   PAGE); // mapped once more, by the program itself
	f.p[PAGE + 5] = 0x5a;
	image_close(img);
	img = open_made(&f);
	image_back_target(img, &t);
	const uint8_t *p = target_ptr(&t, BASE + PAGE + 5, 1);
	assert_true(p && *p == 0x5a);
	p = target_ptr(&t, 0x700005, 1);
	assert_true(p && *p == 0x5a);
	assert_ptr_equal(target_ptr(&t, BASE, 1), f.p); // its own bytes stay
	assert_null(target_ptr(&t, 0x500000, 1));	// what it wrote is not in the file
	drop_target(&t);
	image_close(img);
	elf_free(&f);
}

static void test_real(void **state)
{
	char *path;
	uint64_t addr, size;

	(void)state;
	if (!getenv("GOCTX_TEST_BINARIES"))
		skip();
	for (int i = 0; (path = go_binary(i)); i++) {
		struct image *img;
		assert_null(image_open(path, &img));
		print_message("%s: %s, %s\n", path, image_go_version(img), image_main_module(img));
		assert_in_range(image_go_minor(img), 15, 99);
		assert_non_null(image_go_build_id(img));
		assert_true((image_gnu_build_id(img) != NULL) == (image_go_minor(img) >= 24));
		if (image_symbol(img, "runtime.firstmoduledata", &addr, &size))
			assert_true(size > 200 &&
				    image_symbol(img, "runtime.allgs", &addr, &size) && size == 24);
		assert_null(image_debuglink(img));
		image_close(img);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_program),  cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_sections), cmocka_unit_test(test_pointer_form),
		cmocka_unit_test(test_refused),	    cmocka_unit_test(test_damage),
		cmocka_unit_test(test_match),	    cmocka_unit_test(test_bias),
		cmocka_unit_test(test_back),	    cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
