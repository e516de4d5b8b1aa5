/*
 * Names, keys and values of contexts as text.
 */
#include "context/detail.h"

#include "runtime/heldname.h"
#include "runtime/rtype.h"

#define NAME_MAX_ELEMENTS 24
/* elements kept at the start of a longer chain, the root among them */
#define NAME_HEAD 16
#define NAME_TAIL 8

/* ---- keys and values ---- */

/* Both words of the interface at offset @p f of context @p i; a nil interface has type 0. */
static bool read_eface(const struct model *m, uint32_t i, struct layout_field f, taddr *type,
		       taddr *data)
{
	const struct ctx *c = &m->ctxs.v[i];
	taddr addr = c->addr + (taddr)f.off;

	return c->kind == CTX_VALUE && target_u64(m->rt->t, addr, type) &&
	       target_u64(m->rt->t, addr + 8, data);
}

bool ctx_key(const struct model *m, uint32_t i, struct buf *out)
{
	taddr type, data;

	if (!read_eface(m, i, m->rt->L.valueCtx.key, &type, &data))
		return false;
	const struct rtype *ty = type ? rtype_get(m->rt, type) : NULL;
	// By what it points to no pointer is told from others; programs ask by the variable.
	const struct rtype *to = ty && ty->kind == GO_POINTER ? rtype_get(m->rt, ty->elem) : NULL;
	const char *name = to ? runtime_held_name(m->rt, data, to->full) : NULL;
	if (name) {
		buf_str(out, name);
		return true;
	}
	// A key of an empty struct type says all by its type.
	if (ty && ty->size == 0)
		value_print_type(m->rt, out, type);
	else
		value_print_eface(m->rt, out, type, data);
	return true;
}

bool ctx_value(const struct model *m, uint32_t i, bool redact, struct buf *out, taddr *at_ret)
{
	bool shown = false;
	taddr type, data;

	*at_ret = 0;
	if (!read_eface(m, i, m->rt->L.valueCtx.val, &type, &data))
		return false;
	if (redact && type) {
		value_print_type(m->rt, out, type);
		buf_lit(out, " (redacted)");
	} else {
		shown = value_print_inside(m->rt, out, type, data);
	}
	const struct rtype *ty = type ? rtype_get(m->rt, type) : NULL;
	if (!shown && ty && ty->kind == GO_POINTER)
		*at_ret = data;
	return true;
}

bool ctx_func(const struct model *m, uint32_t i, struct buf *out)
{
	const struct ctx *c = &m->ctxs.v[i];
	taddr closure, code;

	if (c->kind != CTX_AFTER_FUNC ||
	    !runtime_field(m->rt, c->addr, m->rt->L.afterFuncCtx.f, &closure) || !closure)
		return false;
	const char *name =
		target_u64(m->rt->t, closure, &code) ? runtime_func_name(m->rt, code) : NULL;
	if (!name)
		return false;
	buf_str(out, name);
	return true;
}

/* ---- names ---- */

/* What one context adds to the name of its parent, without the dot. */
static void name_element(const struct model *m, uint32_t i, struct buf *out)
{
	buf_str(out, ctx_label(m, i));
	if (m->ctxs.v[i].kind != CTX_VALUE)
		return;
	size_t at = out->n;
	buf_char(out, '(');
	if (ctx_key(m, i, out))
		buf_char(out, ')');
	else
		out->n = at; // sink-less: nothing was flushed meanwhile
}

static void name_root(const struct model *m, uint32_t i, struct buf *out)
{
	switch (m->ctxs.v[i].kind) {
	case CTX_BACKGROUND:
		buf_lit(out, "context.Background");
		return;
	case CTX_TODO:
		buf_lit(out, "context.TODO");
		return;
	case CTX_CUSTOM:
		break;
	default: // its parent is not known
		buf_lit(out, "?.");
	}
	name_element(m, i, out);
}

void ctx_name(const struct model *m, uint32_t i, struct buf *out)
{
	uint32_t head[NAME_MAX_ELEMENTS], tail[NAME_MAX_ELEMENTS];
	size_t n = 0, limit = m->ctxs.n;

	// From the context up: the last ones met are the head.  Rings keep the first and the last
	// NAME_MAX_ELEMENTS of them.
	for (uint32_t at = i; at < m->ctxs.n && n < limit; at = m->ctxs.v[at].parent) {
		if (n < NAME_MAX_ELEMENTS)
			tail[n] = at;
		head[n++ % NAME_MAX_ELEMENTS] = at;
	}
	if (!n)
		return;
	size_t heads = n > NAME_MAX_ELEMENTS ? NAME_HEAD : n,
	       tails = n > NAME_MAX_ELEMENTS ? NAME_TAIL : 0;
	name_root(m, head[(n - 1) % NAME_MAX_ELEMENTS], out);
	for (size_t k = 1; k < heads; k++) {
		buf_char(out, '.');
		name_element(m, head[(n - 1 - k) % NAME_MAX_ELEMENTS], out);
	}
	if (tails)
		buf_printf(out, ".(%zu more)", n - heads - tails);
	for (size_t k = tails; k-- > 0;) {
		buf_char(out, '.');
		name_element(m, tail[k], out);
	}
}
