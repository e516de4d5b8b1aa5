/* Methods of interface types, by name. */
#include "runtime/rtypes.h"

#define METHODS_AT 56 /* internal/abi.InterfaceType: Type, PkgPath, Methods []Imethod */
#define METHODS_MAX 1024

static bool has_method(struct runtime *rt, const struct rtype *ty, taddr methods, uint64_t n, const char *name)
{
	for (uint64_t i = 0; i < n; i++) {
		uint32_t off;
		const char *s = target_u32(rt->t, methods + i * 8, &off) ? rtype_name_off(rt, ty->addr, (int32_t)off) : NULL;
		if (s && strcmp(s, name) == 0)
			return true;
	}
	return false;
}

bool rtype_iface_has(struct runtime *rt, const struct rtype *ty, const char *const *names)
{
	taddr methods;
	uint64_t n;

	if (ty->kind != GO_INTERFACE || !target_u64(rt->t, ty->addr + METHODS_AT, &methods) ||
	    !target_u64(rt->t, ty->addr + METHODS_AT + 8, &n) || !n || n > METHODS_MAX)
		return false;
	for (; *names; names++)
		if (!has_method(rt, ty, methods, n, *names))
			return false;
	return true;
}
