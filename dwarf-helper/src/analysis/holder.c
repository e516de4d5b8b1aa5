/*
 * What keeps one object alive.
 *
 * The first call searches the whole heap; later ones use the same search (forest.h).
 */
#include "analysis/leaks.h"

#include "runtime/typed.h"

struct forest *leak_forest(struct leaks *l)
{
	if (l->forest || l->no_forest)
		return l->forest;
	struct err *err = forest_open(l->m, &l->forest);
	l->no_forest = err != NULL;
	err_free(err); // no path is no evidence, and Ctrl-C is seen by the caller
	return l->forest;
}

static bool begins(const char *s, const char *head)
{
	return s && !strncmp(s, head, strlen(head));
}

static bool type_is(const struct pointer_type *t, const char *name)
{
	return t->name.n == strlen(name) && !memcmp(t->name.p, name, t->name.n);
}

/* The pointer is to a type of the package whose path @p head ends: "*net/http.". */
static bool type_begins(const struct pointer_type *t, const char *head)
{
	return !t->iface && t->name.n >= strlen(head) && !memcmp(t->name.p, head, strlen(head));
}

static bool of_special(const struct steps *s)
{
	return s->root == ROOT_FINALIZER || s->root == ROOT_FINALIZER_QUEUE ||
	       s->root == ROOT_CLEANUP || s->root == ROOT_CLEANUP_QUEUE;
}

/* A CancelFunc is none: what it cancels is held by whoever may call it. */
static bool is_closure(const struct step *s)
{
	for (size_t k = 0; k < s->via.list.n; k++) {
		const struct link *link = &s->via.list.v[k];
		if ((link->kind == LINK_CAPTURE || link->kind == LINK_CAPTURE_AT) &&
		    !begins(link->func, "context."))
			return true;
	}
	return s->type.func && !begins(s->type.func, "context.");
}

static bool is_map(const struct step *s)
{
	switch (s->shape) {
	case TYPED_MAP:
	case TYPED_BUCKETS:
	case TYPED_MAP_EXTRA:
	case TYPED_GROUPS:
	case TYPED_TABLE:
	case TYPED_DIRECTORY:
	case TYPED_TRIE_ENTRY:
		return true;
	default:
		return links_find(&s->via, LINK_ELEMENT) || links_find(&s->via, LINK_KEY) ||
		       type_is(&s->type, "*sync.Map");
	}
}

/* The container nearest to the object that keeps it until the program removes it. */
static enum keeper keeper_of(const struct steps *s)
{
	if (of_special(s))
		return KEEPER_FINALIZER;
	for (size_t k = s->list.n; k-- > 0;) {
		const struct step *step = &s->list.v[k];
		if (is_closure(step))
			return KEEPER_CLOSURE;
		if (links_find(&step->via, LINK_LIST) ||
		    type_is(&step->type, "*container/list.Element"))
			return KEEPER_LIST;
		if (links_find(&step->via, LINK_POOL) || links_find(&step->via, LINK_POOL_VICTIMS))
			return KEEPER_POOL;
		if (is_map(step))
			return KEEPER_MAP;
	}
	return s->root == ROOT_GLOBAL ? KEEPER_VARIABLE : KEEPER_NONE;
}

/* True when one of the last objects on the path belongs to a library, which lets go of it by
 * itself. */
static bool of_library(const struct steps *s)
{
	static const char *const frames[] = {"net/http", "database/sql.", "runtime."};
	static const char *const types[] = {"*net/http.",     "*net/http/", "*crypto/tls.",
					    "*database/sql.", "*runtime.",  "*testing."};
	static const char *const globals[] = {"net/http", "vendor/", "runtime."};
	const struct link *root = s->list.v[0].via.list.n ? &s->list.v[0].via.list.v[0] : NULL;

	for (size_t k = s->list.n > 3 ? s->list.n - 3 : 0; k + 1 < s->list.n; k++)
		for (size_t n = 0; n < sizeof(types) / sizeof(types[0]); n++)
			if (type_begins(&s->list.v[k].type, types[n]))
				return true;
	if (!root)
		return false;
	for (size_t n = 0; n < sizeof(frames) / sizeof(frames[0]); n++)
		if (s->task != TASK_NONE && begins(root->func, frames[n]))
			return true;
	for (size_t n = 0; n < sizeof(globals) / sizeof(globals[0]); n++)
		if (s->task == TASK_NONE && root->kind == LINK_VARIABLE &&
		    begins(root->name, globals[n]))
			return true;
	return false;
}

/*
 * A finalizer or cleanup keeps what it holds as long as its object lives.  If something else keeps
 * the object, that is to blame; if nothing does, both are about to be collected.  Only a finalizer
 * that holds its own object keeps it for good.
 */
static bool goes_with_its_object(const struct forest *forest, const struct steps *s)
{
	return of_special(s) && (!s->owner || forest_kept(forest, s->owner) != FOREST_BY_SPECIAL);
}

bool leak_holder(struct leaks *l, taddr addr, struct leak_holder *ret)
{
	const struct forest *forest = addr ? leak_forest(l) : NULL;
	struct path p;

	*ret = (struct leak_holder){.path = {.task = TASK_NONE}};
	if (!forest || !forest_path(forest, addr, &p))
		return false;
	steps_build(l->m, &p, &ret->path);
	ret->keeper = keeper_of(&ret->path);
	ret->library = of_library(&ret->path) || goes_with_its_object(forest, &ret->path);
	forest_path_free(&p);
	return true;
}

void leak_holder_free(struct leak_holder *h)
{
	steps_free(&h->path);
}

bool add_holder(struct leaks *l, struct finding *f, taddr addr, struct leak_holder *look_ret)
{
	struct leak_holder h;

	if (!leak_holder(l, addr, &h)) {
		if (look_ret)
			*look_ret = (struct leak_holder){.path = {.task = TASK_NONE}};
		return false;
	}
	f->holder = mem_alloc(sizeof(*f->holder));
	*f->holder = h.path;
	f->keeper = (uint8_t)h.keeper;
	finding_evidence(f, EV_HOLDER);
	if (look_ret)
		*look_ret = h; // its path is the finding's
	return true;
}
