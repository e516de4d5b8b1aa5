#include "runtime/code.h"

static const struct {
	const struct arch *arch;
	struct code_result (*returns)(struct runtime *rt, taddr entry, unsigned words);
	void (*refs)(const uint8_t *code, size_t n, taddr entry, code_ref_fn *fn, void *arg);
} readers[] = {
	{&arch_amd64, code_returns_amd64, code_refs_amd64},
};

struct code_result code_returns(struct runtime *rt, taddr entry, unsigned words)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		if (readers[i].arch == rt->t->arch)
			return readers[i].returns(rt, entry, words);
	return (struct code_result){.kind = CODE_UNTOLD};
}

bool code_refs_each(struct runtime *rt, taddr entry, taddr end, code_ref_fn *fn, void *arg)
{
	const uint8_t *code = entry < end ? target_ptr(rt->t, entry, end - entry) : NULL;

	for (size_t i = 0; code && i < sizeof(readers) / sizeof(*readers); i++)
		if (readers[i].arch == rt->t->arch) {
			readers[i].refs(code, end - entry, entry, fn, arg);
			return true;
		}
	return false;
}
