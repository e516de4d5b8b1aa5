/*
 * A child process with threads, some spinning, some asleep, and what a test asks of it.  Included
 * by one test program at a time.
 */
#ifndef GOCTX_TESTS_CHILD_H
#define GOCTX_TESTS_CHILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/target.h"

enum { PAGE = 4096, SPINNERS = 3, SLEEPERS = 2, PATTERN_BYTES = 3 << 20, SPARSE_BYTES = 64 << 20 };

/* milliseconds for what must come: more is a hang, also on a busy machine */
#define PATIENCE 120000

/* Shared with the child. */
struct shared {
	atomic_int ready, stop_churn;
	atomic_ullong spins[SPINNERS];
	atomic_int tids[SPINNERS];
	atomic_ullong got; /* queued signals that arrived */
	atomic_ullong urg;
	atomic_ullong churned; /* threads that were born and died */
};

static struct shared *shared;

/* Set before the fork, so that their addresses are known on both sides. */
static uint8_t *pattern; /* private, anonymous, filled by the child alone */
static uint8_t *sparse;	 /* one page of it touched, in the middle */
static const char constant[] = "read-only data of the executable";
static uint64_t variable = 1; /* .data: the child sets 0x1122334455667788 */

static void on_queued(int sig)
{
	(void)sig;
	atomic_fetch_add(&shared->got, 1);
}

static void on_urg(int sig)
{
	(void)sig;
	atomic_fetch_add(&shared->urg, 1);
}

static void *spin(void *arg)
{
	int i = (int)(intptr_t)arg;

	atomic_store(&shared->tids[i], (int)syscall(SYS_gettid));
	for (;;)
		atomic_fetch_add(&shared->spins[i], 1);
	return NULL;
}

static void *sleep_on(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *nothing(void *arg)
{
	return arg;
}

/* Threads come and go all the time. */
static void *churn(void *arg)
{
	while (!atomic_load(&shared->stop_churn)) {
		pthread_t t;

		if (!pthread_create(&t, NULL, nothing, NULL))
			pthread_join(t, NULL);
		atomic_fetch_add(&shared->churned, 1);
	}
	return arg;
}

static uint8_t pattern_byte(size_t i)
{
	return (uint8_t)(i * 37 + i / PAGE);
}

static void child_main(bool churning)
{
	pthread_t t;
	struct sigaction queued = {.sa_handler = on_queued, .sa_flags = SA_RESTART};
	struct sigaction urg = {.sa_handler = on_urg, .sa_flags = SA_RESTART};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGRTMIN, &queued, NULL);
	sigaction(SIGURG, &urg, NULL);
	for (size_t i = 0; i < PATTERN_BYTES; i++)
		pattern[i] = pattern_byte(i);
	sparse[SPARSE_BYTES / 2 + 5] = 0x77;
	variable = 0x1122334455667788;
	for (int i = 0; i < SPINNERS; i++)
		pthread_create(&t, NULL, spin, (void *)(intptr_t)i);
	for (int i = 0; i < SLEEPERS; i++)
		pthread_create(&t, NULL, sleep_on, NULL);
	if (churning)
		pthread_create(&t, NULL, churn, NULL);
	for (int i = 0; i < SPINNERS; i++)
		while (!atomic_load(&shared->tids[i]))
			usleep(100);
	atomic_store(&shared->ready, 1);
	for (;;)
		pause();
}

static void *map_anonymous(size_t len, int flags)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static pid_t start_child(bool churning)
{
	if (!shared) {
		shared = map_anonymous(sizeof(*shared), MAP_SHARED);
		pattern = map_anonymous(PATTERN_BYTES, MAP_PRIVATE);
		// A mapping of its own, not merged with its neighbours.
		sparse = map_anonymous(SPARSE_BYTES, MAP_PRIVATE | MAP_NORESERVE);
	}
	memset(shared, 0, sizeof(*shared));
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		child_main(churning);
	while (!atomic_load(&shared->ready))
		usleep(100);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void spins(unsigned long long out[SPINNERS])
{
	for (int i = 0; i < SPINNERS; i++)
		out[i] = atomic_load(&shared->spins[i]);
}

static bool all_spinning(void)
{
	unsigned long long a[SPINNERS], b[SPINNERS];

	spins(a);
	for (int tries = 0; tries < PATIENCE; tries++) {
		bool all = true;

		usleep(1000);
		spins(b);
		for (int i = 0; i < SPINNERS; i++)
			all &= b[i] != a[i];
		if (all)
			return true;
	}
	return false;
}

static char state_of_task(pid_t pid, int tid)
{
	char path[64], buf[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	close(fd);
	if (n <= 0)
		return 'X';
	buf[n] = '\0';
	return strrchr(buf, ')')[2];
}

static char state_of(pid_t pid)
{
	return state_of_task(pid, pid);
}

/* All threads have ended: only then the memory is gone. */
static void await_death(pid_t pid, const struct target *t)
{
	for (size_t i = 0, tries = 0; i < t->threads.n && tries < PATIENCE; tries++) {
		if (strchr("ZX", state_of_task(pid, t->threads.v[i].tid)))
			i++;
		else
			usleep(1000);
	}
}

#endif
