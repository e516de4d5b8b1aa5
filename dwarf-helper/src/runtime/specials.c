#include "runtime/specials.h"

#include "base/circle.h"

struct special_numbers special_numbers(const struct layout *l)
{
	bool cleanups = LAYOUT_HAS(l->specialCleanup.fn),	// 1.24
		weak = LAYOUT_HAS(l->specialWeakHandle.handle); // 1.23
	uint8_t first = 1;

	if (LAYOUT_HAS(l->cleanupQueue.all)) { // 1.25: _KindSpecialTinyBlock stands before all
		first = 2;
		cleanups = weak = true;
	}
	return (struct special_numbers){{
		[SPECIAL_FINALIZER] = first,
		[SPECIAL_WEAK] = weak ? first + 1 : 0,
		[SPECIAL_PROFILE] = first + 1 + weak,
		[SPECIAL_CLEANUP] = cleanups ? first + 5 : 0,
	}};
}

static uint8_t kind_of(const struct special_numbers *numbers, uint64_t kind)
{
	uint8_t k = 0;

	while (k < SPECIAL_OTHER && (!kind || numbers->of[k] != kind))
		k++;
	return k;
}

#define SPECIAL_MIN 16 /* bytes of the smallest (runtime/mheap.go: special, until 1.22) */

uint64_t specials_most(const struct runtime *rt)
{
	return target_bytes(rt->t) / SPECIAL_MIN;
}

bool specials_each(struct runtime *rt, const struct special_numbers *numbers, const struct span *s,
		   uint64_t *left, special_fn *fn, void *arg)
{
	const struct layout *l = &rt->L;
	struct circle circle = {0};
	taddr next;

	for (taddr at = s->specials; at; at = next) {
		struct special sp = {.addr = at};
		uint64_t kind;
		if (!*left || in_circle(&circle, at) || runtime_canceled(rt) ||
		    !runtime_field(rt, at, l->special.offset, &sp.offset) ||
		    !runtime_field(rt, at, l->special.kind, &kind) ||
		    !runtime_field(rt, at, l->special.next, &next))
			return false;
		--*left;
		sp.kind = kind_of(numbers, kind);
		if (!fn(arg, s, &sp))
			return true;
	}
	return true;
}
