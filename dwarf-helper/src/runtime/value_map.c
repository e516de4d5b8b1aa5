/*
 * The first entries of a map, in the order in which fmt prints them.
 */
#include "runtime/value_internal.h"

#include <stdlib.h>

#include "runtime/gomap.h"

/* of a larger map the first ones are those that come first in memory */
#define ENTRIES_LOOKED_AT 64
#define KEY_COMPARED 32 /* bytes of a string */

struct entry {
	taddr key, elem;
	uint64_t number; /* integer keys: in the order of unsigned numbers */
	char text[KEY_COMPARED];
};

struct entries {
	struct runtime *rt;
	const struct rtype *key;
	size_t n;
	struct entry v[ENTRIES_LOOKED_AT];
};

static void read_number(struct entries *e, struct entry *one)
{
	unsigned shift = 64 - 8 * (unsigned)e->key->size;
	uint64_t raw;

	if (!target_uint(e->rt->t, one->key, (unsigned)e->key->size, &raw))
		return;
	if (e->key->kind <= GO_INT64) // the sign decides first
		raw = (uint64_t)((int64_t)(raw << shift) >> shift) ^ (UINT64_C(1) << 63);
	one->number = raw;
}

static void read_text(struct entries *e, struct entry *one)
{
	uint64_t p, len, n;

	if (!target_u64(e->rt->t, one->key, &p) || !target_u64(e->rt->t, one->key + 8, &len))
		return;
	const char *s = runtime_string(e->rt, p, len, KEY_COMPARED, &n, NULL);

	if (s)
		memcpy(one->text, s, n);
}

static bool take(void *arg, taddr key, taddr elem)
{
	struct entries *e = arg;
	struct entry *one = &e->v[e->n++];

	*one = (struct entry){.key = key, .elem = elem};
	if (e->key->kind >= GO_INT && e->key->kind <= GO_UINTPTR)
		read_number(e, one);
	else if (e->key->kind == GO_STRING)
		read_text(e, one);
	return e->n < ENTRIES_LOOKED_AT;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int text = memcmp(x->text, y->text, KEY_COMPARED);

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return text ? text : (x->key > y->key) - (x->key < y->key);
}

static void print_entries(struct show *s, const struct entries *e, const struct rtype *elem,
			  uint64_t count, unsigned depth)
{
	for (size_t i = 0; i < e->n; i++) {
		struct place key = {.addr = e->v[i].key}, value = {.addr = e->v[i].elem};

		if (i)
			buf_lit(s->out, ", ");
		if (i == SHOW_ELEMENTS || (i && show_full(s))) {
			buf_printf(s->out, "… %llu in all", (unsigned long long)count);
			return;
		}
		show_part(s, e->key, &key, depth + 1, SHOW_NONE);
		buf_lit(s->out, ": ");
		show_part(s, elem, &value, depth + 1, SHOW_NONE);
	}
}

void show_map(struct show *s, const struct rtype *ty, taddr map, unsigned depth,
	      enum show_name name)
{
	const struct rtype *elem = rtype_get(s->rt, ty->elem);
	struct entries e = {.rt = s->rt, .key = rtype_get(s->rt, ty->key)};
	struct gomap_state st = {0};
	struct gomap_type geometry;
	bool known = e.key && elem && gomap_type_read(s->rt, ty->addr, &geometry);

	if (name != SHOW_NONE)
		show_type(s, ty);
	if (!gomap_header(s->rt, map, &st)) {
		buf_printf(s->out, "(<unreadable 0x%llx>)", (unsigned long long)map);
		return;
	}
	if (known && st.count)
		gomap_each(s->rt, map, &geometry, ENTRIES_LOOKED_AT, take, &e, &st);
	if (st.count && !e.n) { // the entries are unreadable or of unknown layout
		buf_printf(s->out, "(%llu %s)", (unsigned long long)st.count,
			   st.count == 1 ? "entry" : "entries");
		return;
	}
	qsort(e.v, e.n, sizeof(*e.v), compare);
	buf_char(s->out, '{');
	print_entries(s, &e, elem, st.count, depth);
	if (st.unreadable)
		buf_lit(s->out, ", <unreadable>");
	buf_char(s->out, '}');
}
