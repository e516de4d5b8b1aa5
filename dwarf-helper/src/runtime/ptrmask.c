#include <pthread.h>

#include "runtime/gomap_walk.h"
#include "runtime/ptrwords.h"
#include "runtime/rtype_internal.h"

/* until 1.23: gcdata is a program (runtime/mbitmap.go: runGCProg) */
#define KIND_GC_PROGRAM 0x40

struct ptrmasks {
	struct runtime *rt;
	pthread_mutex_t lock;
	struct u64map index; /* type -> number in list */
	VEC(struct ptrmask *) list;
	VEC(uint64_t *) made; /* masks that were made from fields */
	struct ptrmask unknown;
};

struct ptrmasks *ptrmasks_open(struct runtime *rt)
{
	struct ptrmasks *pm = mem_zalloc(sizeof(*pm));

	pm->rt = rt;
	pthread_mutex_init(&pm->lock, NULL);
	return pm;
}

void ptrmasks_close(struct ptrmasks *pm)
{
	if (!pm)
		return;
	for (size_t i = 0; i < pm->list.n; i++)
		free(pm->list.v[i]);
	for (size_t i = 0; i < pm->made.n; i++)
		free(pm->made.v[i]);
	VEC_FREE(&pm->list);
	VEC_FREE(&pm->made);
	u64map_free(&pm->index);
	pthread_mutex_destroy(&pm->lock);
	free(pm);
}

/* In the program's own variables?  There lies runtime.inProgress, which stands for a mask that is
 * being made. */
static bool is_variable(const struct runtime *rt, taddr a)
{
	for (size_t i = 0; i < rt->modules.n; i++) {
		const struct module *m = &rt->modules.v[i];
		if ((a >= m->noptrdata && a < m->enoptrdata) || (a >= m->data && a < m->edata) ||
		    (a >= m->bss && a < m->ebss) || (a >= m->noptrbss && a < m->enoptrbss))
			return true;
	}
	return false;
}

/* The mask as the runtime has it, or NULL: it is not made yet, or a program. */
static const uint8_t *runtime_mask(struct runtime *rt, uint8_t kind, uint8_t tflag, taddr gcdata,
				   uint64_t bytes)
{
	bool on_demand = rt->L.facts.mask_on_demand;

	// Before 1.24 the same flag of tflag means that the mask is unrolled, whatever kind says.
	if (!on_demand && kind & KIND_GC_PROGRAM && !(tflag & TFLAG_MASK_ON_DEMAND))
		return NULL;
	if (on_demand && tflag & TFLAG_MASK_ON_DEMAND) {
		taddr at = gcdata;
		if (!target_u64(rt->t, at, &gcdata) || is_variable(rt, gcdata))
			return NULL;
	}
	return gcdata ? target_ptr(rt->t, gcdata, bytes) : NULL;
}

/* The mask by the type's fields, or NULL. */
static const uint8_t *made_mask(struct ptrmasks *pm, taddr type, uint64_t bits)
{
	const struct rtype *ty = rtype_get(pm->rt, type);
	uint64_t *mask = ty ? mem_resize(NULL, bits / 64 + 1, sizeof(*mask)) : NULL;

	if (!ty || ty->ptrdata != bits * 8 || !rtype_ptrmask(pm->rt, ty, mask, bits)) {
		free(mask);
		return NULL;
	}
	VEC_PUSH(&pm->made, mask);
	return (const uint8_t *)mask;
}

static void unroll(struct ptrmask *m)
{
	for (unsigned i = 0; i < 128; i++) {
		uint64_t k = i % m->words;
		if (k < m->bits && m->mask[k / 8] >> (k % 8) & 1)
			m->unrolled[i / 64] |= 1ull << (i % 64);
	}
	m->step = 64 % (unsigned)m->words;
}

static bool read_mask(struct ptrmasks *pm, taddr type, uint64_t max, struct ptrmask *ret)
{
	const struct layout *l = &pm->rt->L;
	const uint8_t *raw = type % 8 ? NULL : target_ptr(pm->rt->t, type, l->s[LAYOUT_type].size);

	if (!raw)
		return false;
	uint64_t size = runtime_load(raw, l->type.size),
		 ptrdata = runtime_load(raw, l->type.ptrdata);
	if (!ptrdata || ptrdata > size || size > max || size % 8 || ptrdata % 8)
		return false;
	*ret = (struct ptrmask){.type = type, .words = size / 8, .bits = ptrdata / 8};
	ret->mask = runtime_mask(pm->rt, (uint8_t)runtime_load(raw, l->type.kind),
				 (uint8_t)runtime_load(raw, l->type.tflag),
				 runtime_load(raw, l->type.gcdata), (ret->bits + 7) / 8);
	if (!ret->mask)
		ret->mask = made_mask(pm, type, ret->bits);
	if (!ret->mask)
		return false;
	if (ret->words < 64)
		unroll(ret);
	return true;
}

const struct ptrmask *ptrmasks_get(struct ptrmasks *pm, taddr type, uint64_t max)
{
	const struct ptrmask *found = &pm->unknown;
	struct ptrmask m;

	pthread_mutex_lock(&pm->lock);
	uint32_t i = u64map_find(&pm->index, type);
	if (i == U64MAP_NONE && read_mask(pm, type, max, &m)) {
		struct ptrmask *kept = mem_alloc(sizeof(*kept));
		*kept = m;
		i = (uint32_t)pm->list.n;
		VEC_PUSH(&pm->list, kept);
		u64map_add(&pm->index, type, i);
	}
	if (i != U64MAP_NONE && pm->list.v[i]->words * 8 <= max)
		found = pm->list.v[i];
	pthread_mutex_unlock(&pm->lock);
	return found;
}
