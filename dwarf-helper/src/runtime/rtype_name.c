#include "runtime/rtype_internal.h"

#include <stdio.h>

/* Length field of an abi.Name: a varint.  @return bytes it takes, 0 when bad. */
static unsigned name_length(struct runtime *rt, taddr at, uint32_t *len_ret)
{
	uint8_t b[2];

	*len_ret = 0;
	for (unsigned i = 0; i < 2; i++) {
		if (!target_u8(rt->t, at + i, &b[i]))
			return 0;
		*len_ret |= (uint32_t)(b[i] & 0x7f) << (7 * i);
		if (!(b[i] & 0x80))
			return i + 1;
	}
	return 0; // longer than 16383
}

static bool is_printable(const char *s, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

const char *rtype_name_at(struct runtime *rt, taddr addr, uint8_t *flags_ret)
{
	uint8_t flags;
	uint32_t len;

	if (!addr || !target_u8(rt->t, addr, &flags) || flags & 0xf0)
		return NULL;
	unsigned head = name_length(rt, addr + 1, &len);

	if (!head || !len || len > RTYPE_NAME_MAX)
		return NULL;
	_cleanup_free_ char *text = mem_alloc(len);

	if (!target_read(rt->t, addr + 1 + head, text, len) || !is_printable(text, len))
		return NULL;
	char *s = rtypes_alloc(rt->rtypes, len + 1);

	memcpy(s, text, len);
	s[len] = '\0';
	if (flags_ret)
		*flags_ret = flags;
	return s;
}

const char *rtype_name_off(struct runtime *rt, taddr type, int32_t off)
{
	const struct module *m = rtype_module(rt, type);

	if (!m || off <= 0 || (uint64_t)off >= m->etypes - m->types)
		return NULL;
	return rtype_name_at(rt, m->types + (uint64_t)off, NULL);
}

static const char *keep(struct runtime *rt, struct buf *b)
{
	if (b->n > RTYPE_NAME_MAX)
		b->n = RTYPE_NAME_MAX;
	char *s = rtypes_alloc(rt->rtypes, b->n + 1);

	memcpy(s, b->p, b->n);
	s[b->n] = '\0';
	buf_free(b);
	return s;
}

/*
 * "signal.signalCtx" -> "os/signal.signalCtx".  The package's name ends at the last dot outside of
 * brackets, since the type arguments of a generic type have dots of their own (runtime/type.go:
 * (rtype).name).
 */
static const char *qualify_named(struct runtime *rt, const struct rtype *ty)
{
	size_t i = strlen(ty->name);
	int depth = 0;

	while (i && (ty->name[i - 1] != '.' || depth)) {
		depth += ty->name[i - 1] == ']' ? 1 : ty->name[i - 1] == '[' ? -1 : 0;
		i--;
	}
	if (!i || !*ty->pkgpath)
		return ty->name;
	struct buf b = {0};

	buf_str(&b, ty->pkgpath);
	buf_str(&b, ty->name + i - 1);
	return keep(rt, &b);
}

/* An unnamed type from the names of its parts, by the spelling of reflect.  NULL: not this way. */
static const char *compose(struct runtime *rt, const struct rtype *ty, bool full)
{
	const struct rtype *elem = rtype_get(rt, ty->elem);
	const struct rtype *key = ty->kind == GO_MAP ? rtype_get(rt, ty->key) : elem;
	struct buf b = {0};

	// An unnamed type cannot hold itself, but for damage.
	if (!elem || !key || elem == ty || key == ty)
		return NULL;
	switch (ty->kind) {
	case GO_POINTER:
		buf_char(&b, '*');
		break;
	case GO_SLICE:
		buf_lit(&b, "[]");
		break;
	case GO_ARRAY:
		buf_printf(&b, "[%llu]", (unsigned long long)ty->len);
		break;
	case GO_MAP:
		buf_printf(&b, "map[%s]", full ? key->full : key->name);
		break;
	default: // a channel's direction and its parentheses are left to the compiler's spelling
		return NULL;
	}
	buf_str(&b, full ? elem->full : elem->name);
	return keep(rt, &b);
}

void rtype_name_qualify(struct runtime *rt, struct rtype *ty, taddr uncommon)
{
	if (ty->named) {
		uint32_t off;
		const char *path = NULL;

		if (uncommon && target_u32(rt->t, uncommon, &off))
			path = rtype_name_off(rt, ty->addr, (int32_t)off);
		if (path) {
			ty->pkgpath = path;
			ty->full = qualify_named(rt, ty);
		}
		return;
	}
	const char *full = compose(rt, ty, true);

	if (!full)
		return;
	ty->full = full;
	if (ty->kind == GO_POINTER)
		ty->pkgpath = rtype_get(rt, ty->elem)->pkgpath;
	if (!rtype_module(rt, ty->addr))
		ty->name = compose(rt, ty, false);
}

void rtype_name_stand_in(struct runtime *rt, struct rtype *ty)
{
	struct buf b = {0};

	buf_lit(&b, "<reflect type ");
	buf_hex(&b, ty->addr);
	buf_char(&b, '>');
	ty->name = ty->full = keep(rt, &b);
}
