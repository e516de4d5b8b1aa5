/*
 * only-itself: goroutines that nobody but themselves could end.  unclosed: the same of goroutines
 * that a library runs for something which must be read to its end, closed or cancelled.
 *
 * The pattern     ten or more alike; every case that they wait for is a timer's, the end of the
 *                 program, or one that only the goroutine and its mates reach, and at least one is
 *                 of that kind (alone.h): who should have cancelled or closed it has forgotten it
 * likely          the marking was complete, and CancelFuncs could be told
 * possible        else; and those that sleep (time.Sleep) again and again: ten or more that were
 *                 made one by one since the first half of the program's life, by what has returned,
 *                 each with objects that nobody else reaches
 *
 * Healthy look-alikes that do not count: sessions that a map still holds, whose goroutines tick
 * meanwhile; a goroutine that has deferred the cancel of what it waits for itself; deadlines; two
 * goroutines of which one waits for input and would cancel the other; response bodies and rows that
 * somebody can still read.  A connection that waits for input is never meant.
 */
#include "analysis/task_sets.h"

static const struct {
	const char *at; /* head of the name of the function they stand in */
	uint8_t what;
} unclosed[] = {
	{"net/http.(*persistConn).", UNCLOSED_BODY},
	{"net/http.(*http2clientStream).", UNCLOSED_BODY},
	{"net/http/internal/http2.(*clientStream).", UNCLOSED_BODY},
	{"golang.org/x/net/http2.(*clientStream).", UNCLOSED_BODY},
	{"database/sql.(*Rows).", UNCLOSED_ROWS},
	{"database/sql.(*Tx).", UNCLOSED_TX},
	{"google.golang.org/grpc.newClientStream", UNCLOSED_STREAM},
	{"os/exec.(*Cmd).", UNCLOSED_CMD},
	{"os/signal.NotifyContext.func1", UNCLOSED_SIGNALS},
};

/* @return false: it is no library's */
static bool unclosed_thing(const struct model *m, uint32_t task, uint8_t *what_ret)
{
	const char *at = task_func(m, task);

	for (size_t k = 0; k < sizeof(unclosed) / sizeof(unclosed[0]); k++)
		if (!strncmp(at, unclosed[k].at, strlen(unclosed[k].at))) {
			*what_ret = unclosed[k].what;
			return true;
		}
	return false;
}

/* A mate's set goes to the one that says more: where a library's waits for what is unclosed, else
 * in the user's code, else the larger one. */
static bool leads(const struct leaks *l, const struct task_set *a, const struct task_set *b)
{
	const struct task *v = l->m->tasks.list.v;
	const struct frame *frames = l->m->rt->frames.v;
	uint32_t x = a->tasks.v[0], y = b->tasks.v[0];
	bool std_x = v[x].frame >= l->m->rt->frames.n || frames[v[x].frame].std;
	bool std_y = v[y].frame >= l->m->rt->frames.n || frames[v[y].frame].std;

	if (std_x != std_y)
		return !std_x;
	if (a->tasks.n != b->tasks.n)
		return a->tasks.n > b->tasks.n;
	return strcmp(task_func(l->m, x), task_func(l->m, y)) < 0;
}

static void take(struct task_set *into, struct task_set *from)
{
	for (size_t k = 0; k < from->tasks.n; k++)
		VEC_PUSH(&into->tasks, from->tasks.v[k]);
	into->bytes += from->bytes;
	VEC_FREE(&from->tasks);
	from->tasks.n = 0;
}

static void join_mates(struct leaks *l, struct task_sets *s)
{
	struct u64map set_of = {0};

	for (uint32_t k = 0; k < s->list.n; k++)
		for (size_t n = 0; n < s->list.v[k].tasks.n; n++)
			u64map_add(&set_of, s->list.v[k].tasks.v[n] + 1ul, k);
	for (uint32_t k = 0; k < s->list.n; k++) {
		struct task_set *a = &s->list.v[k];
		uint32_t mate = a->tasks.n ? l->alone.mate[a->tasks.v[0]] : TASK_NONE;
		uint32_t other = mate == TASK_NONE ? U64MAP_NONE : u64map_find(&set_of, mate + 1ul);
		if (other == U64MAP_NONE || other == k || !s->list.v[other].tasks.n)
			continue;
		struct task_set *b = &s->list.v[other];
		if (leads(l, a, b))
			take(a, b);
		else
			take(b, a);
	}
	u64map_free(&set_of);
}

/* Contexts that nobody but they could have cancelled: the ones that they wait for, which end with
 * the goroutines. */
static void add_contexts(struct leaks *l, struct finding *f, const struct task_set *s)
{
	struct u64map seen = {0};

	for (size_t k = 0; k < s->tasks.n; k++) {
		const struct task *t = &l->m->tasks.list.v[s->tasks.v[k]];
		for (uint32_t w = 0; w < t->nwaits; w++) {
			uint32_t c = l->m->tasks.waits.v[t->wait_first + w].context;
			size_t before = seen.n;
			if (c >= l->m->ctxs.n || l->r->others.program[c])
				continue;
			u64map_add(&seen, c + 1ul, 0);
			if (seen.n > before)
				leak_add_context(l, f, c);
		}
	}
	u64map_free(&seen);
	if (f->contexts.n)
		f->context = f->contexts.v[0];
}

/* Goroutines that sleep and then end come and go: most of those alive are young. */
static bool are_old(struct leaks *l, const struct task_set *s)
{
	struct spread sp;

	spread_find(l->m, &l->spreads, s->tasks.v, s->tasks.n, &sp);
	return sp.over_time && sp.gone * 10ul >= (s->tasks.n - sp.untold) * 9ul &&
	       sp.untold * 2ul < s->tasks.n && l->spreads.n &&
	       sp.quarter <= l->spreads.goids[l->spreads.n - 1] / 2;
}

static void tell(struct leaks *l, const struct task_set *s)
{
	uint8_t what = 0;
	bool library = unclosed_thing(l->m, s->tasks.v[0], &what);
	bool asleep = l->r->others.task[s->tasks.v[0]] == HELD_SLEEP;
	/* Where something could not be read, somebody may reach what they wait for from there. */
	enum confidence sure = !l->proof		     ? CONF_INFO
			       : l->no_func_proof && !asleep ? CONF_LIKELY
							     : CONF_POSSIBLE;
	if (asleep && !are_old(l, s))
		return;
	struct finding *f =
		finding_new(l->out, library ? RULE_UNCLOSED : RULE_ONLY_ITSELF, sure, UNIT_TASK);
	uint8_t cases = 0;

	finding_sign(f, task_func(l->m, s->tasks.v[0]), task_maker(l->m, s->tasks.v[0]), NULL);
	for (size_t k = 0; k < s->tasks.n; k++) {
		leak_add_task(l, f, s->tasks.v[k]);
		cases |= l->alone.cases[s->tasks.v[k]];
	}
	f->claim.alone.what = what;
	f->claim.alone.asleep = asleep;
	f->claim.alone.mates = l->alone.mate[s->tasks.v[0]] != TASK_NONE;
	task_set_evidence(l, f, s);
	finding_evidence(f, EV_CASES)->n = cases;
	add_spread(l, f, s->tasks.v, s->tasks.n);
	add_contexts(l, f, s);
	if (!l->no_func_proof)
		add_doubt(l, f);
	if (f->context != CTX_NONE && l->m->ctxs.v[f->context].addr)
		finding_next(f, NEXT_SHOW, l->m->ctxs.v[f->context].addr);
}

struct err *rule_only_itself(struct leaks *l)
{
	struct task_sets s = {0};

	for (uint32_t t = 0; l->alone.how && t < l->m->tasks.list.n; t++) {
		if (l->alone.how[t] != ALONE_ITSELF)
			continue;
		if (l->task_finding[t])
			l->out->list.v[l->task_finding[t] - 1].also |= 1u << RULE_ONLY_ITSELF;
		else
			task_sets_add(l, &s, t, 0, CTX_NONE);
	}
	join_mates(l, &s);
	for (size_t k = 0; k < s.list.n; k++)
		if (s.list.v[k].tasks.n >= REACH_ALIKE)
			tell(l, &s.list.v[k]);
	task_sets_free(&s);
	return runtime_check(l->m->rt);
}
