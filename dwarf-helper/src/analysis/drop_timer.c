/* The armed timer whose function gets hold of what keeps something: it drops entries when their
 * time has come. */
#include "analysis/leaks.h"

#include "runtime/timers.h"

#define ON_PATH 6      /* objects above the one that is kept, which count */
#define CAPTURES 8     /* words of a closure, or of what it captures */
#define BOX_BYTES 128u /* a variable that closures share, a struct of parameters */

struct keepers {
	taddr v[ON_PATH];
	unsigned n;
	const char *variable; /* that the path begins with, NULL */
};

/* What the path leads through, from its end on; contexts are what is kept. */
static void collect(const struct model *m, const struct steps *s, struct keepers *ret)
{
	struct heap_object o;

	for (size_t k = s->list.n; k-- > 0 && ret->n < ON_PATH;)
		if (s->list.v[k].ctx == CTX_NONE && heap_object_at(m->rt, s->list.v[k].addr, &o))
			ret->v[ret->n++] = o.base;
	const struct link *root = s->root == ROOT_GLOBAL && s->list.n && s->list.v[0].via.list.n
					  ? &s->list.v[0].via.list.v[0]
					  : NULL;
	ret->variable = root && root->kind == LINK_VARIABLE ? root->name : NULL;
}

/* Does the word lead into that variable? */
static bool is_variable(const struct model *m, const struct keepers *k, taddr word)
{
	struct outside o;

	if (!k->variable)
		return false;
	outside_find(m, word, &o);
	bool same = o.what == OUTSIDE_GLOBAL && o.via.list.n &&
		    o.via.list.v[0].kind == LINK_VARIABLE && o.via.list.v[0].name &&
		    !strcmp(o.via.list.v[0].name, k->variable);
	outside_free(&o);
	return same;
}

static bool is_keeper(const struct keepers *k, taddr base)
{
	for (unsigned i = 0; i < k->n; i++)
		if (k->v[i] == base)
			return true;
	return false;
}

/* Does the object have a word that leads to one of them, or, once, to a small object that does? */
static bool leads(const struct model *m, const struct keepers *k, taddr object, bool again)
{
	struct heap_object o, to;

	if (!heap_object_at(m->rt, object, &o) || o.span->flags & SPAN_NOSCAN ||
	    model_at(m, o.base) != CTX_NONE)
		return false;
	for (uint64_t at = 0; at + 8 <= o.size && at < 8 * CAPTURES; at += 8) {
		taddr word;
		if (!target_u64(m->rt->t, o.base + at, &word) || !word)
			continue;
		if (!heap_object_at(m->rt, word, &to)) {
			if (at && is_variable(m, k, word))
				return true;
			continue;
		}
		if (to.base == o.base)
			continue;
		if (is_keeper(k, to.base) ||
		    (again && to.size <= BOX_BYTES && leads(m, k, to.base, false)))
			return true;
	}
	return false;
}

/* package time's goFunc calls what stands in timer.arg (time/sleep.go: AfterFunc). */
static bool drops(const struct model *m, const struct keepers *k, taddr timer)
{
	const struct layout *l = &m->rt->L;
	taddr closure;

	return LAYOUT_HAS(l->timer.arg) &&
	       target_u64(m->rt->t, timer + (uint64_t)l->timer.arg.off + 8, &closure) && closure &&
	       leads(m, k, closure, true);
}

taddr leak_drop_timer(struct leaks *l, const struct steps *path)
{
	struct keepers k = {.n = 0};
	struct timers all;
	taddr found = 0;

	collect(l->m, path, &k);
	if (!k.n && !k.variable)
		return 0;
	timers_read(l->m->rt, &all);
	for (size_t i = 0; i < all.list.n && !found && !runtime_canceled(l->m->rt); i++)
		if (!all.list.v[i].stopped && drops(l->m, &k, all.list.v[i].timer))
			found = all.list.v[i].timer;
	timers_free(&all);
	return found;
}
