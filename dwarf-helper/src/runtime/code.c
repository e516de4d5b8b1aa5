#include "runtime/code.h"

static const struct {
	const struct arch *arch;
	struct code_result (*returns)(struct runtime *rt, taddr entry, unsigned words);
	void (*refs)(const uint8_t *code, size_t n, taddr entry, code_ref_fn *fn, void *arg);
	void (*calls)(const uint8_t *code, size_t n, taddr entry, const taddr *to, size_t targets,
		      code_call_fn *fn, void *arg);
	unsigned call_bytes;
} readers[] = {
	{&arch_amd64, code_returns_amd64, code_refs_amd64, code_calls_amd64, CODE_CALL_AMD64},
};

#define CALL_BYTES_MAX 8
#define PIECE (1u << 20) /* bytes of code between two looks for Ctrl-C */

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

bool code_calls_each(struct runtime *rt, taddr start, taddr end, const taddr *to, size_t n,
		     code_call_fn *fn, void *arg, uint64_t *unread_ret)
{
	uint8_t seam[2 * CALL_BYTES_MAX];
	size_t i = 0;

	*unread_ret = 0;
	while (i < sizeof(readers) / sizeof(*readers) && readers[i].arch != rt->t->arch)
		i++;
	if (i == sizeof(readers) / sizeof(*readers))
		return false;
	unsigned half = readers[i].call_bytes - 1;
	for (taddr a = start; n && a < end && !runtime_canceled(rt);) {
		uint64_t piece = target_extent(rt->t, a);
		piece = piece < end - a ? piece : end - a;
		piece = piece < PIECE ? piece : PIECE;
		const uint8_t *code = piece ? target_ptr(rt->t, a, piece) : NULL;
		if (!code) {
			taddr next = target_behind_gap(rt->t, a);
			next = next < end ? next : end;
			*unread_ret += next - a;
			a = next;
			continue;
		}
		readers[i].calls(code, piece, a, to, n, fn, arg);
		a += piece;
		// those that begin in this piece and end in the next
		if (piece >= half && a < end && target_read(rt->t, a - half, seam, 2ull * half))
			readers[i].calls(seam, 2ull * half, a - half, to, n, fn, arg);
	}
	return true;
}
