/* Methods of interface types, by name. */
#include "runtime/rtypes.h"

#define METHODS_AT 56 /* internal/abi.InterfaceType: Type, PkgPath, Methods []Imethod */
#define METHODS_MAX 1024
#define METHOD_SIZE 8 /* Imethod: Name NameOff, Typ TypeOff */

/* Where the methods are described, and how many.  @return false: no interface type, or one that makes no sense */
static bool find_methods(struct runtime *rt, const struct rtype *ty, taddr *methods, uint64_t *n)
{
	return ty->kind == GO_INTERFACE && target_u64(rt->t, ty->addr + METHODS_AT, methods) &&
	       target_u64(rt->t, ty->addr + METHODS_AT + 8, n) && *n && *n <= METHODS_MAX;
}

static bool is_method(struct runtime *rt, const struct rtype *ty, taddr method, const char *name)
{
	uint32_t off;
	const char *s = target_u32(rt->t, method, &off) ? rtype_name_off(rt, ty->addr, (int32_t)off) : NULL;

	return s && strcmp(s, name) == 0;
}

bool rtype_iface_method_is(struct runtime *rt, const struct rtype *ty, uint64_t i, const char *name)
{
	taddr methods;
	uint64_t n;

	return find_methods(rt, ty, &methods, &n) && i < n && is_method(rt, ty, methods + i * METHOD_SIZE, name);
}

static bool has_method(struct runtime *rt, const struct rtype *ty, taddr methods, uint64_t n, const char *name)
{
	for (uint64_t i = 0; i < n; i++)
		if (is_method(rt, ty, methods + i * METHOD_SIZE, name))
			return true;
	return false;
}

bool rtype_iface_has(struct runtime *rt, const struct rtype *ty, const char *const *names)
{
	taddr methods;
	uint64_t n;

	if (!find_methods(rt, ty, &methods, &n))
		return false;
	for (; *names; names++)
		if (!has_method(rt, ty, methods, n, *names))
			return false;
	return true;
}
