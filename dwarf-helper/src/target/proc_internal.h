/**
 * @file  Inside of the target layer: a live process.
 *
 * Two parts that know nothing of each other, and proc.c which joins them:
 *
 *   hold   all threads of a process stopped; done by a thread of our own, because ptrace binds a
 *          tracee to the thread that seized it, and because the kernel lets every tracee go when
 *          that thread ends, whatever state it is in
 *   shadow memory of ours that stands for the memory of the process, filled chunk by chunk
 */
#ifndef GOCTX_TARGET_PROC_INTERNAL_H
#define GOCTX_TARGET_PROC_INTERNAL_H

#include <pthread.h>
#include <time.h>

#include "target/target_internal.h"

struct hold;

/**
 * Stop all threads of @p pid; their registers go to t->threads.  A thread in an uninterruptible
 * wait is not waited for: it runs no code either.  It gets a warning note and has no registers.
 *
 * @return NULL, or ERR_ABSENT (gone), ERR_OS (refused; errno EPERM is left to the caller to
 * explain), ERR_LIMIT
 */
struct err *hold_process(int pid, struct target *t, struct hold **ret);

/** Let all threads go, each with the signal it was stopped on, and free.  @return nanoseconds from
 * first stop to last go. */
int64_t hold_release(struct hold *h);

/** Addresses of ours for [start, end) of the debuggee; those of regions are read-write, the rest
 * cannot be touched. */
struct shadow {
	taddr start, end;
	uint8_t *map;
};

/** The executable that runs, opened by /proc/PID/exe while the process is stopped: whatever its
 * name leads to since. */
struct proc_exe {
	int fd;	      /* -1: could not be opened */
	int32_t file; /* index into t->files */
	int64_t size;
	struct timespec changed;	/* its mtime then */
	VEC(struct file_range) written; /* addresses the loader may have relocated before it took
					   write permission away */
};

struct proc {
	int pid;
	int reader; /* proc_reader(pid), of the moment it was stopped */
	int mem_fd; /* /proc/PID/mem: bound to this memory for ever, a later process of the same pid
		       is not read */
	int pagemap_fd;	 /* -1: everything is read */
	bool own_mem_fd; /* to be closed by us */
	bool by_pread;	 /* process_vm_readv is not available, or mem_fd was asked for */
	uint64_t page;	 /* bytes of a page of the process, and of its pagemap */
	bool released;
	bool ended; /* a read has found the process without memory */
	struct proc_exe exe;
	struct hold *hold;
	struct sigaction *stop_action; /* what SIGTSTP did before */
	pthread_mutex_t lock;	       /* held while chunks are filled */
	VEC(struct shadow) shadows;
	VEC(struct file_range) shared;	   /* MAP_SHARED and writable: not part of a snapshot */
	const struct proxy_source *source; /* who reads for us; NULL: we do */
};

/** The whole of a file of /proc whose size is not known before, NUL-terminated.  @return NULL with
 * errno. */
char *proc_slurp(const char *path, size_t *len);

/** Regions with shadows and files from /proc/PID/maps; a second call replaces them and uses the
 * shadows again. */
struct err *proc_read_maps(struct target *t, struct proc *p);

/**
 * Before the stop: populate what a snapshot is going to need of the shadows.  New memory is several
 * times slower than copying (measured 4-20 times in virtual machines).  May be wrong about pages in
 * either direction without harm.
 */
void proc_prepare(struct target *t);

/** As proc_read_maps(), from a buffer that holds the maps text.  Modifies @p text. */
void proc_parse_maps(struct target *t, struct proc *p, char *text);

/** Open the executable; nothing happens when it cannot be had.  A second call does it anew.  @pre
 * maps and auxv have been read */
void proc_exe_open(const struct target *t, struct proc *p);
void proc_exe_close(struct proc *p);

/** Read-only memory of the executable that is not as in the file: it belongs into a snapshot. */
bool proc_exe_relocated(const struct proc *p, const struct region *r);

/** Bytes [off, off + len) of a region from the file.  @return false: not the executable's,
 * relocated, or the file has changed */
bool proc_exe_read(const struct proc *p, const struct region *r, uint64_t off, uint64_t len);

/** target_ops.fill */
bool proc_fill(struct target *t, struct region *r, uint64_t off, uint64_t len);

/** Unmap shadows, free bitmaps of the regions. */
void proc_free_memory(struct target *t, struct proc *p);

#endif
