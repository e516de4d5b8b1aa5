/*
 * Package variables: name from the symbol table, type from the unit of its package.
 */
#include "runtime/typed_internal.h"

#define CHAIN_MAX 4 /* nameless data that hangs on nameless data */

#define KNOWN_MAX 256

/* Symbol and type; a few variables are the roots of most paths. */
static bool find_variable(struct runtime *rt, uint64_t addr, struct known_variable *ret)
{
	struct typed_cache *c = typed_cache(rt);
	struct debug *d = typed_debug(rt);

	for (size_t i = 0; i < c->variables.n; i++)
		if (addr - c->variables.v[i].addr < c->variables.v[i].size) {
			*ret = c->variables.v[i];
			return true;
		}
	ret->name = image_object_at(typed_symbols(rt), addr, &ret->addr, &ret->size);
	if (!ret->name || !*ret->name)
		return false;
	ret->die = d ? debug_variable_type(d, ret->name) : 0;
	if (c->variables.n < KNOWN_MAX)
		VEC_PUSH(&c->variables, *ret);
	return true;
}

static bool named(struct runtime *rt, taddr at, struct links *via, struct typed *ret)
{
	struct known_variable v;

	if (!find_variable(rt, at - rt->bias, &v))
		return false;
	*ret = (struct typed){.addr = v.addr + rt->bias,
			      .die = v.die,
			      .shape = v.die ? TYPED_VALUE : TYPED_UNKNOWN,
			      .inner = true};
	links_add(via, (struct link){.kind = LINK_VARIABLE, .name = v.name});
	return true;
}

/* The word of [lo, hi) that points nearest before @p at.  A damaged end may be far away: on to
 * where there is memory again. */
static void nearest(struct runtime *rt, taddr lo, taddr hi, taddr at, taddr *from_ret,
		    taddr *to_ret)
{
	for (taddr a = (lo + 7) & ~7ull; a < hi && hi - a >= 8; a += 8) {
		uint64_t word;
		if (!target_u64(rt->t, a, &word)) {
			a = target_behind_gap(rt->t, a) - 8;
			continue;
		}
		if (word <= at && word > *to_ret) {
			*to_ret = word;
			*from_ret = a;
		}
	}
}

static bool covers(struct runtime *rt, const struct typed *t, taddr at)
{
	struct type_info info;

	if ((t->shape != TYPED_VALUE && t->shape != TYPED_ARRAY) ||
	    !type_get(rt, (struct type_ref){t->rtype, t->die}, &info))
		return false;
	uint64_t n = t->shape == TYPED_ARRAY ? t->n : 1;
	return info.size && at >= t->addr && (at - t->addr) / info.size < n;
}

/* What `var srv = &Server{…}` points to is data without a name; "app.srv" is where it is known
 * from. */
static bool through_variable(struct runtime *rt, taddr at, int depth, struct links *via,
			     struct typed *ret)
{
	taddr from = 0, to = 0;

	for (size_t i = 0; i < rt->modules.n; i++) {
		const struct module *m = &rt->modules.v[i];
		if ((at >= m->data && at < m->edata) || (at >= m->bss && at < m->ebss)) {
			nearest(rt, m->data, m->edata, at, &from, &to);
			nearest(rt, m->bss, m->ebss, at, &from, &to);
		}
	}
	size_t n = via->list.n;
	bool known = from && (named(rt, from, via, ret) ||
			      (depth < CHAIN_MAX && from != at &&
			       through_variable(rt, from, depth + 1, via, ret)));
	if (known) {
		typed_follow(rt, ret, from, to, via, NULL, ret);
		known = covers(rt, ret, at);
	}
	if (!known)
		links_cut(via, n);
	return known;
}

bool typed_variable(struct runtime *rt, taddr at, struct links *via, struct typed *ret)
{
	*ret = (struct typed){.addr = at};
	if (named(rt, at, via, ret) || through_variable(rt, at, 0, via, ret))
		return true;
	*ret = (struct typed){.addr = at};
	return false;
}

struct each {
	struct runtime *rt;
	typed_variable_fn *fn;
	void *arg;
};

/* "example.com/app.srv", "main.srv": not of the standard library. */
static bool is_users(const char *name)
{
	size_t first = strcspn(name, "/");

	if (name[first] == '/')
		return memchr(name, '.', first) != NULL;
	return strncmp(name, "main.", 5) == 0;
}

static bool each_object(void *arg, const char *name, uint64_t addr, uint64_t size)
{
	struct each *e = arg;
	struct debug *d = typed_debug(e->rt);
	uint64_t die = size >= 8 && is_users(name) ? debug_variable_type(d, name) : 0;
	struct typed t = {.addr = addr + e->rt->bias, .die = die, .shape = TYPED_VALUE};

	return !die || e->fn(e->arg, name, &t);
}

void typed_variables_each(struct runtime *rt, typed_variable_fn *fn, void *arg)
{
	struct each e = {rt, fn, arg};

	if (typed_debug(rt))
		image_objects_each(typed_symbols(rt), each_object, &e);
}

static bool each_local(void *arg, const char *name, uint64_t type)
{
	struct each *e = arg;
	struct type_info ptr, to;

	if (!type_get(e->rt, (struct type_ref){.die = type}, &ptr) || ptr.kind != GO_POINTER ||
	    !type_get(e->rt, ptr.elem, &to))
		return true;
	struct typed t = typed_value(to.ref, 0);
	return e->fn(e->arg, name, &t);
}

void typed_locals_each(struct runtime *rt, const char *func, typed_variable_fn *fn, void *arg)
{
	struct each e = {rt, fn, arg};
	struct debug *d = is_users(func) ? typed_debug(rt) : NULL;

	if (d)
		debug_locals_each(d, func, each_local, &e);
}
