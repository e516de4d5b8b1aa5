/*
 * pc-line tables: made-up ones, whole and damaged, and those of real programs, whose symbol tables
 * say the same in another way.  Set GOCTX_TEST_BINARIES to colon-separated paths of Go programs
 * with symbols.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image_internal.h"
#include "image/pclntab.h"
#include "made_elf.h"

/* runtime._func and runtime.inlinedCall on amd64. */
static const struct pcln_shape shape_120 = {
	.func_size = 44,
	.entry_off = 0,
	.name_off = 4,
	.pcsp = 16,
	.pcfile = 20,
	.pcln = 24,
	.npcdata = 28,
	.cu_offset = 32,
	.func_id = 40,
	.nfuncdata = 43,
	.inl_size = 16,
	.inl_func_id = 0,
	.inl_name_off = 4,
	.inl_parent_pc = 8,
	.args = 8,
	.deferreturn = 12,
};
static const struct pcln_shape shape_118 = {
	.func_size = 40,
	.entry_off = 0,
	.name_off = 4,
	.pcsp = 16,
	.pcfile = 20,
	.pcln = 24,
	.npcdata = 28,
	.cu_offset = 32,
	.func_id = 36,
	.nfuncdata = 39,
	.inl_size = 20,
	.inl_func_id = 2,
	.inl_name_off = 12,
	.inl_parent_pc = 16,
	.args = 8,
	.deferreturn = 12,
};

enum { TEXT = 0x401000, TABLE_MAX = 1024, TABLES = 7 };

/* A table under construction. */
struct table {
	uint8_t p[TABLE_MAX];
	uint32_t n;
};

struct made {
	struct table name, cu, file, pc, func, ftab, go;
	struct pclntab t; /* over copies of exactly the right length, so that the sanitizer sees
			     every byte read behind the end */
};

static uint32_t put(struct table *t, const void *p, size_t n)
{
	uint32_t off = t->n;

	memcpy(t->p + off, p, n);
	t->n += (uint32_t)n;
	return off;
}

static uint32_t put_text(struct table *t, const char *s)
{
	return put(t, s, strlen(s) + 1);
}

static uint32_t put_u32(struct table *t, uint32_t v)
{
	return put(t, &v, 4);
}

static void put_varint(struct table *t, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		t->p[t->n++] = (uint8_t)(v | 0x80);
	t->p[t->n++] = (uint8_t)v;
}

/* A pc table from pairs of value and length, ended by length 0. */
static uint32_t put_pcs(struct table *t, const int32_t *pairs)
{
	uint32_t off = t->n;

	for (int32_t last = -1; pairs[1]; last = pairs[0], pairs += 2) {
		uint32_t d = (uint32_t)pairs[0] - (uint32_t)last;
		put_varint(t, d << 1 ^ ((int32_t)d < 0 ? UINT32_MAX : 0));
		put_varint(t, (uint32_t)pairs[1]);
	}
	put_varint(t, 0);
	return off;
}

static void set_u32(struct table *t, uint32_t off, int32_t field, uint32_t v)
{
	if (field >= 0)
		memcpy(t->p + off + field, &v, 4);
}

static void own(struct pcln_bytes *b, const struct table *t)
{
	uint8_t *p = malloc(t->n ? t->n : 1);

	free((void *)b->p);
	memcpy(p, t->p, t->n);
	*b = (struct pcln_bytes){p, t->n};
}

/* Have m->t look at what the tables hold now. */
static void publish(struct made *m)
{
	own(&m->t.funcnametab, &m->name);
	own(&m->t.cutab, &m->cu);
	own(&m->t.filetab, &m->file);
	own(&m->t.pctab, &m->pc);
	own(&m->t.pclntable, &m->func);
	own(&m->t.ftab, &m->ftab);
	own(&m->t.gofunc, &m->go);
}

static void drop(struct made *m)
{
	struct pclntab *t = &m->t;
	const struct pcln_bytes *all[TABLES] = {&t->funcnametab, &t->cutab, &t->filetab, &t->pctab,
						&t->pclntable,	 &t->ftab,  &t->gofunc};

	for (int i = 0; i < TABLES; i++)
		free((void *)all[i]->p);
}

static uint32_t put_func(struct made *m, uint32_t entry, uint32_t name, const int32_t *sp,
			 const int32_t *file, const int32_t *line, const int32_t *index,
			 uint32_t tree)
{
	const struct pcln_shape *s = &m->t.shape;
	uint32_t off = m->func.n;

	put_u32(&m->ftab, entry);
	put_u32(&m->ftab, off);
	m->func.n += (uint32_t)s->func_size;
	set_u32(&m->func, off, s->entry_off, entry);
	set_u32(&m->func, off, s->name_off, name);
	set_u32(&m->func, off, s->pcsp, put_pcs(&m->pc, sp));
	set_u32(&m->func, off, s->pcfile, put_pcs(&m->pc, file));
	set_u32(&m->func, off, s->pcln, put_pcs(&m->pc, line));
	set_u32(&m->func, off, s->npcdata, 3);
	set_u32(&m->func, off, s->cu_offset, 1);
	m->func.p[off + (uint32_t)s->func_id] = 7;
	m->func.p[off + (uint32_t)s->nfuncdata] = 4;
	put_u32(&m->func, 0);
	put_u32(&m->func, 0);
	put_u32(&m->func, index ? put_pcs(&m->pc, index) : 0);
	for (int i = 0; i < 3; i++)
		put_u32(&m->func, UINT32_MAX);
	put_u32(&m->func, index ? tree : UINT32_MAX);
	return off;
}

static void put_call(struct made *m, uint32_t name, uint32_t parent_pc)
{
	const struct pcln_shape *s = &m->t.shape;
	uint32_t off = m->go.n;

	m->go.n += (uint32_t)s->inl_size;
	m->go.p[off + (uint32_t)s->inl_func_id] = 3;
	set_u32(&m->go, off, s->inl_name_off, name);
	set_u32(&m->go, off, s->inl_parent_pc, parent_pc);
}

/*
 * main.main at 0x100…0x200 of the text, main.leaf at 0x200…0x240.  In main.main, from +0x40
 * main.inner is inlined (called where +0x10 stands), from +0x60 main.deep in main.inner (called
 * where +0x45 stands).
 */
static void make(struct made *m, const struct pcln_shape *shape)
{
	memset(m, 0, sizeof(*m));
	m->t.shape = *shape;
	m->t.text = TEXT;
	m->t.etext = TEXT + 0x240;
	m->t.quantum = 1;
	put_varint(&m->pc, 0);
	put_u32(&m->cu, UINT32_MAX);
	put_u32(&m->cu, put_text(&m->file, "a.go"));
	put_u32(&m->cu, put_text(&m->file, "b.go"));
	uint32_t leaf = put_text(&m->name, "main.leaf"), xmain = put_text(&m->name, "xmain.main");
	uint32_t main = put_text(&m->name, "main.main"), inner = put_text(&m->name, "main.inner");
	uint32_t deep = put_text(&m->name, "main.deep"), tree;
	(void)xmain;
	put_text(&m->go, "head");
	tree = m->go.n;
	put_call(m, inner, 0x10);
	put_call(m, deep, 0x45);
	put_func(m, 0x100, main, (int32_t[]){0, 4, 32, 0xfb, 0, 1, 0, 0},
		 (int32_t[]){0, 0x40, 1, 0x40, 0, 0x80, 0, 0},
		 (int32_t[]){10, 0x40, 20, 0x20, 300, 0x20, 11, 0x80, 0, 0},
		 (int32_t[]){-1, 0x40, 0, 0x20, 1, 0x20, -1, 0x80, 0, 0}, tree);
	put_func(m, 0x200, leaf, (int32_t[]){0, 0x40, 0, 0}, (int32_t[]){1, 0x40, 0, 0},
		 (int32_t[]){5, 0x40, 0, 0}, NULL, 0);
	put_u32(&m->ftab, 0x240);
	put_u32(&m->ftab, 0xdeadbeef);
	publish(m);
}

static void check_find(const struct pcln_shape *shape)
{
	struct made m;
	struct pcln_func f;
	int32_t size;

	make(&m, shape);
	assert_false(pcln_find(&m.t, TEXT - 1, &f));
	assert_false(pcln_find(&m.t, TEXT + 0xff, &f));
	assert_false(pcln_find(&m.t, TEXT + 0x240, &f));
	assert_false(pcln_find(&m.t, UINT64_MAX, &f));
	assert_true(pcln_find(&m.t, TEXT + 0x100, &f));
	assert_string_equal(f.name, "main.main");
	assert_int_equal(f.entry, TEXT + 0x100);
	assert_int_equal(f.end, TEXT + 0x200);
	assert_int_equal(f.func_id, 7);
	assert_true(pcln_frame_size(&m.t, &f, TEXT + 0x100, &size) && size == 0);
	assert_true(pcln_frame_size(&m.t, &f, TEXT + 0x104, &size) && size == 32);
	assert_true(pcln_frame_size(&m.t, &f, TEXT + 0x1ff, &size) && size == 0);
	assert_false(pcln_frame_size(&m.t, &f, TEXT + 0x200, &size));
	assert_true(pcln_find(&m.t, TEXT + 0x1ff, &f) && f.entry == TEXT + 0x100);
	assert_true(pcln_find(&m.t, TEXT + 0x23f, &f));
	assert_string_equal(f.name, "main.leaf");
	assert_true(pcln_find_name(&m.t, "main.main", &f) && f.entry == TEXT + 0x100);
	assert_true(pcln_find_name(&m.t, "main.leaf", &f) && f.entry == TEXT + 0x200);
	assert_false(pcln_find_name(&m.t, "main.inner", &f)); // only inlined
	assert_false(pcln_find_name(&m.t, "ain.main", &f));
	assert_false(pcln_find_name(&m.t, "", &f));
	drop(&m);
}

/* Where instructions have four bytes, a pc table counts by fours: the same table reaches four times
 * as far. */
static void test_quantum(void **state)
{
	struct made m;
	struct pcln_func f;
	int32_t size;

	(void)state;
	make(&m, &shape_120);
	m.t.quantum = 4;
	assert_true(pcln_find(&m.t, TEXT + 0x100, &f));
	assert_true(pcln_frame_size(&m.t, &f, TEXT + 0x10c, &size) && size == 0);
	assert_true(pcln_frame_size(&m.t, &f, TEXT + 0x110, &size) && size == 32);
	assert_true(pcln_frame_size(&m.t, &f, TEXT + 0x1ff, &size) && size == 32);
	drop(&m);
}

static void assert_frame(const struct pcln_frame *f, const char *func, const char *file, int line,
			 bool inlined)
{
	assert_string_equal(f->func, func);
	assert_string_equal(f->file, file);
	assert_int_equal(f->line, line);
	assert_int_equal(f->inlined, inlined);
	assert_int_equal(f->func_id, inlined ? 3 : 7);
}

static void check_expand(const struct pcln_shape *shape)
{
	struct made m;
	struct pcln_func f;
	struct pcln_frame fr[8];

	make(&m, shape);
	assert_true(pcln_find(&m.t, TEXT + 0x120, &f));
	assert_int_equal(pcln_expand(&m.t, &f, TEXT + 0x120, fr, 8), 1);
	assert_frame(&fr[0], "main.main", "a.go", 10, false);
	assert_int_equal(pcln_expand(&m.t, &f, TEXT + 0x150, fr, 8), 2);
	assert_frame(&fr[0], "main.inner", "b.go", 20, true);
	assert_frame(&fr[1], "main.main", "a.go", 10, false);
	assert_int_equal(pcln_expand(&m.t, &f, TEXT + 0x17f, fr, 8), 3);
	assert_frame(&fr[0], "main.deep", "b.go", 300, true);
	assert_frame(&fr[1], "main.inner", "b.go", 20, true);
	assert_frame(&fr[2], "main.main", "a.go", 10, false);
	// a short buffer keeps the innermost and the outermost
	assert_int_equal(pcln_expand(&m.t, &f, TEXT + 0x17f, fr, 2), 2);
	assert_frame(&fr[0], "main.deep", "b.go", 300, true);
	assert_frame(&fr[1], "main.main", "a.go", 10, false);
	assert_int_equal(pcln_expand(&m.t, &f, TEXT + 0x17f, fr, 1), 1);
	assert_frame(&fr[0], "main.main", "a.go", 10, false);
	assert_int_equal(pcln_expand(&m.t, &f, TEXT + 0x17f, fr, 0), 0);
	// without funcdata the physical frame remains
	m.t.gofunc.n = 0;
	assert_int_equal(pcln_expand(&m.t, &f, TEXT + 0x17f, fr, 8), 1);
	assert_frame(&fr[0], "main.main", "b.go", 300, false);
	drop(&m);
}

static bool is_main(const char *name, size_t n)
{
	assert_int_equal(strlen(name), n);
	return n == 9 && memcmp(name, "main.", 5) == 0;
}

static bool is_deep(const char *name, size_t n)
{
	return n == 9 && strcmp(name, "main.deep") == 0;
}

static void count_func(void *arg, const struct pcln_func *f)
{
	*(taddr *)arg = *(taddr *)arg * 0x1000 + (f->entry - TEXT);
}

/* What is only inlined is no function of its own, but is in the one that has it. */
static void check_select(const struct pcln_shape *shape)
{
	struct made m;
	struct pcln_func f;
	taddr seen = 0;

	make(&m, shape);
	pcln_select(&m.t, is_main, count_func, &seen);
	assert_int_equal(seen, 0x100200);
	seen = 0;
	pcln_select(&m.t, is_deep, count_func, &seen);
	assert_int_equal(seen, 0);
	assert_true(pcln_find(&m.t, TEXT + 0x100, &f) && pcln_inlines(&m.t, &f, is_deep));
	assert_true(pcln_find(&m.t, TEXT + 0x200, &f));
	assert_false(pcln_inlines(&m.t, &f, is_deep));
	drop(&m);
}

static void test_select(void **state)
{
	(void)state;
	check_select(&shape_118);
	check_select(&shape_120);
}

static void test_find(void **state)
{
	(void)state;
	check_find(&shape_118);
	check_find(&shape_120);
}

static void test_expand(void **state)
{
	(void)state;
	check_expand(&shape_118);
	check_expand(&shape_120);
}

/* The line table says -1 where there is no place (runtime/symtab.go: funcline1); other negative
 * lines are the compiler's. */
static void test_negative_line(void **state)
{
	static const struct {
		int32_t line;
		const char *file;
	} cases[] = {{7, "b.go"}, {-1, "?"}, {-2, "b.go"}, {-300, "b.go"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = {.t = {.quantum = 1,
				       .shape = shape_120,
				       .text = TEXT,
				       .etext = TEXT + 0x40}};
		struct pcln_func f;
		struct pcln_frame fr;

		put_varint(&m.pc, 0);
		put_u32(&m.cu, UINT32_MAX);
		put_u32(&m.cu, put_text(&m.file, "a.go"));
		put_u32(&m.cu, put_text(&m.file, "b.go"));
		put_func(&m, 0, put_text(&m.name, "main.f"), (int32_t[]){0, 0x40, 0, 0},
			 (int32_t[]){1, 0x40, 0, 0}, (int32_t[]){cases[i].line, 0x40, 0, 0}, NULL,
			 0);
		put_u32(&m.ftab, 0x40);
		put_u32(&m.ftab, 0xdeadbeef);
		publish(&m);
		assert_true(pcln_find(&m.t, TEXT, &f));
		assert_int_equal(pcln_expand(&m.t, &f, TEXT + 8, &fr, 1), 1);
		assert_frame(&fr, "main.f", cases[i].file, cases[i].line > 0 ? cases[i].line : 0,
			     false);
		drop(&m);
	}
}

/* Formats before Go 1.18: no such fields, no answers. */
static void test_old_format(void **state)
{
	struct made m;
	struct pcln_func f;

	(void)state;
	make(&m, &shape_120);
	m.t.shape.entry_off = -1;
	assert_false(pcln_find(&m.t, TEXT + 0x100, &f));
	assert_false(pcln_find_name(&m.t, "main.main", &f));
	drop(&m);
	struct pclntab empty = {.shape = shape_120};
	assert_false(pcln_find(&empty, 0, &f));
	assert_false(pcln_find_name(&empty, "main.main", &f));
}

/* Ask for everything; the sanitizer is the judge. */
static void ask_all(const struct pclntab *t)
{
	struct pcln_func f;
	struct pcln_frame fr[4];
	int32_t size;
	taddr seen = 0;

	pcln_find_name(t, "main.main", &f);
	pcln_select(t, is_main, count_func, &seen);
	for (taddr pc = TEXT + 0xf0; pc < TEXT + 0x250; pc += 7) {
		if (!pcln_find(t, pc, &f))
			continue;
		assert_true(strlen(f.name) < TABLE_MAX);
		pcln_frame_size(t, &f, pc, &size);
		pcln_inlines(t, &f, is_deep);
		size_t n = pcln_expand(t, &f, pc, fr, 4);
		assert_in_range(n, 1, 4);
		for (size_t i = 0; i < n; i++)
			assert_true(strlen(fr[i].func) < TABLE_MAX &&
				    strlen(fr[i].file) < TABLE_MAX);
	}
}

/* Every table cut to every length: varints end in the middle, offsets point behind the end. */
static void test_truncated(void **state)
{
	struct made m;

	(void)state;
	make(&m, &shape_120);
	struct table *all[TABLES] = {&m.name, &m.cu, &m.file, &m.pc, &m.func, &m.ftab, &m.go};
	for (int i = 0; i < TABLES; i++) {
		uint32_t full = all[i]->n;
		for (all[i]->n = 0; all[i]->n < full; all[i]->n++) {
			publish(&m);
			ask_all(&m.t);
		}
		all[i]->n = full;
	}
	drop(&m);
}

/* Every word of every table set to values that overflow. */
static void test_wild_words(void **state)
{
	static const uint32_t wild[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	struct made m;

	(void)state;
	make(&m, &shape_120);
	struct table *all[TABLES] = {&m.name, &m.cu, &m.file, &m.pc, &m.func, &m.ftab, &m.go};
	for (int i = 0; i < TABLES; i++) {
		for (uint32_t off = 0; off + 4 <= all[i]->n; off++) {
			uint32_t old;
			memcpy(&old, all[i]->p + off, 4);
			for (size_t w = 0; w < sizeof(wild) / sizeof(wild[0]); w++) {
				memcpy(all[i]->p + off, &wild[w], 4);
				publish(&m);
				ask_all(&m.t);
			}
			memcpy(all[i]->p + off, &old, 4);
		}
	}
	drop(&m);
}

/* An inlined call whose call site is itself. */
static void test_parent_loop(void **state)
{
	struct made m;
	struct pcln_func f;
	struct pcln_frame fr[16];

	(void)state;
	make(&m, &shape_120);
	set_u32(&m.go, 5, m.t.shape.inl_parent_pc, 0x45);
	publish(&m);
	assert_true(pcln_find(&m.t, TEXT + 0x150, &f));
	size_t n = pcln_expand(&m.t, &f, TEXT + 0x150, fr, 16);
	assert_int_equal(n, 16);
	assert_string_equal(fr[15].func, "main.main");
	drop(&m);
}

/* -- real programs -- */

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

/* Tables by the header of the section; false for formats that we do not read. */
static bool load(const struct image *img, struct pclntab *t)
{
	const struct elf_section *s = image_find_section(img, ".gopclntab");
	uint64_t size;

	if (!s)
		s = image_find_section(img, ".data.rel.ro.gopclntab");
	const uint8_t *h = s ? image_section_bytes(img, s) : NULL;
	if (!h || (memcmp(h, "\xf1\xff\xff\xff", 4) && memcmp(h, "\xf0\xff\xff\xff", 4)))
		return false;
	uint64_t name = word(h + 32), cu = word(h + 40), file = word(h + 48), pc = word(h + 56),
		 func = word(h + 64);
	*t = (struct pclntab){.quantum = 1,
			      .funcnametab = {h + name, cu - name},
			      .cutab = {h + cu, file - cu},
			      .filetab = {h + file, pc - file},
			      .pctab = {h + pc, func - pc},
			      .pclntable = {h + func, s->size - func},
			      .ftab = {h + func, (word(h + 8) + 1) * 8},
			      .shape = h[0] == 0xf0 ? shape_118 : shape_120};
	return image_symbol(img, "runtime.text", &t->text, &size) &&
	       image_symbol(img, "runtime.etext", &t->etext, &size);
}

/* Symbols of assembly functions carry their ABI, names of generic functions are shortened. */
static bool same_name(const char *sym, const char *name)
{
	size_t n = strcspn(sym, "["), dot = strlen(sym);

	if (sym[n] == '[')
		return !strncmp(sym, name, n);
	if (dot > 5 && !strcmp(sym + dot - 5, ".abi0"))
		dot -= 5;
	return !strncmp(sym, name, dot) && !name[dot];
}

static void check_symbols(const char *path)
{
	struct image *img;
	struct pclntab t;
	struct pcln_func f;
	size_t asked = 0, named = 0;

	assert_null(image_open(path, &img));
	if (!load(img, &t)) {
		print_message("%s: skipped, no symbols or an old format\n", path);
		image_close(img);
		return;
	}
	for (uint64_t i = 0; i < img->nsyms; i++) {
		Elf64_Sym sym;
		memcpy(&sym, img->symtab + i * sizeof(sym), sizeof(sym));
		const char *name = img->strtab + sym.st_name;
		if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_value < t.text ||
		    sym.st_value >= t.etext || !sym.st_size || !strncmp(name, "_cgo", 4))
			continue;
		if (!pcln_find(&t, sym.st_value, &f))
			continue; // a C function that lies between
		asked++;
		named += f.entry == sym.st_value && same_name(name, f.name);
	}
	print_message("%s: %zu functions, %zu under the same name\n", path, asked, named);
	assert_true(asked > 500);
	assert_true(named * 100 >= asked * 99);
	assert_true(pcln_find_name(&t, "runtime.goexit", &f));
	image_close(img);
}

static void test_real(void **state)
{
	char *path;

	(void)state;
	if (!getenv("GOCTX_TEST_BINARIES"))
		skip();
	for (int i = 0; (path = go_binary(i)); i++) {
		check_symbols(path);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),	      cmocka_unit_test(test_expand),
		cmocka_unit_test(test_negative_line), cmocka_unit_test(test_quantum),
		cmocka_unit_test(test_old_format),    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_wild_words),    cmocka_unit_test(test_parent_loop),
		cmocka_unit_test(test_select),	      cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests_name("pclntab", tests, NULL, NULL);
}
