/*
 * Who has a connection of a pool that is waited for: goroutines with an open sql.Rows, Tx or Conn
 * in live words of a frame, or with what leads there.
 *
 * Helpers of database/sql itself, which wait for the end of a transaction's context, are left out:
 * they have it for somebody else.
 */
#include "analysis/waitfor.h"
#include "runtime/livestack.h"

#define HOPS 2
#define OBJECT_BYTES 1024 /* larger ones are tables, not what a frame is about */
#define MAX_WORDS (16u << 20)

/* What an object leads to. */
struct found {
	uint32_t pool; /* object, WAIT_NO_OBJECT: nothing */
	uint8_t hops;
};

struct pools {
	struct waitfor *w;
	struct runtime *rt;
	struct u64map of_connection; /* driverConn in use -> its pool */
	uint32_t pool;		     /* that is at hand */
	struct u64map known;	     /* heap object | hops left -> index in found */
	VEC(struct found) found;
	uint64_t words; /* looked at */
	uint32_t task;
};

static bool note_connection(void *arg, taddr conn)
{
	struct pools *p = arg;

	u64map_add(&p->of_connection, conn, p->pool);
	return true;
}

static struct found nearer(struct found a, struct found b)
{
	return b.pool != WAIT_NO_OBJECT && (a.pool == WAIT_NO_OBJECT || b.hops < a.hops) ? b : a;
}

static struct found look(struct pools *p, taddr value, unsigned left);

static struct found look_inside(struct pools *p, const struct heap_object *o, unsigned left)
{
	struct found best = {WAIT_NO_OBJECT, 0};
	const uint8_t *bytes = target_ptr(p->rt->t, o->base, o->size);

	for (uint64_t at = 0; bytes && at + 8 <= o->size; at += 8) {
		taddr value;
		memcpy(&value, bytes + at, 8);
		if (value && value - o->base >= o->size) {
			struct found one = look(p, value, left - 1);
			one.hops++;
			best = nearer(best, one);
		}
	}
	return best;
}

static struct found look(struct pools *p, taddr value, unsigned left)
{
	struct found one = {WAIT_NO_OBJECT, 0};
	struct heap_object o;

	p->words++;
	if (!heap_object_at(p->rt, value, &o) || p->words > MAX_WORDS)
		return one;
	uint32_t known = u64map_find(&p->known, o.base | left);
	if (known != U64MAP_NONE)
		return p->found.v[known];
	taddr conn = limits_connection_of(&p->w->limits, &o);
	one.pool = u64map_find(&p->of_connection, conn);
	if (one.pool == WAIT_NO_OBJECT && left && o.size <= OBJECT_BYTES &&
	    !(o.span->flags & SPAN_NOSCAN))
		one = look_inside(p, &o, left);
	VEC_PUSH(&p->found, one);
	u64map_set(&p->known, o.base | left, (uint32_t)p->found.n - 1);
	return one;
}

static bool look_at_word(void *arg, const struct live_word *word)
{
	struct pools *p = arg;
	struct waitfor *w = p->w;
	const struct wait_holder *last = w->holders.n ? &w->holders.v[w->holders.n - 1] : NULL;

	if (word->info == PC_NONE)
		return true;
	const struct pcinfo *info = &p->rt->pcs.v[word->info];
	struct found one = {u64map_find(&p->of_connection, word->value), 0};
	if (one.pool == WAIT_NO_OBJECT)
		one = look(p, word->value, HOPS);
	if (one.pool == WAIT_NO_OBJECT || !info->n ||
	    (last && last->object == one.pool && last->task == p->task && last->hops <= one.hops))
		return true;
	VEC_PUSH(&w->holders, (struct wait_holder){.object = one.pool,
						   .task = p->task,
						   .hops = one.hops,
						   .inferred = true,
						   .frame = info->first + info->n - 1u});
	return true;
}

static struct err *look_everywhere(struct pools *p)
{
	struct err *err = NULL;

	for (uint32_t i = 0; i < p->w->m->tasks.list.n && !err; i++) {
		const struct task *t = &p->w->m->tasks.list.v[i];
		struct livestack_state state;
		p->task = i;
		if (t->frame < p->rt->frames.n && !p->rt->frames.v[t->frame].std)
			livestack_each(p->rt, t, look_at_word, p, &state);
		p->w->cut |= p->words > MAX_WORDS;
		if (i % 256 == 0)
			err = runtime_check(p->rt);
	}
	return err;
}

struct err *waitfor_pools(struct waitfor *w)
{
	struct pools p = {.w = w, .rt = w->m->rt};
	struct err *err = NULL;

	for (p.pool = 0; p.pool < w->objects.n; p.pool++) {
		struct wait_object *o = &w->objects.v[p.pool];
		if (o->kind != WAIT_POOL)
			continue;
		o->looked = true;
		limits_connections_each(&w->limits, o->addr, note_connection, &p);
	}
	if (p.of_connection.n)
		err = look_everywhere(&p);
	u64map_free(&p.of_connection);
	u64map_free(&p.known);
	VEC_FREE(&p.found);
	return err;
}
