/*
 * Debug information: made-up DWARF in made-up ELF files, whole and damaged, and real Go programs
 * (GOCTX_TEST_BINARIES, colon-separated), where the symbol table gives the same addresses and sizes
 * in another way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "image/debug.h"
#include "image/debug_internal.h"
#include "made_elf.h"

enum {
	TAG_MEMBER = 0x0d,
	TAG_POINTER = 0x0f,
	TAG_CU = 0x11,
	TAG_STRUCT = 0x13,
	TAG_TYPEDEF = 0x16,
	TAG_BASE = 0x24,
	TAG_VARIABLE = 0x34
};
enum {
	AT_LOCATION = 0x02,
	AT_NAME = 0x03,
	AT_BYTE_SIZE = 0x0b,
	AT_MEMBER_LOCATION = 0x38,
	AT_TYPE = 0x49
};
enum {
	FORM_STRING = 0x08,
	FORM_BLOCK1 = 0x0a,
	FORM_UDATA = 0x0f,
	FORM_REF_ADDR = 0x10,
	FORM_EXPRLOC = 0x18
};

/* Abbreviations 1 … 7, in this order: the forms that Go uses. */
#define ABBREVS(location_form)                                                                     \
	1, TAG_CU, 1, AT_NAME, FORM_STRING, 0, 0, 2, TAG_STRUCT, 1, AT_NAME, FORM_STRING,          \
		AT_BYTE_SIZE, FORM_UDATA, 0, 0, 3, TAG_MEMBER, 0, AT_NAME, FORM_STRING,            \
		AT_MEMBER_LOCATION, FORM_UDATA, AT_TYPE, FORM_REF_ADDR, 0, 0, 4, TAG_BASE, 0,      \
		AT_NAME, FORM_STRING, AT_BYTE_SIZE, FORM_UDATA, 0, 0, 5, TAG_VARIABLE, 0, AT_NAME, \
		FORM_STRING, AT_LOCATION, location_form, AT_TYPE, FORM_REF_ADDR, 0, 0, 6,          \
		TAG_TYPEDEF, 0, AT_NAME, FORM_STRING, AT_TYPE, FORM_REF_ADDR, 0, 0, 7,             \
		TAG_POINTER, 0, AT_NAME, FORM_STRING, AT_TYPE, FORM_REF_ADDR, 0, 0, 0

static const uint8_t abbrev_v4[] = {ABBREVS(FORM_BLOCK1)};
static const uint8_t abbrev_v5[] = {ABBREVS(FORM_EXPRLOC)};

/* Units whose entries were read; the others cost only the reading of their first entry. */
static size_t opened(const struct debug *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->units.n; i++)
		n += d->units.v[i].indexed;
	return n;
}

/* .debug_info under construction. */
struct info {
	uint8_t p[4096];
	uint32_t n, unit; /* unit: where the current one starts */
	int version;
};

static void put(struct info *i, const void *p, size_t n)
{
	memcpy(i->p + i->n, p, n);
	i->n += (uint32_t)n;
}

static void put_u8(struct info *i, unsigned v)
{
	i->p[i->n++] = (uint8_t)v;
}

static void put_u32(struct info *i, uint32_t v)
{
	put(i, &v, 4);
}

static void put_udata(struct info *i, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		put_u8(i, (unsigned)(v & 0x7f) | 0x80);
	put_u8(i, (unsigned)v);
}

/* Start a DIE; returns its offset. */
static uint32_t die(struct info *i, unsigned abbrev, const char *name)
{
	uint32_t at = i->n;

	put_u8(i, abbrev);
	put(i, name, strlen(name) + 1);
	return at;
}

static void begin_unit(struct info *i, const char *name)
{
	i->unit = i->n;
	put_u32(i, 0);
	put(i, &(uint16_t){(uint16_t)i->version}, 2);
	if (i->version >= 5) {
		put_u8(i, 1); // DW_UT_compile
		put_u8(i, 8);
		put_u32(i, 0);
	} else {
		put_u32(i, 0);
		put_u8(i, 8);
	}
	die(i, 1, name);
}

static void end_unit(struct info *i)
{
	put_u8(i, 0);
	uint32_t len = i->n - i->unit - 4;
	memcpy(i->p + i->unit, &len, 4);
}

static uint32_t base_type(struct info *i, const char *name, uint64_t size)
{
	uint32_t at = die(i, 4, name);

	put_udata(i, size);
	return at;
}

static uint32_t alias(struct info *i, unsigned abbrev, const char *name, uint32_t type)
{
	uint32_t at = die(i, abbrev, name);

	put_u32(i, type);
	return at;
}

static uint32_t begin_struct(struct info *i, const char *name, uint64_t size)
{
	uint32_t at = die(i, 2, name);

	put_udata(i, size);
	return at;
}

static void member(struct info *i, const char *name, uint64_t off, uint32_t type)
{
	die(i, 3, name);
	put_udata(i, off);
	put_u32(i, type);
}

static void variable(struct info *i, const char *name, uint64_t addr, uint32_t type)
{
	die(i, 5, name);
	put_u8(i, 9);
	put_u8(i, 3); // DW_OP_addr
	put(i, &addr, 8);
	put_u32(i, type);
}

/* Two units named "runtime" and one of another package, as Go lays them out. */
static void make_info(struct info *i, int version)
{
	memset(i, 0, sizeof(*i));
	i->version = version;
	begin_unit(i, "runtime");
	uint32_t u64 = base_type(i, "uint64", 8), u8 = base_type(i, "uint8", 1);
	uint32_t guint = alias(i, 6, "runtime.guintptr", u64);
	uint32_t gobuf = begin_struct(i, "runtime.gobuf", 16);
	member(i, "sp", 0, u64);
	member(i, "pc", 8, u64);
	put_u8(i, 0);
	uint32_t gobuf_alias = alias(i, 6, "runtime.gobuf", gobuf);
	uint32_t ptr = alias(i, 7, "*runtime.gobuf", gobuf);
	begin_struct(i, "runtime.g", 300);
	member(i, "status", 0, u8);
	member(i, "sched", 16, gobuf_alias);
	member(i, "schedlink", 200, guint);
	member(i, "buf", 208, ptr);
	put_u8(i, 0);
	uint32_t loop = i->n;
	alias(i, 6, "runtime.loop", loop);
	begin_struct(i, "runtime.odd", 8);
	member(i, "loop", 0, loop);
	member(i, "far", 0x7fffffffffff, u8);
	put_u8(i, 0);
	end_unit(i);
	begin_unit(i, "runtime");
	variable(i, "runtime.allgs", 0x501000, guint);
	end_unit(i);
	begin_unit(i, "net/http");
	variable(i, "net/http.Default", 0x502000, ptr);
	end_unit(i);
}

/* How the sections are stored. */
enum packing { PLAIN, ZLIB, GNU };

static void add_section(struct made_elf *f, const char *name, const void *p, size_t n,
			enum packing packing, uint64_t claim)
{
	uint8_t z[8192] = {0};
	char full[64];
	uLongf len = sizeof(z) - sizeof(Elf64_Chdr);
	size_t head = packing == ZLIB ? sizeof(Elf64_Chdr) : 12;

	snprintf(full, sizeof(full), packing == GNU ? ".zdebug_%s" : ".debug_%s", name);
	if (packing == PLAIN) {
		elf_section(f, full, SHT_PROGBITS, 0, p, n);
		return;
	}
	assert_int_equal(compress2(z + head, &len, p, n, 6), Z_OK);
	if (packing == ZLIB) {
		Elf64_Chdr ch = {.ch_type = ELFCOMPRESS_ZLIB,
				 .ch_size = claim ? claim : n,
				 .ch_addralign = 1};
		memcpy(z, &ch, sizeof(ch));
	} else {
		memcpy(z, "ZLIB", 4);
		for (int i = 0; i < 8; i++)
			z[4 + i] = (uint8_t)((claim ? claim : n) >> (56 - 8 * i));
	}
	Elf64_Shdr *sh = elf_section(f, full, SHT_PROGBITS, 0, z, head + len);
	if (packing == ZLIB)
		sh->sh_flags = SHF_COMPRESSED;
}

static void make_file(struct made_elf *f, const struct info *i, enum packing packing,
		      uint64_t claim)
{
	elf_init(f);
	elf_section(f, ".text", SHT_PROGBITS, 0x401000, "code", 4);
	add_section(f, "abbrev", i->version >= 5 ? abbrev_v5 : abbrev_v4, sizeof(abbrev_v4),
		    packing, 0);
	add_section(f, "info", i->p, i->n, packing, claim);
	elf_finish(f);
}

static struct err *open_debug(const char *path, struct image **img, struct debug **d)
{
	struct err *err = image_open(path, img);

	if (err)
		return err;
	err = debug_open(*img, d);
	if (err)
		image_close(*img);
	return err;
}

struct question {
	struct debug_member g[8], gobuf[2], odd[4];
	struct debug_struct s[5];
	struct debug_variable v[4];
};

static void question_init(struct question *q)
{
	*q = (struct question){
		.g = {{.path = "status"},
		      {.path = "sched.pc"},
		      {.path = "sched.nope|sched.sp"},
		      {.path = "schedlink"},
		      {.path = "buf"},
		      {.path = "nope|sched"},
		      {.path = "status.x"},
		      {.path = "sched."}},
		.gobuf = {{.path = "pc"}, {.path = ""}},
		.odd = {{.path = "loop"}, {.path = "far"}, {.path = "wild"}, {.path = "loop.x"}},
		.v = {{.name = "runtime.allgs"},
		      {.name = "net/http.Default"},
		      {.name = "net/http.nope"},
		      {.name = "main.x"}},
	};
	q->s[0] = (struct debug_struct){.name = "runtime.g", .members = q->g, .n = 8};
	q->s[1] = (struct debug_struct){
		.name = "runtime.none|runtime.gobuf", .members = q->gobuf, .n = 2};
	q->s[2] = (struct debug_struct){.name = "runtime.odd", .members = q->odd, .n = 4};
	q->s[3] = (struct debug_struct){.name = "runtime.guintptr", .members = NULL, .n = 0};
	q->s[4] = (struct debug_struct){.name = "runtime.gobuf|runtime.g", .members = q->g, .n = 1};
}

static void assert_member(const struct debug_member *m, int off, unsigned size)
{
	assert_int_equal(m->off, off);
	assert_int_equal(m->size, size);
}

static void collect(void *arg, const char *name, const char *type, uint64_t off, uint64_t size)
{
	char *out = arg;

	snprintf(out + strlen(out), 512 - strlen(out), "%s %s %d %d;", name, type, (int)off,
		 (int)size);
}

static void check_whole(int version, enum packing packing)
{
	struct info i;
	struct made_elf f;
	struct image *img;
	struct debug *d;
	struct question q;
	uint64_t size;
	char text[512] = "";

	make_info(&i, version);
	make_file(&f, &i, packing, 0);
	struct err *err = open_debug(elf_write(&f, f.n), &img, &d);
	if (err)
		fail_msg("%s", err->msg);
	assert_int_equal(debug_version(d), 0);
	question_init(&q);
	assert_null(debug_find(d, q.s, 5, q.v, 4));
	assert_true(q.s[0].found && q.s[0].size == 300);
	assert_member(&q.g[0], 0, 1);
	assert_member(&q.g[1], 24, 8);
	assert_member(&q.g[2], 16, 8);
	assert_member(&q.g[3], 200, 8);
	assert_member(&q.g[4], 208, 8);
	assert_member(&q.g[5], 16, 16);
	assert_member(&q.g[6], -1, 0);
	assert_member(&q.g[7], -1, 0);
	assert_true(q.s[1].found && q.s[1].size == 16);
	assert_member(&q.gobuf[0], 8, 8);
	assert_true(q.s[2].found);
	assert_member(&q.odd[1], -1, 0);		 // farther than any struct is long
	assert_false(q.s[3].found);			 // a typedef
	assert_true(q.s[4].found && q.s[4].size == 300); // gobuf is there, but has no such member
	assert_true(q.v[0].found && q.v[0].addr == 0x501000 && q.v[0].size == 8);
	assert_true(q.v[1].found && q.v[1].addr == 0x502000 && q.v[1].size == 8);
	assert_false(q.v[2].found || q.v[3].found);
	assert_int_equal(debug_version(d), version);
	assert_int_equal(d->units.n, 3);
	assert_int_equal(opened(d), 3);
	assert_null(debug_describe(d, "runtime.gobuf", &size, collect, text));
	assert_int_equal(size, 16);
	assert_string_equal(text, "sp uint64 0 8;pc uint64 8 8;");
	err = debug_describe(d, "runtime.nope", &size, collect, text);
	assert_int_equal(err->kind, ERR_ABSENT);
	err_free(err);
	debug_close(d);
	image_close(img);
	elf_free(&f);
}

static void test_whole(void **state)
{
	(void)state;
	for (int version = 4; version <= 5; version++) {
		check_whole(version, PLAIN);
		check_whole(version, ZLIB);
		check_whole(version, GNU);
	}
}

/* Only what is asked for is opened. */
static void test_lazy(void **state)
{
	struct info i;
	struct made_elf f;
	struct image *img;
	struct debug *d;
	struct debug_variable v = {.name = "runtime.allgs"};

	(void)state;
	make_info(&i, 4);
	make_file(&f, &i, PLAIN, 0);
	assert_null(open_debug(elf_write(&f, f.n), &img, &d));
	assert_null(debug_find(d, NULL, 0, &v, 1));
	assert_int_equal(d->units.n, 3);
	assert_int_equal(opened(d), 2);
	debug_close(d);
	// the image is unharmed: once more
	assert_null(debug_open(img, &d));
	assert_null(debug_find(d, NULL, 0, &v, 1));
	assert_true(v.found);
	debug_close(d);
	image_close(img);
	elf_free(&f);
}

static void expect_refused(struct made_elf *f, enum err_kind kind)
{
	struct image *img;
	struct debug *d;
	struct err *err = open_debug(elf_write(f, f->n), &img, &d);

	assert_non_null(err);
	assert_int_equal(err->kind, kind);
	err_free(err);
	elf_free(f);
}

static void test_refused(void **state)
{
	struct info i;
	struct made_elf f;

	(void)state;
	elf_init(&f);
	elf_section(&f, ".text", SHT_PROGBITS, 0x401000, "code", 4);
	elf_finish(&f);
	expect_refused(&f, ERR_NO_DEBUG_INFO);
	make_info(&i, 4);
	make_file(&f, &i, ZLIB, (uint64_t)3 << 30); // a bomb
	expect_refused(&f, ERR_LIMIT);
	make_file(&f, &i, GNU, UINT64_MAX);
	expect_refused(&f, ERR_LIMIT);
	make_file(&f, &i, ZLIB, i.n + 1); // not as long as it says
	expect_refused(&f, ERR_BAD_DATA);
	make_file(&f, &i, GNU, i.n - 1);
	expect_refused(&f, ERR_BAD_DATA);
	i.n = 0;
	make_file(&f, &i, PLAIN, 0);
	expect_refused(&f, ERR_NO_DEBUG_INFO);
}

/* Ask for everything; the sanitizer and the clock are the judges. */
static void ask(const char *path)
{
	struct image *img;
	struct debug *d;
	struct question q;
	uint64_t size;
	char text[512] = "";
	struct err *err = open_debug(path, &img, &d);

	if (err) {
		err_free(err);
		return;
	}
	question_init(&q);
	err_free(debug_find(d, q.s, 5, q.v, 4));
	for (int i = 0; i < 8; i++)
		assert_true(q.g[i].off >= -1);
	err_free(debug_describe(d, "runtime.odd", &size, collect, text));
	debug_close(d);
	image_close(img);
}

/* Every byte of both sections set to values that hurt. */
static void test_damage(void **state)
{
	static const uint8_t wild[] = {0x00, 0x7f, 0x80, 0xff};
	struct info i;
	struct made_elf f;

	(void)state;
	for (int version = 4; version <= 5; version++) {
		make_info(&i, version);
		make_file(&f, &i, PLAIN, 0);
		for (unsigned s = 2; s <= 3; s++) {
			uint64_t start = f.sh[s].sh_offset, end = start + f.sh[s].sh_size;
			for (uint64_t at = start; at < end; at++) {
				uint8_t old = f.p[at];
				for (size_t w = 0; w < sizeof(wild); w++) {
					f.p[at] = wild[w];
					ask(elf_write(&f, f.n));
				}
				f.p[at] = old;
			}
		}
		elf_free(&f);
	}
}

/* Several bytes at once, also through the inflater. */
static void test_random_damage(void **state)
{
	const char *rounds = getenv("GOCTX_TEST_ROUNDS");
	uint64_t seed = 88172645463325252u;
	struct made_elf f;
	struct info i;

	(void)state;
	for (int n = rounds ? atoi(rounds) : 300; n > 0; n--) {
		make_info(&i, 4 + (n & 1));
		for (int k = (int)(next_random(&seed) % 8); k >= 0; k--)
			i.p[next_random(&seed) % i.n] ^= (uint8_t)(1u << next_random(&seed) % 8);
		make_file(&f, &i, ZLIB, 0);
		if (next_random(&seed) % 4 == 0)
			f.p[f.sh[2].sh_offset + next_random(&seed) % (f.n - f.sh[2].sh_offset)] ^=
				0x55;
		ask(elf_write(&f, f.n));
		elf_free(&f);
	}
}

/* -- real programs -- */

static void check_real(const char *path)
{
	struct image *img;
	struct debug *d;
	struct debug_member g[] = {
		{.path = "goid"}, {.path = "sched"}, {.path = "sched.pc"}, {.path = "waiting"}};
	struct debug_member gobuf[] = {{.path = "pc"}};
	struct debug_struct s[] = {{.name = "runtime.g", .members = g, .n = 4},
				   {.name = "runtime.gobuf", .members = gobuf, .n = 1}};
	struct debug_variable v[] = {
		{.name = "runtime.allgs"},	     {.name = "runtime.mheap_"},
		{.name = "runtime.firstmoduledata"}, {.name = "context.Canceled"},
		{.name = "runtime.sched"},	     {.name = "os.Args"}};
	uint64_t addr, size;
	size_t compared = 0;

	assert_null(image_open(path, &img));
	struct err *err = debug_open(img, &d);
	if (err_catch(&err, ERR_NO_DEBUG_INFO)) {
		print_message("%s: skipped, no debug information\n", path);
		image_close(img);
		return;
	}
	assert_null(err);
	assert_null(debug_find(d, s, 2, v, 6));
	assert_true(s[0].found && s[1].found);
	assert_in_range(s[0].size, 200, 2000);
	assert_int_equal(g[2].off, g[1].off + gobuf[0].off);
	assert_int_equal(g[1].size, s[1].size);
	for (int i = 0; i < 6; i++) {
		// a program that never looks at context.Canceled has neither; a stripped one may
		// have only the former
		bool there = image_symbol(img, v[i].name, &addr, &size);
		assert_true(v[i].found || !there);
		if (!there)
			continue;
		assert_int_equal(v[i].addr, addr);
		assert_int_equal(v[i].size, size);
		compared++;
	}
	assert_int_equal(debug_version(d), image_go_minor(img) >= 25 ? 5 : 4);
	print_message("%s: g has %d bytes, %zu variables compared\n", path, (int)s[0].size,
		      compared);
	debug_close(d);
	image_close(img);
}

static void test_real(void **state)
{
	char *path;

	(void)state;
	if (!getenv("GOCTX_TEST_BINARIES"))
		skip();
	for (int i = 0; (path = go_binary(i)); i++) {
		check_real(path);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	      cmocka_unit_test(test_lazy),
		cmocka_unit_test(test_refused),	      cmocka_unit_test(test_damage),
		cmocka_unit_test(test_random_damage), cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests_name("debug", tests, NULL, NULL);
}
