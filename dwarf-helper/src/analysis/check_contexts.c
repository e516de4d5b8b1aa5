/*
 * All contexts with an err of their own.  What is above each is worked out once for all (a chain of
 * values may be long, and many may hang on its tip); the maps are walked once, and each entry
 * records that it is held.
 */
#include "analysis/check.h"

struct above {
	uint32_t canceler; /* at or above it */
	bool foreign;	   /* a custom type or stop context between, itself included */
	bool known;
};

struct checker {
	const struct model *m;
	struct problems *ps;
	struct above *above; /* by context */
	uint8_t *held;	     /* by context: the map of its canceling ancestor holds it */
	uint8_t *blind; /* by context: its map could not be read in full, so what it lacks is not
			   known */
	uint32_t owner; /* whose map is being walked */
};

/* The next one up, CTX_NONE at an end. */
static uint32_t next_up(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];

	return ctx_cuts(c) || c->parent >= m->ctxs.n ? CTX_NONE : c->parent;
}

static bool cancels(const struct ctx *c)
{
	return ctx_kind_has_done(c->kind);
}

/* Walk up to the first context whose answer is known, and record it for all contexts on the way.
 * Parents form a forest (graph.c). */
static void find_above(struct checker *k, uint32_t i)
{
	const struct model *m = k->m;
	struct above a = {CTX_NONE, false, true};
	uint32_t top = CTX_NONE, at = i, n = 0;

	for (; at != CTX_NONE && n <= m->ctxs.n; at = next_up(m, at), n++) {
		if (k->above[at].known) {
			a = k->above[at];
			break;
		}
		if (cancels(&m->ctxs.v[at])) {
			a.canceler = top = at;
			break;
		}
	}
	/* Whether something foreign lies between differs along the way: from the top down, which a
	 * forest gives only from below. */
	VEC(uint32_t) path = {0};
	for (uint32_t p = i; p != at && path.n < n; p = next_up(m, p))
		VEC_PUSH(&path, p);
	if (top != CTX_NONE)
		k->above[top] = a;
	while (path.n) {
		uint32_t p = path.v[--path.n];
		a.foreign |= m->ctxs.v[p].kind == CTX_CUSTOM || m->ctxs.v[p].kind == CTX_STOP;
		k->above[p] = a;
	}
	VEC_FREE(&path);
}

/* What is above context i: the canceler at or above its parent. */
static struct ctx_above above_of(struct checker *k, uint32_t i)
{
	uint32_t parent = k->m->ctxs.v[i].parent;
	struct ctx_above ret = {CTX_NONE, false, k->held[i]};

	if (parent >= k->m->ctxs.n)
		return ret;
	if (!k->above[parent].known)
		find_above(k, parent);
	ret.canceler = k->above[parent].canceler;
	ret.foreign = k->above[parent].foreign;
	return ret;
}

static void on_issue(void *arg, const struct ctx_issue *issue)
{
	struct checker *k = arg;
	struct problem p = {.kind = (uint8_t)issue->problem,
			    .changing = issue->changing,
			    .task = TASK_NONE,
			    .issue = *issue};

	if (issue->problem == PROBLEM_UNREAD || issue->problem == PROBLEM_COUNT ||
	    issue->problem == PROBLEM_WILD_CHILD)
		k->blind[issue->context] = 1;
	if (issue->problem == PROBLEM_UNREAD)
		k->ps->unread++;
	else if (issue->problem != PROBLEM_NONE && issue->problem != PROBLEM_DEAF)
		problem_add(k->ps, p);
}

/* An entry of the map of k->owner. */
static bool on_child(void *arg, uint32_t child, taddr addr)
{
	struct checker *k = arg;
	const struct model *m = k->m;

	(void)addr;
	if (child == CTX_NONE || child == k->owner)
		return true;
	struct ctx_above a = above_of(k, child);
	if (a.canceler == k->owner) {
		k->held[child] = 1;
	} else if (!a.foreign && !(m->ctxs.v[child].flags & (CTX_CYCLE | CTX_DAMAGED))) {
		bool locked = (m->ctxs.v[child].flags | m->ctxs.v[k->owner].flags) & CTX_LOCKED;
		struct ctx_issue issue = {.problem = PROBLEM_STRANGER,
					  .changing = locked,
					  .context = child,
					  .other = k->owner};
		on_issue(k, &issue);
	}
	return !runtime_canceled(m->rt);
}

/* A loop, or a parent that is no context: damage even while a lock is held. */
static void check_links(struct checker *k, uint32_t i)
{
	const struct ctx *c = &k->m->ctxs.v[i];
	struct ctx_issue issue = {.context = i, .other = CTX_NONE};

	if (c->flags & CTX_CYCLE) {
		issue.problem = PROBLEM_LOOP;
		on_issue(k, &issue);
	} else if (ctx_parent_wild(c)) {
		issue.problem = PROBLEM_WILD_PARENT;
		on_issue(k, &issue);
	} else if (c->flags & CTX_DAMAGED && c->state == CTX_UNKNOWN) {
		k->ps->unread++;
	}
}

static struct err *run(struct checker *k)
{
	const struct model *m = k->m;

	for (uint32_t i = 2; i < m->ctxs.n; i++) {
		if (i % 4096 == 0 && runtime_canceled(m->rt))
			return err_interrupted();
		check_links(k, i);
		k->owner = i;
		if (cancels(&m->ctxs.v[i]))
			ctx_check_children(m, i, on_child, k, on_issue, k);
	}
	for (uint32_t i = 2; i < m->ctxs.n; i++) {
		if (i % 4096 == 0 && runtime_canceled(m->rt))
			return err_interrupted();
		if (!cancels(&m->ctxs.v[i]))
			continue;
		struct ctx_above a = above_of(k, i);
		bool blind = !a.held && a.canceler != CTX_NONE && k->blind[a.canceler];
		if (!blind && !(m->ctxs.v[i].flags & CTX_CYCLE))
			ctx_check_parent(m, i, &a, on_issue, k);
		ctx_check_done(m, i, on_issue, k);
	}
	return NULL;
}

struct err *check_contexts(const struct model *m, struct problems *ps)
{
	struct checker k = {.m = m, .ps = ps};

	k.above = mem_zalloc((m->ctxs.n + 1) * sizeof(*k.above));
	k.held = mem_zalloc(m->ctxs.n + 1);
	k.blind = mem_zalloc(m->ctxs.n + 1);
	struct err *err = run(&k);
	free(k.above);
	free(k.held);
	free(k.blind);
	return err;
}
