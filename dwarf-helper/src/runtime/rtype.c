#include "runtime/rtype_internal.h"

#include "runtime/gomap_walk.h"

#define BLOCK (64u * 1024)
#define TYPE_SIZE 48 /* abi.Type with words of 8 bytes, every release */
#define DEPTH_MAX 16

void *rtypes_alloc(struct rtypes *r, size_t n)
{
	n = (n + 7) & ~(size_t)7;
	if (n > BLOCK / 4) {
		// A block of its own, put below the newest one so that the rest of that stays in
		// use.
		char *p = mem_alloc(n);

		VEC_PUSH(&r->blocks, p);
		if (r->blocks.n > 1) {
			r->blocks.v[r->blocks.n - 1] = r->blocks.v[r->blocks.n - 2];
			r->blocks.v[r->blocks.n - 2] = p;
		}
		return p;
	}
	if (n > r->block_left) {
		VEC_PUSH(&r->blocks, (char *)mem_alloc(BLOCK));
		r->block_left = BLOCK;
	}
	char *p = r->blocks.v[r->blocks.n - 1] + (BLOCK - r->block_left);

	r->block_left -= n;
	return p;
}

const struct module *rtype_module(const struct runtime *rt, taddr addr)
{
	for (size_t i = 0; i < rt->modules.n; i++) {
		const struct module *m = &rt->modules.v[i];

		if (addr >= m->types && addr < m->etypes)
			return m;
	}
	return NULL;
}

/* Size of the kind's own struct: what an UncommonType follows.  src/internal/abi/type.go:
 * (*Type).Uncommon */
static uint32_t kind_struct_size(const struct runtime *rt, uint8_t kind)
{
	switch (kind) {
	case GO_POINTER:
	case GO_SLICE:
	case GO_FUNC:
		return TYPE_SIZE + 8;
	case GO_CHAN:
		return TYPE_SIZE + 16;
	case GO_ARRAY:
		return TYPE_SIZE + 24;
	case GO_STRUCT:
	case GO_INTERFACE:
		return TYPE_SIZE + 32;
	case GO_MAP:
		return rt->L.s[gomap_is_swiss(&rt->L) ? LAYOUT_swissMapType : LAYOUT_oldMapType]
			.size;
	default:
		return TYPE_SIZE;
	}
}

/* Bytes of a value of this kind; 0 when that depends on the type. */
static uint64_t kind_size(uint8_t kind)
{
	static const uint8_t size[] = {
		[GO_BOOL] = 1,	  [GO_INT] = 8,	    [GO_INT8] = 1,	 [GO_INT16] = 2,
		[GO_INT32] = 4,	  [GO_INT64] = 8,   [GO_UINT] = 8,	 [GO_UINT8] = 1,
		[GO_UINT16] = 2,  [GO_UINT32] = 4,  [GO_UINT64] = 8,	 [GO_UINTPTR] = 8,
		[GO_FLOAT32] = 4, [GO_FLOAT64] = 8, [GO_COMPLEX64] = 8,	 [GO_COMPLEX128] = 16,
		[GO_CHAN] = 8,	  [GO_FUNC] = 8,    [GO_INTERFACE] = 16, [GO_MAP] = 8,
		[GO_POINTER] = 8, [GO_SLICE] = 24,  [GO_STRING] = 16,	 [GO_UNSAFE_POINTER] = 8,
	};

	return kind < sizeof(size) ? size[kind] : 0;
}

/* The common part.  These checks are all that distinguishes a descriptor from other memory. */
static bool decode_head(struct runtime *rt, taddr addr, struct rtype *ty, uint8_t *tflag_ret,
			int32_t *str_ret)
{
	uint8_t raw[TYPE_SIZE];

	if (rt->L.s[LAYOUT_type].size != sizeof(raw) || !target_read(rt->t, addr, raw, sizeof(raw)))
		return false;
	uint8_t kind = (uint8_t)runtime_load(raw, rt->L.type.kind);
	uint8_t tflag = (uint8_t)runtime_load(raw, rt->L.type.tflag);

	*ty = (struct rtype){
		.addr = addr,
		.size = runtime_load(raw, rt->L.type.size),
		.ptrdata = runtime_load(raw, rt->L.type.ptrdata),
		.kind = kind & 31,
		// In kind until 1.25, in tflag since 1.26; neither means anything else in the other
		// releases.
		.direct = (kind | tflag) & FLAG_DIRECT_IFACE,
		.named = tflag & TFLAG_NAMED,
		.gcdata = runtime_load(raw, rt->L.type.gcdata),
	};
	*tflag_ret = tflag;
	*str_ret = (int32_t)runtime_load(raw, rt->L.type.str);
	if (ty->kind == GO_INVALID || ty->kind > GO_UNSAFE_POINTER)
		return false;
	if (!arch_is_user(rt->t->arch, ty->size) || ty->ptrdata > ty->size || ty->ptrdata % 8)
		return false;
	uint64_t want = kind_size(ty->kind);

	return !want || ty->size == want;
}

/* What follows the common part, by kind; src/internal/abi/type.go: PtrType, ArrayType, … */
static bool decode_tail(struct runtime *rt, struct rtype *ty)
{
	uint64_t word[3] = {0};
	uint32_t n = ty->kind == GO_ARRAY ? 3 : ty->kind == GO_MAP ? 2 : 1;

	switch (ty->kind) {
	case GO_POINTER:
	case GO_SLICE:
	case GO_CHAN:
	case GO_ARRAY:
	case GO_MAP:
		if (!target_read(rt->t, ty->addr + TYPE_SIZE, word, n * 8))
			return false;
		break;
	default:
		return true;
	}
	ty->elem = ty->kind == GO_MAP ? word[1] : word[0];
	ty->key = ty->kind == GO_MAP ? word[0] : 0;
	ty->len = ty->kind == GO_ARRAY ? word[2] : 0;
	// An array of a million empty structs is legal; one of non-empty elements has its size.
	return ty->elem && (ty->kind != GO_ARRAY || !ty->size || ty->len <= ty->size);
}

/* Fields of a struct; a list that contradicts the struct leaves nfields 0. */
static void decode_fields(struct runtime *rt, struct rtype *ty)
{
	uint64_t slice[2]; /* after StructType.PkgPath */

	if (!target_read(rt->t, ty->addr + TYPE_SIZE + 8, slice, sizeof(slice)) || !slice[1] ||
	    slice[1] > RTYPE_FIELDS_MAX)
		return;
	uint32_t n = (uint32_t)slice[1];
	_cleanup_free_ uint64_t *raw = mem_alloc(n * 24u);

	if (!target_read(rt->t, slice[0], raw, n * 24u))
		return;
	struct rtype_field *f = rtypes_alloc(rt->rtypes, n * sizeof(*f));
	bool old = rt->L.facts.offset_embed;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t flags = 0;
		const char *name = rtype_name_at(rt, raw[i * 3], &flags);

		f[i] = (struct rtype_field){
			.name = name ? name : "?",
			.type = raw[i * 3 + 1],
			.off = old ? raw[i * 3 + 2] >> 1 : raw[i * 3 + 2],
			.embedded = old ? raw[i * 3 + 2] & 1 : flags & NAME_EMBEDDED,
		};
		if (!f[i].type || f[i].off > ty->size)
			return;
	}
	ty->fields = f;
	ty->nfields = n;
}

/* A descriptor without what needs other descriptors.  NULL: not plausible. */
static struct rtype *decode(struct runtime *rt, taddr addr, uint8_t *tflag_ret)
{
	struct rtype head;
	int32_t str;

	if (!decode_head(rt, addr, &head, tflag_ret, &str) || !decode_tail(rt, &head))
		return NULL;
	head.pkgpath = "";
	if (rtype_module(rt, addr)) {
		head.name = rtype_name_off(rt, addr, str);
		if (!head.name)
			return NULL;
		if (*tflag_ret & TFLAG_EXTRA_STAR && *head.name++ != '*')
			return NULL;
		head.full = head.name;
	} else if (str >= 0) {
		// reflect numbers its names downwards from -1 (runtime/runtime1.go:
		// reflect_addReflectOff).
		return NULL;
	}
	struct rtype *ty = rtypes_alloc(rt->rtypes, sizeof(*ty));

	*ty = head;
	return ty;
}

/* The parts that may lead to other descriptors, or back to this one. */
static void complete(struct runtime *rt, struct rtype *ty, uint8_t tflag)
{
	uint32_t size = kind_struct_size(rt, ty->kind);

	if (ty->kind == GO_STRUCT)
		decode_fields(rt, ty);
	if (!ty->name)
		rtype_name_stand_in(rt, ty);
	// Full names need the element's: a hostile chain of pointers to pointers must not eat the
	// stack.
	if (rt->rtypes->depth >= DEPTH_MAX)
		return;
	rt->rtypes->depth++;
	rtype_name_qualify(rt, ty, tflag & TFLAG_UNCOMMON && size ? ty->addr + size : 0);
	rt->rtypes->depth--;
}

/* Types this thread asked for last.  A million values are of a few types: most look-ups need no
 * lock. */
enum { RECENT = 64, RECENT_SHIFT = 5 };
static _Thread_local struct {
	uint64_t serial; /* of the cache it comes from */
	taddr addr;
	const struct rtype *type;
} recent[RECENT];

static const struct rtype *get_locked(struct runtime *rt, taddr addr)
{
	struct rtypes *r = rt->rtypes;
	uint32_t i = u64map_find(&r->index, addr);

	if (i != U64MAP_NONE)
		return r->list.v[i];
	uint8_t tflag;
	struct rtype *ty = decode(rt, addr, &tflag);

	// In the cache before its parts are: types may contain themselves.
	u64map_add(&r->index, addr, (uint32_t)r->list.n);
	VEC_PUSH(&r->list, ty);
	if (ty)
		complete(rt, ty, tflag);
	return ty;
}

const struct rtype *rtype_get(struct runtime *rt, taddr addr)
{
	struct rtypes *r = rt->rtypes;

	if (!r || !addr || addr % 8)
		return NULL;
	unsigned slot = addr >> RECENT_SHIFT & (RECENT - 1);
	if (recent[slot].serial == r->serial && recent[slot].addr == addr)
		return recent[slot].type;
	pthread_mutex_lock(&r->lock);
	const struct rtype *ty = get_locked(rt, addr);
	pthread_mutex_unlock(&r->lock);
	recent[slot].serial = r->serial;
	recent[slot].addr = addr;
	recent[slot].type = ty;
	return ty;
}

struct err *rtypes_open(struct runtime *rt)
{
	static uint64_t last;
	struct rtypes *r = rt->rtypes = mem_zalloc(sizeof(*r));
	pthread_mutexattr_t attr;

	r->serial = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&r->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return itabs_open(rt);
}

void rtypes_close(struct runtime *rt)
{
	struct rtypes *r = rt->rtypes;

	if (!r)
		return;
	for (size_t i = 0; i < r->blocks.n; i++)
		free(r->blocks.v[i]);
	VEC_FREE(&r->blocks);
	VEC_FREE(&r->list);
	VEC_FREE(&r->itabs);
	u64map_free(&r->index);
	u64map_free(&r->itab_index);
	pthread_mutex_destroy(&r->lock);
	free(r);
	rt->rtypes = NULL;
}
