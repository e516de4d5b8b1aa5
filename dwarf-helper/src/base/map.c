#include "base/map.h"

#include "base/mem.h"

static void rehash(struct u64map *m, size_t cap)
{
	struct u64map old = *m;

	m->key = mem_zalloc(cap * sizeof(*m->key));
	m->val = mem_alloc(cap * sizeof(*m->val));
	m->mask = cap - 1;
	for (size_t i = 0; old.n && i <= old.mask; i++) {
		if (!old.key[i])
			continue;
		size_t j = u64map_slot(m, old.key[i]);
		while (m->key[j])
			j = (j + 1) & m->mask;
		m->key[j] = old.key[i];
		m->val[j] = old.val[i];
	}
	free(old.key);
	free(old.val);
}

void u64map_reserve(struct u64map *m, size_t n)
{
	size_t cap = 16;

	while (cap / 3 * 2 < n)
		cap *= 2;
	if (!m->key || cap > m->mask + 1)
		rehash(m, cap);
}

static size_t find_slot(struct u64map *m, uint64_t key)
{
	if (!m->key || m->n >= (m->mask + 1) / 3 * 2)
		rehash(m, m->key ? (m->mask + 1) * 2 : 16);
	size_t i = u64map_slot(m, key);
	while (m->key[i] && m->key[i] != key)
		i = (i + 1) & m->mask;
	return i;
}

uint32_t u64map_add(struct u64map *m, uint64_t key, uint32_t val)
{
	size_t i = find_slot(m, key);

	if (!m->key[i]) {
		m->key[i] = key;
		m->val[i] = val;
		m->n++;
	}
	return m->val[i];
}

void u64map_set(struct u64map *m, uint64_t key, uint32_t val)
{
	size_t i = find_slot(m, key);

	if (!m->key[i]) {
		m->key[i] = key;
		m->n++;
	}
	m->val[i] = val;
}

void u64map_free(struct u64map *m)
{
	free(m->key);
	free(m->val);
	*m = (struct u64map){0};
}
