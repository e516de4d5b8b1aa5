/** @file  Maps of both generations: as Go leaves them, caught half-way, and damaged. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/gomap.h"
#include "runtime/label.h"

/* What a walk met: keys are small numbers, each element is ten times its key (when elements are
 * looked at). */
struct met {
	struct fake *f;
	uint64_t n, sum, stop_at;
	uint32_t elem_size;
	bool wrong;
};

static bool meet(void *arg, taddr key, taddr elem)
{
	struct met *m = arg;
	uint64_t k = 0, e = 0;

	if (!target_u64(&m->f->t, key, &k))
		m->wrong = true;
	if (m->elem_size && (!target_u64(&m->f->t, elem, &e) || e != k * 10))
		m->wrong = true;
	m->n++;
	m->sum += k;
	return m->n != m->stop_at;
}

static struct met walk(struct fake *f, taddr map, const struct gomap_type *ty, uint64_t max,
		       struct gomap_state *st)
{
	struct met m = {.f = f, .elem_size = ty->elem_size};

	gomap_each(&f->rt, map, ty, max, meet, &m, st);
	assert_int_equal(m.n, st->found);
	return m;
}

/* -- bucket maps ----------------------------------------------------------------------------- */

static taddr bucket_map(struct fake *f, uint64_t count, uint8_t B, taddr buckets, taddr old,
			uint8_t flags)
{
	const struct layout *l = &f->rt.L;
	taddr at = fake_alloc(f, l->s[LAYOUT_hmap].size);

	fake_put(f, at, l->hmap.count, count);
	fake_put(f, at, l->hmap.B, B);
	fake_put(f, at, l->hmap.flags, flags);
	fake_put(f, at, l->hmap.buckets, buckets);
	fake_put(f, at, l->hmap.oldbuckets, old);
	return at;
}

static void bucket_slot(struct fake *f, const struct gomap_type *ty, taddr bucket, unsigned i,
			uint64_t key)
{
	fake_put8(f, bucket + i, 5);
	fake_put64(f, bucket + 8 + i * ty->key_size, key);
	if (ty->elem_size)
		fake_put64(f, bucket + 8 + 8 * ty->key_size + i * ty->elem_size, key * 10);
}

static struct gomap_type u64_map(struct fake *f)
{
	taddr num = fake_type(f, GO_UINT64, "uint64", NULL),
	      map = fake_map(f, num, num, "map[uint64]uint64");
	struct gomap_type ty;

	fake_open(f);
	assert_true(gomap_type_read(&f->rt, map, &ty));
	return ty;
}

static void bucket_plain(void **state)
{
	struct fake f;
	struct gomap_state st;

	(void)state;
	fake_init(&f, 23);
	struct gomap_type ty = u64_map(&f);

	assert_false(ty.swiss);
	assert_int_equal(ty.bucket_size, 144);
	taddr b = fake_alloc(&f, 4 * 144), over = fake_alloc(&f, 144),
	      map = bucket_map(&f, 11, 2, b, 0, 0);

	for (unsigned i = 0; i < 8; i++)
		bucket_slot(&f, &ty, b + 144, i, 1 + i);
	fake_put64(&f, b + 144 + 136, over);
	bucket_slot(&f, &ty, over, 3, 9);
	bucket_slot(&f, &ty, b + 3 * 144, 0, 10);
	bucket_slot(&f, &ty, b + 3 * 144, 7, 11);
	fake_put8(&f, b + 2 * 144, 1); // emptied
	struct met m = walk(&f, map, &ty, 100, &st);

	assert_true(st.readable && !st.growing && !st.writing && !st.cut && !st.swiss);
	assert_true(m.n == 11 && m.sum == 66 && !m.wrong && st.count == 11 && st.unreadable == 0 &&
		    st.tables == 4);
	m = walk(&f, map, &ty, 11, &st);
	assert_true(m.n == 11 && !st.cut);
	m = walk(&f, map, &ty, 10, &st);
	assert_true(m.n == 10 && st.cut);
	m = (struct met){.f = &f, .stop_at = 3};
	gomap_each(&f.rt, map, &ty, 100, meet, &m, &st);
	assert_true(m.n == 3 && !st.cut);
	assert_true(gomap_header(&f.rt, map, &st) && st.count == 11 && st.found == 0);
	assert_true(gomap_header(&f.rt, 0, &st) && st.count == 0 && st.readable);
	m = walk(&f, bucket_map(&f, 0, 0, 0, 0, 4), &ty, 100, &st); // never written to
	assert_true(m.n == 0 && st.readable && st.writing);
	fake_free(&f);
}

/* Old bucket 0 was moved (to new 0 and 2), old bucket 1 was not: new 1 and 3 are not to be looked
 * at. */
static void bucket_growing(void **state)
{
	struct fake f;
	struct gomap_state st;

	(void)state;
	fake_init(&f, 21);
	struct gomap_type ty = u64_map(&f);
	taddr old = fake_alloc(&f, 2 * 144), b = fake_alloc(&f, 4 * 144),
	      map = bucket_map(&f, 4, 2, b, old, 0);

	for (unsigned i = 0; i < 8; i++)
		fake_put8(&f, old + i, i < 2 ? 2 + (uint8_t)i : 4);
	bucket_slot(&f, &ty, b, 0, 1);
	bucket_slot(&f, &ty, b + 2 * 144, 0, 2);
	bucket_slot(&f, &ty, old + 144, 0, 3);
	bucket_slot(&f, &ty, old + 144, 5, 4);
	memset(fake_at(&f, b + 144, 144), 0xee, 136); // garbage: not in use yet
	memset(fake_at(&f, b + 3 * 144, 144), 0xee, 136);
	struct met m = walk(&f, map, &ty, 100, &st);

	assert_true(m.n == 4 && m.sum == 10 && !m.wrong && st.growing && !st.unreadable);
	// Caught in the middle of moving old bucket 0: the slot not moved yet counts, too.
	bucket_slot(&f, &ty, old, 6, 5);
	m = walk(&f, map, &ty, 100, &st);
	assert_true(m.n == 5 && m.sum == 15);
	fake_free(&f);
}

static void bucket_same_size_grow(void **state)
{
	struct fake f;
	struct gomap_state st;

	(void)state;
	fake_init(&f, 19);
	struct gomap_type ty = u64_map(&f);
	taddr old = fake_alloc(&f, 2 * 144), b = fake_alloc(&f, 2 * 144),
	      map = bucket_map(&f, 2, 1, b, old, 8);

	fake_put8(&f, old + 144, 3);
	bucket_slot(&f, &ty, old, 0, 1);
	bucket_slot(&f, &ty, b + 144, 0, 2);
	bucket_slot(&f, &ty, b, 0, 99);
	struct met m = walk(&f, map, &ty, 100, &st);

	assert_true(m.n == 2 && m.sum == 3);
	fake_free(&f);
}

static void bucket_damaged(void **state)
{
	struct fake f;
	struct gomap_state st;

	(void)state;
	fake_init(&f, 23);
	struct gomap_type ty = u64_map(&f);
	taddr b = fake_alloc(&f, 2 * 144), c = fake_alloc(&f, 144), d = fake_alloc(&f, 144);

	bucket_slot(&f, &ty, b, 0, 1);
	bucket_slot(&f, &ty, b + 144, 0, 2);
	assert_int_equal(walk(&f, bucket_map(&f, 2, 41, b, 0, 0), &ty, 100, &st).n, 0);
	assert_false(st.readable);
	assert_int_equal(walk(&f, bucket_map(&f, 2, 40, b, 0, 0), &ty, 100, &st).n, 0);
	assert_false(st.readable); // more than could be in memory
	assert_int_equal(walk(&f, bucket_map(&f, 2, 1, b + 4, 0, 0), &ty, 100, &st).n, 0);
	assert_false(st.readable);
	assert_int_equal(walk(&f, 0xdead0000, &ty, 100, &st).n, 0);
	assert_false(st.readable);
	assert_int_equal(walk(&f, bucket_map(&f, 2, 1, 0xdead0000, 0, 0), &ty, 100, &st).n, 0);
	assert_int_equal(st.unreadable, 2);
	assert_int_equal(walk(&f, bucket_map(&f, 2, 1, (taddr)-288, 0, 0), &ty, 100, &st).n, 0);
	assert_int_equal(walk(&f, bucket_map(&f, 2, 1, b, 0xdead0000, 8), &ty, 100, &st).n, 2);
	assert_int_equal(st.unreadable, 2);
	// an overflow chain that bites its tail, behind its first link
	fake_put64(&f, b + 136, c);
	fake_put64(&f, c + 136, d);
	fake_put64(&f, d + 136, c);
	bucket_slot(&f, &ty, d, 0, 3);
	walk(&f, bucket_map(&f, 3, 1, b, 0, 0), &ty, 100, &st);
	assert_true(st.unreadable == 1 && st.found >= 3 && st.found < 10);
	fake_put64(&f, b + 136, 0x12345);
	assert_int_equal(walk(&f, bucket_map(&f, UINT64_MAX, 1, b, 0, 0), &ty, 100, &st).n, 2);
	assert_int_equal(st.unreadable, 1);
	fake_free(&f);
}

/* The array runs over the border of two regions, in the middle of a bucket, and then into a
 * hole. */
static void bucket_across_regions(void **state)
{
	struct fake f;
	struct gomap_state st;
	const taddr at = 0xd000000000;

	(void)state;
	fake_init(&f, 23);
	struct gomap_type ty = u64_map(&f);

	fake_add(&f, at, 3 * 144 + 64);
	fake_add(&f, at + 3 * 144 + 64, 2 * 144 - 64);
	fake_hole(&f, at + 5 * 144, 3 * 144);
	for (unsigned i = 0; i < 5; i++)
		if (i != 3)
			bucket_slot(&f, &ty, at + i * 144, i, 1 + i);
	// Bucket 3: tophash and keys lie before the border, elements and the link after it.
	fake_put8(&f, at + 3 * 144 + 2, 9);
	fake_put64(&f, at + 3 * 144 + 8 + 2 * 8, 4);
	fake_put64(&f, at + 3 * 144 + 72 + 2 * 8, 40);
	struct met m = walk(&f, bucket_map(&f, 5, 3, at, 0, 0), &ty, 100, &st);

	assert_true(m.n == 5 && m.sum == 15 && !m.wrong && st.unreadable == 3);
	fake_free(&f);
}

/* -- Swiss maps ------------------------------------------------------------------------------ */

static taddr swiss_map(struct fake *f, uint64_t used, taddr dir, uint64_t dir_len)
{
	const struct layout *l = &f->rt.L;
	taddr at = fake_alloc(f, l->s[LAYOUT_swissMap].size);

	fake_put(f, at, l->swissMap.used, used);
	fake_put(f, at, l->swissMap.dirPtr, dir);
	fake_put(f, at, l->swissMap.dirLen, dir_len);
	return at;
}

static taddr groups(struct fake *f, const struct gomap_type *ty, uint64_t n)
{
	taddr at = fake_alloc(f, n * ty->group_size);

	for (uint64_t i = 0; i < n; i++)
		fake_put64(f, at + i * ty->group_size, 0x8080808080808080u);
	return at;
}

static taddr table(struct fake *f, taddr groups, uint64_t n)
{
	const struct layout *l = &f->rt.L;
	taddr at = fake_alloc(f, l->s[LAYOUT_swissTable].size);

	fake_put(f, at, l->swissTable.groups_data, groups);
	fake_put(f, at, l->swissTable.groups_lengthMask, n - 1);
	return at;
}

static void swiss_slot(struct fake *f, const struct gomap_type *ty, taddr group, unsigned i,
		       uint64_t key)
{
	fake_put8(f, group + i, key & 0x7f);
	fake_put64(f, group + ty->keys_off + i * ty->key_stride, key);
	if (ty->elem_size)
		fake_put64(f, group + ty->elems_off + i * ty->elem_stride, key * 10);
}

static void swiss_small(void **state)
{
	static const int minors[] = {24, 25, 26, 27};

	(void)state;
	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++) {
		struct fake f;
		struct gomap_state st;

		fake_init(&f, minors[i]);
		struct gomap_type ty = u64_map(&f);

		assert_true(ty.swiss && ty.group_size == 136 && ty.key_stride == 16 &&
			    ty.elems_off == 16);
		taddr g = groups(&f, &ty, 1), map = swiss_map(&f, 3, g, 0);

		for (unsigned k = 0; k < 3; k++)
			swiss_slot(&f, &ty, g, k * 3, k + 1);
		struct met m = walk(&f, map, &ty, 100, &st);

		assert_true(m.n == 3 && m.sum == 6 && !m.wrong && st.readable && st.swiss &&
			    st.count == 3);
		assert_true(st.tables == 0 && st.tombstones == 0 && !st.writing);
		fake_put(&f, map, f.rt.L.swissMap.writing, 1);
		assert_true(gomap_header(&f.rt, map, &st) && st.writing);
		assert_int_equal(walk(&f, swiss_map(&f, 0, 0, 0), &ty, 100, &st).n,
				 0); // never written to
		assert_true(st.readable);
		fake_free(&f);
	}
}

/* Four entries, three tables: the second stands there twice, since its depth is less. */
static void swiss_directory(void **state)
{
	struct fake f;
	struct gomap_state st;

	(void)state;
	fake_init(&f, 27);
	struct gomap_type ty = u64_map(&f);
	taddr dir = fake_alloc(&f, 32), g[3], t[3];
	uint64_t key = 1;

	for (unsigned i = 0; i < 3; i++) {
		g[i] = groups(&f, &ty, 4);
		t[i] = table(&f, g[i], 4);
		for (unsigned k = 0; k < 4; k++) {
			swiss_slot(&f, &ty, g[i] + k * ty.group_size, k * 2, key++);
			fake_put8(&f, g[i] + k * ty.group_size + 7, 0xfe);
		}
	}
	const taddr entries[4] = {t[0], t[1], t[1], t[2]};

	for (unsigned i = 0; i < 4; i++)
		fake_put64(&f, dir + i * 8, entries[i]);
	taddr map = swiss_map(&f, 12, dir, 4);
	struct met m = walk(&f, map, &ty, 100, &st);

	assert_true(m.n == 12 && m.sum == 78 && !m.wrong && st.tables == 3 && st.tombstones == 12 &&
		    !st.unreadable);
	m = walk(&f, map, &ty, 5, &st);
	assert_true(m.n == 5 && st.cut);
	fake_put64(&f, dir + 16, t[0]); // a damaged directory: the same table not side by side
	m = walk(&f, map, &ty, 100, &st);
	assert_int_equal(m.n, 12);
	fake_put64(&f, dir + 8, 0x777);
	fake_put64(&f, dir, 0);
	m = walk(&f, map, &ty, 100, &st);
	assert_true(m.n == 8 && st.unreadable == 2);
	f.cancel = 1;
	m = walk(&f, map, &ty, 100, &st);
	assert_true(st.cut);
	fake_free(&f);
}

static void swiss_damaged(void **state)
{
	struct fake f;
	struct gomap_state st;

	(void)state;
	fake_init(&f, 27);
	struct gomap_type ty = u64_map(&f);
	taddr g = groups(&f, &ty, 1), dir = fake_alloc(&f, 16);
	const taddr refused[] = {
		swiss_map(&f, 3, dir, 3),
		swiss_map(&f, 3, dir, 1ull << 25),
		swiss_map(&f, 3, dir + 4, 2),
		swiss_map(&f, 3, 0, 2),
		swiss_map(&f, 3, dir, 1ull << 24),
		swiss_map(&f, 3, dir, UINT64_MAX),
		0xdead0000,
		g + 1,
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		assert_int_equal(walk(&f, refused[i], &ty, 100, &st).n, 0);
		assert_false(st.readable);
	}
	assert_int_equal(walk(&f, swiss_map(&f, 3, 0xdead0000, 0), &ty, 100, &st).n, 0);
	assert_int_equal(st.unreadable, 1);
	// More than a small map can hold: the count is damaged, its group is looked at.
	walk(&f, swiss_map(&f, 9, g, 0), &ty, 100, &st);
	assert_true(st.readable && st.count == 9 && st.unreadable == 0);
	const taddr tables[] = {table(&f, g, 3), table(&f, g, 1ull << 20), table(&f, g + 1, 2),
				table(&f, (taddr)-64, 2),
				table(&f, FAKE_HEAP + FAKE_HEAP_SIZE - 8, 1)};

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		fake_put64(&f, dir, tables[i]);
		fake_put64(&f, dir + 8, tables[i]);
		assert_int_equal(walk(&f, swiss_map(&f, 3, dir, 2), &ty, 100, &st).n, 0);
		assert_true(st.unreadable > 0);
	}
	fake_free(&f);
}

/* A directory of as many tables as memory holds, all over the same groups: the walk ends soon. */
static void swiss_made_up_tables(void **state)
{
	struct fake f;
	struct gomap_state st;
	const uint64_t n = 1u << 16;

	(void)state;
	fake_init(&f, 27);
	struct gomap_type ty = u64_map(&f);
	taddr g = groups(&f, &ty, 1024), dir = fake_alloc(&f, n * 8);

	swiss_slot(&f, &ty, g, 0, 1);
	for (uint64_t i = 0; i < n; i++)
		fake_put64(&f, dir + i * 8, table(&f, g, 1024));
	struct met m = walk(&f, swiss_map(&f, 3, dir, n), &ty, UINT64_MAX, &st);

	assert_true(m.n < 100 && st.unreadable > n - 100);
	fake_free(&f);
}

/* -- types ----------------------------------------------------------------------------------- */

static void types(void **state)
{
	static const int minors[] = {19, 23, 24, 26, 27};

	(void)state;
	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++) {
		struct fake f;
		struct gomap_type ty, made;

		fake_init(&f, minors[i]);
		taddr err = fake_interface(&f, "error", NULL, 1),
		      nothing = fake_struct(&f, "struct {}", NULL, 0, 0, NULL);
		taddr byte = fake_type(&f, GO_UINT8, "uint8", NULL),
		      big = fake_array(&f, byte, 200, "[200]uint8");
		taddr children = fake_map(&f, err, nothing, "map[error]struct {}");
		taddr wide = fake_map(&f, big, big, "map[[200]uint8][200]uint8");
		taddr bad = fake_map(&f, byte, byte, "map[uint8]uint8"),
		      wild = fake_map(&f, byte, byte, "map[a]b");

		fake_put64(&f, wild + 48, 0x1234560);
		if (minors[i] >= 24)
			fake_put(&f, bad, f.rt.L.swissMapType.groupSize, 8);
		else
			fake_put(&f, bad, f.rt.L.oldMapType.bucketsize, 16);
		fake_open(&f);
		assert_true(gomap_type_read(&f.rt, children, &ty));
		gomap_type_iface_set(&f.rt, &made);
		assert_true(ty.swiss == made.swiss && ty.key_size == 16 && made.key_size == 16 &&
			    !ty.elem_size);
		assert_int_equal(ty.bucket_size, made.bucket_size);
		assert_int_equal(ty.group_size, made.group_size);
		assert_int_equal(ty.key_stride, made.key_stride);
		assert_int_equal(ty.elems_off, made.elems_off);
		assert_int_equal(made.swiss ? made.group_size : made.bucket_size,
				 made.swiss ? 200 : 144);
		assert_true(gomap_type_read(&f.rt, wide, &ty) && ty.key_indirect &&
			    ty.elem_indirect && ty.key_size == 8);
		assert_false(gomap_type_read(&f.rt, bad, &ty));
		assert_false(gomap_type_read(&f.rt, wild, &ty));
		assert_false(gomap_type_read(&f.rt, 0, &ty));
		assert_false(gomap_type_read(&f.rt, 0xdead0000, &ty));
		fake_free(&f);
	}
}

static void indirect(void **state)
{
	(void)state;
	for (int minor = 23; minor <= 24; minor++) {
		struct fake f;
		struct gomap_state st;
		struct gomap_type ty;

		fake_init(&f, minor);
		taddr num = fake_type(&f, GO_UINT64, "uint64", NULL),
		      big = fake_array(&f, num, 20, "[20]uint64");
		taddr type = fake_map(&f, big, big, "map[[20]uint64][20]uint64"), map;

		fake_open(&f);
		assert_true(gomap_type_read(&f.rt, type, &ty));
		taddr key = fake_alloc(&f, 160), elem = fake_alloc(&f, 160);

		fake_put64(&f, key, 7);
		fake_put64(&f, elem, 70);
		if (ty.swiss) {
			taddr g = groups(&f, &ty, 1);

			swiss_slot(&f, &ty, g, 2, 0);
			fake_put64(&f, g + ty.keys_off + 2 * ty.key_stride, key);
			fake_put64(&f, g + ty.elems_off + 2 * ty.elem_stride, elem);
			map = swiss_map(&f, 1, g, 0);
		} else {
			taddr b = fake_alloc(&f, ty.bucket_size);

			bucket_slot(&f, &ty, b, 2, 0);
			fake_put64(&f, b + 8 + 2 * 8, key);
			fake_put64(&f, b + 8 + 64 + 2 * 8, elem);
			map = bucket_map(&f, 1, 0, b, 0, 0);
		}
		struct met m = walk(&f, map, &ty, 100, &st);

		assert_true(m.n == 1 && m.sum == 7 && !m.wrong);
		fake_free(&f);
	}
}

/* -- labels ---------------------------------------------------------------------------------- */

static void add_label(void *arg, const char *key, uint64_t key_n, const char *val, uint64_t val_n)
{
	struct buf *b = arg;

	buf_bytes(b, key, key_n);
	buf_char(b, '=');
	buf_bytes(b, val, val_n);
	buf_char(b, ' ');
}

static void labels(void **state)
{
	static const int minors[] = {23, 24, 27};

	(void)state;
	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++) {
		struct fake f;
		struct buf b = {0};

		fake_init(&f, minors[i]);
		fake_open(&f);
		taddr list = fake_alloc(&f, 272), at = fake_alloc(&f, 24);

		if (minors[i] < 24) { // *map[string]string
			fake_put8(&f, list, 9);
			fake_put8(&f, list + 1, 9);
			fake_put_string(&f, list + 8, "route");
			fake_put_string(&f, list + 8 + 128, "/a");
			fake_put_string(&f, list + 24, "user");
			fake_put64(&f, at, bucket_map(&f, 2, 0, list, 0, 0));
		} else { // *struct{list []struct{key, value string}}
			fake_put_string(&f, list, "route");
			fake_put_string(&f, list + 16, "/a");
			fake_put_string(&f, list + 32, "user");
			fake_put64(&f, at, list);
			fake_put64(&f, at + 8, 2);
		}
		assert_true(label_each(&f.rt, at, add_label, &b));
		assert_string_equal(buf_cstr(&b), "route=/a user= ");
		b.n = 0;
		assert_true(label_each(&f.rt, 0, add_label, &b));
		assert_false(label_each(&f.rt, 0xdead0000, add_label, &b));
		fake_put64(&f, at, 0xdead0000);
		assert_false(label_each(&f.rt, at, add_label, &b));
		fake_put64(&f, at + 8, UINT64_MAX);
		assert_false(label_each(&f.rt, at, add_label, &b));
		assert_int_equal(b.n, 0);
		buf_free(&b);
		fake_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket_plain),
		cmocka_unit_test(bucket_growing),
		cmocka_unit_test(bucket_same_size_grow),
		cmocka_unit_test(bucket_damaged),
		cmocka_unit_test(bucket_across_regions),
		cmocka_unit_test(swiss_small),
		cmocka_unit_test(swiss_directory),
		cmocka_unit_test(swiss_damaged),
		cmocka_unit_test(swiss_made_up_tables),
		cmocka_unit_test(types),
		cmocka_unit_test(indirect),
		cmocka_unit_test(labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
