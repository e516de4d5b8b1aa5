/*
 * Who holds what is waited for: from the frames of all goroutines to locks and channels, over at
 * most two objects in between.
 *
 * What an object leads to is found out once.  The number of words looked at is bounded: a target
 * that was made to be looked at for ever has no chains that are told.
 */
#include "analysis/waitfor.h"

#include "analysis/leaks.h"
#include "runtime/defer.h"
#include "runtime/heap.h"
#include "runtime/livestack.h"

#define HOPS 2
#define OBJECT_BYTES 1024 /* larger ones are tables, not what a frame is about */
#define LEADS 32	  /* objects that one lead is kept of */
#define MAX_WORDS (16u << 20)
#define MAX_PENDING 256 /* deferred calls of one goroutine that are looked at */
#define MAX_OUTSIDE 256 /* locks in package variables */
/* bytes that a variable with a lock is thought to be long at most */
#define VARIABLE 4096

struct target_of {
	uint32_t object, next; /* + 1 */
};

struct lead_item {
	uint32_t object;
	uint8_t hops;
	uint64_t fields[CALL_LOADS]; /* offsets / 8 of the pointers that are followed: who goes
					there loads these */
};

struct lead {
	uint32_t first, n;
};

/* A deferred call that is still to run. */
struct pending {
	taddr sp; /* of the frame that deferred it */
	struct call_effects does;
};

struct hold {
	struct waitfor *w;
	struct runtime *rt;
	struct u64map at; /* heap object -> the first of its targets + 1 */
	VEC(struct target_of) targets;
	VEC(uint32_t) outside;
	struct u64map known; /* heap object | hops left, or function | OF_FUNCTION -> leads */
	VEC(struct lead) leads;
	VEC(struct lead_item) items;
	uint64_t words;		     /* looked at */
	uint32_t kinds;		     /* CALL_BIT()s that may hold some of the targets */
	uint32_t task;		     /* at hand */
	uint32_t asked;		     /* of kinds, those that count in the task at hand */
	bool relevant;		     /* one of its frames may hold something */
	taddr inner;		     /* sp of its frame that waits; 0: not met yet */
	VEC(struct pending) pending; /* of it */
};

#define OF_FUNCTION 3
#define NO_LEAD UINT32_MAX

/* ---- targets ---- */

#define CALLS_OF_CHAN                                                           \
	(CALL_BIT(CALL_SEND) | CALL_BIT(CALL_RECEIVE) | CALL_BIT(CALL_SELECT) | \
	 CALL_BIT(CALL_CLOSE))

/* What a function must do for suits() to be true of such an object. */
static uint32_t kinds_of(const struct wait_object *o)
{
	switch (o->kind) {
	case WAIT_MUTEX:
		return CALL_BIT(CALL_MUTEX_LOCK) | CALL_BIT(CALL_MUTEX_UNLOCK);
	case WAIT_RWMUTEX_WRITE:
		return CALL_BIT(CALL_WRITE_LOCK) | CALL_BIT(CALL_WRITE_UNLOCK);
	case WAIT_RWMUTEX_READ:
		return CALL_BIT(CALL_READ_LOCK) | CALL_BIT(CALL_READ_UNLOCK);
	case WAIT_CHAN:
		return CALL_BIT(CALL_SELECT) |
		       (o->send ? CALL_BIT(CALL_RECEIVE)
				: CALL_BIT(CALL_SEND) | CALL_BIT(CALL_CLOSE));
	case WAIT_WAITGROUP:
		return CALL_BIT(CALL_DONE);
	case WAIT_COND:
		return CALL_BIT(CALL_SIGNAL);
	case WAIT_SEMAPHORE:
		return CALL_BIT(CALL_ACQUIRE) | CALL_BIT(CALL_RELEASE);
	default:
		return 0;
	}
}

static void add_target(struct hold *h, uint32_t object)
{
	taddr addr = h->w->objects.v[object].addr;
	struct heap_object o;

	h->kinds |= kinds_of(&h->w->objects.v[object]);
	if (!heap_object_at(h->rt, addr, &o)) {
		if (h->outside.n == MAX_OUTSIDE)
			h->w->cut = true;
		else
			VEC_PUSH(&h->outside, object);
		return;
	}
	uint32_t first = u64map_find(&h->at, o.base);
	VEC_PUSH(&h->targets, (struct target_of){object, first == U64MAP_NONE ? 0 : first});
	u64map_set(&h->at, o.base, (uint32_t)h->targets.n);
}

/* ---- leads ---- */

static void add_item(struct hold *h, uint32_t first, struct lead_item one)
{
	if (h->items.n - first >= LEADS)
		return;
	for (size_t k = first; k < h->items.n; k++)
		if (h->items.v[k].object == one.object &&
		    !memcmp(h->items.v[k].fields, one.fields, sizeof(one.fields)))
			return;
	VEC_PUSH(&h->items, one);
}

/* What a pointer leads to that stands @p off bytes inside of an object; UINT64_MAX: in no
 * object. */
static void add_lead(struct hold *h, uint32_t first, uint32_t lead, uint64_t off)
{
	struct lead l = h->leads.v[lead];

	for (uint32_t k = 0; k < l.n; k++) {
		struct lead_item one = h->items.v[l.first + k];
		one.hops++;
		if (off / 8 < 64 * CALL_LOADS)
			one.fields[off / 512] |= UINT64_C(1) << (off / 8 & 63);
		add_item(h, first, one);
	}
}

static uint32_t keep_lead(struct hold *h, uint64_t key, uint32_t first)
{
	VEC_PUSH(&h->leads, (struct lead){first, (uint32_t)h->items.n - first});
	u64map_set(&h->known, key, (uint32_t)h->leads.n - 1);
	return (uint32_t)h->leads.n - 1;
}

static uint32_t lead_of(struct hold *h, const struct heap_object *o, unsigned left);

/* What the word leads to, NO_LEAD: it is no pointer into the heap. */
static uint32_t lead_of_word(struct hold *h, taddr value, unsigned left)
{
	struct heap_object o;

	h->words++;
	return heap_object_at(h->rt, value, &o) ? lead_of(h, &o, left) : NO_LEAD;
}

static uint32_t lead_of(struct hold *h, const struct heap_object *o, unsigned left)
{
	uint32_t known = u64map_find(&h->known, o->base | left), first;
	uint32_t inside[OBJECT_BYTES / 8];
	uint16_t off[OBJECT_BYTES / 8];
	unsigned n = 0;

	if (known != U64MAP_NONE)
		return known;
	bool deeper = left && o->size <= OBJECT_BYTES && !(o->span->flags & SPAN_NOSCAN) &&
		      h->words < MAX_WORDS;
	const uint8_t *p = deeper ? target_ptr(h->rt->t, o->base, o->size) : NULL;
	for (uint64_t at = 0; p && at + 8 <= o->size; at += 8) {
		taddr value;
		memcpy(&value, p + at, 8);
		uint32_t lead = value && value - o->base >= o->size
					? lead_of_word(h, value, left - 1)
					: NO_LEAD;
		if (lead == NO_LEAD || !h->leads.v[lead].n)
			continue;
		off[n] = (uint16_t)at;
		inside[n++] = lead;
	}
	first = (uint32_t)h->items.n;
	known = u64map_find(&h->at, o->base);
	for (uint32_t k = known == U64MAP_NONE ? 0 : known; k; k = h->targets.v[k - 1].next)
		add_item(h, first, (struct lead_item){.object = h->targets.v[k - 1].object});
	for (unsigned k = 0; k < n; k++)
		add_lead(h, first, inside[k], off[k]);
	return keep_lead(h, o->base | left, first);
}

/* Through the package variables that a function's code names. */
static uint32_t lead_of_function(struct hold *h, uint32_t info)
{
	const struct func_calls *fc = calls_of(&h->w->calls, info);
	uint32_t inside[64], known = u64map_find(&h->known, fc->entry | OF_FUNCTION);
	unsigned n = 0;

	if (known != U64MAP_NONE)
		return known;
	for (uint32_t k = 0; k < fc->nvars && n < sizeof(inside) / sizeof(*inside); k++) {
		taddr value;
		if (!target_u64(h->rt->t, h->w->calls.vars.v[fc->first_var + k], &value))
			continue;
		uint32_t lead = lead_of_word(h, value, HOPS - 1);
		if (lead != NO_LEAD && h->leads.v[lead].n)
			inside[n++] = lead;
	}
	uint32_t first = (uint32_t)h->items.n;
	for (uint32_t k = 0; k < fc->nvars; k++)
		for (size_t t = 0; t < h->outside.n; t++)
			if (h->w->objects.v[h->outside.v[t]].addr ==
			    h->w->calls.vars.v[fc->first_var + k])
				add_item(h, first, (struct lead_item){.object = h->outside.v[t]});
	for (unsigned k = 0; k < n; k++)
		add_lead(h, first, inside[k], UINT64_MAX);
	return keep_lead(h, fc->entry | OF_FUNCTION, first);
}

/* ---- goroutines ---- */

static bool waits_on(const struct waitfor *w, uint32_t task, uint32_t object)
{
	const struct wait_task *t = &w->tasks[task];

	for (uint32_t k = 0; k < t->n; k++)
		if (w->waits.v[t->first + k] == object)
			return true;
	return false;
}

/* Does it wait for the end of the program, or in a loop of a library (net/http's accept loop) that
 * serves no channel of the program's? */
static bool serves_nothing(const struct hold *h)
{
	const struct task *t = &h->w->m->tasks.list.v[h->task];
	const char *reason = task_reason(h->rt, t);

	if (h->w->tasks[h->task].state == WAIT_CONTEXT || exempt_task(h->w->m, t))
		return true;
	return t->goid == 1 && reason && !strcmp(reason, "chan receive") &&
	       t->frame < h->rt->frames.n && !strcmp(h->rt->frames.v[t->frame].func, "main.main");
}

/* A frame, and what it may do from here on. */
struct place {
	uint32_t info;
	bool outer;   /* it called the one that waits */
	uint32_t own; /* CALL_BIT()s of its own code, and of its deferred calls */
	struct call_effects does, deferred;
};

/* @return false: nothing that matters */
static bool place_of(struct hold *h, uint32_t info, taddr sp, struct place *ret)
{
	const struct func_calls *fc =
		info < h->rt->pcs.n && h->rt->pcs.v[info].n ? calls_of(&h->w->calls, info) : NULL;

	if (!fc)
		return false;
	*ret = (struct place){.info = info,
			      .outer = h->inner && sp > h->inner,
			      .own = fc->whole ? fc->kinds : 0,
			      .does = fc->near};
	for (size_t k = 0; k < h->pending.n; k++) {
		const struct call_effects *e = &h->pending.v[k].does;
		if (h->pending.v[k].sp != sp)
			continue;
		ret->own |= e->kinds;
		ret->deferred.kinds |= e->kinds;
		ret->does.kinds |= e->kinds;
		for (unsigned n = 0; n < CALL_LOADS; n++)
			ret->does.loads[n] |= e->loads[n];
	}
	return ret->does.kinds & h->asked;
}

/* It has locked and not unlocked, or is to unlock when it returns. */
static bool has_locked(struct hold *h, const struct place *p, enum call_kind lock)
{
	return p->deferred.kinds & CALL_BIT(lock + 1) || calls_holds(&h->w->calls, p->info, lock);
}

/* It has acquired and not released; or it was started by who acquired for it, and releases. */
static bool has_acquired(struct hold *h, const struct place *p, bool own)
{
	const struct func_calls *fc = calls_of(&h->w->calls, p->info);

	return has_locked(h, p, CALL_ACQUIRE) ||
	       (!own && !(fc->kinds & CALL_BIT(CALL_ACQUIRE)) &&
		calls_after(&h->w->calls, p->info, CALL_BIT(CALL_RELEASE)));
}

/* Cond.Wait has given the lock back that it was called with: the Cond's field L. */
static bool gave_back(const struct hold *h, taddr lock)
{
	const struct wait_task *t = &h->w->tasks[h->task];

	for (uint32_t k = 0; k < t->n; k++) {
		const struct wait_object *o = &h->w->objects.v[h->w->waits.v[t->first + k]];
		uint64_t size = o->kind == WAIT_COND ? h->rt->L.s[LAYOUT_cond].size : 0;
		for (uint64_t at = 0; at + 8 <= size; at += 8) {
			taddr word;
			if (target_u64(h->rt->t, o->addr + at, &word) && word == lock)
				return true;
		}
	}
	return false;
}

/* May a goroutine that stands there hold the object, by what the function does? */
static bool suits(struct hold *h, uint32_t object, const struct place *p, unsigned hops)
{
	const struct wait_object *o = &h->w->objects.v[object];
	bool own = waits_on(h->w, h->task, object);

	switch (o->kind) {
	case WAIT_MUTEX:
		return !own && has_locked(h, p, CALL_MUTEX_LOCK) && !gave_back(h, o->addr);
	case WAIT_RWMUTEX_WRITE:
		return !own && has_locked(h, p, CALL_WRITE_LOCK) && !gave_back(h, o->addr);
	case WAIT_RWMUTEX_READ:
		return (!own || !hops) && has_locked(h, p, CALL_READ_LOCK) &&
		       !gave_back(h, o->addr);
	case WAIT_CHAN:
		if (own && o->send && p->outer &&
		    p->own & (CALL_BIT(CALL_RECEIVE) | CALL_BIT(CALL_SELECT)))
			return true; // its receiver sends to itself
		if (!(h->asked & CALLS_OF_CHAN) ||
		    (own &&
		     !(o->send && calls_before(&h->w->calls, p->info,
					       CALL_BIT(CALL_SEND) | CALL_BIT(CALL_SELECT)))))
			return false; /* who waits to send has nothing of it, but when it has sent
					 before: a semaphore taken twice */
		return p->does.kinds & (o->send ? CALL_BIT(CALL_RECEIVE) | CALL_BIT(CALL_SELECT)
						: CALL_BIT(CALL_SEND) | CALL_BIT(CALL_SELECT) |
							  CALL_BIT(CALL_CLOSE));
	case WAIT_WAITGROUP:
		// one that is to call Done itself, once what it called returns, waits for itself
		return own ? p->outer && p->own & CALL_BIT(CALL_DONE)
			   : (p->does.kinds & CALL_BIT(CALL_DONE)) != 0;
	case WAIT_COND:
		return !own && p->does.kinds & CALL_BIT(CALL_SIGNAL);
	case WAIT_SEMAPHORE:
		return has_acquired(h, p, own);
	default:
		return false;
	}
}

static void hit(struct hold *h, uint32_t object, const struct place *p, unsigned hops)
{
	const struct pcinfo *info = &h->rt->pcs.v[p->info];

	if (!suits(h, object, p, hops))
		return;
	struct wait_holder one = {.object = object,
				  .task = h->task,
				  .hops = (uint8_t)hops,
				  .inferred = true,
				  .frame = info->first + info->n - 1u};
	struct wait_holder *last = h->w->holders.n ? &h->w->holders.v[h->w->holders.n - 1] : NULL;
	if (last && last->object == object && last->task == h->task && last->inferred &&
	    last->hops <= hops)
		return;
	VEC_PUSH(&h->w->holders, one);
}

/* Those that the function, or one that it calls, may go to. */
static void hits(struct hold *h, uint32_t lead, const struct place *p)
{
	for (uint32_t k = 0; k < h->leads.v[lead].n; k++) {
		const struct lead_item *i = &h->items.v[h->leads.v[lead].first + k];
		bool goes = true;
		for (unsigned n = 0; n < CALL_LOADS; n++)
			goes &= !(i->fields[n] & ~p->does.loads[n]);
		if (goes)
			hit(h, i->object, p, i->hops);
	}
}

static bool note_deferred(void *arg, const struct defer_call *d)
{
	struct hold *h = arg;

	if (d->code && h->pending.n < MAX_PENDING)
		VEC_PUSH(&h->pending,
			 (struct pending){d->sp, calls_effects(&h->w->calls, d->code)});
	return h->pending.n < MAX_PENDING;
}

static bool look_at_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct hold *h = arg;
	struct place p;
	const struct pcinfo *here = &h->rt->pcs.v[info];

	(void)pc;
	if (!h->inner && here->n && !h->rt->frames.v[here->first + here->n - 1u].plumbing)
		h->inner = sp;
	if (!place_of(h, info, sp, &p))
		return true;
	h->relevant = true;
	hits(h, lead_of_function(h, info), &p);
	return true;
}

static bool look_at_word(void *arg, const struct live_word *w)
{
	struct hold *h = arg;
	struct place p;

	uint32_t lead = w->info == PC_NONE ? NO_LEAD : lead_of_word(h, w->value, HOPS);
	if (lead != NO_LEAD) {
		if (h->leads.v[lead].n && place_of(h, w->info, w->sp, &p))
			hits(h, lead, &p);
		return true;
	}
	for (size_t t = 0; t < h->outside.n; t++) {
		taddr addr = h->w->objects.v[h->outside.v[t]].addr;
		if (w->value <= addr && addr - w->value < VARIABLE &&
		    runtime_in_data(h->rt, w->value) && place_of(h, w->info, w->sp, &p))
			hit(h, h->outside.v[t], &p, 0);
	}
	return true;
}

static void look_at_task(struct hold *h, uint32_t task)
{
	const struct task *t = &h->w->m->tasks.list.v[task];
	struct livestack_state state;
	struct stack_regs start;

	h->task = task;
	h->relevant = false;
	h->inner = 0;
	h->pending.n = 0;
	h->asked = h->kinds & ~(serves_nothing(h) ? CALLS_OF_CHAN : 0);
	if (!h->asked || !stack_start(h->rt, t, &start))
		return;
	defers_each(h->rt, t, note_deferred, h);
	stack_walk(h->rt, &start, look_at_frame, h, NULL);
	if (h->relevant)
		livestack_each(h->rt, t, look_at_word, h, &state);
}

struct err *waitfor_hold(struct waitfor *w, const bool *wanted)
{
	struct hold h = {.w = w, .rt = w->m->rt};
	struct err *err = NULL;

	w->cut |= !h.rt->heap;
	for (uint32_t o = 0; o < w->objects.n && !w->cut; o++)
		if (wanted[o])
			add_target(&h, o);
	for (uint32_t i = 0; i < w->m->tasks.list.n && !w->cut && !err; i++) {
		look_at_task(&h, i);
		w->cut |= h.words >= MAX_WORDS;
		if (i % 256 == 0)
			err = runtime_check(w->m->rt);
	}
	u64map_free(&h.at);
	VEC_FREE(&h.targets);
	VEC_FREE(&h.outside);
	u64map_free(&h.known);
	VEC_FREE(&h.leads);
	VEC_FREE(&h.items);
	VEC_FREE(&h.pending);
	return err;
}
