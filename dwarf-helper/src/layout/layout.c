#include <stddef.h>
#include <stdio.h>

#include "layout/debugfile.h"
#include "layout/layout_internal.h"

enum {
	OLDEST_MINOR = 18,	 /* pclntab and function data as we read them */
	LAST_OLD_MAP_MINOR = 23, // later only with GOEXPERIMENT=noswissmap: hmap a word longer, all
				 // offsets the same
	LAST_OLD_HEAP_MINOR = 21, // and in 1.22 with GOEXPERIMENT=noallocheaders: heapArena begins
				  // with the bitmap of pointers
};

#define S(key, names)
#define F(s, key, path) {LAYOUT_##s, #key, path, true, offsetof(struct layout, s.key)},
#define O(s, key, path) {LAYOUT_##s, #key, path, false, offsetof(struct layout, s.key)},
#define E(s)
#define V(key, name)
#define W(key, name)
const struct layout_item layout_items[] = {
#include "layout/fields.h"
};
#undef S
#undef F
#undef O
#undef V
#undef W
const size_t layout_item_count = sizeof(layout_items) / sizeof(*layout_items);

#define S(key, names) [LAYOUT_##key] = names,
#define F(s, key, path)
#define O(s, key, path)
#define V(key, name)
#define W(key, name)
const char *const layout_struct_names[LAYOUT_STRUCTS] = {
#include "layout/fields.h"
};
#undef S
#undef V
#undef W

#define S(key, names)
#define V(key, name) [LAYOUT_VAR_##key] = name,
#define W(key, name) [LAYOUT_VAR_##key] = name,
const char *const layout_variable_names[LAYOUT_VARIABLES] = {
#include "layout/fields.h"
};
#undef V
#undef W

#define V(key, name) [LAYOUT_VAR_##key] = true,
#define W(key, name)
const bool layout_variable_required[LAYOUT_VARIABLES] = {
#include "layout/fields.h"
};
#undef S
#undef F
#undef O
#undef E
#undef V
#undef W

const struct layout_item *layout_items_of(enum layout_struct_id id, size_t *n_ret)
{
	size_t first = 0;

	while (first < layout_item_count && layout_items[first].strukt != id)
		first++;
	size_t end = first;
	while (end < layout_item_count && layout_items[end].strukt == id)
		end++;
	*n_ret = end - first;
	return layout_items + first;
}

void layout_clear(struct layout *l)
{
	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < layout_item_count; i++)
		layout_field_at(l, &layout_items[i])->off = LAYOUT_NONE;
	l->minor = -1;
	l->table_minor = -1;
}

/* Go's name for a minor release that may be unknown. */
static const char *release_name(int minor, char buf[16])
{
	if (minor < 0)
		return "this release of Go";
	snprintf(buf, 16, "go1.%d", minor);
	return buf;
}

static int newest_table(void)
{
	const int *minors;
	size_t n = layout_table_minors(&minors);

	return minors[n - 1];
}

/* The table to guess from where the release has none: the last one before it, else the oldest; the
 * newest when it is not known. */
static int nearest_table(int minor)
{
	const int *minors;
	size_t n = layout_table_minors(&minors);

	if (minor < 0)
		return minors[n - 1];
	int best = minors[0];
	for (size_t i = 0; i < n && minors[i] <= minor; i++)
		best = minors[i];
	return best;
}

static bool any_go_symbol(const struct image *img)
{
	uint64_t addr, size;

	return image_symbol(img, "runtime.firstmoduledata", &addr, &size) ||
	       image_symbol(img, "runtime.allgs", &addr, &size);
}

static struct err *not_go(const struct image *img)
{
	struct err *err = err_new(ERR_UNSUPPORTED, "'%s' is not a Go program", image_path(img));

	return err_hint(
		err, "if it is wrapped or packed, name the Go executable itself with --exe FILE");
}

/* Is it Go, and not too old?  A file whose version was removed is given the benefit of its symbols
 * or of a debug
 * file. */
static struct err *check_release(const struct image *img, const char *debug_path,
				 struct notes *notes)
{
	const char *version = image_go_version(img);
	int minor = image_go_minor(img);

	if (!version && !debug_path && !any_go_symbol(img))
		return not_go(img);
	if (minor >= 0 && minor < OLDEST_MINOR) {
		struct err *err =
			err_new(ERR_UNSUPPORTED,
				"%s was built with %s, and go1.%d is the oldest supported release",
				image_path(img), version, OLDEST_MINOR);
		return err_hint(err, "rebuild it with a newer Go");
	}
	if (minor > newest_table())
		notes_add(notes, NOTE_WARNING,
			  "go1.%d is newer than this goctx knows (newest: 1.%d); layouts are taken "
			  "from its debug "
			  "information",
			  minor, newest_table());
	if (minor < 0)
		notes_add(notes, NOTE_WARNING,
			  "the Go release of %s is not known (%s); layouts are taken from its "
			  "debug information",
			  image_path(img), version ? version : "it names none");
	return NULL;
}

/* Take one struct over from a table, whole. */
static void copy_struct(struct layout *l, const struct layout *table, enum layout_struct_id id)
{
	size_t n;
	const struct layout_item *items = layout_items_of(id, &n);

	l->s[id] = table->s[id];
	for (size_t i = 0; i < n; i++)
		*layout_field_at(l, &items[i]) = *layout_field_of(table, &items[i]);
	l->from_table++;
}

static bool is_swiss(enum layout_struct_id id)
{
	return id == LAYOUT_swissMap || id == LAYOUT_swissTable || id == LAYOUT_swissMapType;
}

static bool is_old_map(enum layout_struct_id id)
{
	return id == LAYOUT_hmap || id == LAYOUT_oldMapType;
}

/* Types of context, time and sync.Cond are pruned from the debug information of a program that does
 * not use them. */
static bool is_prunable(enum layout_struct_id id)
{
	const char *name = layout_struct_names[id];

	return !strncmp(name, "context.", 8) || !strncmp(name, "time.", 5) ||
	       !strcmp(name, "runtime.notifyList");
}

static bool has_required(enum layout_struct_id id)
{
	size_t n;
	const struct layout_item *items = layout_items_of(id, &n);

	for (size_t i = 0; i < n; i++)
		if (items[i].required)
			return true;
	return false;
}

/* Fill gaps from the table of the very release.  @return false when it has none */
static bool fill_exact(struct layout *l, const struct image *img, struct notes *notes)
{
	const char *version = image_go_version(img);
	bool old_maps = l->minor > LAST_OLD_MAP_MINOR && version && strstr(version, "noswissmap");
	bool old_heap =
		l->minor > LAST_OLD_HEAP_MINOR && version && strstr(version, "noallocheaders");
	bool dwarf = l->source == LAYOUT_DWARF;
	struct layout table, old, heap;

	if (!layout_from_table(l->minor, &table))
		return false;
	if (old_maps && !layout_from_table(LAST_OLD_MAP_MINOR, &old))
		old_maps = false;
	if (old_heap && !layout_from_table(LAST_OLD_HEAP_MINOR, &heap))
		old_heap = false;
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++) {
		const struct layout *from = old_maps && is_old_map(i)		? &old
					    : old_heap && i == LAYOUT_heapArena ? &heap
										: &table;
		if (l->s[i].source != LAYOUT_MISSING || from->s[i].source == LAYOUT_MISSING ||
		    (old_maps && is_swiss(i)))
			continue;
		copy_struct(l, from, i);
		l->table_minor = l->minor;
		if (dwarf && has_required(i) && !is_prunable(i))
			notes_add(notes, NOTE_WARNING,
				  "struct %s is not (wholly) in the debug information; its layout "
				  "is that of go1.%d",
				  layout_struct_names[i], l->minor);
	}
	if (!dwarf)
		l->source = l->s[LAYOUT_g].source;
	const char *experiments = version ? strstr(version, "X:") : NULL;
	if (!dwarf && experiments)
		notes_add(notes, NOTE_WARNING,
			  "built with %s; without debug information the layout of go1.%d without "
			  "it is assumed",
			  experiments, l->minor);
	return true;
}

/*
 * A release without table of its own, by DWARF: what it lacks of package context is what the
 * program does not use, yet readers count on required fields.  The runtime's structs are never
 * guessed.
 */
static void fill_nearest(struct layout *l, struct notes *notes)
{
	struct layout table;
	int nearest = nearest_table(l->minor);
	const char *guessed = NULL;

	if (l->source != LAYOUT_DWARF || !layout_from_table(nearest, &table))
		return;
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++) {
		if (l->s[i].source != LAYOUT_MISSING || table.s[i].source == LAYOUT_MISSING ||
		    !is_prunable(i) || !has_required(i))
			continue;
		copy_struct(l, &table, i);
		l->table_minor = nearest;
		guessed = layout_struct_names[i];
	}
	if (guessed)
		notes_add(notes, NOTE_WARNING,
			  "struct %s is not in the debug information; its layout is that of go1.%d",
			  guessed, nearest);
}

/* DWARF of the executable or of its debug file; damaged is as good as none, but said. */
static struct err *read_debug(const struct image *img, const char *debug_path, struct notes *notes,
			      struct layout_debug *d, struct layout *ret)
{
	layout_clear(ret);
	struct err *err = layout_open_debug(img, debug_path, notes, d);
	if (err && debug_path)
		return err;
	if (!err && d->debug)
		err = layout_read_debug(d->debug, ret);
	if (err) {
		notes_add(notes, NOTE_WARNING,
			  "the debug information is not used, it is damaged: %s", err->msg);
		err_free(err);
		layout_clear(ret);
	}
	ret->minor = image_go_minor(img);
	return NULL;
}

static bool in_image(const struct image *img, uint64_t addr)
{
	const struct image_segment *s;
	size_t n = image_segments(img, &s);

	for (size_t i = 0; i < n; i++)
		if (addr >= s[i].vaddr && addr - s[i].vaddr < s[i].memsz)
			return true;
	return false;
}

/* Variables that DWARF did not have come from .symtab, of the executable or of its debug file. */
static void find_variables(struct layout *l, const struct image *img,
			   const struct image *debug_file, uint64_t bias)
{
	for (size_t i = 0; i < LAYOUT_VARIABLES; i++) {
		struct layout_variable *v = &l->var[i];
		const char *name = layout_variable_names[i];
		v->found = v->found && in_image(img, v->addr);
		if (!v->found)
			v->found = image_symbol(img, name, &v->addr, &v->size);
		if (!v->found && debug_file)
			v->found = image_symbol(debug_file, name, &v->addr, &v->size);
		v->found = v->found && in_image(img, v->addr);
		if (v->found)
			v->addr += bias;
		else
			*v = (struct layout_variable){0};
	}
}

/*
 * `go test` and `go run` leave out all symbols of what they run themselves, in a folder of the name
 * that is made for them (cmd/go/internal/work/gc.go, cmd/go/internal/load/pkg.go: OmitDebug).
 */
static struct err *no_debug_info(struct err *err, const struct image *img)
{
	const char *path = image_path(img);
	size_t n = strlen(path);

	if (strstr(path, "/go-build") && n > 5 && !strcmp(path + n - 5, ".test"))
		return err_hint(err, "`go test` links without symbols: build the test with `go "
				     "test -c` and run that");
	if (strstr(path, "/go-build") && strstr(path, "/exe/"))
		return err_hint(err, "`go run` links without symbols: build the program with `go "
				     "build` and run that");
	return err_hint(err, "rebuild without -ldflags=-s or -w, or give the unstripped file of "
			     "the same build with "
			     "--exe FILE, or a "
			     "separate debug file with --debug FILE");
}

static struct err *check_variables(const struct layout *l, const struct image *img)
{
	size_t found = 0, missing = LAYOUT_VARIABLES;

	for (size_t i = 0; i < LAYOUT_VARIABLES; i++) {
		found += l->var[i].found;
		if (layout_variable_required[i] && !l->var[i].found && missing == LAYOUT_VARIABLES)
			missing = i;
	}
	if (missing == LAYOUT_VARIABLES)
		return NULL;
	if (!found)
		return no_debug_info(err_new(ERR_NO_DEBUG_INFO,
					     "%s: no debug information and no symbol table",
					     image_path(img)),
				     img);
	return err_new(
		ERR_BAD_DATA,
		"%s: variable %s is neither in the debug information nor in the symbol table",
		image_path(img), layout_variable_names[missing]);
}

/* Nothing for runtime.g, neither DWARF nor table: say which of the two could be helped. */
static struct err *no_layout(const struct layout *l, const struct image *img)
{
	char name[16];

	if (!image_go_version(img) && !any_go_symbol(img))
		return not_go(img);
	return no_debug_info(
		err_new(ERR_NO_DEBUG_INFO,
			"%s: no debug information, and goctx has no table of layouts for %s",
			image_path(img), release_name(l->minor, name)),
		img);
}

static struct err *compose(const struct image *img, uint64_t bias, const char *debug_path,
			   struct notes *notes, struct layout_debug *d, struct layout *ret)
{
	struct err *err = read_debug(img, debug_path, notes, d, ret);

	if (err)
		return err;
	find_variables(ret, img, d->file, bias);
	if (!fill_exact(ret, img, notes))
		fill_nearest(ret, notes);
	layout_set_facts(ret);
	err = check_variables(ret, img);
	if (err && err->kind == ERR_NO_DEBUG_INFO)
		return err;
	if (ret->source == LAYOUT_MISSING) {
		err_free(err);
		return no_layout(ret, img);
	}
	if (!err)
		err = err_wrap(layout_check(ret), "%s", image_path(img));
	if (err && ret->minor > newest_table())
		err_hint(err,
			 "a goctx that knows go1.%d may help; this one was made for releases up to "
			 "go1.%d",
			 ret->minor, newest_table());
	return err;
}

struct err *layout_load(const struct image *img, uint64_t bias, const char *debug_path,
			struct notes *notes, struct layout *ret)
{
	struct layout_debug d = {0};

	layout_clear(ret);
	struct err *err = check_release(img, debug_path, notes);
	if (!err)
		err = compose(img, bias, debug_path, notes, &d, ret);
	ret->debug_path = debug_path;
	layout_close_debug(&d);
	return err;
}
