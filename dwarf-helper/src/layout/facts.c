/*
 * What changed between releases without a field to show for it.  The only place that compares
 * release numbers with what the runtime does; a new release gets its line here.
 */
#include "layout/layout_internal.h"

/*
 * Is the program of go1.@p minor or later?  One that names no release (its version was removed, or
 * it is a development build) counts as new where @p unknown says so.
 */
static bool since(const struct layout *l, int minor, bool unknown)
{
	return l->minor < 0 ? unknown : l->minor >= minor;
}

/* runtime/mheap.go: specialCleanup, and (unless built with GOEXPERIMENT=noswissmap)
 * internal/runtime/maps: both since 1.24. */
static bool looks_like_1_24(const struct layout *l)
{
	return LAYOUT_HAS(l->specialCleanup.fn) ||
	       (LAYOUT_HAS(l->swissMap.used) && !LAYOUT_HAS(l->hmap.buckets));
}

/* internal/abi/symtab.go: FuncIDWrapper; runtime/symtab.go: funcID_wrapper until 1.20.  Functions
 * before it in the list came and went. */
static int wrapper_id(const struct layout *l)
{
	return l->minor < 0 ? -1 : since(l, 25, true) ? 23 : since(l, 22, true) ? 22 : 21;
}

void layout_set_facts(struct layout *l)
{
	bool new = looks_like_1_24(l);

	l->facts = (struct layout_facts){
		/* runtime/type.go: getGCMask; internal/abi/type.go: TFlagGCMaskOnDemand */
		.mask_on_demand = since(l, 24, new),
		/* runtime/pprof/label.go: labelMap was a map[string]string; not a question of
		   GOEXPERIMENT=noswissmap */
		.label_list = since(l, 24, new),
		/* runtime/malloc.go: redZoneSize */
		.asan_redzones = since(l, 24, true),
		/* runtime/mgcpacer.go: memoryLimitHeapGoalHeadroomPercent */
		.headroom_percent = since(l, 21, true),
		/* runtime/type.go: structfield.offsetEmbed, until 1.18 */
		.offset_embed = !since(l, 19, true),
		.wrapper_func_id = wrapper_id(l),
	};
}
