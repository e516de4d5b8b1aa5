/* Who waits on what, who is woken by what is marked, and what the stacks of the woken lead to. */
#include "analysis/reach_internal.h"
#include "runtime/livestack.h"

static bool read_object(void *arg, const struct wake_object *o)
{
	struct reacher *x = arg;
	struct reach_wait w = {
		.addr = o->addr, .sudog = o->sudog, .context = CTX_NONE, .is_chan = o->is_chan};

	if (o->is_chan && o->wait < x->m->tasks.waits.n) {
		uint32_t c = x->m->tasks.waits.v[o->wait].context;
		if (c < x->m->ctxs.n && reach_cancels(&x->m->ctxs.v[c]))
			w.context = c;
	}
	VEC_PUSH(&x->waits, w);
	return true;
}

void reach_ready(struct reacher *x, uint32_t task)
{
	if (x->r->task_stage[task] != REACH_NONE)
		return;
	if (x->apart && task == x->main) {
		x->main_waits = true;
		return;
	}
	x->r->task_stage[task] = x->stage;
	x->came++;
	VEC_PUSH(&x->ready, task);
}

/* A sudog's channel and element, and a g's own pointers, count once the goroutine is back. */
static void mark_leaves(struct reacher *x, uint32_t task)
{
	for (uint32_t k = x->first_wait[task]; k < x->first_wait[task + 1]; k++)
		mark_leaf(x->mk, x->waits.v[k].sudog);
	mark_leaf(x->mk, x->m->tasks.list.v[task].g);
}

struct err *reach_waits_read(struct reacher *x)
{
	const struct tasks *ts = &x->m->tasks;

	for (uint32_t i = 0; i < ts->list.n; i++) {
		x->first_wait[i] = (uint32_t)x->waits.n;
		enum wake_kind kind = wake_of(x->rt, ts, &ts->list.v[i], read_object, x);
		taddr coro = coros_of(&x->coros, &ts->list.v[i]);
		if (coro)
			VEC_PUSH(&x->waits, (struct reach_wait){.addr = coro, .context = CTX_NONE});
		x->first_wait[i + 1] = (uint32_t)x->waits.n;
		if (kind == WAKE_ALWAYS && !coro)
			reach_ready(x, i);
		else
			mark_leaves(x, i);
		if (i % 4096 == 0 && runtime_canceled(x->rt))
			return err_interrupted();
	}
	return NULL;
}

/*
 * As the collector has it: what is no heap object counts as reached (mbitmap.go:
 * isMarkedOrNotInHeap).  So does a free slot: nobody waits on one, so either the slot or the wait
 * has been read wrong.
 */
static bool is_reached(const struct reacher *x, taddr a)
{
	struct heap_object o;

	return !heap_object_at(x->rt, a, &o) || mark_test(x->mk, a) ||
	       !heap_allocated(x->rt, o.span, o.index);
}

void reach_try(struct reacher *x, uint32_t task)
{
	if (x->r->task_stage[task] != REACH_NONE)
		return;
	for (uint32_t k = x->first_wait[task]; k < x->first_wait[task + 1]; k++) {
		const struct reach_wait *w = &x->waits.v[k];
		if (x->stage == REACH_LIVE && w->context != CTX_NONE && !x->can[w->context])
			continue;
		if ((x->apart && reach_others_skips(x, task, w)) || !is_reached(x, w->addr))
			continue;
		reach_ready(x, task);
		return;
	}
}

void reach_waits_begin(struct reacher *x)
{
	for (uint32_t i = 0; i < x->m->tasks.list.n; i++) {
		reach_try(x, i);
		if (x->r->task_stage[i] != REACH_NONE)
			continue;
		for (uint32_t k = x->first_wait[i]; k < x->first_wait[i + 1]; k++)
			reach_watch(x, x->waits.v[k].addr, i);
	}
}

void reach_waits_again(struct reacher *x)
{
	for (uint32_t i = 0; i < x->m->tasks.list.n; i++)
		reach_try(x, i);
}

/* What the sudogs of a channel operation are to send from or receive into. */
static void mark_elements(struct reacher *x, uint32_t task)
{
	for (uint32_t k = x->first_wait[task]; k < x->first_wait[task + 1]; k++) {
		uint64_t elem = 0;
		if (x->waits.v[k].is_chan &&
		    runtime_field(x->rt, x->waits.v[k].sudog, x->rt->L.sudog.elem, &elem))
			mark_addr(x->mk, elem);
	}
}

static void mark_own(struct reacher *x, uint32_t task)
{
	mark_enter(x->mk, x->m->tasks.list.v[task].g);
	mark_elements(x, task);
}

void reach_waits_channel(struct reacher *x)
{
	for (uint32_t i = 0; i < x->m->tasks.list.n; i++) {
		reach_try(x, i);
		if (coros_of(&x->coros, &x->m->tasks.list.v[i])) // the collector's rule knows no
								 // coroutines: they run
			reach_ready(x, i);
	}
}

void reach_waits_own(struct reacher *x)
{
	for (uint32_t i = 0; i < x->m->tasks.list.n; i++)
		if (x->r->task_stage[i] == REACH_NONE)
			mark_own(x, i);
	for (uint32_t i = 0; i < x->m->tasks.list.n; i++)
		reach_try(x, i);
}

struct scanning {
	struct reacher *x;
	uint32_t task;
};

static bool live_word(void *arg, const struct live_word *w)
{
	struct scanning *s = arg;

	mark_addr(s->x->mk, w->value);
	if (w->info != PC_NONE && w->value)
		reach_cancel_word(s->x, s->task, w->value, w->info);
	return true;
}

/* No start of the walk is known: the stack as a whole, which leaves registers out. */
static void scan_whole(struct reacher *x, const struct task *t)
{
	taddr lo, hi;

	if (t->status == TASK_RUNNING)
		reach_incomplete(x, GAP_REGISTERS);
	if (stack_bounds(x->rt, t->g, &lo, &hi))
		mark_words(x->mk, lo, hi);
	else
		reach_incomplete(x, GAP_NO_STACK);
}

void reach_scan_ready(struct reacher *x)
{
	while (x->ready.n && !runtime_canceled(x->rt)) {
		uint32_t i = x->ready.v[--x->ready.n];
		const struct task *t = &x->m->tasks.list.v[i];
		struct scanning s = {x, i};
		struct livestack_state st = {0};
		if (x->first_wait[i] != x->first_wait[i + 1])
			mark_own(x, i);
		if (!livestack_each(x->rt, t, live_word, &s, &st))
			scan_whole(x, t);
		if (st.unreadable)
			reach_incomplete(x, GAP_STACK);
		reach_cancel_task(x, i);
	}
}

void reach_wake_rest(struct reacher *x)
{
	for (uint32_t i = 0; i < x->m->tasks.list.n; i++)
		reach_ready(x, i);
}
