/* Paths of a search that is through, and the question of `why`. */
#include "analysis/path_internal.h"

struct finding_pointer {
	const struct search *s;
	uint32_t slot;
	taddr at, value;
};

static bool leads_to(void *arg, taddr at, taddr value)
{
	struct finding_pointer *f = arg;

	if (slots_at(&f->s->slots, value) != f->slot)
		return true;
	f->at = at;
	f->value = value;
	return false;
}

static struct root root_of(const struct search *s, uint32_t from, taddr value)
{
	const struct origin *o = &s->origins.v[from & ~ROOT_BIT];

	return (struct root){.kind = o->kind,
			     .at = o->at,
			     .value = value,
			     .object = o->kind == ROOT_REGISTER ? 0 : o->other,
			     .task = o->task};
}

static taddr value_of_root(const struct search *s, uint32_t from)
{
	const struct origin *o = &s->origins.v[from & ~ROOT_BIT];
	uint64_t value = 0;

	if (o->kind == ROOT_REGISTER)
		return o->other;
	target_u64(s->rt->t, o->at, &value);
	return value;
}

/* The pointer by which @p from leads to a slot. */
static struct path_hop hop_to(const struct search *s, uint32_t from, uint32_t slot)
{
	struct finding_pointer f = {.s = s, .slot = slot};
	struct path_hop hop = {0};
	struct heap_object o;

	if (search_object(s, slot, &o))
		hop.object = o.base;
	if (from & ROOT_BIT) {
		hop.at = s->origins.v[from & ~ROOT_BIT].at;
		hop.target = value_of_root(s, from);
		return hop;
	}
	if (search_object(s, from - 1, &o)) {
		hop.holder = o.base;
		object_pointers(s->rt, &o, leads_to, &f);
	}
	hop.at = f.at;
	hop.target = f.value;
	return hop;
}

/* From the object asked for back to the root, then turned round. */
void search_path(const struct search *s, uint32_t slot, uint32_t from, struct path *p)
{
	for (;; slot = from - 1, from = s->parent[slot]) {
		VEC_PUSH(&p->hops, hop_to(s, from, slot));
		if (from & ROOT_BIT)
			break;
	}
	p->root = root_of(s, from, p->hops.v[p->hops.n - 1].target);
	for (size_t i = 0, k = p->hops.n - 1; i < k; i++, k--) {
		struct path_hop t = p->hops.v[i];
		p->hops.v[i] = p->hops.v[k];
		p->hops.v[k] = t;
	}
}

/* A holder that there may be a path of. */
struct candidate {
	uint32_t number; /* of s->holders: the shortest come first */
	uint8_t rank;	 /* 0: the first of a root; 1: a waiter, of one, too; 2: the others */
	bool itself;
};

static int by_rank(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->rank != y->rank ? x->rank - y->rank : x->number < y->number ? -1 : 1;
}

static int by_length(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->itself != y->itself ? x->itself - y->itself : x->number < y->number ? -1 : 1;
}

static void rank_holders(struct search *s, struct candidate *c)
{
	struct u64map seen = {0};

	s->walked = 0;
	for (size_t i = 0; i < s->holders.n; i++) {
		uint64_t key = search_holder_key(s, s->holders.v[i]);
		c[i] = (struct candidate){.number = (uint32_t)i, .itself = !key, .rank = !key};
		if (key && u64map_find(&seen, key) != U64MAP_NONE)
			c[i].rank = 2;
		else if (key)
			u64map_set(&seen, key, 1);
	}
	u64map_free(&seen);
}

/* Where not all can be shown, those that differ by their roots. */
static void build_paths(struct search *s)
{
	size_t n = s->holders.n, wanted = s->max && s->max < n ? (size_t)s->max : n;
	struct candidate *c;

	s->ret->holders = n;
	s->ret->all = !s->stop;
	if (!n)
		return;
	c = mem_resize(NULL, n, sizeof(*c));
	rank_holders(s, c);
	qsort(c, n, sizeof(*c), by_rank);
	qsort(c, wanted, sizeof(*c), by_length);
	for (size_t i = 0; i < wanted; i++) {
		VEC_PUSH(&s->ret->list, (struct path){.itself = c[i].itself});
		search_path(s, s->target, s->holders.v[c[i].number], &s->ret->list.v[i]);
	}
	free(c);
}

/* What is it that was asked for?  @return false when nothing can point to it as to an object */
static bool identify(struct runtime *rt, taddr target, struct paths *ret)
{
	struct heap_object o;

	ret->subject = SUBJECT_OTHER;
	if (!heap_span(rt->heap, target))
		return false;
	ret->subject = SUBJECT_TAIL;
	if (!heap_object_at(rt, target, &o))
		return false;
	ret->object = o.base;
	ret->size = o.size;
	ret->subject = heap_allocated(rt, o.span, o.index) ? SUBJECT_OBJECT : SUBJECT_FREE;
	return ret->subject == SUBJECT_OBJECT;
}

struct err *paths_find(const struct model *m, taddr target, uint64_t max, struct paths *ret)
{
	struct runtime *rt = m->rt;
	struct search s = {.m = m, .rt = rt, .ret = ret, .max = max};

	*ret = (struct paths){.complete = true, .all = true};
	if (!rt->heap)
		return err_new(ERR_ABSENT, "the heap of this target cannot be read");
	if (!identify(rt, target, ret))
		return NULL;
	struct err *err = search_open(&s);
	if (!err) {
		s.target = (uint32_t)slots_at(&s.slots, target);
		s.waited = (struct waited){ret->object, ret->object + ret->size,
					   model_find(m, target)};
		err = search_run(&s);
	}
	if (!err)
		build_paths(&s);
	search_close(&s);
	return err;
}

void paths_free(struct paths *p)
{
	for (size_t i = 0; i < p->list.n; i++)
		VEC_FREE(&p->list.v[i].hops);
	VEC_FREE(&p->list);
}
