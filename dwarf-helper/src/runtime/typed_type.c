/*
 * One type: from its descriptor where there is one, else from DWARF.  Every named type of an
 * allocated object has a descriptor; variables and the stacks' own types may have none.
 */
#include "runtime/typed_internal.h"

struct typed_cache *typed_cache(struct runtime *rt)
{
	if (!rt->typed) {
		rt->typed = mem_zalloc(sizeof(*rt->typed));
		// What is wrong with it was said when the layout was read.
		err_free(layout_open_debug(rt->img, rt->L.debug_path, NULL, &rt->typed->debug));
	}
	return rt->typed;
}

void typed_close(struct typed_cache *c)
{
	if (!c)
		return;
	layout_close_debug(&c->debug);
	VEC_FREE(&c->variables);
	free(c);
}

struct debug *typed_debug(struct runtime *rt)
{
	return typed_cache(rt)->debug.debug;
}

const struct image *typed_symbols(struct runtime *rt)
{
	const struct image *file = typed_cache(rt)->debug.file;

	return file ? file : rt->img;
}

/* ---- names ---- */

static const struct {
	const char *name; /* up to a '[' when generic */
	uint8_t special;
} specials[] = {
	{"sync/atomic.Value", SPECIAL_ATOMIC},
	{"sync/atomic.Pointer", SPECIAL_ATOMIC_POINTER},
	{"internal/runtime/atomic.Pointer", SPECIAL_ATOMIC_POINTER},
	{"runtime/internal/atomic.Pointer", SPECIAL_ATOMIC_POINTER},
	{"sync.Map", SPECIAL_SYNC_MAP},
	{"sync.readOnly", SPECIAL_SYNC_MAP},
	{"sync.entry", SPECIAL_SYNC_ENTRY},
	{"internal/sync.HashTrieMap", SPECIAL_TRIE},
	{"internal/sync.node", SPECIAL_TRIE_NODE},
	{"internal/sync.indirect", SPECIAL_TRIE_INDIRECT},
	{"internal/sync.entry", SPECIAL_TRIE_ENTRY},
	{"internal/concurrent.HashTrieMap", SPECIAL_TRIE},
	{"internal/concurrent.node", SPECIAL_TRIE_NODE},
	{"internal/concurrent.indirect", SPECIAL_TRIE_INDIRECT},
	{"internal/concurrent.entry", SPECIAL_TRIE_ENTRY},
	{"container/list.List", SPECIAL_LIST},
	{"container/list.Element", SPECIAL_ELEMENT},
	{"sync.Pool", SPECIAL_POOL},
	{"sync.poolLocal", SPECIAL_POOL_PART},
	{"sync.poolLocalInternal", SPECIAL_POOL_PART},
	{"sync.poolChain", SPECIAL_POOL_PART},
	{"sync.poolChainElt", SPECIAL_POOL_PART},
	{"sync.poolDequeue", SPECIAL_POOL_PART},
	{"sync.eface", SPECIAL_EFACE},
	{"time.Timer", SPECIAL_TIMER},
	{"time.Ticker", SPECIAL_TIMER},
};

static uint8_t special_of(const char *full)
{
	size_t n = strcspn(full, "[");

	for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++)
		if (!strncmp(specials[i].name, full, n) && !specials[i].name[n])
			return specials[i].special;
	return SPECIAL_NONE;
}

struct type_ref type_named(struct runtime *rt, const char *name, size_t len)
{
	struct debug *d = typed_debug(rt);
	_cleanup_free_ char *copy = mem_strndup(name, len);

	return (struct type_ref){.die = d ? debug_type_named(d, copy) : 0};
}

/* ---- types ---- */

static bool from_rtype(struct runtime *rt, taddr addr, struct type_info *ret)
{
	const struct rtype *ty = rtype_get(rt, addr);

	if (!ty)
		return false;
	*ret = (struct type_info){
		.ref = {.rtype = addr},
		.elem = {.rtype = ty->elem},
		.key = {.rtype = ty->key},
		.full = ty->full,
		.size = ty->size,
		.len = ty->len,
		.kind = ty->kind,
		.direct = ty->direct,
	};
	ret->special = ty->kind == GO_STRUCT ? special_of(ret->full) : SPECIAL_NONE;
	return true;
}

/* DWARF gives a descriptor's distance from the first module's types. */
static bool has_descriptor(struct runtime *rt, const struct debug_type *t, struct type_info *ret)
{
	const struct module *m = rt->modules.n ? &rt->modules.v[0] : NULL;

	return m && t->runtime_type && t->runtime_type < m->etypes - m->types &&
	       from_rtype(rt, m->types + t->runtime_type, ret) &&
	       (!t->size || ret->size == t->size);
}

bool type_get(struct runtime *rt, struct type_ref ref, struct type_info *ret)
{
	struct debug *d;
	struct debug_type t;

	if (ref.rtype)
		return from_rtype(rt, ref.rtype, ret);
	if (!ref.die || !(d = typed_debug(rt)) || !debug_type_at(d, ref.die, &t))
		return false;
	if (has_descriptor(rt, &t, ret))
		return true;
	*ret = (struct type_info){
		.ref = ref,
		.elem = {.die = t.elem},
		.key = {.die = t.key},
		.full = t.name,
		.size = t.size,
		.len = t.len,
		.kind = t.kind,
	};
	if (!t.kind && !strcmp(t.name, "unsafe.Pointer")) {
		// A bare name: no kind, no size, and until 1.22 no descriptor either.
		ret->kind = GO_UNSAFE_POINTER;
		ret->size = 8;
	}
	ret->special = t.kind == GO_STRUCT ? special_of(t.name) : SPECIAL_NONE;
	return true;
}

/* Fields of size zero cover nothing; they share their offset with what follows. */
static bool rtype_field_at(struct runtime *rt, taddr addr, uint64_t off, const char **name_ret,
			   uint64_t *off_ret, struct type_ref *ret)
{
	const struct rtype *ty = rtype_get(rt, addr);

	for (uint32_t i = 0; ty && i < ty->nfields; i++) {
		const struct rtype_field *f = &ty->fields[i];
		const struct rtype *ft = off >= f->off ? rtype_get(rt, f->type) : NULL;
		if (!ft || off - f->off >= ft->size)
			continue;
		*name_ret = f->name;
		*off_ret = f->off;
		*ret = (struct type_ref){.rtype = f->type};
		return true;
	}
	return false;
}

bool type_field(struct runtime *rt, const struct type_info *t, uint64_t off, const char **name_ret,
		uint64_t *off_ret, struct type_ref *ret)
{
	if (t->ref.rtype)
		return rtype_field_at(rt, t->ref.rtype, off, name_ret, off_ret, ret);
	*ret = (struct type_ref){0};
	return debug_member_at(typed_debug(rt), t->ref.die, off, name_ret, off_ret, &ret->die);
}

struct typed typed_value(struct type_ref t, taddr addr)
{
	return (struct typed){.addr = addr, .rtype = t.rtype, .die = t.die, .shape = TYPED_VALUE};
}

bool typed_by_name(struct runtime *rt, const char *name, taddr addr, struct typed *ret)
{
	struct type_ref t = type_named(rt, name, strlen(name));

	*ret = typed_value(t, addr);
	return t.die;
}
