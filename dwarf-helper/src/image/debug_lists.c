/*
 * Location and range lists, read by ourselves: DWARF 4 (2.6.2, 2.17.3) has pairs of addresses,
 * DWARF 5 (7.7.3, 7.25) entries with a kind each.  Go begins every list with the function's own
 * address (cmd/internal/dwarf: PutLocationList, PutRanges).
 */
#include "image/debug_internal.h"

enum { LIST_MAX = 1 << 12 }; /* entries of one list */

struct cursor {
	const uint8_t *p, *end;
	bool bad; /* the end was passed */
};

static uint64_t fixed(struct cursor *c, unsigned size)
{
	uint64_t v = 0;

	if ((size_t)(c->end - c->p) < size) {
		c->bad = true;
		return 0;
	}
	memcpy(&v, c->p, size);
	c->p += size;
	return v;
}

static uint64_t uleb(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && c->p < c->end; shift += 7) {
		uint8_t byte = *c->p++;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	c->bad = true;
	return 0;
}

/* One stretch of code, and what stands behind its bounds in a location list. */
struct entry {
	uint64_t lo, hi;
	const uint8_t *p;
	uint64_t n;
};

struct list {
	struct debug *d;
	const struct list_ref *ref;
	struct cursor c;
	uint64_t base;
	bool locations;
};

static bool list_open(struct debug *d, const struct list_ref *ref, bool locations, struct list *ret)
{
	enum debug_lists which = locations	     ? ref->version >= 5 ? LIST_LOCLISTS : LIST_LOC
				 : ref->version >= 5 ? LIST_RNGLISTS
						     : LIST_RANGES;
	uint64_t n;
	const uint8_t *p = reader_lists(d->reader, which, &n);

	*ret = (struct list){.d = d, .ref = ref, .base = ref->base, .locations = locations};
	if (!p || ref->off >= n)
		return false;
	ret->c = (struct cursor){.p = p + ref->off, .end = p + n};
	return true;
}

static uint64_t indexed(struct list *l, uint64_t index)
{
	Dwarf_Error error = NULL;
	Dwarf_Addr addr = 0;
	Dwarf_Die die = die_at(l->d, l->ref->die);

	if (!die || dwarf_debug_addr_index_to_addr(die, index, &addr, &error) != DW_DLV_OK)
		l->c.bad = true;
	debug_forget(l->d, &error);
	die_free(l->d, die);
	return addr;
}

static void expression(struct list *l, uint64_t n, struct entry *e)
{
	if (n > (uint64_t)(l->c.end - l->c.p)) {
		l->c.bad = true;
		return;
	}
	e->p = l->c.p;
	e->n = n;
	l->c.p += n;
}

/* DWARF 4.  @return false at the end */
static bool next_pair(struct list *l, struct entry *e)
{
	e->lo = fixed(&l->c, 8);
	e->hi = fixed(&l->c, 8);
	if (!e->lo && !e->hi)
		return false;
	if (e->lo == UINT64_MAX) {
		l->base = e->hi;
		e->lo = e->hi = 0;
		return true;
	}
	e->lo += l->base;
	e->hi += l->base;
	if (l->locations)
		expression(l, fixed(&l->c, 2), e);
	return true;
}

/* Kinds of both sorts of list, which number them differently from the fifth on. */
enum list_kind {
	END,
	BASE_X,
	START_END_X,
	START_LENGTH_X,
	PAIR,
	DEFAULT,
	BASE,
	START_END,
	START_LENGTH
};

static enum list_kind kind_of(struct list *l)
{
	uint64_t kind = fixed(&l->c, 1);

	if (!l->locations && kind >= DEFAULT)
		kind++;
	if (kind > START_LENGTH)
		l->c.bad = true;
	return (enum list_kind)kind;
}

/* DWARF 5.  @return false at the end */
static bool next_kind(struct list *l, struct entry *e)
{
	enum list_kind kind = kind_of(l);

	switch (kind) {
	case BASE_X:
		l->base = indexed(l, uleb(&l->c));
		return true;
	case BASE:
		l->base = fixed(&l->c, 8);
		return true;
	case START_END_X:
	case START_LENGTH_X:
		e->lo = indexed(l, uleb(&l->c));
		e->hi = kind == START_END_X ? indexed(l, uleb(&l->c)) : e->lo + uleb(&l->c);
		break;
	case PAIR:
		e->lo = l->base + uleb(&l->c);
		e->hi = l->base + uleb(&l->c);
		break;
	case DEFAULT:
		e->hi = UINT64_MAX;
		break;
	case START_END:
	case START_LENGTH:
		e->lo = fixed(&l->c, 8);
		e->hi = kind == START_END ? fixed(&l->c, 8) : e->lo + uleb(&l->c);
		break;
	default:
		return false;
	}
	if (l->locations)
		expression(l, uleb(&l->c), e);
	return true;
}

/* The entry that covers @p pc. */
static bool find(struct list *l, uint64_t pc, struct entry *ret)
{
	for (int i = 0; i < LIST_MAX; i++) {
		*ret = (struct entry){0};
		if (!(l->ref->version >= 5 ? next_kind : next_pair)(l, ret) || l->c.bad)
			return false;
		if (pc >= ret->lo && pc < ret->hi)
			return true;
	}
	return false;
}

const uint8_t *lists_location(struct debug *d, const struct list_ref *ref, uint64_t pc,
			      uint64_t *n_ret)
{
	struct list l;
	struct entry e;

	*n_ret = 0;
	if (!list_open(d, ref, true, &l) || !find(&l, pc, &e))
		return NULL;
	*n_ret = e.n;
	return e.p;
}

bool lists_covers(struct debug *d, const struct list_ref *ref, uint64_t pc)
{
	struct list l;
	struct entry e;

	return list_open(d, ref, false, &l) && find(&l, pc, &e);
}
