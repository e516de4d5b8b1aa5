/*
 * runtime/iface.go: itabTable points to {size, count, entries [size]*itab}, a hash table with
 * quadratic probing: from (inter.Hash ^ type.Hash) mod size on, then 1, 2, 3 … further, up to the
 * first empty entry.
 */
#include "runtime/identity_internal.h"

#define TABLE_MAX (1ull << 24)
/* an itab, on average: a table of the runtime is never more than three quarters full, and needs
 * two */
#define PROBES 64

/* The target's own word, else the file's, where the file has addresses as they are when it runs. */
static bool word_at(struct comparison *c, taddr a, uint64_t *ret)
{
	uint8_t from;
	const uint8_t *p = target_own(c->t, a, 8);

	if (p) {
		memcpy(ret, p, 8);
		return true;
	}
	if (image_is_pie(c->img))
		return false;
	image_loaded(c->img, a, 1, 0, ret, &from);
	return from != WORD_UNKNOWN;
}

static bool hash_of_type(struct comparison *c, taddr type, uint32_t *ret)
{
	uint64_t off = (uint64_t)c->l->type.hash.off, word;

	if (type % 8 || !word_at(c, type + (off & ~UINT64_C(7)), &word))
		return false;
	*ret = (uint32_t)(word >> (off % 8 * 8));
	return true;
}

static bool hash_of_itab(struct comparison *c, taddr itab, uint64_t *ret)
{
	uint64_t inter, type;
	uint32_t a, b;

	if (itab % 8 || !word_at(c, itab + (uint64_t)c->l->itab.inter.off, &inter) ||
	    !word_at(c, itab + (uint64_t)c->l->itab.type.off, &type) ||
	    !hash_of_type(c, inter, &a) || !hash_of_type(c, type, &b))
		return false;
	*ret = a ^ b;
	return true;
}

static taddr entry(const uint8_t *entries, uint64_t i)
{
	taddr ret;

	memcpy(&ret, entries + i * 8, 8);
	return ret;
}

/* @p left: probes that remain for the table: where noise has filled it, each search would go
 * through all of it. */
static bool is_found(const uint8_t *entries, uint64_t size, uint64_t hash, taddr itab,
		     uint64_t *left)
{
	uint64_t h = hash & (size - 1);

	for (uint64_t i = 1; i <= size && *left; i++, (*left)--) {
		taddr e = entry(entries, h);
		if (!e || e == itab)
			return e;
		h = (h + i) & (size - 1);
	}
	return false;
}

bool identity_itabs_fit(struct comparison *c)
{
	const struct layout_variable *var = &c->l->var[LAYOUT_VAR_itabTable];
	uint64_t table, size, hash;

	if (!var->found || !target_u64(c->t, var->addr, &table) ||
	    !target_u64(c->t, table + (uint64_t)c->l->itabTable.size.off, &size) || !size ||
	    size & (size - 1) || size > TABLE_MAX)
		return true;
	uint64_t left = size * PROBES;
	const uint8_t *entries =
		target_own(c->t, table + (uint64_t)c->l->itabTable.entries.off, size * 8);
	for (uint64_t i = 0; entries && i < size; i++) {
		taddr itab = entry(entries, i);
		if (!itab || !hash_of_itab(c, itab, &hash))
			continue;
		c->compared++;
		c->different += !is_found(entries, size, hash, itab, &left);
	}
	return !c->different;
}
