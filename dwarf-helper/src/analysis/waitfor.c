/* What goroutines wait for, and which of it does not move. */
#include "analysis/waitfor.h"

#include "analysis/programs.h"

#include <stdlib.h>

#include "runtime/stack.h"
#include "runtime/wake.h"

#define ROUNDS 4       /* of looking for holders of what holders wait for */
#define MUTEX_LOCKED 1 /* sync/mutex.go: mutexLocked */

/* ---- objects ---- */

/* The write side of a read-write mutex begins where the mutex does: its key is odd. */
static uint64_t key_of(taddr addr, uint8_t kind)
{
	return addr | (kind == WAIT_RWMUTEX_WRITE);
}

static uint32_t object_at(struct waitfor *w, taddr addr, uint8_t kind)
{
	uint32_t at = u64map_add(&w->by_addr, key_of(addr, kind), (uint32_t)w->objects.n);
	struct runtime *rt = w->m->rt;

	if (at < w->objects.n)
		return at;
	struct wait_object o = {.addr = addr, .kind = kind, .end = WAIT_NO_OBJECT};
	if (kind == WAIT_CHAN) {
		runtime_field(rt, addr, rt->L.hchan.qcount, &o.count);
		runtime_field(rt, addr, rt->L.hchan.dataqsiz, &o.size);
	}
	VEC_PUSH(&w->objects, o);
	return at;
}

/* ---- locks, by the function of sync that waits ---- */

struct lock_frames {
	const struct runtime *rt;
	const char *outer; /* the outermost function of sync */
	bool in_mutex;	   /* inside of a Mutex's Lock */
};

static bool lock_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct lock_frames *l = arg;
	const struct pcinfo *p = &l->rt->pcs.v[info];

	(void)pc, (void)sp;
	for (uint32_t k = p->first; k < p->first + p->n; k++) {
		const struct frame *f = &l->rt->frames.v[k];
		if (!f->plumbing)
			return false;
		l->in_mutex |= strstr(f->func, "sync.(*Mutex).") != NULL;
		if (!strncmp(f->func, "sync.(*", 7))
			l->outer = f->func;
	}
	return true;
}

static taddr less(taddr a, struct layout_field f)
{
	return LAYOUT_HAS(f) ? a - (taddr)f.off : 0;
}

/* Whose semaphore is it?  @return the lock's address, 0: not known */
static taddr lock_of(struct waitfor *w, const struct task *t, taddr word, uint8_t *kind_ret)
{
	struct lock_frames l = {.rt = w->m->rt, .outer = ""};
	const struct layout *L = &w->m->rt->L;
	struct stack_regs start;

	if (stack_start(w->m->rt, t, &start))
		stack_walk(w->m->rt, &start, lock_frame, &l, NULL);
	bool write = !strcmp(l.outer, "sync.(*RWMutex).Lock");
	*kind_ret = WAIT_RWMUTEX_WRITE;
	if (write && l.in_mutex)
		return less(less(word, L->mutex.sema), L->rwmutex.w);
	if (!strcmp(l.outer, "sync.(*RWMutex).RLock"))
		return less(word, L->rwmutex.readerSem);
	*kind_ret = WAIT_RWMUTEX_READ;
	if (write)
		return less(word, L->rwmutex.writerSem);
	*kind_ret = WAIT_MUTEX;
	if (l.in_mutex)
		return less(word, L->mutex.sema);
	*kind_ret = WAIT_WAITGROUP;
	if (!strcmp(l.outer, "sync.(*WaitGroup).Wait"))
		return less(word, L->waitGroup.sema);
	*kind_ret = WAIT_COND;
	if (!strcmp(l.outer, "sync.(*Cond).Wait"))
		return less(word, L->cond.notify);
	*kind_ret = WAIT_SEMAPHORE;
	return word;
}

/* Who waits in RWMutex.Lock for readers to leave has the write side already (sync/rwmutex.go:
 * Lock). */
static void holds_write_side(struct waitfor *w, uint32_t task, taddr lock)
{
	uint32_t o = object_at(w, lock, WAIT_RWMUTEX_WRITE);

	VEC_PUSH(&w->holders, (struct wait_holder){.object = o,
						   .task = task,
						   .frame = w->m->tasks.list.v[task].frame});
}

/* ---- goroutines ---- */

struct collecting {
	struct waitfor *w;
	uint32_t task;
};

/* Is the channel that of one who waits for a semaphore or pool of a library? */
static uint32_t limited_at(struct waitfor *w, const struct task *t, taddr chan)
{
	uint32_t n = limits_of(&w->limits, t, chan);

	if (n == LIMIT_NONE)
		return WAIT_NO_OBJECT;
	const struct limit *l = &w->limits.list.v[n];
	uint32_t at = object_at(w, l->addr, l->kind == LIMIT_POOL ? WAIT_POOL : WAIT_SEMAPHORE);
	w->objects.v[at].count = l->used;
	w->objects.v[at].size = l->size;
	return at;
}

static bool collect(void *arg, const struct wake_object *o)
{
	struct collecting *c = arg;
	struct waitfor *w = c->w;
	struct wait_task *wt = &w->tasks[c->task];
	const struct task *t = &w->m->tasks.list.v[c->task];
	taddr addr = o->addr;
	uint8_t kind = WAIT_CHAN;

	uint32_t context = o->is_chan ? w->m->tasks.waits.v[o->wait].context : CTX_NONE;
	if (context != CTX_NONE) {
		wt->on_context = true;
		wt->may_end |= !programs_ends(w->m, w->programs, context);
		return true;
	}
	if (!o->is_chan)
		addr = lock_of(w, t, o->addr, &kind);
	if (!addr)
		return true;
	bool send = o->is_chan &&
		    task_wait_op(w->m->rt, &w->m->tasks, t, o->wait - t->wait_first) == WAIT_SEND;
	uint32_t at = o->is_chan && !send ? limited_at(w, t, addr) : WAIT_NO_OBJECT;
	if (at == WAIT_NO_OBJECT) {
		at = object_at(w, addr, kind);
		w->objects.v[at].send |= send;
		w->objects.v[at].receive |= !send;
	}
	w->objects.v[at].waiters++;
	VEC_PUSH(&w->waits, at);
	if (kind == WAIT_RWMUTEX_READ)
		holds_write_side(w, c->task, addr);
	return true;
}

static struct err *collect_all(struct waitfor *w, const bool *never)
{
	const struct tasks *ts = &w->m->tasks;

	for (uint32_t i = 0; i < ts->list.n; i++) {
		struct wait_task *t = &w->tasks[i];
		struct collecting c = {w, i};
		t->first = (uint32_t)w->waits.n;
		t->next = WAIT_NO_OBJECT;
		enum wake_kind kind = wake_of(w->m->rt, ts, &ts->list.v[i], collect, &c);
		t->n = (uint32_t)w->waits.n - t->first;
		t->state = kind == WAKE_NEVER || (never && never[i]) ? WAIT_NEVER
			   : kind == WAKE_ALWAYS		     ? WAIT_MOVES
			   : t->n				     ? WAIT_OBJECTS
			   : t->on_context			     ? WAIT_CONTEXT
								     : WAIT_MOVES;
		if (i % 4096 == 0 && runtime_canceled(w->m->rt))
			return err_interrupted();
	}
	return NULL;
}

/* The goroutines of each object, side by side. */
static void list_waiters(struct waitfor *w)
{
	uint32_t at = 0;

	for (size_t o = 0; o < w->objects.n; o++) {
		w->objects.v[o].first_waiter = at;
		at += w->objects.v[o].waiters;
		w->objects.v[o].waiters = 0;
	}
	VEC_RESERVE(&w->waiters, w->waits.n + 1);
	w->waiters.n = w->waits.n;
	for (uint32_t i = 0; i < w->m->tasks.list.n; i++)
		for (uint32_t k = 0; k < w->tasks[i].n; k++) {
			struct wait_object *o = &w->objects.v[w->waits.v[w->tasks[i].first + k]];
			w->waiters.v[o->first_waiter + o->waiters++] = i;
		}
}

/* ---- holders ---- */

/* Locks, wait groups and channels that are sent to come first; then what their holders wait for. */
static bool wants_holders(const struct waitfor *w, const struct wait_object *o)
{
	const struct runtime *rt = w->m->rt;
	uint64_t state;

	if (o->kind == WAIT_CHAN)
		return o->send && !o->receive;
	if (o->kind == WAIT_MUTEX)
		return runtime_field(rt, o->addr, rt->L.mutex.state, &state) &&
		       state & MUTEX_LOCKED; /* else it is being handed over */
	return o->kind != WAIT_SEMAPHORE || o->size;
}

static bool want_more(struct waitfor *w, bool *wanted, unsigned round)
{
	bool any = false;

	memset(wanted, 0, w->objects.n * sizeof(*wanted));
	for (size_t o = 0; !round && o < w->objects.n; o++)
		wanted[o] = wants_holders(w, &w->objects.v[o]);
	for (size_t h = 0; round && h < w->holders.n; h++) {
		const struct wait_task *t = &w->tasks[w->holders.v[h].task];
		for (uint32_t k = 0; k < t->n; k++)
			wanted[w->waits.v[t->first + k]] = true;
	}
	for (size_t o = 0; o < w->objects.n; o++) {
		wanted[o] = wanted[o] && !w->objects.v[o].looked;
		w->objects.v[o].looked |= wanted[o];
		any |= wanted[o];
	}
	return any;
}

/* By object; then those that do not move, the nearest, by goid: what a chain goes on with. */
static int by_object(const void *a, const void *b)
{
	const struct wait_holder *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (x->task != y->task && x->inferred == y->inferred && x->hops == y->hops)
		return x->task < y->task ? -1 : 1;
	if (x->inferred != y->inferred)
		return x->inferred ? 1 : -1;
	return x->hops < y->hops ? -1 : x->hops > y->hops;
}

/* Each goroutine once an object, as it is nearest. */
static void list_holders(struct waitfor *w)
{
	struct u64map seen = {0};
	size_t kept = 0;

	if (w->holders.n)
		qsort(w->holders.v, w->holders.n, sizeof(*w->holders.v), by_object);
	for (size_t h = 0; h < w->holders.n; h++) {
		struct wait_holder one = w->holders.v[h];
		uint64_t key = ((uint64_t)one.object << 32 | one.task) + 1;
		if (u64map_find(&seen, key) != U64MAP_NONE)
			continue;
		u64map_add(&seen, key, 0);
		struct wait_object *o = &w->objects.v[one.object];
		if (!o->holders++)
			o->first_holder = (uint32_t)kept;
		w->holders.v[kept++] = one;
	}
	w->holders.n = kept;
	u64map_free(&seen);
}

static struct err *find_holders(struct waitfor *w)
{
	bool *wanted = mem_zalloc((w->objects.n + 1) * sizeof(*wanted));
	struct err *err = waitfor_pools(w);

	for (unsigned round = 0; round < ROUNDS && !err && want_more(w, wanted, round); round++)
		err = waitfor_hold(w, wanted);
	free(wanted);
	list_holders(w);
	return err;
}

/* ---- what moves ---- */

struct moving {
	struct waitfor *w;
	VEC(uint32_t) ready;  /* goroutines that move */
	uint32_t *first_held; /* by task + 1 */
	uint32_t *held;	      /* objects, by task */
};

static void task_moves(struct moving *v, uint32_t task)
{
	struct wait_task *t = &v->w->tasks[task];

	if (t->moves || t->state == WAIT_NEVER)
		return;
	t->moves = true;
	VEC_PUSH(&v->ready, task);
}

static void object_moves(struct moving *v, uint32_t object)
{
	struct wait_object *o = &v->w->objects.v[object];

	if (o->moves)
		return;
	o->moves = true;
	for (uint32_t k = 0; k < o->waiters; k++)
		task_moves(v, v->w->waiters.v[o->first_waiter + k]);
}

/* What each goroutine holds, side by side. */
static void list_held(struct moving *v)
{
	const struct waitfor *w = v->w;
	size_t n = w->m->tasks.list.n;

	v->first_held = mem_zalloc((n + 2) * sizeof(*v->first_held));
	v->held = mem_zalloc((w->holders.n + 1) * sizeof(*v->held));
	for (size_t h = 0; h < w->holders.n; h++)
		v->first_held[w->holders.v[h].task + 2]++;
	for (size_t i = 1; i < n + 2; i++)
		v->first_held[i] += v->first_held[i - 1];
	for (size_t h = 0; h < w->holders.n; h++)
		v->held[v->first_held[w->holders.v[h].task + 1]++] = w->holders.v[h].object;
}

static bool is_lock(const struct wait_object *o)
{
	return o->kind != WAIT_CHAN && o->kind != WAIT_WAITGROUP && o->kind != WAIT_COND;
}

/* Does somebody who waits for it hold a lock that others wait for? */
static bool waiter_holds(const struct moving *v, const struct wait_object *o)
{
	for (uint32_t k = 0; k < o->waiters; k++) {
		uint32_t i = v->w->waiters.v[o->first_waiter + k];
		for (uint32_t h = v->first_held[i]; h < v->first_held[i + 1]; h++)
			if (is_lock(&v->w->objects.v[v->held[h]]))
				return true;
	}
	return false;
}

/* Waiting for a Cond is what idle workers do, and who signals may be yet to come.  Of a pool or a
 * semaphore that is full, each unit that nobody is found to hold may come back. */
static bool moves_by_itself(const struct moving *v, const struct wait_object *o)
{
	if (v->w->cut || !o->looked)
		return true;
	if (o->kind == WAIT_COND)
		return !waiter_holds(v, o);
	if ((o->kind == WAIT_POOL || o->kind == WAIT_SEMAPHORE) && o->holders < o->count)
		return true;
	return !o->holders && !(o->kind == WAIT_CHAN && o->send && !o->receive);
}

static void find_moving(struct waitfor *w)
{
	struct moving v = {.w = w};

	list_held(&v);
	for (uint32_t i = 0; i < w->m->tasks.list.n; i++)
		if (w->tasks[i].state == WAIT_MOVES || w->tasks[i].state == WAIT_CONTEXT ||
		    w->tasks[i].may_end)
			task_moves(&v, i);
	for (uint32_t o = 0; o < w->objects.n; o++)
		if (moves_by_itself(&v, &w->objects.v[o]))
			object_moves(&v, o);
	while (v.ready.n) {
		uint32_t i = v.ready.v[--v.ready.n];
		for (uint32_t k = v.first_held[i]; k < v.first_held[i + 1]; k++)
			object_moves(&v, v.held[k]);
	}
	VEC_FREE(&v.ready);
	free(v.first_held);
	free(v.held);
}

/* ---- chains ---- */

static void find_hanging(struct waitfor *w)
{
	for (uint32_t i = 0; i < w->m->tasks.list.n; i++) {
		struct wait_task *t = &w->tasks[i];
		bool moves = !t->n;
		for (uint32_t k = 0; k < t->n; k++) {
			uint32_t o = w->waits.v[t->first + k];
			moves |= w->objects.v[o].moves;
			if (!w->objects.v[o].moves && t->next == WAIT_NO_OBJECT)
				t->next = o;
		}
		t->hangs = !moves;
		w->any |= t->hangs;
	}
}

/* Where the chain of an object ends.  Each is walked once: a walk ends where an earlier one
 * went. */
static void find_ends(struct waitfor *w)
{
	uint32_t *walk = mem_zalloc((w->objects.n + 1) * sizeof(*walk)), number = 0;
	VEC(uint32_t) path = {0};

	for (uint32_t start = 0; start < w->objects.n; start++) {
		uint32_t at = start, end = WAIT_NO_OBJECT, steps = 0;
		path.n = 0;
		number++;
		while (at != WAIT_NO_OBJECT && !w->objects.v[at].moves && !walk[at]) {
			const struct wait_holder *h = waitfor_next(w, at);
			walk[at] = number;
			VEC_PUSH(&path, at);
			end = at;
			at = h ? w->tasks[h->task].next : WAIT_NO_OBJECT;
		}
		if (at != WAIT_NO_OBJECT && !w->objects.v[at].moves) {
			w->objects.v[at].cycle |= walk[at] == number;
			end = walk[at] == number ? at : w->objects.v[at].end;
			steps = walk[at] == number ? 0 : w->objects.v[at].steps;
		}
		for (size_t k = path.n; k--;) {
			w->objects.v[path.v[k]].end = end;
			w->objects.v[path.v[k]].steps = ++steps;
		}
	}
	VEC_FREE(&path);
	free(walk);
}

struct err *waitfor_build(const struct model *m, const bool *never, struct waitfor *ret)
{
	*ret = (struct waitfor){.m = m, .calls = {.rt = m->rt}, .limits = {.rt = m->rt}};
	ret->tasks = mem_zalloc((m->tasks.list.n + 1) * sizeof(*ret->tasks));
	ret->programs = programs_find(m);
	struct err *err = collect_all(ret, never);
	if (!err) {
		list_waiters(ret);
		err = find_holders(ret);
	}
	if (err) {
		waitfor_free(ret);
		return err;
	}
	find_moving(ret);
	find_hanging(ret);
	find_ends(ret);
	return NULL;
}

void waitfor_free(struct waitfor *w)
{
	free(w->tasks);
	VEC_FREE(&w->objects);
	VEC_FREE(&w->waits);
	VEC_FREE(&w->waiters);
	VEC_FREE(&w->holders);
	u64map_free(&w->by_addr);
	free(w->programs);
	calls_free(&w->calls);
	limits_free(&w->limits);
	*w = (struct waitfor){0};
}
