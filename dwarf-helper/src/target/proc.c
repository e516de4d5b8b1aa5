#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "target/proc_internal.h"

static char *slurp_of(int pid, const char *file, size_t *len)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return proc_slurp(path, len);
}

/* Number after "key:" in /proc/PID/status, or -1. */
static int64_t status_number(const char *status, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = status; line && *line;) {
		if (!strncmp(line, key, n) && line[n] == ':')
			return strtoll(line + n + 1, NULL, 10);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return -1;
}

static char status_state(const char *status)
{
	const char *s = strstr(status, "\nState:");

	return s ? s[7 + strspn(s + 7, " \t")] : '?';
}

static char state_of(int tid)
{
	size_t len;
	_cleanup_free_ char *status = slurp_of(tid, "status", &len);

	return status ? status_state(status) : 'X';
}

int proc_reader(int pid)
{
	int reader = pid;
	char path[64];

	if (state_of(pid) != 'Z')
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);

	for (struct dirent *e; dir && reader == pid && (e = readdir(dir));) {
		int tid = atoi(e->d_name);

		if (tid > 0 && !strchr("ZX", state_of(tid)))
			reader = tid;
	}
	if (dir)
		closedir(dir);
	return reader;
}

/* Advice when the kernel refuses: what stands in the way, as far as it can be known. */
static struct err *hint_permission(struct err *e)
{
	size_t len;
	_cleanup_free_ char *scope = proc_slurp("/proc/sys/kernel/yama/ptrace_scope", &len);
	int level = scope ? atoi(scope) : 0;

	if (level >= 3)
		return err_hint(e,
				"kernel.yama.ptrace_scope is %d: nobody may attach until the next "
				"boot; take a core file",
				level);
	if (level >= 1)
		return err_hint(e,
				"kernel.yama.ptrace_scope is %d: run as root, or sysctl "
				"kernel.yama.ptrace_scope=0",
				level);
	return err_hint(e, "run as the user of the process or as root (CAP_SYS_PTRACE)");
}

char *proc_host(int pid)
{
	char path[64], ours[64], its[64];
	struct utsname u;

	snprintf(path, sizeof(path), "/proc/%d/ns/uts", proc_reader(pid));
	ssize_t n = readlink("/proc/self/ns/uts", ours, sizeof(ours)),
		k = readlink(path, its, sizeof(its));
	if (n <= 0 || n != k || memcmp(ours, its, (size_t)n) || uname(&u))
		return NULL;
	return mem_strdup(u.nodename);
}

static struct err *no_such_process(int pid)
{
	return err_new(ERR_ABSENT, "no process with pid %d", pid);
}

static struct err *held_by_other(int pid, int tracer)
{
	char file[32] = "comm";
	size_t len = 0;
	_cleanup_free_ char *comm = slurp_of(tracer, file, &len);

	if (comm && len && comm[len - 1] == '\n')
		comm[len - 1] = '\0';
	return err_hint(err_new(ERR_OS, "process %d is being debugged by %s (pid %d)", pid,
				comm ? comm : "another process", tracer),
			"use goctx inside that debugger, or let it detach first");
}

static struct err *check_status(int pid, bool no_stop, const char *status)
{
	int64_t tgid = status_number(status, "Tgid"), tracer = status_number(status, "TracerPid");
	char state = status_state(status);

	if (tgid > 0 && tgid != pid && !no_stop)
		return err_hint(
			err_new(ERR_ABSENT, "%d is a thread of process %" PRId64, pid, tgid),
			"goctx --pid %" PRId64 " …", tgid);
	if (tgid > 0 && tgid != pid && state_of((int)tgid) != 'Z')
		return err_hint(err_new(ERR_ABSENT,
					"%d is a thread of process %" PRId64
					", whose others run on",
					pid, tgid),
				"attach to the whole process: attach %" PRId64, tgid);
	if ((state == 'Z' || state == 'X') && status_number(status, "Threads") <= 1)
		return err_new(ERR_ABSENT,
			       "process %d has ended and waits for its parent (pid %" PRId64
			       ") to notice",
			       pid, status_number(status, "PPid"));
	// A process has memory; a kernel thread, alone, has no VmSize line.
	if (status_number(status, "VmSize") < 0 && state != 'Z')
		return err_new(ERR_UNSUPPORTED, "process %d is a kernel thread", pid);
	if (!no_stop && tracer > 0)
		return held_by_other(pid, (int)tracer);
	return NULL;
}

/* Checks the header of its executable.  One that cannot be read passes as a program of this
 * machine. */
static struct err *check_machine(int pid, const struct arch **ret)
{
	const struct arch *host = arch_of_host();
	char path[64];
	Elf64_Ehdr eh;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ssize_t n = fd < 0 ? -1 : read(fd, &eh, sizeof(eh));

	if (fd >= 0)
		close(fd);
	bool known = n == sizeof(eh) && !memcmp(eh.e_ident, ELFMAG, SELFMAG);
	*ret = host;
	if (known && eh.e_ident[EI_CLASS] != ELFCLASS64)
		return err_new(ERR_UNSUPPORTED,
			       "process %d is a 32-bit program, only %s is supported", pid,
			       arch_supported());
	if (!host)
		return err_new(ERR_UNSUPPORTED,
			       "processes of this machine cannot be read, only %s is supported",
			       arch_supported());
	// An emulator runs it here; the registers that the kernel gives are the emulator's.
	if (known && eh.e_machine != host->elf_machine)
		return err_new(ERR_UNSUPPORTED,
			       "process %d is a program for another machine, only linux/%s is "
			       "supported here",
			       pid, host->name);
	return NULL;
}

static struct err *check_process(int pid, bool no_stop, struct target *t)
{
	size_t len;
	struct err *err;

	if (pid <= 0)
		return err_new(ERR_USAGE, "%d is not a process id", pid);
	if (pid == getpid())
		return err_new(ERR_USAGE, "goctx cannot look at itself");
	_cleanup_free_ char *status = slurp_of(pid, "status", &len);

	if (!status) {
		if (errno != ENOENT && errno != ESRCH)
			return hint_permission(err_os(errno, "cannot look at process %d", pid));
		// With hidepid, /proc hides what exists.
		if (kill(pid, 0) < 0 && errno == EPERM)
			return hint_permission(err_os(EPERM, "cannot look at process %d", pid));
		return no_such_process(pid);
	}
	err = check_status(pid, no_stop, status);
	if (err)
		return err;
	int reader = proc_reader(pid);
	_cleanup_free_ char *other = reader != pid ? slurp_of(reader, "status", &len) : NULL;
	const char *memory = other ? other : status;
	int64_t anon = status_number(memory, "RssAnon"), swap = status_number(memory, "VmSwap");

	const struct arch *arch;

	err = check_machine(reader, &arch);
	if (!err)
		target_set_arch(t, arch);
	t->size_bytes = ((anon > 0 ? (uint64_t)anon : 0) + (swap > 0 ? (uint64_t)swap : 0)) * 1024;
	return err;
}

static void read_auxv(struct target *t, const struct proc *p)
{
	size_t len = 0;
	_cleanup_free_ char *buf = slurp_of(p->reader, "auxv", &len);

	for (size_t at = 0; buf && at + sizeof(Elf64_auxv_t) <= len; at += sizeof(Elf64_auxv_t)) {
		Elf64_auxv_t aux;

		memcpy(&aux, buf + at, sizeof(aux));
		target_auxv(t, aux.a_type, aux.a_un.a_val);
	}
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/*
 * Stack pointer and pc of a thread that somebody else holds, from /proc/PID/task/TID/syscall:
 * "running", or
 * "-1 sp pc", or "number six-arguments sp pc".
 */
static bool read_syscall_file(const struct arch *arch, int pid, struct thread *th)
{
	char file[64];
	size_t len;

	snprintf(file, sizeof(file), "task/%d/syscall", th->tid);
	_cleanup_free_ char *text = slurp_of(pid, file, &len);

	if (!text)
		return false;
	char *pc = strrchr(text, ' ');

	if (!pc)
		return false;
	*pc = '\0';
	char *sp = strrchr(text, ' ');

	if (!sp)
		return false;
	th->regs[arch->pc] = strtoull(pc + 1, NULL, 16);
	th->regs[arch->sp] = strtoull(sp + 1, NULL, 16);
	return th->regs[arch->sp] != 0;
}

static void list_threads(struct target *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", t->pid);
	DIR *dir = opendir(path);

	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct thread th = {.tid = atoi(e->d_name)};

		if (th.tid <= 0)
			continue;
		th.regs_valid = read_syscall_file(t->arch, t->pid, &th);
		VEC_PUSH(&t->threads, th);
	}
	if (dir)
		closedir(dir);
}

static struct err *stop(struct target *t, struct proc *p)
{
	struct err *err = hold_process(p->pid, t, &p->hold);

	if (!err)
		return NULL;
	if (err->kind == ERR_ABSENT) {
		err_free(err);
		return no_such_process(p->pid);
	}
	if (err->kind != ERR_OS)
		return err;

	// Refused: somebody may have come first.
	size_t len;
	_cleanup_free_ char *status = slurp_of(p->pid, "status", &len);
	int64_t tracer = status ? status_number(status, "TracerPid") : 0;

	if (tracer > 0 && tracer != getpid()) {
		err_free(err);
		return held_by_other(p->pid, (int)tracer);
	}
	return hint_permission(err);
}

/* Ctrl-Z while the process is held would hold it until fg. */
static void ignore_terminal_stop(struct proc *p)
{
	struct sigaction old, ignore = {.sa_handler = SIG_IGN};

	if (sigaction(SIGTSTP, NULL, &old) < 0 || old.sa_handler != SIG_DFL)
		return;
	p->stop_action = mem_alloc(sizeof(old));
	*p->stop_action = old;
	sigaction(SIGTSTP, &ignore, NULL);
}

static void restore_terminal_stop(struct proc *p)
{
	if (p->stop_action)
		sigaction(SIGTSTP, p->stop_action, NULL);
	free(p->stop_action);
	p->stop_action = NULL;
}

static void proc_release(struct target *t)
{
	struct proc *p = t->priv;

	pthread_mutex_lock(&p->lock);
	if (!p->released) {
		p->released = true;
		if (p->hold)
			t->stopped_ns = hold_release(p->hold);
		p->hold = NULL;
		restore_terminal_stop(p);
	}
	pthread_mutex_unlock(&p->lock);
}

static void proc_close(struct target *t)
{
	struct proc *p = t->priv;

	proc_free_memory(t, p);
	proc_exe_close(p);
	if (p->own_mem_fd)
		close(p->mem_fd);
	if (p->pagemap_fd >= 0)
		close(p->pagemap_fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static const struct target_ops proc_ops = {
	.fill = proc_fill,
	.release = proc_release,
	.close = proc_close,
};

static void open_memory(struct proc *p, const struct proc_options *opt)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", p->reader);
	p->pagemap_fd = open(path, O_RDONLY | O_CLOEXEC);
	p->mem_fd = opt->mem_fd;
	p->by_pread = opt->mem_fd >= 0;
	if (opt->mem_fd >= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mem", p->reader);
	p->mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	p->own_mem_fd = p->mem_fd >= 0;
}

/* GDB attached to a single thread holds that thread and no other. */
static void tell_unheld(struct target *t, const struct proc_options *opt)
{
	uint64_t running = 0;
	size_t n;
	_cleanup_free_ char *own = opt->no_stop ? slurp_of(opt->pid, "status", &n) : NULL;

	if (!own || status_number(own, "Tgid") == opt->pid)
		return;
	for (size_t i = 0; i < t->threads.n; i++) {
		size_t len;
		_cleanup_free_ char *status = slurp_of(t->threads.v[i].tid, "status", &len);

		if (status && !strchr("tTZX", status_state(status)))
			running++;
	}
	if (running)
		notes_add(t->notes, NOTE_WARNING,
			  "%" PRIu64 " of the %zu threads are not stopped: what they change "
			  "meanwhile may be seen half done",
			  running, t->threads.n);
}

static struct err *read_process(struct target *t, struct proc *p, const struct proc_options *opt)
{
	struct err *err = check_process(opt->pid, opt->no_stop, t);

	if (err)
		return err;
	p->reader = proc_reader(p->pid);
	open_memory(p, opt);
	if (!opt->no_stop) {
		if (t->size_bytes <= opt->prepare_bytes && !(err = proc_read_maps(t, p))) {
			read_auxv(t, p);
			proc_exe_open(t, p);
			proc_prepare(t);
		}
		if (err)
			return hint_permission(err);
		ignore_terminal_stop(p);
		err = stop(t, p);
	}
	if (err)
		return err;
	p->reader = proc_reader(p->pid);
	t->taken_wall_ns = clock_ns(CLOCK_REALTIME);
	t->taken_mono_ns = clock_ns(CLOCK_MONOTONIC);
	if (opt->no_stop)
		list_threads(t);
	tell_unheld(t, opt);
	read_auxv(t, p);
	err = proc_read_maps(t, p);
	if (err && err->kind == ERR_OS)
		return hint_permission(err);
	if (!err && !t->regions.n)
		return err_new(ERR_OS, "process %d has no memory: it is about to end", p->pid);
	if (!err && !opt->no_stop)
		proc_exe_open(t, p);
	return err;
}

struct err *proc_open(const struct proc_options *opt, struct notes *notes, struct target **ret)
{
	struct target *t = mem_zalloc(sizeof(*t));
	struct proc *p = mem_zalloc(sizeof(*p));

	p->pid = p->reader = opt->pid;
	p->page = (uint64_t)sysconf(_SC_PAGESIZE);
	p->mem_fd = p->pagemap_fd = p->exe.fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	t->ops = &proc_ops;
	t->priv = p;
	t->kind = TARGET_PROCESS;
	t->pid = opt->pid;
	t->notes = notes;
	if (asprintf(&t->name, "process %d", opt->pid) < 0)
		mem_out();

	struct err *err = read_process(t, p, opt);

	if (err) {
		target_close(t);
		return err;
	}
	*ret = t;
	return NULL;
}
