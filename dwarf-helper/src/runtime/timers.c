#include "runtime/timers.h"

/* runtime.GOMAXPROCS takes what fits an int32; Ps of 10 KiB each bound it */
#define PS_MAX 65536

/* runtime/time.go until 1.22: timerNoStatus, timerDeleted and timerRemoved are those that will not
 * fire. */
enum {
	TIMER_NO_STATUS = 0,
	TIMER_DELETED = 3,
	TIMER_REMOVED = 5,
	TIMER_MODIFIED_EARLIER = 7,
	TIMER_MODIFIED_LATER = 8
};

#define TIMER_SIZE_MIN 64 /* bytes: no release has a smaller one */
#define TIMER_ZOMBIE 4	  /* 1.23+: a bit of timer.state */

static bool is_stopped(struct runtime *rt, taddr timer)
{
	const struct layout *l = &rt->L;
	uint64_t v;

	if (runtime_field(rt, timer, l->timer.state, &v))
		return v & TIMER_ZOMBIE;
	if (runtime_field(rt, timer, l->timer.status, &v))
		return v == TIMER_NO_STATUS || v == TIMER_DELETED || v == TIMER_REMOVED;
	return false;
}

/* @return false: not all of them are in the list */
static bool read_heap(struct runtime *rt, taddr p, struct timers *ret, taddr *array_ret)
{
	const struct layout *l = &rt->L;
	bool pairs = LAYOUT_HAS(l->p.timers_heap);
	uint64_t size = pairs ? 16 : 8, first, n;
	struct layout_field f = pairs ? l->p.timers_heap : l->p.timers;

	if (!LAYOUT_HAS(f) || !target_u64(rt->t, p + (uint64_t)f.off, &first) ||
	    !target_u64(rt->t, p + (uint64_t)f.off + 8, &n) || n + ret->list.n < n ||
	    n + ret->list.n > target_bytes(rt->t) / (size + TIMER_SIZE_MIN))
		return false; // more than memory has room for
	*array_ret = first;
	for (uint64_t i = 0; i < n && !runtime_canceled(rt); i++) {
		struct timer_entry e = {.at = first + i * size};

		if (!target_u64(rt->t, e.at, &e.timer))
			return false;
		if (!e.timer)
			continue;
		e.stopped = is_stopped(rt, e.timer);
		VEC_PUSH(&ret->list, e);
	}
	return !runtime_canceled(rt);
}

void timers_read(struct runtime *rt, struct timers *ret)
{
	const struct layout_variable *allp = &rt->L.var[LAYOUT_VAR_allp];
	uint64_t first, n;
	taddr p;

	*ret = (struct timers){0};
	if (!allp->found || !target_u64(rt->t, allp->addr, &first) ||
	    !target_u64(rt->t, allp->addr + 8, &n) || n > PS_MAX) {
		ret->incomplete = true;
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		taddr array = 0;
		bool read = target_u64(rt->t, first + i * 8, &p) &&
			    (!p || read_heap(rt, p, ret, &array));
		ret->incomplete |= !read;
		if (read && p)
			VEC_PUSH(&ret->keepers, p);
		if (read && array)
			VEC_PUSH(&ret->keepers, array);
	}
}

void timers_free(struct timers *t)
{
	VEC_FREE(&t->list);
	VEC_FREE(&t->keepers);
}

uint64_t timer_when(struct runtime *rt, taddr timer)
{
	uint64_t status = 0, when = 0;

	runtime_field(rt, timer, rt->L.timer.status, &status);
	if (status == TIMER_MODIFIED_EARLIER ||
	    status == TIMER_MODIFIED_LATER) // then it is timer.nextwhen
		return 0;
	runtime_field(rt, timer, rt->L.timer.when, &when);
	return when;
}

/* Function of the closure that the word at @p at points to. */
static const char *func_at(struct runtime *rt, taddr at)
{
	taddr closure, code;

	return target_u64(rt->t, at, &closure) && closure && target_u64(rt->t, closure, &code)
		       ? runtime_func_name(rt, code)
		       : NULL;
}

/* timer.f is a func value; package time's goFunc calls the func() in timer.arg, an interface of one
 * word. */
const char *timer_calls(struct runtime *rt, taddr timer)
{
	const struct layout *l = &rt->L;

	if (!LAYOUT_HAS(l->timer.f) || !LAYOUT_HAS(l->timer.arg))
		return NULL;
	const char *f = func_at(rt, timer + (uint64_t)l->timer.f.off);

	return f && !strcmp(f, "time.goFunc") ? func_at(rt, timer + (uint64_t)l->timer.arg.off + 8)
					      : f;
}
