/*
 * Naming a path is expensive and there may be a million contexts, so only a sample of paths, spread
 * over all, is named.  Each object on a named path gets that path's name, unless two names meet in
 * it.  Every other context takes the name of the first such object above it.
 */
#include "analysis/holder_sets.h"

#include "analysis/signature.h"

#define HOLDERS_NAMED 48
/* pointers between a root and a context: contexts further down are not separated */
#define CLIMB 256
#define STEPS 6 /* steps of a path that are part of its name */
#define AMBIGUOUS (U64MAP_NONE - 1)

struct holders {
	struct leaks *l;
	const struct forest *forest;
	const uint32_t *contexts;
	uint64_t *keys;		/* by position; 0 not known yet */
	VEC(uint32_t) open;	/* positions whose paths begin at no goroutine's stack */
	VEC(uint64_t) names;	/* keys of named paths */
	VEC(uint32_t) counts;	/* of these, how often each */
	struct u64map names_at; /* key -> index */
	struct u64map stands;	/* node -> index, AMBIGUOUS */
};

static uint64_t task_key(const struct model *m, uint32_t task)
{
	const struct task *t = &m->tasks.list.v[task];

	return sign_frame(sign_frame(sign_word(SIGN_START, "task"), m, t->created), m, t->start) |
	       1;
}

/* Offsets and addresses name nothing; what is one of many equal ones ends a name. */
static bool is_place(const struct link *l)
{
	return l->kind == LINK_OFFSET || l->kind == LINK_ADDRESS || l->kind == LINK_CAPTURE_AT ||
	       l->kind == LINK_STACK;
}

static bool is_element(const struct link *l)
{
	return l->kind == LINK_INDEX || l->kind == LINK_ELEMENT || l->kind == LINK_KEY ||
	       l->kind == LINK_LIST;
}

/* @return false: an element was chosen */
static bool sign_links(uint64_t *h, const struct links *via)
{
	for (size_t k = 0; k < via->list.n; k++) {
		const struct link *l = &via->list.v[k];
		if (is_element(l))
			return false;
		*h = sign_word(sign_word(*h ^ l->kind, l->name), l->func);
	}
	return true;
}

static uint64_t steps_key(const struct steps *s)
{
	uint64_t h = sign_word(SIGN_START ^ s->root, s->timer_calls);
	const struct links *last = NULL;

	for (size_t k = 0; k < s->list.n && k < STEPS; k++) {
		const struct links *via = &s->list.v[k].via;
		bool place = !via->list.n;
		for (size_t n = 0; n < via->list.n; n++)
			place |= is_place(&via->list.v[n]);
		if (place || (last && links_equal(last, via)))
			continue;
		if (!sign_links(&h, via))
			break;
		last = via;
	}
	return h | 1;
}

/* The root above, or what stands CLIMB pointers above; 0: nothing leads there. */
static forest_node above(const struct holders *h, taddr addr)
{
	forest_node node = forest_at(h->forest, addr);

	for (unsigned up = 0; node && !forest_is_root(node) && up < CLIMB; up++)
		node = forest_up(h->forest, node);
	return node;
}

static uint64_t name_of(struct holders *h, taddr addr)
{
	struct steps s;
	struct path p;

	if (!forest_is_root(above(h, addr)) || !forest_path(h->forest, addr, &p))
		return 0;
	steps_build(h->l->m, &p, &s);
	uint64_t key = s.task < h->l->m->tasks.list.n ? task_key(h->l->m, s.task) : steps_key(&s);
	steps_free(&s);
	forest_path_free(&p);
	return key;
}

static taddr addr_of(const struct holders *h, uint32_t at)
{
	return h->l->m->ctxs.v[h->contexts[at]].addr;
}

/* Contexts that a goroutine's stack leads to get their names from the goroutine. */
static void name_by_task(struct holders *h, size_t n)
{
	for (uint32_t at = 0; at < n; at++) {
		forest_node node = above(h, addr_of(h, at));
		uint32_t task = forest_is_root(node) ? forest_task(h->forest, node) : TASK_NONE;
		if (task < h->l->m->tasks.list.n)
			h->keys[at] = task_key(h->l->m, task);
		else if (node)
			VEC_PUSH(&h->open, at);
	}
}

static void stand_for(struct holders *h, taddr addr, uint32_t name)
{
	forest_node node = forest_at(h->forest, addr);

	for (unsigned up = 0; node && up < CLIMB; node = forest_up(h->forest, node), up++) {
		uint32_t now = u64map_find(&h->stands, node);
		if (now != name)
			u64map_set(&h->stands, node, now == U64MAP_NONE ? name : AMBIGUOUS);
	}
}

static void name_some(struct holders *h)
{
	size_t n = h->open.n < HOLDERS_NAMED ? h->open.n : HOLDERS_NAMED;

	for (size_t k = 0; k < n; k++) {
		uint32_t at = h->open.v[k * h->open.n / n];
		uint64_t key = name_of(h, addr_of(h, at));
		if (!key)
			continue;
		uint32_t name = u64map_add(&h->names_at, key, (uint32_t)h->names.n);
		if (name == h->names.n) {
			VEC_PUSH(&h->names, key);
			VEC_PUSH(&h->counts, 0);
		}
		h->counts.v[name]++;
		h->keys[at] = key;
		stand_for(h, addr_of(h, at), name);
	}
}

static uint64_t most_named(const struct holders *h)
{
	size_t best = 0;

	for (size_t k = 1; k < h->counts.n; k++)
		if (h->counts.v[k] > h->counts.v[best])
			best = k;
	return h->names.n ? h->names.v[best] : 0;
}

static void name_others(struct holders *h)
{
	uint64_t most = most_named(h);

	for (size_t k = 0; k < h->open.n; k++) {
		uint32_t at = h->open.v[k], name = U64MAP_NONE;
		if (h->keys[at])
			continue;
		forest_node node = forest_at(h->forest, addr_of(h, at));
		for (unsigned up = 0; node && up < CLIMB && name >= AMBIGUOUS;
		     node = forest_up(h->forest, node), up++)
			name = u64map_find(&h->stands, node);
		h->keys[at] = name < AMBIGUOUS ? h->names.v[name] : most;
	}
}

static int largest_first(const void *a, const void *b)
{
	const struct holder_set *x = a, *y = b;

	if (x->members.n != y->members.n)
		return x->members.n < y->members.n ? 1 : -1;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void put_small_to_largest(struct holder_sets *s, size_t least)
{
	size_t n = s->list.n;

	while (s->list.n > 1 && s->list.v[s->list.n - 1].members.n < least) {
		struct holder_set *small = &s->list.v[--s->list.n];
		for (size_t k = 0; k < small->members.n; k++)
			VEC_PUSH(&s->list.v[0].members, small->members.v[k]);
		VEC_FREE(&small->members);
	}
	if (s->list.n < n)
		qsort(s->list.v[0].members.v, s->list.v[0].members.n, sizeof(uint32_t), by_number);
}

void leak_holder_sets(struct leaks *l, const uint32_t *contexts, size_t n, size_t least,
		      struct holder_sets *ret)
{
	struct holders h = {.l = l,
			    .forest = leak_forest(l),
			    .contexts = contexts,
			    .keys = mem_zalloc((n + 1) * sizeof(*h.keys))};
	struct u64map index = {0};

	*ret = (struct holder_sets){0};
	if (h.forest) {
		name_by_task(&h, n);
		name_some(&h);
		name_others(&h);
	}
	for (uint32_t at = 0; at < n; at++) {
		uint32_t k = u64map_add(&index, h.keys[at] | 1, (uint32_t)ret->list.n);
		if (k == ret->list.n)
			VEC_PUSH(&ret->list, (struct holder_set){.key = h.keys[at]});
		VEC_PUSH(&ret->list.v[k].members, at);
	}
	if (ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof(*ret->list.v), largest_first);
	put_small_to_largest(ret, least);
	u64map_free(&index);
	u64map_free(&h.names_at);
	u64map_free(&h.stands);
	VEC_FREE(&h.open);
	VEC_FREE(&h.names);
	VEC_FREE(&h.counts);
	free(h.keys);
}

void holder_sets_free(struct holder_sets *s)
{
	for (size_t k = 0; k < s->list.n; k++)
		VEC_FREE(&s->list.v[k].members);
	VEC_FREE(&s->list);
}
