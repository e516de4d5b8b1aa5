/*
 * The sentence of each rule.
 */
#include <inttypes.h>

#include "report/finding_alone.h"
#include "report/finding_ended.h"
#include "report/finding_words.h"
#include "report/path.h"
#include "report/problem.h"
#include "report/wait_words.h"
#include "report/words.h"

static void sum_lost(struct buf *out, const struct report *r, const struct finding *f)
{
	static const char *const ends[] = {
		[LOST_END_NEVER] = "Nothing ends them.",
		[LOST_END_STUCK] = "Nobody can cancel that one either: they stay.",
		[LOST_END_PARENT] = "They live until that one is cancelled.",
		[LOST_END_USERS] = "They last as long as what uses them.",
	};
	bool one = f->count == 1, stuck = f->claim.lost.stuck;

	buf_str(out, one ? "A context made" : "Contexts made");
	if (f->claim.lost.under != CTX_NONE) {
		buf_lit(out, " under ");
		word_ctx(out, r->m, f->claim.lost.under);
	}
	if (one) {
		buf_printf(out, " has no %s and no deadline: it ends when what it hangs on does.",
			   stuck ? "CancelFunc but those of goroutines that can never run again,"
				 : "CancelFunc any more");
		return;
	}
	buf_printf(out, " are never cancelled: %s, and they have no deadline. %s",
		   stuck ? "only goroutines that can never run again hold their CancelFuncs"
			 : "no CancelFunc of theirs exists any more",
		   ends[f->claim.lost.end]);
}

static void sum_pile(struct buf *out, const struct report *r, const struct finding *f)
{
	static const char *const why[] = {
		[PILE_DEFERRED] = ": their CancelFuncs wait in deferred calls of a function that "
				  "does not return.",
		[PILE_TIMED] = ": no CancelFunc of theirs exists any more, and their deadlines are "
			       "far away.",
		[PILE_IDLE] =
			": somebody could cancel them, but no goroutine is at work with them.",
		[PILE_HOOKED] = ": deadlines end them, and a function that AfterFunc has "
				"registered does the work then.",
		[PILE_USED] = ", and goroutines are at work with them.",
		[PILE_WAITED] = ", and goroutines wait for their end.",
		[PILE_KEPT] = ": no goroutine is at work with them, but what keeps them has them "
			      "at hand.",
	};
	bool several = f->claim.pile.piles > 1;

	if (several)
		text_plural(out, f->claim.pile.piles, "context");
	else
		word_ctx(out, r->m, f->claim.pile.on);
	buf_printf(out, " %s equal %s that are active%s",
		   several				? "have many"
		   : f->claim.pile.why == PILE_DEFERRED ? "piles up"
							: "has many",
		   several || f->claim.pile.children ? "children" : "contexts below it",
		   why[f->claim.pile.why]);
}

static void sum_detached(struct buf *out, const struct report *r, const struct finding *f)
{
	buf_lit(out, "Contexts made from ");
	word_ctx(out, r->m, f->claim.detached.from);
	buf_lit(out,
		" by goroutines that work under another context: when that one ends, they do not.");
	if (f->claim.detached.ended)
		buf_lit(out, " It has ended.");
}

static void sum_watcher(struct buf *out, const struct report *r, const struct finding *f)
{
	const char *type = r->m->types.v[r->m->ctxs.v[f->claim.watcher.parent].type].name;

	buf_lit(out, "Contexts made on a ");
	if (type)
		text_safe(out, type, strlen(type));
	buf_lit(out, " each cost a goroutine that watches it.");
	if (f->claim.watcher.ended)
		buf_lit(out, " What it is made on has ended, its own Done has not: neither the "
			     "watchers nor the children end.");
	else if (f->confidence > CONF_INFO)
		buf_lit(out, " Nobody cancels the children.");
}

static void sum_afterfunc(struct buf *out, const struct report *r, const struct finding *f)
{
	size_t at = out->n;

	finding_called(out, r, f->context);
	if (out->n == at)
		buf_lit(out, "A function");
	buf_lit(out, " is registered many times to be called when a context ends");
	buf_str(out,
		f->confidence == CONF_LIKELY ? "; the context does not end, and the stop functions "
					       "that AfterFunc returned are gone."
		: f->confidence == CONF_POSSIBLE
			? "; the context does not end, and no goroutine is about to take them back."
			: ".");
}

static void sum_chain(struct buf *out, const struct finding *f)
{
	buf_lit(out, "A chain of ");
	text_count(out, f->count);
	if (f->claim.chain.of_calls)
		buf_lit(out, " values, as deep as the calls that made it: frames that still run "
			     "use its layers.");
	else
		buf_printf(
			out, " values, each a WithValue upon the one before%s",
			f->claim.chain.again
				? ": the same key is set again and again, and the old values stay."
				: ".");
}

/* "a map in global app.sessions", "task 12 main.main main.go:9". */
static void put_keeper(struct buf *out, const struct finding *f)
{
	static const char *const keepers[] = {
		[KEEPER_CLOSURE] = "a closure",	    [KEEPER_LIST] = "a list",
		[KEEPER_POOL] = "a sync.Pool",	    [KEEPER_MAP] = "a map",
		[KEEPER_FINALIZER] = "a finalizer", [KEEPER_VARIABLE] = NULL,
	};
	const struct steps *s = f->holder;

	if (keepers[f->keeper])
		buf_str(out, keepers[f->keeper]);
	if (!s || f->keeper == KEEPER_FINALIZER)
		return;
	if (f->claim.retained.several) {
		buf_str(out, keepers[f->keeper] ? " that several goroutines hold"
						: "several goroutines");
		buf_lit(out, ", ");
		path_root(out, s);
		buf_lit(out, " among them");
		return;
	}
	if (keepers[f->keeper])
		buf_lit(out, " in ");
	path_root(out, s);
	if (s->root != ROOT_GLOBAL)
		return;
	buf_char(out, ' ');
	path_variable(out, s);
}

static void sum_retained(struct buf *out, const struct finding *f)
{
	struct buf where = {0};

	put_keeper(&where, f);
	buf_printf(out, "Contexts that have %s are still kept%s%s, and with them what they hold.",
		   f->claim.retained.expired ? "expired" : "ended", where.n ? " by " : "",
		   buf_cstr(&where));
	buf_free(&where);
}

static void sum_cost(struct buf *out, const struct report *r, const struct finding *f)
{
	buf_lit(out, "The subtree of ");
	word_ctx(out, r->m, f->context);
	buf_lit(out, " costs most: at least ");
	text_size(out, f->bytes);
	buf_lit(out, " of stacks, contexts and values.");
}

static void sum_wait_chain(struct buf *out, const struct report *r, const struct finding *f)
{
	if (f->claim.wait_chain.cycle) {
		buf_lit(out, "A deadlock: goroutines wait for each other, and others for them.");
		return;
	}
	buf_printf(out,
		   "Goroutines wait for what goroutine %" PRIu64
		   " holds or has to do, and it does not go on: ",
		   r->m->tasks.list.v[f->claim.wait_chain.last].goid);
	word_task_state(out, r->m, &r->m->tasks.list.v[f->claim.wait_chain.last]);
	buf_lit(out, " in ");
	path_frame(out, r->m, r->m->tasks.list.v[f->claim.wait_chain.last].frame);
	buf_char(out, '.');
}

static void sum_nobody_looks(struct buf *out, const struct report *r, const struct finding *f)
{
	struct buf where = {0};

	buf_lit(out, "Of these contexts nothing is left but their CancelFuncs");
	put_keeper(&where, f);
	if (where.n) {
		buf_lit(out, ", kept by ");
		buf_bytes(out, where.p, where.n);
	}
	buf_lit(out, ": nobody looks at the contexts any more, and ");
	word_ctx(out, r->m, f->claim.forgotten.under);
	buf_lit(out, " keeps them until they are cancelled.");
	buf_free(&where);
}

void finding_summary(struct buf *out, const struct report *r, const struct finding *f)
{
	bool one = f->count == 1;

	switch (f->rule) {
	case RULE_LOST_CANCEL:
		sum_lost(out, r, f);
		break;
	case RULE_STUCK_TASK:
		words_stuck(out, r, f);
		break;
	case RULE_UNCANCELLABLE_WAIT:
		buf_str(out, one ? "A goroutine waits" : "Goroutines wait");
		if (finding_find(f, EV_NIL_DONE)) {
			buf_lit(out, " on a nil channel for the end of a context: it never tells.");
			break;
		}
		if (finding_find(f, EV_MAIN)) {
			buf_lit(out, " for a context that only the main goroutine would cancel.");
			break;
		}
		buf_lit(out, " for a context that nobody can cancel any more: no CancelFunc of it "
			     "or of those above is held by anything but goroutines "
			     "that wait likewise, and there is no deadline.");
		break;
	case RULE_ACCUMULATION:
		sum_pile(out, r, f);
		break;
	case RULE_IGNORES_CANCEL:
		word_ignoring(out, f);
		break;
	case RULE_DETACHED:
		sum_detached(out, r, f);
		break;
	case RULE_WATCHER:
		sum_watcher(out, r, f);
		break;
	case RULE_AFTERFUNC:
		sum_afterfunc(out, r, f);
		break;
	case RULE_VALUE_CHAIN:
		sum_chain(out, f);
		break;
	case RULE_CONTEXT_CHAIN:
		word_wrapping(out, f);
		break;
	case RULE_EXPIRED_RETAINED:
	case RULE_RETAINED_CONTEXT:
		sum_retained(out, f);
		break;
	case RULE_WAIT_CHAIN:
		sum_wait_chain(out, r, f);
		break;
	case RULE_TASK_PILEUP:
		buf_printf(out,
			   "Goroutines pile up sending to one channel that nobody receives from; "
			   "no context can end them%s",
			   f->claim.pileup.orphans ? ", and whoever started them has ended." : ".");
		break;
	case RULE_ONLY_ITSELF:
		words_only_itself(out, f);
		break;
	case RULE_UNCLOSED:
		words_unclosed(out, f);
		break;
	case RULE_UNTIL_EXIT:
		words_until_exit(out, f);
		break;
	case RULE_NOBODY_LOOKS:
		sum_nobody_looks(out, r, f);
		break;
	case RULE_SUBTREE_COST:
		sum_cost(out, r, f);
		break;
	case RULE_TORN:
		buf_lit(out, "Caught in the middle of a change: a lock was held, or a goroutine "
			     "was just cancelling, making or waking. "
			     "That is no damage.");
		break;
	default:
		buf_str(out, word_problems((enum check_kind)f->claim.problem));
	}
}
