/** @file  Who could wake a goroutine: sound waits, wakers at work, damaged wait queues. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/wake.h"

static const char *const reasons[] = {
	"",
	"chan receive",
	"chan send",
	"select",
	"chan receive (nil chan)",
	"select (no cases)",
	"sleep",
	"sync.Mutex.Lock",
	"sync.Cond.Wait",
	"semacquire",
	"sync.WaitGroup.Wait",
	"select (durable)",
};
enum {
	NONE,
	RECV,
	SEND,
	SELECT,
	NIL_RECV,
	NO_CASES,
	SLEEP,
	MUTEX,
	COND,
	SEMACQUIRE,
	WAIT_GROUP,
	DURABLE,
	REASONS
};

struct made {
	struct fake f;
	struct tasks ts;
	struct task *t;
};

static void make(struct made *m, int minor, int reason)
{
	memset(m, 0, sizeof(*m));
	fake_init(&m->f, minor);
	for (int i = 0; i < REASONS; i++)
		VEC_PUSH(&m->f.rt.wait_reasons, (char *)reasons[i]);
	struct task t = {.g = fake_alloc(&m->f, m->f.rt.L.s[LAYOUT_g].size),
			 .status = TASK_WAITING,
			 .reason = (uint8_t)reason};
	VEC_PUSH(&m->ts.list, t);
	m->t = &m->ts.list.v[0];
}

static void drop(struct made *m)
{
	VEC_FREE(&m->f.rt.wait_reasons);
	tasks_free(&m->ts);
	fake_free(&m->f);
}

static taddr add_sudog(struct made *m, taddr next)
{
	const struct layout *l = &m->f.rt.L;
	taddr s = fake_alloc(&m->f, l->s[LAYOUT_sudog].size);

	fake_put(&m->f, s, l->sudog.g, m->t->g);
	fake_put(&m->f, s, l->sudog.waitlink, next);
	fake_put(&m->f, m->t->g, l->g.waiting, s);
	return s;
}

/* The goroutine receives from a channel of its own. */
static taddr add_channel(struct made *m, taddr *sudog)
{
	const struct layout *l = &m->f.rt.L;
	taddr c = fake_alloc(&m->f, l->s[LAYOUT_hchan].size), old = 0;

	target_u64(&m->f.t, m->t->g + (taddr)l->g.waiting.off, &old);
	*sudog = add_sudog(m, old);
	fake_put(&m->f, *sudog, l->sudog.c, c);
	fake_put(&m->f, c, l->hchan.recvq_first, *sudog);
	fake_put(&m->f, c, l->hchan.recvq_last, *sudog);
	/* The list of the goroutine begins with the newest. */
	struct task_wait w = {.chan = c};
	VEC_PUSH(&m->ts.waits, w);
	memmove(m->ts.waits.v + 1, m->ts.waits.v, (m->ts.waits.n - 1) * sizeof(w));
	m->ts.waits.v[0] = w;
	m->t->nwaits++;
	return c;
}

struct seen {
	struct wake_object v[16];
	uint32_t n;
};

static bool see(void *arg, const struct wake_object *o)
{
	struct seen *s = arg;

	s->v[s->n++ % 16] = *o;
	return true;
}

static enum wake_kind ask(struct made *m, struct seen *s)
{
	*s = (struct seen){0};
	enum wake_kind kind = wake_of(&m->f.rt, &m->ts, m->t, see, s);
	assert_int_equal(kind == WAKE_OBJECTS, s->n > 0);
	return kind;
}

static void reasons_decide(void **state)
{
	static const struct {
		int reason;
		enum wake_kind kind;
	} want[] = {{NONE, WAKE_ALWAYS},  {NIL_RECV, WAKE_NEVER}, {NO_CASES, WAKE_NEVER},
		    {SLEEP, WAKE_ALWAYS}, {DURABLE, WAKE_ALWAYS}, {SEMACQUIRE, WAKE_ALWAYS},
		    {RECV, WAKE_ALWAYS},  {SELECT, WAKE_NEVER},	  {200, WAKE_ALWAYS}};
	struct made m;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		make(&m, 27, want[i].reason);
		assert_int_equal(ask(&m, &s), want[i].kind);
		m.t->status = TASK_RUNNABLE; /* the reason is an old one */
		assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
		m.t->status = TASK_LEAKED;
		assert_int_equal(ask(&m, &s), want[i].kind);
		m.t->status = TASK_WAITING;
		m.t->flags = TASK_DAMAGED;
		assert_int_equal(ask(&m, &s),
				 want[i].reason == SELECT ? WAKE_ALWAYS : want[i].kind);
		drop(&m);
	}
}

static void channels(void **state)
{
	struct made m;
	struct seen s;
	taddr sudog[3], c[3];

	(void)state;
	make(&m, 27, SELECT);
	for (int i = 0; i < 3; i++)
		c[i] = add_channel(&m, &sudog[i]);
	assert_int_equal(ask(&m, &s), WAKE_OBJECTS);
	assert_int_equal(s.n, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(s.v[i].addr == c[2 - i] && s.v[i].sudog == sudog[2 - i]);
		assert_true(s.v[i].is_chan && s.v[i].wait == (uint32_t)i);
	}
	drop(&m);
}

/* One of its channels is being closed, or has just handed something over. */
static void being_woken(void **state)
{
	struct made m;
	struct seen s;
	taddr sudog[2], c[2];

	(void)state;
	make(&m, 27, SELECT);
	const struct layout *l = &m.f.rt.L;
	for (int i = 0; i < 2; i++)
		c[i] = add_channel(&m, &sudog[i]);
	fake_put(&m.f, c[0], l->hchan.closed, 1);
	assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
	fake_put(&m.f, c[0], l->hchan.closed, 0);
	assert_int_equal(ask(&m, &s), WAKE_OBJECTS);
	fake_put(&m.f, c[1], l->hchan.recvq_first, 0);
	assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
	fake_put(&m.f, c[1], l->hchan.sendq_first, sudog[1]);
	assert_int_equal(ask(&m, &s), WAKE_OBJECTS);
	fake_put(&m.f, c[1], l->hchan.sendq_first, sudog[0]); /* it is the second one there */
	fake_put(&m.f, sudog[1], l->sudog.prev, sudog[0]);
	assert_int_equal(ask(&m, &s), WAKE_OBJECTS);
	m.ts.waits.v[1].chan++; /* not what was read before */
	assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
	drop(&m);
}

static void unreadable(void **state)
{
	struct made m;
	struct seen s;
	taddr sudog;

	(void)state;
	make(&m, 27, RECV);
	const struct layout *l = &m.f.rt.L;
	add_channel(&m, &sudog);
	fake_put(&m.f, sudog, l->sudog.c, 0x123450);
	m.ts.waits.v[0].chan = 0x123450;
	assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
	fake_put(&m.f, m.t->g, l->g.waiting, 0x123450);
	assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
	m.t->g = 0x123450;
	assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
	drop(&m);
}

static void semaphores(void **state)
{
	static const int kinds[] = {MUTEX, WAIT_GROUP};
	struct made m;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make(&m, 27, kinds[i]);
		assert_int_equal(ask(&m, &s),
				 WAKE_ALWAYS); /* nothing is known of what it waits on */
		taddr sudog = add_sudog(&m, 0);
		assert_int_equal(ask(&m, &s), WAKE_ALWAYS); /* taken off by who wakes it */
		fake_put(&m.f, sudog, m.f.rt.L.sudog.elem, 0xc000001234);
		assert_int_equal(ask(&m, &s), WAKE_OBJECTS);
		assert_true(s.v[0].addr == 0xc000001234 && s.v[0].sudog == sudog &&
			    !s.v[0].is_chan && s.v[0].wait == UINT32_MAX);
		fake_put(&m.f, sudog, m.f.rt.L.sudog.g, 8); /* somebody else's */
		assert_int_equal(ask(&m, &s), WAKE_ALWAYS);
		drop(&m);
	}
}

static void conditions(void **state)
{
	static const struct {
		uint32_t notify, wait, ticket;
		bool waits;
	} rows[] = {{0, 1, 0, true},
		    {1, 1, 0, false},
		    {3, 5, 4, true},
		    {3, 5, 5, false},
		    {0xfffffffe, 1, 0, true},
		    {0xfffffffe, 1, 0xffffffff, true},
		    {0xfffffffe, 1, 0xfffffffd, false},
		    {2, 2, 2, false}};
	struct made m;
	struct seen s;

	(void)state;
	make(&m, 27, COND);
	const struct layout *l = &m.f.rt.L;
	taddr sudog = add_sudog(&m, 0), list = fake_alloc(&m.f, l->s[LAYOUT_notifyList].size);
	fake_put(&m.f, sudog, l->sudog.elem, list);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fake_put(&m.f, list, l->notifyList.notify, rows[i].notify);
		fake_put(&m.f, list, l->notifyList.wait, rows[i].wait);
		fake_put(&m.f, sudog, l->sudog.ticket, rows[i].ticket);
		assert_int_equal(ask(&m, &s), rows[i].waits ? WAKE_OBJECTS : WAKE_ALWAYS);
	}
	drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_decide), cmocka_unit_test(channels),
		cmocka_unit_test(being_woken),	  cmocka_unit_test(unreadable),
		cmocka_unit_test(semaphores),	  cmocka_unit_test(conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
