#include "runtime/runtime.h"

const struct module *runtime_module_of_pc(const struct runtime *rt, taddr pc)
{
	for (size_t i = 0; i < rt->modules.n; i++)
		if (pc >= rt->modules.v[i].text && pc < rt->modules.v[i].etext)
			return &rt->modules.v[i];
	return NULL;
}

const char *runtime_string(struct runtime *rt, taddr p, uint64_t n, uint64_t max, uint64_t *n_ret,
			   bool *cut_ret)
{
	bool cut = n > max;

	if (cut)
		n = max;
	const uint8_t *s = n ? target_ptr(rt->t, p, n) : NULL;
	*n_ret = s ? n : 0;
	if (cut_ret)
		*cut_ret = cut;
	return (const char *)s;
}

bool runtime_in_data(const struct runtime *rt, taddr a)
{
	for (size_t i = 0; i < rt->modules.n; i++) {
		const struct module *m = &rt->modules.v[i];
		if ((a >= m->data && a < m->edata) || (a >= m->bss && a < m->ebss) ||
		    (a >= m->noptrdata && a < m->enoptrdata) ||
		    (a >= m->noptrbss && a < m->enoptrbss))
			return true;
	}
	return false;
}
