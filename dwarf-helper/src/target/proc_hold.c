#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/proc_internal.h"

#ifndef PTRACE_EVENT_STOP
/* linux/ptrace.h, which cannot be included beside sys/ptrace.h */
#define PTRACE_EVENT_STOP 128
#endif

enum tracee_state {
	TRACEE_ASKED, /* seized and interrupted, has not stopped yet */
	TRACEE_HELD,
	TRACEE_BUSY, /* in an uninterruptible wait */
	TRACEE_GONE,
};

struct tracee {
	int tid;
	int signal; /* it was about to get this one when it stopped; 0 for none */
	enum tracee_state state;
};

struct hold {
	int pid;
	struct target *t;
	pthread_t thread;
	sem_t done, go;
	struct err *err;
	VEC(struct tracee) tracees;
	struct u64map by_tid;
	int64_t begin_ns, end_ns;
};

enum {
	PASSES_MAX = 100,    /* over task/, until two in a row bring nothing new */
	BUSY_AFTER_MS = 100, /* a thread in state D is left alone after that */
	GIVE_UP_AFTER_MS = 5000,
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void wait_sem(sem_t *s)
{
	while (sem_wait(s) < 0 && errno == EINTR)
		;
}

/* State letter of /proc/PID/task/TID/stat, '\0' when the thread is no more. */
static char thread_state(const struct hold *h, int tid)
{
	char path[64], buf[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", h->pid, tid);
	FILE *f = fopen(path, "re");

	if (!f)
		return '\0';
	size_t n = fread(buf, 1, sizeof(buf) - 1, f);

	fclose(f);
	buf[n] = '\0';
	char *paren = strrchr(buf, ')'); // the name before it may hold anything

	return paren && paren[1] == ' ' ? paren[2] : '\0';
}

static struct err *seize(struct hold *h, int tid)
{
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0) {
		int e = errno;

		if (e == ESRCH)
			return NULL;
		char state = thread_state(h, tid);

		if (!state || strchr("ZXx", state))
			return NULL; // it ended; a zombie is refused with EPERM
		errno = e;
		return err_os(e, "cannot stop thread %d of process %d", tid, h->pid);
	}
	if (!h->begin_ns)
		h->begin_ns = now_ns();
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	u64map_add(&h->by_tid, (uint64_t)tid, (uint32_t)h->tracees.n);
	VEC_PUSH(&h->tracees, (struct tracee){.tid = tid});
	return NULL;
}

/* One pass over task/.  *found counts threads that were not known. */
static struct err *seize_new(struct hold *h, size_t *found)
{
	char path[64];
	struct err *err = NULL;

	snprintf(path, sizeof(path), "/proc/%d/task", h->pid);
	DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT
			       ? err_new(ERR_ABSENT, "process %d is gone", h->pid)
			       : err_os(errno, "cannot list the threads of process %d", h->pid);
	size_t before = h->tracees.n;

	for (struct dirent *e; !err && (e = readdir(dir));) {
		int tid = atoi(e->d_name);

		if (tid > 0 && u64map_find(&h->by_tid, (uint64_t)tid) == U64MAP_NONE)
			err = seize(h, tid);
	}
	closedir(dir);
	*found = h->tracees.n - before;
	return err;
}

/*
 * Has it stopped?  The stop is looked at, not taken (WNOWAIT): once taken, the kernel forgets the
 * signal the thread stopped on, and it would be lost if we were killed now (kernel/exit.c,
 * wait_task_stopped).
 */
static void look(struct tracee *tr)
{
	siginfo_t si = {0};
	int ret =
		waitid(P_PID, (id_t)tr->tid, &si, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL);

	if (ret < 0 && errno == EINTR)
		return;
	if (ret < 0) {
		tr->state = TRACEE_GONE;
		return;
	}
	if (!si.si_pid)
		return;
	if (si.si_code != CLD_TRAPPED && si.si_code != CLD_STOPPED) {
		// Ended: take the notice, so that the thread can be buried.
		waitid(P_PID, (id_t)tr->tid, &si, WEXITED | WNOHANG | __WALL);
		tr->state = TRACEE_GONE;
		return;
	}
	// PTRACE_EVENT_STOP is our interrupt or a group stop; with any other event number 0 it is a
	// signal on its way.
	if (si.si_status >> 8 == 0)
		tr->signal = si.si_status & 0x7f;
	tr->state = TRACEE_HELD;
}

static void pause_us(unsigned us)
{
	struct timespec ts = {.tv_nsec = us * 1000L};

	nanosleep(&ts, NULL);
}

/* Wait until each tracee from @p first on has stopped. */
static struct err *await(struct hold *h, size_t first)
{
	int64_t start = now_ns();
	unsigned us = 10;

	for (size_t i = first; i < h->tracees.n;) {
		struct tracee *tr = &h->tracees.v[i];

		if (tr->state == TRACEE_ASKED)
			look(tr);
		if (tr->state != TRACEE_ASKED) {
			i++;
			continue;
		}
		int64_t ms = (now_ns() - start) / 1000000;

		if (ms >= BUSY_AFTER_MS && thread_state(h, tr->tid) == 'D') {
			tr->state = TRACEE_BUSY;
			notes_add(h->t->notes, NOTE_WARNING,
				  "thread %d is in an uninterruptible wait: its registers are not "
				  "known",
				  tr->tid);
		} else if (ms >= GIVE_UP_AFTER_MS) {
			return err_new(ERR_LIMIT, "thread %d of process %d does not stop", tr->tid,
				       h->pid);
		} else {
			pause_us(us);
			us = us < 1000 ? us * 2 : us;
		}
	}
	return NULL;
}

static void read_registers(struct hold *h)
{
	struct target *t = h->t;

	for (size_t i = 0; i < h->tracees.n; i++) {
		struct tracee *tr = &h->tracees.v[i];
		struct thread th = {.tid = tr->tid};
		size_t size = t->arch->registers * sizeof(th.regs[0]);
		struct iovec iov = {th.regs, size};

		if (tr->state == TRACEE_GONE)
			continue;
		if (tr->state == TRACEE_HELD &&
		    !ptrace(PTRACE_GETREGSET, tr->tid, (void *)NT_PRSTATUS, &iov))
			th.regs_valid = iov.iov_len == size;
		VEC_PUSH(&t->threads, th);
	}
}

static struct err *hold_all(struct hold *h)
{
	// A directory that changes while it is read may skip an entry: GDB asks for two quiet
	// passes too.
	for (int pass = 0, quiet = 0; pass < PASSES_MAX; pass++) {
		size_t first = h->tracees.n, found = 0;
		struct err *err = seize_new(h, &found);

		if (!err)
			err = await(h, first);
		if (err)
			return err;
		quiet = found ? 0 : quiet + 1;
		if (quiet == 2)
			return h->tracees.n ? NULL
					    : err_new(ERR_ABSENT, "process %d is gone", h->pid);
	}
	return err_new(ERR_LIMIT, "process %d makes new threads faster than they can be stopped",
		       h->pid);
}

static void let_go(struct hold *h)
{
	for (size_t i = 0; i < h->tracees.n; i++) {
		struct tracee *tr = &h->tracees.v[i];

		if (tr->state == TRACEE_ASKED || tr->state == TRACEE_BUSY)
			look(tr);
		if (tr->state == TRACEE_HELD)
			ptrace(PTRACE_DETACH, tr->tid, NULL, (void *)(intptr_t)tr->signal);
	}
	h->end_ns = now_ns();
}

static void *holder(void *arg)
{
	struct hold *h = arg;

	h->err = hold_all(h);
	if (!h->err)
		read_registers(h);
	sem_post(&h->done);
	if (!h->err)
		wait_sem(&h->go);
	let_go(h);
	return NULL; // with this thread the kernel ends what tracing is left
}

static void free_hold(struct hold *h)
{
	sem_destroy(&h->done);
	sem_destroy(&h->go);
	VEC_FREE(&h->tracees);
	u64map_free(&h->by_tid);
	free(h);
}

/* Signals are for the thread that opened us. */
static int start_quiet_thread(struct hold *h)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int e = pthread_create(&h->thread, NULL, holder, h);

	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return e;
}

struct err *hold_process(int pid, struct target *t, struct hold **ret)
{
	struct hold *h = mem_zalloc(sizeof(*h));

	h->pid = pid;
	h->t = t;
	sem_init(&h->done, 0, 0);
	sem_init(&h->go, 0, 0);
	int e = start_quiet_thread(h);

	if (e) {
		free_hold(h);
		return err_os(e, "cannot start a thread");
	}
	wait_sem(&h->done);
	if (h->err) {
		struct err *err = h->err;

		pthread_join(h->thread, NULL);
		free_hold(h);
		return err;
	}
	*ret = h;
	return NULL;
}

int64_t hold_release(struct hold *h)
{
	sem_post(&h->go);
	pthread_join(h->thread, NULL);
	int64_t ns = h->end_ns - h->begin_ns;

	free_hold(h);
	return ns;
}
