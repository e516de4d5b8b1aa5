/* Files that are mapped into the debuggee: which lack their bytes here, and where the bytes go that
 * a caller has found. */
#include "target/target.h"

#include <string.h>

#include "base/mem.h"

/* A file's read-only page that was not dumped.  Writable ones may differ from the file. */
static bool lacks_bytes(const struct region *r)
{
	return r->source == SOURCE_ABSENT && !(r->perm & REGION_W);
}

bool *target_lacking_files(const struct target *t)
{
	bool *lacks = mem_zalloc(t->files.n);

	for (size_t i = 0; i < t->regions.n; i++) {
		const struct region *r = &t->regions.v[i];
		if (r->file >= 0 && (size_t)r->file < t->files.n && lacks_bytes(r))
			lacks[r->file] = true;
	}
	return lacks;
}

bool target_same_pages(const struct target *t, int file, const uint8_t *p, uint64_t n,
		       bool *any_ret)
{
	const uint64_t page = t->page_bytes;

	*any_ret = false;
	for (size_t i = 0; i < t->regions.n; i++) {
		const struct region *r = &t->regions.v[i];
		if (r->file != file || r->source != SOURCE_CORE || (r->perm & REGION_W) || !r->mem)
			continue;
		uint64_t len = r->end - r->start < page ? r->end - r->start : page;
		if (r->file_off > n || len > n - r->file_off ||
		    memcmp(r->mem, p + r->file_off, len))
			return false;
		*any_ret = true;
	}
	return true;
}

void target_back_file(struct target *t, int file, const uint8_t *p, uint64_t n)
{
	VEC(struct region) todo = {0}; /* target_back() may reorder the regions */

	for (size_t i = 0; i < t->regions.n; i++) {
		const struct region *r = &t->regions.v[i];
		if (r->file == file && lacks_bytes(r) && r->file_off < n)
			VEC_PUSH(&todo, *r);
	}
	for (size_t i = 0; i < todo.n; i++) {
		const struct region *r = &todo.v[i];
		uint64_t len = r->end - r->start;
		if (len > n - r->file_off)
			len = n - r->file_off;
		target_back(t, r->start, r->start + len, p + r->file_off, file, r->file_off);
	}
	VEC_FREE(&todo);
}
