/* Which dynamic types are contexts, where each keeps the context it was made on, and how its heap
 * objects look. */
#include <stdlib.h>

#include "context/build_internal.h"
#include "context/cancelcode.h"

#define EMBED_DEPTH 4
#define FIELDS_LOOKED_AT 10000 /* a type */
#define TYPES_MAX 60000

/* context/context.go: the types behind the public functions.  Which emptyCtx (until 1.20) is
 * Background follows from its address. */
static uint8_t kind_of(const char *full)
{
	static const struct {
		const char *name;
		uint8_t kind;
	} known[] = {
		{"context.backgroundCtx", CTX_BACKGROUND},
		{"context.todoCtx", CTX_TODO},
		{"*context.emptyCtx", CTX_BACKGROUND},
		{"*context.cancelCtx", CTX_CANCEL},
		{"*context.timerCtx", CTX_TIMER},
		{"*context.valueCtx", CTX_VALUE},
		{"context.withoutCancelCtx", CTX_WITHOUT_CANCEL},
		{"*context.afterFuncCtx", CTX_AFTER_FUNC},
		{"context.stopCtx", CTX_STOP},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(full, known[i].name) == 0)
			return known[i].kind;
	return CTX_CUSTOM;
}

bool kinds_includes_context(struct builder *b, taddr inter)
{
	uint32_t known = u64map_find(&b->includes, inter);

	if (known != U64MAP_NONE)
		return known;
	const struct rtype *ty = rtype_get(b->rt, inter);
	bool does = ty && ty->kind == GO_INTERFACE &&
		    (strcmp(ty->full, "context.Context") == 0 ||
		     (b->context && rtype_iface_includes(b->rt, ty, b->context)));

	u64map_set(&b->includes, inter, does);
	return does;
}

/* Search of a struct for a field of type context.Context. */
struct field_search {
	struct builder *b;
	bool embedded; /* only what is embedded counts */
	unsigned left; /* fields that may still be looked at: a damaged struct may hold itself many
			  times */
};

/* Its offset, in structs held by value, too; -1 none.  It lies inside of @p st, which has less than
 * 2 GiB. */
static int32_t context_in(struct field_search *s, const struct rtype *st, int depth)
{
	if (st->size > INT32_MAX)
		return -1;
	for (uint32_t i = 0; i < st->nfields && s->left; i++) {
		const struct rtype_field *f = &st->fields[i];
		s->left--;
		const struct rtype *ty =
			s->embedded && !f->embedded ? NULL : rtype_get(s->b->rt, f->type);
		if (!ty || ty->size > st->size || f->off > st->size - ty->size)
			continue;
		if (kinds_includes_context(s->b, ty->addr))
			return (int32_t)f->off;
		int32_t inner = ty->kind == GO_STRUCT && depth < EMBED_DEPTH
					? context_in(s, ty, depth + 1)
					: -1;
		if (inner >= 0)
			return (int32_t)f->off + inner;
	}
	return -1;
}

/* An embedded context wins over a field of another name. */
static int32_t best_context_in(struct field_search *s, const struct rtype *st)
{
	s->embedded = true;
	int32_t at = context_in(s, st, 0);
	s->embedded = false;
	return at >= 0 ? at : context_in(s, st, 0);
}

/* A pointer field (@p embedded: an embedded one) to a struct that keeps a context, as framework
 * contexts hold an *http.Request. */
static void context_behind_pointer(struct field_search *s, const struct rtype *st, bool embedded,
				   struct ctx_type *t)
{
	for (uint32_t i = 0; i < st->nfields && st->size <= INT32_MAX; i++) {
		const struct rtype *ptr = rtype_get(s->b->rt, st->fields[i].type);
		const struct rtype *to =
			ptr && ptr->kind == GO_POINTER ? rtype_get(s->b->rt, ptr->elem) : NULL;
		if (embedded && !st->fields[i].embedded)
			continue;
		if (!to || to->kind != GO_STRUCT || to->addr == t->object ||
		    st->fields[i].off + ptr->size > st->size)
			continue;
		int32_t at = best_context_in(s, to);
		if (at < 0)
			continue;
		t->inner = (int32_t)st->fields[i].off;
		t->inner_via = to->addr;
		t->inner_off = at;
		return;
	}
}

/* What is embedded provides the methods, so it wins; a field wins over a pointer to a struct that
 * has one. */
static void find_inner(struct builder *b, struct ctx_type *t, const struct rtype *obj)
{
	struct field_search s = {.b = b, .left = FIELDS_LOOKED_AT};

	t->inner = -1;
	if (!obj || obj->kind != GO_STRUCT)
		return;
	s.embedded = true;
	t->inner = context_in(&s, obj, 0);
	if (t->inner < 0)
		context_behind_pointer(&s, obj, true, t);
	if (t->inner < 0)
		t->inner = best_context_in(&s, obj);
	if (t->inner < 0)
		context_behind_pointer(&s, obj, false, t);
}

static void inner_of_kind(struct builder *b, struct ctx_type *t, const struct rtype *obj)
{
	const struct layout *l = &b->rt->L;

	switch (t->kind) {
	case CTX_BACKGROUND:
	case CTX_TODO:
		t->inner = -1;
		return;
	case CTX_CANCEL:
	case CTX_TIMER:
	case CTX_AFTER_FUNC:
		t->inner = l->cancelCtx.Context.off;
		return;
	case CTX_VALUE:
		t->inner = l->valueCtx.Context.off;
		return;
	case CTX_STOP:
		t->inner = LAYOUT_HAS(l->stopCtx.Context) ? l->stopCtx.Context.off : 0;
		return;
	case CTX_WITHOUT_CANCEL:
		t->inner = LAYOUT_HAS(l->withoutCancelCtx.c) ? l->withoutCancelCtx.c.off : 0;
		return;
	default:
		find_inner(b, t, obj);
	}
}

static bool bits_of(struct runtime *rt, const struct rtype *obj, uint64_t *ret)
{
	uint64_t mask[2] = {0}, words = obj->size / 8;
	bool ok = rtype_ptrmask(rt, obj, mask, words < 64 ? words : 64);

	*ret = mask[0];
	return ok;
}

/*
 * What the interface's data word points to: the pointer's element; the boxed value itself; and of a
 * struct that is nothing but one pointer, which is stored in the interface as such, what that
 * points to.
 */
static const struct rtype *object_of(struct runtime *rt, const struct rtype *ty)
{
	for (int depth = 0; ty && depth < EMBED_DEPTH; depth++) {
		if (ty->kind == GO_POINTER)
			return rtype_get(rt, ty->elem);
		if (ty->kind != GO_STRUCT || !ty->direct || !ty->nfields)
			return ty;
		/* Fields of size zero may stand beside the pointer. */
		uint32_t i = 0;
		const struct rtype *field = NULL;
		while (i < ty->nfields &&
		       (!(field = rtype_get(rt, ty->fields[i].type)) || !field->size))
			i++;
		ty = field;
	}
	return ty;
}

static uint32_t add_type(struct builder *b, taddr addr)
{
	struct runtime *rt = b->rt;
	uint32_t i = u64map_find(&b->type_of, addr);

	if (i != U64MAP_NONE || b->m->types.n >= TYPES_MAX)
		return i;
	const struct rtype *ty = rtype_get(rt, addr);
	if (!ty)
		return CTX_TYPE_NONE;
	const struct rtype *obj = object_of(rt, ty);
	/* A func, map or chan is a word of its own making: what it points to has not its type's
	 * size. */
	bool opaque = obj && (obj->kind == GO_FUNC || obj->kind == GO_MAP || obj->kind == GO_CHAN ||
			      obj->kind == GO_UNSAFE_POINTER);
	bool pointer = obj != ty || opaque;
	struct ctx_type t = {
		.rtype = addr,
		.object = obj ? obj->addr : 0,
		.name = ty->name,
		.full = ty->full,
		.kind = kind_of(ty->full),
		.by_pointer = pointer,
		.size = obj && !opaque ? obj->size : 0,
	};
	if (b->m->types.n > WORD_TYPE_MASK || t.size < fill_needs(&rt->L, &t))
		return CTX_TYPE_NONE; /* a descriptor that contradicts the layout */
	inner_of_kind(b, &t, obj);
	custom_methods(b, &t, obj);
	t.bits_known = obj && !opaque && bits_of(rt, obj, &t.ptr_bits);
	VEC_PUSH(&b->m->types, t);
	i = (uint32_t)b->m->types.n - 1;
	u64map_set(&b->type_of, addr, i);
	if (t.object && pointer && !opaque)
		u64map_add(&b->by_object, t.object,
			   i); /* behind a type header; a boxed value of the same type is rare */
	return i;
}

uint32_t kinds_of_itab(struct builder *b, taddr itab)
{
	uint32_t i = u64map_find(&b->words.map, itab);

	if (i != U64MAP_NONE)
		return i & WORD_TYPE_MASK;
	/* An embedded interface wider than context.Context has itabs of its own: the dynamic type
	 * counts. */
	taddr type = rtype_of_itab(b->rt, itab);
	return type ? u64map_find(&b->type_of, type) : CTX_TYPE_NONE;
}

static void add_shape(struct builder *b, uint16_t type)
{
	const struct ctx_type *t = &b->m->types.v[type];
	const struct rtype *obj = t->object ? rtype_get(b->rt, t->object) : NULL;
	uint64_t slot = obj ? heap_slot_size(b->rt, obj->size) : 0;

	if (!obj || !t->bits_known || t->inner < 0 || t->inner_via || slot > SHAPE_SLOT_MAX ||
	    obj->size % 8 || obj->size < (uint64_t)t->inner + 16 || obj->kind != GO_STRUCT)
		return;
	struct ctx_shape s = {
		.slot = slot,
		.bits = t->ptr_bits,
		.key = (uint32_t)t->inner,
		.type = type,
	};
	VEC_PUSH(&b->shapes, s);
}

static int by_slot(const void *x, const void *y)
{
	const struct ctx_shape *a = x, *b = y;

	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	return a->type - b->type;
}

static void index_shapes(struct builder *b)
{
	size_t at = 0;

	if (b->shapes.n)
		qsort(b->shapes.v, b->shapes.n, sizeof(*b->shapes.v), by_slot);
	for (size_t slot = 0; slot < SHAPE_SLOT_MAX / 8 + 2; slot++) {
		while (at < b->shapes.n && b->shapes.v[at].slot / 8 < slot)
			at++;
		b->first_shape[slot] = (uint16_t)at;
	}
}

/* The children field's own type gives the geometry of its map. */
static void load_children_type(struct builder *b)
{
	gomap_type_iface_set(b->rt, &b->m->children_type);
	for (size_t i = 0; i < b->m->types.n; i++) {
		const struct ctx_type *t = &b->m->types.v[i];
		const struct rtype *obj =
			t->kind == CTX_CANCEL ? rtype_get(b->rt, t->object) : NULL;
		for (uint32_t k = 0; obj && k < obj->nfields; k++) {
			struct gomap_type ty;
			if (strcmp(obj->fields[k].name, "children") == 0 &&
			    gomap_type_read(b->rt, obj->fields[k].type, &ty))
				b->m->children_type = ty;
		}
	}
}

/* A closure with the code of a CancelFunc or of a timer's callback: its first capture is a context
 * of a known type. */
static void add_code(void *arg, const struct pcln_func *f)
{
	struct builder *b = arg;
	const char *captures = cancel_code_captures(f->name, strlen(f->name));

	for (uint32_t i = 2; captures && i < b->m->types.n; i++)
		if (strcmp(b->m->types.v[i].full, captures) == 0)
			word_set_add(&b->words, f->entry, i | WORD_CODE);
}

/* context.Context and, to find what is only ever a child, context.canceler.  @return the latter, 0
 * none */
static taddr find_ifaces(struct builder *b, const struct itab *itabs, size_t n)
{
	taddr canceler = 0;

	for (size_t i = 0; i < n; i++) {
		const struct rtype *inter = rtype_get(b->rt, itabs[i].inter);
		if (!inter || strcmp(inter->pkgpath, "context") != 0)
			continue;
		if (strcmp(inter->full, "context.Context") == 0)
			b->context = inter;
		else if (strcmp(inter->full, "context.canceler") == 0)
			canceler = inter->addr;
	}
	return canceler;
}

void kinds_load(struct builder *b)
{
	size_t n;
	const struct itab *itabs = rtype_itabs(b->rt, &n);
	taddr canceler = find_ifaces(b, itabs, n), context = b->context ? b->context->addr : 0;

	for (size_t i = 0; i < n; i++) {
		if (!itabs[i].inter || (itabs[i].inter != context && itabs[i].inter != canceler))
			continue;
		uint32_t t = add_type(b, itabs[i].type);
		if (t == CTX_TYPE_NONE)
			continue;
		word_set_add(&b->words, itabs[i].addr,
			     t | (itabs[i].inter == context ? WORD_ITAB : 0));
	}
	/* A type that the program only has in interfaces of its own that are wider has no itab of
	 * context.Context. */
	for (size_t i = 0; i < n; i++)
		if (itabs[i].inter != canceler && kinds_includes_context(b, itabs[i].inter))
			add_type(b, itabs[i].type);
	/* Other interfaces have itabs of their own for the same dynamic types: wider ones may be
	 * embedded, any may hold one. */
	for (size_t i = 0; i < n; i++) {
		uint32_t t = u64map_find(&b->type_of, itabs[i].type);
		if (t == CTX_TYPE_NONE || itabs[i].inter == canceler)
			continue;
		word_set_add(&b->words, itabs[i].addr, t | WORD_ITAB);
	}
	for (size_t i = 2; i < b->m->types.n; i++) {
		word_set_add(&b->words, b->m->types.v[i].rtype, (uint32_t)i);
		if (b->m->types.v[i].kind >= CTX_CANCEL)
			add_shape(b, (uint16_t)i);
	}
	for (size_t i = 0; i < b->rt->modules.n; i++)
		pcln_select(&b->rt->modules.v[i].pcln, cancel_code_is, add_code, b);
	word_set_close(&b->words);
	index_shapes(b);
	load_children_type(b);
	target_u64(b->rt->t, b->rt->L.var[LAYOUT_VAR_background].addr, &b->background);
	target_u64(b->rt->t, b->rt->L.var[LAYOUT_VAR_todo].addr, &b->todo);
	target_u64(b->rt->t, b->rt->L.var[LAYOUT_VAR_closedchan].addr, &b->closedchan);
}

void kinds_name_pseudo(struct builder *b)
{
	struct model *m = b->m;

	for (size_t i = 2; i < m->types.n; i++) {
		const struct ctx_type *t = &m->types.v[i];
		if (t->kind == CTX_BACKGROUND || t->kind == CTX_TODO) {
			m->types.v[t->kind].name = t->name;
			m->types.v[t->kind].full = t->full;
		}
		if (t->kind == CTX_BACKGROUND && t->by_pointer) /* *context.emptyCtx serves both */
			m->types.v[1].name = t->name, m->types.v[1].full = t->full;
	}
}
