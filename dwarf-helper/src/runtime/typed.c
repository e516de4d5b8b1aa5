#include "runtime/typed_internal.h"

/* ---- objects by themselves ---- */

/* A funcval begins with the address of a function's first instruction. */
static bool is_closure(struct runtime *rt, taddr addr)
{
	taddr code;

	if (!target_u64(rt->t, addr, &code) || !runtime_module_of_pc(rt, code))
		return false;
	const struct pcinfo *p = runtime_pcinfo(rt, code);
	return p->n && p->entry == code;
}

void typed_object(struct runtime *rt, taddr addr, struct typed *ret)
{
	struct heap_object o;

	*ret = (struct typed){.addr = addr};
	if (!heap_object_at(rt, addr, &o)) {
		// Functions without captures are read-only data.
		if (is_closure(rt, addr))
			ret->shape = TYPED_CLOSURE;
		return;
	}
	ret->addr = o.base;
	const struct rtype *ty = o.header ? rtype_get(rt, o.header) : NULL;
	if (ty && ty->size && ty->size <= o.size) {
		// The allocator notes the element's type of arrays; slots are never twice as large
		// as what is in them.
		ret->rtype = ty->addr;
		ret->n = o.size / ty->size;
		ret->shape = ret->n > 1 ? TYPED_ARRAY : TYPED_VALUE;
	} else if (!(o.span->flags & SPAN_NOSCAN) && is_closure(rt, o.base)) {
		ret->shape = TYPED_CLOSURE;
	}
}

void typed_name(struct runtime *rt, const struct typed *t, struct pointer_type *ret)
{
	struct type_info info;
	taddr code;

	ret->iface = ret->func = NULL;
	ret->name.n = 0;
	if (t->shape == TYPED_CLOSURE) {
		ret->func = target_u64(rt->t, t->addr, &code) ? runtime_func_name(rt, code) : NULL;
		return;
	}
	if (t->shape == TYPED_UNKNOWN || !type_get(rt, (struct type_ref){t->rtype, t->die}, &info))
		return;
	if (t->shape == TYPED_ARRAY)
		buf_lit(&ret->name, "[]");
	else if (t->shape == TYPED_VALUE)
		buf_char(&ret->name, '*');
	buf_str(&ret->name, info.full);
}

uint64_t typed_size(struct runtime *rt, const struct typed *t)
{
	struct type_info info;

	if ((t->shape != TYPED_VALUE && t->shape != TYPED_ARRAY) ||
	    !type_get(rt, (struct type_ref){t->rtype, t->die}, &info))
		return 0;
	return t->shape == TYPED_VALUE		       ? info.size
	       : t->n && info.size > UINT64_MAX / t->n ? 0
						       : info.size * t->n;
}

/* ---- following a pointer ---- */

/* "main.(*T).Stop-fm" is a method value: its only capture is the receiver, a *main.T. */
static bool receiver(struct pointer_search *s, const char *func)
{
	const char *star = strstr(func, ".(*"), *end = star ? strchr(star, ')') : NULL;
	size_t n = strlen(func);
	struct buf name = {0};

	if (n < 3 || strcmp(func + n - 3, "-fm"))
		return false;
	pointer_link(s, (struct link){.kind = LINK_RECEIVER, .func = func});
	if (!end)
		return true;
	buf_bytes(&name, func, (size_t)(star + 1 - func));
	buf_bytes(&name, star + 3, (size_t)(end - star - 3));
	if (s->type)
		buf_printf(&s->type->name, "*%s", buf_cstr(&name));
	*s->ret = typed_value(type_named(s->rt, name.p, name.n), s->target);
	buf_free(&name);
	return true;
}

/*
 * A capture called "&x" is the variable's address where the closure shares it, and the variable
 * itself where the closure has a copy whose address is taken inside: the debug information says the
 * same of both.  What it points to decides: a box of the variable's own size, or not.
 */
static bool shares_variable(struct pointer_search *s, struct type_ref type,
			    struct type_ref *variable)
{
	struct type_info ptr, t;
	struct heap_object o;

	if (!type_get(s->rt, type, &ptr) || ptr.kind != GO_POINTER ||
	    !type_get(s->rt, ptr.elem, &t))
		return true;
	*variable = ptr.elem;
	return heap_object_at(s->rt, s->target, &o) && o.base == s->target &&
	       o.span->elem_size == heap_slot_size(s->rt, t.size);
}

static bool in_capture(struct pointer_search *s, const struct typed *holder,
		       const struct debug_capture *c, const char *func)
{
	struct type_ref type = {.die = c->type}, variable = type;
	bool shared = c->name[0] == '&' && shares_variable(s, type, &variable);

	pointer_link(s, (struct link){.kind = LINK_CAPTURE,
				      .name = c->name + (c->name[0] == '&'),
				      .func = func});
	pointer_in_type(s, shared ? type : variable, holder->addr + c->off, 0);
	s->ret->inner |= shared;
	return true;
}

static bool in_closure(struct pointer_search *s, const struct typed *holder)
{
	struct debug *d = typed_debug(s->rt);
	struct debug_capture c;
	taddr code;
	const char *func =
		target_u64(s->rt->t, holder->addr, &code) ? runtime_func_name(s->rt, code) : NULL;
	uint64_t off = s->at - holder->addr;

	if (!func || off < 8 || off >= 1u << 16)
		return false;
	if (off == 8 && receiver(s, func))
		return true;
	if (d && debug_capture_at(d, func, off, &c))
		return in_capture(s, holder, &c, func);
	pointer_link(s, (struct link){.kind = LINK_CAPTURE_AT, .n = (int64_t)off, .func = func});
	return true;
}

/* runtime/chan.go: hchan.buf; its other pointers are those of the runtime's own type. */
static bool in_chan(struct pointer_search *s, const struct typed *holder)
{
	struct type_info t;
	uint64_t n = 0;

	if (s->at != holder->addr + (uint64_t)s->rt->L.hchan.buf.off) {
		struct type_ref hchan = type_named(s->rt, "runtime.hchan", 13);
		return pointer_in_type(s, hchan, holder->addr, 0);
	}
	if (!type_get(s->rt, (struct type_ref){holder->rtype, holder->die}, &t))
		return false;
	runtime_field(s->rt, holder->addr, s->rt->L.hchan.dataqsiz, &n);
	pointer_link(s, (struct link){.kind = LINK_BUFFER});
	*s->ret = typed_value(t.elem, s->target);
	s->ret->shape = TYPED_ARRAY;
	s->ret->n = n;
	s->ret->inner = true;
	return true;
}

static bool in_array(struct pointer_search *s, const struct typed *holder, struct type_ref elem)
{
	struct type_info t;
	struct heap_object o;
	taddr first = holder->addr;

	if (!type_get(s->rt, elem, &t) || !t.size)
		return false;
	// A slice of the array's later part keeps what is before it, too.
	if (heap_object_at(s->rt, first, &o) && (s->at < first || holder->shape != TYPED_ARRAY))
		first = o.base + (first - o.base) % t.size;
	if (s->at < first)
		return false;
	uint64_t i = (s->at - first) / t.size;
	s->quiet = t.special == SPECIAL_POOL_PART || t.special == SPECIAL_EFACE;
	if (!s->quiet)
		pointer_link(s, (struct link){.kind = LINK_INDEX, .n = (int64_t)i});
	return pointer_in_type(s, elem, first + i * t.size, 0);
}

/* Behind the end of what the pointer's type says: a time.Timer is the head of a larger struct
 * (time/sleep.go: newTimer, since 1.23); else it was a pointer to one element of an array. */
static bool beyond(struct pointer_search *s, const struct typed *holder, const struct type_info *t)
{
	if (t->special == SPECIAL_TIMER)
		return pointer_in_type(s, type_named(s->rt, "runtime.timeTimer", 17), holder->addr,
				       0);
	return in_array(s, holder, t->ref);
}

static bool in_value(struct pointer_search *s, const struct typed *holder)
{
	struct type_ref ref = {holder->rtype, holder->die};
	struct type_info t;

	if (!type_get(s->rt, ref, &t))
		return false;
	if (s->at - holder->addr >= t.size)
		return beyond(s, holder, &t);
	return pointer_in_type(s, ref, holder->addr, holder->nth);
}

static bool in_iface(struct pointer_search *s, const struct typed *holder)
{
	taddr word = 0;

	return s->at == holder->addr + 8 && target_u64(s->rt->t, holder->addr, &word) &&
	       pointer_dynamic(s, word, "interface {}");
}

static bool follow_as(struct pointer_search *s, const struct typed *holder)
{
	size_t via = s->via ? s->via->list.n : 0;
	bool ok = false;

	switch (holder->shape) {
	case TYPED_UNKNOWN:
		return false;
	case TYPED_VALUE:
		ok = in_value(s, holder);
		break;
	case TYPED_ARRAY:
		ok = in_array(s, holder, (struct type_ref){holder->rtype, holder->die});
		break;
	case TYPED_IFACE:
		ok = in_iface(s, holder);
		break;
	case TYPED_CLOSURE:
		ok = in_closure(s, holder);
		break;
	case TYPED_CHAN:
		ok = in_chan(s, holder);
		break;
	case TYPED_TRIE_ENTRY:
		ok = pointer_in_plain_trie(s, holder->addr);
		break;
	default:
		ok = pointer_in_map(s, holder);
	}
	if (ok) {
		// A pointer to a pointer has no name.
		if (s->via && s->via->list.n == via && !holder->inner && !s->ret->inner)
			pointer_link(s, (struct link){.kind = LINK_POINTEE});
		return true;
	}
	if (s->via)
		links_cut(s->via, via);
	if (s->type) {
		s->type->iface = s->type->func = NULL;
		s->type->name.n = 0;
	}
	s->quiet = false;
	*s->ret = (struct typed){.addr = s->target};
	return false;
}

/* Nothing is known of the holder: where in it, and what stands beside the pointer if that makes it
 * an interface. */
static void follow_unknown(struct pointer_search *s, const struct typed *holder)
{
	struct heap_object o;
	bool heap = heap_object_at(s->rt, s->at, &o);
	taddr base = heap ? o.base : holder->addr, word;

	if (heap || s->at != base)
		pointer_link(s, (struct link){.kind = LINK_OFFSET, .n = (int64_t)(s->at - base)});
	if (s->at - base >= 8 && target_u64(s->rt->t, s->at - 8, &word))
		pointer_dynamic(s, word, NULL);
}

void typed_follow(struct runtime *rt, const struct typed *holder, taddr at, taddr target,
		  struct links *via, struct pointer_type *type, struct typed *ret)
{
	struct typed h = *holder, self, to = {.addr = target};
	struct pointer_search s = {
		.rt = rt, .at = at, .target = target, .via = via, .type = type, .ret = &to};

	if (type) {
		type->iface = type->func = NULL;
		type->name.n = 0;
	}
	if (!follow_as(&s, &h)) {
		typed_object(rt, at, &self);
		if (!follow_as(&s, &self))
			follow_unknown(&s, &h);
	}
	if (to.shape == TYPED_UNKNOWN) {
		bool inner = to.inner;
		typed_object(rt, target, &to);
		to.inner = inner;
	}
	if (type && !type->name.n && !type->func)
		typed_name(rt, &to, type);
	*ret = to;
}
