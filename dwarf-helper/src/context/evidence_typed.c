/*
 * Contexts that are referred to by pointers of their own type alone, as sessions in a
 * map[string]*session are: what a variable or an interface value of known type leads to is
 * followed, field by field, as far as types can lead to such a pointer.  Only for what looks like a
 * context of a custom type and has no other evidence; those of the library are never referred to
 * that way.
 */
#include "context/build_internal.h"
#include "runtime/livestack.h"
#include "runtime/typed.h"

#define POINTERS_MAX 1000000 /* followed in all */
#define VALUE_MAX (1u << 26) /* bytes looked through of one value */

/* Of one function: what its variables point to. */
struct locals_of {
	uint32_t first, n; /* in walk.locals */
};

struct walk {
	struct builder *b;
	struct u64map wanted;	  /* address -> index of what has no evidence yet */
	struct typed_leads leads; /* to the struct types of custom contexts: -> type index */
	struct u64map dull;	  /* words before data that lead nowhere */
	struct u64map seen;	  /* addresses followed to */
	VEC(struct typed) queue;
	struct u64map functions; /* number of a frame + 1 -> number in locals_of */
	VEC(struct locals_of) locals_of;
	VEC(struct typed) locals;
	taddr first_word; /* itabs and types lie in [first_word, first_word + words] */
	uint64_t words;
	size_t left; /* wanted that are not found */
	uint64_t pointers;
};

/* ---- following ---- */

/* What a closure has captured may lead anywhere. */
static bool worth_following(struct walk *w, const struct typed *t)
{
	if (t->shape == TYPED_UNKNOWN || t->shape == TYPED_IFACE)
		return false;
	return t->shape == TYPED_CLOSURE || typed_leads_to(w->b->rt, &w->leads, t->rtype, t->die);
}

static void follow_later(struct walk *w, const struct typed *t)
{
	if (w->left && worth_following(w, t) && u64map_find(&w->seen, t->addr) == U64MAP_NONE) {
		u64map_add(&w->seen, t->addr, 1);
		VEC_PUSH(&w->queue, *t);
	}
}

/* A pointer says that a value of type @p t is at @p addr. */
static void arrive(struct walk *w, const struct typed *t, taddr addr)
{
	uint32_t type = t->rtype && t->shape == TYPED_VALUE && t->addr == addr
				? u64map_find(&w->leads.targets, t->rtype)
				: U64MAP_NONE;
	uint32_t i = type == U64MAP_NONE ? U64MAP_NONE : u64map_find(&w->wanted, addr);

	if (i != U64MAP_NONE && !(w->b->m->ctxs.v[i].flags & CTX_EVIDENCE))
		w->left -= evidence_by_type(w->b, i, (uint16_t)type, CTX_FROM_TYPED);
	follow_later(w, t);
}

/* How far the value reaches, no further than the object it lies in. */
static uint64_t extent(struct walk *w, const struct typed *t)
{
	struct heap_object o;
	bool in_heap = heap_object_at(w->b->rt, t->addr, &o);

	return in_heap ? o.base + o.size - t->addr : typed_size(w->b->rt, t);
}

static void follow(struct walk *w, struct typed holder)
{
	struct runtime *rt = w->b->rt;
	uint64_t size = extent(w, &holder);
	const uint8_t *p = size && size < VALUE_MAX ? target_ptr(rt->t, holder.addr, size) : NULL;

	for (uint64_t at = 0; p && w->left && at + 8 <= size && w->pointers < POINTERS_MAX;
	     at += 8) {
		uint64_t word;
		struct typed to;
		memcpy(&word, p + at, 8);
		if (word % 8 || !word || (!heap_span(rt->heap, word) && !runtime_in_data(rt, word)))
			continue;
		w->pointers++;
		typed_follow(rt, &holder, holder.addr + at, word, NULL, NULL, &to);
		arrive(w, &to, word);
	}
}

static void follow_all(struct walk *w)
{
	for (size_t i = 0;
	     i < w->queue.n && w->left && w->pointers < POINTERS_MAX && !runtime_canceled(w->b->rt);
	     i++)
		follow(w, w->queue.v[i]);
	w->queue.n = 0;
}

/* ---- where to begin ---- */

static bool from_variable(void *arg, const char *name, const struct typed *t)
{
	struct walk *w = arg;

	(void)name;
	VEC_PUSH(&w->queue, *t); // whatever it is: it may be a function, too
	return w->left != 0;
}

/* An interface value: what it holds, if a pointer that leads there. */
static void from_iface(struct walk *w, taddr word, taddr data)
{
	struct runtime *rt = w->b->rt;
	if (u64map_find(&w->dull, word) != U64MAP_NONE)
		return;
	taddr type = rtype_of_itab(rt, word);
	if (!type)
		type = word; // of an `any`
	if (!typed_leads_to(rt, &w->leads, type, 0)) {
		u64map_add(&w->dull, word, 1);
		return;
	}
	const struct rtype *ty = rtype_get(rt, type);
	struct typed t = {.addr = data,
			  .rtype = ty && ty->kind == GO_POINTER ? ty->elem : type,
			  .shape = TYPED_VALUE};
	if (ty && (ty->kind == GO_POINTER || !ty->direct))
		arrive(w, &t, data);
}

static void from_ifaces_in(struct walk *w, taddr lo, taddr hi)
{
	const uint8_t *p =
		hi > lo && hi - lo < VALUE_MAX ? target_ptr(w->b->rt->t, lo, hi - lo) : NULL;

	for (uint64_t at = 0; p && w->left && at + 16 <= hi - lo; at += 8) {
		uint64_t pair[2];
		memcpy(pair, p + at, 16);
		if (pair[1] % 8 == 0 && pair[0] - w->first_word <= w->words &&
		    heap_span(w->b->rt->heap, pair[1]))
			from_iface(w, pair[0], pair[1]);
	}
}

static void from_variables(struct walk *w)
{
	const struct runtime *rt = w->b->rt;

	typed_variables_each(w->b->rt, from_variable, w);
	for (size_t i = 0; i < rt->modules.n; i++) {
		const struct module *m = &rt->modules.v[i];
		from_ifaces_in(w, (m->data + 7) & ~7ull, m->edata);
		from_ifaces_in(w, (m->bss + 7) & ~7ull, m->ebss);
	}
	follow_all(w);
}

static void from_heap(struct walk *w)
{
	const struct heap *h = w->b->rt->heap;

	for (size_t i = 0; i < h->spans.n && w->left && !runtime_canceled(w->b->rt); i++) {
		const struct span *s = &h->spans.v[i];
		if (!(s->flags & SPAN_NOSCAN))
			from_ifaces_in(w, s->base, s->base + s->nelems * s->elem_size);
		follow_all(w);
	}
}

static bool keep_local(void *arg, const char *name, const struct typed *t)
{
	struct walk *w = arg;

	(void)name;
	if (worth_following(w, t))
		VEC_PUSH(&w->locals, *t);
	return true;
}

/* What the variables of a function point to that leads there; looked up once a function. */
static struct locals_of locals(struct walk *w, uint32_t frame)
{
	uint32_t known = u64map_find(&w->functions, frame + 1u);

	if (known != U64MAP_NONE)
		return w->locals_of.v[known];
	struct locals_of l = {.first = (uint32_t)w->locals.n};
	const char *func = w->b->rt->frames.v[frame].func;
	if (func)
		typed_locals_each(w->b->rt, func, keep_local, w);
	l.n = (uint32_t)w->locals.n - l.first;
	u64map_set(&w->functions, frame + 1u, (uint32_t)w->locals_of.n);
	VEC_PUSH(&w->locals_of, l);
	return l;
}

/* The function has a variable that points to such a value: does the word, by the size of what it
 * points to? */
static void from_local(struct walk *w, const struct typed *t, const struct heap_object *o)
{
	struct runtime *rt = w->b->rt;
	struct typed to = *t;

	if (heap_slot_size(rt, typed_size(rt, t)) != o->span->elem_size)
		return;
	to.addr = o->base;
	arrive(w, &to, o->base);
}

static bool from_live_word(void *arg, const struct live_word *live)
{
	struct walk *w = arg;
	struct runtime *rt = w->b->rt;
	struct heap_object o;

	if (!live->sp || live->info == PC_NONE)
		return true;
	const struct pcinfo p = rt->pcs.v[live->info];
	for (uint16_t k = 0; k < p.n && w->left; k++) {
		struct locals_of l = locals(w, p.first + k);
		for (uint32_t i = 0; i < l.n; i++)
			if (heap_object_at(rt, live->value, &o) && o.base == live->value)
				from_local(w, &w->locals.v[l.first + i], &o);
	}
	return w->left != 0;
}

static void from_stacks(struct walk *w)
{
	const struct tasks *ts = &w->b->m->tasks;

	for (size_t i = 0; i < ts->list.n && w->left && !runtime_canceled(w->b->rt); i++) {
		struct livestack_state st;
		struct stack_regs r;
		if (stack_start(w->b->rt, &ts->list.v[i], &r))
			from_ifaces_in(w, r.sp, r.hi);
		livestack_each(w->b->rt, &ts->list.v[i], from_live_word, w, &st);
		follow_all(w);
	}
}

/* The words that may stand before a value in an interface lie between the first and the last type
 * or itab of the program. */
static void find_words(struct walk *w)
{
	const struct runtime *rt = w->b->rt;
	taddr last = 0;
	size_t n;
	const struct itab *itabs = rtype_itabs(rt, &n);

	w->first_word = n ? itabs[0].addr : UINT64_MAX;
	for (size_t i = 0; i < rt->modules.n; i++) {
		const struct module *m = &rt->modules.v[i];
		w->first_word = m->types < w->first_word ? m->types : w->first_word;
		last = m->etypes > last ? m->etypes : last;
	}
	last = n && itabs[n - 1].addr > last ? itabs[n - 1].addr : last;
	w->words = last > w->first_word ? last - w->first_word : 0;
}

/* What was taken for a type of the library by its shape may be a custom one of the same shape. */
static bool may_be_custom(const struct walk *w, uint32_t i)
{
	const struct model *m = w->b->m;

	if (m->types.v[m->ctxs.v[i].type].kind == CTX_CUSTOM)
		return true;
	for (uint32_t k = 2; k < m->types.n; k++)
		if (m->types.v[k].kind == CTX_CUSTOM && m->types.v[k].by_pointer &&
		    find_fits(w->b, (uint16_t)k, m->ctxs.v[i].addr))
			return true;
	return false;
}

static void find_wanted(struct walk *w)
{
	const struct model *m = w->b->m;

	for (uint32_t i = 2; i < m->types.n; i++)
		if (m->types.v[i].kind == CTX_CUSTOM && m->types.v[i].by_pointer &&
		    m->types.v[i].object)
			u64map_add(&w->leads.targets, m->types.v[i].object, i);
	for (uint32_t i = 2; i < m->ctxs.n && w->leads.targets.n; i++)
		if (!(m->ctxs.v[i].flags & CTX_EVIDENCE) && may_be_custom(w, i))
			w->left += u64map_add(&w->wanted, m->ctxs.v[i].addr, i) == i;
}

void evidence_from_types(struct builder *b)
{
	struct walk w = {.b = b};

	find_wanted(&w);
	if (w.left && b->rt->heap) {
		find_words(&w);
		from_variables(&w);
		from_heap(&w);
		from_stacks(&w);
		if (w.pointers == POINTERS_MAX)
			notes_add(b->rt->notes, NOTE_LIMIT,
				  "%zu objects look like contexts, and not all pointers were "
				  "followed that might refer to them as such",
				  w.left);
	}
	u64map_free(&w.wanted);
	typed_leads_free(&w.leads);
	u64map_free(&w.dull);
	u64map_free(&w.seen);
	u64map_free(&w.functions);
	VEC_FREE(&w.queue);
	VEC_FREE(&w.locals_of);
	VEC_FREE(&w.locals);
}
