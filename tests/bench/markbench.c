/*
 * markbench CORE [EXE]: marks everything that is reached from the roots and, word by word, from the stacks of a core, as one line of JSON:
 *
 *     {"seconds":0.41,"cpu":0.75,"objects":9000000,"bytes":1073000000,"object_bytes":1100000000,"memory":17000000,"incomplete":false}
 *
 * seconds, cpu: of the marking alone, the core being opened already; object_bytes: of all slots of the heap; memory: what the marks take.
 * Linked with build/libgoctx.a.
 */
#include "main/session.h"
#include "runtime/mark.h"
#include "runtime/roots.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool mark_root(void *arg, const struct root *r)
{
	mark_addr(arg, r->value);
	return true;
}

static void mark_stacks(struct marks *mk, const struct model *m)
{
	const struct layout *l = &mk->rt->L;

	for (size_t i = 0; i < m->tasks.list.n; i++) {
		taddr g = m->tasks.list.v[i].g, hi = 0, sp = 0;
		runtime_field(mk->rt, g, l->g.stack_hi, &hi);
		runtime_field(mk->rt, g, l->g.sched_sp, &sp);
		mark_words(mk, sp, hi);
	}
}

static struct err *mark_all(struct session *s, struct marks *mk)
{
	bool incomplete = false;
	struct err *err = marks_open(&s->rt, mk);

	if (err)
		return err;
	err = roots_each(&s->rt, mark_root, mk, &incomplete);
	mk->incomplete |= incomplete;
	if (!err) {
		mark_stacks(mk, &s->m);
		err = marks_drain(mk);
	}
	return err;
}

int main(int argc, char **argv)
{
	static volatile sig_atomic_t cancel;
	struct session_options opt = {.core = argc > 1 ? argv[1] : NULL, .exe = argc > 2 ? argv[2] : NULL, .mem_fd = -1};
	struct session s;
	struct marks mk;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: markbench CORE [EXE]\n");
		return 2;
	}
	session_init(&s, &opt, &cancel);
	struct err *err = session_model(&s, &(struct model_options){.no_contexts = true});
	if (err) {
		fprintf(stderr, "markbench: %s\n", err->msg);
		return 1;
	}
	double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	err = mark_all(&s, &mk);
	double took = now(CLOCK_MONOTONIC) - start;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (err) {
		fprintf(stderr, "markbench: %s\n", err->msg);
		return 1;
	}
	printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"objects\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"object_bytes\":%" PRIu64
	       ",\"memory\":%" PRIu64 ",\"guessed\":%" PRIu64 ",\"unread\":%" PRIu64 ",\"incomplete\":%s}\n",
	       took, cpu, mk.objects, mk.bytes, s.rt.heap->object_bytes,
	       mk.slots.words * 16 + s.rt.heap->spans.n * (sizeof(*mk.slots.spans) + 1), mk.guessed, mk.unread,
	       mk.incomplete ? "true" : "false");
	marks_close(&mk);
	session_close(&s);
	return 0;
}
