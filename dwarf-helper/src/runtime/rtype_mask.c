#include "runtime/rtype_internal.h"

/*
 * Which words of a value hold pointers: cmd/compile/internal/types/typebits.go and reflectdata.go
 * fill gcdata by the same rules.  The first word of an interface is none: itabs and type
 * descriptors are never in the collected heap, or kept alive elsewhere.  A pointer to memory
 * outside of the heap (ptrdata 0) is none either.
 */

#define MASK_DEPTH 32

struct mask {
	struct runtime *rt;
	uint64_t *bits;
	uint64_t nwords;
	uint64_t steps; /* parts that may still be looked at: fields may overlap in a damaged
			   descriptor */
};

static void set(struct mask *m, uint64_t off)
{
	if (off / 8 < m->nwords)
		m->bits[off / 512] |= 1ull << (off / 8 % 64);
}

static bool fill(struct mask *m, const struct rtype *ty, uint64_t off, unsigned depth);

static bool fill_array(struct mask *m, const struct rtype *ty, uint64_t off, unsigned depth)
{
	const struct rtype *elem = rtype_get(m->rt, ty->elem);

	if (!elem || !elem->size || !elem->ptrdata)
		return false; // the array has pointers, so its elements do
	for (uint64_t i = 0; i < ty->len && off / 8 < m->nwords; i++, off += elem->size)
		if (!fill(m, elem, off, depth))
			return false;
	return true;
}

static bool fill_struct(struct mask *m, const struct rtype *ty, uint64_t off, unsigned depth)
{
	if (!ty->nfields)
		return false;
	for (uint32_t i = 0; i < ty->nfields; i++) {
		const struct rtype_field *f = &ty->fields[i];

		if (f->off >= ty->ptrdata || (off + f->off) / 8 >= m->nwords)
			continue;
		const struct rtype *field = rtype_get(m->rt, f->type);

		if (!field || f->off + field->size > ty->size ||
		    !fill(m, field, off + f->off, depth))
			return false;
	}
	return true;
}

static bool fill(struct mask *m, const struct rtype *ty, uint64_t off, unsigned depth)
{
	if (!ty->ptrdata)
		return true;
	if (depth > MASK_DEPTH || off % 8 || !m->steps--)
		return false;
	switch (ty->kind) {
	case GO_POINTER:
	case GO_UNSAFE_POINTER:
	case GO_CHAN:
	case GO_FUNC:
	case GO_MAP:
	case GO_STRING:
	case GO_SLICE:
		set(m, off);
		return true;
	case GO_INTERFACE:
		set(m, off + 8);
		return true;
	case GO_ARRAY:
		return fill_array(m, ty, off, depth + 1);
	case GO_STRUCT:
		return fill_struct(m, ty, off, depth + 1);
	default:
		return false; // a scalar with pointers
	}
}

bool rtype_ptrmask(struct runtime *rt, const struct rtype *ty, uint64_t *mask, uint64_t nwords)
{
	// A struct of one field nested to the limit is the worst that is honest.
	struct mask m = {rt, mask, nwords, (nwords + 16) * MASK_DEPTH};

	memset(mask, 0, (nwords / 64 + 1) * sizeof(*mask));
	return fill(&m, ty, 0, 0);
}
