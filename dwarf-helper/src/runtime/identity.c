#include "runtime/identity_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	MAX_MODULES = 64,
	MAX_MODULE_WORDS = 512,
};
/* bytes of read-only data compared in one piece */
#define MAX_RANGE (UINT64_C(1) << 28)

/* Which words of the file must be the target's. */
enum rule {
	WORDS_SET,	 /* those that are not zero in the file */
	WORDS_ALL,	 /* all whose value follows from the file */
	WORDS_RELOCATED, /* addresses only */
};

void identity_free(struct identity *id)
{
	free(id->there);
	free(id->differs);
	*id = (struct identity){0};
}

static char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		mem_out();
	va_end(ap);
	return s;
}

static bool is_asked(enum rule rule, enum image_word from, uint64_t here)
{
	return from == WORD_RELOCATED ||
	       (from == WORD_OF_FILE && (rule == WORDS_ALL || (rule == WORDS_SET && here)));
}

/* Compare [start, start + 8 * n), what the target has of its own.  @return whether all that was
 * compared is the same */
static bool compare(struct comparison *c, taddr start, size_t n, enum rule rule)
{
	_cleanup_free_ uint64_t *here = mem_zalloc((n + 1) * sizeof(*here));
	_cleanup_free_ uint8_t *from = mem_zalloc(n + 1);
	uint64_t before = c->different;

	image_loaded(c->img, start - c->bias, n, c->bias, here, from);
	for (size_t i = 0; i < n; i++) {
		uint64_t there;
		const uint8_t *p = is_asked(rule, from[i], here[i])
					   ? target_own(c->t, start + i * 8, 8)
					   : NULL;
		if (!p)
			continue;
		memcpy(&there, p, 8);
		c->compared++;
		if (there == here[i])
			continue;
		if (!c->different++) {
			c->at = start + i * 8;
			c->there = there;
			c->here = here[i];
		}
	}
	return c->different == before;
}

/* ---- module data ---- */

/* "etext": the field of moduledata that a word belongs to; NULL when the layout does not name
 * it. */
static char *field_at(const struct layout *l, uint64_t off)
{
	enum { SLICE = 24 };

	for (size_t i = 0; i < layout_item_count; i++) {
		const struct layout_item *item = &layout_items[i];
		const struct layout_field *f = layout_field_of(l, item);
		if (item->strukt != LAYOUT_moduledata || !LAYOUT_HAS(*f) || off < (uint64_t)f->off)
			continue;
		if (off - (uint64_t)f->off < (f->size ? f->size : SLICE))
			return mem_strndup(item->path, strcspn(item->path, "|"));
	}
	return NULL;
}

static bool same_module(struct comparison *c, taddr module, const char *name, char **differs_ret)
{
	size_t n = c->l->s[LAYOUT_moduledata].size / 8;

	if (compare(c, module, n < MAX_MODULE_WORDS ? n : MAX_MODULE_WORDS, WORDS_SET))
		return true;
	_cleanup_free_ char *field = field_at(c->l, c->at - module);
	*differs_ret =
		field ? text("%s of %s is 0x%" PRIx64 " there, 0x%" PRIx64 " here", field, name,
			     c->there, c->here)
		      : text("word %" PRIu64 " of %s is 0x%" PRIx64 " there, 0x%" PRIx64 " here",
			     (c->at - module) / 8, name, c->there, c->here);
	return false;
}

/* A Go string that the linker made: pointer and length. */
static bool same_string(struct comparison *c, enum layout_variable_id id, char **differs_ret)
{
	const struct layout_variable *v = &c->l->var[id];

	if (!v->found || compare(c, v->addr, 2, WORDS_SET))
		return true;
	*differs_ret = text("%s of %s is 0x%" PRIx64 " there, 0x%" PRIx64 " here",
			    c->at == v->addr ? "address" : "length", layout_variable_names[id],
			    c->there, c->here);
	return false;
}

static bool same_types(struct comparison *c, char **differs_ret)
{
	if (identity_itabs_fit(c))
		return true;
	*differs_ret = text("%" PRIu64 " of %" PRIu64
			    " interface tables there are of other types than here",
			    c->different, c->compared);
	return false;
}

/* ---- read-only data ---- */

/* Compare the target's own pages of [start, end) that it cannot write. */
static bool same_range(struct comparison *c, taddr start, taddr end, enum rule rule)
{
	bool same = true;

	for (size_t i = 0; same && i < c->t->regions.n; i++) {
		const struct region *r = &c->t->regions.v[i];
		taddr lo = r->start > start ? r->start : start, hi = r->end < end ? r->end : end;
		if (lo >= hi || r->perm & (REGION_W | REGION_X) ||
		    (r->source != SOURCE_CORE && r->source != SOURCE_LIVE))
			continue;
		lo = (lo + 7) & ~UINT64_C(7);
		if (lo < hi)
			same = compare(c, lo, (hi - lo < MAX_RANGE ? hi - lo : MAX_RANGE) / 8,
				       rule);
	}
	return same;
}

/*
 * Segments without write permission, and of the relocated ones the type descriptors, which nobody
 * writes; C libraries do write to theirs before it is made read-only.  The file's first page holds
 * headers that strip(1) rewrites.
 */
static bool same_constants(struct comparison *c, taddr module, char **differs_ret)
{
	const struct image_segment *s;
	uint64_t types, etypes, page = c->t->page_bytes;
	bool same = true;

	for (size_t i = 0, n = image_segments(c->img, &s); same && i < n; i++) {
		uint64_t skip = s[i].offset < page ? page - s[i].offset : 0;
		if (!(s[i].perm & (REGION_W | REGION_X)) && s[i].filesz > skip)
			same = same_range(c, s[i].vaddr + c->bias + skip,
					  s[i].vaddr + c->bias + s[i].filesz, WORDS_ALL);
	}
	if (same && target_u64(c->t, module + (uint64_t)c->l->moduledata.types.off, &types) &&
	    target_u64(c->t, module + (uint64_t)c->l->moduledata.etypes.off, &etypes))
		same = same_range(c, types, etypes, WORDS_ALL);
	if (!same)
		*differs_ret = text("read-only data at 0x%" PRIx64 " is 0x%" PRIx64
				    " there, 0x%" PRIx64 " here",
				    c->at, c->there, c->here);
	return same;
}

/* ---- the decision ---- */

static void conclude(const struct comparison *c, struct identity *id)
{
	id->match = id->differs ? BUILD_DIFFERENT : c->compared ? BUILD_SAME : BUILD_UNKNOWN;
	id->by = id->match == BUILD_UNKNOWN ? IDENTITY_BY_NOTHING : IDENTITY_BY_DATA;
}

void identity_by_build_id(const struct image *img, struct target *t, struct identity *id)
{
	id->match = image_match(img, t, &id->there);
	id->by = id->match == BUILD_UNKNOWN ? IDENTITY_BY_NOTHING : IDENTITY_BY_BUILD_ID;
}

void identity_by_data(const struct image *img, struct target *t, const struct layout *l,
		      uint64_t bias, struct identity *id)
{
	struct comparison c = {.img = img, .t = t, .l = l, .bias = bias};
	taddr module = l->var[LAYOUT_VAR_firstmoduledata].addr;

	if (!t->truncated && target_region_at(t, module) < 0)
		id->differs = text("%s, 0x%" PRIx64 " here, is not mapped there",
				   layout_variable_names[LAYOUT_VAR_firstmoduledata], module);
	else if (same_module(&c, module, layout_variable_names[LAYOUT_VAR_firstmoduledata],
			     &id->differs) &&
		 same_string(&c, LAYOUT_VAR_buildVersion, &id->differs) &&
		 same_string(&c, LAYOUT_VAR_modinfo, &id->differs) &&
		 t->kind != TARGET_REMOTE && // over a slow line all constants are too much to ask
		 same_constants(&c, module, &id->differs)) {
		struct comparison types = {.img = img, .t = t, .l = l, .bias = bias};
		same_types(&types, &id->differs);
	}
	conclude(&c, id);
}

taddr identity_module_of_file(struct target *t, const struct layout *l, int32_t file)
{
	taddr a = l->var[LAYOUT_VAR_firstmoduledata].addr;

	for (int i = 0; i < MAX_MODULES && a; i++) {
		int r = target_region_at(t, a);
		if (r >= 0 && t->regions.v[r].file == file)
			return a;
		if (!target_u64(t, a + (uint64_t)l->moduledata.next.off, &a))
			break;
	}
	return 0;
}

/* No Go: what neither the object itself nor its loader writes late. */
static void compare_library(struct comparison *c, struct identity *id)
{
	const struct image_segment *s;
	const uint64_t page = c->t->page_bytes;
	bool same = true;

	for (size_t i = 0, n = image_segments(c->img, &s); same && i < n; i++) {
		taddr start = s[i].vaddr + c->bias, end = start + s[i].filesz;
		if (s[i].perm & REGION_W)
			same_range(c, start, end, WORDS_RELOCATED);
		else
			same = same_range(c, start, end < start + page ? end : start + page,
					  WORDS_ALL);
	}
	if (!same || c->different > c->compared / 2)
		id->differs =
			text("data at 0x%" PRIx64 " is 0x%" PRIx64 " there, 0x%" PRIx64 " here",
			     c->at, c->there, c->here);
}

void identity_of_library(const struct image *img, struct target *t, const struct layout *l,
			 int32_t file, struct identity *id)
{
	struct comparison c = {.img = img, .t = t, .l = l};
	taddr module = identity_module_of_file(t, l, file);

	id->match = image_match_at(img, t, t->files.v[file].start, &id->there);
	id->by = IDENTITY_BY_BUILD_ID;
	if (id->match != BUILD_UNKNOWN)
		return;
	if (!image_bias_of_file(img, t, file, &c.bias) || !image_fits_maps(img, t, file, c.bias))
		id->differs = text("it is not mapped there as its program headers say");
	else if (!module)
		compare_library(&c, id);
	else if (same_module(&c, module, "its module data", &id->differs))
		same_constants(&c, module, &id->differs);
	conclude(&c, id);
}
