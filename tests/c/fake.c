#include "fake.h"

#include "target/target_internal.h"

#include <stdio.h>

#define MODULE_TEXT 0x401000u
#define VARIABLES 0x7f0000u /* where runtime.itabTable lies */
#define FUN_FIRST 24	    /* itab.Fun[0] */

static void fail(const char *what, taddr addr)
{
	fprintf(stderr, "fake debuggee: %s (0x%llx)\n", what, (unsigned long long)addr);
	abort();
}

/* -- memory ---------------------------------------------------------------------------------- */

static void add_region(struct fake *f, taddr addr, uint64_t size, uint8_t *mem)
{
	VEC_PUSH(&f->t.regions, (struct region){.start = addr,
						.end = addr + size,
						.mem = mem,
						.perm = REGION_R | REGION_W,
						.source = mem ? SOURCE_CORE : SOURCE_ABSENT,
						.file = -1});
	target_sort(&f->t);
}

uint8_t *fake_add(struct fake *f, taddr addr, uint64_t size)
{
	uint8_t *mem = mem_zalloc(size);

	VEC_PUSH(&f->segments, mem);
	add_region(f, addr, size, mem);
	return mem;
}

void fake_hole(struct fake *f, taddr addr, uint64_t size)
{
	add_region(f, addr, size, NULL);
}

taddr fake_alloc(struct fake *f, uint64_t size)
{
	taddr at = f->heap_next;

	f->heap_next += (size + 15) & ~15ull;
	if (f->heap_next > FAKE_HEAP + FAKE_HEAP_SIZE)
		fail("heap is full", at);
	return at;
}

void *fake_at(struct fake *f, taddr addr, uint64_t n)
{
	const uint8_t *p = target_ptr(&f->t, addr, n);

	if (!p)
		fail("no such memory", addr);
	return (void *)(uintptr_t)p;
}

void fake_put8(struct fake *f, taddr addr, uint8_t v)
{
	memcpy(fake_at(f, addr, sizeof(v)), &v, sizeof(v));
}

void fake_put16(struct fake *f, taddr addr, uint16_t v)
{
	memcpy(fake_at(f, addr, sizeof(v)), &v, sizeof(v));
}

void fake_put32(struct fake *f, taddr addr, uint32_t v)
{
	memcpy(fake_at(f, addr, sizeof(v)), &v, sizeof(v));
}

void fake_put64(struct fake *f, taddr addr, uint64_t v)
{
	memcpy(fake_at(f, addr, sizeof(v)), &v, sizeof(v));
}

void fake_put(struct fake *f, taddr base, struct layout_field field, uint64_t v)
{
	if (!LAYOUT_HAS(field))
		fail("this release has no such field", base);
	memcpy(fake_at(f, base + (uint64_t)field.off, field.size), &v,
	       field.size < 8 ? field.size : 8);
}

void fake_put_string(struct fake *f, taddr addr, const char *s)
{
	uint64_t n = strlen(s);
	taddr p = n ? fake_alloc(f, n) : 0;

	if (n)
		memcpy(fake_at(f, p, n), s, n);
	fake_put64(f, addr, p);
	fake_put64(f, addr + 8, n);
}

taddr fake_string(struct fake *f, const char *s)
{
	taddr at = fake_alloc(f, 16);

	fake_put_string(f, at, s);
	return at;
}

void fake_put_iface(struct fake *f, taddr addr, taddr tab_or_type, uint64_t data)
{
	fake_put64(f, addr, tab_or_type);
	fake_put64(f, addr + 8, data);
}

/* -- descriptors ----------------------------------------------------------------------------- */

static taddr types_alloc(struct fake *f, uint64_t size)
{
	taddr at = f->types_next;

	f->types_next += (size + 7) & ~7ull;
	if (f->types_next > FAKE_TYPES + FAKE_TYPES_SIZE)
		fail("no room for more types", at);
	return at;
}

taddr fake_name(struct fake *f, const char *text, uint8_t flags)
{
	uint64_t n = strlen(text), head = n < 128 ? 2 : 3;
	taddr at = types_alloc(f, head + n);

	fake_put8(f, at, flags);
	fake_put8(f, at + 1, (uint8_t)(n < 128 ? n : (n & 0x7f) | 0x80));
	if (n >= 128)
		fake_put8(f, at + 2, (uint8_t)(n >> 7));
	if (n)
		memcpy(fake_at(f, at + head, n), text, n);
	return at;
}

/* A descriptor: abi.Type, @p tail bytes of the kind's own, and an UncommonType when it is named. */
static taddr describe(struct fake *f, enum go_kind kind, uint64_t size, uint64_t ptrdata,
		      uint64_t tail, const char *name, const char *pkgpath)
{
	const struct layout *l = &f->rt.L;
	uint64_t head = l->s[LAYOUT_type].size;
	taddr at = types_alloc(f, head + tail + 16);
	bool direct = size == 8 && ptrdata == 8 && kind != GO_STRING;
	uint8_t tflag = pkgpath ? 1 | 4 : 0;

	fake_put(f, at, l->type.size, size);
	fake_put(f, at, l->type.ptrdata, ptrdata);
	fake_put(f, at, l->type.kind, kind | (direct && l->minor < 26 ? 0x20u : 0));
	fake_put(f, at, l->type.tflag, tflag | (direct && l->minor >= 26 ? 0x20u : 0));
	fake_put(f, at, l->type.str, fake_name(f, name, 0) - FAKE_TYPES);
	if (pkgpath && *pkgpath)
		fake_put32(f, at + head + tail, (uint32_t)(fake_name(f, pkgpath, 0) - FAKE_TYPES));
	return at;
}

static uint64_t size_of(struct fake *f, taddr type)
{
	uint64_t v;

	memcpy(&v, fake_at(f, type + (uint64_t)f->rt.L.type.size.off, 8), 8);
	return v;
}

static uint64_t ptrdata_of(struct fake *f, taddr type)
{
	uint64_t v;

	memcpy(&v, fake_at(f, type + (uint64_t)f->rt.L.type.ptrdata.off, 8), 8);
	return v;
}

static const char *name_of(struct fake *f, taddr type)
{
	int32_t off;

	memcpy(&off, fake_at(f, type + (uint64_t)f->rt.L.type.str.off, 4), 4);
	static char text[4][256]; // callers join two at most
	static unsigned turn;
	uint8_t n = *(uint8_t *)fake_at(f, FAKE_TYPES + (uint64_t)off + 1, 1);
	char *s = text[turn++ % 4];

	if (n > 127)
		fail("long names have no pointer type here", type);
	memcpy(s, fake_at(f, FAKE_TYPES + (uint64_t)off + 2, n ? n : 1), n);
	s[n] = '\0';
	return s;
}

taddr fake_type(struct fake *f, enum go_kind kind, const char *name, const char *pkgpath)
{
	static const uint8_t size[] = {
		[GO_BOOL] = 1,	  [GO_INT] = 8,	    [GO_INT8] = 1,	     [GO_INT16] = 2,
		[GO_INT32] = 4,	  [GO_INT64] = 8,   [GO_UINT] = 8,	     [GO_UINT8] = 1,
		[GO_UINT16] = 2,  [GO_UINT32] = 4,  [GO_UINT64] = 8,	     [GO_UINTPTR] = 8,
		[GO_FLOAT32] = 4, [GO_FLOAT64] = 8, [GO_COMPLEX64] = 8,	     [GO_COMPLEX128] = 16,
		[GO_FUNC] = 8,	  [GO_STRING] = 16, [GO_UNSAFE_POINTER] = 8,
	};
	bool pointer = kind == GO_FUNC || kind == GO_STRING || kind == GO_UNSAFE_POINTER;

	if (kind >= sizeof(size) || !size[kind])
		fail("this kind has parts", kind);
	return describe(f, kind, size[kind], pointer ? 8 : 0, kind == GO_FUNC ? 8 : 0, name,
			pkgpath);
}

taddr fake_pointer(struct fake *f, taddr elem)
{
	char name[300];

	snprintf(name, sizeof(name), "*%s", name_of(f, elem));
	taddr at = describe(f, GO_POINTER, 8, 8, 8, name, NULL);

	fake_put64(f, at + 48, elem);
	return at;
}

taddr fake_slice(struct fake *f, taddr elem, const char *name)
{
	taddr at = describe(f, GO_SLICE, 24, 8, 8, name, NULL);

	fake_put64(f, at + 48, elem);
	return at;
}

taddr fake_array(struct fake *f, taddr elem, uint64_t len, const char *name)
{
	uint64_t size = size_of(f, elem), ptrs = ptrdata_of(f, elem);
	taddr at = describe(f, GO_ARRAY, len * size, len && ptrs ? (len - 1) * size + ptrs : 0, 24,
			    name, NULL);

	fake_put64(f, at + 48, elem);
	fake_put64(f, at + 64, len);
	return at;
}

taddr fake_struct(struct fake *f, const char *name, const char *pkgpath, uint64_t size, uint32_t n,
		  const struct fake_field *fields)
{
	uint64_t ptrdata = 0;

	for (uint32_t i = 0; i < n; i++)
		if (ptrdata_of(f, fields[i].type))
			ptrdata = fields[i].off + ptrdata_of(f, fields[i].type);
	taddr at = describe(f, GO_STRUCT, size, ptrdata, 32, name, pkgpath),
	      list = types_alloc(f, n * 24u);

	fake_put64(f, at + 56, list);
	fake_put64(f, at + 64, n);
	fake_put64(f, at + 72, n);
	for (uint32_t i = 0; i < n; i++) {
		fake_put64(f, list + i * 24, fake_name(f, fields[i].name, 0));
		fake_put64(f, list + i * 24 + 8, fields[i].type);
		fake_put64(f, list + i * 24 + 16, fields[i].off);
	}
	return at;
}

taddr fake_interface(struct fake *f, const char *name, const char *pkgpath, uint64_t methods)
{
	taddr at = describe(f, GO_INTERFACE, 16, 16, 32, name, pkgpath);

	fake_put64(f, at + 56, types_alloc(f, methods * 8 + 8));
	fake_put64(f, at + 64, methods);
	return at;
}

static uint64_t align8(uint64_t n)
{
	return (n + 7) & ~7ull;
}

/* cmd/compile/internal/reflectdata/map_swiss.go: MapGroupType */
static void put_swiss(struct fake *f, taddr at, uint64_t key, uint64_t elem)
{
	const struct layout *l = &f->rt.L;
	uint64_t elem_off = align8(key), stride = align8(elem_off + (elem ? elem : 1));

	fake_put(f, at, l->swissMapType.groupSize, 8 + 8 * stride);
	if (LAYOUT_HAS(l->swissMapType.keyStride)) {
		fake_put(f, at, l->swissMapType.keysOff, 8);
		fake_put(f, at, l->swissMapType.keyStride, stride);
		fake_put(f, at, l->swissMapType.elemsOff, 8 + elem_off);
		fake_put(f, at, l->swissMapType.elemStride, stride);
	} else {
		fake_put(f, at, l->swissMapType.slotSize, stride);
		fake_put(f, at, l->swissMapType.elemOff, elem_off);
	}
}

taddr fake_map(struct fake *f, taddr key, taddr elem, const char *name)
{
	const struct layout *l = &f->rt.L;
	bool swiss = LAYOUT_HAS(l->swissMap.used);
	uint64_t key_size = size_of(f, key), elem_size = size_of(f, elem);
	uint32_t size = l->s[swiss ? LAYOUT_swissMapType : LAYOUT_oldMapType].size;
	taddr at = describe(f, GO_MAP, 8, 8, size - 48, name, NULL);

	fake_put64(f, at + 48, key);
	fake_put64(f, at + 56, elem);
	if (swiss) {
		uint64_t flags = (key_size > 128 ? 4u : 0) | (elem_size > 128 ? 8u : 0);

		put_swiss(f, at, key_size > 128 ? 8 : key_size, elem_size > 128 ? 8 : elem_size);
		fake_put(f, at, l->swissMapType.flags, flags);
		return at;
	}
	uint64_t flags = (key_size > 128 ? 1u : 0) | (elem_size > 128 ? 2u : 0);

	key_size = key_size > 128 ? 8 : key_size;
	elem_size = elem_size > 128 ? 8 : elem_size;
	fake_put(f, at, l->oldMapType.bucketsize, align8(8 + 8 * (key_size + elem_size)) + 8);
	fake_put(f, at, l->oldMapType.flags, flags);
	return at;
}

taddr fake_itab(struct fake *f, taddr inter, taddr type)
{
	taddr at = types_alloc(f, 32);

	if (f->itabs.n == FAKE_ITABS)
		fail("too many interface tables", at);
	fake_put(f, at, f->rt.L.itab.inter, inter);
	fake_put(f, at, f->rt.L.itab.type, type);
	fake_put64(f, at + FUN_FIRST, MODULE_TEXT);
	VEC_PUSH(&f->itabs, at);
	return at;
}

/* -- the whole ------------------------------------------------------------------------------- */

void fake_init(struct fake *f, int minor)
{
	static const struct target_ops ops = {0};

	*f = (struct fake){.types_next = FAKE_TYPES + 16, .heap_next = FAKE_HEAP};
	f->t = (struct target){.ops = &ops, .kind = TARGET_CORE, .notes = &f->notes};
	target_set_arch(&f->t, &arch_amd64);
	f->rt = (struct runtime){.t = &f->t, .notes = &f->notes, .cancel = &f->cancel};
	if (!layout_from_table(minor, &f->rt.L))
		fail("no layout table for this release", (taddr)minor);
	VEC_PUSH(&f->rt.pcs, (struct pcinfo){.frame_size = -1});
	VEC_PUSH(&f->rt.modules, (struct module){.text = MODULE_TEXT,
						 .etext = MODULE_TEXT + 0x1000,
						 .types = FAKE_TYPES,
						 .etypes = FAKE_TYPES + FAKE_TYPES_SIZE});
	fake_add(f, FAKE_TYPES, FAKE_TYPES_SIZE);
	fake_add(f, FAKE_HEAP, FAKE_HEAP_SIZE);
	fake_add(f, VARIABLES, 64);
}

void fake_open(struct fake *f)
{
	taddr table = fake_alloc(f, 16 + FAKE_ITABS * 8);

	fake_put(f, table, f->rt.L.itabTable.size, FAKE_ITABS);
	for (size_t i = 0; i < f->itabs.n; i++) // any slot will do: the reader takes them all
		fake_put64(f, table + (uint64_t)f->rt.L.itabTable.entries.off + i * 8,
			   f->itabs.v[i]);
	fake_put64(f, VARIABLES, table);
	f->rt.L.var[LAYOUT_VAR_itabTable] =
		(struct layout_variable){.found = true, .addr = VARIABLES, .size = 8};
	struct err *e = rtypes_open(&f->rt);

	if (e)
		fail(e->msg, table);
}

void fake_free(struct fake *f)
{
	rtypes_close(&f->rt);
	VEC_FREE(&f->rt.modules);
	VEC_FREE(&f->rt.pcs);
	VEC_FREE(&f->rt.frames);
	u64map_free(&f->rt.pc_index);
	VEC_FREE(&f->t.regions);
	for (size_t i = 0; i < f->segments.n; i++)
		free(f->segments.v[i]);
	VEC_FREE(&f->segments);
	VEC_FREE(&f->itabs);
	notes_free(&f->notes);
}
