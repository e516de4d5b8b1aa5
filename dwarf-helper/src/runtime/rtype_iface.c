/* Methods of interface types: their names, and the types that they have. */
#include "runtime/rtype_internal.h"

#define METHODS_AT 56 /* internal/abi.InterfaceType: Type, PkgPath, Methods []Imethod */
#define METHODS_MAX 1024
#define METHOD_SIZE 8 /* Imethod: Name NameOff, Typ TypeOff */

/* Where the methods are described, and how many.  @return false: no interface type, or its list of
 * methods is unreadable or too long */
static bool find_methods(struct runtime *rt, const struct rtype *ty, taddr *methods, uint64_t *n)
{
	return ty->kind == GO_INTERFACE && target_u64(rt->t, ty->addr + METHODS_AT, methods) &&
	       target_u64(rt->t, ty->addr + METHODS_AT + 8, n) && *n && *n <= METHODS_MAX;
}

static const char *method_name(struct runtime *rt, const struct rtype *ty, taddr method)
{
	uint32_t off;

	return target_u32(rt->t, method, &off) ? rtype_name_off(rt, ty->addr, (int32_t)off) : NULL;
}

/* 0: unreadable, or out of the module */
static taddr method_type(struct runtime *rt, const struct rtype *ty, taddr method)
{
	const struct module *m = rtype_module(rt, ty->addr);
	uint32_t off;

	return m && target_u32(rt->t, method + 4, &off) && off && off < m->etypes - m->types
		       ? m->types + off
		       : 0;
}

/* A type has one descriptor in a module; those of two modules are compared by what they are
 * called. */
static bool same_type(struct runtime *rt, taddr x, taddr y)
{
	if (!x || !y || x == y || rtype_module(rt, x) == rtype_module(rt, y))
		return x && x == y;
	const struct rtype *a = rtype_get(rt, x), *b = rtype_get(rt, y);

	return a && b && a->kind == b->kind && strcmp(a->full, b->full) == 0;
}

int32_t rtype_iface_method(struct runtime *rt, const struct rtype *ty, const char *name)
{
	taddr methods;
	uint64_t n;

	if (!find_methods(rt, ty, &methods, &n))
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		const char *s = method_name(rt, ty, methods + i * METHOD_SIZE);
		if (s && strcmp(s, name) == 0)
			return (int32_t)i;
	}
	return -1;
}

/* Both lists are in the order of names (runtime/iface.go: itabInit relies on it). */
bool rtype_iface_includes(struct runtime *rt, const struct rtype *ty, const struct rtype *of)
{
	taddr mine, theirs;
	uint64_t n, wanted, i = 0;

	if (!find_methods(rt, ty, &mine, &n) || !find_methods(rt, of, &theirs, &wanted))
		return false;
	for (uint64_t k = 0; k < wanted; k++, i++) {
		const char *name = method_name(rt, of, theirs + k * METHOD_SIZE), *s = NULL;
		while (name && i + (wanted - k) <= n &&
		       (s = method_name(rt, ty, mine + i * METHOD_SIZE)) && strcmp(s, name) < 0)
			i++;
		if (!name || !s || strcmp(s, name) != 0 ||
		    !same_type(rt, method_type(rt, ty, mine + i * METHOD_SIZE),
			       method_type(rt, of, theirs + k * METHOD_SIZE)))
			return false;
	}
	return true;
}
