/*
 * ignores-cancel: goroutines that hold a context which has ended, and are still at it.
 *
 * The pattern     parked in a channel operation, a select, on a lock or a counter, or in I/O; none
 *                 of its waits is for a context that has ended; and it holds one that has
 *                 (held.h): in a variable that is still read, by its CancelFunc, or in an object.
 * Long over       the end is half a second old by its deadline; or ten or more of them have each a
 *                 context of their own, that ended one by one while what is above goes on; or it
 *                 waits for a minute.  Cancelling leaves no date.
 * likely          ten or more alike whose contexts are long over, or had ended before anybody had
 *                 called their Done; three that wait for a minute, or one that waits for ten
 * possible        the same where it is only held by objects or a CancelFunc, where they wait for
 *                 input or for others to end (wait groups), or inside of the standard library; ten
 *                 that wait for five seconds; three whose contexts are long over
 * info            everything else: a graceful shutdown looks like that, just after the cancel.  So
 *                 do goroutines that did listen and are about to finish (held_listened()), those
 *                 that hold in objects what a request of a library's left behind (a handler's own
 *                 request is still under way), and workers that
 *                 wait on one channel, or connections that wait for input, with the context of
 *                 their last job still in their objects
 *
 * Goroutines that sleep end by themselves and are left out, and so are those known to be idle
 * (exempt.c).  What the standard library waits for on its caller's behalf it ends itself when the
 * context has ended: only where that did not come about does it count.
 *
 * Objects are not looked into for each goroutine: a few of those alike are asked first, and the
 * rest only where most of these hold one.
 */
#include "analysis/held.h"
#include "analysis/task_sets.h"

#include "context/detail.h"
#include "runtime/stack.h"

#define MANY 10
#define FEW 3
/* of goroutines alike, whether objects of theirs hold a context that has ended */
#define ASKED 8
#define LOOKED 16 /* of a set, whether they listened */
#define GRACE_NS (INT64_C(500) * 1000000)
#define SOME_NS (INT64_C(5) * 1000000000)
#define LONG_NS (INT64_C(60) * 1000000000)

enum parked_on { PARKED_OBJECT, PARKED_GROUP, PARKED_INPUT, PARKED_OTHER };

/* Goroutines that stand at one place and were started at one. */
struct alike {
	VEC(uint32_t) tasks;
};

struct rule {
	struct leaks *l;
	VEC(struct alike) alike;
	struct u64map index; /* frame and go statement -> alike */
	struct held *held;   /* by task */
	struct task_sets sets;
};

/* Numbers of one set. */
struct about {
	uint32_t over, unasked; /* goroutines whose contexts are long over; had ended before anybody
				   asked */
	uint32_t contexts, tops;	/* different ones; different ones that were ended */
	uint32_t channels, on_channels; /* different ones that they wait on; goroutines that do */
	uint32_t looked, listened;
	int64_t oldest_ns, newest_ns; /* waits; -1 */
	int64_t ago_ns;		      /* since the end of the first one's context; -1 */
	bool requests;
};

struct parked {
	struct runtime *rt;
	uint32_t frame;
};

/* The frame that waits, below those of the runtime and of package sync. */
static bool parking_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct parked *p = arg;
	const struct pcinfo *at = &p->rt->pcs.v[info];

	(void)pc;
	(void)sp;
	for (uint32_t k = at->first; k < at->first + at->n; k++)
		if (!p->rt->frames.v[k].plumbing) {
			p->frame = k;
			return false;
		}
	return true;
}

/* The function of the standard library that waits on its caller's behalf (a round trip, a query, a
 * handshake), FRAME_NONE: none does. */
static uint32_t library_frame(struct runtime *rt, const struct task *t)
{
	struct parked p = {.rt = rt, .frame = FRAME_NONE};
	struct stack_regs start;

	if (stack_start(rt, t, &start))
		stack_walk(rt, &start, parking_frame, &p, NULL);
	return p.frame != FRAME_NONE && rt->frames.v[p.frame].std ? p.frame : FRAME_NONE;
}

/* Parked where only somebody else can end the wait? */
static enum parked_on parked_on(const struct model *m, const struct task *t)
{
	const char *reason = task_reason(m->rt, t);

	if ((t->status != TASK_WAITING && t->status != TASK_LEAKED) || !reason)
		return PARKED_OTHER;
	if (!strcmp(reason, "semacquire") ||
	    strstr(reason, "WaitGroup")) // sync.WaitGroup, errgroup and such: those they wait for
					 // are at fault
		return PARKED_GROUP;
	if (!strcmp(reason, "IO wait"))
		return PARKED_INPUT;
	bool object = !strncmp(reason, "chan ", 5) || !strncmp(reason, "select", 6) ||
		      !strncmp(reason, "sync.", 5) || !strncmp(reason, "semacquire", 10);
	return object ? PARKED_OBJECT : PARKED_OTHER;
}

static bool on_ended_context(const struct model *m, uint32_t task)
{
	const struct task *t = &m->tasks.list.v[task];

	for (uint32_t k = 0; k < t->nwaits; k++) {
		uint32_t c = m->tasks.waits.v[t->wait_first + k].context;
		if (c < m->ctxs.n && held_over(m, c))
			return true;
	}
	return false;
}

static void collect(struct rule *r)
{
	const struct model *m = r->l->m;

	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		const struct task *task = &m->tasks.list.v[t];
		if (task->flags & TASK_SYSTEM || parked_on(m, task) == PARKED_OTHER ||
		    on_ended_context(m, t))
			continue;
		uint64_t key = ((uint64_t)task->frame << 32 | task->created) *
				       UINT64_C(0x9e3779b97f4a7c15) |
			       1;
		uint32_t at = u64map_add(&r->index, key, (uint32_t)r->alike.n);
		if (at == r->alike.n)
			VEC_PUSH(&r->alike, (struct alike){0});
		VEC_PUSH(&r->alike.v[at].tasks, t);
	}
}

/* Do most of those alike hold one in objects of their own? */
static bool worth_looking(struct leaks *l, const struct alike *a)
{
	uint32_t hold = 0;

	if (a->tasks.n < MANY)
		return false;
	for (unsigned k = 0; k < ASKED; k++)
		hold += held_ended(l, a->tasks.v[k * a->tasks.n / ASKED], true).context != CTX_NONE;
	return hold * 2 >= ASKED;
}

static void hold(struct rule *r, uint32_t task, bool far)
{
	struct leaks *l = r->l;

	if (!far && !(l->task_flags[task] & LEAK_TASK_ENDED))
		return;
	struct held h = held_ended(l, task, far);
	if (h.context == CTX_NONE || exempt_task(l->m, &l->m->tasks.list.v[task]))
		return;
	r->held[task] = h;
	if (l->task_finding[task])
		l->out->list.v[l->task_finding[task] - 1].also |= 1u << RULE_IGNORES_CANCEL;
	else
		task_sets_add(l, &r->sets, task, (uint64_t)h.by + 1, h.context);
}

/* ---- one set ---- */

/* The shorter of what is known of how long it is at it. */
static bool is_over(const struct held_end *e, int64_t wait)
{
	return e->ago_ns >= GRACE_NS || wait >= LONG_NS;
}

/* What was counted so far, each once. */
struct seen {
	struct u64map contexts, tops, channels;
};

static void look_at_one(struct rule *r, uint32_t task, struct about *a, struct seen *seen)
{
	struct leaks *l = r->l;
	const struct task *t = &l->m->tasks.list.v[task];
	uint32_t c = r->held[task].context;
	struct held_end e = held_end(l, c);
	int64_t wait = clock_wait_ns(&l->m->now, t);

	a->over += is_over(&e, wait);
	a->unasked += e.unasked;
	a->requests |= e.request && e.ago_ns < 0 && !exempt_serves(l->m, t);
	a->oldest_ns = wait > a->oldest_ns ? wait : a->oldest_ns;
	a->newest_ns = a->newest_ns < 0 || (wait >= 0 && wait < a->newest_ns) ? wait : a->newest_ns;
	u64map_add(&seen->contexts, c + 1ul, 0);
	u64map_add(&seen->tops, e.top + 1ul, 0);
	if (t->nwaits) {
		u64map_add(&seen->channels, l->m->tasks.waits.v[t->wait_first].chan | 1, 0);
		a->on_channels++;
	}
	if (seen->contexts.n == 1)
		a->ago_ns = e.ago_ns;
}

static struct about look_at(struct rule *r, const struct task_set *s)
{
	struct about a = {.oldest_ns = -1, .newest_ns = -1, .ago_ns = -1};
	struct seen seen = {0};
	size_t n = s->tasks.n;

	for (size_t k = 0; k < n; k++)
		look_at_one(r, s->tasks.v[k], &a, &seen);
	a.contexts = (uint32_t)seen.contexts.n;
	a.tops = (uint32_t)seen.tops.n;
	a.channels = (uint32_t)seen.channels.n;
	a.looked = n < LOOKED ? (uint32_t)n : LOOKED;
	for (uint32_t k = 0; k < a.looked; k++) {
		uint32_t task = s->tasks.v[k * n / a.looked];
		a.listened += held_listened(r->l, task, r->held[task].context);
	}
	u64map_free(&seen.contexts);
	u64map_free(&seen.tops);
	u64map_free(&seen.channels);
	return a;
}

static bool did_listen(const struct about *a)
{
	return a->listened * 2 >= a->looked;
}

/* They ended one by one: that took its time. */
static bool one_by_one(const struct about *a, size_t n)
{
	return a->tops >= MANY && a->tops * 2ul >= n;
}

/* Workers wait for the next job on one channel, with the context of the last one at hand. */
static bool is_pool(const struct about *a, size_t n)
{
	return a->on_channels == n && a->channels * (size_t)MANY <= n;
}

static enum confidence how_sure(const struct about *a, size_t n, bool far, bool lower)
{
	bool most_over = a->over * 2ul >= n, asked = a->unasked * 2ul < n;
	enum confidence best = far || lower ? CONF_POSSIBLE : CONF_LIKELY;

	if (a->oldest_ns >= 10 * LONG_NS || (n >= FEW && a->oldest_ns >= LONG_NS))
		return far && n < MANY ? CONF_INFO : best;
	if (far && a->requests)
		return CONF_INFO;
	if (a->ago_ns >= 0 && !most_over) // just now
		return CONF_INFO;
	bool known = most_over || (!did_listen(a) && (one_by_one(a, n) || (!asked && !far)));
	if (known && n >= MANY)
		return best;
	if (known && n >= FEW && !far && !lower)
		return CONF_POSSIBLE;
	return !far && n >= MANY && a->newest_ns >= SOME_NS ? CONF_POSSIBLE : CONF_INFO;
}

static void add_held(struct rule *r, struct finding *f, const struct task_set *s,
		     const struct about *a)
{
	const struct held *h = &r->held[s->tasks.v[0]];
	struct evidence *held = finding_evidence(f, EV_HELD);

	held->context = h->context;
	held->flag = s->tasks.n > 1;
	held->role = h->by;
	held->n = a->contexts;
	held->ns = a->ago_ns;
	if (a->listened) {
		struct evidence *e = finding_evidence(f, EV_LISTENED);
		e->n = a->listened;
		e->m = a->looked;
	}
}

static void tell(struct rule *r, const struct task_set *s)
{
	struct leaks *l = r->l;
	const struct task *first = &l->m->tasks.list.v[s->tasks.v[0]];
	struct about a = look_at(r, s);
	uint8_t by = r->held[s->tasks.v[0]].by;
	uint32_t frame = library_frame(l->m->rt, first);
	enum parked_on kind = parked_on(l->m, first);
	bool lower = kind != PARKED_OBJECT || frame != FRAME_NONE;
	bool last_job = by == HELD_OBJECT &&
			(is_pool(&a, s->tasks.n) || (kind == PARKED_INPUT && a.ago_ns < 0));

	if (frame != FRAME_NONE && a.over * 2ul < s->tasks.n)
		return;
	enum confidence sure =
		last_job ? CONF_INFO : how_sure(&a, s->tasks.n, by != HELD_SLOT, lower);
	struct finding *f = finding_new(l->out, RULE_IGNORES_CANCEL, sure, UNIT_TASK);
	f->claim.ignores.by = by;
	f->claim.ignores.listened = did_listen(&a);
	for (size_t k = 0; k < s->tasks.n; k++) {
		uint32_t c = r->held[s->tasks.v[k]].context;
		leak_add_task(l, f, s->tasks.v[k]);
		if (!f->contexts.n || f->contexts.v[f->contexts.n - 1] != c)
			leak_add_context(l, f, c);
	}
	f->context = f->contexts.v[0];
	finding_sign(f, task_func(l->m, s->tasks.v[0]), task_maker(l->m, s->tasks.v[0]), NULL);
	add_held(r, f, s, &a);
	task_set_evidence(l, f, s);
	if (frame != FRAME_NONE)
		finding_evidence(f, EV_INSIDE)->n = frame;
	if (l->m->ctxs.v[f->context].addr)
		finding_next(f, NEXT_SHOW, l->m->ctxs.v[f->context].addr);
}

struct err *rule_ignores_cancel(struct leaks *l)
{
	struct rule r = {.l = l};

	r.held = mem_alloc((l->m->tasks.list.n + 1) * sizeof(*r.held));
	collect(&r);
	for (size_t k = 0; k < r.alike.n && !runtime_canceled(l->m->rt); k++) {
		bool far = worth_looking(l, &r.alike.v[k]);
		for (size_t n = 0; n < r.alike.v[k].tasks.n && !runtime_canceled(l->m->rt); n++)
			hold(&r, r.alike.v[k].tasks.v[n], far);
		VEC_FREE(&r.alike.v[k].tasks);
	}
	for (size_t k = 0; k < r.sets.list.n; k++)
		tell(&r, &r.sets.list.v[k]);
	for (size_t k = 0; k < r.alike.n; k++)
		VEC_FREE(&r.alike.v[k].tasks);
	VEC_FREE(&r.alike);
	u64map_free(&r.index);
	free(r.held);
	task_sets_free(&r.sets);
	return runtime_check(l->m->rt);
}
