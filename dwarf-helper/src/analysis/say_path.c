/*
 * Why one object is alive, in one line: "global login.sessions["user-050"] → .ctx".
 *
 * Each path is a search of the heap as dear as the marking itself, so there are few of them, and of large
 * heaps one.
 */
#include "analysis/leaks.h"

#define PATHS 12
#define PATHS_LARGE 3
#define LARGE (UINT64_C(512) << 20) /* bytes of objects reached */

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
	if (begins(s->root, "finalizer") || begins(s->root, "cleanup"))
		return "a finalizer";
	return begins(s->root, "global") ? "a package variable" : NULL;
}

/* The objects next to it are those of package net/http or of the runtime: it is theirs to let go. */
static bool of_library(const struct steps *s)
{
	static const char *const frames[] = {" of net/http", " of database/sql.", " of runtime."};
	static const char *const types[] = {"*net/http.", "*net/http/", "*crypto/tls.", "*database/sql.", "*runtime."};
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

bool say_path(struct leaks *l, struct finding *f, const char *label, taddr addr, struct said_path *ret)
{
	struct paths p;
	struct steps s;

	*ret = (struct said_path){.task = UINT32_MAX};
	if (l->paths >= (l->r->marks.bytes > LARGE ? PATHS_LARGE : PATHS) || !addr)
		return false;
	l->paths++;
	struct err *err = paths_find(l->m, addr, 1, &p);
	if (err) {
		err_free(err); // no path is no evidence, and Ctrl-C is seen by the caller
		return false;
	}
	bool found = p.list.n && p.list.v[0].hops.n;
	if (found) {
		steps_build(l->m, &p.list.v[0], &s);
		ret->keeper = keeper_of(&s);
		ret->library = of_library(&s);
		ret->task = s.task;
		ret->root_name = root_name(&s);
		if (f)
			put_path(l, f, label, &s);
		steps_free(&s);
	}
	paths_free(&p);
	return found;
}

void said_path_free(struct said_path *p)
{
	free(p->root_name);
	*p = (struct said_path){0};
}
