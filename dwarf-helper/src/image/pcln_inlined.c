/*
 * Where functions were inlined, all over a module, without reading every function's tables: an
 * inlined call holds the number of its function's name (inlinedCall.nameOff), so the inline trees,
 * which lie between the first and the last of them in go:func.*, are searched for these numbers.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "image/pcln_internal.h"

#define TREE_BYTES (1u << 16) /* of the last tree, whose end is not written down */
#define BITS 4096

struct tree {
	uint32_t off; /* from gofunc */
	uint32_t func;
};

struct trees {
	VEC(struct tree) list;
	uint32_t names[PCLN_SELECTED];
	size_t n;
	uint64_t bits[BITS /
		      64]; /* of the names' numbers, modulo BITS: a word without its bit is none */
};

static int by_offset(const void *a, const void *b)
{
	const struct tree *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

static void list_trees(struct trees *ts, const struct pclntab *t)
{
	uint64_t n = pcln_func_count(t);

	for (uint64_t i = 0; i < n; i++) {
		struct pcln_func f;
		uint32_t off;
		if (pcln_get_func(t, i, &f) &&
		    pcln_funcdata_offset(t, &f, FUNCDATA_INL_TREE, &off) && off < t->gofunc.n)
			VEC_PUSH(&ts->list, (struct tree){off, (uint32_t)i});
	}
	if (ts->list.n)
		qsort(ts->list.v, ts->list.n, sizeof(*ts->list.v), by_offset);
}

static bool is_name(const struct trees *ts, uint32_t word)
{
	if (!(ts->bits[word % BITS / 64] >> word % 64 & 1))
		return false;
	for (size_t k = 0; k < ts->n; k++)
		if (ts->names[k] == word)
			return true;
	return false;
}

struct telling {
	const struct pcln_func *f;
	pcln_want_fn *want;
	pcln_inlined_fn *fn;
	void *arg;
};

static bool tell(void *arg, taddr pc, const char *name)
{
	struct telling *to = arg;

	if (to->want(name, strlen(name)))
		to->fn(to->arg, to->f, pc, name);
	return true;
}

/* The tree there has such a number: read what is really in it. */
static void read_trees(const struct trees *ts, const struct pclntab *t, size_t k,
		       struct telling *to)
{
	for (uint32_t off = ts->list.v[k].off; k < ts->list.n && ts->list.v[k].off == off; k++) {
		struct pcln_func f;
		if (!pcln_get_func(t, ts->list.v[k].func, &f))
			continue;
		to->f = &f;
		pcln_inlined_each(t, &f, tell, to);
	}
}

/* Each tree ends where the next one begins, at the latest. */
static void search(const struct trees *ts, const struct pclntab *t, struct telling *to)
{
	for (size_t k = 0, next; k < ts->list.n; k = next) {
		uint64_t off = ts->list.v[k].off, end;
		for (next = k + 1; next < ts->list.n && ts->list.v[next].off == off;)
			next++;
		end = next < ts->list.n ? ts->list.v[next].off : off + TREE_BYTES;
		end = end < t->gofunc.n ? end : t->gofunc.n;
		for (; off + 4 <= end; off += 4) {
			uint32_t word;
			memcpy(&word, t->gofunc.p + off, 4);
			if (is_name(ts, word)) {
				read_trees(ts, t, k, to);
				break;
			}
		}
	}
}

void pcln_inlined_find(const struct pclntab *t, pcln_want_fn *want, pcln_inlined_fn *fn, void *arg)
{
	struct trees ts = {0};
	struct telling to = {.want = want, .fn = fn, .arg = arg};

	ts.n = pcln_select_names(t, want, ts.names);
	if (!ts.n)
		return;
	for (size_t k = 0; k < ts.n; k++)
		ts.bits[ts.names[k] % BITS / 64] |= UINT64_C(1) << ts.names[k] % 64;
	list_trees(&ts, t);
	search(&ts, t, &to);
	VEC_FREE(&ts.list);
}
