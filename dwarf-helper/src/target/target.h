/**
 * @file  Bytes of the debuggee.
 *
 * A target is a sorted list of address ranges ("regions"), each with a host pointer to its bytes or
 * none.  A page that a core lacks is absent, never zero; file-backed pages come from the executable
 * or shared object they were mapped from, once the caller has checked its build id.  Nothing here
 * knows of Go.
 *
 *   core file   the file is mapped read-only; a region points straight into the mapping (nothing is
 *               copied)
 *   process     all threads stopped, memory copied on demand (or in bulk), then released; see
 *               proc.h
 *   proxy       a stopped process that only somebody else can read: a debugger, which reads for us
 *               when asked
 *
 * Nothing in the debuggee is ever written.
 *
 * Threads: reading from several of our threads at once is fine for a core and for a frozen process.
 */
#ifndef GOCTX_TARGET_TARGET_H
#define GOCTX_TARGET_TARGET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arch.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/notes.h"

/** An address in the debuggee; never a pointer of ours. */
typedef uint64_t taddr;

enum { REGION_R = 1, REGION_W = 2, REGION_X = 4 };

enum region_source {
	SOURCE_ABSENT, /* mapped in the debuggee, its bytes are in no file we have */
	SOURCE_CORE,   /* bytes of the core file */
	SOURCE_FILE,   /* bytes of the executable or of a shared object */
	SOURCE_LIVE,   /* read from the process */
};

struct region {
	taddr start, end;   /* [start, end) */
	const uint8_t *mem; /* host address of `start`; NULL when absent */
	uint64_t *filled; /* SOURCE_LIVE: a bit per FILL_CHUNK that has been read; NULL when all of
			     `mem` is valid */
	uint8_t perm;	  /* REGION_* of the debuggee's mapping */
	uint8_t source;	  /* enum region_source */
	int32_t file; /* index into target.files of the file mapped here, -1 for anonymous memory */
	uint64_t file_off; /* offset of `start` in that file */
};

#define FILL_CHUNK (64u * 1024)

/** A file mapped into the debuggee (NT_FILE, /proc/PID/maps). */
struct mapped_file {
	char *path;
	taddr start; /* lowest address it is mapped at */
	bool used;   /* its bytes back a region */
};

struct thread {
	int tid;
	bool regs_valid;		   /* false: its registers could not be read */
	uint64_t regs[ARCH_REGISTERS_MAX]; /* as target.arch numbers them; zero behind its last
					       one */
	int signal;			   /* pr_cursig of a core's thread, else 0 */
};

enum target_kind { TARGET_CORE, TARGET_PROCESS, TARGET_REMOTE };

struct target;

struct target_ops {
	/** Make bytes [off, off+len) of a SOURCE_LIVE region valid.  @return false when they cannot
	 * be read. */
	bool (*fill)(struct target *t, struct region *r, uint64_t off, uint64_t len);
	/** Let the debuggee go (idempotent); memory read so far stays.  NULL for a core. */
	void (*release)(struct target *t);
	void (*close)(struct target *t);
};

struct target {
	const struct target_ops *ops;
	void *priv; /* of the implementation */
	enum target_kind kind;
	const struct arch *arch; /* its processor; never NULL once it is open */
	uint32_t page_bytes;	 /* of the debuggee: AT_PAGESZ, else its processor's smallest */
	char *name;		 /* path of the core, or "process PID" */
	int pid;
	bool truncated;	       /* the core file ends before its program headers say */
	uint64_t size_bytes;   /* of the core file; resident writable bytes of a process */
	int64_t taken_wall_ns; /* core: time of last change of the file; process: the moment it was
				  stopped */
	int64_t taken_mono_ns; /* CLOCK_MONOTONIC of the debuggee at that moment; 0 when not known
				  (cores) */
	const char *maker;     /* "gcore", "kernel" or NULL */
	uint64_t entry;	       /* AT_ENTRY, 0 when not known */
	uint64_t phdr;	       /* AT_PHDR, 0 when not known */
	int64_t stopped_ns;    /* process: how long it was held, once released */
	bool ended;	       /* process: something was not read, because the process had ended */

	VEC(struct region) regions;
	VEC(struct thread) threads;
	VEC(struct mapped_file) files;
	const uint8_t *map; /* core: the mapped file, for target_populate(); NULL else */
	uint64_t map_size;
	uint8_t *populated; /* a byte for each POPULATE_CHUNK of it: 1 when it has been asked for */
	pthread_t unloader; /* while `unloading`: of target_unload() */
	bool unloading;

	struct notes *notes; /* borrowed: damage of the file itself is noted there */
	uint64_t serial; /* of this list of regions, unique in our process; set by target_sort() and
			    target_back() */
};

/** Index of the region that holds @p a, or -1.  O(log n), one compare when the last region answers
 * again. */
int target_region_at(const struct target *t, taddr a);

/** Inside of target_ptr(): a stretch of memory that has answered before, so that most calls end
 * after three compares. */
struct target_window {
	uint64_t serial; /* of the list of regions it was taken from */
	taddr start;
	uint64_t size;
	const uint8_t *mem;
};
enum { TARGET_WINDOWS = 16, TARGET_WINDOW_SHIFT = 22 };
extern _Thread_local struct target_window target_windows[TARGET_WINDOWS];
const uint8_t *target_ptr_slow(struct target *t, taddr a, uint64_t len);

/**
 * Host pointer to @p len bytes at @p a, or NULL: absent, len 0, or across a border of two regions
 * that are not neighbours in our memory too (data and bss of one executable are; for the rest there
 * is target_read()). Valid until target_close().  Cost: about 2 ns, when another region is meant
 * that of target_region_at(); for a process the first touch of a chunk reads it.
 */
static inline const uint8_t *target_ptr(struct target *t, taddr a, uint64_t len)
{
	const struct target_window *w =
		&target_windows[a >> TARGET_WINDOW_SHIFT & (TARGET_WINDOWS - 1)];
	uint64_t off = a - w->start;

	if (w->serial == t->serial && off < w->size && len - 1 < w->size - off)
		return w->mem + off;
	return target_ptr_slow(t, a, len);
}

/** The same, but only bytes that are the debuggee's own: what target_back() lent proves nothing
 * about the debuggee. */
const uint8_t *target_own(struct target *t, taddr a, uint64_t len);

/** How many bytes from @p a on lie in one readable region (0 when none): for bulk readers. */
uint64_t target_extent(struct target *t, taddr a);

/** The first readable address at or after @p a; UINT64_MAX when there is none.  For loops over
 * ranges whose ends were read from the target. */
taddr target_next(const struct target *t, taddr a);

/**
 * Memory was absent at @p a: where a loop over addresses goes on.  The next page that may be there,
 * UINT64_MAX when none is left. A range whose end is a number of the target's may be 2^46 bytes
 * long: with this the loop takes a step a region, not a step a page.
 */
static inline taddr target_behind_gap(const struct target *t, taddr a)
{
	return (a | 4095) == UINT64_MAX ? UINT64_MAX : target_next(t, (a | 4095) + 1);
}

/** Copy, also across neighbouring regions.  @return false, @p buf untouched or partly written, when
 * any byte is absent. */
bool target_read(struct target *t, taddr a, void *buf, uint64_t len);

/** One word.  @return false when absent; *ret untouched. */
static inline bool target_u64(struct target *t, taddr a, uint64_t *ret)
{
	const uint8_t *p = target_ptr(t, a, 8);

	if (!p)
		return target_read(t, a, ret, 8);
	memcpy(ret, p, 8);
	return true;
}

static inline bool target_u32(struct target *t, taddr a, uint32_t *ret)
{
	const uint8_t *p = target_ptr(t, a, 4);

	if (!p)
		return target_read(t, a, ret, 4);
	memcpy(ret, p, 4);
	return true;
}

static inline bool target_u8(struct target *t, taddr a, uint8_t *ret)
{
	const uint8_t *p = target_ptr(t, a, 1);

	if (p)
		*ret = *p;
	return p != NULL;
}

/** Start of the page that holds @p a. */
static inline taddr target_page(const struct target *t, taddr a)
{
	return a & ~(taddr)(t->page_bytes - 1);
}

/** An unsigned little-endian integer of @p size 1, 2, 4 or 8 bytes. */
bool target_uint(struct target *t, taddr a, unsigned size, uint64_t *ret);

#define POPULATE_CHUNK (2u << 20)

/**
 * Most of the 2 MiB around @p p (host memory of a core) is about to be read: map its pages now, in
 * order, so that reading it in any order meets no faults.  Once a chunk, ~0.25 us a page; nothing
 * for a process or for other memory.
 */
void target_populate(struct target *t, const uint8_t *p);

/**
 * What has been populated will hardly be looked at again: take it out of the page table, by a
 * thread in the background.  Reading goes on as before.  Unmapping costs half of what mapping does,
 * at target_close() at the latest. NULL is fine.
 */
void target_unload(struct target *t);

/** Thread with this LWP id or NULL. */
const struct thread *target_thread(const struct target *t, int tid);

/** Bytes of all regions that have content: what anything of the debuggee must fit in. */
uint64_t target_bytes(const struct target *t);

/**
 * Back what is absent in [start, end) by file bytes: @p mem must stay valid until target_close(),
 * and hold the bytes that belong at @p start.  Address ranges without any region are added as
 * read-only; regions with bytes keep theirs. Writable regions are never touched: a dirty page must
 * not be taken for the file's.
 */
void target_back(struct target *t, taddr start, taddr end, const uint8_t *mem, int32_t file,
		 uint64_t file_off);

/**
 * Which files have read-only regions without bytes, as in a core that leaves out what can be read
 * from the file?
 * @return one flag for each of t->files; the caller frees it
 */
bool *target_lacking_files(const struct target *t);

/**
 * target_back() for all read-only regions of a file that have no bytes.
 * @param p  the whole file, @p n bytes; must stay valid until target_close()
 */
void target_back_file(struct target *t, int file, const uint8_t *p, uint64_t n);

/**
 * Compare the first page of each read-only region of a file that the core did dump with the file.
 * @param p        the whole file, @p n bytes
 * @param any_ret  whether there was such a region
 * @return false: one differs
 */
bool target_same_pages(const struct target *t, int file, const uint8_t *p, uint64_t n,
		       bool *any_ret);

/** Sort and check after regions were added: overlapping ranges are cut (noted as damage), empty
 * ones dropped. */
void target_sort(struct target *t);

/** Let a process go; a core does not care.  Idempotent. */
void target_release(struct target *t);

/** Release and free.  NULL is fine. */
void target_close(struct target *t);

/**
 * Open a core file.
 *
 * The file is mapped, its program headers and notes are read by libelf: PT_LOAD gives regions,
 * NT_FILE (page_size 1 as gcore writes it, or that of the machine) the mapped files, NT_PRSTATUS
 * the threads, NT_AUXV entry and phdr.  Mapped-file ranges without bytes become SOURCE_ABSENT
 * regions with file and file_off set, so that target_back() can fill them later.
 *
 * @param notes  borrowed; a truncated file is noted there as damage and is not an error
 * @return NULL, or ERR_OS (cannot open, with a hint), ERR_BAD_DATA (not an ELF file; not a core),
 * ERR_UNSUPPORTED (32-bit, foreign byte order or architecture, compressed: the hint names gzip -d,
 * xz -d, zstd -d, lz4 -d …)
 */
struct err *core_open(const char *path, struct notes *notes, struct target **ret);

/** How proc_open() gets at the memory of a process. */
struct proc_options {
	int pid;
	bool no_stop; /* somebody else (GDB) holds it stopped: do not attach, do not release */
	int mem_fd;   /* an open /proc/PID/mem to read from instead of process_vm_readv, or -1 */
	/*
	 * Memory for a proc_snapshot() of up to this many bytes is made ready before the process is
	 * stopped, so that the stop is as long as the copying and no longer; 0 when no snapshot
	 * will follow.  Pass the limit that it will get.
	 */
	uint64_t prepare_bytes;
};

/**
 * The thread whose /proc/TID/maps, mem, exe and so on are those of process @p pid: @p pid itself,
 * or another one when the main thread has ended and others run on; the kernel then shows nothing of
 * the process under its own number (fs/proc/base.c: a task without mm).  It may end too: ask again
 * after the stop.
 */
int proc_reader(int pid);

/**
 * The machine's name (nodename of uname) as process @p pid sees it, malloc'ed.  NULL: the process
 * has another UTS namespace than we, or whether it has is not known (/proc/PID/ns needs the rights
 * that reading its memory needs).
 */
char *proc_host(int pid);

/**
 * Stop a live process and list its memory.
 *
 * PTRACE_SEIZE + PTRACE_INTERRUPT on every thread, until no new thread appears; signals that arrive
 * meanwhile are passed on (SIGURG, Go's preemption signal, must never be swallowed); group stops
 * are kept.  A process that dies, or this program being killed, never leaves it stopped; Ctrl-Z is
 * ignored while it is held.  Any of our threads may open and release.  With no_stop a thread that
 * sleeps has program counter and stack pointer alone, one that runs has no registers; pid may then
 * be another thread's than the main one's, if that has ended: GDB cannot attach to such a process
 * otherwise.
 *
 * Memory is read with process_vm_readv (or mem_fd) in chunks when first touched; pages that
 * were never populated (/proc/PID/pagemap) are zero without being read.  After the release only
 * what cannot change is still read: pages of files, mapped read-only, those of the executable from
 * the file itself, so that the process may end. What has not been read of the rest is absent.
 *
 * @return NULL, or ERR_OS/ERR_ABSENT (no such process), ERR_OS with a hint that names the sysctl
 * kernel.yama.ptrace_scope or CAP_SYS_PTRACE when permission is refused, ERR_UNSUPPORTED (32-bit
 * process)
 */
struct err *proc_open(const struct proc_options *opt, struct notes *notes, struct target **ret);

/** Who reads for us.  Called with a lock held: never from two threads at once. */
struct proxy_source {
	void *arg;
	/** Bytes [a, a + len) into @p buf.  @return false when any of them cannot be read */
	bool (*read)(void *arg, taddr a, void *buf, uint64_t len);
	/**
	 * A text, malloc'ed and NUL-terminated; NULL: the source does not have it.
	 *   "maps"     as /proc/PID/maps
	 *   "auxv"     a line a pair: type and value, in decimal
	 *   "uptime"   as /proc/uptime there: the debuggee's clock
	 *   "threads NAME…"  a line a thread: its LWP id, then the registers of these names (GDB's)
	 * in decimal, "-" for one that the source does not know; or the id alone
	 */
	char *(*text)(void *arg, const char *what);
};

/**
 * Look at a stopped process through somebody who can read it.  Memory is asked for in pieces of
 * FILL_CHUNK or more when first touched, and kept; the process is neither stopped nor let go.
 * @param src   copied; its arg must stay valid until target_close()
 * @param arch  the processor that its executable is made for
 * @return NULL, ERR_ABSENT (the source gives no memory map)
 */
struct err *proxy_open(const struct proxy_source *src, const struct arch *arch, int pid,
		       struct notes *notes, struct target **ret);

/** Replace the threads and their registers by those that the source reports; nothing changes when
 * it reports none. */
void proxy_threads(struct target *t, const struct proxy_source *src);

/** Bytes of [start, end), whole pages, come from elsewhere: forget its read-only regions' own, so
 * that target_back() can fill them. */
void proxy_drop(struct target *t, taddr start, taddr end);

/**
 * Read all populated writable memory now, so that the process can be released before the analysis.
 * Shared mappings are left out.  Two threads; about 10 GB/s with proc_options.prepare_bytes, a
 * third and often a tenth of that without.
 * @return false when it exceeds @p limit_bytes or a read failed: nothing is lost, chunks are then
 * read on demand.
 */
bool proc_snapshot(struct target *t, uint64_t limit_bytes);

#endif
