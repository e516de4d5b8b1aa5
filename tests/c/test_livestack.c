/** @file  Live words and pending deferred calls of a made-up stack, with sound tables and with
 * damaged ones. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/defer.h"
#include "runtime/livestack.h"

/*
 * gopark (16 bytes) called by main.work (64 bytes, two words of arguments) called by goexit.  From
 * SP upwards:
 *
 *     SP        gopark's frame        SP + 16   return address into main.work
 *     WORK      its locals, seven words, to VARP; saved frame pointer; return address into goexit
 *     ARGP      its arguments
 *
 * The last two of the locals are a stack object, the first is what may point to it, the fourth
 * holds bits of open-coded calls, the fifth their only slot.
 */
enum {
	TEXT = 0x401000,
	WORK_CODE = 0x40,
	EXIT_CODE = 0x80,
	TEXT_SIZE = 0xc0,
	RODATA = 0x600000,
	STACK = 0x900000,
	STACK_SIZE = 0x1000,
	SP = STACK + STACK_SIZE - 256,
	WORK = SP + 24,
	VARP = WORK + 56,
	ARGP = WORK + 72,
	OBJECT = VARP - 16,
	TABLE = 512,
};
#define HEAP(i) (0xc000100000u + (taddr)(i)*0x100)

struct table {
	uint8_t p[TABLE];
	uint32_t n;
};

struct made {
	struct fake f;
	struct task t;
	struct table name, pc, func, go;
	struct module *m;
	uint8_t *owned[4]; /* copies of exactly the right length */
};

static uint32_t put(struct table *t, const void *p, size_t n)
{
	uint32_t off = t->n;

	memcpy(t->p + off, p, n);
	t->n += (uint32_t)n;
	return off;
}

static uint32_t put32(struct table *t, uint32_t v)
{
	return put(t, &v, 4);
}

/* The same value for the whole function: below 64, so that zigzag and length are a byte each. */
static uint32_t put_pc(struct table *t, int value)
{
	return put(t,
		   (uint8_t[]){(uint8_t)((value + 1) << 1 & 0x7f) |
				       ((value + 1) << 1 > 0x7f ? 0x80 : 0),
			       (uint8_t)((value + 1) << 1 > 0x7f ? 1 : 0x40), 0x40, 0},
		   (value + 1) << 1 > 0x7f ? 4 : 3);
}

static void put_func(struct made *m, uint32_t entry, const char *name, int size, uint32_t args,
		     const uint32_t *funcdata)
{
	const struct layout *l = &m->f.rt.L;
	uint32_t off = m->func.n, v;
	struct {
		int32_t off;
		uint32_t v;
	} fields[] = {{l->func.entryOff.off, entry},
		      {l->func.nameOff.off, put(&m->name, name, strlen(name) + 1)},
		      {l->func.args.off, args},
		      {l->func.pcsp.off, put_pc(&m->pc, size)},
		      {l->func.npcdata.off, 2}};

	m->func.n += l->s[LAYOUT_func].size;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		memcpy(m->func.p + off + fields[i].off, &fields[i].v, 4);
	m->func.p[off + l->func.nfuncdata.off] = 5;
	put32(&m->func, 0);
	v = put_pc(&m->pc, 1); /* map number 1 */
	put32(&m->func, v);
	for (int i = 0; i < 5; i++)
		put32(&m->func, funcdata ? funcdata[i] : UINT32_MAX);
}

/* Two maps of one byte each; the first one names nothing. */
static uint32_t put_map(struct made *m, uint32_t bits, uint8_t second)
{
	uint32_t off = put32(&m->go, 2);

	put32(&m->go, bits);
	put(&m->go, (uint8_t[]){0, second}, 2);
	m->go.n = (m->go.n + 7) & ~7u;
	return off;
}

static struct pcln_bytes own(struct made *m, int i, const struct table *t)
{
	free(m->owned[i]);
	m->owned[i] = mem_alloc(t->n);
	memcpy(m->owned[i], t->p, t->n);
	return (struct pcln_bytes){m->owned[i], t->n};
}

static void publish(struct made *m)
{
	struct pclntab *p = &m->m->pcln;

	p->funcnametab = own(m, 0, &m->name);
	p->pctab = own(m, 1, &m->pc);
	p->pclntable = own(m, 2, &m->func);
	p->gofunc = own(m, 3, &m->go);
}

static void make_tables(struct made *m)
{
	uint32_t words[2] = {1, 0}, record[4] = {(uint32_t)-16, 16, 16, 0}, fd[5];
	const struct layout *l = &m->f.rt.L;
	static uint32_t ftab[8];

	put32(&m->go, 0);
	put32(&m->go, 0);
	put32(&m->pc, 0);
	fd[0] = put_map(m, 2, 0x2);	    /* the second argument */
	fd[1] = put_map(m, 7, 0x01 | 0x04); /* locals 0 and 2 */
	fd[2] = put(&m->go, words, 8);
	put(&m->go, record, 16);
	fd[3] = UINT32_MAX;
	fd[4] = put(&m->go,
		    LAYOUT_HAS(l->defer.openDefer) ? (uint8_t[]){32, 1, 24}
						   : (uint8_t[]){32, 24, 0},
		    3);
	uint32_t offs[3] = {0};
	uint32_t none[5] = {UINT32_MAX, put_map(m, 0, 0), UINT32_MAX, UINT32_MAX, UINT32_MAX};
	offs[0] = m->func.n;
	put_func(m, 0, "runtime.gopark", 16, 0, none);
	offs[1] = m->func.n;
	put_func(m, WORK_CODE, "main.work", 64, 16, fd);
	offs[2] = m->func.n;
	put_func(m, EXIT_CODE, "runtime.goexit", 0, 0, none);
	for (uint32_t i = 0; i < 3; i++) {
		ftab[i * 2] = i * 0x40;
		ftab[i * 2 + 1] = offs[i];
	}
	ftab[6] = TEXT_SIZE;
	m->m->pcln.quantum = 1;
	m->m->pcln.ftab = (struct pcln_bytes){(uint8_t *)ftab, sizeof(ftab)};
}

static struct pcln_shape shape_of(const struct layout *l)
{
	return (struct pcln_shape){
		.func_size = (int32_t)l->s[LAYOUT_func].size,
		.entry_off = l->func.entryOff.off,
		.name_off = l->func.nameOff.off,
		.pcsp = l->func.pcsp.off,
		.pcfile = l->func.pcfile.off,
		.pcln = l->func.pcln.off,
		.npcdata = l->func.npcdata.off,
		.cu_offset = l->func.cuOffset.off,
		.func_id = l->func.funcID.off,
		.nfuncdata = l->func.nfuncdata.off,
		.inl_size = -1,
		.args = l->func.args.off,
		.deferreturn = l->func.deferreturn.off,
	};
}

static void make_stack(struct made *m)
{
	struct fake *f = &m->f;
	const struct layout *l = &f->rt.L;

	fake_add(f, STACK, STACK_SIZE);
	fake_add(f, RODATA, 64);
	fake_put8(f, RODATA, 0x2); /* of the object only the second word is a pointer */
	fake_put64(f, SP + 16, TEXT + WORK_CODE + 0x20);
	for (int i = 0; i < 7; i++)
		fake_put64(f, WORK + (taddr)i * 8, HEAP(i));
	fake_put64(f, WORK + 24, 0); /* no bits */
	fake_put64(f, WORK + 64, TEXT + EXIT_CODE + 1);
	fake_put64(f, ARGP, HEAP(10));
	fake_put64(f, ARGP + 8, HEAP(11));
	taddr g = fake_alloc(f, l->s[LAYOUT_g].size);
	fake_put(f, g, l->g.stack_lo, STACK);
	fake_put(f, g, l->g.stack_hi, STACK + STACK_SIZE);
	fake_put(f, g, l->g.sched_sp, SP);
	fake_put(f, g, l->g.sched_pc, TEXT + 0x20);
	m->t = (struct task){.g = g, .goid = 5, .status = TASK_WAITING};
}

static void make(struct made *m, int minor)
{
	memset(m, 0, sizeof(*m));
	fake_init(&m->f, minor);
	m->m = &m->f.rt.modules.v[0];
	m->m->text = m->m->pcln.text = TEXT;
	m->m->etext = m->m->pcln.etext = TEXT + TEXT_SIZE;
	m->m->rodata = RODATA;
	m->m->pcln.shape = shape_of(&m->f.rt.L);
	make_tables(m);
	publish(m);
	make_stack(m);
}

/* What has been looked up is forgotten. */
static void forget(struct made *m)
{
	struct runtime *rt = &m->f.rt;

	livestack_close(rt);
	u64map_free(&rt->pc_index);
	rt->pcs.n = rt->pcs.n ? 1 : 0;
	rt->frames.n = 0;
}

static void drop(struct made *m)
{
	for (int i = 0; i < 4; i++)
		free(m->owned[i]);
	forget(m);
	fake_free(&m->f);
}

struct seen {
	taddr value[256];
	uint32_t n, guessed;
};

static bool see(void *arg, const struct live_word *w)
{
	struct seen *s = arg;

	assert_int_not_equal(w->value, 0);
	assert_true(w->value < STACK || w->value >= STACK + STACK_SIZE);
	s->value[s->n++ % 256] = w->value;
	s->guessed += !w->exact;
	return true;
}

static bool has(const struct seen *s, taddr v)
{
	for (uint32_t i = 0; i < s->n && i < 256; i++)
		if (s->value[i] == v)
			return true;
	return false;
}

static struct livestack_state look(struct made *m, struct seen *s)
{
	struct livestack_state st;

	*s = (struct seen){0};
	assert_true(livestack_each(&m->f.rt, &m->t, see, s, &st));
	return st;
}

static void maps_are_applied(void **state)
{
	static const int minors[] = {19, 21, 22, 25, 27};
	struct made m;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++) {
		make(&m, minors[i]);
		struct livestack_state st = look(&m, &s);
		assert_true(st.complete && !st.unreadable);
		assert_int_equal(st.frames, 2);
		assert_int_equal(st.conservative, 0);
		assert_int_equal(s.n, 3);
		assert_true(has(&s, HEAP(0)) && has(&s, HEAP(2)) && has(&s, HEAP(11)));
		assert_int_equal(s.guessed, 0);
		drop(&m);
	}
}

/*
 * The same functions on a machine with a link register: a frame has the address it returns to at
 * its bottom, the caller's frame pointer below that, a call pushes nothing, and a word lies between
 * frame and arguments.
 */
static void link_register(void **state)
{
	enum { BOTTOM = SP + 16, END = BOTTOM + 64, ARGUMENTS = END + 8 };
	struct arch arch = arch_amd64;
	struct made m;
	struct seen s;

	(void)state;
	make(&m, 27);
	arch.frame = (struct arch_frame){
		.ret = {false, 0}, .saved_fp = {false, -8}, .above_locals = 8, .below_args = 8};
	m.f.t.arch = &arch;
	memset(fake_at(&m.f, SP, 128), 0, 128);
	fake_put64(&m.f, SP, TEXT + WORK_CODE + 0x20);
	fake_put64(&m.f, BOTTOM, TEXT + EXIT_CODE + 1);
	fake_put64(&m.f, END - 8 - 56 + 16, HEAP(2)); // the third of seven locals
	fake_put64(&m.f, ARGUMENTS + 8, HEAP(11));
	struct livestack_state st = look(&m, &s);
	assert_true(st.complete && !st.unreadable);
	assert_int_equal(st.frames, 2);
	assert_int_equal(st.conservative, 0);
	assert_true(has(&s, HEAP(2)) && has(&s, HEAP(11)));
	drop(&m);
}

/* Only a live pointer leads to the object; then its second word counts and its first does not. */
static void objects_live_by_pointers(void **state)
{
	struct made m;
	struct seen s;

	(void)state;
	make(&m, 27);
	fake_put64(&m.f, WORK + 8, OBJECT); /* not live */
	look(&m, &s);
	assert_false(has(&s, HEAP(6)));
	fake_put64(&m.f, WORK, OBJECT + 8);
	look(&m, &s);
	assert_true(has(&s, HEAP(6)) && !has(&s, HEAP(5)));
	assert_int_equal(s.n, 3);
	/* An object that points to itself is visited once. */
	fake_put64(&m.f, OBJECT + 8, OBJECT);
	look(&m, &s);
	assert_int_equal(s.n, 2);
	drop(&m);
}

/* Until 1.23 a record may have a program instead of a mask: all its words count. */
static void object_without_mask(void **state)
{
	struct made m;
	struct seen s;
	int32_t negative = -16;

	(void)state;
	make(&m, 21);
	uint8_t *record = memmem(m.go.p, m.go.n, (uint32_t[]){(uint32_t)-16, 16, 16}, 12);
	memcpy(record + 8, &negative, 4);
	publish(&m);
	fake_put64(&m.f, WORK, OBJECT);
	look(&m, &s);
	assert_true(has(&s, HEAP(5)) && has(&s, HEAP(6)));
	drop(&m);
}

static void assert_all_words(const struct seen *s)
{
	for (int i = 0; i < 7; i++)
		assert_true(i == 3 || has(s, HEAP(i)));
	assert_true(has(s, HEAP(10)) && has(s, HEAP(11)));
}

/* What the table of maps does not have is no reason to leave anything out. */
static void without_maps(void **state)
{
	struct made m;
	struct seen s;
	uint64_t full;

	(void)state;
	make(&m, 27);
	full = m.m->pcln.gofunc.n;
	for (uint64_t n = 0; n < full; n++) { /* cut anywhere */
		forget(&m);
		m.m->pcln.gofunc.n = n;
		struct livestack_state st = look(&m, &s);
		assert_true(st.complete);
		assert_true(has(&s, HEAP(0)) && has(&s, HEAP(2)) && has(&s, HEAP(11)));
		assert_true(n || st.conservative == 2);
		if (st.conservative == 2)
			assert_all_words(&s);
	}
	m.m->pcln.gofunc.n = full;
	drop(&m);
}

static void running_ones_word_by_word(void **state)
{
	struct made m;
	struct seen s;

	(void)state;
	make(&m, 27);
	m.t.status = TASK_RUNNING; /* no thread is known: the saved registers are taken */
	struct livestack_state st = look(&m, &s);
	assert_all_words(&s);
	assert_true(st.unreadable && st.complete);
	assert_int_equal(st.conservative, 2);
	drop(&m);
}

/* The walk loses its way: what is above counts word by word. */
static void broken_walk(void **state)
{
	struct made m;
	struct seen s;

	(void)state;
	make(&m, 27);
	fake_put64(&m.f, SP + 16, 0x1234);
	struct livestack_state st = look(&m, &s);
	assert_false(st.complete);
	assert_all_words(&s);
	drop(&m);
}

/* A stack of which most is missing, and one larger than Go makes any. */
static void missing_stack(void **state)
{
	const taddr far = STACK + (1ull << 30), farther = STACK + (1ull << 40);
	struct livestack_state st;
	struct made m;
	struct seen s;

	(void)state;
	make(&m, 27);
	fake_put64(&m.f, SP + 16, 0x1234);
	fake_put(&m.f, m.t.g, m.f.rt.L.g.stack_hi, far);
	st = look(&m, &s);
	assert_true(st.unreadable && !st.complete);
	assert_all_words(&s);
	fake_put(&m.f, m.t.g, m.f.rt.L.g.stack_hi, farther);
	assert_false(livestack_each(&m.f.rt, &m.t, see, &s, &st));
	drop(&m);
}

static bool stop_at_once(void *arg, const struct live_word *w)
{
	(void)w;
	return ++*(int *)arg < 1;
}

static void visitor_stops(void **state)
{
	struct made m;
	struct livestack_state st;
	int n = 0;

	(void)state;
	make(&m, 27);
	assert_true(livestack_each(&m.f.rt, &m.t, stop_at_once, &n, &st));
	assert_int_equal(n, 1);
	drop(&m);
}

/* ---- defer records and open-coded calls ---- */

static taddr add_defer(struct made *m, taddr fn, taddr sp, taddr link)
{
	const struct layout *l = &m->f.rt.L;
	taddr d = fake_alloc(&m->f, l->s[LAYOUT_defer].size);

	fake_put(&m->f, d, l->defer.fn, fn);
	fake_put(&m->f, d, l->defer.sp, sp);
	fake_put(&m->f, d, l->defer.pc, TEXT + WORK_CODE + 0x10);
	fake_put(&m->f, d, l->defer.link, link);
	return d;
}

static taddr closure(struct made *m, taddr code)
{
	taddr fn = fake_alloc(&m->f, 16);

	fake_put64(&m->f, fn, code);
	return fn;
}

struct calls {
	struct defer_call v[64];
	uint32_t n;
};

static bool keep(void *arg, const struct defer_call *d)
{
	struct calls *c = arg;

	c->v[c->n++ % 64] = *d;
	return true;
}

static void open_and_recorded(void **state)
{
	static const int minors[] = {19, 21, 22, 27};
	struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++) {
		struct calls c = {0};
		make(&m, minors[i]);
		taddr a = closure(&m, TEXT), b = closure(&m, TEXT + WORK_CODE),
		      bad = closure(&m, 0x77);
		taddr last = add_defer(&m, b, WORK, 0);
		fake_put(&m.f, m.t.g, m.f.rt.L.g.defer_, add_defer(&m, bad, WORK, last));
		assert_true(defers_each(&m.f.rt, &m.t, keep, &c));
		assert_int_equal(c.n, 1);
		fake_put64(&m.f, VARP - 32, 0xff); /* more bits than there are calls */
		fake_put64(&m.f, VARP - 24, a);
		c.n = 0;
		assert_true(defers_each(&m.f.rt, &m.t, keep, &c));
		assert_true(c.n >= 2);
		assert_true(c.v[c.n - 2].open_coded && c.v[c.n - 2].fn == a &&
			    c.v[c.n - 2].code == TEXT);
		assert_true(!c.v[c.n - 1].open_coded && c.v[c.n - 1].fn == b &&
			    c.v[c.n - 1].sp == WORK);
		drop(&m);
	}
}

/* A list that bites its tail ends, here and in the words. */
static void records_in_a_ring(void **state)
{
	struct made m;
	struct calls c = {0};
	struct seen s;

	(void)state;
	make(&m, 27);
	taddr fn = closure(&m, TEXT), first = add_defer(&m, fn, WORK, 0);
	taddr third = add_defer(&m, fn, WORK, first), second = add_defer(&m, fn, WORK, third);
	fake_put(&m.f, first, m.f.rt.L.defer.link, second);
	fake_put(&m.f, m.t.g, m.f.rt.L.g.defer_, first);
	defers_each(&m.f.rt, &m.t, keep, &c);
	assert_true(c.n >= 3);
	assert_true(look(&m, &s).unreadable);
	assert_true(has(&s, fn) && has(&s, first) && has(&s, second) && has(&s, third));
	drop(&m);
}

/* ---- damage ---- */

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void spoil(uint8_t *p, uint64_t n, uint64_t *x)
{
	static const uint8_t nasty[] = {0, 1, 0x7f, 0x80, 0xff};

	for (int k = (int)(next_random(x) % 4); n && k >= 0; k--)
		p[next_random(x) % n] = next_random(x) % 2 ? nasty[next_random(x) % sizeof(nasty)]
							   : (uint8_t)next_random(x);
}

/* Nothing is read out of bounds, nothing takes for ever, and there is always an answer. */
static void spoiled_tables(void **state)
{
	struct made m;
	struct seen s;
	uint64_t x = 0x9e3779b97f4a7c15u;

	(void)state;
	make(&m, 27);
	for (int round = 0; round < 20000; round++) {
		struct calls c = {0};
		forget(&m);
		publish(&m);
		spoil(m.owned[3], m.go.n, &x);
		if (round % 2)
			spoil(m.owned[2], m.func.n, &x);
		if (round % 3 == 0)
			spoil(m.owned[1], m.pc.n, &x);
		if (round % 5 == 0)
			spoil(fake_at(&m.f, SP, 128), 128, &x);
		look(&m, &s);
		defers_each(&m.f.rt, &m.t, keep, &c);
	}
	drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_are_applied),
		cmocka_unit_test(link_register),
		cmocka_unit_test(objects_live_by_pointers),
		cmocka_unit_test(object_without_mask),
		cmocka_unit_test(without_maps),
		cmocka_unit_test(running_ones_word_by_word),
		cmocka_unit_test(broken_walk),
		cmocka_unit_test(missing_stack),
		cmocka_unit_test(visitor_stops),
		cmocka_unit_test(open_and_recorded),
		cmocka_unit_test(records_in_a_ring),
		cmocka_unit_test(spoiled_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
