#include "context/build.h"

#include <pthread.h>

#include "context/build_internal.h"
#include "context/chain.h"
#include "context/underway.h"

static void add_pseudo(struct model *m, uint8_t kind)
{
	struct ctx c = {
		.kind = kind,
		.parent = CTX_NONE,
		.first_child = CTX_NONE,
		.next_sibling = CTX_NONE,
		.first_wait = CTX_NONE,
		.state = CTX_NEVER,
		.type = kind == CTX_TODO,
		.flags = CTX_LINKED,
		.depth = CTX_DEPTH_UNKNOWN,
	};

	VEC_PUSH(&m->ctxs, c);
}

void model_add_pseudo(struct model *m)
{
	add_pseudo(m, CTX_BACKGROUND);
	add_pseudo(m, CTX_TODO);
}

/* Types 0 and 1 are those of Background and TODO, whatever the release calls them. */
static void add_pseudo_types(struct model *m)
{
	struct ctx_type background = {.name = "context.backgroundCtx",
				      .full = "context.backgroundCtx",
				      .inner = -1,
				      .switch_via = -1};
	struct ctx_type todo = {.name = "context.todoCtx",
				.full = "context.todoCtx",
				.inner = -1,
				.kind = CTX_TODO,
				.switch_via = -1};

	VEC_PUSH(&m->types, background);
	VEC_PUSH(&m->types, todo);
}

struct tasks_job {
	struct builder *b;
	struct tasks_progress progress;
	bool waits_taken; /* by the thread that was free first: it reads them */
	struct err *err;
};

static bool take_waits(struct tasks_job *job)
{
	return !__atomic_exchange_n(&job->waits_taken, true, __ATOMIC_ACQ_REL);
}

static void *run_tasks_job(void *arg)
{
	struct tasks_job *job = arg;

	job->err = tasks_read(job->b->rt, &job->b->m->tasks, job->b->stacks ? pairs_on_stack : NULL,
			      job->b->stacks, &job->progress);
	if (!job->err && take_waits(job))
		tasks_waits(job->b->rt, &job->b->m->tasks, job->b->m->tasks.list.n);
	return NULL;
}

/*
 * Read the waits of goroutines, following the thread that reads the goroutines.  Nothing to do when
 * that thread has begun with the waits itself.
 */
static void read_waits(struct tasks_job *job)
{
	size_t n = 0;

	if (!take_waits(job))
		return;
	for (size_t more; (more = tasks_progress_wait(&job->progress, n)) > n; n = more)
		tasks_waits(job->b->rt, &job->b->m->tasks, more);
}

static void note_tasks(struct runtime *rt, const struct tasks *ts)
{
	unsigned long long all = ts->list.n + ts->dead + ts->unread + ts->beyond;

	if (ts->beyond)
		notes_add(rt->notes, NOTE_DAMAGE,
			  "%llu of %llu goroutines are out of reach: the end of allgs is missing",
			  (unsigned long long)ts->beyond, all);
	if (ts->unread)
		notes_add(rt->notes, NOTE_DAMAGE,
			  "%llu of %llu goroutines are unreadable or make no sense",
			  (unsigned long long)ts->unread, all);
	if (ts->bad_waits)
		notes_add(rt->notes, NOTE_DAMAGE, "wait queues of %llu goroutines make no sense",
			  (unsigned long long)ts->bad_waits);
}

/* Damage of the heap's own records is noted; objects that only they lead to are missing. */
static struct err *open_heap(struct runtime *rt)
{
	heap_close(rt); // its notes went with the model that it was opened for
	struct err *err = heap_open(rt);

	if (!err || err->kind == ERR_CANCELED)
		return err;
	notes_add(rt->notes, NOTE_DAMAGE, "%s", err->msg);
	err_free(err);
	heap_close(rt);
	return NULL;
}

/*
 * Goroutines and their stacks on one thread, heap objects on another; whichever is free first reads
 * the goroutines' waits.  The two share the target, which may be read from both, and nothing that
 * either changes (pc cache there, heap and contexts here) but for the list of goroutines: one
 * thread goes on with those that the other has reported as read (tasks_progress).
 */
static struct err *read_both(struct builder *b, const struct model_options *opt)
{
	struct tasks_job job = {.b = b};
	struct err *err = NULL;
	pthread_t thread;

	if (!opt->no_contexts) {
		kinds_load(b);
		kinds_name_pseudo(b);
		b->stacks = mem_zalloc(sizeof(*b->stacks));
		b->stacks->b = b;
	}
	tasks_progress_open(&job.progress);
	bool threaded = !opt->no_tasks && !opt->no_contexts &&
			pthread_create(&thread, NULL, run_tasks_job, &job) == 0;
	err = open_heap(b->rt);
	if (!opt->no_contexts && !err && !(err = find_in_heap(b)))
		err = link_early(b);
	if (!threaded && !opt->no_tasks)
		run_tasks_job(&job);
	if (!opt->no_tasks && !err)
		read_waits(&job);
	if (threaded)
		pthread_join(thread, NULL);
	tasks_progress_close(&job.progress);
	if (job.err && job.err->kind != ERR_CANCELED) {
		notes_add(b->rt->notes, NOTE_DAMAGE, "%s", job.err->msg);
		err_free(job.err);
		job.err = NULL;
	}
	note_tasks(b->rt, &b->m->tasks);
	if (err)
		err_free(job.err);
	return err ? err : job.err;
}

static void *run_join(void *arg)
{
	graph_join(arg);
	return NULL;
}

/*
 * A goroutine may have been preempted between taking the slot of a context and writing its parent,
 * or between the two words of that, and others have taken slots since.
 */
static struct err *leave_changing(struct builder *b)
{
	struct underway u;

	if (!b->wild_parents || b->wild_parents > b->wild.n)
		return NULL;
	struct err *err = underway_find(b->m, &u);
	for (size_t k = 0; !err && k < b->wild.n; k++) {
		if (b->wild.v[k] == CTX_NONE || !underway_context(&u, b->m, b->wild.v[k]))
			continue;
		b->m->ctxs.v[b->wild.v[k]].flags &= (uint16_t)~CTX_DAMAGED;
		b->wild_parents--;
	}
	underway_free(&u);
	return err;
}

/*
 * While parents and children are linked here, another thread sets the contexts of waits: it reads
 * by_done, which stays as it is meanwhile.  The few contexts that only linking finds are joined
 * afterwards.
 */
static struct err *connect(struct builder *b)
{
	pthread_t thread;
	bool threaded = pthread_create(&thread, NULL, run_join, b->m) == 0;
	struct err *err;

	bool joined = threaded;
	err = find_pairs(b);
	if (!err && !evidence_complete(b)) {
		if (threaded)
			pthread_join(thread, NULL);
		threaded = joined = false;
		evidence_sieve(b);
	}
	err = err ? err : link_all(b);
	if (threaded)
		pthread_join(thread, NULL);
	if (err)
		return err;
	if ((err = leave_changing(b)))
		return err;
	if (fill_index_late(b) || !joined)
		graph_join(b->m);
	evidence_note(b);
	if (b->wild_parents)
		notes_add(b->rt->notes, NOTE_DAMAGE,
			  "parents of %llu contexts are unreadable or make no sense",
			  (unsigned long long)b->wild_parents);
	if (b->wild_children)
		notes_add(b->rt->notes, NOTE_DAMAGE,
			  "%llu entries of children maps are no contexts",
			  (unsigned long long)b->wild_children);
	if (b->bad_maps)
		notes_add(b->rt->notes, NOTE_DAMAGE,
			  "%llu children maps are unreadable or make no sense",
			  (unsigned long long)b->bad_maps);
	return NULL;
}

/*
 * A context that its own timer ended is proof that its deadline had passed: the newest of those may
 * be later than any stamp the runtime left.
 */
static void raise_clock(struct model *m)
{
	uint64_t start = 0;

	if (m->now.exact || !m->by_state[CTX_EXPIRED] ||
	    !m->rt->L.var[LAYOUT_VAR_startNano].found ||
	    !target_u64(m->rt->t, m->rt->L.var[LAYOUT_VAR_startNano].addr, &start))
		return;
	for (size_t i = 2; i < m->ctxs.n; i++) {
		const struct ctx *c = &m->ctxs.v[i];
		struct go_time at;
		if (c->kind == CTX_TIMER && c->state == CTX_EXPIRED &&
		    go_time_read(m->rt, c->addr + (uint64_t)m->rt->L.timerCtx.deadline.off, &at) &&
		    at.mono)
			clock_raise(&m->now, at.mono_ns, (int64_t)start);
	}
}

struct builder *builder_open(struct runtime *rt, struct model *m)
{
	struct builder *b = mem_zalloc(sizeof(*b));

	*m = (struct model){.rt = rt};
	b->rt = rt;
	b->m = m;
	add_pseudo_types(m);
	model_add_pseudo(m);
	return b;
}

void builder_close(struct builder *b)
{
	u64map_free(&b->words.map);
	u64map_free(&b->type_of);
	u64map_free(&b->includes);
	u64map_free(&b->by_object);
	VEC_FREE(&b->shapes);
	VEC_FREE(&b->wild);
	if (b->refs)
		VEC_FREE(&b->refs->v);
	free(b->refs);
	if (b->stacks) {
		VEC_FREE(&b->stacks->refs.v);
		VEC_FREE(&b->stacks->boxes);
		free(b->stacks);
	}
	free(b);
}

struct err *model_build(struct runtime *rt, const struct model_options *opt, struct model *ret)
{
	struct builder *b = builder_open(rt, ret);

	ret->chain = chain_new();
	struct err *err = read_both(b, opt);

	if (!err && !opt->no_contexts)
		err = connect(b);
	if (!err)
		err = graph_build(b);
	clock_read(rt, &ret->tasks, &ret->now);
	raise_clock(ret);
	builder_close(b);
	if (err)
		model_free(ret);
	return err;
}

void model_free(struct model *m)
{
	chain_free(m->chain);
	m->chain = NULL;
	tasks_free(&m->tasks);
	VEC_FREE(&m->ctxs);
	VEC_FREE(&m->types);
	VEC_FREE(&m->roots);
	VEC_FREE(&m->ctx_tasks);
	u64map_free(&m->others);
	model_unindex(m);
	u64map_free(&m->by_done);
}
