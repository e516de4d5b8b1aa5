#include "runtime/gomap_walk.h"

#include "runtime/rtype.h"

/* larger keys and elements are stored as pointers (internal/abi/map*.go) */
#define IN_LINE_MAX 128

const uint8_t *gomap_window_move(struct target *t, struct gomap_window *w, taddr a, uint64_t len,
				 taddr end)
{
	uint64_t n = target_extent(t, a);

	w->start = a;
	if (n > end - a)
		n = end - a;
	w->p = n >= len ? target_ptr(t, a, n) : NULL;
	w->n = w->p ? n : 0;
	if (w->p)
		return w->p;
	// Part of it may still be there: a region's border, or a page that a process refuses.
	w->p = len <= sizeof(w->copy) && target_read(t, a, w->copy, len) ? w->copy : NULL;
	w->n = w->p ? len : 0;
	return w->p;
}

bool gomap_could_be(const struct runtime *rt, uint64_t n, uint64_t size)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return false;
	return bytes <= 1u << 20 || bytes <= target_bytes(rt->t);
}

/* Slots must lie inside of the unit, and not on top of its control bytes. */
static bool type_is_sound(const struct gomap_type *ty)
{
	if (ty->key_size > IN_LINE_MAX || ty->elem_size > IN_LINE_MAX)
		return false;
	if (!ty->swiss) {
		uint64_t need = 8 + GOMAP_SLOTS * ((uint64_t)ty->key_size + ty->elem_size) + 8;

		return ty->bucket_size >= need && ty->bucket_size <= GOMAP_UNIT_MAX &&
		       ty->bucket_size % 8 == 0;
	}
	uint64_t keys = ty->keys_off + (GOMAP_SLOTS - 1) * (uint64_t)ty->key_stride + ty->key_size;
	uint64_t elems =
		ty->elems_off + (GOMAP_SLOTS - 1) * (uint64_t)ty->elem_stride + ty->elem_size;

	return ty->group_size <= GOMAP_UNIT_MAX && ty->keys_off >= 8 && ty->elems_off >= 8 &&
	       keys <= ty->group_size && elems <= ty->group_size;
}

/* Sizes as stored in a slot, from the key's and element's own descriptors. */
static bool read_sizes(struct runtime *rt, struct gomap_type *ty)
{
	const struct rtype *key = rtype_get(rt, ty->key_type), *elem = rtype_get(rt, ty->elem_type);

	if (!key || !elem || (!ty->key_indirect && key->size > IN_LINE_MAX) ||
	    (!ty->elem_indirect && elem->size > IN_LINE_MAX))
		return false;
	ty->key_size = ty->key_indirect ? 8 : (uint32_t)key->size;
	ty->elem_size = ty->elem_indirect ? 8 : (uint32_t)elem->size;
	return true;
}

bool gomap_type_read(struct runtime *rt, taddr map_type, struct gomap_type *ret)
{
	*ret = (struct gomap_type){.swiss = gomap_is_swiss(&rt->L)};
	bool ok = ret->swiss ? gomap_swiss_type(rt, map_type, ret)
			     : gomap_bucket_type(rt, map_type, ret);

	return ok && read_sizes(rt, ret) && type_is_sound(ret);
}

void gomap_type_iface_set(const struct runtime *rt, struct gomap_type *ret)
{
	*ret = (struct gomap_type){.swiss = gomap_is_swiss(&rt->L), .key_size = 16};
	if (!ret->swiss) {
		ret->bucket_size = 8 + GOMAP_SLOTS * 16 + 8;
		return;
	}
	// struct{key canceler; elem struct{}} is 24 bytes: a last field of size zero is padded, so
	// that its address stays inside.
	ret->keys_off = 8;
	ret->key_stride = ret->elem_stride = 24;
	ret->elems_off = 8 + 16;
	ret->group_size = 8 + GOMAP_SLOTS * 24;
}

bool gomap_header(struct runtime *rt, taddr map, struct gomap_state *ret)
{
	*ret = (struct gomap_state){.swiss = gomap_is_swiss(&rt->L), .readable = true};
	if (!map)
		return true;
	ret->readable = map % 8 == 0 && (ret->swiss ? gomap_swiss_header(rt, map, ret)
						    : gomap_bucket_header(rt, map, ret));
	return ret->readable;
}

void gomap_each(struct runtime *rt, taddr map, const struct gomap_type *ty, uint64_t max,
		gomap_fn *fn, void *arg, struct gomap_state *ret)
{
	struct gomap_walk w = {.rt = rt, .ty = ty, .fn = fn, .arg = arg, .max = max, .st = ret};

	if (!gomap_header(rt, map, ret) || !map)
		return;
	if (ty->swiss != ret->swiss || !type_is_sound(ty)) {
		ret->readable = false;
		return;
	}
	if (ret->swiss)
		gomap_swiss_each(&w, map);
	else
		gomap_bucket_each(&w, map);
}
