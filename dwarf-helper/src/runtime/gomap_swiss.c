/*
 * Maps of internal/runtime/maps: a directory of 2^n pointers to tables (the same table may stand
 * there several times), each table an array of 2^m groups, each group eight control bytes and eight
 * slots.  A small map has one group and no directory.
 */
#include "runtime/gomap_walk.h"

#define DIR_MAX (1ull << 24)
/* 8 times of maps.maxTableCapacity, which may grow in a later release */
#define GROUPS_MAX 1024

/* Control bytes: the top bit is clear in full slots; 0x80 empty, 0xfe deleted
 * (internal/runtime/maps/group.go). */
#define CTRL_MSB 0x8080808080808080u

struct smap {
	uint64_t used, dir, dir_len;
};

static bool header_read(struct runtime *rt, taddr map, struct smap *m)
{
	const struct layout *l = &rt->L;

	return runtime_field(rt, map, l->swissMap.used, &m->used) &&
	       runtime_field(rt, map, l->swissMap.dirPtr, &m->dir) &&
	       runtime_field(rt, map, l->swissMap.dirLen, &m->dir_len) && m->dir_len <= DIR_MAX &&
	       !(m->dir_len & (m->dir_len - 1)) && m->dir % 8 == 0 && (m->dir || !m->dir_len);
}

bool gomap_swiss_header(struct runtime *rt, taddr map, struct gomap_state *st)
{
	struct smap m = {0};
	uint64_t writing = 0;
	bool ok = header_read(rt, map, &m);

	st->count = m.used;
	if (!ok)
		return false;
	runtime_field(rt, map, rt->L.swissMap.writing, &writing);
	st->writing = writing;
	// A count beyond the eight slots of a small map is damage, but no reason not to look at
	// them.
	return true;
}

bool gomap_swiss_type(struct runtime *rt, taddr map_type, struct gomap_type *ret)
{
	const struct layout *l = &rt->L;
	uint64_t group, keys = 8, stride, elems, elem_stride, flags;

	if (!runtime_field(rt, map_type, l->swissMapType.key, &ret->key_type) ||
	    !runtime_field(rt, map_type, l->swissMapType.elem, &ret->elem_type) ||
	    !runtime_field(rt, map_type, l->swissMapType.groupSize, &group) ||
	    !runtime_field(rt, map_type, l->swissMapType.flags, &flags))
		return false;
	if (LAYOUT_HAS(l->swissMapType.keyStride)) {
		if (!runtime_field(rt, map_type, l->swissMapType.keysOff, &keys) ||
		    !runtime_field(rt, map_type, l->swissMapType.keyStride, &stride) ||
		    !runtime_field(rt, map_type, l->swissMapType.elemsOff, &elems) ||
		    !runtime_field(rt, map_type, l->swissMapType.elemStride, &elem_stride))
			return false;
	} else {
		// Until 1.26 a slot is always struct{key; elem}.
		if (!runtime_field(rt, map_type, l->swissMapType.slotSize, &stride) ||
		    !runtime_field(rt, map_type, l->swissMapType.elemOff, &elems))
			return false;
		elems += 8;
		elem_stride = stride;
	}
	if (group > GOMAP_UNIT_MAX || keys > group || stride > group || elems > group ||
	    elem_stride > group)
		return false;
	ret->key_indirect = flags & 4;
	ret->elem_indirect = flags & 8;
	ret->group_size = (uint32_t)group;
	ret->keys_off = (uint32_t)keys;
	ret->key_stride = (uint32_t)stride;
	ret->elems_off = (uint32_t)elems;
	ret->elem_stride = (uint32_t)elem_stride;
	return true;
}

static void walk_group(struct gomap_walk *w, const uint8_t *g, taddr at)
{
	const struct gomap_type *ty = w->ty;
	uint64_t ctrl;

	memcpy(&ctrl, g, sizeof(ctrl));
	// Of the bytes with the top bit, the deleted ones have the next but six.
	w->st->tombstones += (uint64_t)__builtin_popcountll(ctrl & ctrl << 6 & CTRL_MSB);
	for (uint64_t full = ~ctrl & CTRL_MSB; full && !w->stop; full &= full - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(full) / 8;

		gomap_emit(w, g, at, ty->keys_off + i * ty->key_stride,
			   ty->elems_off + i * ty->elem_stride);
	}
}

/* An array of groups; @p win must not be in use by the caller. */
static void walk_groups(struct gomap_walk *w, struct gomap_window *win, taddr at, uint64_t n)
{
	uint32_t size = w->ty->group_size;
	taddr end = at + n * size;

	if (at % 8 || end < at) {
		w->st->unreadable += n;
		return;
	}
	gomap_window_init(win);
	for (; at < end && !w->stop; at += size) {
		const uint8_t *g = gomap_window_at(w->rt->t, win, at, size, end);

		if (g)
			walk_group(w, g, at);
		else
			w->st->unreadable++;
	}
}

/* @p left: groups that may still be looked at, so that a directory of made-up tables over the same
 * groups ends. */
static void walk_table(struct gomap_walk *w, struct gomap_window *win, taddr table, uint64_t *left)
{
	const struct layout *l = &w->rt->L;
	uint64_t groups, mask;

	if (table % 8 || !runtime_field(w->rt, table, l->swissTable.groups_data, &groups) ||
	    !runtime_field(w->rt, table, l->swissTable.groups_lengthMask, &mask) ||
	    mask >= GROUPS_MAX || mask & (mask + 1) || mask >= *left) {
		w->st->unreadable++;
		return;
	}
	*left -= mask + 1;
	w->st->tables++;
	walk_groups(w, win, groups, mask + 1);
}

static void walk_directory(struct gomap_walk *w, struct gomap_window *win, const struct smap *m)
{
	uint64_t left = m->dir_len > 64 ? target_bytes(w->rt->t) / w->ty->group_size : UINT64_MAX;
	struct gomap_window dir;
	struct u64map seen = {0};
	taddr last = 0;

	gomap_window_init(&dir);
	for (uint64_t i = 0; i < m->dir_len && !w->stop; i++) {
		const uint8_t *p =
			gomap_window_at(w->rt->t, &dir, m->dir + i * 8, 8, m->dir + m->dir_len * 8);
		taddr table = 0;

		if (p)
			memcpy(&table, p, sizeof(table));
		if (!table) {
			w->st->unreadable++;
			continue;
		}
		// Copies stand side by side, unless the directory is damaged.
		if (table == last ||
		    (m->dir_len > 2 && u64map_add(&seen, table, (uint32_t)i) != (uint32_t)i))
			continue;
		last = table;
		walk_table(w, win, table, &left);
		if (runtime_canceled(w->rt))
			w->st->cut = w->stop = true;
	}
	u64map_free(&seen);
}

void gomap_swiss_each(struct gomap_walk *w, taddr map)
{
	struct smap m;
	struct gomap_window win;

	if (!header_read(w->rt, map, &m) || !m.dir)
		return;
	if (!m.dir_len) {
		walk_groups(w, &win, m.dir, 1);
		return;
	}
	if (!gomap_could_be(w->rt, m.dir_len, 8) || m.dir > UINT64_MAX - m.dir_len * 8) {
		w->st->readable = false;
		return;
	}
	walk_directory(w, &win, &m);
}
