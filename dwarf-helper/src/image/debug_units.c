/*
 * Compilation units and an index of what they hold.
 *
 * There is no index in Go's debug information, so the children of a unit are walked once and their
 * names kept.  All types of a program are in one unit named "runtime" (of nine or ten with that
 * name), variables in their package's.
 */
#include "image/debug_internal.h"

enum { FIRST_BUCKETS = 1 << 14 };

void debug_forget(struct debug *d, Dwarf_Error *error)
{
	if (*error)
		dwarf_dealloc(d->dbg, *error, DW_DLA_ERROR);
	*error = NULL;
}

void debug_complain(struct debug *d, Dwarf_Error *error, const char *what)
{
	if (!d->damage)
		d->damage = err_new(ERR_BAD_DATA, "debug information is damaged: %s: %s", what,
				    *error ? dwarf_errmsg(*error) : "limit reached");
	debug_forget(d, error);
}

/* -- names -- */

static uint32_t hash_name(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 16777619u;
	return h ^ h >> 15;
}

static void put(struct debug *d, uint32_t i)
{
	struct entity *e = &d->index.v[i];
	size_t b = hash_name(e->name, strlen(e->name)) & (d->nbuckets - 1);

	e->next = d->bucket[b];
	d->bucket[b] = i;
}

static void add_entity(struct debug *d, struct entity e)
{
	VEC_PUSH(&d->index, e);
	if (d->index.n <= d->nbuckets) {
		put(d, (uint32_t)d->index.n - 1);
		return;
	}
	d->nbuckets = d->nbuckets ? d->nbuckets * 4 : FIRST_BUCKETS;
	d->bucket = mem_resize(d->bucket, d->nbuckets, sizeof(*d->bucket));
	memset(d->bucket, 0xff, d->nbuckets * sizeof(*d->bucket));
	for (size_t i = 0; i < d->index.n; i++)
		put(d, (uint32_t)i);
}

const struct entity *units_lookup(const struct debug *d, const char *name, size_t len, uint16_t tag,
				  const struct entity *after)
{
	if (!d->nbuckets)
		return NULL;
	uint32_t i = after ? after->next : d->bucket[hash_name(name, len) & (d->nbuckets - 1)];
	for (; i != INDEX_END; i = d->index.v[i].next) {
		const struct entity *e = &d->index.v[i];
		if (e->tag == tag && !strncmp(e->name, name, len) && !e->name[len])
			return e;
	}
	return NULL;
}

/* -- units -- */

/* A unit that cannot be named is none that we need: C units of a cgo program may use forms newer
 * than this libdwarf. */
static void add_unit(struct debug *d, Dwarf_Die cu, uint16_t version)
{
	Dwarf_Error error = NULL;
	Dwarf_Off off;
	char *name = NULL;

	if (dwarf_dieoffset(cu, &off, &error) == DW_DLV_OK) {
		int rc = dwarf_diename(cu, &name, &error);
		VEC_PUSH(&d->units, (struct unit){.die = off,
						  .name = rc == DW_DLV_OK ? name : "",
						  .version = version});
	}
	debug_forget(d, &error);
}

static void list_units(struct debug *d)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned length, type_offset, next = 0, last = 0;
	Dwarf_Half version, address_size, length_size, extension_size, unit_type;
	Dwarf_Off abbrev;
	Dwarf_Sig8 signature;
	int rc;

	d->units_listed = true;
	while (d->units.n < DEBUG_MAX_UNITS) {
		rc = dwarf_next_cu_header_d(d->dbg, 1, &length, &version, &abbrev, &address_size,
					    &length_size, &extension_size, &signature, &type_offset,
					    &next, &unit_type, &error);
		if (rc == DW_DLV_NO_ENTRY)
			return;
		if (rc != DW_DLV_OK || next <= last)
			break;
		last = next;
		// must follow at once: it is the hidden state of the call above that makes this the
		// unit's own DIE
		Dwarf_Die cu = NULL;
		rc = dwarf_siblingof_b(d->dbg, NULL, 1, &cu, &error);
		if (rc == DW_DLV_OK)
			add_unit(d, cu, version);
		debug_forget(d, &error);
		die_free(d, cu);
	}
	debug_complain(d, &error, "list of units");
}

static void index_unit(struct debug *d, struct unit *u)
{
	Dwarf_Die cu = die_at(d, u->die);

	u->indexed = true;
	if (!cu)
		return;
	Dwarf_Die die = die_child(d, cu);
	while (die) {
		int tag = die_tag(d, die);
		Dwarf_Off off;
		Dwarf_Error error = NULL;
		if (tag == DW_TAG_structure_type || tag == DW_TAG_variable) {
			const char *name = die_name(d, die);
			if (name && dwarf_dieoffset(die, &off, &error) == DW_DLV_OK)
				add_entity(d, (struct entity){.name = name,
							      .die = off,
							      .tag = (uint16_t)tag,
							      .version = u->version});
			debug_forget(d, &error);
		}
		die_next(d, &die);
	}
	die_free(d, cu);
}

const struct unit *units_named(struct debug *d, const char *name, size_t len, size_t from)
{
	if (!d->units_listed)
		list_units(d);
	for (size_t i = from; i < d->units.n; i++)
		if (!strncmp(d->units.v[i].name, name, len) && !d->units.v[i].name[len])
			return &d->units.v[i];
	return NULL;
}

void units_index(struct debug *d, const char *name, size_t len)
{
	const struct unit *u = NULL;

	while ((u = units_named(d, name, len, u ? (size_t)(u - d->units.v) + 1 : 0)))
		if (!u->indexed)
			index_unit(d, &d->units.v[u - d->units.v]);
}
