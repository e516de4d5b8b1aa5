#include "report/parallel.h"

#include <pthread.h>

#define PIECE 256	   /* lines */
#define ALONE (PIECE * 16) /* fewer lines than that are not worth a thread */
/* pieces that are made and not yet written; they stay in the cache */
#define SLOTS 6

struct slot {
	struct buf text;
	bool made;
};

struct work {
	parallel_line_fn *fn;
	const void *arg;
	uint64_t lines;
	uint64_t n;	  /* pieces in all */
	uint64_t taken;	  /* by either thread */
	uint64_t written; /* piece k is in slot[k % SLOTS] from when it is taken until it is
			      written */
	bool stop;	  /* interrupted, or nobody reads any more */
	struct slot slot[SLOTS];
	pthread_mutex_t
		lock; /* of all the above but the text of a slot whose piece is being made */
	pthread_cond_t moved; /* something was made or written */
};

static void make(struct work *p, struct lines *l, uint64_t k)
{
	uint64_t end = (k + 1) * PIECE < p->lines ? (k + 1) * PIECE : p->lines;
	struct buf *before = l->out;

	l->out = &p->slot[k % SLOTS].text;
	l->out->n = 0;
	for (uint64_t i = k * PIECE; i < end; i++)
		p->fn(l, p->arg, i);
	l->out = before;
}

/* The next piece, if there is one and a slot for it.  Called with the lock held. */
static bool take(struct work *p, uint64_t *k)
{
	if (p->stop || p->taken == p->n || p->taken - p->written == SLOTS)
		return false;
	*k = p->taken++;
	p->slot[*k % SLOTS].made = false;
	return true;
}

/* Called with the lock held, which is given back meanwhile. */
static void make_one(struct work *p, struct lines *l, uint64_t k)
{
	pthread_mutex_unlock(&p->lock);
	make(p, l, k);
	pthread_mutex_lock(&p->lock);
	p->slot[k % SLOTS].made = true;
	pthread_cond_signal(&p->moved);
}

static void *help(void *arg)
{
	struct work *p = ((void **)arg)[0];
	struct report *r = ((void **)arg)[1];
	struct lines l;
	uint64_t k;

	lines_open(&l, r);
	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->taken < p->n) {
		if (take(p, &k))
			make_one(p, &l, k);
		else
			pthread_cond_wait(&p->moved, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	lines_close(&l);
	return NULL;
}

/* Write what is ready, and stop when that has become useless.  Called with the lock held, which is
 * given back meanwhile. */
static bool write_one(struct work *p, struct report *r)
{
	struct slot *s = &p->slot[p->written % SLOTS];

	if (p->written == p->taken || !s->made)
		return false;
	pthread_mutex_unlock(&p->lock);
	buf_pass(&r->out, s->text.p, s->text.n);
	pthread_mutex_lock(&p->lock);
	p->written++;
	p->stop |= r->out.broken || model_canceled(r->m);
	pthread_cond_signal(&p->moved);
	return true;
}

/* The caller's part: write first, so that slots become free; else make lines; else wait for the
 * other thread. */
static void run(struct work *p, struct lines *l)
{
	uint64_t k;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->written < p->n) {
		if (write_one(p, l->r))
			continue;
		if (take(p, &k))
			make_one(p, l, k);
		else
			pthread_cond_wait(&p->moved, &p->lock);
	}
	p->stop = true;
	pthread_cond_signal(&p->moved);
	pthread_mutex_unlock(&p->lock);
}

struct err *lines_in_parallel(struct lines *l, uint64_t n, parallel_line_fn *fn, const void *arg)
{
	struct work p = {.fn = fn, .arg = arg, .lines = n, .n = (n + PIECE - 1) / PIECE};
	void *both[] = {&p, l->r};
	pthread_t thread;

	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.moved, NULL);
	bool threaded = n >= ALONE && pthread_create(&thread, NULL, help, both) == 0;
	run(&p, l);
	if (threaded)
		pthread_join(thread, NULL);
	pthread_cond_destroy(&p.moved);
	pthread_mutex_destroy(&p.lock);
	for (unsigned k = 0; k < SLOTS; k++)
		buf_free(&p.slot[k].text);
	return model_canceled(l->r->m) ? err_interrupted() : NULL;
}
