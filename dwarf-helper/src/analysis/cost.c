/*
 * What things cost, in bytes of memory, as the allocator counts: slots, not fields.
 *
 * A goroutine: its stack (most of the price) and its runtime.g.  A context: its slot, and the value
 * it carries, unless another context was charged with that.  What else only they keep alive is not
 * known without a marking for each, and left out: "at least".
 */
#include "analysis/leaks.h"

#include "runtime/heap.h"

#define STACK_MAX (UINT64_C(1) << 30) /* runtime/proc.go: maxstacksize on 64-bit */

uint32_t cost_of_task(const struct model *m, const struct task *t)
{
	const struct layout *l = &m->rt->L;
	taddr lo, hi;
	uint64_t g = heap_slot_size(m->rt, l->s[LAYOUT_g].size);

	if (!runtime_field(m->rt, t->g, l->g.stack_lo, &lo) ||
	    !runtime_field(m->rt, t->g, l->g.stack_hi, &hi) || hi <= lo || hi - lo > STACK_MAX)
		return (uint32_t)g;
	return (uint32_t)(hi - lo + g);
}

/* Slot of the object that the value's data word points to; 0 when it was met before, or is none of
 * the heap. */
static uint64_t value_bytes(const struct model *m, const struct ctx *c, struct u64map *seen)
{
	struct heap_object o;
	struct layout_field f = m->rt->L.valueCtx.val;
	taddr data;

	if (!LAYOUT_HAS(f) || !target_u64(m->rt->t, c->addr + (taddr)f.off + 8, &data) ||
	    !heap_object_at(m->rt, data, &o))
		return 0;
	uint32_t before = (uint32_t)seen->n;
	return u64map_add(seen, o.base, before) == before && seen->n > before ? o.span->elem_size
									      : 0;
}

uint64_t cost_of_context(const struct model *m, uint32_t i, struct u64map *values)
{
	const struct ctx *c = &m->ctxs.v[i];

	if (c->kind == CTX_BACKGROUND || c->kind == CTX_TODO || c->type >= m->types.n)
		return 0;
	uint64_t bytes = heap_slot_size(m->rt, m->types.v[c->type].size);
	return c->kind == CTX_VALUE ? bytes + value_bytes(m, c, values) : bytes;
}
