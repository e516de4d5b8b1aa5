#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "target/proc_internal.h"

struct proxy {
	struct proc proc; /* first: proc_fill() sees nothing else */
	struct proxy_source source;
};

static void proxy_close(struct target *t)
{
	struct proxy *p = t->priv;

	proc_free_memory(t, &p->proc);
	pthread_mutex_destroy(&p->proc.lock);
	free(p);
}

static const struct target_ops proxy_ops = {.fill = proc_fill, .close = proxy_close};

/* A decimal number at *s, which is moved behind it.  @return false at the end of the line */
static bool next_number(char **s, uint64_t *ret)
{
	char *stop;

	*s += strspn(*s, " \t");
	if (**s < '0' || **s > '9')
		return false;
	*ret = strtoull(*s, &stop, 10);
	*s = stop;
	return true;
}

static void read_auxv(struct target *t, const struct proxy_source *src)
{
	_cleanup_free_ char *text = src->text(src->arg, "auxv");

	for (char *line = text; line && *line; line += *line == '\n') {
		uint64_t type, value;
		char *s = line;

		if (next_number(&s, &type) && next_number(&s, &value))
			target_auxv(t, type, value);
		line = s + strcspn(s, "\n");
	}
}

/* "threads" and the names of the registers. */
static char *threads_wanted(const struct arch *arch)
{
	size_t n = sizeof("threads");

	for (unsigned i = 0; i < arch->registers; i++)
		n += 1 + strlen(arch->reg[i].name);
	char *what = mem_alloc(n), *end = stpcpy(what, "threads");

	for (unsigned i = 0; i < arch->registers; i++)
		end = stpcpy(stpcpy(end, " "), arch->reg[i].name);
	return what;
}

/* Old stubs lack some registers.  Without one that may hold a pointer, or the program counter, the
 * rest is of no use. */
static bool can_lack(const struct arch *arch, unsigned reg)
{
	for (unsigned i = 0; i < arch->generals; i++)
		if (arch->general[i] == reg)
			return false;
	return reg != arch->pc;
}

static bool read_registers(const struct arch *arch, char *s, struct thread *th)
{
	for (unsigned i = 0; i < arch->registers; i++) {
		if (next_number(&s, &th->regs[i]))
			continue;
		if (*s != '-' || !can_lack(arch, i))
			return false;
		s++;
	}
	return true;
}

void proxy_threads(struct target *t, const struct proxy_source *src)
{
	_cleanup_free_ char *wanted = threads_wanted(t->arch), *text = src->text(src->arg, wanted);

	if (text)
		t->threads.n = 0;
	for (char *line = text; line && *line; line += *line == '\n') {
		struct thread th = {0};
		uint64_t tid;
		char *s = line;

		if (next_number(&s, &tid) && tid && tid <= INT32_MAX) {
			th.tid = (int)tid;
			th.regs_valid = read_registers(t->arch, s, &th);
			VEC_PUSH(&t->threads, th);
		}
		line = s + strcspn(s, "\n");
	}
}

/*
 * Seconds since boot, with two digits behind the point.  That is CLOCK_BOOTTIME; Go's clock stands
 * still while the machine sleeps, so where it ever slept wait ages come out longer.
 */
static int64_t read_uptime(const struct proxy_source *src)
{
	_cleanup_free_ char *text = src->text(src->arg, "uptime");
	double s = text ? strtod(text, NULL) : 0;

	return s > 0 && s < 1e9 ? (int64_t)(s * 1e9) : 0;
}

static void count_writable(struct target *t)
{
	for (size_t i = 0; i < t->regions.n; i++)
		if (t->regions.v[i].perm & REGION_W && t->regions.v[i].mem)
			t->size_bytes += region_len(&t->regions.v[i]);
}

struct err *proxy_open(const struct proxy_source *src, const struct arch *arch, int pid,
		       struct notes *notes, struct target **ret)
{
	_cleanup_free_ char *maps = src->text(src->arg, "maps");
	struct timespec now;

	if (!maps || !strchr(maps, '\n'))
		return err_hint(err_new(ERR_ABSENT, "the target does not tell its memory map"),
				"a gdbserver for Linux does; else take a core file of the program");
	struct target *t = mem_zalloc(sizeof(*t));
	struct proxy *p = mem_zalloc(sizeof(*p));

	p->source = *src;
	p->proc = (struct proc){
		.pid = pid, .mem_fd = -1, .pagemap_fd = -1, .exe.fd = -1, .source = &p->source};
	pthread_mutex_init(&p->proc.lock, NULL);
	clock_gettime(CLOCK_REALTIME, &now);
	*t = (struct target){.ops = &proxy_ops,
			     .priv = p,
			     .kind = TARGET_REMOTE,
			     .pid = pid,
			     .notes = notes,
			     .taken_wall_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec};
	if (asprintf(&t->name, "remote process %d", pid) < 0)
		mem_out();
	target_set_arch(t, arch);
	read_auxv(t, src);
	p->proc.page = t->page_bytes;
	proc_parse_maps(t, &p->proc, maps);
	count_writable(t);
	t->taken_mono_ns = read_uptime(src);
	proxy_threads(t, src);
	*ret = t;
	return NULL;
}

void proxy_drop(struct target *t, taddr start, taddr end)
{
	for (size_t i = 0; i < t->regions.n; i++) {
		struct region *r = &t->regions.v[i];

		if (r->start < start || r->end > end || r->source != SOURCE_LIVE ||
		    r->perm & REGION_W)
			continue;
		free(r->filled);
		r->filled = NULL;
		r->mem = NULL;
		r->source = SOURCE_ABSENT;
	}
	target_changed(t);
}
