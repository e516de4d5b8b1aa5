/**
 * @file  `leaks`: rules over one marking (reach.h) that say what leaked, why it is believed, and what to look at next.
 *
 *     reach  ──▶  facts (per context and goroutine, one pass each)  ──▶  rules, one file each  ──▶  findings, sorted
 *
 * The rules run in the order of rules.h.  If an earlier finding already covers a rule's objects, the rule adds itself
 * to that finding (leak_told_also(), finding.also) instead of making one of its own: the same mistake is one suspect.
 * The exception are goroutines that can never run again: they are always told by stuck-task, which points to the finding it belongs to.
 */
#ifndef GOCTX_ANALYSIS_LEAKS_H
#define GOCTX_ANALYSIS_LEAKS_H

#include "analysis/finding.h"
#include "analysis/forest.h"
#include "analysis/reach.h"
#include "analysis/steps.h"

/**
 * All rules of `leaks` over one marking.
 * Cost: linear in contexts, goroutines and the words of their stacks, and a few searches for paths (path.h).
 * @return NULL, ERR_CANCELED
 */
struct err *leaks_find(struct model *m, struct reach *r, struct findings *ret);

/* ------------------------------------------------------------------ inside: what the rules share */

enum {
	LEAK_DEADLINE_ABOVE = 1, /* an active timer context above it, with nothing between that would stop its cancelling */
	LEAK_FOREIGN_ABOVE = 2,  /* it hangs on a custom context with a Done of its own: how that ends we cannot see */
	LEAK_LOST = 4,		 /* active, nobody is left to call a CancelFunc of its own, no deadline of its own or above */
	LEAK_FUNC_LIVE = 8,	 /* what can run reaches a CancelFunc or stop function of its own */
	LEAK_FUNC_HELD = 16,	 /* only goroutines that never run again do, but there is no proof of that */
	LEAK_ON_STACK = 32,	 /* some goroutine's stack refers to it or to its CancelFunc */
	LEAK_FUNC_STUCK = 128,	 /* … which is proven (reach_unused()) */
	LEAK_NEAR_STACK = 64,	 /* … to an object that does (leak_near_stack()) */
};

enum {
	LEAK_TASK_ENDED = 1, /* its stack refers to a context that is cancelled or expired */
	LEAK_TASK_ROOT = 2,  /* … to an active context right below Background, TODO or WithoutCancel, or its CancelFunc */
};

/** One context; 48 bytes. */
struct leak_ctx {
	uint64_t chain;	 /* kinds and key types from the root down, repetitions folded: what a person calls the same */
	uint64_t cost;	 /* bytes of its subtree: contexts, their values, goroutines that wait on them (g and stack) */
	uint32_t under;	 /* nearest ancestor with a Done of its own, else the root (Background, TODO, WithoutCancel); CTX_NONE for roots */
	uint32_t told;	 /* index + 1 of the finding that tells of it, its own or an ancestor's; 0: none */
	uint16_t flags;	 /* LEAK_* */
	uint32_t holder;  /* a goroutine whose stack refers to it, UINT32_MAX */
	uint32_t holders; /* goroutines whose stacks do */
};

struct leaks {
	struct model *m;
	struct reach *r;
	struct findings *out;
	struct leak_ctx *ctx;	/* by context */
	uint32_t *order;	/* contexts, parents before children */
	uint32_t *task_bytes;	/* by task: g and stack */
	uint8_t *task_flags;	/* by task: LEAK_TASK_* */
	uint32_t *task_told;	/* by task: index + 1 of the finding that tells of it; 0: none */
	struct forest *forest;	/* why objects are alive; NULL before the first question */
	bool no_forest;		/* it could not be had */
	bool near_stack;	/* LEAK_NEAR_STACK is set where it is true */
	struct u64map closures; /* CancelFunc -> context */
	bool proof;		/* reach is complete: what it did not reach is not reachable */
	bool no_func_proof;	/* and a missing CancelFunc is none: no profile-guided build, all spans searched */
	enum gap why_not;	/* what keeps findings from being certain */
};

/* context_facts.c */
struct err *leak_facts(struct leaks *l);
void leak_facts_free(struct leaks *l);

/* stack_refs.c: which contexts and CancelFuncs goroutines' stacks refer to */
struct err *leak_on_stack(struct leaks *l);

/** Set LEAK_NEAR_STACK, at the first call: live stack words, and the words of the small objects they lead to.  0.1 us a frame. */
void leak_near_stack(struct leaks *l);

/** An active context right below Background, TODO or WithoutCancel, values between them not counted? */
bool leak_is_root(const struct leaks *l, uint32_t i);

/** One goroutine's live stack refers to a context, or to a CancelFunc of it. */
struct stack_hold {
	uint32_t task, context;
	uint32_t frame; /* of the frame that holds it (index into rt->frames), FRAME_NONE */
	bool func;	/* its CancelFunc, not the context */
};
/** @return false to stop */
typedef bool stack_hold_fn(void *arg, const struct stack_hold *h);
/** Visit what the live words of @p task refer to (livestack.h); a context that is met in several slots comes several times. */
void leak_holds(struct leaks *l, uint32_t task, stack_hold_fn *fn, void *arg);

/* cost.c */
uint64_t cost_of_context(struct model *m, uint32_t i, struct u64map *values); /* itself and its value, once */
uint32_t cost_of_task(struct model *m, const struct task *t);

/* exempt.c: known to wait all their life */
/** "net/http accept loop" and the like; NULL: not known to be idle for good reason. */
const char *exempt_task(const struct model *m, const struct task *t);
/** Is the context one that a library makes, holds and ends by itself (connections of net/http)?  By its type and its parent's type or key. */
bool exempt_context(struct model *m, uint32_t i);

/*
 * covered.c: which finding is about which context and goroutine
 */
/** The finding that is about the context already, or one above info that is about an ancestor: it is given the rule as `also`.  NULL: none is */
struct finding *leak_told_also(struct leaks *l, uint32_t context, enum finding_rule also);
/** Is a finding above info about the context, or about an ancestor of it? */
bool leak_covered(const struct leaks *l, uint32_t context);
void leak_tell_context(struct leaks *l, struct finding *f, uint32_t context);
void leak_tell_task(struct leaks *l, struct finding *f, uint32_t task);

/*
 * common_evidence.c: evidence that most findings have
 */
/** EV_PLACES: where goroutines (indices) stand, or who started them. */
void add_places(struct leaks *l, struct finding *f, enum place_role role, const uint32_t *tasks, size_t n);
/** EV_WAITING: state and ages. */
void add_waits(struct leaks *l, struct finding *f, const uint32_t *tasks, size_t n);
/** EV_DOUBT, where there is one. */
void add_doubt(struct leaks *l, struct finding *f);
/** EV_LIKE: the first one. */
void add_like(struct finding *f, uint32_t context);

/*
 * hanging.c: what contexts hang on, so that numbers agree with those of the tree
 */
/** Contexts that end with the same one. */
struct hangs {
	uint32_t under;	 /* the one they end with (leak_ctx.under) */
	uint32_t common; /* the lowest that all of them are made on: `under`, or a value or custom context between; CTX_NONE before the first */
	uint32_t count, made, ends; /* all; made on `common`; made on `under` or in its children map */
};
/** Add one whose leak_ctx.under is h->under.  Linear in the levels between. */
void hangs_add(const struct leaks *l, struct hangs *h, uint32_t context);
/** Are all of them what the tree calls children of `common`?  Else some hang below others there. */
bool hangs_children(const struct hangs *h);
/** EV_BELOW: how the finding's contexts are spread over those they hang on. */
void add_hanging(struct leaks *l, struct finding *f);

/*
 * holder.c: why one object is alive
 */
struct leak_holder {
	struct steps path;  /* .list.n is 0: not known, or nothing reaches it */
	enum keeper keeper; /* what on the path keeps things */
	bool library;	    /* the one that refers to it is of package net/http, testing or of the runtime, or a finalizer whose object something else
			       keeps, or that is about to go: theirs to let go */
};
/** The first question costs a search of the heap.  @return false: not known, or nothing reaches it; there is nothing to free then */
bool leak_holder(struct leaks *l, taddr addr, struct leak_holder *ret);
void leak_holder_free(struct leak_holder *h);
/**
 * EV_HOLDER: the same as evidence; the finding owns the path.
 * @param look_ret  NULL, or a copy to look at as long as the finding lives, not to be freed
 * @return false, nothing added
 */
bool add_holder(struct leaks *l, struct finding *f, taddr addr, struct leak_holder *look_ret);
/** Why objects are alive, NULL: the heap could not be searched. */
struct forest *leak_forest(struct leaks *l);

#endif
