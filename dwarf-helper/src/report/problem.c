#include "report/problem.h"

#include <inttypes.h>

#include "base/text.h"

static const char *const sentences[CHECK_KINDS] = {
	[PROBLEM_LOOP] =
		"Following the parents of these contexts never comes to an end: they form a loop.",
	[PROBLEM_WILD_PARENT] =
		"The parent words of these contexts lead to nothing that is a context.",
	[PROBLEM_STRANGER] = "A children map holds these contexts, but following their parents "
			     "does not lead back to the map's owner.",
	[PROBLEM_MISSING] = "These contexts are active, but the children map of the context above "
			    "does not hold them: its cancellation will not reach them.",
	[PROBLEM_SPARED] = "The context above these is cancelled, but they are not: the "
			   "cancellation did not reach them.",
	[PROBLEM_STALE] = "These contexts are cancelled, but a children map still holds them.",
	[PROBLEM_DONE_OPEN] = "The err of these contexts is set, but done is not closed: who waits "
			      "for it is never told.",
	[PROBLEM_DONE_CLOSED] =
		"The done channel of these contexts is closed, but their err is nil.",
	[PROBLEM_RECEIVERS] = "The done channel of these contexts is closed, but goroutines are "
			      "still parked on it.",
	[PROBLEM_KEPT_MAP] = "These contexts are cancelled, but still have a children map.",
	[PROBLEM_COUNT] =
		"The children maps of these contexts do not hold as many entries as they count.",
	[PROBLEM_WILD_CHILD] =
		"The children maps of these contexts hold entries that are no contexts.",
	[CHECK_LOST] = "These goroutines are parked on a channel, but on no queue of it: nothing "
		       "can wake them there.",
	[CHECK_QUEUED] =
		"Channels have entries in their wait queues for goroutines that do not wait there.",
	[CHECK_LINKS] = "The wait queues of these channels are not linked as they must be.",
	[CHECK_WAITS] = "The lists of what these goroutines wait for make no sense.",
	[CHECK_CLOSED] = "These channels are closed, but goroutines still wait on them.",
	[CHECK_BUFFER] = "Goroutines wait on these channels for what is there already.",
};

const char *word_problems(enum check_kind kind)
{
	return sentences[kind];
}

/* ---- of one context ---- */

static void agreement(struct buf *out, const struct model *m, const struct ctx_issue *s)
{
	switch (s->part) {
	case PART_OWN_MAP:
		buf_lit(out, "parent's map holds it");
		break;
	case PART_MAP:
		buf_printf(out, "the map of 0x%" PRIx64 " holds it", m->ctxs.v[s->other].addr);
		break;
	case PART_AFTERFUNC:
		buf_lit(out, "the parent cancels it by AfterFunc");
		break;
	case PART_WATCHER:
		buf_lit(out, "a goroutine passes the parent's cancellation on");
		break;
	default:
		buf_str(out, s->done == CTX_DONE_NONE	? "err nil and no done channel yet agree"
			     : s->done == CTX_DONE_OPEN ? "err nil and done open agree"
							: "err set and done closed agree");
	}
}

static const char *unread(const struct ctx_issue *s)
{
	if (s->part == PART_DONE)
		return "its done channel or its err cannot be read";
	if (s->part == PART_CHILDREN)
		return s->n ? "its children map can be read in part only"
			    : "its children map cannot be read";
	return "part of it could not be read";
}

/* What excuses it. */
static const char *excuse(const struct ctx_issue *s)
{
	if (!s->changing)
		return "";
	switch (s->problem) {
	case PROBLEM_STALE:
	case PROBLEM_SPARED:
	case PROBLEM_DEAF:
	case PROBLEM_KEPT_MAP:
		return " (caught while it was being cancelled)";
	case PROBLEM_COUNT:
		return " (caught while it was being written)";
	case PROBLEM_MISSING:
	case PROBLEM_DONE_OPEN:
	case PROBLEM_DONE_CLOSED:
		return " (its lock was held)";
	default:
		return "";
	}
}

void word_issue(struct buf *out, const struct model *m, const struct ctx_issue *s)
{
	uint64_t other = s->other < m->ctxs.n ? m->ctxs.v[s->other].addr : 0;

	switch (s->problem) {
	case PROBLEM_NONE:
		agreement(out, m, s);
		break;
	case PROBLEM_LOOP:
		buf_lit(out, "its parents form a loop");
		break;
	case PROBLEM_WILD_PARENT:
		buf_lit(out, "its parent word leads to no context");
		break;
	case PROBLEM_STRANGER:
		if (s->other == CTX_NONE)
			buf_lit(out, "a children map holds it that is not that of its parents");
		else
			buf_printf(out,
				   "the map of 0x%" PRIx64
				   " holds it, but its parents do not lead there",
				   other);
		break;
	case PROBLEM_MISSING:
		buf_printf(out, "the map of 0x%" PRIx64 " above it does not hold it", other);
		break;
	case PROBLEM_SPARED:
	case PROBLEM_DEAF:
		buf_printf(out, "0x%" PRIx64 " above it is cancelled, this one is not", other);
		break;
	case PROBLEM_STALE:
		buf_printf(out, "cancelled, and the map of 0x%" PRIx64 " still holds it", other);
		break;
	case PROBLEM_DONE_OPEN:
		buf_str(out, s->done == CTX_DONE_NONE ? "err is set, and done is not made"
						      : "err is set, and done is open");
		break;
	case PROBLEM_DONE_CLOSED:
		buf_lit(out, "err is nil, and done is closed");
		break;
	case PROBLEM_RECEIVERS:
		buf_printf(out, "done is closed, and %" PRIu64 " receivers are still parked on it",
			   s->n);
		break;
	case PROBLEM_KEPT_MAP:
		buf_lit(out, "cancelled, and its children map is still there");
		break;
	case PROBLEM_COUNT:
		buf_printf(out,
			   "its children map counts %" PRIu64 ", and %" PRIu64
			   " entries were found",
			   s->n, s->m);
		break;
	case PROBLEM_WILD_CHILD:
		buf_printf(out,
			   "%" PRIu64 " entries of its children map are no contexts that are alive",
			   s->n);
		break;
	default:
		buf_str(out, unread(s));
	}
	buf_str(out, excuse(s));
}

/* ---- of a channel or goroutine ---- */

static void of_queue(struct buf *out, const struct model *m, const struct problem *p)
{
	uint64_t goid = p->task < m->tasks.list.n ? m->tasks.list.v[p->task].goid : 0;

	switch (p->kind) {
	case CHECK_LOST:
		buf_printf(out,
			   "goroutine %" PRIu64 " is parked on channel 0x%" PRIx64
			   ", and on no queue of it",
			   goid, p->channel);
		break;
	case CHECK_QUEUED:
		if (p->task == TASK_NONE)
			buf_printf(out,
				   "a queue of channel 0x%" PRIx64
				   " holds an entry of no goroutine",
				   p->channel);
		else
			buf_printf(out,
				   "goroutine %" PRIu64 " is on a queue of channel 0x%" PRIx64
				   ", and does not wait there",
				   goid, p->channel);
		break;
	case CHECK_LINKS:
		buf_printf(out, "a queue of channel 0x%" PRIx64 " is not linked as it must be",
			   p->channel);
		break;
	case CHECK_WAITS:
		buf_printf(out, "goroutine %" PRIu64 ": its list of waits makes no sense", goid);
		break;
	case CHECK_CLOSED:
		buf_printf(out,
			   "channel 0x%" PRIx64 " is closed, and %" PRIu64
			   " goroutines still wait on it",
			   p->channel, p->n);
		break;
	default:
		if (p->senders)
			buf_printf(out,
				   "channel 0x%" PRIx64 " has room for %" PRIu64
				   " more elements, and %" PRIu64 " senders wait",
				   p->channel, p->m, p->n);
		else
			buf_printf(out,
				   "channel 0x%" PRIx64 " has %" PRIu64 " elements, and %" PRIu64
				   " receivers wait",
				   p->channel, p->m, p->n);
	}
}

void word_problem(struct buf *out, const struct model *m, const struct problem *p)
{
	if (p->issue.context >= m->ctxs.n) {
		of_queue(out, m, p);
		return;
	}
	const char *label = ctx_label(m, p->issue.context);
	buf_hex(out, m->ctxs.v[p->issue.context].addr);
	buf_char(out, ' ');
	text_safe(out, label, strlen(label));
	buf_lit(out, ": ");
	word_issue(out, m, &p->issue);
}
