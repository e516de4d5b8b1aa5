#include "main/host.h"

#include <stdio.h>

enum { MAX_FILES = 1024 }; /* looked at for Go code, when the program has none */

static const char *target_words(const struct session *s)
{
	return s->t->kind == TARGET_CORE ? "this core" : "this process";
}

/* "a library (-buildmode=c-shared)"; NULL for programs.  Other build systems record no mode, but
 * libraries have no entry point. */
static char *library_kind(const struct image *img)
{
	static const char *const modes[] = {"c-shared", "plugin", "shared"};
	_cleanup_free_ char *mode = image_build_setting(img, "-buildmode");
	char *ret = NULL;

	for (size_t i = 0; mode && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(mode, modes[i]) &&
		    asprintf(&ret, "a library (-buildmode=%s)", mode) < 0)
			mem_out();
	return ret || !image_is_pie(img) || image_entry(img) ? ret : mem_strdup("a library");
}

/* Is the program that runs a Go program?  Not known when it cannot be opened: then it may be. */
static bool may_be_go(const char *path)
{
	struct image *img;
	struct err *err = image_open(path, &img);

	if (err) {
		err_free(err);
		return true;
	}
	bool go = image_go_version(img);
	image_close(img);
	return go;
}

struct err *host_refuse_library(const struct session *s)
{
	_cleanup_free_ char *kind = library_kind(s->img);
	const char *program = exe_path_of(s->t);

	if (!kind)
		return NULL;
	if (program && !may_be_go(program))
		return err_new(
			ERR_UNSUPPORTED,
			"%s is %s, and %s is of %s, which is not a Go program: Go code in a shared "
			"library cannot be read yet",
			s->exe, kind, target_words(s), program);
	return err_hint(
		err_new(ERR_UNSUPPORTED, "%s is %s, not the program that loaded it", s->exe, kind),
		"give the program with --exe FILE%s%s", program ? ": it is " : "",
		program ? program : "");
}

static bool is_code(const struct target *t, size_t file)
{
	for (size_t i = 0; i < t->regions.n; i++)
		if (t->regions.v[i].file == (int32_t)file && t->regions.v[i].perm & REGION_X)
			return true;
	return false;
}

/* A Go program or library whose code is mapped there, and is not the executable.  NULL: none, or
 * its file is not here. */
static const char *mapped_go(const struct session *s, struct image **ret)
{
	for (size_t i = 0; i < s->t->files.n && i < MAX_FILES; i++) {
		const char *path = s->t->files.v[i].path;
		struct err *err =
			is_code(s->t, i) ? image_open(path, ret) : err_new(ERR_ABSENT, "no code");
		if (!err && image_go_version(*ret))
			return path;
		if (!err)
			image_close(*ret);
		err_free(err);
	}
	return NULL;
}

struct err *host_explain(const struct session *s, struct err *err)
{
	struct image *img;
	const char *path = mapped_go(s, &img);

	if (!path)
		return err;
	_cleanup_free_ char *kind = library_kind(img);
	err_free(err);
	if (kind)
		err = err_new(ERR_UNSUPPORTED,
			      "%s is not a Go program; the Go code is in its library %s (%s), and "
			      "Go code in a shared library "
			      "cannot be read yet",
			      s->exe, path, image_go_version(img));
	else // started through its loader: ld-linux-x86-64.so.2 PROGRAM
		err = err_hint(err_new(ERR_UNSUPPORTED, "%s is not a Go program, it has loaded one",
				       s->exe),
			       "give that with --exe FILE: it is %s", path);
	image_close(img);
	return err;
}
