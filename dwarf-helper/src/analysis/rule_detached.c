/*
 * detached: a goroutine that works under one context made a second one from context.Background():
 * the chain is cut.
 *
 * The pattern     an active context right below Background, TODO or WithoutCancel that at most
 *                 three stacks refer to; one of these goroutines holds its CancelFunc or the
 *                 context itself, and further up on its stack another context that can be cancelled
 *                 and is not above it.
 * likely          three or more goroutines alike, and the other context has ended already: they
 *                 should have ended with it
 * possible        ten or more alike whose other context is active, with no deadline on what they
 *                 made
 * info            three or more otherwise, or with a deadline: writing an audit record or shutting
 *                 down under a context of its own is good style
 */
#include "analysis/task_sets.h"

#include "analysis/signature.h"
#include "context/detail.h"

#define ENDED_MANY 3
#define ACTIVE_MANY 10
#define HOLDERS 3
#define HELD 16 /* contexts of one stack that are looked at */

struct held {
	const struct leaks *l;
	uint32_t root; /* CTX_NONE */
	uint32_t others[HELD];
	unsigned n;
};

static bool note_held(void *arg, const struct stack_hold *h)
{
	struct held *s = arg;
	uint32_t i = h->context;

	if (leak_is_root(s->l, i) && s->l->ctx[i].holders <= HOLDERS) {
		s->root = s->root == CTX_NONE ? i : s->root;
		return true;
	}
	for (unsigned k = 0; k < s->n; k++)
		if (s->others[k] == i)
			return true;
	if (s->n < HELD)
		s->others[s->n++] = i;
	return true;
}

static bool is_above(const struct model *m, uint32_t i, uint32_t above)
{
	for (unsigned climbed = 0; i < m->ctxs.n && climbed < 1000;
	     i = m->ctxs.v[i].parent, climbed++)
		if (i == above)
			return true;
	return false;
}

/* A context that can be, or has been, cancelled, and is neither above nor below the root; one that
 * has ended is preferred. */
static uint32_t other_of(const struct held *s)
{
	const struct model *m = s->l->m;
	uint32_t best = CTX_NONE;

	for (unsigned k = 0; k < s->n; k++) {
		const struct ctx *c = &m->ctxs.v[s->others[k]];
		if (c->state == CTX_NEVER || c->state == CTX_UNKNOWN ||
		    is_above(m, s->others[k], s->root) || is_above(m, s->root, s->others[k]))
			continue;
		if (c->state == CTX_CANCELED || c->state == CTX_EXPIRED)
			return s->others[k];
		best = best == CTX_NONE ? s->others[k] : best;
	}
	return best;
}

/* What one set is made of beside its goroutines. */
struct detached_set {
	VEC(uint32_t) roots;
	uint32_t other; /* of the first */
	uint32_t ended;
};

static enum confidence how_sure(const struct leaks *l, const struct task_set *s,
				const struct detached_set *d)
{
	const struct ctx *root = &l->m->ctxs.v[d->roots.v[0]];

	if (exempt_task(l->m, &l->m->tasks.list.v[s->tasks.v[0]]))
		return CONF_INFO;
	if (d->ended >= ENDED_MANY)
		return CONF_LIKELY;
	return s->tasks.n >= ACTIVE_MANY && root->kind != CTX_TIMER ? CONF_POSSIBLE : CONF_INFO;
}

static void add_finding(struct leaks *l, const struct task_set *s, const struct detached_set *d)
{
	struct finding *f = finding_new(l->out, RULE_DETACHED, how_sure(l, s, d), UNIT_CONTEXT);
	uint32_t root = d->roots.v[0];

	for (size_t k = 0; k < s->tasks.n; k++)
		leak_add_task(l, f, s->tasks.v[k]);
	for (size_t k = 0; k < d->roots.n; k++)
		leak_add_context(l, f, d->roots.v[k]);
	finding_sign_hash(f, sign_word(sign_word(sign_chain(SIGN_START, l->m, root),
						 task_func(l->m, s->tasks.v[0])),
				       task_maker(l->m, s->tasks.v[0])));
	f->claim.detached.from = l->ctx[root].under;
	f->claim.detached.ended = d->ended;
	add_like(f, root);
	struct evidence *other = finding_evidence(f, EV_OTHER);
	other->context = d->other;
	other->n = d->ended;
	task_set_evidence(l, f, s);
	f->count = d->roots.n;
	f->context = root;
	finding_next(f, NEXT_SHOW, l->m->ctxs.v[root].addr);
	if (l->m->ctxs.v[d->other].addr)
		finding_next(f, NEXT_SHOW, l->m->ctxs.v[d->other].addr);
}

struct err *rule_detached(struct leaks *l)
{
	const struct model *m = l->m;
	struct task_sets sets = {0};
	VEC(struct detached_set) more = {0};

	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		struct held s = {.l = l, .root = CTX_NONE};
		if (!(l->task_flags[t] & LEAK_TASK_ROOT) || l->task_finding[t] ||
		    m->tasks.list.v[t].flags & TASK_SYSTEM)
			continue;
		leak_holds(l, t, note_held, &s);
		uint32_t other = s.root == CTX_NONE ? CTX_NONE : other_of(&s);
		if (other == CTX_NONE || leak_join_earlier(l, s.root, RULE_DETACHED))
			continue;
		size_t k = (size_t)(task_sets_add(l, &sets, t, l->ctx[s.root].chain, s.root) -
				    sets.list.v);
		if (k == more.n)
			VEC_PUSH(&more, (struct detached_set){.other = other});
		VEC_PUSH(&more.v[k].roots, s.root);
		more.v[k].ended += m->ctxs.v[other].state != CTX_ACTIVE;
		if (runtime_canceled(m->rt))
			break;
	}
	for (size_t k = 0; k < sets.list.n; k++) {
		if (sets.list.v[k].tasks.n >= ENDED_MANY)
			add_finding(l, &sets.list.v[k], &more.v[k]);
		VEC_FREE(&more.v[k].roots);
	}
	VEC_FREE(&more);
	task_sets_free(&sets);
	return runtime_check(m->rt);
}
