/**
 * @file  Who can end a goroutine's wait: of goroutines that are held out of the first marking
 * (reach.h: struct reach_others), case by case.
 *
 * A case of a select, or a channel operation, is
 *
 *     by itself     a timer's channel: what it does then it does for itself
 *     the program   a context that ends with the program alone, or a channel of struct{} that ten
 *                   or more of them wait to be closed
 *     its own       a channel that nobody but itself reaches, or a context with a CancelFunc that
 *                   nobody but itself reaches, and above it likewise
 *     others'       all else: then the goroutine is not alone
 *
 * One that sleeps (time.Sleep) has no channel.  What it looks at when it wakes up is taken to be
 * what its stack leads to at once: its own when nobody else reaches any of it, and there is no
 * CancelFunc among it.
 *
 * "Itself" is the goroutine and its mates: goroutines that reach the same, of which there are about
 * as many (a session's reader and writer), and which are alone in the same way.  One that timers
 * wake and that has no case of its own is nobody's mate, and neither is one that sleeps: it may be
 * at work for the others.  A CancelFunc on the goroutine's own stack (deferred there) was never
 * meant for anybody else, and makes no case its own.
 *
 * Who reaches what: a search from the stack of each such goroutine through what nobody else
 * reaches; each object has the set of the four goroutines that reach it, or "more".  Contexts are
 * passed upwards only: to have a context is not to be able to cancel it.
 *
 * Cost: none where nothing was held out.  Else linear in what only such goroutines reach (each
 * object is read five times at most), 4 bytes a slot of the heap, touched only there, and a walk of
 * their stacks.
 */
#ifndef GOCTX_ANALYSIS_ALONE_H
#define GOCTX_ANALYSIS_ALONE_H

#include "analysis/reach.h"

enum alone_how {
	ALONE_NOT,
	ALONE_ITSELF,  /* at least one case is its own, none is others' */
	ALONE_PROGRAM, /* only the end of the program ends it */
};

/** Cases that a goroutine has, a set. */
enum {
	CASE_TIMER = 1,
	CASE_PROGRAM = 2,
	CASE_OWN_CONTEXT = 4,
	CASE_OWN_CHANNEL = 8,
	CASE_OWN_OBJECT = 16, /* of one that sleeps: what it looks at when it wakes up */
	CASE_OWN = CASE_OWN_CONTEXT | CASE_OWN_CHANNEL | CASE_OWN_OBJECT
};

struct alone {
	uint8_t *how;	/* by task, enum alone_how; NULL: nobody is */
	uint8_t *cases; /* by task */
	uint32_t *mate; /* by task: a goroutine of another kind that is alone with it, TASK_NONE */
};

/** @return NULL, ERR_CANCELED */
struct err *alone_find(const struct model *m, const struct reach *r, struct alone *ret);
void alone_free(struct alone *a);

#endif
