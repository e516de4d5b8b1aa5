/**
 * @file  `leaks`: rules over one marking (reach.h) that say what leaked, why it is believed, and
 * what to look at next.
 *
 *     reach  ──▶  facts (per context and goroutine, one pass each)  ──▶  rules, one file each
 *            ──▶  findings, sorted
 *
 * The rules run in the order of rules.h.  If an earlier finding already covers a rule's objects,
 * the rule adds itself to that finding (leak_join_earlier(), finding.also) and makes none of its
 * own: one mistake is reported once.  The exception are goroutines that can never run again:
 * stuck-task always lists them, and names the finding that covers them.
 */
#ifndef GOCTX_ANALYSIS_LEAKS_H
#define GOCTX_ANALYSIS_LEAKS_H

#include "analysis/alone.h"
#include "analysis/finding.h"
#include "analysis/forest.h"
#include "analysis/made.h"
#include "analysis/reach.h"
#include "analysis/steps.h"

/**
 * All rules of `leaks` over one marking.
 * Cost: linear in contexts, goroutines and the words of their stacks, and a few searches for paths
 * (path.h).
 * @return NULL, ERR_CANCELED
 */
struct err *leaks_find(const struct model *m, struct reach *r, struct findings *ret);

/* ------------------------------------------------------------------ inside: what the rules
 * share */

enum {
	LEAK_DEADLINE_ABOVE = 1, /* an active timer context above it, with nothing between that
				    would stop its cancelling */
	LEAK_FOREIGN_ABOVE = 2,	 /* a custom context with a Done of its own lies above; how that one
				    ends is not known */
	LEAK_LOST = 4, /* active, nobody is left to call a CancelFunc of its own, no deadline of its
			  own or above */
	LEAK_FUNC_LIVE = 8, /* a goroutine that can run, or a variable, reaches its CancelFunc or
			       stop function */
	LEAK_FUNC_HELD =
		16, /* only goroutines that never run again reach it, but that is not proven */
	LEAK_ON_STACK = 32,    /* some goroutine's stack refers to it or to its CancelFunc */
	LEAK_FUNC_STUCK = 128, /* the same, proven (reach_unused()) */
	LEAK_FUNC_MAIN = 256,  /* the main goroutine holds one of its CancelFuncs, and blocks for
				  ever on purpose (leak_main_blocks()) */
	LEAK_NEAR_STACK = 64,  /* some goroutine's stack refers to a small object that refers to it
				  (leak_flag_near_stack()) */
};

enum {
	LEAK_TASK_ENDED = 1, /* its stack refers to a context that is cancelled or expired */
	LEAK_TASK_ROOT = 2, /* its stack refers to an active context right below Background, TODO or
			       WithoutCancel, or to its CancelFunc */
	LEAK_TASK_SERVED = 4, /* a goroutine at work would serve it, or holds what it waits for
				 (waitfor.h); set by wait-chain */
};

/** One context; 48 bytes. */
struct leak_ctx {
	uint64_t chain; /* hash of kinds and key types from the root down, repetitions folded: equal
			   for contexts made alike */
	uint64_t cost; /* bytes of its subtree: contexts, their values, goroutines that wait on them
			  (g and stack) */
	uint32_t under; /* nearest ancestor with a Done of its own, else the root (Background, TODO,
			   WithoutCancel); CTX_NONE for roots */
	uint32_t finding; /* index + 1 of the finding that covers it; 0: none */
	uint16_t flags;	  /* LEAK_* */
	uint32_t holder;  /* a goroutine whose stack refers to it, TASK_NONE */
	uint32_t holders; /* number of goroutines whose stacks refer to it */
};

struct leaks {
	const struct model *m;
	struct reach *r;
	struct findings *out;
	struct leak_ctx *ctx;	/* by context */
	uint32_t *order;	/* contexts, parents before children */
	uint32_t *task_bytes;	/* by task: g and stack */
	uint8_t *task_flags;	/* by task: LEAK_TASK_* */
	uint32_t *task_finding; /* by task: index + 1 of the finding that covers it; 0: none */
	struct forest *forest;	/* why objects are alive; NULL until a rule first needs it
				   (leak_forest()) */
	bool no_forest;		/* the search failed; it is not tried again */
	bool near_stack;	/* leak_flag_near_stack() has run */
	struct u64map closures; /* CancelFunc -> context */
	bool proof;		/* reach is complete: what it did not reach is unreachable */
	bool no_func_proof; /* and a CancelFunc that was not found does not exist: no profile-guided
			       build, all spans searched */
	struct alone alone; /* who could end goroutines' waits */
	struct spreads spreads;
	struct made made; /* what the heap profile knows */
	enum gap why_not; /* what keeps findings from being certain */
};

/* context_facts.c: fill ctx, order, task_*, closures and what is proven, for all rules */
struct err *leak_facts(struct leaks *l);
void leak_facts_free(struct leaks *l);

/* stack_refs.c: which contexts and CancelFuncs goroutines' stacks refer to */
/** Set LEAK_ON_STACK, LEAK_TASK_*, holder and holders.  One look at each word of all stacks. */
struct err *leak_flag_on_stack(struct leaks *l);

/** The context whose address a word is, or that of a CancelFunc of it (*func_ret); CTX_NONE. */
uint32_t leak_word(const struct leaks *l, uint64_t word, bool *func_ret);

/** The main goroutine in `select {}`: people write that for a daemon that ends by being killed
 * (runtime/mgc.go, findGoroutineLeaks, leaves it out, too). */
bool leak_main_blocks(const struct model *m, const struct task *t);

/** Would the main goroutine end what @p task waits for, did it not block on purpose
 * (LEAK_FUNC_MAIN)? */
bool leak_ends_with_main(const struct leaks *l, uint32_t task);

/** Set LEAK_NEAR_STACK of all contexts, from live stack words and the small objects they lead to.
 * Only the first call works: 0.1 us a frame. */
void leak_flag_near_stack(struct leaks *l);

/** An active context right below Background, TODO or WithoutCancel, values between them not
 * counted? */
bool leak_is_root(const struct leaks *l, uint32_t i);

/** One goroutine's live stack refers to a context, or to a CancelFunc of it. */
struct stack_hold {
	uint32_t task, context;
	uint32_t frame; /* the frame that holds it (index into rt->frames), FRAME_NONE */
	bool func;	/* its CancelFunc, not the context */
};
/** @return false to stop */
typedef bool stack_hold_fn(void *arg, const struct stack_hold *h);
/** Visit the contexts and CancelFuncs that live words of @p task's stack refer to (livestack.h),
 * once for each word. */
void leak_holds(struct leaks *l, uint32_t task, stack_hold_fn *fn, void *arg);

/* cost.c */
uint64_t cost_of_context(const struct model *m, uint32_t i,
			 struct u64map *values); /* itself and its value, once */
uint32_t cost_of_task(const struct model *m, const struct task *t);

/* exempt.c: goroutines and contexts that a library keeps idle on purpose */
/** What a library keeps the goroutine waiting for: "net/http accept loop".  NULL: it is none of
 * those known. */
const char *exempt_task(const struct model *m, const struct task *t);
/** Is the goroutine one of a library's server, and inside a handler of the program's now?  Its
 * request is not answered yet. */
bool exempt_serves(const struct model *m, const struct task *t);
/** Is the context one that a library makes, holds and ends by itself (connections of net/http)?  By
 * its type and its parent's type or key. */
bool exempt_context(const struct model *m, uint32_t i);
/** Does it hang on such a one, however far up?  Then the library ends it when the request is
 * answered, and what still holds it may be at work rightly. */
bool exempt_request(const struct model *m, uint32_t i);

/*
 * nil_done.c: waits on the Done of a context that is nil, though what the context is made of ends
 */
/** Is there any type whose Done may be such?  (gin's Context, unless engine.ContextWithFallback is
 * on.) */
bool leak_nil_dones(const struct leaks *l);
/**
 * The one that @p task waits for, CTX_NONE.  It holds it, and is in a receive from nil, or in a
 * select with a single channel: the compiler makes no select of a single case
 * (cmd/compile/internal/walk/select.go), so the others are nil (selectgo leaves those out).
 */
uint32_t leak_nil_done(struct leaks *l, uint32_t task);

/*
 * covered.c: which finding covers which context and goroutine
 */
/**
 * If an earlier finding covers the context, or one above info covers an ancestor, record this rule
 * in its `also` set.
 * @return that finding, NULL: there is none, and nothing was changed
 */
struct finding *leak_join_earlier(struct leaks *l, uint32_t context, enum finding_rule also);
/** True when a finding above info covers the context or an ancestor of it. */
bool leak_covered(const struct leaks *l, uint32_t context);
/** Append to finding.contexts or goroutines.  The first finding of an object covers it. */
void leak_add_context(struct leaks *l, struct finding *f, uint32_t context);
void leak_add_task(struct leaks *l, struct finding *f, uint32_t task);

/*
 * common_evidence.c: evidence that most findings have
 */
/** EV_PLACES: where goroutines (indices of tasks) stand, or which go statements started them. */
void add_places(struct leaks *l, struct finding *f, enum place_role role, const uint32_t *tasks,
		size_t n);
/** EV_WAITING: state and ages. */
void add_waits(struct leaks *l, struct finding *f, const uint32_t *tasks, size_t n);
/** EV_MADE: where the contexts were made that have a record of the heap profile. */
void add_made(struct leaks *l, struct finding *f, const uint32_t *site);
/** EV_SPREAD: how they are spread over the life of the program. */
void add_spread(struct leaks *l, struct finding *f, const uint32_t *tasks, size_t n);
/** EV_DOUBT, if something keeps findings from being certain. */
void add_doubt(struct leaks *l, struct finding *f);
/** EV_LIKE: the first of the contexts. */
void add_like(struct finding *f, uint32_t context);

/*
 * made_calls.c: where contexts were probably made
 */
/** EV_PROBABLY and locations of role PLACE_MADE for all findings about contexts that have none by
 * the heap profile.  Cost: that of
 * call_sites_find(), and some 0.1 ms a finding.  @return NULL, ERR_CANCELED */
struct err *leak_probably_made(struct leaks *l);

/*
 * hanging.c: counts contexts by what they hang on, as `tree` counts them
 */
/** A set of contexts that end when the same context ends. */
struct hangs {
	uint32_t under;	 /* that context (leak_ctx.under) */
	uint32_t common; /* the lowest that all of them are made on: `under`, or a value or custom
			    context between; CTX_NONE before the first */
	uint32_t count, made,
		ends; /* all; made on `common`; made on `under` or in its children map */
};
/** Add a context whose leak_ctx.under is h->under.  Linear in the levels between. */
void hangs_add(const struct leaks *l, struct hangs *h, uint32_t context);
/** True when `tree` shows all of them as children of `common`, false when some hang below other
 * children there. */
bool hangs_children(const struct hangs *h);
/** EV_BELOW: how the finding's contexts are spread over those they hang on. */
void add_hanging(struct leaks *l, struct finding *f);

/*
 * holder.c: what keeps one object alive
 */
struct leak_holder {
	struct steps path; /* from a root to the object; .list.n is 0 when nothing reaches it, or it
			      is not known */
	enum keeper keeper; /* the container on that path that keeps it */
	/* the library will let go of it by itself: an object of net/http, database/sql, testing or
	 * the runtime holds it, or a finalizer whose own object is kept by something else or is
	 * about to be collected */
	bool library;
};
/** The first call searches the whole heap.  @return false: nothing reaches it, or it is not known;
 * *ret then needs no freeing */
bool leak_holder(struct leaks *l, taddr addr, struct leak_holder *ret);
void leak_holder_free(struct leak_holder *h);
/**
 * Find the holder and add it as EV_HOLDER; the finding owns the path.
 * @param look_ret  NULL, or a copy to look at as long as the finding lives, not to be freed
 * @return false, nothing added
 */
bool add_holder(struct leaks *l, struct finding *f, taddr addr, struct leak_holder *look_ret);
/**
 * drop_timer.c: an armed timer whose function has captured what the path leads through: it takes
 * entries out of a container, as caches and lists of jobs do.  Cost: 0.1 us a timer.  @return the
 * timer, 0: none
 */
taddr leak_drop_timer(struct leaks *l, const struct steps *path);
/** Do the stacks of two goroutines or more have a word that leads into [@p addr, @p addr + @p
 * size)?  One pass over the stacks, until the second. */
bool leak_on_stacks(struct leaks *l, taddr addr, uint64_t size);
/** The search of the heap that all rules share, made at the first call.  NULL: the heap could not
 * be searched. */
struct forest *leak_forest(struct leaks *l);

#endif
