#include "runtime/others.h"

#define DATA_MAX (UINT64_C(64) << 20) /* of one region, looked through */

enum { FILE_CODE = 1, FILE_OURS = 2, FILE_TOLD = 4 };

static void mark_at(const struct target *t, taddr a, uint8_t *files)
{
	int i = a ? target_region_at(t, a) : -1;

	if (i >= 0 && t->regions.v[i].file >= 0)
		files[t->regions.v[i].file] |= FILE_OURS;
}

static bool has_build_info(struct target *t, const struct region *r)
{
	uint64_t n = r->end - r->start < DATA_MAX ? r->end - r->start : DATA_MAX;
	const uint8_t *p = target_ptr(t, r->start, n);

	return p && image_has_build_info(p, n);
}

void others_tell(const struct runtime *rt)
{
	struct target *t = rt->t;
	_cleanup_free_ uint8_t *files = mem_zalloc(t->files.n + 1);

	if (rt->modules_cut)
		return; // what is not in the list may be a plugin
	for (size_t i = 0; i < rt->modules.n; i++) {
		mark_at(t, rt->modules.v[i].text, files);
		mark_at(t, rt->modules.v[i].data, files);
	}
	for (size_t i = 0; i < t->regions.n; i++)
		if (t->regions.v[i].file >= 0 && t->regions.v[i].perm & REGION_X)
			files[t->regions.v[i].file] |= FILE_CODE;
	for (size_t i = 0; i < t->regions.n; i++) {
		const struct region *r = &t->regions.v[i];

		if (r->file < 0 || !(r->perm & REGION_W) || files[r->file] != FILE_CODE ||
		    !has_build_info(t, r))
			continue;
		files[r->file] |= FILE_TOLD;
		notes_add(rt->notes, NOTE_WARNING,
			  "%s has a Go runtime of its own: its goroutines and contexts are not "
			  "among those shown",
			  t->files.v[r->file].path);
	}
}
