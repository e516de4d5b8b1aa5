/*
 * Wait queues of channels.  A goroutine that is parked on channels lists its sudogs (g.waiting,
 * linked by waitlink); each of them must be on the receive or the send queue of its channel, linked
 * both ways (runtime/chan.go, select.go; enqueueing and parking happen under the channel's lock).
 * Not damage, but on the way:
 *   - a channel whose lock is held
 *   - a goroutine that has been taken off the queue and is not running yet (g.param is its sudog)
 *   - a select that was woken through another channel: its other sudogs stay queued until it runs
 */
#include "analysis/check.h"

struct waiter {
	taddr sudog;
	uint32_t task;
	bool met; /* on a queue of its channel */
};

struct queues {
	const struct model *m;
	struct problems *ps;
	VEC(struct waiter) waiters;
	struct u64map by_sudog; /* -> index into waiters */
	struct u64map channels; /* met so far -> 1: its queues do not fit, 0 */
	struct u64map by_g;	/* g -> task; made when it is first needed */
	uint64_t left; /* sudogs that may still be looked at: a damaged queue may be a loop */
};

static struct problem about(taddr channel, uint32_t task, enum check_kind kind, bool changing)
{
	return (struct problem){.kind = (uint8_t)kind,
				.changing = changing,
				.task = task,
				.channel = channel,
				.issue = {.context = CTX_NONE, .other = CTX_NONE}};
}

/* ---- goroutines ---- */

static bool is_parked(const struct task *t)
{
	return t->status == TASK_WAITING || t->status == TASK_LEAKED;
}

static void collect_task(struct queues *q, uint32_t i)
{
	const struct task *t = &q->m->tasks.list.v[i];
	struct runtime *rt = q->m->rt;
	taddr sudog;

	if (t->flags & TASK_DAMAGED && is_parked(t))
		problem_add(q->ps, about(0, i, CHECK_WAITS, false));
	if (!t->nwaits || !runtime_field(rt, t->g, rt->L.g.waiting, &sudog))
		return;
	for (uint32_t k = 0; k < t->nwaits && sudog; k++) {
		u64map_set(&q->by_sudog, sudog, (uint32_t)q->waiters.n);
		VEC_PUSH(&q->waiters, (struct waiter){sudog, i, false});
		if (!runtime_field(rt, sudog, rt->L.sudog.waitlink, &sudog))
			return;
	}
}

static uint32_t task_of_g(struct queues *q, taddr g)
{
	if (!q->by_g.n)
		for (size_t i = 0; i < q->m->tasks.list.n; i++)
			u64map_set(&q->by_g, q->m->tasks.list.v[i].g, (uint32_t)i);
	uint32_t task = u64map_find(&q->by_g, g);
	return task == U64MAP_NONE ? TASK_NONE : task;
}

/* ---- one channel ---- */

struct channel {
	taddr addr;
	bool locked;
	uint64_t closed, count, size;
	uint64_t waiting[2]; /* receivers, senders that really wait */
};

/* A sudog on the queue that no parked goroutine lists. */
static void on_stranger(struct queues *q, const struct channel *c, const uint8_t *p)
{
	const struct layout *l = &q->m->rt->L;
	uint32_t task = task_of_g(q, runtime_load(p, l->sudog.g));

	if (task != TASK_NONE && q->m->tasks.list.v[task].flags & TASK_DAMAGED)
		return; /* the damage of the goroutine is noted already */
	bool select = runtime_load(p, l->sudog.isSelect) & 1;
	bool awake = task != TASK_NONE && !is_parked(&q->m->tasks.list.v[task]);
	bool on_its_way = c->locked || (task != TASK_NONE && select && awake);
	problem_add(q->ps, about(c->addr, task, CHECK_QUEUED, on_its_way));
}

/* One queue.  @return false: its links do not fit (a sudog that cannot be read is none that could
 * be looked at) */
static bool walk_queue(struct queues *q, struct channel *c, int which, taddr first, taddr last)
{
	struct runtime *rt = q->m->rt;
	const struct layout *l = &rt->L;
	taddr prev = 0, at = first;

	while (at) {
		const uint8_t *p = q->left ? target_ptr(rt->t, at, l->s[LAYOUT_sudog].size) : NULL;
		if (!q->left)
			return false;
		q->left--;
		if (!p && !target_extent(rt->t, at)) {
			q->ps->unread++;
			return true;
		}
		if (!p || runtime_load(p, l->sudog.c) != c->addr ||
		    runtime_load(p, l->sudog.prev) != prev)
			return false;
		uint32_t w = u64map_find(&q->by_sudog, at);
		if (w == U64MAP_NONE)
			on_stranger(q, c, p);
		else if (q->waiters.v[w].met)
			return false;
		else
			q->waiters.v[w].met = true;
		c->waiting[which] += w != U64MAP_NONE;
		prev = at;
		at = runtime_load(p, l->sudog.next);
	}
	return prev == last;
}

static void add_counted(struct queues *q, const struct channel *c, enum check_kind kind,
			bool changing, uint64_t n, uint64_t m, bool senders)
{
	struct problem p = about(c->addr, TASK_NONE, kind, changing);

	p.n = n;
	p.m = m;
	p.senders = senders;
	problem_add(q->ps, p);
}

static void check_state(struct queues *q, const struct channel *c)
{
	bool done = u64map_find(&q->m->by_done, c->addr) !=
		    U64MAP_NONE; /* those are check_contexts()'s */
	uint64_t recv = c->waiting[0], send = c->waiting[1];

	if (c->closed && (recv || send) && !done)
		add_counted(q, c, CHECK_CLOSED, c->locked, recv + send, 0, false);
	if (c->closed || c->locked)
		return;
	if (recv && c->count)
		add_counted(q, c, CHECK_BUFFER, false, recv, c->count, false);
	if (send && c->count < c->size)
		add_counted(q, c, CHECK_BUFFER, false, send, c->size - c->count, true);
}

static void check_channel(struct queues *q, taddr addr)
{
	struct runtime *rt = q->m->rt;
	const struct layout *l = &rt->L;
	const uint8_t *p = target_ptr(rt->t, addr, l->s[LAYOUT_hchan].size);
	struct channel c = {.addr = addr};

	if (!p) {
		q->ps->unread++;
		return;
	}
	uint64_t lock = runtime_load(p, l->hchan.lock);
	c.locked = lock != 0;
	c.closed = runtime_load(p, l->hchan.closed);
	c.count = runtime_load(p, l->hchan.qcount);
	c.size = runtime_load(p, l->hchan.dataqsiz);
	bool fits = walk_queue(q, &c, 0, runtime_load(p, l->hchan.recvq_first),
			       runtime_load(p, l->hchan.recvq_last));
	fits &= walk_queue(q, &c, 1, runtime_load(p, l->hchan.sendq_first),
			   runtime_load(p, l->hchan.sendq_last));
	if (!fits)
		u64map_set(&q->channels, addr, 1);
	if (!fits)
		problem_add(q->ps, about(addr, TASK_NONE, CHECK_LINKS, c.locked));
	check_state(q, &c);
}

/* ---- those that were met on no queue ---- */

static void check_lost(struct queues *q, const struct waiter *w)
{
	struct runtime *rt = q->m->rt;
	const struct layout *l = &rt->L;
	const struct task *t = &q->m->tasks.list.v[w->task];
	taddr chan = 0, param = 0, lock = 0;

	runtime_field(rt, w->sudog, l->sudog.c, &chan);
	if (u64map_find(&q->channels, chan) == 1)
		return; /* the channel's queues are a problem already */
	runtime_field(rt, t->g, l->g.param, &param);
	runtime_field(rt, chan, l->hchan.lock, &lock);
	problem_add(q->ps, about(chan, w->task, CHECK_LOST, param || lock));
}

static struct err *run(struct queues *q)
{
	const struct tasks *ts = &q->m->tasks;

	u64map_reserve(&q->by_sudog, ts->waits.n);
	VEC_RESERVE(&q->waiters, ts->waits.n);
	for (size_t i = 0; i < ts->list.n; i++)
		collect_task(q, (uint32_t)i);
	q->left = q->waiters.n * 2 + target_bytes(q->m->rt->t) / q->m->rt->L.s[LAYOUT_sudog].size;
	for (size_t i = 0; i < ts->waits.n; i++) {
		if (i % 4096 == 0 && runtime_canceled(q->m->rt))
			return err_interrupted();
		size_t before = q->channels.n;
		u64map_add(&q->channels, ts->waits.v[i].chan, 0);
		if (q->channels.n != before)
			check_channel(q, ts->waits.v[i].chan);
	}
	for (size_t i = 0; i < q->waiters.n; i++)
		if (!q->waiters.v[i].met)
			check_lost(q, &q->waiters.v[i]);
	return NULL;
}

struct err *check_queues(const struct model *m, struct problems *ps)
{
	struct queues q = {.m = m, .ps = ps};
	struct err *err = run(&q);

	VEC_FREE(&q.waiters);
	u64map_free(&q.by_sudog);
	u64map_free(&q.channels);
	u64map_free(&q.by_g);
	return err;
}
