#include "analysis/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "analysis/underway.h"
#include "runtime/heap.h"

#define EXAMPLES 4 /* told of each finding */
#define NEXT_MAX 3

static const struct {
	enum finding_rule rule;
	const char *name; /* signature */
	const char *unit;
	const char *say;
} kinds[CHECK_KINDS] = {
	[PROBLEM_LOOP] = {RULE_PARENT_CHAIN, "loop", "context", "Following the parents of these contexts never comes to an end: they form a loop."},
	[PROBLEM_WILD_PARENT] = {RULE_PARENT_CHAIN, "wild-parent", "context", "The parent words of these contexts lead to nothing that is a context."},
	[PROBLEM_STRANGER] = {RULE_PARENT_CHAIN, "stranger", "context",
			      "A children map holds these contexts, but following their parents does not lead back to the map's owner."},
	[PROBLEM_MISSING] = {RULE_PARENT_CHAIN, "missing", "context",
			     "These contexts are active, but the children map of the context above does not hold them: its cancellation will not reach them."},
	[PROBLEM_SPARED] = {RULE_PARENT_CHAIN, "spared", "context", "The context above these is cancelled, but they are not: the cancellation did not reach them."},
	[PROBLEM_STALE] = {RULE_CHILDREN_MAP, "stale", "context", "These contexts are cancelled, but a children map still holds them."},
	[PROBLEM_DONE_OPEN] = {RULE_DONE_STATE, "done-open", "context", "The err of these contexts is set, but done is not closed: who waits for it is never told."},
	[PROBLEM_DONE_CLOSED] = {RULE_DONE_STATE, "done-closed", "context", "The done channel of these contexts is closed, but their err is nil."},
	[PROBLEM_RECEIVERS] = {RULE_DONE_STATE, "receivers", "context", "The done channel of these contexts is closed, but goroutines are still parked on it."},
	[PROBLEM_KEPT_MAP] = {RULE_CHILDREN_MAP, "kept-map", "context", "These contexts are cancelled, but still have a children map."},
	[PROBLEM_COUNT] = {RULE_CHILDREN_MAP, "count", "context", "The children maps of these contexts do not hold as many entries as they count."},
	[PROBLEM_WILD_CHILD] = {RULE_CHILDREN_MAP, "wild-child", "context", "The children maps of these contexts hold entries that are no contexts."},
	[CHECK_LOST] = {RULE_WAIT_QUEUE, "lost", "task", "These goroutines are parked on a channel, but on no queue of it: nothing can wake them there."},
	[CHECK_QUEUED] = {RULE_WAIT_QUEUE, "queued", "entry", "Channels have entries in their wait queues for goroutines that do not wait there."},
	[CHECK_LINKS] = {RULE_WAIT_QUEUE, "links", "channel", "The wait queues of these channels are not linked as they must be."},
	[CHECK_WAITS] = {RULE_WAIT_QUEUE, "waits", "task", "The lists of what these goroutines wait for make no sense."},
	[CHECK_CLOSED] = {RULE_WAIT_QUEUE, "closed", "channel", "These channels are closed, but goroutines still wait on them."},
	[CHECK_BUFFER] = {RULE_WAIT_QUEUE, "buffer", "channel", "Goroutines wait on these channels for what is there already."},
};

void problem_add(struct problems *ps, struct problem p, const char *fmt, ...)
{
	va_list ap;

	p.text = NULL;
	if (ps->by_kind[p.kind]++ < PROBLEM_TEXTS) {
		char text[256];
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		p.text = mem_strdup(text);
	}
	VEC_PUSH(&ps->list, p);
}

static void problems_free(struct problems *ps)
{
	for (size_t i = 0; i < ps->list.n; i++)
		free(ps->list.v[i].text);
	VEC_FREE(&ps->list);
}

/* ---- torn or damaged? ---- */

static bool is_underway(const struct underway *u, const struct model *m, const struct problem *p)
{
	if (p->kind == CHECK_LOST || p->kind == CHECK_QUEUED)
		return u->channels;
	if (p->context == CTX_NONE)
		return false;
	if (heap_newest(m->rt, m->ctxs.v[p->context].addr) && !(m->ctxs.v[p->context].flags & (CTX_FROM_PARENT | CTX_FROM_MAP)))
		return true; /* not even cleared */
	if (p->kind == PROBLEM_LOOP || p->kind == PROBLEM_WILD_PARENT)
		return false;
	/* A parent is on the stack of all its children's makers: it excuses nobody but itself. */
	return underway_context(u, m, p->context);
}

/* What no lock excuses may still be explained by what a goroutine was doing. */
static struct err *excuse(struct model *m, struct problems *ps)
{
	struct underway u;
	bool any = false;

	for (size_t i = 0; i < ps->list.n; i++)
		any |= !ps->list.v[i].changing;
	if (!any)
		return NULL;
	struct err *err = underway_find(m, &u);
	for (size_t i = 0; !err && i < ps->list.n; i++)
		ps->list.v[i].changing |= is_underway(&u, m, &ps->list.v[i]);
	underway_free(&u);
	return err;
}

/* ---- findings ---- */

static void put_where(const struct model *m, const struct problem *p, struct buf *out)
{
	if (p->context == CTX_NONE) {
		buf_str(out, p->text);
		return;
	}
	buf_hex(out, m->ctxs.v[p->context].addr);
	buf_char(out, ' ');
	text_safe(out, ctx_label(m, p->context), strlen(ctx_label(m, p->context)));
	buf_lit(out, ": ");
	buf_str(out, p->text);
}

static void add_next(const struct model *m, struct finding *f, const struct problem *p)
{
	if (f->next.n >= NEXT_MAX)
		return;
	if (p->context != CTX_NONE)
		finding_next(f, "goctx show 0x%llx", (unsigned long long)m->ctxs.v[p->context].addr);
	if (p->kind == PROBLEM_STRANGER || p->kind == PROBLEM_STALE)
		finding_next(f, "goctx children 0x%llx", (unsigned long long)m->ctxs.v[p->other].addr);
	else if (p->kind == PROBLEM_COUNT || p->kind == PROBLEM_WILD_CHILD)
		finding_next(f, "goctx children 0x%llx", (unsigned long long)m->ctxs.v[p->context].addr);
	if (p->task != UINT32_MAX)
		finding_next(f, "goctx bt %llu", (unsigned long long)m->tasks.list.v[p->task].goid);
}

/* Take a problem into its finding; a context may have several of a kind, but is counted once. */
static void take(const struct model *m, struct finding *f, const struct problem *p, size_t *shown)
{
	struct buf text = {0};

	f->count++;
	if (p->context != CTX_NONE && (!f->contexts.n || f->contexts.v[f->contexts.n - 1] != p->context))
		VEC_PUSH(&f->contexts, p->context);
	if (p->task != UINT32_MAX && (!f->goroutines.n || f->goroutines.v[f->goroutines.n - 1] != p->task))
		VEC_PUSH(&f->goroutines, p->task);
	if (f->context == CTX_NONE)
		f->context = p->context;
	if (p->text && *shown < EXAMPLES) {
		put_where(m, p, &text);
		finding_evidence(f, *shown ? "and" : "first", "%s", buf_cstr(&text));
		add_next(m, f, p);
		++*shown;
	}
	buf_free(&text);
}

static void make_damage(const struct model *m, const struct problems *ps, enum check_kind kind, enum confidence confidence,
			struct findings *ret)
{
	struct finding *f = NULL;
	size_t shown = 0;

	for (size_t i = 0; i < ps->list.n; i++) {
		const struct problem *p = &ps->list.v[i];
		if (p->kind != kind || p->changing)
			continue;
		if (!f) {
			f = finding_new(ret, kinds[kind].rule, confidence, kinds[kind].unit);
			finding_say(f, "%s", kinds[kind].say);
			finding_sign(f, kinds[kind].name, NULL);
		}
		take(m, f, p, &shown);
	}
	if (f && f->count > shown && shown)
		finding_evidence(f, "and", "%llu more", (unsigned long long)(f->count - shown));
}

/* All that was caught in the middle of a change is one finding. */
static void make_torn(const struct model *m, const struct problems *ps, struct findings *ret)
{
	struct finding *f = NULL;
	size_t shown = 0;

	for (size_t i = 0; i < ps->list.n; i++) {
		if (!ps->list.v[i].changing)
			continue;
		if (!f) {
			f = finding_new(ret, RULE_TORN, CONF_INFO, "change");
			finding_say(f, "Caught in the middle of a change: a lock was held, or a goroutine was just cancelling, making or waking. "
				       "That is no damage.");
			finding_sign(f, "torn", NULL);
		}
		take(m, f, &ps->list.v[i], &shown);
	}
}

/* What cannot be read may hide what would explain the rest: then nothing is certain. */
static enum confidence confidence_of(const struct model *m, const struct problems *ps)
{
	const struct runtime *rt = m->rt;

	if (ps->unread || rt->t->truncated || rt->notes->count[NOTE_LIMIT] || !rt->heap || rt->heap->incomplete)
		return CONF_LIKELY;
	return CONF_CERTAIN;
}

struct err *check_find(struct model *m, struct findings *ret)
{
	struct problems ps = {0};
	struct err *err = check_contexts(m, &ps);

	*ret = (struct findings){0};
	if (!err)
		err = check_queues(m, &ps);
	if (!err)
		err = excuse(m, &ps);
	for (unsigned kind = 0; !err && kind < CHECK_KINDS; kind++)
		if (ps.by_kind[kind])
			make_damage(m, &ps, (enum check_kind)kind, confidence_of(m, &ps), ret);
	if (!err)
		make_torn(m, &ps, ret);
	ret->healthy_unknown = ps.unread || !m->rt->heap || m->rt->heap->incomplete;
	findings_sort(ret);
	problems_free(&ps);
	return err;
}
