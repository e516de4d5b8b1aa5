/*
 * Direct calls of a few functions, on amd64: CALL rel32 (E8; Intel's manual, volume 2).  Two bytes
 * in a hundred are E8, so memchr, which looks at 32 bytes at once, does most of the work.
 */
#include "runtime/code.h"

#define CALL_REL32 0xe8

/* Is it one of them?  They ascend. */
static bool among(const taddr *to, size_t n, taddr a)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (to[mid] < a)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && to[lo] == a;
}

void code_calls_amd64(const uint8_t *code, size_t n, taddr entry, const taddr *to, size_t targets,
		      code_call_fn *fn, void *arg)
{
	const uint8_t *last = n >= CODE_CALL_AMD64 ? code + n - CODE_CALL_AMD64 : NULL;
	taddr low = to[0], span = to[targets - 1] - low;

	for (const uint8_t *p = code; last && p <= last; p++) {
		int32_t distance;
		p = memchr(p, CALL_REL32, (size_t)(last - p) + 1);
		if (!p)
			return;
		memcpy(&distance, p + 1, sizeof(distance));
		taddr pc = entry + (taddr)(p - code);
		taddr callee = pc + CODE_CALL_AMD64 + (taddr)(int64_t)distance;
		if (callee - low <= span && among(to, targets, callee))
			fn(arg, pc, callee);
	}
}
