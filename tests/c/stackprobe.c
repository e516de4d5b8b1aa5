/*
 * What the stack readers say of a core, as JSON lines, for tests that know better:
 *
 *     stackprobe live EXE CORE      live words; standard input: addresses of objects, one a line
 *         {"goid":5,"complete":true,"unreadable":false,"frames":6,"conservative":0,"found":true}
 *         {"goid":5,"direct":["0x…"],"reached":["0x…"],"exact":["0x…"]}
 *                                   those of the objects that its words point to; that can be
 *                                   reached from there over the heap; of the first, by a map
 *     stackprobe defers EXE CORE    pending calls, in the order in which they would run
 *         {"goid":5,"fn":"0x…","code":"0x…","func":"main.f","open":true} … {"goid":5,"walked":true}
 *     stackprobe waits EXE CORE     what could wake each goroutine
 *         {"goid":5,"wake":"objects","addrs":["0x…"],"sudogs":["0x…"]}
 *     stackprobe time EXE CORE      how long one look at all stacks takes:
 *                                   {"goroutines":N,"frames":N,"words":N,"ns":N}
 *
 * Linked with libgoctx.a.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "main/session.h"
#include "runtime/defer.h"
#include "runtime/heap.h"
#include "runtime/livestack.h"
#include "runtime/wake.h"

/* ---- addresses on standard input ---- */

struct wanted {
	struct u64map base; /* object -> index */
	VEC(taddr) v;
};

static void read_wanted(struct wanted *w)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		taddr a = strtoull(line, NULL, 0);
		if (u64map_find(&w->base, a) != U64MAP_NONE)
			continue;
		u64map_set(&w->base, a, (uint32_t)w->v.n);
		VEC_PUSH(&w->v, a);
	}
}

/* ---- live ---- */

struct search {
	struct runtime *rt;
	const struct wanted *want;
	struct u64map seen; /* objects met */
	VEC(taddr) todo;
	uint8_t *direct, *exact, *reached; /* by index */
};

static bool meet(struct search *s, taddr value, taddr *base_ret)
{
	struct heap_object o;

	if (!s->rt->heap || !heap_object_at(s->rt, value, &o) ||
	    !heap_allocated(s->rt, o.span, o.index))
		return false;
	*base_ret = o.base;
	if (u64map_find(&s->seen, o.base) != U64MAP_NONE)
		return true;
	u64map_set(&s->seen, o.base, 1);
	if (!(o.span->flags & SPAN_NOSCAN))
		VEC_PUSH(&s->todo, o.base);
	uint32_t i = u64map_find(&s->want->base, o.base);
	if (i != U64MAP_NONE)
		s->reached[i] = 1;
	return true;
}

static bool on_word(void *arg, const struct live_word *w)
{
	struct search *s = arg;
	taddr base;

	if (!meet(s, w->value, &base))
		return true;
	uint32_t i = u64map_find(&s->want->base, base);
	if (i != U64MAP_NONE) {
		s->direct[i] = 1;
		s->exact[i] |= w->exact;
	}
	return true;
}

/* Over the heap, every word taken for a pointer. */
static void spread(struct search *s)
{
	while (s->todo.n) {
		struct heap_object o;
		taddr a = s->todo.v[--s->todo.n], value, base;
		if (!heap_object_at(s->rt, a, &o))
			continue;
		for (uint64_t i = 0; i + 8 <= o.size; i += 8)
			if (target_u64(s->rt->t, o.base + i, &value))
				meet(s, value, &base);
	}
}

static void print_set(const char *name, const struct search *s, const uint8_t *set, const char *end)
{
	const char *comma = "";

	printf("\"%s\":[", name);
	for (size_t i = 0; i < s->want->v.n; i++)
		if (set[i]) {
			printf("%s\"0x%" PRIx64 "\"", comma, s->want->v.v[i]);
			comma = ",";
		}
	printf("]%s", end);
}

static void probe_task(struct runtime *rt, const struct task *t, const struct wanted *want)
{
	struct search s = {.rt = rt, .want = want};
	struct livestack_state st;

	s.direct = mem_zalloc(want->v.n + 1);
	s.exact = mem_zalloc(want->v.n + 1);
	s.reached = mem_zalloc(want->v.n + 1);
	bool found = livestack_each(rt, t, on_word, &s, &st);
	spread(&s);
	printf("{\"goid\":%" PRIu64
	       ",\"found\":%s,\"complete\":%s,\"unreadable\":%s,\"frames\":%u,\"conservative\":%u,",
	       t->goid, found ? "true" : "false", st.complete ? "true" : "false",
	       st.unreadable ? "true" : "false", st.frames, st.conservative);
	print_set("direct", &s, s.direct, ",");
	print_set("exact", &s, s.exact, ",");
	print_set("reached", &s, s.reached, "}\n");
	u64map_free(&s.seen);
	VEC_FREE(&s.todo);
	free(s.direct);
	free(s.exact);
	free(s.reached);
}

static void live(struct session *s)
{
	struct wanted want = {0};

	read_wanted(&want);
	for (size_t i = 0; i < s->m.tasks.list.n; i++)
		probe_task(&s->rt, &s->m.tasks.list.v[i], &want);
	u64map_free(&want.base);
	VEC_FREE(&want.v);
}

/* ---- defers ---- */

struct defer_print {
	struct runtime *rt;
	uint64_t goid;
};

static bool on_defer(void *arg, const struct defer_call *d)
{
	const struct defer_print *p = arg;
	const struct pcinfo *info = &p->rt->pcs.v[d->info];
	const char *func = info->n ? p->rt->frames.v[info->first + info->n - 1u].func : "?";

	printf("{\"goid\":%" PRIu64 ",\"fn\":\"0x%" PRIx64 "\",\"code\":\"0x%" PRIx64
	       "\",\"func\":\"%s\",\"open\":%s}\n",
	       p->goid, d->fn, d->code, func, d->open_coded ? "true" : "false");
	return true;
}

static void defers(struct session *s)
{
	for (size_t i = 0; i < s->m.tasks.list.n; i++) {
		const struct task *t = &s->m.tasks.list.v[i];
		struct defer_print p = {&s->rt, t->goid};
		bool walked = defers_each(&s->rt, t, on_defer, &p);
		printf("{\"goid\":%" PRIu64 ",\"walked\":%s}\n", t->goid,
		       walked ? "true" : "false");
	}
}

/* ---- waits ---- */

typedef VEC(struct wake_object) wake_objects;

static bool on_object(void *arg, const struct wake_object *o)
{
	wake_objects *v = arg;

	VEC_PUSH(v, *o);
	return true;
}

static void waits(struct session *s)
{
	static const char *const names[] = {
		[WAKE_ALWAYS] = "always", [WAKE_NEVER] = "never", [WAKE_OBJECTS] = "objects"};
	wake_objects v = {0};

	for (size_t i = 0; i < s->m.tasks.list.n; i++) {
		const struct task *t = &s->m.tasks.list.v[i];
		v.n = 0;
		enum wake_kind kind = wake_of(&s->rt, &s->m.tasks, t, on_object, &v);
		printf("{\"goid\":%" PRIu64 ",\"wake\":\"%s\",\"addrs\":[", t->goid, names[kind]);
		for (size_t k = 0; k < v.n; k++)
			printf("%s\"0x%" PRIx64 "\"", k ? "," : "", v.v[k].addr);
		printf("],\"sudogs\":[");
		for (size_t k = 0; k < v.n; k++)
			printf("%s\"0x%" PRIx64 "\"", k ? "," : "", v.v[k].sudog);
		printf("]}\n");
	}
	VEC_FREE(&v);
}

/* ---- time ---- */

static bool count(void *arg, const struct live_word *w)
{
	(void)w;
	++*(uint64_t *)arg;
	return true;
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void take_time(struct session *s)
{
	uint64_t words = 0, frames = 0, conservative = 0;
	struct livestack_state st;
	int64_t start = now();

	for (size_t i = 0; i < s->m.tasks.list.n; i++) {
		livestack_each(&s->rt, &s->m.tasks.list.v[i], count, &words, &st);
		frames += st.frames;
		conservative += st.conservative;
	}
	printf("{\"goroutines\":%zu,\"frames\":%" PRIu64 ",\"conservative\":%" PRIu64
	       ",\"words\":%" PRIu64 ",\"ns\":%" PRId64 "}\n",
	       s->m.tasks.list.n, frames, conservative, words, now() - start);
}

static const struct mode {
	const char *name;
	void (*run)(struct session *s);
} modes[] = {{"live", live}, {"defers", defers}, {"waits", waits}, {"time", take_time}};

int main(int argc, char **argv)
{
	static volatile sig_atomic_t cancel;
	static struct session s;
	const struct mode *mode = NULL;

	for (size_t i = 0; argc == 4 && i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			mode = &modes[i];
	if (!mode) {
		fputs("stackprobe: usage: stackprobe live|defers|waits|time EXE CORE\n", stderr);
		return 2;
	}
	struct session_options opt = {.exe = argv[2], .core = argv[3], .mem_fd = -1};
	struct model_options need = {.no_contexts = true};
	session_init(&s, &opt, &cancel);
	struct err *err = session_model(&s, &need);
	if (err) {
		fprintf(stderr, "stackprobe: %s\n", err->msg);
		return 1;
	}
	mode->run(&s);
	session_close(&s);
	return 0;
}
