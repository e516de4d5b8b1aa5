#include "runtime/task.h"

#include <inttypes.h>

#include "runtime/stack.h"

#define MAX_GOROUTINES (1ull << 28)
#define GSCAN 0x1000u
#define PROGRESS_STEP 4096 /* goroutines */

struct reader {
	struct runtime *rt;
	struct tasks *ts;
	task_stack_fn *fn;
	void *arg;
	const uint8_t *gs; /* the array of allgs */
	bool dense;	   /* goroutines lie so close in the core that what is around one is other
			      goroutines' */
	uint64_t n;
	/* What all stacks in use may take together: the bytes of the target.  A damaged allgs may
	 * name one goroutine a million times. */
	uint64_t stack_left;
};

/* runtime/traceback.go: isSystemGoroutine; the two cases that depend on what the goroutine runs
 * just now count as system. */
static bool is_system(const char *start)
{
	return strncmp(start, "runtime.", 8) == 0 && strcmp(start, "runtime.main") != 0 &&
	       strcmp(start, "runtime.handleAsyncEvent") != 0 &&
	       strcmp(start, "runtime.corostart") != 0;
}

static uint32_t physical_frame(const struct runtime *rt, uint32_t pc_index)
{
	const struct pcinfo *p = &rt->pcs.v[pc_index];

	return p->n ? p->first + p->n - 1u : FRAME_NONE;
}

struct user_search {
	struct runtime *rt;
	uint32_t last, not_runtime; /* outermost so far, FRAME_NONE until met */
	uint32_t library, user;	    /* innermost */
};

static void first_of(uint32_t *slot, uint32_t frame)
{
	if (*slot == FRAME_NONE)
		*slot = frame;
}

static bool find_user_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct user_search *s = arg;
	const struct pcinfo *p = &s->rt->pcs.v[info];

	(void)pc;
	(void)sp;
	for (uint32_t i = p->first; i < p->first + p->n; i++) {
		const struct frame *f = &s->rt->frames.v[i];
		if (f->wrapper) {
			first_of(&s->last, i);
			continue;
		}
		s->last = i;
		if (!f->std) {
			s->user = i;
			return false;
		}
		if (!f->runtime)
			s->not_runtime = i;
		if (!f->plumbing)
			first_of(&s->library, i);
	}
	return true;
}

/*
 * The frame a person wants to see: the innermost one outside the standard library; else the
 * innermost of the library above its plumbing; else the outermost of that
 * ("sync.(*WaitGroup).Wait").  A goroutine that has none of these is the runtime's own: its
 * outermost frame names its job ("runtime.bgsweep").
 */
static uint32_t user_frame(struct runtime *rt, const struct stack_regs *start)
{
	struct user_search s = {rt, FRAME_NONE, FRAME_NONE, FRAME_NONE, FRAME_NONE};

	stack_walk(rt, start, find_user_frame, &s, NULL);
	if (s.last == FRAME_NONE)
		return physical_frame(rt, stack_stands(rt, start));
	return s.user != FRAME_NONE	     ? s.user
	       : s.library != FRAME_NONE     ? s.library
	       : s.not_runtime != FRAME_NONE ? s.not_runtime
					     : s.last;
}

static bool known_status(uint32_t s)
{
	return s <= TASK_DEADEXTRA && s != 5 && s != 7;
}

static void read_origin(struct runtime *rt, const uint8_t *p, struct task *t)
{
	const struct layout *l = &rt->L;
	taddr gopc = runtime_load(p, l->g.gopc), startpc = runtime_load(p, l->g.startpc);
	uint32_t created = runtime_pc(rt, gopc ? gopc - 1 : 0), start = runtime_pc(rt, startpc);

	/* Goroutine 1 is made by the start-up code: nobody's go statement. */
	t->created = rt->pcs.v[created].n && t->goid != 1 ? rt->pcs.v[created].first : FRAME_NONE;
	t->start = physical_frame(rt, start);
	if (t->start != FRAME_NONE && rt->frames.v[t->start].runtime &&
	    is_system(rt->frames.v[t->start].func))
		t->flags |= TASK_SYSTEM;
	if (LAYOUT_HAS(l->g.parentGoid))
		t->parent_goid = runtime_load(p, l->g.parentGoid);
}

static void read_stack(struct reader *r, struct task *t, const uint8_t *g)
{
	struct stack_regs start;

	if (!stack_start_at(r->rt, t, g, &start) || start.hi - start.sp > r->stack_left)
		return;
	r->stack_left -= start.hi - start.sp;
	t->frame = user_frame(r->rt, &start);
	if (r->fn)
		r->fn(r->arg, &start);
}

static void read_g(struct reader *r, taddr addr)
{
	struct runtime *rt = r->rt;
	const struct layout *l = &rt->L;
	const uint8_t *p = target_ptr(rt->t, addr, l->s[LAYOUT_g].size);
	uint32_t status = p ? (uint32_t)runtime_load(p, l->g.atomicstatus) & ~GSCAN : TASK_IDLE;

	if (!p || !known_status(status)) {
		r->ts->unread++;
		return;
	}
	if (status == TASK_DEAD || status == TASK_DEADEXTRA || status == TASK_IDLE) {
		r->ts->dead++;
		return;
	}
	struct task t = {
		.g = addr,
		.goid = runtime_load(p, l->g.goid),
		.status = (uint8_t)status,
		.reason = (uint8_t)runtime_load(p, l->g.waitreason),
		.frame = FRAME_NONE,
	};
	bool parked = status == TASK_WAITING || status == TASK_LEAKED;
	if (parked)
		t.waitsince = runtime_load(p, l->g.waitsince);
	if (runtime_load(p, l->g.labels))
		t.flags |= TASK_LABELED;
	taddr bubble = LAYOUT_HAS(l->g.bubble) ? runtime_load(p, l->g.bubble) : 0;
	if (bubble) {
		t.flags |= TASK_BUBBLED;
		r->ts->bubbles |= r->ts->bubble && r->ts->bubble != bubble;
		r->ts->bubble = r->ts->bubble ? r->ts->bubble : bubble;
	}
	read_origin(rt, p, &t);
	if (status == TASK_SYSCALL && stack_borrowed(rt, p))
		t.flags |= TASK_SYSTEM;
	if (parked)
		t.sudog = runtime_load(p, l->g.waiting);
	read_stack(r, &t, p);
	r->ts->by_status[status]++;
	VEC_PUSH(&r->ts->list, t);
}

/* allgptr/allglen are what the runtime itself reads without its lock (proc.go: atomicAllG); the
 * slice is the fallback. */
static struct err *find_allgs(struct runtime *rt, taddr *array, uint64_t *n)
{
	const struct layout_variable *v = rt->L.var;

	if (!target_u64(rt->t, v[LAYOUT_VAR_allgs].addr, array) ||
	    !target_u64(rt->t, v[LAYOUT_VAR_allgs].addr + 8, n))
		return err_new(ERR_FAULT, "cannot read runtime.allgs: not in the core");
	if (v[LAYOUT_VAR_allgptr].found) {
		target_u64(rt->t, v[LAYOUT_VAR_allglen].addr, n);
		target_u64(rt->t, v[LAYOUT_VAR_allgptr].addr, array);
	}
	if (!*array || *n == 0 || *n > MAX_GOROUTINES)
		return err_new(ERR_BAD_DATA,
			       "runtime.allgs makes no sense (%" PRIu64 " goroutines at 0x%" PRIx64
			       ")",
			       *n, *array);
	return NULL;
}

/*
 * Goroutines lie all over the heap: a cache miss each for the g, its stack and its sudog.  Asking
 * for them some goroutines ahead lets the misses overlap.
 */
#define DENSE_BYTES 4096 /* a g with its share of the smallest stack, and the sudog */
/* goroutines are dense when they make up this part of the core */
#define DENSE_PART 8

bool task_dense(const struct runtime *rt, uint64_t n)
{
	return n * DENSE_BYTES >= rt->t->map_size / DENSE_PART;
}

enum { AHEAD_G = 12, AHEAD_STACK = 6, STACK_LINES = 8, CACHE_LINE = 64 };

static const uint8_t *g_at(const struct reader *r, uint64_t i)
{
	taddr g;

	if (i >= r->n)
		return NULL;
	memcpy(&g, r->gs + i * 8, 8);
	return target_ptr(r->rt->t, g, r->rt->L.s[LAYOUT_g].size);
}

static void look_ahead(const struct reader *r, uint64_t i)
{
	const struct layout *l = &r->rt->L;
	const uint8_t *g = g_at(r, i + AHEAD_G);

	if (g) {
		if (r->dense)
			target_populate(r->rt->t, g);
		__builtin_prefetch(g);
		__builtin_prefetch(g + l->g.sched_sp.off);
		__builtin_prefetch(g + l->g.atomicstatus.off);
		__builtin_prefetch(g + l->g.gopc.off);
		__builtin_prefetch(g + l->g.waiting.off);
	}
	g = g_at(r, i + AHEAD_STACK);
	if (!g)
		return;
	const uint8_t *sp = target_ptr(r->rt->t, runtime_load(g, l->g.sched_sp), 8);
	if (sp && r->dense)
		target_populate(r->rt->t, sp);
	for (int k = 0; sp && k < STACK_LINES; k++)
		__builtin_prefetch(sp + k * CACHE_LINE);
}

void tasks_progress_open(struct tasks_progress *p)
{
	*p = (struct tasks_progress){0};
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->moved, NULL);
}

void tasks_progress_close(struct tasks_progress *p)
{
	pthread_cond_destroy(&p->moved);
	pthread_mutex_destroy(&p->lock);
}

static void tell_progress(struct tasks_progress *p, size_t n, bool end)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->n = n;
	p->end = end;
	pthread_cond_signal(&p->moved);
	pthread_mutex_unlock(&p->lock);
}

size_t tasks_progress_wait(struct tasks_progress *p, size_t n)
{
	pthread_mutex_lock(&p->lock);
	while (!p->end && p->n <= n)
		pthread_cond_wait(&p->moved, &p->lock);
	n = p->n;
	pthread_mutex_unlock(&p->lock);
	return n;
}

static struct err *read_all(struct reader *r, struct tasks_progress *progress)
{
	for (uint64_t i = 0; r->gs && i < r->n; i++) {
		taddr g;
		memcpy(&g, r->gs + i * 8, 8);
		look_ahead(r, i);
		read_g(r, g);
		if (i % PROGRESS_STEP == 0)
			tell_progress(progress, r->ts->list.n, false);
		if (i % PROGRESS_STEP == 0 && runtime_canceled(r->rt))
			return err_interrupted();
	}
	return NULL;
}

struct err *tasks_read(struct runtime *rt, struct tasks *ret, task_stack_fn *fn, void *arg,
		       struct tasks_progress *progress)
{
	struct reader r = {.rt = rt, .ts = ret, .fn = fn, .arg = arg};
	taddr array;
	uint64_t n;

	*ret = (struct tasks){0};
	struct err *err = find_allgs(rt, &array, &n);
	if (!err) {
		uint64_t have = target_extent(rt->t, array) / 8;
		if (have < n) {
			ret->beyond = n - have;
			n = have;
		}
		r.gs = target_ptr(rt->t, array, n * 8);
		r.n = n;
		r.stack_left = target_bytes(rt->t);
		r.dense = task_dense(rt, n);
		VEC_RESERVE(&ret->list, n);
		err = read_all(&r, progress);
	}
	tell_progress(progress, ret->list.n, true);
	return err;
}

void tasks_free(struct tasks *ts)
{
	VEC_FREE(&ts->list);
	VEC_FREE(&ts->waits);
}

const char *task_status_name(uint8_t status)
{
	switch (status) {
	case TASK_IDLE:
		return "idle";
	case TASK_RUNNABLE:
		return "runnable";
	case TASK_RUNNING:
		return "running";
	case TASK_SYSCALL:
		return "syscall";
	case TASK_WAITING:
		return "waiting";
	case TASK_DEAD:
	case TASK_DEADEXTRA:
		return "dead";
	case TASK_COPYSTACK:
		return "copystack";
	case TASK_PREEMPTED:
		return "preempted";
	case TASK_LEAKED:
		return "leaked";
	}
	return "unknown";
}

const char *task_reason(const struct runtime *rt, const struct task *t)
{
	if ((t->status != TASK_WAITING && t->status != TASK_LEAKED) ||
	    t->reason >= rt->wait_reasons.n)
		return NULL;
	return rt->wait_reasons.v[t->reason];
}

const char *task_reason_told(const struct runtime *rt, const struct task *t)
{
	bool durable = t->flags & TASK_BUBBLED && t->status == TASK_WAITING &&
		       t->reason < rt->durable_reasons.n;

	return durable && rt->durable_reasons.v[t->reason] ? rt->durable_reasons.v[t->reason]
							   : task_reason(rt, t);
}

const char *task_state(const struct runtime *rt, const struct task *t)
{
	const char *reason = task_reason_told(rt, t);

	return reason && *reason ? reason : task_status_name(t->status);
}

uint32_t task_by_goid(const struct tasks *ts, uint64_t goid)
{
	for (size_t i = 0; i < ts->list.n; i++)
		if (ts->list.v[i].goid == goid)
			return (uint32_t)i;
	return TASK_NONE;
}

taddr task_labels(const struct runtime *rt, const struct task *t)
{
	taddr labels = 0;

	runtime_field(rt, t->g, rt->L.g.labels, &labels);
	return labels;
}
