/*
 * One type, one variable, one capture at a time.  What Go writes: cmd/link/internal/ld/dwarf.go
 * (newtype: DW_AT_go_kind, _key, _elem, _runtime_type stand on the struct itself, for maps and
 * channels on the typedef in front of it), cmd/internal/dwarf (putvar: DW_AT_go_closure_offset).
 */
#include "base/text.h"
#include "image/debug_internal.h"

/* cmd/internal/dwarf/dwarf.go */
enum {
	AT_GO_KIND = 0x2900,
	AT_GO_KEY = 0x2901,
	AT_GO_ELEM = 0x2902,
	AT_GO_RUNTIME_TYPE = 0x2904,
	AT_GO_CLOSURE_OFFSET = 0x2907,
};

enum { MAX_DEPTH = 64 }; /* lexical blocks inside each other */

bool die_ref(struct debug *d, Dwarf_Die die, uint16_t attribute, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;
	Dwarf_Off off;
	bool ok = false;

	if (dwarf_attr(die, attribute, &attr, &error) == DW_DLV_OK) {
		ok = dwarf_global_formref(attr, &off, &error) == DW_DLV_OK;
		if (ok)
			*ret = off;
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
	return ok;
}

/* Written as an address, and is none: a distance from runtime.types. */
static void runtime_type(struct debug *d, Dwarf_Die die, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;
	Dwarf_Addr addr;

	if (dwarf_attr(die, AT_GO_RUNTIME_TYPE, &attr, &error) == DW_DLV_OK) {
		if (dwarf_formaddr(attr, &addr, &error) == DW_DLV_OK)
			*ret = addr;
		else
			debug_forget(d, &error), die_uint(d, die, AT_GO_RUNTIME_TYPE, ret);
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
}

static uint64_t array_len(struct debug *d, Dwarf_Die array)
{
	Dwarf_Die die = die_child(d, array);
	uint64_t n = 0;

	while (die && die_tag(d, die) != DW_TAG_subrange_type)
		die_next(d, &die);
	if (die && !die_uint(d, die, DW_AT_count, &n) && die_uint(d, die, DW_AT_upper_bound, &n))
		n++;
	die_free(d, die);
	return n;
}

static void describe(struct debug *d, Dwarf_Die die, uint64_t type, struct debug_type *ret)
{
	const char *name = die_name(d, die);
	uint64_t kind = 0;
	int tag = die_tag(d, die);

	if (!*ret->name && name)
		ret->name = name;
	ret->size = type_size(d, type);
	runtime_type(d, die, &ret->runtime_type);
	die_uint(d, die, AT_GO_KIND, &kind);
	ret->kind = kind < 32 ? (uint8_t)kind : 0;
	if (!die_ref(d, die, AT_GO_ELEM, &ret->elem) &&
	    (tag == DW_TAG_pointer_type || tag == DW_TAG_array_type))
		die_type(d, die, &ret->elem);
	die_ref(d, die, AT_GO_KEY, &ret->key);
	if (tag == DW_TAG_array_type)
		ret->len = array_len(d, die);
}

bool debug_type_at(struct debug *d, uint64_t type, struct debug_type *ret)
{
	*ret = (struct debug_type){.name = ""};
	for (int i = 0; i < DEBUG_MAX_CHAIN && type; i++) {
		Dwarf_Die die = die_at(d, type);
		uint64_t next = 0;
		if (!die)
			return false;
		describe(d, die, type, ret);
		bool more =
			!ret->kind && die_tag(d, die) == DW_TAG_typedef && die_type(d, die, &next);
		die_free(d, die);
		if (!more)
			return true;
		type = next;
	}
	return false;
}

uint64_t debug_type_named(struct debug *d, const char *name)
{
	units_index(d, "runtime", 7);
	const struct entity *e = units_lookup(d, name, strlen(name), DW_TAG_structure_type, NULL);

	return e ? e->die : 0;
}

/* The struct behind names for it; 0 when there is none. */
static uint64_t struct_of(struct debug *d, uint64_t type)
{
	for (int i = 0; i < DEBUG_MAX_CHAIN && type; i++) {
		Dwarf_Die die = die_at(d, type);
		int tag = die ? die_tag(d, die) : 0;
		uint64_t next = 0;
		if (tag == DW_TAG_typedef)
			die_type(d, die, &next);
		die_free(d, die);
		if (tag == DW_TAG_structure_type)
			return type;
		type = next;
	}
	return 0;
}

bool debug_member_at(struct debug *d, uint64_t type, uint64_t off, const char **name_ret,
		     uint64_t *off_ret, uint64_t *type_ret)
{
	struct members members = {0};
	bool found = false;

	type_members(d, struct_of(d, type), &members);
	for (size_t i = 0; i < members.list.n && !found; i++) {
		const struct member *m = &members.list.v[i];
		if (off < m->off || off - m->off >= type_size(d, m->type))
			continue;
		*name_ret = m->name;
		*off_ret = m->off;
		*type_ret = m->type;
		found = true;
	}
	VEC_FREE(&members.list);
	return found;
}

uint64_t debug_variable_type(struct debug *d, const char *name)
{
	size_t len = debug_package_len(name);
	uint64_t type = 0;

	if (len)
		units_index(d, name, len);
	const struct entity *e = units_lookup(d, name, strlen(name), DW_TAG_variable, NULL);
	Dwarf_Die die = e ? die_at(d, e->die) : NULL;
	if (die)
		die_type(d, die, &type);
	die_free(d, die);
	return type;
}

bool die_variable(struct debug *d, Dwarf_Die die, const char **name_ret, uint64_t *type_ret)
{
	uint64_t origin = 0;

	*name_ret = die_name(d, die);
	if (*name_ret && die_type(d, die, type_ret))
		return true;
	if (!die_ref(d, die, DW_AT_abstract_origin, &origin))
		return false;
	Dwarf_Die abstract = die_at(d, origin);
	bool ok =
		abstract && (*name_ret = die_name(d, abstract)) && die_type(d, abstract, type_ret);
	die_free(d, abstract);
	return ok;
}

static bool covers(struct debug *d, Dwarf_Die die, uint64_t off, struct debug_capture *ret)
{
	if (!die_uint(d, die, AT_GO_CLOSURE_OFFSET, &ret->off) || off < ret->off ||
	    !die_variable(d, die, &ret->name, &ret->type))
		return false;
	uint64_t size = type_size(d, ret->type);
	return off - ret->off < (size ? size : 8);
}

static bool find_capture(struct debug *d, Dwarf_Die parent, uint64_t off, int depth,
			 struct debug_capture *ret)
{
	Dwarf_Die die = die_child(d, parent);
	bool found = false;

	while (die && !found) {
		int tag = die_tag(d, die);
		if (tag == DW_TAG_variable)
			found = covers(d, die, off, ret);
		else if (tag == DW_TAG_lexical_block && depth < MAX_DEPTH)
			found = find_capture(d, die, off, depth + 1, ret);
		if (!found)
			die_next(d, &die);
	}
	die_free(d, die);
	return found;
}

/* Is a symbol of Go's linker the function of that name? */
static bool names_function(const char *symbol, const char *func)
{
	for (; *symbol && *func; func++) {
		int byte = text_escape(symbol);
		if ((byte < 0 ? *symbol : (char)byte) != *func)
			return false;
		symbol += byte < 0 ? 1 : 3;
	}
	return *symbol == *func;
}

const char *die_function(struct debug *d, Dwarf_Die die)
{
	const char *name = die_name(d, die);
	uint64_t origin;

	if (name || !die_ref(d, die, DW_AT_abstract_origin, &origin))
		return name;
	Dwarf_Die abstract = die_at(d, origin);
	name = abstract ? die_name(d, abstract) : NULL;
	die_free(d, abstract);
	return name;
}

/* Functions are not in the index: they are rarely asked for, and would make it three times as
 * large. */
static bool functions_of_unit(struct debug *d, const struct unit *u, function_fn *fn, void *arg)
{
	Dwarf_Die cu = die_at(d, u->die), die = cu ? die_child(d, cu) : NULL;
	bool found = false;

	while (die && !found) {
		found = die_tag(d, die) == DW_TAG_subprogram && fn(d, u, die, arg);
		if (!found)
			die_next(d, &die);
	}
	die_free(d, die);
	die_free(d, cu);
	return found;
}

/* The last element of its package's path may have dots of its own ("gopkg.in/tomb.v2.Go"): any may
 * be the one behind the path. */
bool debug_functions(struct debug *d, const char *func, function_fn *fn, void *arg)
{
	const char *dot = func + debug_package_len(func);

	for (; dot != func && dot; dot = strchr(dot + 1, '.')) {
		const struct unit *u = NULL;
		while ((u = units_named(d, func, (size_t)(dot - func),
					u ? (size_t)(u - d->units.v) + 1 : 0)))
			if (functions_of_unit(d, u, fn, arg))
				return true;
	}
	return false;
}

/* Those of one name: copies of one that is inlined elsewhere, too. */
struct of_name {
	const char *func;
	bool (*fn)(struct debug *d, Dwarf_Die die, void *arg);
	void *arg;
};

static bool if_named(struct debug *d, const struct unit *u, Dwarf_Die die, void *arg)
{
	const struct of_name *n = arg;
	const char *name = die_function(d, die);

	(void)u;
	return name && names_function(name, n->func) && n->fn(d, die, n->arg);
}

struct capture_at {
	uint64_t off;
	struct debug_capture *ret;
};

static bool capture_of(struct debug *d, Dwarf_Die die, void *arg)
{
	struct capture_at *c = arg;

	return find_capture(d, die, c->off, 0, c->ret);
}

bool debug_capture_at(struct debug *d, const char *func, uint64_t off, struct debug_capture *ret)
{
	struct capture_at c = {off, ret};

	return debug_functions(d, func, if_named, &(struct of_name){func, capture_of, &c});
}

struct locals {
	debug_local_fn *fn;
	void *arg;
};

/* @return false: no more are wanted */
static bool locals_in(struct debug *d, Dwarf_Die parent, int depth, const struct locals *l)
{
	Dwarf_Die die = die_child(d, parent);
	const char *name = NULL;
	uint64_t type = 0;
	bool more = true;

	while (die && more) {
		int tag = die_tag(d, die);
		if ((tag == DW_TAG_variable || tag == DW_TAG_formal_parameter) &&
		    die_variable(d, die, &name, &type))
			more = l->fn(l->arg, name, type);
		else if (tag == DW_TAG_lexical_block && depth < MAX_DEPTH)
			more = locals_in(d, die, depth + 1, l);
		if (more)
			die_next(d, &die);
	}
	die_free(d, die);
	return more;
}

static bool locals_of(struct debug *d, Dwarf_Die die, void *arg)
{
	locals_in(d, die, 0, arg);
	return false; // abstract and concrete ones may list different variables
}

void debug_locals_each(struct debug *d, const char *func, debug_local_fn *fn, void *arg)
{
	struct locals l = {fn, arg};

	debug_functions(d, func, if_named, &(struct of_name){func, locals_of, &l});
}
