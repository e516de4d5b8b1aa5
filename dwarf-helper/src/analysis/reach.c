#include "analysis/reach_internal.h"

#include "runtime/stack.h"

void reach_incomplete(struct reacher *x, enum gap gap)
{
	x->r->complete = false;
	if (!x->r->gap)
		x->r->gap = (uint8_t)gap;
}

bool reach_watch(struct reacher *x, taddr a, uint32_t who)
{
	if (!mark_watch(x->mk, a))
		return false;
	uint64_t key = slots_at(&x->mk->slots, a) + 1;
	uint32_t head = u64map_find(&x->users_of, key);
	VEC_PUSH(&x->users, (struct reach_user){who, head});
	u64map_set(&x->users_of, key, (uint32_t)x->users.n - 1);
	return true;
}

static bool mark_root(void *arg, const struct root *root)
{
	struct reacher *x = arg;

	if (!reach_final_put_aside(x, root))
		mark_addr(x->mk, root->value);
	return true;
}

static void mark_word(void *arg, uint64_t word)
{
	struct reacher *x = arg;

	mark_addr(x->mk, word);
}

/* Timers that fire are roots, and no P or heap of one is entered: those that were stopped hold
 * nothing (timers.h). */
static void mark_timers(struct reacher *x)
{
	struct timers t;

	timers_read(x->rt, &t);
	reach_others_begin(x, &t);
	for (size_t i = 0; i < t.keepers.n; i++)
		mark_leaf(x->mk, t.keepers.v[i]);
	for (size_t i = 0; i < t.list.n; i++)
		if (!t.list.v[i].stopped)
			mark_addr(x->mk, t.list.v[i].timer);
	timers_free(&t);
}

static struct err *mark_roots(struct reacher *x)
{
	bool incomplete = false;

	mark_timers(x); // before the variables, which lead to the Ps
	struct err *err = roots_each(x->rt, mark_root, x, &incomplete);

	if (incomplete)
		reach_incomplete(x, GAP_ROOTS);
	if (!err && !stack_threads(x->rt, mark_word, x))
		reach_incomplete(x, GAP_THREAD);
	return err;
}

/* Notify the users of watched objects that have been marked. */
void reach_take_hits(struct reacher *x)
{
	for (size_t i = 0; i < x->mk->hits.n; i++) {
		uint32_t u = u64map_find(&x->users_of, x->mk->hits.v[i] + 1);
		for (; u != U64MAP_NONE; u = x->users.v[u].next) {
			if (x->users.v[u].who & CANCELER_BIT)
				reach_cancel_hit(x, x->users.v[u].who & ~CANCELER_BIT);
			else
				reach_try(x, x->users.v[u].who);
		}
	}
	x->mk->hits.n = 0;
}

/* Alternate between stacks and marking until no more goroutines come back. */
static struct err *settle(struct reacher *x)
{
	do {
		reach_scan_ready(x);
		struct err *err = marks_drain(x->mk);
		if (err)
			return err;
		reach_take_hits(x);
		reach_spread(x);
	} while (x->ready.n);
	return NULL;
}

/* Set the stages of contexts and cancelers that the stage under way has reached. */
static void end_stage(struct reacher *x)
{
	struct reach *r = x->r;
	uint64_t objects = x->mk->objects, bytes = x->mk->bytes;

	for (int s = 0; s < x->stage; s++) {
		objects -= r->objects[s];
		bytes -= r->bytes[s];
	}
	r->objects[x->stage] = objects;
	r->bytes[x->stage] = bytes;
	for (size_t i = 0; i < x->m->ctxs.n; i++) {
		if (r->ctx_stage[i] != REACH_NONE)
			continue;
		taddr a = x->m->ctxs.v[i].addr;
		if (mark_test(x->mk, a) ||
		    (x->stage == REACH_LIVE && slots_at(&x->mk->slots, a) == UINT64_MAX))
			r->ctx_stage[i] = x->stage;
	}
	reach_cancel_stages(x);
}

/* of finalizers that lead to objects with finalizers; what is left counts, too, as what may be
 * called */
#define FINAL_ROUNDS 16

/* Without those that only wait for themselves, and with them. */
static struct err *run_apart(struct reacher *x)
{
	struct err *err = settle(x);

	if (err || !x->apart)
		return err;
	reach_others_main(x);
	for (unsigned round = 0; !round || (round < FINAL_ROUNDS && reach_finals_mark_live(x));
	     round++)
		if ((err = settle(x)))
			return err;
	reach_others_end(x);
	reach_waits_again(x);
	return NULL;
}

/* @param again_ret  true when goroutines came back only through finalizers of objects that nothing
 * that can run reaches */
static struct err *run_live(struct reacher *x, bool *again_ret)
{
	struct err *err;

	reach_scan_ready(x);
	if ((err = marks_drain(x->mk)))
		return err;
	reach_cancel_begin(x);
	reach_cancel_watch(x);
	reach_waits_begin(x);
	reach_spread(x);
	if ((err = run_apart(x)))
		return err;
	for (unsigned round = 0; !round || (round < FINAL_ROUNDS && reach_finals_mark_live(x));
	     round++)
		if ((err = settle(x)))
			return err;
	uint64_t before = x->came;
	reach_finals_mark_rest(x);
	if ((err = settle(x)))
		return err;
	*again_ret = x->came != before;
	reach_finals_keep_unreached(x);
	end_stage(x);
	return NULL;
}

static struct err *run_stages(struct reacher *x, bool *again_ret)
{
	struct err *err = reach_waits_read(x);

	if (err || (err = mark_roots(x)) || (err = run_live(x, again_ret)))
		return err;
	x->stage = REACH_CHANNEL;
	reach_finals_mark_never(x);
	reach_waits_channel(x);
	if ((err = settle(x)))
		return err;
	end_stage(x);
	x->stage = REACH_OWN;
	reach_waits_own(x);
	if ((err = settle(x)))
		return err;
	end_stage(x);
	x->stage = REACH_STUCK;
	reach_wake_rest(x);
	if ((err = settle(x)))
		return err;
	end_stage(x);
	*again_ret =
		*again_ret && x->r->complete && !x->mk->incomplete && reach_finals_find_never(x);
	return NULL;
}

/* Reasons known before the marking why "not reached" is no proof. */
static void note_doubts(struct reacher *x)
{
	const struct tasks *ts = &x->m->tasks;

	if (x->rt->notes->count[NOTE_DAMAGE])
		reach_incomplete(x, GAP_DAMAGE);
	if (x->rt->heap->incomplete)
		reach_incomplete(x, GAP_HEAP);
	if (ts->unread || ts->beyond)
		reach_incomplete(x, GAP_TASKS);
	if (ts->by_status[TASK_COPYSTACK])
		reach_incomplete(x, GAP_MOVING_STACK);
}

static void forget_work(struct reacher *x)
{
	VEC_FREE(&x->waits);
	VEC_FREE(&x->ready);
	VEC_FREE(&x->spread);
	VEC_FREE(&x->users);
	VEC_FREE(&x->finals);
	VEC_FREE(&x->final_objects);
	u64map_free(&x->users_of);
	u64map_free(&x->watcher_of);
	free(x->first_wait);
	free(x->can);
	free(x->under_way);
	reach_others_forget(x);
	x->first_wait = NULL;
	x->can = NULL;
	x->under_way = NULL;
}

/* Start with nothing marked. */
static struct err *begin(struct reacher *x)
{
	struct reach *r = x->r;
	size_t tasks = x->m->tasks.list.n, ctxs = x->m->ctxs.n;

	x->stage = REACH_LIVE;
	forget_work(x);
	reach_others_free(&r->others);
	x->apart = true;
	x->main = task_by_goid(&x->m->tasks, 1);
	x->main_waits = false;
	marks_close(&r->marks);
	struct err *err = marks_open(x->rt, &r->marks);
	if (err)
		return err;
	memset(r->objects, 0, sizeof(r->objects));
	memset(r->bytes, 0, sizeof(r->bytes));
	memset(r->task_stage, REACH_NONE, tasks + 1);
	memset(r->ctx_stage, REACH_NONE, ctxs + 1);
	for (size_t i = 0; i < r->cancelers.list.n; i++)
		r->cancelers.list.v[i].stage = REACH_NONE;
	x->first_wait = mem_zalloc((tasks + 1) * sizeof(*x->first_wait));
	x->can = mem_zalloc(ctxs + 1);
	x->under_way = mem_zalloc((ctxs / 64 + 1) * sizeof(*x->under_way));
	return NULL;
}

static struct err *build(struct reacher *x)
{
	struct reach *r = x->r;
	size_t tasks = x->m->tasks.list.n, ctxs = x->m->ctxs.n;
	bool again = false;
	struct err *err = cancelers_find(x->m, &r->cancelers);

	if (err)
		return err;
	r->task_stage = mem_alloc(tasks + 1);
	r->ctx_stage = mem_alloc(ctxs + 1);
	r->cancelable = mem_zalloc(ctxs + 1);
	note_doubts(x);
	if ((err = coros_find(x->rt, &x->m->tasks, &x->coros)))
		return err;
	if ((err = begin(x)) || (err = run_stages(x, &again)))
		return err;
	if (again && ((err = begin(x)) || (err = run_stages(x, &again))))
		return err;
	if (x->mk->incomplete)
		reach_incomplete(x, GAP_OBJECTS);
	reach_cancel_classify(x);
	return NULL;
}

struct err *reach_build(const struct model *m, struct reach *ret)
{
	struct reacher x = {.m = m, .rt = m->rt, .r = ret, .mk = &ret->marks};

	*ret = (struct reach){.m = m, .complete = true};
	if (!m->rt->heap)
		return err_new(ERR_ABSENT, "the heap could not be read");
	struct err *err = build(&x);
	forget_work(&x);
	VEC_FREE(&x.may_cancel);
	coros_free(&x.coros);
	u64map_free(&x.never_final);
	if (err)
		reach_free(ret);
	return err;
}

bool reach_unused(const struct reach *r, uint8_t stage)
{
	bool all_found = !r->cancelers.pgo && !r->cancelers.unread;

	return r->complete && (stage == REACH_STUCK || stage == REACH_OWN ||
			       (stage == REACH_CHANNEL && all_found));
}

void reach_free(struct reach *r)
{
	marks_close(&r->marks);
	cancelers_free(&r->cancelers);
	free(r->task_stage);
	free(r->ctx_stage);
	free(r->cancelable);
	reach_others_free(&r->others);
	*r = (struct reach){0};
}
