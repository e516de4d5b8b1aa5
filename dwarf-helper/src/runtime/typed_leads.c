/* Which types lead to which: over pointers, elements, keys and fields, not through interfaces and
 * functions. */
#include "runtime/typed_internal.h"

/* types looked at for one answer; what has more behind it may lead anywhere */
#define TYPES_AHEAD 1024
#define FIELDS_ASKED 65536 /* offsets in a struct that DWARF is asked about */
#define BY_DWARF (UINT64_C(1) << 63)

enum { LEADS = 1, LEADS_NOT = 2 };

typedef VEC(struct type_ref) refs;

static uint64_t key_of(struct type_ref t)
{
	return t.rtype ? t.rtype : t.die | BY_DWARF;
}

static void look_at(refs *list, struct u64map *seen, struct type_ref t)
{
	if ((!t.rtype && !t.die) || u64map_find(seen, key_of(t)) != U64MAP_NONE)
		return;
	u64map_add(seen, key_of(t), 1);
	VEC_PUSH(list, t);
}

static void look_at_field(struct runtime *rt, refs *list, struct u64map *seen,
			  struct type_ref field)
{
	struct type_info info;

	if (type_get(rt, field, &info))
		look_at(list, seen, info.ref);
}

/* A descriptor lists its fields; DWARF is asked what lies at each offset.  How large a struct says
 * it is bounds nothing: it may be no struct at all. */
static void look_at_fields(struct runtime *rt, refs *list, struct u64map *seen,
			   const struct type_info *t)
{
	const struct rtype *ty = t->ref.rtype ? rtype_get(rt, t->ref.rtype) : NULL;
	uint64_t off = 0;

	for (uint32_t i = 0; ty && i < ty->nfields && list->n <= TYPES_AHEAD; i++)
		look_at_field(rt, list, seen, (struct type_ref){.rtype = ty->fields[i].type});
	for (unsigned asked = 0;
	     !ty && off < t->size && asked < FIELDS_ASKED && list->n <= TYPES_AHEAD; asked++) {
		struct type_ref field;
		struct type_info info;
		const char *name;
		uint64_t at;
		if (!type_field(rt, t, off, &name, &at, &field) || !type_get(rt, field, &info)) {
			off += 8 - off % 8;
			continue;
		}
		look_at(list, seen, info.ref);
		off = at + info.size > off ? at + info.size : off + 1;
	}
}

/* @return LEADS or LEADS_NOT */
static uint32_t search(struct runtime *rt, const struct typed_leads *l, struct type_ref from)
{
	struct u64map seen = {0};
	refs list = {0};
	uint32_t found = LEADS_NOT;

	look_at(&list, &seen, from);
	for (size_t i = 0; i < list.n && found == LEADS_NOT; i++) {
		struct type_info t;
		if (i == TYPES_AHEAD)
			found = LEADS;
		if (!type_get(rt, list.v[i], &t))
			continue;
		uint32_t known = u64map_find(&l->known, key_of(t.ref));
		if (known == LEADS ||
		    (t.ref.rtype && u64map_find(&l->targets, t.ref.rtype) != U64MAP_NONE))
			found = LEADS;
		if (known != U64MAP_NONE || t.kind == GO_INTERFACE || t.kind == GO_FUNC)
			continue;
		look_at(&list, &seen, t.elem);
		look_at(&list, &seen, t.key);
		if (t.kind == GO_STRUCT)
			look_at_fields(rt, &list, &seen, &t);
	}
	u64map_free(&seen);
	VEC_FREE(&list);
	return found;
}

bool typed_leads_to(struct runtime *rt, struct typed_leads *l, taddr rtype, uint64_t die)
{
	struct type_ref from = {rtype, die};
	uint32_t known = rtype || die ? u64map_find(&l->known, key_of(from)) : LEADS_NOT;

	if (known == U64MAP_NONE) {
		known = search(rt, l, from);
		u64map_set(&l->known, key_of(from), known);
	}
	return known == LEADS;
}

void typed_leads_free(struct typed_leads *l)
{
	u64map_free(&l->targets);
	u64map_free(&l->known);
}
