/*
 * What the compiler's tables say of a frame at a pc (runtime/stkframe.go: getStackMap; stack.go
 * until 1.20): which words of locals and arguments are live pointers, and which variables are stack
 * objects.  Looked up once a pc.
 */
#include "runtime/livestack_internal.h"

enum {
	STACKMAP_HEADER = 8,   /* runtime/symtab.go: stackmap {n, nbit int32; bytedata} */
	OBJECTS_HEADER = 8,    /* a count, then records */
	OBJECT_RECORD = 16,    /* runtime/stack.go: stackObjectRecord */
	MAX_OBJECTS = 1 << 16, /* of one function */
	MAX_WORDS = 1 << 24,   /* of one frame: 128 MiB */
};

/* Bitmap number @p index of a stackmap.  @return false: no such map */
static bool bitmap(const struct pcln_bytes *b, int32_t index, struct word_mask *ret)
{
	int32_t n, nbit;

	if (!b->p || b->n < STACKMAP_HEADER)
		return false;
	memcpy(&n, b->p, 4);
	memcpy(&nbit, b->p + 4, 4);
	if (index < 0 || index >= n || nbit < 0 || nbit > MAX_WORDS)
		return false;
	uint64_t bytes = ((uint64_t)nbit + 7) / 8, off = STACKMAP_HEADER + bytes * (uint64_t)index;
	if (off > b->n || b->n - off < bytes)
		return false;
	*ret = (struct word_mask){b->p + off, (uint32_t)nbit};
	return true;
}

/* A function without locals may have no map of them: the frame's size says whether one is
 * needed. */
static bool read_locals(const struct runtime *rt, const struct pcln_func *f,
			const struct pclntab *t, const struct pcinfo *info, int32_t index,
			struct frame_map *ret)
{
	struct pcln_bytes b;

	if (!pcln_funcdata(t, f, FUNCDATA_LOCALS_POINTER_MAPS, &b))
		return false;
	return bitmap(&b, index, &ret->locals) ||
	       (!b.p && stack_varp(rt, 0, info->frame_size) == 0);
}

static bool read_args(const struct pcln_func *f, const struct pclntab *t, int32_t index,
		      struct frame_map *ret)
{
	struct pcln_bytes b;

	if (f->args == PCLN_ARGS_UNKNOWN)
		return ret->role == MAP_STUB;
	if (f->args < 0 || f->args / 8 > MAX_WORDS)
		return false;
	if (!f->args || !pcln_funcdata(t, f, FUNCDATA_ARGS_POINTER_MAPS, &b))
		return !f->args;
	if (!bitmap(&b, index, &ret->args))
		ret->args = (struct word_mask){NULL, (uint32_t)f->args / STACK_WORD};
	return true;
}

static int32_t record_off(const uint8_t *objects, uint32_t i, int32_t *size_ret)
{
	int32_t off;

	memcpy(&off, objects + (uint64_t)i * OBJECT_RECORD, 4);
	memcpy(size_ret, objects + (uint64_t)i * OBJECT_RECORD + 4, 4);
	return off;
}

/* Ascending and apart, as the compiler lays them out: a damaged list could else name the same bytes
 * over and over. */
static bool in_order(const uint8_t *objects, uint32_t n)
{
	int64_t end = INT64_MIN;

	for (uint32_t i = 0; i < n; i++) {
		int32_t size, off = record_off(objects, i, &size);
		if (size <= 0 || off < end)
			return false;
		end = (int64_t)off + size;
	}
	return true;
}

static bool read_objects(const struct pcln_func *f, const struct pclntab *t, struct frame_map *ret)
{
	struct pcln_bytes b;
	uint64_t n;

	if (!pcln_funcdata(t, f, FUNCDATA_STACK_OBJECTS, &b))
		return false;
	if (!b.p)
		return true;
	if (b.n < OBJECTS_HEADER)
		return false;
	memcpy(&n, b.p, 8);
	if (n > MAX_OBJECTS || n * OBJECT_RECORD > b.n - OBJECTS_HEADER ||
	    !in_order(b.p + OBJECTS_HEADER, (uint32_t)n))
		return false;
	ret->objects = b.p + OBJECTS_HEADER;
	ret->nobjects = (uint32_t)n;
	return true;
}

static uint8_t role_of(const char *name)
{
	static const struct {
		const char *name;
		uint8_t role;
	} roles[] = {
		{"runtime.asyncPreempt", MAP_SAVES_REGISTERS},
		{"runtime.debugCallV2", MAP_SAVES_REGISTERS},
		{"runtime.sigpanic", MAP_SIGPANIC},
		{"reflect.makeFuncStub", MAP_STUB},
		{"reflect.methodValueCall", MAP_STUB},
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(name, roles[i].name) == 0)
			return roles[i].role;
	return MAP_PLAIN;
}

/* At its first instruction, and where the table says -1, a function stands at its entry map, number
 * 0. */
static bool map_index(const struct pcln_func *f, const struct pclntab *t, taddr pc, int32_t *ret)
{
	*ret = -1;
	if (pc != f->entry && !pcln_pcdata(t, f, PCDATA_STACK_MAP_INDEX, pc, ret))
		return false;
	if (*ret == -1)
		*ret = 0;
	return true;
}

static struct frame_map read_map(struct runtime *rt, uint32_t i)
{
	const struct pcinfo info = rt->pcs.v[i];
	struct frame_map ret = {.known = MAP_NONE, .deferreturn = PC_NONE};
	const struct module *m = runtime_module_of_pc(rt, info.pc);
	struct pcln_func f;
	int32_t index;

	if (!m || !pcln_find(&m->pcln, info.pc, &f))
		return ret;
	ret.module = (uint16_t)(m - rt->modules.v);
	ret.role = role_of(f.name);
	ret.runtime = info.n && rt->frames.v[info.first + info.n - 1u].runtime;
	if (f.deferreturn && f.deferreturn < f.end - f.entry)
		ret.deferreturn = runtime_pc(rt, f.entry + f.deferreturn);
	if (!pcln_funcdata(&m->pcln, &f, FUNCDATA_OPEN_CODED_DEFER_INFO, &ret.open_defers))
		ret.open_defers = (struct pcln_bytes){0};
	struct frame_map known = ret;
	if (!map_index(&f, &m->pcln, info.pc, &index) ||
	    !read_locals(rt, &f, &m->pcln, &info, index, &known) ||
	    !read_args(&f, &m->pcln, index, &known) || !read_objects(&f, &m->pcln, &known))
		index = -1;
	if (index < 0) {
		/* The number of arguments is known without the maps. */
		if (f.args > 0 && f.args / 8 <= MAX_WORDS)
			ret.args.n = (uint32_t)f.args / STACK_WORD;
		return ret;
	}
	known.known = MAP_EXACT;
	return known;
}

const struct frame_map *livestack_map(struct runtime *rt, uint32_t info)
{
	if (!rt->livestack)
		rt->livestack = mem_zalloc(sizeof(*rt->livestack));
	struct livestack *c = rt->livestack;
	if (c->maps.n <= info || c->maps.v[info].known == MAP_UNSEEN) {
		struct frame_map map = read_map(rt, info); /* may make rt->pcs grow */
		VEC_RESERVE(&c->maps, rt->pcs.cap);
		while (c->maps.n < rt->pcs.n)
			c->maps.v[c->maps.n++] = (struct frame_map){.known = MAP_UNSEEN};
		c->maps.v[info] = map;
	}
	return &c->maps.v[info];
}

void livestack_close(struct runtime *rt)
{
	if (!rt->livestack)
		return;
	VEC_FREE(&rt->livestack->maps);
	VEC_FREE(&rt->livestack->objects);
	VEC_FREE(&rt->livestack->exact);
	VEC_FREE(&rt->livestack->guessed);
	free(rt->livestack);
	rt->livestack = NULL;
}
