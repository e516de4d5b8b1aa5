/*
 * Stack objects: variables whose address is taken (runtime/mgcstack.go).  A frame's pointer map
 * does not name what is in them; they are looked into when a live pointer leads to them, from
 * wherever on the stack.
 */
#include "runtime/livestack_internal.h"

enum { RECORD_SIZE = 16 };

/* runtime/stack.go: stackObjectRecord, the same since 1.17; until 1.23 ptrdata < 0 says that gcdata
 * is a program */
struct record {
	int32_t off, size, ptrdata;
	uint32_t gcdataoff; /* from moduledata.rodata */
};

void livestack_objects_add(struct live_walk *w, const struct frame_map *map, taddr varp, taddr argp)
{
	struct livestack *c = w->cache;

	for (uint32_t i = 0; i < map->nobjects; i++) {
		const uint8_t *p = map->objects + (uint64_t)i * RECORD_SIZE;
		struct record r;
		memcpy(&r, p, sizeof(r));
		taddr addr = (r.off < 0 ? varp : argp) + (uint64_t)(int64_t)r.off;
		/* Below sp: its frame has not been made yet. */
		if (addr < w->frame.sp || addr >= w->hi || w->hi - addr < (uint64_t)r.size ||
		    addr % STACK_WORD)
			continue;
		struct stack_object o = {.addr = addr,
					 .sp = w->frame.sp,
					 .varp = w->frame.varp,
					 .info = w->frame.info,
					 .size = (uint32_t)r.size,
					 .record = p,
					 .module = map->module};
		if (c->objects.n && addr < c->objects.v[c->objects.n - 1].addr)
			w->unordered = true;
		VEC_PUSH(&c->objects, o);
	}
}

static int by_addr(const void *a, const void *b)
{
	const struct stack_object *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static struct stack_object *find(struct livestack *c, taddr a)
{
	size_t lo = 0, hi = c->objects.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (c->objects.v[mid].addr <= a)
			lo = mid + 1;
		else
			hi = mid;
	}
	struct stack_object *o = lo ? &c->objects.v[lo - 1] : NULL;
	return o && a - o->addr < o->size ? o : NULL;
}

static void visit(struct live_walk *w, struct stack_object *o, bool exact)
{
	const struct module *m = &w->rt->modules.v[o->module];
	struct record r;

	memcpy(&r, o->record, sizeof(r));
	o->record = NULL;
	w->frame = (struct live_word){.sp = o->sp, .varp = o->varp, .info = o->info};
	uint32_t bytes =
		r.ptrdata > 0 && r.ptrdata <= r.size ? (uint32_t)r.ptrdata : (uint32_t)r.size;
	struct word_mask mask = {NULL, bytes / STACK_WORD};
	if (r.ptrdata > 0)
		mask.bits = target_ptr(w->rt->t, m->rodata + r.gcdataoff, (mask.n + 7) / 8);
	livestack_words(w, o->addr, mask, exact && mask.bits);
}

/* Exact pointers first: what they lead to is exact, too. */
void livestack_objects_visit(struct live_walk *w)
{
	struct livestack *c = w->cache;

	if (w->unordered)
		qsort(c->objects.v, c->objects.n, sizeof(c->objects.v[0]), by_addr);
	while (!w->stopped && (c->exact.n || c->guessed.n)) {
		bool exact = c->exact.n != 0;
		taddr a = exact ? c->exact.v[--c->exact.n] : c->guessed.v[--c->guessed.n];
		struct stack_object *o = find(c, a);
		if (o && o->record)
			visit(w, o, exact);
	}
}
