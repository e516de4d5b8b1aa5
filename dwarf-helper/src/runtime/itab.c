/*
 * runtime/iface.go: itabTable points to {size, count, entries [size]*itab}, an open-addressed hash
 * table.  It holds the itabs that the linker laid out as well as those made at run time, so
 * together with a plugin's copies (found by rtype_of_itab()'s second way) these are all that an
 * interface can point to.
 */
#include "runtime/rtype_internal.h"

#define TABLE_MAX (1ull << 24)

/* itab.Fun[0], the last word of the struct: 0 is the remembered answer "does not implement it"
 * (runtime/iface.go: getitab). */
static bool itab_read(struct runtime *rt, taddr addr, struct itab *ret, bool *negative_ret)
{
	uint8_t raw[64];
	uint32_t size = rt->L.s[LAYOUT_itab].size;
	uint64_t fun;

	if (!size || size > sizeof(raw) || addr % 8 || !target_read(rt->t, addr, raw, size))
		return false;
	*ret = (struct itab){addr, runtime_load(raw, rt->L.itab.inter),
			     runtime_load(raw, rt->L.itab.type)};
	memcpy(&fun, raw + size - 8, sizeof(fun));
	*negative_ret = !fun;
	return ret->inter && ret->type;
}

static int by_address(const void *a, const void *b)
{
	taddr x = ((const struct itab *)a)->addr, y = ((const struct itab *)b)->addr;

	return x < y ? -1 : x > y;
}

static struct err *read_entries(struct runtime *rt, taddr entries, uint64_t size)
{
	struct rtypes *r = rt->rtypes;
	uint64_t bad = 0;
	const uint8_t *p = target_ptr(rt->t, entries, size * 8);
	_cleanup_free_ uint8_t *copy = NULL;

	if (!p) {
		p = copy = mem_alloc(size * 8);
		if (!target_read(rt->t, entries, copy, size * 8))
			return err_new(ERR_FAULT,
				       "interface table at 0x%llx: entries are not readable",
				       (unsigned long long)entries);
	}
	for (uint64_t i = 0; i < size; i++) {
		struct itab tab;
		bool negative;
		taddr addr;

		memcpy(&addr, p + i * 8, sizeof(addr));
		if (!addr)
			continue;
		if (!itab_read(rt, addr, &tab, &negative))
			bad++;
		else if (!negative)
			VEC_PUSH(&r->itabs, tab);
	}
	if (bad)
		notes_add(rt->notes, NOTE_DAMAGE, "%llu of the interface tables are not readable",
			  (unsigned long long)bad);
	return NULL;
}

static void index_itabs(struct rtypes *r)
{
	size_t n = 0;

	if (!r->itabs.n)
		return;
	qsort(r->itabs.v, r->itabs.n, sizeof(*r->itabs.v), by_address);
	u64map_reserve(&r->itab_index, r->itabs.n);
	for (size_t i = 0; i < r->itabs.n; i++) {
		if (n && r->itabs.v[n - 1].addr == r->itabs.v[i].addr)
			continue;
		r->itabs.v[n] = r->itabs.v[i];
		u64map_add(&r->itab_index, r->itabs.v[n].addr, (uint32_t)n);
		n++;
	}
	r->itabs.n = n;
}

struct err *itabs_open(struct runtime *rt)
{
	const struct layout_variable *var = &rt->L.var[LAYOUT_VAR_itabTable];
	uint64_t table, size;

	if (!var->found || !target_u64(rt->t, var->addr, &table))
		return err_new(ERR_FAULT, "runtime.itabTable is not readable");
	if (!runtime_field(rt, table, rt->L.itabTable.size, &size))
		return err_new(ERR_FAULT, "interface table at 0x%llx is not readable",
			       (unsigned long long)table);
	if (!size || size & (size - 1) || size > TABLE_MAX)
		return err_new(ERR_BAD_DATA, "interface table at 0x%llx claims %llu entries",
			       (unsigned long long)table, (unsigned long long)size);
	struct err *e = read_entries(rt, table + (uint64_t)rt->L.itabTable.entries.off, size);

	if (!e)
		index_itabs(rt->rtypes);
	return e;
}

const struct itab *rtype_itabs(const struct runtime *rt, size_t *n_ret)
{
	*n_ret = rt->rtypes ? rt->rtypes->itabs.n : 0;
	return *n_ret ? rt->rtypes->itabs.v : NULL;
}

taddr rtype_of_itab(struct runtime *rt, taddr addr)
{
	struct itab tab;
	bool negative;

	if (!addr || !rt->rtypes)
		return 0;
	uint32_t i = u64map_find(&rt->rtypes->itab_index, addr);

	if (i != U64MAP_NONE)
		return rt->rtypes->itabs.v[i].type;
	// Copies in plugins are not in the table; nor is anything when the table was not readable.
	if (!itab_read(rt, addr, &tab, &negative) || negative || !rtype_module(rt, tab.inter))
		return 0;
	const struct rtype *inter = rtype_get(rt, tab.inter), *type = rtype_get(rt, tab.type);

	return inter && inter->kind == GO_INTERFACE && type && type->kind != GO_INTERFACE ? tab.type
											  : 0;
}
