#include "main/host.h"

#include <stdio.h>

#include "runtime/open.h"
#include "runtime/others.h"

void session_init(struct session *s, const struct session_options *opt,
		  volatile sig_atomic_t *cancel)
{
	memset(s, 0, sizeof(*s));
	s->opt = *opt;
	s->cancel = cancel;
}

/* ---- opening ---- */

/* Half of what the machine can spare: a snapshot must not drive anything else out of memory. */
static uint64_t snapshot_limit(void)
{
	char line[128];
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib * 1024 / 2;
}

static struct err *open_core(struct session *s)
{
	struct err *err = core_open(s->opt.core, &s->notes, &s->t);
	char *found = NULL;

	if (err)
		return err;
	if (!s->opt.exe && (err = exe_of_core(s->t, s->opt.core, &found)))
		return err;
	s->exe = found ? found : mem_strdup(s->opt.exe);
	s->core_name = mem_strdup(s->opt.core);
	return image_open(s->exe, &s->img);
}

/* The executable cannot be seen: mostly the process is gone or not ours, and proc_open() says that
 * better. */
static struct err *why_not_process(const struct proc_options *opt, struct session *s,
				   struct err *err)
{
	struct err *why = proc_open(opt, &s->notes, &s->t);

	if (!why)
		return err;
	err_free(err);
	return why;
}

/* After the copy the process may run. */
static void copy_memory(struct session *s)
{
	s->copied = proc_snapshot(s->t, snapshot_limit());
	if (s->copied)
		target_release(s->t);
}

/*
 * The executable is opened before the process is stopped, so that it stands still only for the
 * copy.  Without @p copy it is held until the answer is given: the few pages wanted are read one by
 * one.
 */
static struct err *open_process(struct session *s, bool copy)
{
	/* Held by GDB it stays stopped: what is asked for is read when it is asked for. */
	bool snapshot = copy && !s->opt.no_stop;
	struct proc_options opt = {.pid = s->opt.pid,
				   .no_stop = s->opt.no_stop,
				   .mem_fd = s->opt.mem_fd,
				   .prepare_bytes = snapshot ? snapshot_limit() : 0};
	char *path = NULL;
	struct err *err;

	if (s->opt.exe)
		s->exe = mem_strdup(s->opt.exe);
	else if ((err = exe_of_process(s->opt.pid, &path, &s->exe)))
		return why_not_process(&opt, s, err);
	err = image_open(path ? path : s->exe, &s->img);
	free(path);
	if (err || (err = proc_open(&opt, &s->notes, &s->t)))
		return err;
	if (asprintf(&s->core_name, "process %d", s->opt.pid) < 0)
		mem_out();
	if (s->opt.proxy) // /proc tells two registers of a thread that somebody else holds
		proxy_threads(s->t, s->opt.source);
	if (snapshot)
		copy_memory(s);
	return *s->cancel ? err_interrupted() : NULL;
}

static struct err *open_proxy(struct session *s)
{
	struct err *err;

	s->exe = mem_strdup(s->opt.exe);
	if ((err = image_open(s->exe, &s->img)) ||
	    (err = proxy_open(s->opt.source, image_arch(s->img), s->opt.pid, &s->notes, &s->t)))
		return err;
	s->core_name = mem_strdup(s->t->name);
	return *s->cancel ? err_interrupted() : NULL;
}

/* "9a1c3f…" for the message; the hint has it in full. */
static int id_len(const char *id)
{
	return strlen(id) > 16 ? 12 : 16;
}

/* "build id 9a1c… there, 77b0… here", or what of the data. */
static char *what_differs(const struct session *s)
{
	const char *gnu = image_gnu_build_id(s->img), *go = image_go_build_id(s->img),
		   *there = s->identity.there;
	char *ret;

	if (s->identity.differs)
		return mem_strdup(s->identity.differs);
	if (!there)
		there = "none";
	// The same kind of id for both: Go's has slashes, GNU's is hexadecimal.
	const char *here = strchr(there, '/') ? go : gnu;
	if (!here)
		here = gnu ? gnu : go ? go : "none";
	if (asprintf(&ret, "build id %.*s%s there, %.*s%s here", id_len(there), there,
		     strlen(there) > 16 ? "…" : "", id_len(here), here,
		     strlen(here) > 16 ? "…" : "") < 0)
		mem_out();
	return ret;
}

static struct err *another_build(const struct session *s)
{
	const char *made = s->t->kind == TARGET_CORE ? "made this core" : "this process runs",
		   *there = s->identity.there;
	_cleanup_free_ char *what = what_differs(s);
	struct err *e = err_new(ERR_BAD_DATA, "executable %s is not the one that %s (%s)", s->exe,
				made, what);

	if (there && strspn(there, "0123456789abcdef") == strlen(there) && strlen(there) >= 16)
		return err_hint(e,
				"give the right one with --exe FILE, or look it up by its build "
				"id: debuginfod-find executable %s",
				there);
	return err_hint(e, "give the right one with --exe FILE");
}

/* By build ids at once; by data once the layout tells where it is. */
static struct err *check_identity(struct session *s)
{
	identity_by_build_id(s->img, s->t, &s->identity);
	if (s->identity.match == BUILD_DIFFERENT)
		return another_build(s);
	struct err *err = layout_load(s->img, s->bias, s->opt.debug, &s->notes, &s->layout);
	if (err && !image_go_version(s->img) && err->kind == ERR_UNSUPPORTED)
		err = host_explain(s, err);
	if (err || s->identity.match == BUILD_SAME)
		return err;
	identity_by_data(s->img, s->t, &s->layout, s->bias, &s->identity);
	if (s->identity.match == BUILD_DIFFERENT)
		return another_build(s);
	if (s->identity.match == BUILD_UNKNOWN)
		notes_add(&s->notes, NOTE_WARNING,
			  "nothing tells whether %s is the executable that %s: neither a build id "
			  "nor its data",
			  s->exe,
			  s->t->kind == TARGET_CORE ? "made this core" : "this process runs");
	return NULL;
}

static void describe(struct session *s)
{
	s->where.exe = s->exe;
	s->where.core = s->core_name;
	s->where.match = s->identity.match;
	s->where.by = s->identity.by;
	s->where.gnu_build_id = image_gnu_build_id(s->img);
	s->where.go_build_id = image_go_build_id(s->img);
	s->where.go_version = image_go_version(s->img);
	s->where.main_module = image_main_module(s->img);
	s->where.module_path = image_module_path(s->img);
	s->where.module_version = image_module_version(s->img);
	s->where.vcs_revision = s->vcs_revision = image_build_setting(s->img, "vcs.revision");
	if (s->t->kind == TARGET_PROCESS)
		s->where.host = s->host = proc_host(s->t->pid);
	s->where.debug = s->opt.debug;
}

/* Read pages that are never written from the local executable; over a slow link this avoids most
 * remote reads. */
static void read_from_file(struct session *s)
{
	const struct image_segment *v;
	size_t n = image_segments(s->img, &v);

	for (size_t i = 0; i < n; i++)
		if (!(v[i].perm & REGION_W) && v[i].filesz == v[i].memsz)
			proxy_drop(s->t, (v[i].vaddr + s->bias) & ~UINT64_C(4095),
				   (v[i].vaddr + s->bias + v[i].memsz + 4095) & ~UINT64_C(4095));
}

static struct err *open_runtime(struct session *s, bool copy)
{
	struct err *err = s->opt.core			      ? open_core(s)
			  : s->opt.proxy && s->opt.mem_fd < 0 ? open_proxy(s)
							      : open_process(s, copy);

	if (err)
		return err;
	s->bias = image_bias(s->img, s->t);
	if ((err = host_refuse_library(s)) || (err = check_identity(s)))
		return err;
	if (s->t->kind == TARGET_REMOTE && s->identity.match == BUILD_SAME)
		read_from_file(s);
	image_back_target(s->img, s->t);
	if (s->opt.core)
		session_back_libraries(s);
	describe(s);
	err = runtime_open(&s->rt, s->t, s->img, &s->layout, s->bias, &s->notes, s->cancel);
	s->has_runtime = !err;
	if (!err)
		others_tell(&s->rt);
	s->opened = notes_mark(&s->notes);
	if (err && s->t->truncated && err->kind == ERR_BAD_DATA)
		err = err_hint(
			err_wrap(err, "too little of the core file is left"),
			"the dump was cut (ulimit -c, or the disk was full): take another one");
	return err;
}

/* ---- the model ---- */

static bool model_suffices(const struct session *s, const struct model_options *need)
{
	return s->has_model && (need->no_tasks || !s->has.no_tasks) &&
	       (need->no_contexts || !s->has.no_contexts);
}

static void drop_model(struct session *s)
{
	if (s->has_model)
		model_free(&s->m);
	if (s->has_runtime)
		notes_rewind(&s->notes, &s->opened);
	s->has_model = false;
}

struct err *session_model(struct session *s, const struct model_options *need)
{
	bool copy = !need->no_tasks || !need->no_contexts;
	struct err *err = NULL;

	if (s->spent)
		session_close(s);
	if (model_suffices(s, need))
		return NULL;
	if (!s->has_runtime)
		err = open_runtime(s, copy); // on failure has_runtime stays false
	if (!err) {
		drop_model(s);
		memset(&s->m, 0, sizeof(s->m));
		err = model_build(&s->rt, need, &s->m);
		s->has_model = !err;
		s->has = *need;
	}
	if (session_ended(s)) {
		err_free(err);
		err = session_why_ended(s);
	}
	if (err && !s->has_runtime)
		session_close(s);
	return err;
}

bool session_ended(const struct session *s)
{
	return s->t && s->t->ended;
}

struct err *session_why_ended(struct session *s)
{
	struct err *err =
		err_hint(err_new(ERR_ABSENT, "process %d ended while it was looked at", s->t->pid),
			 "take a core of it: GOTRACEBACK=crash and ulimit -c unlimited, or gcore "
			 "%d in good time",
			 s->t->pid);

	session_close(s);
	return err;
}

void session_release(struct session *s)
{
	if (!s->t || s->opt.core || s->copied || s->opt.no_stop || s->opt.proxy)
		return;
	target_release(s->t);
	s->spent = true; // what was not read is out of reach: it may have changed since
}

void session_refresh(struct session *s)
{
	if (s->opt.core)
		drop_model(s);
	else
		session_close(s);
}

void session_close(struct session *s)
{
	drop_model(s);
	if (s->has_runtime)
		runtime_close(&s->rt);
	target_close(s->t);
	if (s->img)
		image_close(s->img);
	session_unmap(s);
	identity_free(&s->identity);
	notes_free(&s->notes);
	free(s->exe);
	free(s->core_name);
	free(s->host);
	free(s->vcs_revision);
	struct session_options opt = s->opt;
	struct trace *trace = s->trace;
	session_init(s, &opt, s->cancel); // closed, ready to start over
	s->trace = trace;
}
