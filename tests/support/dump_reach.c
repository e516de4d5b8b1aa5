/*
 * dump_reach --core FILE | --pid PID [--exe FILE]: what analysis/reach.h and analysis/cancel.h found, as JSON lines:
 *
 *     {"type":"reach","complete":true,"why":null,"objects":[n,n,n,n],"bytes":[n,n,n,n],"pgo":false,"cancelers":n}
 *     {"type":"task","goid":7,"stage":"stuck"}
 *     {"type":"context","addr":"0x…","stage":"live","cancelable":"func","cancelers":[{"kind":"func","closure":"0x…","goid":0,"func":"context.WithCancel.func1","stage":"live"}]}
 *
 * Linked with build/libgoctx.a; only tests use it.
 */
#include "analysis/reach.h"
#include "main/session.h"
#include "report/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const stages[] = {"live", "channel", "own", "stuck", "none"};
static const char *const kinds[] = {"func", "timer", "stop", "parent", "watcher"};
static const char *const ways[] = {"func", "timer", "above", "foreign", "by_waiter", "nobody", "done"};

static int fail(struct session *s, struct err *err)
{
	fprintf(stderr, "dump_reach: %s\n", err->msg);
	err_free(err);
	session_close(s);
	return 3;
}

static void print_canceler(const struct model *m, const struct canceler *c, const char *sep)
{
	uint64_t goid = c->task == UINT32_MAX ? 0 : m->tasks.list.v[c->task].goid;

	printf("%s{\"kind\":\"%s\",\"closure\":\"0x%" PRIx64 "\",\"goid\":%" PRIu64 ",\"func\":\"%s\",\"stage\":\"%s\"}", sep, kinds[c->kind],
	       c->closure, goid, m->rt->frames.v[c->func].func, stages[c->stage]);
}

static void print_context(struct model *m, const struct reach *r, uint32_t i)
{
	uint32_t first, n = cancelers_of(&r->cancelers, i, &first);
	const struct ctx *c = &m->ctxs.v[i];

	if (model_unused(m, i))
		return;
	printf("{\"type\":\"context\",\"addr\":\"");
	if (i < 2)
		printf(i ? "todo" : "background");
	else
		printf("0x%" PRIx64, c->addr);
	printf("\",\"stage\":\"%s\",\"cancelable\":\"%s\",\"cancelers\":[", stages[r->ctx_stage[i]], ways[r->cancelable[i]]);
	for (uint32_t k = 0; k < n; k++)
		print_canceler(m, &r->cancelers.list.v[first + k], k ? "," : "");
	printf("]}\n");
}

static void print_all(struct model *m, const struct reach *r)
{
	const uint64_t *o = r->objects, *b = r->bytes;

	printf("{\"type\":\"reach\",\"complete\":%s,\"why\":", r->complete ? "true" : "false");
	printf(r->gap ? "\"%s\"" : "null", word_gap(r->gap));
	printf(",\"objects\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],\"bytes\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],\"pgo\":%s,\"cancelers\":%zu}\n", o[0], o[1],
	       o[2], o[3], b[0], b[1], b[2], b[3], r->cancelers.pgo ? "true" : "false", r->cancelers.list.n);
	for (size_t i = 0; i < m->tasks.list.n; i++)
		printf("{\"type\":\"task\",\"goid\":%" PRIu64 ",\"stage\":\"%s\"}\n", m->tasks.list.v[i].goid, stages[r->task_stage[i]]);
	for (uint32_t i = 0; i < m->ctxs.n; i++)
		print_context(m, r, i);
}

int main(int argc, char **argv)
{
	struct session_options opt = {.mem_fd = -1};
	struct model_options all = {0};
	volatile sig_atomic_t cancel = 0;
	struct session s;
	struct reach r;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--core") == 0)
			opt.core = argv[i + 1];
		else if (strcmp(argv[i], "--exe") == 0)
			opt.exe = argv[i + 1];
		else if (strcmp(argv[i], "--pid") == 0)
			opt.pid = atoi(argv[i + 1]);
		else
			return 2;
	}
	if (!opt.core && !opt.pid)
		return 2;
	session_init(&s, &opt, &cancel);
	struct err *err = session_model(&s, &all);
	if (!err)
		err = reach_build(&s.m, &r);
	if (err)
		return fail(&s, err);
	print_all(&s.m, &r);
	reach_free(&r);
	session_close(&s);
	return 0;
}
