/*
 * Which executable a target runs, and the other files that are mapped into it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/session.h"

/* Index into t->files of the file mapped at @p a, -1. */
static int file_at(const struct target *t, taddr a)
{
	int r = a ? target_region_at(t, a) : -1;

	return r < 0 ? -1 : t->regions.v[r].file;
}

/* A Go executable is mapped below every library when it is no PIE; otherwise the auxiliary vector
 * tells. */
static int exe_file(const struct target *t)
{
	int f = file_at(t, t->phdr);

	if (f < 0)
		f = file_at(t, t->entry);
	for (size_t i = 0; f < 0 && i < t->files.n; i++)
		if (!strstr(t->files.v[i].path, ".so"))
			f = (int)i;
	return f >= 0 && (size_t)f < t->files.n ? f : -1;
}

const char *exe_path_of(const struct target *t)
{
	int f = exe_file(t);

	return f < 0 ? NULL : t->files.v[f].path;
}

/* The kernel appends this to the name of a file that is gone. */
static char *without_deleted(const char *path)
{
	static const char tail[] = " (deleted)";
	size_t n = strlen(path);

	if (n > sizeof(tail) && !strcmp(path + n - (sizeof(tail) - 1), tail))
		n -= sizeof(tail) - 1;
	return mem_strndup(path, n);
}

static char *beside(const char *core, const char *path)
{
	const char *slash = strrchr(core, '/'), *base = strrchr(path, '/');
	char *s;

	base = base ? base + 1 : path;
	if (asprintf(&s, "%.*s%s", slash ? (int)(slash + 1 - core) : 0, core, base) < 0)
		mem_out();
	return s;
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/*
 * linux/fs/binfmt_elf.c (fill_files_note) leaves NT_FILE out when it would be as long as
 * kernel.core_file_note_size_limit, by default 4 MiB: from 65 536 mappings on.
 */
static struct err *no_name(const struct target *t)
{
	enum { MANY = 60000 };

	if (t->truncated)
		return err_hint(err_new(ERR_ABSENT, "the core does not name its executable: the "
						    "end of the file is missing"),
				"give it with --exe FILE");
	if (t->files.n)
		return err_hint(err_new(ERR_ABSENT, "the core does not name its executable"),
				"give it with --exe FILE");
	struct err *e =
		err_new(ERR_ABSENT,
			"the core does not name its executable: it has no list of mapped files");
	if (t->regions.n >= MANY)
		return err_hint(e, "give it with --exe FILE, then the core is read like any other: "
				   "the kernel leaves that list out of "
				   "cores with as many mappings as this one has");
	return err_hint(e, "give it with --exe FILE, then the core is read like any other: not "
			   "every tool writes that list");
}

struct err *exe_of_core(const struct target *t, const char *core, char **path_ret)
{
	int f = exe_file(t);

	if (f < 0)
		return no_name(t);
	char *path = without_deleted(t->files.v[f].path);
	if (is_file(path)) {
		*path_ret = path;
		return NULL;
	}
	char *near = beside(core, path);
	if (is_file(near)) {
		free(path);
		*path_ret = near;
		return NULL;
	}
	struct err *e =
		err_hint(err_new(ERR_ABSENT, "executable %s of this core is not here, nor is %s",
				 path, near),
			 "copy it here and give it with --exe FILE");
	free(near);
	free(path);
	return e;
}

struct err *exe_of_process(int pid, char **path_ret, char **name_ret)
{
	char link[64], name[PATH_MAX];
	struct stat by_link, by_name;

	snprintf(link, sizeof(link), "/proc/%d/exe", proc_reader(pid));
	ssize_t n = readlink(link, name, sizeof(name) - 1);
	if (n < 0)
		return err_hint(err_os(errno, "cannot see the executable of process %d", pid),
				"run as the user of that process or as root (CAP_SYS_PTRACE), or "
				"give it with --exe FILE");
	name[n] = '\0';
	*name_ret = without_deleted(name);
	// Another file may have taken the name since; the link always leads to the one that runs.
	bool same = !stat(link, &by_link) && !stat(name, &by_name) &&
		    by_link.st_dev == by_name.st_dev && by_link.st_ino == by_name.st_ino;
	*path_ret = mem_strdup(same ? name : link);
	return NULL;
}

static void unmap_file(struct session_map *map)
{
	if (map->img)
		image_close(map->img);
	else if (map->p)
		munmap((void *)(uintptr_t)map->p, map->n);
	*map = (struct session_map){0};
}

/* Map a file, as an image when it is ELF.  *st_ret: how old it is. */
static bool map_file(const char *path, struct session_map *ret, struct stat *st_ret)
{
	uint64_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*ret = (struct session_map){0};
	if (fd < 0)
		return false;
	bool regular = !fstat(fd, st_ret) && S_ISREG(st_ret->st_mode) && st_ret->st_size > 0;
	struct err *err = regular ? image_open(path, &ret->img) : NULL;
	if (regular && !err) {
		ret->p = image_bytes(ret->img, &size);
		ret->n = size;
	} else if (regular) {
		void *p =
			mmap(NULL, ret->n = (size_t)st_ret->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		ret->p = p == MAP_FAILED ? NULL : p;
	}
	err_free(err);
	close(fd);
	return ret->p != NULL;
}

/* Where nothing can be compared a file that is older than the core is taken for the one that was
 * loaded. */
static bool is_that_file(struct session *s, int file, const struct session_map *map,
			 const struct stat *st, struct identity *id)
{
	bool any = false;

	if (map->img)
		identity_of_library(map->img, s->t, &s->layout, file, id);
	else if (!target_same_pages(s->t, file, map->p, map->n, &any))
		id->match = BUILD_DIFFERENT;
	else
		id->match = any ? BUILD_SAME : BUILD_UNKNOWN;
	return id->match == BUILD_SAME ||
	       (id->match == BUILD_UNKNOWN &&
		st->st_ctim.tv_sec * INT64_C(1000000000) < s->t->taken_wall_ns);
}

/* Functions and constants of a plugin are in its pages, its types are relocated and thus in the
 * core: the answer is in part. */
static void note_plugin(struct session *s, int file, const struct identity *id)
{
	const char *path = s->t->files.v[file].path;

	if (!identity_module_of_file(s->t, &s->layout, file))
		return;
	if (id->match == BUILD_DIFFERENT)
		notes_add(&s->notes, NOTE_DAMAGE,
			  "%s is not the plugin that was loaded (%s): its functions and constants "
			  "are not known",
			  path, id->differs ? id->differs : "another build id");
	else
		notes_add(&s->notes, NOTE_DAMAGE,
			  "plugin %s is not here: its functions and constants are not known", path);
}

/* Map a file if it is the one that was loaded. */
static bool map_library(struct session *s, int file, struct session_map *ret)
{
	struct identity id = {0};
	struct stat st;
	bool same = map_file(s->t->files.v[file].path, ret, &st) &&
		    is_that_file(s, file, ret, &st, &id);

	if (!same) {
		note_plugin(s, file, &id);
		unmap_file(ret);
	}
	identity_free(&id);
	return same;
}

void session_unmap(struct session *s)
{
	for (size_t i = 0; i < s->maps.n; i++)
		unmap_file(&s->maps.v[i]);
	VEC_FREE(&s->maps);
}

void session_back_libraries(struct session *s)
{
	enum { MAX_LIBRARIES = 256 };
	_cleanup_free_ bool *lacks = target_lacking_files(s->t);

	for (size_t i = 0; i < s->t->files.n && s->maps.n < MAX_LIBRARIES; i++) {
		struct session_map map;
		if (s->t->files.v[i].used || !lacks[i] || !map_library(s, (int)i, &map))
			continue;
		VEC_PUSH(&s->maps, map);
		target_back_file(s->t, (int)i, map.p, map.n);
	}
}
