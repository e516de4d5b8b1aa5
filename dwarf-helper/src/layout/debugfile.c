#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "layout/debugfile.h"

#define DEBUG_ROOT "/usr/lib/debug"

void layout_close_debug(struct layout_debug *d)
{
	if (d->debug)
		debug_close(d->debug); // before the file that it reads
	if (d->file)
		image_close(d->file);
	*d = (struct layout_debug){0};
}

/* Linkers of programs without build ids leave at least this: what a build has where.  A debug file
 * keeps the section headers. */
static const char *moved_section(const struct image *a, const struct image *b)
{
	static const char *const names[] = {".text",	  ".rodata",   ".gopclntab",
					    ".typelink",  ".itablink", ".data",
					    ".noptrdata", ".bss",      ".noptrbss"};
	uint64_t addr[2], size[2];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (image_section(a, names[i], &addr[0], &size[0]) &&
		    image_section(b, names[i], &addr[1], &size[1]) &&
		    (addr[0] != addr[1] || size[0] != size[1]))
			return names[i];
	return NULL;
}

/*
 * "their build ids differ"; NULL: the same build, as far as both have ids.  Go's own id is there in
 * every release, unless the program is linked with -buildid=; the GNU one only since 1.24 or with
 * cgo.  Malloc'ed.
 */
static char *what_differs(const struct image *a, const struct image *b)
{
	const char *ga = image_gnu_build_id(a), *gb = image_gnu_build_id(b);
	const char *oa = image_go_build_id(a), *ob = image_go_build_id(b);
	char *ret = NULL;

	if ((ga && gb) || (oa && ob)) {
		bool same = ga && gb ? !strcmp(ga, gb) : !strcmp(oa, ob);
		return same ? NULL : mem_strdup("their build ids differ");
	}
	const char *moved = moved_section(a, b);
	if (moved && asprintf(&ret, "section %s of the two differs in place or size", moved) < 0)
		mem_out();
	return ret;
}

/* Debug information of one opened file; having none is no failure. */
static struct err *open_of(const struct image *img, struct debug **ret)
{
	*ret = NULL;
	struct err *err = debug_open(img, ret);
	err_catch(&err, ERR_NO_DEBUG_INFO);
	return err;
}

/* The file that the user named: everything wrong with it is said. */
static struct err *open_named(const struct image *img, const char *path, struct layout_debug *ret)
{
	struct err *err = image_open(path, &ret->file);

	if (err)
		return err;
	_cleanup_free_ char *differs = what_differs(img, ret->file);
	if (differs) {
		err = err_new(ERR_BAD_DATA, "%s does not belong to %s: %s", path, image_path(img),
			      differs);
		return err_hint(err, "give the debug file of the same build");
	}
	return err_wrap(open_of(ret->file, &ret->debug), "%s", path);
}

/* A file that lies where debug files lie.  True: it is the one, with debug information. */
static bool try_candidate(const struct image *img, const char *path, struct notes *notes,
			  struct layout_debug *ret)
{
	if (access(path, R_OK))
		return false;
	struct err *err = image_open(path, &ret->file);
	_cleanup_free_ char *differs = err ? NULL : what_differs(img, ret->file);
	if (differs)
		err = err_new(ERR_BAD_DATA, "it is of another build than %s, %s", image_path(img),
			      differs);
	if (!err)
		err = open_of(ret->file, &ret->debug);
	if (err && notes)
		notes_add(notes, NOTE_WARNING, "debug file %s is not used: %s", path, err->msg);
	err_free(err);
	if (ret->debug)
		return true;
	layout_close_debug(ret);
	return false;
}

/* The folder of the executable, links resolved as GDB does it; "." when that fails. */
static void folder_of(const struct image *img, char ret[PATH_MAX])
{
	char *slash = realpath(image_path(img), ret) ? strrchr(ret, '/') : NULL;

	if (slash)
		*slash = '\0';
	else
		strcpy(ret, ".");
}

static bool find_separate(const struct image *img, struct notes *notes, struct layout_debug *ret)
{
	static const char *const places[][2] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_ROOT, "/"}};
	char path[2 * PATH_MAX], folder[PATH_MAX];
	const char *id = image_gnu_build_id(img), *link = image_debuglink(img);

	if (id && strlen(id) > 2) {
		snprintf(path, sizeof(path), DEBUG_ROOT "/.build-id/%.2s/%s.debug", id, id + 2);
		if (try_candidate(img, path, notes, ret))
			return true;
	}
	if (!link || !*link || strchr(link, '/'))
		return false;
	folder_of(img, folder);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int n = snprintf(path, sizeof(path), "%s%s%s%s", places[i][0], folder, places[i][1],
				 link);
		if (n < (int)sizeof(path) && try_candidate(img, path, notes, ret))
			return true;
	}
	return false;
}

struct err *layout_open_debug(const struct image *img, const char *debug_path, struct notes *notes,
			      struct layout_debug *ret)
{
	struct err *err = debug_path ? open_named(img, debug_path, ret) : open_of(img, &ret->debug);

	if (err)
		layout_close_debug(ret);
	else if (!debug_path && !ret->debug)
		find_separate(img, notes, ret);
	return err;
}
