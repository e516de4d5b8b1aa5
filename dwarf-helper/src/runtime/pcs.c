/* Code addresses looked up once: function, frames with inlining, frame size, role in a stack
 * walk. */
#include "runtime/runtime.h"

#include <pthread.h>

#include "base/text.h"

#define MAX_INLINE 64
#define MAX_PCS (1u << 20)

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool one_of(const char *s, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(s, *names) == 0)
			return true;
	return false;
}

/* Names, not FuncIDs: those are renumbered nearly every release (internal/abi/symtab.go). */
static enum pc_role role_of(const struct arch *arch, const char *func)
{
	static const char *const tops[] = {
		"runtime.goexit",  "runtime.mstart",	 "runtime.rt0_go",
		"runtime.goexit1", "runtime.mstart1",	 "runtime.mstart0",
		"runtime.goexit0", "runtime.crosscall2", NULL};
	static const char *const injected[] = {"runtime.asyncPreempt", "runtime.sigpanic",
					       "runtime.sigpanic0", "runtime.debugCallV2", NULL};

	if (!starts(func, "runtime.") && func[0] != '_')
		return PC_PLAIN;
	if (one_of(func, tops) || one_of(func, arch->entries))
		return PC_TOP;
	if (one_of(func, injected))
		return PC_INJECTED;
	if (strcmp(func, "runtime.sigtramp") == 0 || strcmp(func, "runtime.cgoSigtramp") == 0)
		return PC_SIGTRAMP;
	if (strcmp(func, "runtime.sigreturn") == 0 ||
	    strcmp(func, "runtime.sigreturn__sigaction") == 0)
		return PC_SIGRETURN;
	if (strcmp(func, "runtime.cgocallback") == 0)
		return PC_CGOCALLBACK;
	return PC_PLAIN;
}

static bool is_runtime(const char *f)
{
	return starts(f, "runtime.") || starts(f, "runtime/internal/") ||
	       starts(f, "internal/runtime/");
}

/* The lowest part of the standard library: every wait ends there. */
static bool is_plumbing(const char *f)
{
	return is_runtime(f) || starts(f, "internal/") || starts(f, "sync.") ||
	       starts(f, "sync/atomic.") || starts(f, "syscall.") || starts(f, "time.Sleep");
}

static bool among(const char *s, size_t n, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0)
			return true;
	return false;
}

/*
 * Does a function's or file's name begin with an import path of the standard library?  By the
 * path's first element, which is one of those below GOROOT/src.  That of a module of anybody else's
 * has a dot ("go.uber.org/zap"), the library's have none.
 */
static bool std_path(const char *f)
{
	static const char *const packages[] = {
		"bufio",  "bytes",   "cmp",	"context", "crypto", "embed",	"encoding",
		"errors", "expvar",  "flag",	"fmt",	   "hash",   "html",	"image",
		"io",	  "iter",    "log",	"maps",	   "math",   "mime",	"net",
		"os",	  "path",    "plugin",	"reflect", "regexp", "runtime", "slices",
		"sort",	  "strconv", "strings", "structs", "sync",   "syscall", "testing",
		"time",	  "unicode", "unique",	"weak",
	};
	/* Folders that hold packages and are none. */
	static const char *const folders[] = {"archive", "compress", "container", "database",
					      "debug",	 "go",	     "index",	  "internal",
					      "text",	 "vendor"};
	size_t n = strcspn(f, "/[("); /* what stands in brackets is inside of the package */

	if (f[n] != '/')
		return among(f, strcspn(f, "."), packages, sizeof(packages) / sizeof(*packages));
	return among(f, n, packages, sizeof(packages) / sizeof(*packages)) ||
	       among(f, n, folders, sizeof(folders) / sizeof(*folders));
}

/* Where package runtime was compiled from, once a function of its is met. */
static void note_goroot(struct runtime *rt, const char *func, const char *file)
{
	const char *at = starts(func, "runtime.") ? strstr(file, "runtime/") : NULL;

	if (!at && !strchr(func, '.') && (at = strstr(file, "/src/runtime/")))
		at += strlen("/src/");
	rt->goroot = file;
	rt->goroot_n = at ? (size_t)(at - file) : 0;
}

/*
 * A function of the library's assembly may have a name without a package ("racecall"); then its
 * file decides.
 * @return what the file is called below GOROOT/src, NULL: the name has a package, or the file is
 * somebody else's
 */
static const char *library_file(const struct runtime *rt, const char *func, const char *file)
{
	if (strchr(func, '.'))
		return NULL;
	if (rt->goroot_n && strncmp(file, rt->goroot, rt->goroot_n) == 0)
		return file + rt->goroot_n;
	return file[0] != '/' && std_path(file) ? file : NULL; /* -trimpath */
}

/*
 * Standard library?  By package path, and by the file: below the GOROOT that package runtime was
 * compiled from, or relative
 * (-trimpath).  A module called "io/…" of one's own lives elsewhere.
 */
static bool is_std(const struct runtime *rt, const char *func, const char *file)
{
	return std_path(func) &&
	       (file[0] != '/' || !rt->goroot_n || strncmp(file, rt->goroot, rt->goroot_n) == 0);
}

/* As it is written in source: the linker escapes dots of a path's last element, and more
 * (cmd/internal/objabi: PathToPrefix). */
static const char *plain(struct runtime *rt, const char *symbol)
{
	char *name = text_unescaped(symbol);

	if (name)
		VEC_PUSH(&rt->copies, (uint8_t *)name);
	return name ? name : symbol;
}

static uint32_t add(struct runtime *rt, taddr pc)
{
	const struct module *m = runtime_module_of_pc(rt, pc);
	struct pcinfo info = {.pc = pc, .frame_size = -1, .first = (uint32_t)rt->frames.n};
	struct pcln_frame inl[MAX_INLINE];
	struct pcln_func f;

	if (m && pcln_find(&m->pcln, pc, &f)) {
		info.entry = f.entry;
		info.role = (uint8_t)role_of(rt->t->arch, f.name);
		int32_t size;
		if (pcln_frame_size(&m->pcln, &f, pc, &size))
			info.frame_size = size;
		info.n = (uint16_t)pcln_expand(&m->pcln, &f, pc, inl, MAX_INLINE);
		for (size_t i = 0; i < info.n; i++) {
			if (!rt->goroot_n)
				note_goroot(rt, inl[i].func, inl[i].file);
			const char *of = library_file(rt, inl[i].func, inl[i].file);
			struct frame fr = {.func = plain(rt, inl[i].func),
					   .file = inl[i].file,
					   .line = inl[i].line,
					   .inlined = inl[i].inlined,
					   .wrapper = inl[i].func_id == rt->L.facts.wrapper_func_id,
					   .std = of || is_std(rt, inl[i].func, inl[i].file),
					   .plumbing = of || is_plumbing(inl[i].func),
					   .runtime = of ? starts(of, "runtime/")
							 : is_runtime(inl[i].func)};
			VEC_PUSH(&rt->frames, fr);
			/* A name without a package: only the file says that it is the runtime's. */
			if (fr.runtime && strcmp(f.name, "gogo") == 0)
				info.role = PC_GOGO;
		}
	}
	VEC_PUSH(&rt->pcs, info);
	return (uint32_t)rt->pcs.n - 1;
}

uint32_t runtime_pc(struct runtime *rt, taddr pc)
{
	if (!pc)
		return 0;
	uint32_t i = u64map_find(&rt->pc_index, pc);
	if (i != U64MAP_NONE)
		return i;
	/* A damaged target could offer a new pc for every word of a stack: those in no module share
	 * one entry, and so do too many. */
	i = rt->pcs.n < MAX_PCS && runtime_module_of_pc(rt, pc) ? add(rt, pc) : 0;
	if (i)
		u64map_set(&rt->pc_index, pc, i);
	return i;
}

const struct pcinfo *runtime_pcinfo(struct runtime *rt, taddr pc)
{
	uint32_t i = runtime_pc(rt, pc); /* may move pcs: never in one expression with it */

	return &rt->pcs.v[i];
}

const char *runtime_func_name(struct runtime *rt, taddr pc)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	const struct pcinfo *info = runtime_pcinfo(rt, pc);
	const char *name = info->n ? rt->frames.v[info->first + info->n - 1u].func : NULL;
	pthread_mutex_unlock(&lock);
	return name;
}
