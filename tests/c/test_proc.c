/*
 * Live processes: a child of ours with threads is held, read and let go, and must notice nothing
 * but the time.
 *
 *   gcc -std=c11 -D_GNU_SOURCE -Idwarf-helper/src tests/c/test_proc.c
 * dwarf-helper/src/{base,target}/[a-z]*.c -lcmocka -lelf -pthread
 */
#include "child.h"

#include <sys/user.h>

static struct target *open_with(struct proc_options opt, struct notes *notes)
{
	struct target *t = NULL;
	struct err *err = proc_open(&opt, notes, &t);

	if (err)
		fail_msg("%s", err->msg);
	return t;
}

static struct target *open_pid(pid_t pid, struct notes *notes)
{
	return open_with((struct proc_options){.pid = pid, .mem_fd = -1}, notes);
}

static void check_memory(struct target *t)
{
	const uint8_t *p = target_ptr(t, (uintptr_t)pattern, PATTERN_BYTES);
	uint64_t v = 0;
	char text[sizeof(constant)];

	assert_non_null(p);
	for (size_t i = 0; i < PATTERN_BYTES; i++)
		if (p[i] != pattern_byte(i))
			fail_msg("byte %zu is %u", i, p[i]);
	assert_true(target_u64(t, (uintptr_t)&variable, &v));
	assert_int_equal(v, 0x1122334455667788);
	assert_true(target_read(t, (uintptr_t)constant, text, sizeof(text)));
	assert_string_equal(text, constant);
	p = target_ptr(t, (uintptr_t)sparse, SPARSE_BYTES);
	assert_non_null(p);
	for (size_t i = 0; i < SPARSE_BYTES; i += 64)
		assert_int_equal(p[i], 0);
	assert_int_equal(p[SPARSE_BYTES / 2 + 5], 0x77);
}

/* Resident bytes of the mapping that holds @p a, from smaps. */
static long resident_kb(pid_t pid, const void *a)
{
	char path[64], line[512];
	bool here = false;
	long kb = -1;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	FILE *f = fopen(path, "r");

	while (kb < 0 && fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (uintptr_t)a >= start && (uintptr_t)a < end;
		if (here)
			sscanf(line, "Rss: %ld", &kb);
	}
	fclose(f);
	return kb;
}

static void test_hold_and_release(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(false);
	struct target *t = open_pid(pid, &notes);
	unsigned long long a[SPINNERS], b[SPINNERS];

	spins(a);
	usleep(50000);
	spins(b);
	assert_memory_equal(a, b, sizeof(a)); // nobody moves
	assert_int_equal(t->threads.n, 1 + SPINNERS + SLEEPERS);
	for (size_t i = 0; i < t->threads.n; i++) {
		assert_true(t->threads.v[i].regs_valid);
		assert_true(target_ptr(t, t->threads.v[i].regs[t->arch->pc], 1) != NULL);
		assert_true(target_ptr(t, t->threads.v[i].regs[t->arch->sp], 8) != NULL);
		assert_true(t->threads.v[i].regs[offsetof(struct user_regs_struct, fs_base) / 8] !=
			    0);
	}
	for (int i = 0; i < SPINNERS; i++)
		assert_non_null(target_thread(t, shared->tids[i]));
	assert_int_equal(t->kind, TARGET_PROCESS);
	assert_true(t->entry && t->phdr && t->taken_mono_ns > 0 && t->taken_wall_ns > 0);
	assert_true(t->size_bytes >= PATTERN_BYTES);
	check_memory(t);
	assert_int_equal(t->stopped_ns, 0);
	target_release(t);
	assert_true(t->stopped_ns >= 50000000);
	assert_true(all_spinning());
	target_release(t);
	check_memory(t); // what was read stays
	target_close(t);
	assert_int_equal(notes.list.n, 0);
	notes_free(&notes);

	// Nothing of the child was touched that was not there before.
	assert_true(resident_kb(pid, sparse) <= 4096);
	end_child(pid);
}

static void test_snapshot(void **state)
{
	(void)state;
	for (int prepare = 0; prepare < 2; prepare++) {
		struct notes notes = {0};
		pid_t pid = start_child(true);
		struct target *t = open_with(
			(struct proc_options){
				.pid = pid, .mem_fd = -1, .prepare_bytes = prepare ? 1 << 30 : 0},
			&notes);

		assert_false(proc_snapshot(t, 1000)); // more than that
		assert_true(proc_snapshot(t, UINT64_C(1) << 40));
		target_release(t);
		assert_false(proc_snapshot(t, UINT64_C(1) << 40)); // too late
		assert_true(all_spinning());
		check_memory(t);
		assert_true(t->size_bytes >= PATTERN_BYTES && t->size_bytes < 1 << 30);
		target_close(t);
		notes_free(&notes);
		end_child(pid);
	}
}

static void test_after_release(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(false);
	struct target *t = open_pid(pid, &notes);
	char text[sizeof(constant)];

	assert_non_null(target_ptr(t, (uintptr_t)pattern, 1));
	target_release(t);
	assert_non_null(target_ptr(t, (uintptr_t)pattern, 1));
	assert_null(target_ptr(t, (uintptr_t)pattern + PATTERN_BYTES - 1,
			       1)); // never read: absent, not zero
	assert_false(target_read(t, (uintptr_t)pattern, text, PATTERN_BYTES));
	assert_true(target_read(t, (uintptr_t)constant, text,
				sizeof(text))); // never changes: may still be read
	assert_string_equal(text, constant);
	end_child(pid);
	assert_non_null(target_ptr(t, (uintptr_t)constant, 1));
	target_close(t);
	notes_free(&notes);
}

/* Send queued signals as fast as the queue takes them; every one sent must arrive. */
struct sender {
	pid_t pid;
	atomic_bool stop;
	atomic_ullong sent;
};

static void *send_signals(void *arg)
{
	struct sender *s = arg;

	for (unsigned i = 0; !atomic_load(&s->stop); i++) {
		int tid = i % 4 == 3 ? s->pid : atomic_load(&shared->tids[i % 4]);

		if (!syscall(SYS_tgkill, s->pid, tid, SIGRTMIN))
			atomic_fetch_add(&s->sent, 1);
		if (i % 8 == 0)
			usleep(20);
	}
	return NULL;
}

static void expect_all_signals(struct sender *s)
{
	for (int tries = 0; tries < PATIENCE && shared->got != s->sent; tries++)
		usleep(1000);
	assert_int_equal(shared->got, s->sent);
}

static void test_signals_are_kept(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(true);
	struct sender s = {.pid = pid};
	pthread_t thread;

	// One while everything is held.
	struct target *t = open_pid(pid, &notes);

	assert_int_equal(kill(pid, SIGURG), 0);
	usleep(20000);
	assert_int_equal(shared->urg, 0);
	target_close(t);
	for (int tries = 0; tries < PATIENCE && !shared->urg; tries++)
		usleep(1000);
	assert_int_equal(shared->urg, 1);

	// And a storm, so that many stops find a thread with a signal on its way.
	pthread_create(&thread, NULL, send_signals, &s);
	for (int i = 0; i < 150; i++) {
		t = open_pid(pid, &notes);
		assert_true(t->threads.n >= 1 + SPINNERS + SLEEPERS);
		target_close(t);
	}
	s.stop = true;
	pthread_join(thread, NULL);
	assert_true(s.sent > 150);
	expect_all_signals(&s);
	assert_true(all_spinning());
	notes_free(&notes);
	end_child(pid);
}

/* kill -9 of whoever holds it, at any moment: it goes on, with all its signals. */
static void test_killed_tracer(void **state)
{
	(void)state;
	pid_t pid = start_child(true);
	struct sender s = {.pid = pid};
	pthread_t thread;

	pthread_create(&thread, NULL, send_signals, &s);
	for (int i = 0; i < 60; i++) {
		pid_t tracer = fork();

		if (!tracer) {
			struct notes notes = {0};

			for (;;) {
				struct target *t = open_pid(pid, &notes);

				if (i % 2)
					pause();
				target_close(t);
			}
		}
		usleep(i % 2 ? 15000 : (unsigned)(i * 97 % 3000));
		kill(tracer, SIGKILL);
		waitpid(tracer, NULL, 0);
	}
	s.stop = true;
	pthread_join(thread, NULL);
	expect_all_signals(&s);
	assert_true(all_spinning());
	end_child(pid);
}

static void test_group_stop_is_kept(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(false);

	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	struct target *t = open_pid(pid, &notes);

	check_memory(t);
	target_close(t);
	for (int tries = 0; tries < PATIENCE && state_of(pid) != 'T'; tries++)
		usleep(1000);
	assert_int_equal(state_of(pid), 'T');
	unsigned long long a[SPINNERS], b[SPINNERS];

	spins(a);
	usleep(30000);
	spins(b);
	assert_memory_equal(a, b, sizeof(a));

	// SIGCONT while held counts, and SIGSTOP too.
	t = open_pid(pid, &notes);
	kill(pid, SIGCONT);
	target_close(t);
	assert_true(all_spinning());
	t = open_pid(pid, &notes);
	kill(pid, SIGSTOP);
	target_close(t);
	for (int tries = 0; tries < PATIENCE && state_of(pid) != 'T'; tries++)
		usleep(1000);
	assert_int_equal(state_of(pid), 'T');
	notes_free(&notes);
	end_child(pid);
}

static void test_dies_while_held(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(true);
	struct target *t = open_pid(pid, &notes);

	assert_non_null(target_ptr(t, (uintptr_t)pattern, 1));
	kill(pid, SIGKILL);
	await_death(pid, t);
	assert_null(target_ptr(t, (uintptr_t)pattern + PATTERN_BYTES - 1, 1));
	assert_non_null(target_ptr(t, (uintptr_t)pattern, 1));
	proc_snapshot(t, UINT64_MAX);
	target_close(t);
	notes_free(&notes);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_threads_come_and_go(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(true);

	for (int i = 0; i < 100; i++) {
		struct target *t = open_pid(pid, &notes);
		unsigned long long before = shared->churned;

		usleep(500);
		assert_int_equal(shared->churned, before); // no thread was overlooked
		target_close(t);
	}
	unsigned long long before = shared->churned;

	for (int tries = 0; tries < PATIENCE && shared->churned == before; tries++)
		usleep(1000);
	assert_true(shared->churned > before);
	assert_int_equal(notes.list.n, 0);
	notes_free(&notes);
	end_child(pid);
}

static int sleeping(pid_t pid)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);

	for (struct dirent *e; (e = readdir(dir));)
		n += atoi(e->d_name) > 0 && state_of_task(pid, atoi(e->d_name)) == 'S';
	closedir(dir);
	return n;
}

static void test_no_stop(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(false);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	int mem_fd = open(path, O_RDONLY);

	assert_true(mem_fd >= 0);
	for (int tries = 0; tries < PATIENCE && sleeping(pid) < 1 + SLEEPERS; tries++)
		usleep(1000);
	for (int i = 0; i < 2; i++) {
		struct target *t = open_with((struct proc_options){.pid = pid,
								   .no_stop = true,
								   .mem_fd = i ? mem_fd : -1},
					     &notes);
		size_t valid = 0;

		assert_true(all_spinning());
		check_memory(t);
		assert_int_equal(t->threads.n, 1 + SPINNERS + SLEEPERS);
		for (size_t k = 0; k < t->threads.n; k++)
			valid += t->threads.v[k].regs_valid;
		assert_true(valid >= 1 + SLEEPERS); // those that sleep show where
		target_release(t);
		assert_int_equal(t->stopped_ns, 0);
		target_close(t);
		assert_int_equal(fcntl(mem_fd, F_GETFD) >= 0, 1); // the caller's
	}
	close(mem_fd);
	notes_free(&notes);
	end_child(pid);
}

struct reader {
	struct target *t;
	bool ok;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;

	r->ok = true;
	for (size_t i = 0; i < PATTERN_BYTES; i++) {
		uint8_t v = 0;

		r->ok &= target_u8(r->t, (uintptr_t)pattern + i, &v) && v == pattern_byte(i);
	}
	return NULL;
}

static void test_two_readers(void **state)
{
	(void)state;
	struct notes notes = {0};
	pid_t pid = start_child(false);
	struct target *t = open_pid(pid, &notes);
	struct reader r[2] = {{.t = t}, {.t = t}};
	pthread_t thread;

	pthread_create(&thread, NULL, read_all, &r[0]);
	read_all(&r[1]);
	pthread_join(thread, NULL);
	assert_true(r[0].ok && r[1].ok);
	target_close(t);
	notes_free(&notes);
	end_child(pid);
}

static void expect(pid_t pid, enum err_kind kind, const char *text, const char *hint)
{
	struct notes notes = {0};
	struct target *t = NULL;
	struct err *err = proc_open(&(struct proc_options){.pid = pid, .mem_fd = -1}, &notes, &t);

	assert_non_null(err);
	assert_null(t);
	assert_int_equal(err->kind, kind);
	if (!strstr(err->msg, text))
		fail_msg("'%s' lacks '%s'", err->msg, text);
	if (hint && (!err->hint || !strstr(err->hint, hint)))
		fail_msg("hint '%s' lacks '%s'", err->hint ? err->hint : "", hint);
	err_free(err);
	notes_free(&notes);
}

static void test_refused(void **state)
{
	(void)state;
	expect(999999999, ERR_ABSENT, "no process with pid 999999999", NULL);
	expect(0, ERR_USAGE, "not a process id", NULL);
	expect(-5, ERR_USAGE, "not a process id", NULL);
	expect(getpid(), ERR_USAGE, "itself", NULL);

	pid_t zombie = fork();

	if (!zombie)
		_exit(0);
	waitid(P_PID, (id_t)zombie, &(siginfo_t){0}, WEXITED | WNOWAIT);
	expect(zombie, ERR_ABSENT, "has ended", NULL);
	waitpid(zombie, NULL, 0);

	pid_t pid = start_child(false);
	char text[64];

	snprintf(text, sizeof(text), "is a thread of process %d", pid);
	expect(shared->tids[0], ERR_ABSENT, text, "--pid");

	// Somebody else is first: this thread.
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, NULL), 0);
	snprintf(text, sizeof(text), "process %d is being debugged by", pid);
	expect(pid, ERR_OS, text, "that debugger");
	end_child(pid);

	// A kernel thread, where the pid namespace shows them.
	char comm[32] = "";
	int fd = open("/proc/2/comm", O_RDONLY);

	if (fd >= 0 && read(fd, comm, sizeof(comm) - 1) > 0 && !strcmp(comm, "kthreadd\n"))
		expect(2, ERR_UNSUPPORTED, "is a kernel thread", NULL);
	if (fd >= 0)
		close(fd);
}

/* Another user may not: in a child of ours that has given its rights away. */
static void test_permission(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	pid_t pid = start_child(false);
	pid_t other = fork();

	if (!other) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		struct notes notes = {0};
		struct target *t = NULL;
		struct err *err =
			proc_open(&(struct proc_options){.pid = pid, .mem_fd = -1}, &notes, &t);

		_exit(err && err->kind == ERR_OS && strstr(err->msg, "not permitted") &&
				      err->hint &&
				      (strstr(err->hint, "ptrace_scope") ||
				       strstr(err->hint, "CAP_SYS_PTRACE"))
			      ? 0
			      : 2);
	}
	int status;

	waitpid(other, &status, 0);
	assert_int_equal(status, 0);
	assert_true(all_spinning());
	end_child(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold_and_release), cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_after_release),	 cmocka_unit_test(test_signals_are_kept),
		cmocka_unit_test(test_killed_tracer),	 cmocka_unit_test(test_group_stop_is_kept),
		cmocka_unit_test(test_dies_while_held),	 cmocka_unit_test(test_threads_come_and_go),
		cmocka_unit_test(test_no_stop),		 cmocka_unit_test(test_two_readers),
		cmocka_unit_test(test_refused),		 cmocka_unit_test(test_permission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
