/*
 * Why one object is alive, in one line: "global login.sessions["user-050"] → .ctx".
 *
 * The first question costs a search of the heap, which all others share (forest.h).
 */
#include "analysis/leaks.h"

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

static bool has(const char *s, const char *part)
{
	return s && strstr(s, part);
}

/* A CancelFunc is none: what it cancels is held by whoever may call it. */
static bool is_closure(const struct step *s)
{
	return (has(s->via, "capture ") && !has(s->via, " of context.")) ||
	       (begins(s->type, "func ") && !begins(s->type, "func context."));
}

/* What keeps things as long as the program lets it: the container nearest to the object. */
static const char *keeper_of(const struct steps *s)
{
	if (begins(s->root, "finalizer") || begins(s->root, "cleanup"))
		return "a finalizer";
	for (size_t k = s->list.n; k-- > 0;) {
		const struct step *step = &s->list.v[k];
		if (is_closure(step))
			return "a closure";
		if (has(step->type, "container/list.Element"))
			return "a list";
		if (has(step->via, "(pool"))
			return "a sync.Pool";
		if (has(step->via, "[\"") || has(step->type, "sync.Map") || has(step->type, "map[") ||
		    has(step->type, "map.group["))
			return "a map";
	}
	return begins(s->root, "global") ? "a package variable" : NULL;
}

/* The objects next to it are those of package net/http or of the runtime: it is theirs to let go. */
static bool of_library(const struct steps *s)
{
	static const char *const frames[] = {" of net/http", " of database/sql.", " of runtime."};
	static const char *const types[] = {"*net/http.", "*net/http/", "*crypto/tls.", "*database/sql.", "*runtime.", "*testing."};
	static const char *const globals[] = {"net/http", "vendor/", "runtime."};
	const char *root = s->list.v[0].via;

	for (size_t k = s->list.n > 3 ? s->list.n - 3 : 0; k + 1 < s->list.n; k++)
		for (size_t n = 0; n < sizeof(types) / sizeof(types[0]); n++)
			if (begins(s->list.v[k].type, types[n]))
				return true;
	for (size_t n = 0; n < sizeof(frames) / sizeof(frames[0]); n++)
		if (s->task != UINT32_MAX && has(root, frames[n]))
			return true;
	for (size_t n = 0; n < sizeof(globals) / sizeof(globals[0]); n++)
		if (s->task == UINT32_MAX && begins(root, globals[n]))
			return true;
	return false;
}

static char *root_name(const struct steps *s)
{
	struct buf text = {0};

	steps_root(s, &text);
	if (begins(s->root, "global") && s->list.v[0].via) {
		size_t n = strcspn(s->list.v[0].via, "[ "); // the variable, without what is inside
		buf_char(&text, ' ');
		text_safe(&text, s->list.v[0].via, n);
	}
	char *name = mem_strdup(buf_cstr(&text));
	buf_free(&text);
	return name;
}

static void put_path(const struct leaks *l, struct finding *f, const char *label, const struct steps *s)
{
	struct buf text = {0};

	steps_line(s, l->opt->all ? SIZE_MAX : STEPS_LINE, &text);
	finding_evidence(f, label, "%s", buf_cstr(&text));
	buf_free(&text);
}

/*
 * What a finalizer or cleanup holds is kept as long as its object, by whoever keeps that; where nothing does it goes with the next collections.
 * To blame is only one whose object is kept by what the finalizer holds: it never goes.
 */
static bool goes_with_its_object(const struct forest *forest, const struct steps *s)
{
	bool special = begins(s->root, "finalizer") || begins(s->root, "cleanup");

	return special && (!s->owner || forest_kept(forest, s->owner) != FOREST_BY_SPECIAL);
}

bool say_path(struct leaks *l, struct finding *f, const char *label, taddr addr, struct said_path *ret)
{
	const struct forest *forest = addr ? leak_forest(l) : NULL;
	struct path p;
	struct steps s;

	*ret = (struct said_path){.task = UINT32_MAX};
	if (!forest || !forest_path(forest, addr, &p))
		return false;
	steps_build(l->m, &p, &s);
	ret->keeper = keeper_of(&s);
	ret->library = of_library(&s) || goes_with_its_object(forest, &s);
	ret->task = s.task;
	ret->root_name = root_name(&s);
	if (f)
		put_path(l, f, label, &s);
	steps_free(&s);
	forest_path_free(&p);
	return true;
}

void said_path_free(struct said_path *p)
{
	free(p->root_name);
	*p = (struct said_path){0};
}
