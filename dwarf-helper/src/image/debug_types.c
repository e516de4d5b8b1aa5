/*
 * One DIE, one type.  What Go writes: cmd/internal/dwarf/dwarf.go (abbreviations),
 * cmd/link/internal/ld/dwarf.go (newtype).  Members have a constant DW_AT_data_member_location;
 * pointers have no DW_AT_byte_size.
 */
#include "image/debug_internal.h"

enum { POINTER_SIZE = 8 };

/* -- DIEs -- */

void die_free(struct debug *d, Dwarf_Die die)
{
	if (die)
		dwarf_dealloc(d->dbg, die, DW_DLA_DIE);
}

Dwarf_Die die_at(struct debug *d, uint64_t off)
{
	Dwarf_Error error = NULL;
	Dwarf_Die die = NULL;

	if (dwarf_offdie_b(d->dbg, off, 1, &die, &error) == DW_DLV_ERROR)
		debug_complain(d, &error, "reference");
	return die;
}

Dwarf_Die die_child(struct debug *d, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	Dwarf_Die child = NULL;

	if (dwarf_child(die, &child, &error) == DW_DLV_ERROR)
		debug_complain(d, &error, "children");
	return child;
}

/* Siblings must lie behind each other: a DW_AT_sibling that points back would never end. */
static bool is_behind(struct debug *d, Dwarf_Die next, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	Dwarf_Off a = 0, b = 0;
	bool ok = dwarf_dieoffset(die, &a, &error) == DW_DLV_OK &&
		  dwarf_dieoffset(next, &b, &error) == DW_DLV_OK;

	debug_forget(d, &error);
	return ok && b > a;
}

bool die_next(struct debug *d, Dwarf_Die *die)
{
	Dwarf_Error error = NULL;
	Dwarf_Die next = NULL;
	int rc = dwarf_siblingof_b(d->dbg, *die, 1, &next, &error);

	if (rc == DW_DLV_OK && (++d->dies > DEBUG_MAX_DIES || !is_behind(d, next, *die))) {
		die_free(d, next);
		next = NULL;
		rc = DW_DLV_ERROR;
	}
	if (rc == DW_DLV_ERROR)
		debug_complain(d, &error, "siblings");
	die_free(d, *die);
	*die = next;
	return next != NULL;
}

const char *die_name(struct debug *d, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	char *name = NULL;

	if (dwarf_diename(die, &name, &error) == DW_DLV_ERROR)
		debug_complain(d, &error, "name");
	return name;
}

int die_tag(struct debug *d, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;

	if (dwarf_tag(die, &tag, &error) == DW_DLV_ERROR)
		debug_complain(d, &error, "tag");
	return tag;
}

bool die_uint(struct debug *d, Dwarf_Die die, uint16_t attribute, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;
	Dwarf_Unsigned u;
	Dwarf_Signed s;
	bool ok = false;

	if (dwarf_attr(die, attribute, &attr, &error) == DW_DLV_OK) {
		if (dwarf_formudata(attr, &u, &error) == DW_DLV_OK) {
			*ret = u;
			ok = true;
		} else {
			debug_forget(d, &error);
			ok = dwarf_formsdata(attr, &s, &error) == DW_DLV_OK && s >= 0;
			if (ok)
				*ret = (uint64_t)s;
		}
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
	return ok;
}

bool die_type(struct debug *d, Dwarf_Die die, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;
	Dwarf_Off off;
	bool ok = false;

	if (dwarf_attr(die, DW_AT_type, &attr, &error) == DW_DLV_OK) {
		ok = dwarf_global_formref(attr, &off, &error) == DW_DLV_OK;
		if (ok)
			*ret = off;
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
	return ok;
}

/* -- types -- */

static bool is_alias(int tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type;
}

/* The type behind typedefs and qualifiers; NULL when there is none or they form a loop.  The caller
 * frees it. */
static Dwarf_Die real_type(struct debug *d, uint64_t type)
{
	for (int i = 0; i < DEBUG_MAX_CHAIN; i++) {
		Dwarf_Die die = die_at(d, type);
		if (!die || !is_alias(die_tag(d, die)))
			return die;
		bool more = die_type(d, die, &type);
		die_free(d, die);
		if (!more)
			return NULL;
	}
	return NULL;
}

uint64_t type_size(struct debug *d, uint64_t type)
{
	uint64_t size = 0;
	Dwarf_Die die = real_type(d, type);

	if (!die)
		return 0;
	int tag = die_tag(d, die);
	if (!die_uint(d, die, DW_AT_byte_size, &size))
		size = tag == DW_TAG_pointer_type || tag == DW_TAG_subroutine_type ? POINTER_SIZE
										   : 0;
	die_free(d, die);
	return size;
}

static void add_member(struct debug *d, Dwarf_Die die, struct members *ret)
{
	struct member m = {.name = die_name(d, die)};

	if (m.name && die_uint(d, die, DW_AT_data_member_location, &m.off) &&
	    die_type(d, die, &m.type))
		VEC_PUSH(&ret->list, m);
}

static void members_of(struct debug *d, Dwarf_Die type, struct members *ret)
{
	Dwarf_Die die = die_child(d, type);

	while (die) {
		if (ret->list.n < DEBUG_MAX_MEMBERS && die_tag(d, die) == DW_TAG_member)
			add_member(d, die, ret);
		die_next(d, &die);
	}
}

void type_members(struct debug *d, uint64_t die_off, struct members *ret)
{
	Dwarf_Die die = die_at(d, die_off);

	if (die)
		members_of(d, die, ret);
	die_free(d, die);
}

static const struct member *find_member(const struct members *members, const char *name, size_t len)
{
	for (size_t i = 0; i < members->list.n; i++) {
		const struct member *m = &members->list.v[i];
		if (!strncmp(m->name, name, len) && !m->name[len])
			return m;
	}
	return NULL;
}

/* Members of the struct that a member is, false when it is none. */
static bool nested_members(struct debug *d, uint64_t type, struct members *ret)
{
	Dwarf_Die die = real_type(d, type);
	bool ok = die && die_tag(d, die) == DW_TAG_structure_type;

	if (ok)
		members_of(d, die, ret);
	die_free(d, die);
	return ok;
}

/* One alternative of a path: [p, end). */
static bool resolve_path(struct debug *d, const struct members *members, const char *p,
			 const char *end, struct debug_member *m)
{
	struct members nested = {0};
	uint64_t off = 0;
	bool ok = false;

	for (int depth = 0; depth < DEBUG_MAX_PATH; depth++) {
		const char *dot = memchr(p, '.', (size_t)(end - p));
		const struct member *found =
			find_member(members, p, (size_t)((dot ? dot : end) - p));
		if (!found || found->off > INT32_MAX || off > INT32_MAX)
			break;
		off += found->off;
		if (!dot) {
			uint64_t size = type_size(d, found->type);
			ok = off <= INT32_MAX && size <= UINT32_MAX;
			if (ok) {
				m->off = (int32_t)off;
				m->size = (uint32_t)size;
			}
			break;
		}
		struct members inner = {0};
		bool more = nested_members(d, found->type, &inner);
		VEC_FREE(&nested.list);
		nested = inner;
		members = &nested;
		p = dot + 1;
		if (!more)
			break;
	}
	VEC_FREE(&nested.list);
	return ok;
}

bool type_resolve(struct debug *d, const struct members *members, struct debug_member *m)
{
	m->off = -1;
	m->size = 0;
	for (const char *p = m->path, *bar; *p; p = *bar ? bar + 1 : bar) {
		bar = strchrnul(p, '|');
		if (resolve_path(d, members, p, bar, m))
			return true;
	}
	return false;
}
