/* Paths in made-up heaps: a random graph of small objects, compared with a search that knows
 * nothing of spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/path.h"
#include "fake.h"

enum {
	SPANS = 6,
	SLOT = 64,
	PER_SPAN = (HEAP_PAGE - HEAP_PAGE / 64) / SLOT, /* 1.22+: the pointer bits are at the end */
	NODES = SPANS * PER_SPAN,
	LINKS = 3,
	ROOTS = 5,
	FAR = 1 << 30,
};

#define SPAN_AT FAKE_HEAP
#define MHEAP 0x1000000u
#define MSPANS 0x2000000u
#define DATA 0x3000000u

struct world {
	struct fake f;
	struct model m;
	uint32_t link[NODES][LINKS]; /* NODES: nil */
	uint32_t root[ROOTS];
	uint32_t dist[NODES]; /* pointers from a root, without passing through the target */
};

static taddr at_node(uint32_t n)
{
	return SPAN_AT + n / PER_SPAN * HEAP_PAGE + n % PER_SPAN * SLOT;
}

static uint32_t node_at(taddr a)
{
	uint64_t off = a - SPAN_AT;

	return (uint32_t)(off / HEAP_PAGE * PER_SPAN + off % HEAP_PAGE / SLOT);
}

static uint32_t dice(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % n;
}

static void make_span(struct world *w, uint32_t i)
{
	const struct layout *l = &w->f.rt.L;
	taddr s = MSPANS + 0x1000 + i * 0x200;

	fake_put64(&w->f, MSPANS + i * 8, s);
	fake_put(&w->f, s, l->mspan.startAddr, SPAN_AT + i * HEAP_PAGE);
	fake_put(&w->f, s, l->mspan.npages, 1);
	fake_put(&w->f, s, l->mspan.nelems, PER_SPAN);
	fake_put(&w->f, s, l->mspan.freeindex, PER_SPAN);
	fake_put(&w->f, s, l->mspan.elemsize, SLOT);
	fake_put(&w->f, s, l->mspan.sweepgen, 4);
	fake_put(&w->f, s, l->mspan.spanclass, 5 << 1);
	fake_put(&w->f, s, l->mspan.state, 1);
	memset(fake_at(&w->f, SPAN_AT + (i + 1) * HEAP_PAGE - HEAP_PAGE / 64, HEAP_PAGE / 64), 0xff,
	       HEAP_PAGE / 64);
}

static void make_heap(struct world *w)
{
	struct layout *l = &w->f.rt.L;

	fake_add(&w->f, MHEAP, l->s[LAYOUT_mheap].size);
	fake_add(&w->f, MSPANS, 0x4000);
	fake_add(&w->f, DATA, 4096);
	l->var[LAYOUT_VAR_mheap] = (struct layout_variable){.found = true, .addr = MHEAP};
	fake_put64(&w->f, MHEAP + (uint64_t)l->mheap.allspans.off, MSPANS);
	fake_put64(&w->f, MHEAP + (uint64_t)l->mheap.allspans.off + 8, SPANS);
	fake_put(&w->f, MHEAP, l->mheap.sweepgen, 4);
	for (uint32_t i = 0; i < SPANS; i++)
		make_span(w, i);
	assert_null(heap_open(&w->f.rt));
	assert_int_equal(w->f.rt.heap->spans.n, SPANS);
	w->f.rt.modules.v[0].data = DATA;
	w->f.rt.modules.v[0].edata = DATA + ROOTS * 8;
}

/* Every third node has no way in but through a few; pointers may lead inside of an object. */
static void make_graph(struct world *w, uint64_t seed)
{
	for (uint32_t n = 0; n < NODES; n++)
		for (uint32_t k = 0; k < LINKS; k++) {
			uint32_t to = dice(&seed, 3) ? dice(&seed, NODES) : NODES;
			w->link[n][k] = to;
			fake_put64(&w->f, at_node(n) + k * 16,
				   to == NODES ? 0 : at_node(to) + dice(&seed, 8) * 8);
		}
	for (uint32_t k = 0; k < ROOTS; k++) {
		w->root[k] = dice(&seed, NODES);
		fake_put64(&w->f, DATA + k * 8, at_node(w->root[k]));
	}
}

/* The oracle: Bellman and Ford's, which nobody can get wrong. */
static void measure(struct world *w, uint32_t target)
{
	bool changed = true;

	for (uint32_t n = 0; n < NODES; n++)
		w->dist[n] = FAR;
	for (uint32_t k = 0; k < ROOTS; k++)
		if (w->root[k] != target)
			w->dist[w->root[k]] = 1;
	while (changed) {
		changed = false;
		for (uint32_t n = 0; n < NODES; n++)
			for (uint32_t k = 0; k < LINKS; k++) {
				uint32_t to = w->link[n][k];
				if (to == NODES || to == target || w->dist[n] + 1 >= w->dist[to])
					continue;
				w->dist[to] = w->dist[n] + 1;
				changed = true;
			}
	}
}

static bool points_to(const struct world *w, uint32_t n, uint32_t target)
{
	for (uint32_t k = 0; k < LINKS; k++)
		if (w->link[n][k] == target)
			return true;
	return false;
}

static uint32_t holders(const struct world *w, uint32_t target)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NODES; i++)
		n += i != target && w->dist[i] < FAR && points_to(w, i, target);
	for (uint32_t k = 0; k < ROOTS; k++)
		n += w->root[k] == target;
	return n;
}

/* Each pointer of the path is in memory where it says, and leads where it says. */
static void check_path(struct world *w, const struct path *p, uint32_t target)
{
	assert_true(p->root.at >= DATA && p->root.at < DATA + ROOTS * 8);
	assert_int_equal(p->hops.v[0].at, p->root.at);
	assert_int_equal(p->hops.v[0].holder, 0);
	for (size_t i = 0; i < p->hops.n; i++) {
		const struct path_hop *hop = &p->hops.v[i];
		uint64_t value;
		assert_true(target_u64(&w->f.t, hop->at, &value));
		assert_int_equal(value, hop->target);
		assert_true(hop->target - hop->object < SLOT);
		if (i) {
			assert_int_equal(hop->holder, p->hops.v[i - 1].object);
			assert_true(hop->at - hop->holder < SLOT);
			assert_int_not_equal(node_at(hop->holder), target);
		}
	}
	assert_int_equal(p->hops.v[p->hops.n - 1].object, at_node(target));
	size_t last = p->hops.n;
	if (last > 1) // as short as can be: the holder is reached by the fewest pointers
		assert_int_equal(last, w->dist[node_at(p->hops.v[last - 1].holder)] + 1);
}

static void check_target(struct world *w, uint32_t target)
{
	struct paths all, some;

	measure(w, target);
	assert_null(paths_find(&w->m, at_node(target) + 24, 0, &all));
	assert_int_equal(all.subject, SUBJECT_OBJECT);
	assert_int_equal(all.object, at_node(target));
	assert_true(all.all);
	assert_int_equal(all.holders, holders(w, target));
	assert_int_equal(all.list.n, all.holders);
	for (size_t i = 0; i < all.list.n; i++) {
		check_path(w, &all.list.v[i], target);
		if (i)
			assert_true(all.list.v[i - 1].hops.n <= all.list.v[i].hops.n);
	}
	assert_null(paths_find(&w->m, at_node(target), 2, &some));
	assert_int_equal(some.list.n, all.list.n < 2 ? all.list.n : 2);
	assert_true(some.all ? some.holders == all.holders : some.holders > 2);
	// Shortest first, and of two roots where there are two: the words that the world's roots
	// are.
	size_t at[2], n = 0;
	for (size_t i = 0; i < all.list.n && n < 2; i++)
		if (!n || all.list.v[i].root.at != all.list.v[at[0]].root.at)
			at[n++] = i;
	if (n < some.list.n)
		at[1] = 1;
	for (size_t i = 0; i < some.list.n; i++) {
		assert_int_equal(some.list.v[i].hops.n, all.list.v[at[i]].hops.n);
		assert_memory_equal(some.list.v[i].hops.v, all.list.v[at[i]].hops.v,
				    some.list.v[i].hops.n * sizeof(struct path_hop));
	}
	paths_free(&all);
	paths_free(&some);
}

static void open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fake_init(&w->f, 24);
	fake_open(&w->f);
	make_heap(w);
	w->m.rt = &w->f.rt;
}

static void close_world(struct world *w)
{
	heap_close(&w->f.rt);
	fake_free(&w->f);
}

static void random_graphs(void **state)
{
	static struct world w;
	uint32_t unreached = 0;

	(void)state;
	open_world(&w);
	for (uint64_t seed = 1; seed <= 3; seed++) {
		make_graph(&w, seed);
		for (uint32_t target = 0; target < NODES; target += 17) {
			check_target(&w, target);
			unreached += !holders(&w, target);
		}
	}
	assert_true(unreached > 0); // both answers were met
	close_world(&w);
}

/* A list as long as the heap: a level an object. */
static void long_chain(void **state)
{
	static struct world w;
	struct paths p;

	(void)state;
	open_world(&w);
	for (uint32_t n = 0; n + 1 < NODES; n++)
		fake_put64(&w.f, at_node(n), at_node(n + 1));
	fake_put64(&w.f, DATA, at_node(0));
	assert_null(paths_find(&w.m, at_node(NODES - 1), 3, &p));
	assert_int_equal(p.list.n, 1);
	assert_int_equal(p.list.v[0].hops.n, NODES);
	paths_free(&p);

	// Its own last element points to it, too: that is no other way.
	fake_put64(&w.f, at_node(NODES - 1), at_node(5));
	assert_null(paths_find(&w.m, at_node(5), 0, &p));
	assert_int_equal(p.list.n, 1);
	assert_int_equal(p.list.v[0].hops.n, 6);
	paths_free(&p);
	close_world(&w);
}

static void not_an_object(void **state)
{
	static struct world w;
	struct paths p;
	const struct layout *l = &w.f.rt.L;

	(void)state;
	open_world(&w);
	assert_null(paths_find(&w.m, DATA, 0, &p));
	assert_int_equal(p.subject, SUBJECT_OTHER);
	assert_null(paths_find(&w.m, SPAN_AT + HEAP_PAGE - 8, 0, &p));
	assert_int_equal(p.subject, SUBJECT_TAIL);
	heap_close(&w.f.rt);
	taddr bits = fake_alloc(&w.f, 0); // zeros, far from the spans
	fake_put(&w.f, MSPANS + 0x1000, l->mspan.allocBits, bits + 0x100000);
	fake_put(&w.f, MSPANS + 0x1000, l->mspan.freeindex, 7);
	assert_null(heap_open(&w.f.rt));
	fake_put64(&w.f, DATA, at_node(7));
	assert_null(paths_find(&w.m, at_node(7), 0, &p));
	assert_int_equal(p.subject, SUBJECT_FREE);
	assert_int_equal(p.list.n, 0);
	fake_put64(&w.f, at_node(7), at_node(3)); // a stale pointer in a free slot keeps nothing
	assert_null(paths_find(&w.m, at_node(3), 0, &p));
	assert_int_equal(p.subject, SUBJECT_OBJECT);
	assert_int_equal(p.list.n, 0);
	assert_true(p.all);
	paths_free(&p);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs),
		cmocka_unit_test(long_chain),
		cmocka_unit_test(not_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
