/*
 * Insides of maps: which key a pointer in a bucket, group or trie node belongs to.  Layouts as in
 * gomap_bucket.c and gomap_swiss.c; mapextra: runtime/map.go; HashTrieMap:
 * internal/sync/hashtriemap.go (internal/concurrent in 1.23).
 */
#include "runtime/gomap_walk.h"
#include "runtime/typed_internal.h"

/* Takes the text. */
static void add_key(struct pointer_search *s, bool is_key, struct buf *text)
{
	pointer_link(s, (struct link){.kind = is_key ? LINK_KEY : LINK_ELEMENT,
				      .text = mem_strdup(buf_cstr(text))});
	buf_free(text);
}

static void put_key(struct pointer_search *s, bool is_key, taddr type, taddr key)
{
	const struct rtype *ty = rtype_get(s->rt, type);
	struct buf text = {0};

	if (!s->via)
		return;
	if (ty)
		value_print(s->rt, &text, ty, key);
	else
		buf_lit(&text, "?");
	add_key(s, is_key, &text);
}

/* In a slot's key or element; one that is kept outside of the slot is a pointer to it. */
static bool in_cell(struct pointer_search *s, taddr type, bool indirect, taddr cell)
{
	if (!indirect)
		return pointer_in_type(s, (struct type_ref){.rtype = type}, cell, 0);
	*s->ret = typed_value((struct type_ref){.rtype = type}, s->target);
	s->ret->inner = true;
	return s->at == cell;
}

/* @p unit: the bucket or group; keys and elements at these offsets. */
static bool in_unit(struct pointer_search *s, const struct gomap_type *g, taddr unit, uint32_t keys,
		    uint32_t key_stride, uint32_t elems, uint32_t elem_stride)
{
	uint64_t off = s->at - unit;

	for (uint32_t i = 0; i < GOMAP_SLOTS; i++) {
		taddr key = unit + keys + i * key_stride, elem = unit + elems + i * elem_stride,
		      key_at = key;
		bool is_key = off - (key - unit) < g->key_size,
		     is_elem = off - (elem - unit) < g->elem_size;
		if (!is_key && !is_elem)
			continue;
		if (g->key_indirect && !target_u64(s->rt->t, key, &key_at))
			return false;
		put_key(s, is_key, g->key_type, key_at);
		return is_key ? in_cell(s, g->key_type, g->key_indirect, key)
			      : in_cell(s, g->elem_type, g->elem_indirect, elem);
	}
	return false;
}

/* The object holds nothing but units of this size, unless it is one that the runtime filled in
 * itself. */
static taddr unit_at(struct pointer_search *s, const struct typed *holder, uint32_t size)
{
	struct heap_object o;
	taddr base = heap_object_at(s->rt, s->at, &o) ? o.base : holder->addr;

	return base + (s->at - base) / size * size;
}

static bool inside(struct pointer_search *s, const struct typed *holder, uint8_t shape)
{
	*s->ret = *holder;
	s->ret->addr = s->target;
	s->ret->shape = shape;
	s->ret->inner = true;
	return true;
}

static bool in_bucket(struct pointer_search *s, const struct typed *holder,
		      const struct gomap_type *g)
{
	taddr unit = unit_at(s, holder, g->bucket_size);

	if (s->at - unit == g->bucket_size - 8)
		return inside(s, holder, TYPED_BUCKETS);
	return in_unit(s, g, unit, 8, g->key_size, 8 + GOMAP_SLOTS * g->key_size, g->elem_size);
}

static bool is_field(const struct pointer_search *s, taddr base, struct layout_field f)
{
	return LAYOUT_HAS(f) && s->at == base + (uint64_t)f.off;
}

/* The header: buckets, or a small map's only group, or the directory. */
static bool in_header(struct pointer_search *s, const struct typed *holder, bool swiss)
{
	const struct layout *l = &s->rt->L;
	uint64_t dir_len = 0;

	if (swiss) {
		if (!is_field(s, holder->addr, l->swissMap.dirPtr) ||
		    !runtime_field(s->rt, holder->addr, l->swissMap.dirLen, &dir_len))
			return false;
		return inside(s, holder, dir_len ? TYPED_DIRECTORY : TYPED_GROUPS);
	}
	bool buckets = is_field(s, holder->addr, l->hmap.buckets) ||
		       is_field(s, holder->addr, l->hmap.oldbuckets);

	return inside(s, holder, buckets ? TYPED_BUCKETS : TYPED_MAP_EXTRA);
}

/* mapextra {overflow, oldoverflow *[]*bmap; nextOverflow *bmap}, then the slice, then its array. */
static bool in_extra(struct pointer_search *s, const struct typed *holder)
{
	return inside(s, holder, s->at - holder->addr == 16 ? TYPED_BUCKETS : TYPED_MAP_EXTRA);
}

bool pointer_in_map(struct pointer_search *s, const struct typed *holder)
{
	struct type_info t;
	struct gomap_type g;

	if (!type_get(s->rt, (struct type_ref){holder->rtype, holder->die}, &t) || !t.ref.rtype ||
	    t.kind != GO_MAP || !gomap_type_read(s->rt, t.ref.rtype, &g))
		return false;
	switch (holder->shape) {
	case TYPED_MAP:
		return in_header(s, holder, g.swiss);
	case TYPED_BUCKETS:
		return in_bucket(s, holder, &g);
	case TYPED_MAP_EXTRA:
		return in_extra(s, holder);
	case TYPED_DIRECTORY:
		return inside(s, holder, TYPED_TABLE);
	case TYPED_TABLE:
		return is_field(s, holder->addr, s->rt->L.swissTable.groups_data) &&
		       inside(s, holder, TYPED_GROUPS);
	default:
		return in_unit(s, &g, unit_at(s, holder, g.group_size), g.keys_off, g.key_stride,
			       g.elems_off, g.elem_stride);
	}
}

/* ---- HashTrieMap ---- */

#define ENTRY_MAX 65536 /* bytes of an entry, its key and value with it */

struct trie_entry {
	uint64_t overflow, key, value; /* offsets */
	struct type_ref key_type, value_type;
};

/* type entry[K, V] struct {node; overflow atomic.Pointer[entry[K, V]]; key K; value V} */
static bool entry_fields(struct runtime *rt, const struct type_info *t, struct trie_entry *ret)
{
	const char *name;

	if (t->size > ENTRY_MAX)
		return false;
	for (uint64_t off = 0, at; off < t->size; off += 8) {
		struct type_ref type;
		if (!type_field(rt, t, off, &name, &at, &type) || at != off)
			continue;
		if (!strcmp(name, "overflow"))
			ret->overflow = off;
		else if (!strcmp(name, "key"))
			ret->key = off, ret->key_type = type;
		else if (!strcmp(name, "value"))
			ret->value = off, ret->value_type = type;
	}
	return ret->overflow && ret->key && ret->value;
}

static taddr descriptor(struct runtime *rt, struct type_ref t)
{
	struct type_info info;

	return type_get(rt, t, &info) ? info.ref.rtype : 0;
}

bool pointer_in_trie(struct pointer_search *s, const struct type_info *t, taddr base)
{
	struct trie_entry e = {0};
	uint64_t off = s->at - base;

	if (!entry_fields(s->rt, t, &e))
		return false;
	if (off == e.overflow) {
		*s->ret = typed_value(t->ref, s->target);
		s->ret->inner = true;
		return true;
	}
	bool is_key = off < e.value;
	put_key(s, is_key, descriptor(s->rt, e.key_type), base + e.key);
	s->quiet = false;
	return pointer_in_type(s, is_key ? e.key_type : e.value_type,
			       base + (is_key ? e.key : e.value), 0);
}

bool pointer_in_plain_trie(struct pointer_search *s, taddr base)
{
	uint64_t off = s->at - base, key[2];

	if (off == 8) {
		*s->ret =
			(struct typed){.addr = s->target, .shape = TYPED_TRIE_ENTRY, .inner = true};
		return true;
	}
	if ((off != 24 && off != 40) || !target_read(s->rt->t, base + 16, key, sizeof(key)))
		return false;
	if (s->via) {
		struct buf text = {0};
		value_print_eface(s->rt, &text, key[0], key[1]);
		add_key(s, off == 24, &text);
	}
	taddr word = 0;
	return target_u64(s->rt->t, s->at - 8, &word) && pointer_dynamic(s, word, "interface {}");
}
