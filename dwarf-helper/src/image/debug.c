#include "image/debug_internal.h"

/* The unit name that all types are under, whatever their package. */
static const char types_unit[] = "runtime";

struct err *debug_open(const struct image *img, struct debug **ret)
{
	struct debug *d = mem_zalloc(sizeof(*d));
	Dwarf_Error error = NULL;

	// we free what we get; libdwarf's own book-keeping for that costs a third of the walk
	dwarf_set_de_alloc_flag(0);
	struct err *err = reader_open(img, &d->reader);
	if (!err) {
		int rc = reader_init_dwarf(d->reader, &d->dbg, &error);
		if (rc == DW_DLV_NO_ENTRY)
			err = err_new(ERR_NO_DEBUG_INFO, "%s has no debug information",
				      image_path(img));
		else if (rc != DW_DLV_OK)
			err = err_new(ERR_BAD_DATA, "%s: debug information cannot be read: %s",
				      image_path(img),
				      error ? dwarf_errmsg(error) : "no reason given");
		debug_forget(d, &error);
	}
	if (err) {
		debug_close(d);
		return err;
	}
	*ret = d;
	return NULL;
}

void debug_close(struct debug *d)
{
	if (!d)
		return;
	reader_finish_dwarf(d->dbg);
	reader_close(d->reader);
	VEC_FREE(&d->units);
	VEC_FREE(&d->index);
	free(d->bucket);
	frames_close(d->frames);
	err_free(d->damage);
	free(d);
}

int debug_version(const struct debug *d)
{
	return d->version;
}

/* Try one struct of the file for what was asked; false when it has none of the members. */
static bool take_struct(struct debug *d, const struct entity *e, struct debug_struct *s)
{
	struct members members = {0};
	bool any = s->n == 0;

	type_members(d, e->die, &members);
	for (size_t i = 0; i < s->n; i++)
		any |= type_resolve(d, &members, &s->members[i]);
	VEC_FREE(&members.list);
	if (!any)
		return false;
	s->found = true;
	s->size = type_size(d, e->die);
	d->version = e->version;
	return true;
}

static void find_struct(struct debug *d, struct debug_struct *s)
{
	s->found = false;
	s->size = 0;
	for (size_t i = 0; i < s->n; i++) {
		s->members[i].off = -1;
		s->members[i].size = 0;
	}
	for (const char *p = s->name, *bar; *p; p = *bar ? bar + 1 : bar) {
		bar = strchrnul(p, '|');
		const struct entity *e = NULL;
		while ((e = units_lookup(d, p, (size_t)(bar - p), DW_TAG_structure_type, e)))
			if (take_struct(d, e, s))
				return;
	}
}

/* Address that a location expression stands for: a plain DW_OP_addr, or (C compilers, DWARF 5) an
 * index of .debug_addr. */
static bool read_location(struct debug *d, Dwarf_Die die, const uint8_t *p, uint64_t n,
			  uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Addr addr;
	uint64_t index = 0;

	if (n == 9 && p[0] == DW_OP_addr) {
		memcpy(ret, p + 1, 8);
		return true;
	}
	if (n < 2 || n > 10 || p[0] != DW_OP_addrx)
		return false;
	for (uint64_t i = 1; i < n; i++)
		index |= (uint64_t)(p[i] & 0x7f) << (7 * (i - 1));
	bool ok = dwarf_debug_addr_index_to_addr(die, index, &addr, &error) == DW_DLV_OK;
	debug_forget(d, &error);
	if (ok)
		*ret = addr;
	return ok;
}

/* Go writes DW_FORM_block1 in DWARF 4 and DW_FORM_exprloc in DWARF 5. */
static bool variable_addr(struct debug *d, Dwarf_Die die, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;
	Dwarf_Unsigned n;
	Dwarf_Ptr p;
	Dwarf_Block *block;
	bool ok = false;

	if (dwarf_attr(die, DW_AT_location, &attr, &error) == DW_DLV_OK) {
		if (dwarf_formexprloc(attr, &n, &p, &error) == DW_DLV_OK) {
			ok = read_location(d, die, p, n, ret);
		} else {
			debug_forget(d, &error);
			if (dwarf_formblock(attr, &block, &error) == DW_DLV_OK) {
				ok = read_location(d, die, block->bl_data, block->bl_len, ret);
				dwarf_dealloc(d->dbg, block, DW_DLA_BLOCK);
			}
		}
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
	return ok;
}

static bool find_variable(struct debug *d, struct debug_variable *v)
{
	const struct entity *e = NULL;

	v->found = false;
	v->addr = v->size = 0;
	while (!v->found && (e = units_lookup(d, v->name, strlen(v->name), DW_TAG_variable, e))) {
		Dwarf_Die die = die_at(d, e->die);
		uint64_t type;
		if (!die)
			continue;
		v->found = variable_addr(d, die, &v->addr);
		if (v->found && die_type(d, die, &type))
			v->size = type_size(d, type);
		die_free(d, die);
	}
	return v->found;
}

/* "net/http.x" is in package "net/http": the first dot behind the last slash ends it. */
size_t debug_package_len(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *dot = strchr(slash ? slash : name, '.');

	return dot ? (size_t)(dot - name) : 0;
}

struct err *debug_find(struct debug *d, struct debug_struct *structs, size_t nstructs,
		       struct debug_variable *vars, size_t nvars)
{
	bool missing = false;

	units_index(d, types_unit, sizeof(types_unit) - 1);
	for (size_t i = 0; i < nstructs; i++) {
		find_struct(d, &structs[i]);
		missing |= !structs[i].found;
	}
	for (size_t i = 0; i < nvars; i++) {
		size_t len = debug_package_len(vars[i].name);
		if (find_variable(d, &vars[i]) || !len)
			continue;
		units_index(d, vars[i].name, len);
		missing |= !find_variable(d, &vars[i]);
	}
	if (!missing || !d->damage)
		return NULL;
	return err_new(d->damage->kind, "%s", d->damage->msg);
}

/* Name of a type for people; Go names its pointer types, C does not. */
static const char *type_name(struct debug *d, uint64_t type)
{
	Dwarf_Die die = die_at(d, type);
	const char *name = die ? die_name(d, die) : NULL;

	die_free(d, die);
	return name ? name : "?";
}

struct err *debug_describe(struct debug *d, const char *type, uint64_t *size_ret,
			   debug_member_fn *fn, void *arg)
{
	struct members members = {0};

	units_index(d, types_unit, sizeof(types_unit) - 1);
	const struct entity *e = units_lookup(d, type, strlen(type), DW_TAG_structure_type, NULL);
	if (!e && d->damage)
		return err_new(d->damage->kind, "%s", d->damage->msg);
	if (!e)
		return err_new(ERR_ABSENT, "no struct type %s in the debug information", type);
	*size_ret = type_size(d, e->die);
	type_members(d, e->die, &members);
	for (size_t i = 0; i < members.list.n; i++) {
		const struct member *m = &members.list.v[i];
		fn(arg, m->name, type_name(d, m->type), m->off, type_size(d, m->type));
	}
	VEC_FREE(&members.list);
	return NULL;
}
