#include "runtime/wake.h"

#include "runtime/heap.h"
#include "runtime/livestack.h"

enum { LOOK_FRAMES = 8 }; /* from runtime.gopark up to sync.(*Cond).Wait there are five */

enum wait_class { CLASS_ALWAYS, CLASS_NEVER, CLASS_CHAN, CLASS_SELECT, CLASS_SEMA, CLASS_COND };

/* Reasons are renumbered with releases, their names are not (runtime/runtime2.go:
 * waitReasonStrings). */
static enum wait_class class_of(const struct runtime *rt, const char *reason)
{
	static const struct {
		const char *reason;
		enum wait_class class;
	} classes[] = {
		{"chan receive", CLASS_CHAN},
		{"chan send", CLASS_CHAN},
		{"select", CLASS_SELECT},
		{"chan receive (nil chan)", CLASS_NEVER},
		{"chan send (nil chan)", CLASS_NEVER},
		{"select (no cases)", CLASS_NEVER},
		{"sync.Cond.Wait", CLASS_COND},
		{"sync.Mutex.Lock", CLASS_SEMA},
		{"sync.RWMutex.RLock", CLASS_SEMA},
		{"sync.RWMutex.Lock", CLASS_SEMA},
		{"sync.WaitGroup.Wait", CLASS_SEMA},
	};
	bool own_reasons = false;

	for (size_t i = 0; reason && i < sizeof(classes) / sizeof(*classes); i++)
		if (strcmp(reason, classes[i].reason) == 0)
			return classes[i].class;
	if (!reason || strcmp(reason, "semacquire") != 0)
		return CLASS_ALWAYS;
	for (size_t i = 0; i < rt->wait_reasons.n; i++)
		if (rt->wait_reasons.v[i] &&
		    strcmp(rt->wait_reasons.v[i], "sync.WaitGroup.Wait") == 0)
			own_reasons = true;
	return own_reasons ? CLASS_ALWAYS : CLASS_SEMA;
}

static const uint8_t *sudog_at(struct runtime *rt, taddr sudog)
{
	return sudog ? target_ptr(rt->t, sudog, rt->L.s[LAYOUT_sudog].size) : NULL;
}

/* ---- channels ---- */

/* Open, with the sudog still on one of its queues (runtime/chan.go: waitq.dequeue takes it off
 * before it is woken). */
static bool still_queued(struct runtime *rt, taddr chan, taddr sudog, const uint8_t *p)
{
	const struct layout *l = &rt->L;
	const uint8_t *c = target_ptr(rt->t, chan, l->s[LAYOUT_hchan].size);

	if (!c || runtime_load(c, l->hchan.closed))
		return false;
	return runtime_load(p, l->sudog.prev) || runtime_load(c, l->hchan.recvq_first) == sudog ||
	       runtime_load(c, l->hchan.sendq_first) == sudog;
}

/*
 * A select all of whose channels are nil has the usual reason, and no sudog.  (Sudogs are put on
 * g.waiting before the goroutine counts as parked, and taken off by itself when it runs again:
 * runtime/select.go.)
 */
static bool has_no_channel(struct runtime *rt, const struct task *t)
{
	taddr sudog = 0;

	return !t->nwaits && !(t->flags & TASK_DAMAGED) &&
	       runtime_field(rt, t->g, rt->L.g.waiting, &sudog) && !sudog;
}

/* Once to see that none of them is on its way, then again to show them. */
static bool each_channel(struct runtime *rt, const struct tasks *ts, const struct task *t,
			 wake_fn *fn, void *arg)
{
	taddr sudog = 0;

	if (!t->nwaits || (t->flags & TASK_DAMAGED) ||
	    !runtime_field(rt, t->g, rt->L.g.waiting, &sudog))
		return false;
	for (uint32_t k = 0; k < t->nwaits; k++) {
		const uint8_t *p = sudog_at(rt, sudog);
		taddr chan = ts->waits.v[t->wait_first + k].chan;
		if (!p || runtime_load(p, rt->L.sudog.c) != chan)
			return false;
		if (!fn && !still_queued(rt, chan, sudog, p))
			return false;
		struct wake_object o = {
			.addr = chan, .sudog = sudog, .is_chan = true, .wait = t->wait_first + k};
		if (fn && !fn(arg, &o))
			return true;
		sudog = runtime_load(p, rt->L.sudog.waitlink);
	}
	return true;
}

/* ---- semaphores and conditions ---- */

struct search {
	struct runtime *rt;
	const struct task *t;
	bool cond;
	taddr sudog;   /* found so far, 0 */
	taddr list;    /* the notifyList */
	taddr last_sp; /* of the last frame seen */
	uint32_t frames;
};

static uint32_t load_u32(const uint8_t *p, struct layout_field f)
{
	return (uint32_t)runtime_load(p, f);
}

static const uint8_t *list_at(struct runtime *rt, taddr list)
{
	const struct layout *l = &rt->L;

	if (!LAYOUT_HAS(l->notifyList.wait) || !LAYOUT_HAS(l->notifyList.notify) ||
	    !LAYOUT_HAS(l->notifyList.head) || !LAYOUT_HAS(l->notifyList.tail))
		return NULL;
	return target_ptr(rt->t, list, l->s[LAYOUT_notifyList].size);
}

/* Waits with this ticket, which has not been notified (runtime/sema.go: notifyListNotifyOne,
 * less). */
static bool holds_ticket(struct runtime *rt, taddr list, uint32_t ticket)
{
	const struct layout *l = &rt->L;
	const uint8_t *p = list_at(rt, list);

	if (!p)
		return false;
	uint32_t notify = load_u32(p, l->notifyList.notify), wait = load_u32(p, l->notifyList.wait);
	return ticket - notify < wait - notify;
}

/*
 * Is there a list with waiters at @p list that may well hold ours?  Its ticket is among those that
 * wait; the last of a list has no next one, and all others have.  A waiter that was taken off (its
 * next is nil then) is in no list's place.
 */
static bool is_list_of(const struct search *s, taddr list)
{
	const struct layout *l = &s->rt->L;
	const uint8_t *p = list_at(s->rt, list), *own = sudog_at(s->rt, s->sudog);

	if (!p || !own || !holds_ticket(s->rt, list, load_u32(own, l->sudog.ticket)))
		return false;
	taddr head = runtime_load(p, l->notifyList.head),
	      tail = runtime_load(p, l->notifyList.tail);
	const uint8_t *last = sudog_at(s->rt, tail);
	if (!sudog_at(s->rt, head) || !last || runtime_load(last, l->sudog.next))
		return false;
	return (tail == s->sudog) == !runtime_load(own, l->sudog.next);
}

static bool is_own_sudog(const struct search *s, taddr a)
{
	struct heap_object o;

	if (!s->rt->heap || !heap_object_at(s->rt, a, &o) || o.base != a ||
	    o.span->elem_size != heap_slot_size(s->rt, s->rt->L.s[LAYOUT_sudog].size))
		return false;
	const uint8_t *p = sudog_at(s->rt, a);
	return p && runtime_load(p, s->rt->L.sudog.g) == s->t->g;
}

/* The frame that made the sudog and will give it back. */
static bool is_waiter(const struct runtime *rt, uint32_t info)
{
	const struct pcinfo *p = &rt->pcs.v[info];
	const char *func = p->n ? rt->frames.v[p->first + p->n - 1u].func : "";

	return strcmp(func, "runtime.semacquire1") == 0 ||
	       strcmp(func, "sync.runtime_notifyListWait") == 0 ||
	       strcmp(func, "runtime.notifyListWait") == 0;
}

static bool look(void *arg, const struct live_word *w)
{
	struct search *s = arg;
	struct layout_field in_cond = s->rt->L.cond.notify;

	if (w->info == PC_NONE)
		return true;
	if (w->sp != s->last_sp && s->frames++ == LOOK_FRAMES)
		return false;
	s->last_sp = w->sp;
	if (!s->sudog && is_waiter(s->rt, w->info) && is_own_sudog(s, w->value))
		s->sudog = w->value;
	else if (s->cond && s->sudog && is_list_of(s, w->value))
		s->list = w->value;
	else if (s->cond && s->sudog && LAYOUT_HAS(in_cond) &&
		 is_list_of(s, w->value + (uint64_t)in_cond.off))
		s->list = w->value + (uint64_t)in_cond.off;
	return !s->sudog || (s->cond && !s->list);
}

/* Until 1.25: from the goroutine's own stack. */
static void search_stack(struct search *s)
{
	struct livestack_state st;
	taddr elem = 0;

	livestack_each(s->rt, s->t, look, s, &st);
	if (s->cond || !s->sudog)
		return;
	runtime_field(s->rt, s->sudog, s->rt->L.sudog.elem, &elem);
	s->list = elem;
}

/* Since 1.26 g.waiting leads to it. */
static void read_waiting(struct search *s)
{
	const uint8_t *p = sudog_at(s->rt, s->sudog);
	const struct layout *l = &s->rt->L;

	if (!p || runtime_load(p, l->sudog.g) != s->t->g || runtime_load(p, l->sudog.c))
		return;
	taddr elem = runtime_load(p, l->sudog.elem);
	if (elem && (!s->cond || holds_ticket(s->rt, elem, load_u32(p, l->sudog.ticket))))
		s->list = elem;
}

static bool find_word(struct runtime *rt, const struct task *t, bool cond, struct wake_object *ret)
{
	struct search s = {.rt = rt, .t = t, .cond = cond};

	if (!runtime_field(rt, t->g, rt->L.g.waiting, &s.sudog))
		return false;
	if (s.sudog)
		read_waiting(&s);
	else
		search_stack(&s);
	*ret = (struct wake_object){.addr = s.list, .sudog = s.sudog, .wait = WAIT_NONE};
	return s.list != 0;
}

enum wake_kind wake_of(struct runtime *rt, const struct tasks *ts, const struct task *t,
		       wake_fn *fn, void *arg)
{
	enum wait_class class = class_of(rt, task_reason(rt, t));
	struct wake_object o;

	switch (class) {
	case CLASS_NEVER:
		return WAKE_NEVER;
	case CLASS_SELECT:
		if (has_no_channel(rt, t))
			return WAKE_NEVER;
		// fallthrough
	case CLASS_CHAN:
		if (!each_channel(rt, ts, t, NULL, NULL))
			return WAKE_ALWAYS;
		each_channel(rt, ts, t, fn, arg);
		return WAKE_OBJECTS;
	case CLASS_SEMA:
	case CLASS_COND:
		if (!find_word(rt, t, class == CLASS_COND, &o))
			return WAKE_ALWAYS;
		fn(arg, &o);
		return WAKE_OBJECTS;
	case CLASS_ALWAYS:
		break;
	}
	return WAKE_ALWAYS;
}
