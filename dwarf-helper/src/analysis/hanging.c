/*
 * Counts contexts by what they hang on, as `tree` counts them.
 */
#include "analysis/leaks.h"

#define CLIMB 1000 /* levels of values between a context and the one it ends with */

static uint32_t lowest_common(const struct ctx *v, uint32_t a, uint32_t b, uint32_t under)
{
	for (unsigned steps = 0; a != b && steps < CLIMB; steps++) {
		bool up_a = v[a].depth >= v[b].depth, up_b = v[b].depth >= v[a].depth;
		a = up_a ? v[a].parent : a;
		b = up_b ? v[b].parent : b;
		if (a == CTX_NONE || b == CTX_NONE)
			return under;
	}
	return a == b ? a : under;
}

void hangs_add(const struct leaks *l, struct hangs *h, uint32_t context)
{
	const struct ctx *v = l->m->ctxs.v, *c = &v[context];
	uint32_t before = h->common;

	if (c->parent == CTX_NONE)
		return;
	h->common = before == CTX_NONE ? c->parent : lowest_common(v, before, c->parent, h->under);
	if (before != h->common)
		h->made = 0; // what was made on one further down
	h->made += c->parent == h->common;
	h->ends += c->parent == h->under || c->flags & CTX_IN_PARENT_MAP;
	h->count++;
}

bool hangs_children(const struct hangs *h)
{
	return h->count == (h->common == h->under ? h->ends : h->made);
}

static int by_count(const void *a, const void *b)
{
	const struct hangs *x = a, *y = b;

	return x->count != y->count  ? (x->count < y->count ? 1 : -1)
	       : x->under < y->under ? -1
				     : x->under > y->under;
}

void add_hanging(struct leaks *l, struct finding *f)
{
	VEC(struct hangs) rows = {0};
	struct u64map index = {0};

	for (size_t k = 0; k < f->contexts.n; k++) {
		uint32_t under = l->ctx[f->contexts.v[k]].under;
		if (under == CTX_NONE)
			continue;
		uint32_t at = u64map_add(&index, under + 1ul, (uint32_t)rows.n);
		if (at == rows.n)
			VEC_PUSH(&rows, (struct hangs){.under = under, .common = CTX_NONE});
		hangs_add(l, &rows.v[at], f->contexts.v[k]);
	}
	u64map_free(&index);
	if (!rows.n)
		return;
	qsort(rows.v, rows.n, sizeof(*rows.v), by_count);
	struct evidence *e = finding_evidence(f, EV_BELOW);
	for (size_t k = 0; k < rows.n; k++)
		VEC_PUSH(&e->hanging, (struct hanging){.on = rows.v[k].common,
						       .count = rows.v[k].count,
						       .children = hangs_children(&rows.v[k])});
	VEC_FREE(&rows);
}
