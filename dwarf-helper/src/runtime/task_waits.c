/* What parked goroutines wait on: the list of sudogs of each. */
#include "runtime/task.h"

#define MAX_CASES 65536 /* a select has at most that many */
/* steps along a send queue to decide between send and receive in a select */
#define QUEUE_LOOK 1024

/* Is the sudog on the channel's send queue?  Needs no walk when only one of the queues has
 * waiters. */
static bool on_send_queue(struct runtime *rt, taddr chan, taddr sudog)
{
	uint64_t recv = 0, send = 0;

	runtime_field(rt, chan, rt->L.hchan.recvq_first, &recv);
	runtime_field(rt, chan, rt->L.hchan.sendq_first, &send);
	if (!send || !recv)
		return send != 0;
	for (int i = 0; send && i < QUEUE_LOOK; i++) {
		if (send == sudog)
			return true;
		if (!runtime_field(rt, send, rt->L.sudog.next, &send))
			break;
	}
	return false;
}

static enum task_wait_op op_of_reason(const struct runtime *rt, const struct task *t)
{
	const char *r = task_reason(rt, t);

	if (r && strncmp(r, "chan receive", 12) == 0)
		return WAIT_RECV;
	if (r && strncmp(r, "chan send", 9) == 0)
		return WAIT_SEND;
	return WAIT_UNTOLD;
}

/* All of a goroutine's at once: its sudogs are a list. */
static void tell_ops(struct runtime *rt, const struct task *t, struct task_wait *waits)
{
	taddr sudog = 0;

	runtime_field(rt, t->g, rt->L.g.waiting, &sudog);
	for (uint32_t i = 0; i < t->nwaits; i++) {
		if (waits[i].op == WAIT_UNTOLD)
			waits[i].op =
				on_send_queue(rt, waits[i].chan, sudog) ? WAIT_SEND : WAIT_RECV;
		if (sudog && !runtime_field(rt, sudog, rt->L.sudog.waitlink, &sudog))
			sudog = 0;
	}
}

enum task_wait_op task_wait_op(struct runtime *rt, const struct tasks *ts, const struct task *t,
			       uint32_t k)
{
	struct task_wait *waits = &ts->waits.v[t->wait_first];

	if (waits[k].op == WAIT_UNTOLD)
		tell_ops(rt, t, waits);
	return waits[k].op;
}

/* g.waiting: the sudogs of a channel operation or select, linked by waitlink (runtime/select.go,
 * runtime/chan.go). */
static void read_waits(struct tasks *ts, struct runtime *rt, struct task *t, enum task_wait_op op)
{
	const struct layout *l = &rt->L;
	taddr mark = 0; /* a list that bites its tail comes back to a mark that moves on at growing
			   distances (Brent) */
	taddr sudog = t->sudog;
	uint32_t reach = 1;

	t->nwaits = 0;
	t->wait_first = (uint32_t)ts->waits.n;
	while (sudog) {
		const uint8_t *p = target_ptr(rt->t, sudog, l->s[LAYOUT_sudog].size);
		if (!p || runtime_load(p, l->sudog.g) != t->g || sudog == mark ||
		    t->nwaits == MAX_CASES || ts->waits.n == ts->waits_most) {
			ts->bad_waits++;
			t->flags |= TASK_DAMAGED;
			return;
		}
		taddr chan = runtime_load(p, l->sudog.c);
		/* Since 1.26 sync primitives park with a sudog too: no channel, and waitlink is
		 * their queue's. */
		if (!chan)
			return;
		struct task_wait w = {.chan = chan, .context = CTX_NONE, .op = (uint8_t)op};
		VEC_PUSH(&ts->waits, w);
		if (++t->nwaits == reach) {
			mark = sudog;
			reach *= 2;
		}
		sudog = runtime_load(p, l->sudog.waitlink);
	}
}

#define SUDOGS_AHEAD 12 /* cache misses under way at a time */

static void look_ahead(struct runtime *rt, const struct task *t, bool dense)
{
	const uint8_t *p =
		t->sudog ? target_ptr(rt->t, t->sudog, rt->L.s[LAYOUT_sudog].size) : NULL;

	if (!p)
		return;
	if (dense)
		target_populate(rt->t, p);
	__builtin_prefetch(p + rt->L.sudog.g.off);
	__builtin_prefetch(p + rt->L.sudog.c.off);
}

void tasks_waits(struct runtime *rt, struct tasks *ts, size_t end)
{
	bool dense = task_dense(rt, end);

	/* Most have the reason of the one before. */
	uint16_t last = UINT16_MAX;
	enum task_wait_op op = WAIT_UNTOLD;

	/* A damaged allgs may name one goroutine a million times: all sudogs together are no more
	 * than fit into the target. */
	if (!ts->waits_most)
		ts->waits_most = target_bytes(rt->t) / rt->L.s[LAYOUT_sudog].size;
	for (; ts->waits_read < end; ts->waits_read++) {
		struct task *t = &ts->list.v[ts->waits_read];
		if (ts->waits_read + SUDOGS_AHEAD < end)
			look_ahead(rt, t + SUDOGS_AHEAD, dense);
		uint16_t why = (uint16_t)(t->status << 8 | t->reason);
		if (why != last)
			op = op_of_reason(rt, t);
		last = why;
		read_waits(ts, rt, t, op);
	}
}
