#include "runtime/link.h"

#include <stdlib.h>
#include <string.h>

void links_add(struct links *l, struct link link)
{
	VEC_PUSH(&l->list, link);
}

void links_cut(struct links *l, size_t n)
{
	while (l->list.n > n)
		free(l->list.v[--l->list.n].text);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool links_equal(const struct links *a, const struct links *b)
{
	if (a->list.n != b->list.n)
		return false;
	for (size_t i = 0; i < a->list.n; i++) {
		const struct link *x = &a->list.v[i], *y = &b->list.v[i];
		if (x->kind != y->kind || x->n != y->n || !same(x->name, y->name) ||
		    !same(x->func, y->func) || !same(x->text, y->text))
			return false;
	}
	return true;
}

const struct link *links_find(const struct links *l, enum link_kind kind)
{
	for (size_t i = 0; i < l->list.n; i++)
		if (l->list.v[i].kind == kind)
			return &l->list.v[i];
	return NULL;
}

void links_free(struct links *l)
{
	links_cut(l, 0);
	VEC_FREE(&l->list);
}
