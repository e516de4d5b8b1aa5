#include "analysis/held.h"

#include "context/detail.h"
#include "runtime/defer.h"
#include "runtime/livestack.h"

#define OBJECTS 96	   /* that are looked into, a goroutine */
#define OBJECT_BYTES 4096u /* larger ones are no records of one call */
#define WORDS 4096	   /* in all */
/* users of a context from which on it is the program's, not one call's */
#define SHARED 8
#define CAPTURES 8	       /* words of a closure on the stack */
#define CLIMB 64	       /* levels above a context */
#define ROOM_ABOVE (64u << 10) /* of the frames; deeper ones are not those that wait */
#define ROOM_BELOW (8u << 10)  /* of what calls have left behind */

struct object {
	taddr base;
	uint64_t size;
};

struct search {
	struct leaks *l;
	const struct task *task;
	struct held found;
	bool far;
	bool no_funcs; /* they wait in deferred calls */
	bool active;   /* a context that has not ended is as near */
	taddr closure; /* found.by is HELD_FUNC: the CancelFunc */
	uint32_t n, done, words;
	struct object objects[OBJECTS];
};

/* It is the program's: that it goes on says nothing of one call. */
static bool is_shared(const struct leaks *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];

	return leak_is_root(l, i) &&
	       (c->below >= SHARED || c->tasks_below >= SHARED || l->ctx[i].holders >= SHARED);
}

static void see_context(struct search *s, uint32_t i, enum held_by by, uint8_t depth)
{
	const struct model *m = s->l->m;
	uint32_t own = ctx_canceler(m, i);

	if (held_over(m, i)) {
		if (s->found.context == CTX_NONE)
			s->found = (struct held){i, (uint8_t)by, depth};
	} else if (by != HELD_FUNC && m->ctxs.v[i].state != CTX_NEVER &&
		   (own == CTX_NONE || !is_shared(s->l, own))) {
		s->active = true;
	}
}

static bool waits_on(const struct search *s, taddr chan)
{
	const struct tasks *ts = &s->l->m->tasks;

	for (uint32_t k = 0; k < s->task->nwaits; k++)
		if (ts->waits.v[s->task->wait_first + k].chan == chan)
			return true;
	return false;
}

static void queue(struct search *s, taddr word)
{
	struct heap_object o;

	if (s->n == OBJECTS || !heap_object_at(s->l->m->rt, word, &o) || o.size > OBJECT_BYTES ||
	    o.span->flags & SPAN_NOSCAN)
		return;
	for (uint32_t k = 0; k < s->n; k++)
		if (s->objects[k].base == o.base)
			return;
	if (!waits_on(s, o.base)) // what lies in its buffer is the channel's
		s->objects[s->n++] = (struct object){o.base, o.size};
}

static void see_word(struct search *s, taddr word, uint8_t depth)
{
	bool func;
	uint32_t i = leak_word(s->l, word, &func);

	if (i == CTX_NONE) {
		if (s->far && depth < HELD_DEPTH)
			queue(s, word);
		return;
	}
	if (!func) {
		see_context(s, i, depth ? HELD_OBJECT : HELD_SLOT, depth);
	} else if (s->far && !s->no_funcs) {
		bool first = s->found.context == CTX_NONE;
		see_context(s, i, HELD_FUNC, depth);
		if (first && s->found.context != CTX_NONE)
			s->closure = word;
	}
}

static bool live(void *arg, const struct live_word *w)
{
	struct search *s = arg;

	if (w->exact)
		see_word(s, w->value, 0);
	return s->found.context == CTX_NONE ||
	       s->found.by != HELD_SLOT; // the first one from the innermost frame
}

/* Those that lie equally far, until a level has an answer. */
static void look_into(struct search *s)
{
	for (uint8_t depth = 1; depth <= HELD_DEPTH && s->found.context == CTX_NONE && !s->active;
	     depth++) {
		uint32_t end = s->n;
		for (; s->done < end; s->done++) {
			const struct object o = s->objects[s->done];
			const uint8_t *p = target_ptr(s->l->m->rt->t, o.base, o.size);
			for (uint64_t at = 0; p && at + 8 <= o.size && s->words < WORDS;
			     at += 8, s->words++) {
				taddr word;
				memcpy(&word, p + at, 8);
				if (word)
					see_word(s, word, depth);
			}
		}
	}
}

struct deferring {
	struct search *s;
	bool found;
};

/* A CancelFunc, a closure that has captured it, or one on the stack that has. */
static bool is_deferred(void *arg, const struct defer_call *d)
{
	struct deferring *q = arg;
	struct runtime *rt = q->s->l->m->rt;
	struct heap_object o;
	uint64_t n = heap_object_at(rt, d->fn, &o) ? o.size / 8 : CAPTURES;

	q->found = d->fn == q->s->closure;
	for (uint64_t k = 1; !q->found && k < n && k < CAPTURES; k++) {
		taddr word;
		q->found = target_u64(rt->t, d->fn + 8 * k, &word) && word == q->s->closure;
	}
	return !q->found;
}

static void run(struct search *s)
{
	struct livestack_state state;

	livestack_each(s->l->m->rt, s->task, live, s, &state);
	if (s->far)
		look_into(s);
	if (s->found.by != HELD_SLOT && s->active)
		s->found.context = CTX_NONE;
}

struct held held_ended(struct leaks *l, uint32_t task, bool far)
{
	struct search s = {.l = l,
			   .task = &l->m->tasks.list.v[task],
			   .found = {.context = CTX_NONE},
			   .far = far};
	struct deferring d = {.s = &s};

	run(&s);
	if (s.found.context == CTX_NONE || s.found.by != HELD_FUNC)
		return s.found;
	defers_each(l->m->rt, s.task, is_deferred, &d);
	if (!d.found)
		return s.found;
	s = (struct search){.l = l,
			    .task = s.task,
			    .found = {.context = CTX_NONE},
			    .far = far,
			    .no_funcs = true};
	run(&s);
	return s.found;
}

struct held_end held_end(struct leaks *l, uint32_t context)
{
	const struct model *m = l->m;
	struct held_end e = {.top = context, .ago_ns = -1};
	uint64_t receivers;
	uint32_t own = ctx_canceler(m, context);

	for (uint32_t i = context, levels = 0; i < m->ctxs.n && held_over(m, i) && levels < CLIMB;
	     i = m->ctxs.v[i].parent, levels++) {
		int64_t left;
		e.top = i;
		if (m->ctxs.v[i].kind == CTX_TIMER && m->ctxs.v[i].state == CTX_EXPIRED &&
		    ctx_deadline_left(m, i, &left) && left < 0 && -left > e.ago_ns)
			e.ago_ns = -left;
		if (ctx_cuts(&m->ctxs.v[i]))
			break;
	}
	e.request = exempt_request(m, context);
	e.unasked = own != CTX_NONE && ctx_done_state(m, own, &receivers) == CTX_DONE_SHARED;
	return e;
}

#define CHILDREN 8 /* that are looked at */

/* A library made it, and another one on it: that asks for its Done (context.go: propagateCancel).
 */
static bool library_asks(const struct model *m, uint32_t i)
{
	unsigned looked = 0;

	if (!exempt_context(m, i))
		return false;
	for (uint32_t k = m->ctxs.v[i].first_child; k != CTX_NONE && looked < CHILDREN;
	     k = m->ctxs.v[k].next_sibling, looked++)
		if (exempt_context(m, k))
			return true;
	return false;
}

/* Done channels of the context and of those above that ended with it, where not a library asked for
 * them. */
static unsigned channels(const struct model *m, uint32_t context, taddr *ret, unsigned max)
{
	unsigned n = 0;

	for (uint32_t i = context, levels = 0;
	     i < m->ctxs.n && held_over(m, i) && levels < CLIMB && n < max;
	     i = m->ctxs.v[i].parent, levels++)
		if (m->ctxs.v[i].done && !library_asks(m, i))
			ret[n++] = m->ctxs.v[i].done;
	return n;
}

bool held_listened(struct leaks *l, uint32_t task, uint32_t context)
{
	struct runtime *rt = l->m->rt;
	taddr done[4], lo, hi, word;
	struct stack_regs r;
	unsigned n = channels(l->m, context, done, sizeof(done) / sizeof(*done));

	if (!n || !stack_start(rt, &l->m->tasks.list.v[task], &r))
		return false;
	lo = r.sp - r.lo > ROOM_BELOW ? r.sp - ROOM_BELOW : r.lo;
	hi = r.hi - r.sp > ROOM_ABOVE ? r.sp + ROOM_ABOVE : r.hi;
	for (taddr at = (lo + 7) & ~7ul; at < hi && hi - at >= 8; at += 8)
		for (unsigned k = 0; target_u64(rt->t, at, &word) && k < n; k++)
			if (word == done[k])
				return true;
	return false;
}
