#include "runtime/code.h"

static const struct {
	const struct arch *arch;
	struct code_result (*returns)(struct runtime *rt, taddr entry, unsigned words);
} readers[] = {
	{&arch_amd64, code_returns_amd64},
};

struct code_result code_returns(struct runtime *rt, taddr entry, unsigned words)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		if (readers[i].arch == rt->t->arch)
			return readers[i].returns(rt, entry, words);
	return (struct code_result){.kind = CODE_UNTOLD};
}
