/* The first part of REACH_LIVE: what is reached without goroutines that only wait for themselves,
 * or for the end of the program. */
#include "analysis/programs.h"
#include "analysis/reach_internal.h"

/* ---- who is held out ---- */

static bool parked_on_channel(const struct reacher *x, uint32_t task)
{
	const struct task *t = &x->m->tasks.list.v[task];

	return x->r->task_stage[task] == REACH_NONE && !(t->flags & TASK_SYSTEM) &&
	       task != x->main && x->first_wait[task] != x->first_wait[task + 1] &&
	       x->waits.v[x->first_wait[task]].is_chan;
}

static uint64_t kind_of(const struct task *t)
{
	return ((uint64_t)t->frame << 32 | t->created) + 1;
}

static bool is_asleep(const struct reacher *x, uint32_t task)
{
	const struct task *t = &x->m->tasks.list.v[task];
	const char *reason = t->status == TASK_WAITING ? task_reason(x->rt, t) : NULL;

	return reason && !strcmp(reason, "sleep") && !(t->flags & TASK_SYSTEM) && task != x->main &&
	       x->first_wait[task] == x->first_wait[task + 1];
}

static bool may_be_held(const struct reacher *x, uint32_t task)
{
	return parked_on_channel(x, task) || is_asleep(x, task);
}

static uint8_t held_how(const struct reacher *x, uint32_t task)
{
	static const char body[] = "net/http.(*persistConn).readLoop";
	static const char notify[] = "os/signal.NotifyContext.func1";
	static const char *const streams[] = {
		"net/http.(*http2clientStream).",
		"net/http/internal/http2.(*clientStream).",
		"golang.org/x/net/http2.(*clientStream).",
	};
	const struct task *t = &x->m->tasks.list.v[task];
	const char *at = t->frame < x->rt->frames.n ? x->rt->frames.v[t->frame].func : "";

	if (is_asleep(x, task))
		return HELD_SLEEP;
	if (!strncmp(at, body, sizeof(body) - 1))
		return HELD_BODY;
	for (size_t k = 0; k < sizeof(streams) / sizeof(streams[0]); k++)
		if (!strncmp(at, streams[k], strlen(streams[k])))
			return HELD_STREAM;
	return !strcmp(at, notify) ? HELD_SIGNAL : HELD;
}

/* Those that sleep were to go on. */
static void put_to_sleep(struct reacher *x)
{
	size_t left = 0;

	for (size_t k = 0; k < x->ready.n; k++) {
		uint32_t task = x->ready.v[k];
		if (x->held[task] != HELD_SLEEP) {
			x->ready.v[left++] = task;
			continue;
		}
		x->r->task_stage[task] = REACH_NONE;
		x->came--;
		mark_leaf(x->mk, x->m->tasks.list.v[task].g);
	}
	x->ready.n = left;
}

static uint32_t count_up(struct u64map *counts, uint64_t key)
{
	uint32_t n = u64map_find(counts, key);

	n = n == U64MAP_NONE ? 1 : n + 1;
	u64map_set(counts, key, n);
	return n;
}

static bool hold_some(struct reacher *x)
{
	const struct tasks *ts = &x->m->tasks;
	struct u64map counts = {0};
	bool any = false;

	for (uint32_t i = 0; i < ts->list.n; i++)
		if (may_be_held(x, i))
			count_up(&counts, kind_of(&ts->list.v[i]));
	for (uint32_t i = 0; i < ts->list.n; i++) {
		uint32_t n = may_be_held(x, i) ? u64map_find(&counts, kind_of(&ts->list.v[i])) : 0;
		if (n < REACH_ALIKE || n == U64MAP_NONE)
			continue;
		x->held[i] = held_how(x, i);
		any = true;
	}
	u64map_free(&counts);
	if (any)
		put_to_sleep(x);
	return any;
}

/* ---- channels that wake nobody ---- */

/* A timer's channel is the argument of the function that the timer calls (time/sleep.go: sendTime,
 * newTimer). */
static void find_timer_channels(struct reacher *x, const struct timers *timers)
{
	struct layout_field arg = x->rt->L.timer.arg;
	taddr chan;

	for (size_t i = 0; LAYOUT_HAS(arg) && i < timers->list.n; i++)
		if (target_u64(x->rt->t, timers->list.v[i].timer + (uint64_t)arg.off + 8, &chan) &&
		    chan)
			u64map_add(&x->timer_chans, chan, 1);
}

static bool is_signal_only(struct reacher *x, taddr chan)
{
	uint64_t size, buffered, sender;

	return runtime_field(x->rt, chan, x->rt->L.hchan.elemsize, &size) && !size &&
	       runtime_field(x->rt, chan, x->rt->L.hchan.dataqsiz, &buffered) && !buffered &&
	       runtime_field(x->rt, chan, x->rt->L.hchan.sendq_first, &sender) && !sender;
}

static void find_broadcasts(struct reacher *x)
{
	struct u64map counts = {0};

	for (uint32_t i = 0; i < x->m->tasks.list.n; i++)
		for (uint32_t k = x->held[i] ? x->first_wait[i] : x->first_wait[i + 1];
		     k < x->first_wait[i + 1]; k++) {
			const struct reach_wait *w = &x->waits.v[k];
			if (w->context == CTX_NONE && w->addr &&
			    count_up(&counts, w->addr) == REACH_ALIKE && is_signal_only(x, w->addr))
				u64map_add(&x->broadcasts, w->addr, 1);
		}
	u64map_free(&counts);
}

/* ---- contexts that end with the program ---- */

static bool with_cause(const struct reach *r, uint32_t context)
{
	static const char name[] = "WithCancelCause.func1";
	uint32_t first, n = cancelers_of(&r->cancelers, context, &first);

	for (uint32_t k = first; k < first + n; k++) {
		uint32_t frame = r->cancelers.list.v[k].func;
		const char *func =
			frame < r->m->rt->frames.n ? r->m->rt->frames.v[frame].func : NULL;
		size_t len = func ? strlen(func) : 0;
		if (len >= sizeof(name) - 1 && !strcmp(func + len - (sizeof(name) - 1), name))
			return true;
	}
	return false;
}

uint32_t reach_waits_for(const struct reach *r, uint8_t held, uint32_t context)
{
	if ((held != HELD_BODY && held != HELD_STREAM) || !with_cause(r, context))
		return context;
	uint32_t up = programs_above(r->m, context);
	if (up == CTX_NONE)
		return context;
	return programs_is_root(&r->m->ctxs.v[up]) ? CTX_NONE : up;
}

/* ---- the course of it ---- */

void reach_others_begin(struct reacher *x, const struct timers *timers)
{
	x->held = mem_zalloc(x->m->tasks.list.n + 1);
	x->freely = mem_zalloc(x->m->ctxs.n + 1);
	if (hold_some(x)) {
		find_timer_channels(x, timers);
		find_broadcasts(x);
		x->program = programs_find(x->m);
		reach_registries_begin(x);
		return;
	}
	x->apart = false;
	if (x->main_waits)
		reach_ready(x, x->main);
}

bool reach_others_skips(const struct reacher *x, uint32_t task, const struct reach_wait *w)
{
	if (!x->held[task])
		return false;
	if (w->context != CTX_NONE) {
		uint32_t judged = reach_waits_for(x->r, x->held[task], w->context);
		return judged == CTX_NONE || !x->freely[judged];
	}
	uint64_t size;
	return u64map_find(&x->timer_chans, w->addr) != U64MAP_NONE ||
	       u64map_find(&x->broadcasts, w->addr) != U64MAP_NONE ||
	       x->held[task] == HELD_SIGNAL ||
	       (x->held[task] == HELD_BODY &&
		runtime_field(x->rt, w->addr, x->rt->L.hchan.elemsize, &size) && !size);
}

bool reach_others_ends(const struct reacher *x, uint32_t context)
{
	if (!x->apart)
		return false;
	if (x->program[context])
		return true;
	if (!x->main_now || x->m->ctxs.v[context].kind != CTX_CANCEL)
		return false;
	uint32_t under = programs_above(x->m, context);
	return under != CTX_NONE && (programs_is_root(&x->m->ctxs.v[under]) || x->program[under]);
}

void reach_others_main(struct reacher *x)
{
	uint32_t main = x->main;

	x->main = TASK_NONE; // it may come back
	if (main == TASK_NONE)
		return;
	if (x->main_waits)
		reach_ready(x, main);
	else
		reach_try(x, main);
	x->main_now = true;
	reach_scan_ready(x);
	reach_take_hits(x);
	x->main_now = false;
}

static void keep_white(struct reacher *x)
{
	struct reach_others *o = &x->r->others;
	size_t words = x->mk->slots.words + 1;

	o->white = mem_alloc(words * sizeof(*o->white));
	memcpy(o->white, x->mk->white, (words - 1) * sizeof(*o->white));
	o->white[words - 1] = 0;
}

/* What was found; @return anybody is still held out */
static bool keep_others(struct reacher *x)
{
	struct reach_others *o = &x->r->others;
	bool any = false;

	for (uint32_t i = 0; i < x->m->tasks.list.n; i++) {
		if (x->r->task_stage[i] != REACH_NONE)
			x->held[i] = HELD_NOT;
		any |= x->held[i];
	}
	if (!any)
		return false;
	for (uint32_t i = 0; i < x->m->ctxs.n; i++)
		x->freely[i] = x->freely[i] ? END_OTHERS : x->can[i] ? END_PROGRAM : END_NOBODY;
	*o = (struct reach_others){.task = x->held, .end = x->freely, .program = x->program};
	x->held = x->freely = x->program = NULL;
	keep_white(x);
	return true;
}

void reach_others_end(struct reacher *x)
{
	const struct reach_others *o = &x->r->others;

	x->apart = false;
	bool any = keep_others(x);
	reach_registries_end(x);
	for (uint32_t i = 0; any && i < x->m->tasks.list.n; i++)
		if (o->task[i] == HELD_SLEEP)
			reach_ready(x, i);
}

void reach_others_forget(struct reacher *x)
{
	free(x->held);
	free(x->freely);
	free(x->program);
	u64map_free(&x->timer_chans);
	u64map_free(&x->broadcasts);
	VEC_FREE(&x->registries);
	x->held = x->freely = x->program = NULL;
}

void reach_others_free(struct reach_others *o)
{
	free(o->task);
	free(o->end);
	free(o->program);
	free(o->white);
	*o = (struct reach_others){0};
}
