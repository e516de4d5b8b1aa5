/*
 * From a value of known type down to the word that holds a pointer, and what that pointer leads to.
 */
#include "runtime/typed_internal.h"

#define DEPTH_MAX 32 /* structs and arrays inside each other */

/* What the descent has passed: the container that the word belongs to, and its field. */
struct descent {
	struct type_info t;
	taddr base;
	uint8_t special; /* innermost struct that is a container's inside */
	const char *field;
	bool in_root; /* the element is the root of its list, whence the first and the last are one
			 step away */
	int32_t nth;
};

static void put_type(struct pointer_search *s, const char *full)
{
	if (s->type)
		buf_str(&s->type->name, full);
}

/* ---- what a pointer leads to ---- */

static bool is_inside(uint8_t special)
{
	return special == SPECIAL_SYNC_MAP || special == SPECIAL_SYNC_ENTRY ||
	       special == SPECIAL_TRIE_INDIRECT || special == SPECIAL_TRIE_ENTRY ||
	       special == SPECIAL_POOL_PART || special == SPECIAL_EFACE;
}

/* node.isEntry, the first byte, says which of two structs it heads
 * (internal/sync/hashtriemap.go). */
static void trie_node(struct pointer_search *s, const struct descent *d,
		      const struct type_info *node)
{
	const char *args = strchr(node->full, '['), *dot = strchr(node->full, '.');
	uint8_t is_entry = 0;
	struct buf name = {0};

	s->ret->inner = true;
	if (!args || !target_u8(s->rt->t, s->target, &is_entry))
		return;
	while (dot && dot < args && strchr(dot + 1, '.') && strchr(dot + 1, '.') < args)
		dot = strchr(dot + 1, '.');
	buf_bytes(&name, node->full, dot ? (size_t)(dot + 1 - node->full) : 0);
	buf_str(&name, is_entry ? "entry" : "indirect");
	buf_str(&name, args);
	struct type_ref t = type_named(s->rt, name.p, name.n);
	buf_free(&name);
	*s->ret = typed_value(t, s->target);
	s->ret->inner = true;
	if (t.die)
		return;
	// Without DWARF: an indirect is what it hangs in; an entry has no descriptor that leads to
	// it.
	if (!is_entry && d->special == SPECIAL_TRIE_INDIRECT)
		*s->ret = (struct typed){.addr = s->target, .shape = TYPED_UNKNOWN, .inner = true};
	else
		s->ret->shape = is_entry && !strcmp(args, "[interface {},interface {}]")
					? TYPED_TRIE_ENTRY
					: TYPED_UNKNOWN;
}

static void element(struct pointer_search *s, const struct descent *d)
{
	bool next = d->field && !strcmp(d->field, "next");

	if ((!d->nth && !d->in_root) || !d->field || (!next && strcmp(d->field, "prev")))
		return;
	s->ret->nth = (d->in_root ? 0 : d->nth) + (next ? 1 : -1);
	s->ret->inner = true;
}

/* A pointer to a value of type @p elem. */
static bool to_value(struct pointer_search *s, const struct descent *d, struct type_ref elem)
{
	struct type_info t;

	*s->ret = typed_value(elem, s->target);
	if (!type_get(s->rt, elem, &t))
		return true;
	*s->ret = typed_value(t.ref, s->target);
	if (t.special == SPECIAL_TRIE_NODE)
		trie_node(s, d, &t);
	else if (t.special == SPECIAL_ELEMENT)
		element(s, d);
	else
		s->ret->inner = is_inside(t.special) || t.kind == GO_INTERFACE;
	return true;
}

static bool to_array(struct pointer_search *s, struct type_ref elem, uint64_t n)
{
	*s->ret = typed_value(elem, s->target);
	s->ret->shape = TYPED_ARRAY;
	s->ret->n = n;
	s->ret->inner = true;
	return true;
}

static bool to_shape(struct pointer_search *s, const struct type_info *t, uint8_t shape)
{
	*s->ret = typed_value(t->ref, s->target);
	s->ret->shape = shape;
	s->ret->inner = shape == TYPED_MAP;
	return true;
}

static void put_func(struct pointer_search *s)
{
	taddr code;
	const char *name =
		target_u64(s->rt->t, s->target, &code) ? runtime_func_name(s->rt, code) : NULL;

	if (s->type)
		s->type->func = name ? name : "?";
}

/* Pointers whose type only their container knows. */
static bool to_unsafe(struct pointer_search *s, const struct descent *d)
{
	if (d->special == SPECIAL_SYNC_ENTRY) { // until 1.19 (sync/map.go: entry.p is a *any)
		*s->ret = (struct typed){.addr = s->target, .shape = TYPED_IFACE, .inner = true};
		return true;
	}
	if (d->special == SPECIAL_POOL && d->field) {
		uint64_t n = 0;
		target_u64(s->rt->t, s->at + 8, &n);
		pointer_link(s,
			     (struct link){.kind = strcmp(d->field, "victim") ? LINK_POOL
									      : LINK_POOL_VICTIMS});
		return to_array(s, type_named(s->rt, "sync.poolLocal", 14), n);
	}
	return true;
}

static bool from_iface(struct pointer_search *s, const struct descent *d)
{
	taddr word = 0;

	return s->at == d->base + 8 && pointer_word(s, d->base, &word) &&
	       pointer_dynamic(s, word, d->t.full);
}

/* The word itself. */
static bool at_word(struct pointer_search *s, const struct descent *d)
{
	const struct type_info *t = &d->t;
	uint64_t n = 0;

	if (t->kind == GO_INTERFACE)
		return from_iface(s, d);
	if (s->at != d->base)
		return false;
	if (t->kind != GO_FUNC)
		put_type(s, t->full);
	switch (t->kind) {
	case GO_POINTER:
		return to_value(s, d, t->elem);
	case GO_SLICE:
		pointer_word(s, d->base + 16, &n);
		return to_array(s, t->elem, n);
	case GO_MAP:
		return to_shape(s, t, TYPED_MAP);
	case GO_CHAN:
		return to_shape(s, t, TYPED_CHAN);
	case GO_FUNC:
		put_func(s);
		return to_shape(s, t, TYPED_CLOSURE);
	case GO_UNSAFE_POINTER:
		return to_unsafe(s, d);
	default: // a string's bytes; an integer that was taken for a pointer
		return t->kind == GO_STRING;
	}
}

bool pointer_dynamic(struct pointer_search *s, taddr word, const char *static_name)
{
	taddr type = rtype_of_itab(s->rt, word);
	struct descent d = {.base = s->at};

	if (!type && static_name)
		type = word;
	if (!type_get(s->rt, (struct type_ref){.rtype = type}, &d.t) || d.t.kind == GO_INTERFACE)
		return false;
	if (s->type)
		s->type->iface = static_name;
	put_type(s, d.t.full);
	if (!d.t.direct) {
		*s->ret = typed_value(d.t.ref, s->target);
		s->ret->inner = is_inside(d.t.special);
		return true;
	}
	struct pointer_type *said = s->type;
	s->type = NULL;
	bool ok = d.t.kind == GO_STRUCT || d.t.kind == GO_ARRAY
			  ? pointer_in_type(s, d.t.ref, s->at, 0)
			  : at_word(s, &d);
	s->type = said;
	return ok;
}

/* ---- down to the word ---- */

/* T of Pointer[T]: from the field _ [0]*T, else by the name in the brackets. */
static bool through_atomic(struct pointer_search *s, struct descent *d)
{
	const char *open = strchr(d->t.full, '['), *end = strrchr(d->t.full, ']');
	const struct rtype *ty = d->t.ref.rtype ? rtype_get(s->rt, d->t.ref.rtype) : NULL;
	const struct rtype *array = ty && ty->nfields ? rtype_get(s->rt, ty->fields[0].type) : NULL;
	const struct rtype *ptr =
		array && array->kind == GO_ARRAY ? rtype_get(s->rt, array->elem) : NULL;
	struct type_ref elem = {.rtype = ptr && ptr->kind == GO_POINTER ? ptr->elem : 0};

	if (!elem.rtype && open && end > open)
		elem = type_named(s->rt, open + 1, (size_t)(end - open - 1));
	if (s->type && open && end > open) {
		buf_char(&s->type->name, '*');
		buf_bytes(&s->type->name, open + 1, (size_t)(end - open - 1));
	}
	return to_value(s, d, elem);
}

/* Is the field's name left out, being the inside of a container?  What stands for it is added. */
static bool is_silent(struct pointer_search *s, const struct descent *d, const char *field)
{
	switch (d->t.special) {
	case SPECIAL_ATOMIC:
	case SPECIAL_SYNC_MAP:
	case SPECIAL_SYNC_ENTRY:
	case SPECIAL_TRIE:
	case SPECIAL_TRIE_INDIRECT:
	case SPECIAL_POOL_PART:
		return true;
	case SPECIAL_POOL:
		return strcmp(field, "New");
	case SPECIAL_LIST:
		return !strcmp(field, "root");
	case SPECIAL_ELEMENT:
		if (!d->nth || strcmp(field, "Value"))
			return (d->nth || d->in_root) &&
			       (!strcmp(field, "next") || !strcmp(field, "prev"));
		pointer_link(s, (struct link){.kind = LINK_LIST, .n = d->nth});
		return true;
	default:
		return false;
	}
}

/* One struct further down. */
static bool into_struct(struct pointer_search *s, struct descent *d)
{
	const char *name = NULL;
	uint64_t off = 0;
	struct type_ref next;

	if (!type_field(s->rt, &d->t, s->at - d->base, &name, &off, &next))
		return false;
	if (!is_silent(s, d, name) && !s->quiet)
		pointer_link(s, (struct link){.kind = LINK_FIELD, .name = name});
	if (d->t.special) {
		s->quiet |= is_inside(d->t.special) || d->t.special == SPECIAL_TRIE;
		d->in_root = d->t.special == SPECIAL_LIST ||
			     (d->in_root && d->t.special == SPECIAL_ELEMENT);
		d->special = d->t.special;
		d->field = name;
	}
	d->base += off;
	return type_get(s->rt, next, &d->t);
}

static bool into_array(struct pointer_search *s, struct descent *d)
{
	struct type_info elem;

	if (!type_get(s->rt, d->t.elem, &elem) || !elem.size)
		return false;
	uint64_t i = (s->at - d->base) / elem.size;
	if (!s->quiet)
		pointer_link(s, (struct link){.kind = LINK_INDEX, .n = (int64_t)i});
	d->base += i * elem.size;
	d->t = elem;
	return true;
}

bool pointer_in_type(struct pointer_search *s, struct type_ref t, taddr base, int32_t nth)
{
	struct descent d = {.base = base, .nth = nth};

	if (s->nested++ > DEPTH_MAX || !type_get(s->rt, t, &d.t))
		return false;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (s->at - d.base >= d.t.size)
			return false;
		if (d.t.special == SPECIAL_ATOMIC_POINTER)
			return through_atomic(s, &d);
		if (d.t.special == SPECIAL_TRIE_ENTRY)
			return pointer_in_trie(s, &d.t, d.base);
		if (d.t.special == SPECIAL_EFACE) {
			taddr word = 0;
			return target_u64(s->rt->t, d.base, &word) &&
			       pointer_dynamic(s, word, "interface {}");
		}
		if (d.t.kind != GO_STRUCT && d.t.kind != GO_ARRAY)
			return at_word(s, &d);
		if (d.t.kind == GO_STRUCT ? !into_struct(s, &d) : !into_array(s, &d))
			return false;
	}
	return false;
}
