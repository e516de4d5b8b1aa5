#include "analysis/forest.h"

#include "analysis/path_internal.h"

struct forest {
	struct search search;
	struct paths paths; /* what the search says of its completeness */
};

/* Contexts of the library are entered last.  Those of the program's own types are what keeps
 * others, as any object is. */
static uint64_t *contexts_last(const struct search *s)
{
	const struct model *m = s->m;
	uint64_t *bits = mem_zalloc((s->slots.words + 1) * 8);

	for (size_t i = 0; i < m->ctxs.n; i++) {
		uint64_t slot = m->ctxs.v[i].kind == CTX_CUSTOM
					? UINT64_MAX
					: slots_at(&s->slots, m->ctxs.v[i].addr);
		if (slot != UINT64_MAX)
			bits[slot / 64] |= 1ull << slot % 64;
	}
	return bits;
}

struct err *forest_open(const struct model *m, struct forest **ret)
{
	*ret = NULL;
	if (!m->rt->heap)
		return err_new(ERR_ABSENT, "the heap of this target cannot be read");
	struct forest *f = mem_zalloc(sizeof(*f));
	struct search *s = &f->search;
	*s = (struct search){.m = m, .rt = m->rt, .ret = &f->paths, .target = SEARCH_ALL};
	f->paths.complete = true;
	struct err *err = search_open(s);
	uint64_t *last = NULL;
	if (!err) {
		s->last = last = contexts_last(s);
		err = search_run(s);
	}
	free(last);
	if (err)
		forest_close(f);
	else
		*ret = f;
	return err;
}

void forest_close(struct forest *f)
{
	if (!f)
		return;
	search_close(&f->search);
	free(f);
}

/* Nodes are numbered as the search does: slot + 1, or ROOT_BIT with the number of a root. */
forest_node forest_at(const struct forest *f, taddr addr)
{
	uint64_t slot = slots_at(&f->search.slots, addr);

	return slot != UINT64_MAX && f->search.parent[slot] ? (forest_node)slot + 1 : 0;
}

forest_node forest_up(const struct forest *f, forest_node node)
{
	return !node || node & ROOT_BIT ? 0 : f->search.parent[node - 1];
}

bool forest_is_root(forest_node node)
{
	return node & ROOT_BIT;
}

uint32_t forest_task(const struct forest *f, forest_node root)
{
	return f->search.origins.v[root & ~ROOT_BIT].task;
}

bool forest_path(const struct forest *f, taddr addr, struct path *ret)
{
	forest_node node = forest_at(f, addr);

	*ret = (struct path){0};
	if (node)
		search_path(&f->search, node - 1, f->search.parent[node - 1], ret);
	return node != 0;
}

void forest_path_free(struct path *p)
{
	VEC_FREE(&p->hops);
}

enum forest_kept forest_kept(const struct forest *f, taddr addr)
{
	forest_node node = forest_at(f, addr);

	if (!node)
		return FOREST_NOT;
	while (!(node & ROOT_BIT))
		node = f->search.parent[node - 1];
	uint8_t kind = f->search.origins.v[node & ~ROOT_BIT].kind;
	return kind == ROOT_FINALIZER || kind == ROOT_CLEANUP ? FOREST_BY_SPECIAL : FOREST_KEPT;
}
