/**
 * @file  The rules of `leaks` and `check`.  One line here registers a rule.
 *
 * Made from these lists: enum finding_rule, the functions' declarations and the order in which they
 * run, the names in text and JSON, and the lists of rules in the help of `leaks` and `check`, here
 * and in GDB.  tests/test_layers.py fails where the README leaves a rule out.
 *
 *	RUN(ID, id, name, question)    RULE_ID; rule_id() in rule_id.c finds it
 *	WITH(ID, name, question)       RULE_ID; found by the function of the line above it
 *
 * The rules of `leaks` run from top to bottom, causes before their effects: what an earlier finding
 * covers, a later rule does not report again (leaks.h).  Of two findings that weigh the same, the
 * one whose rule stands first is listed first.
 */
#ifndef GOCTX_ANALYSIS_RULES_H
#define GOCTX_ANALYSIS_RULES_H

// clang-format off
#define LEAKS_RULES(RUN, WITH) \
	RUN(LOST_CANCEL, lost_cancel, "lost-cancel", "which contexts can nobody cancel any more?") \
	RUN(WATCHER, watcher, "watcher", "which parents of the program's own types cost a goroutine a child?") \
	RUN(STUCK_TASK, stuck_task, "stuck-task", "which goroutines can never run again?") \
	RUN(UNCANCELLABLE_WAIT, uncancellable_wait, "uncancellable-wait", "which goroutines wait for a context that nobody can cancel?") \
	RUN(WAIT_CHAIN, wait_chain, "wait-chain", "which goroutines hang on what somebody holds who does not go on?") \
	RUN(DETACHED, detached, "detached", "which goroutines made a context that does not end with theirs?") \
	RUN(IGNORES_CANCEL, ignores_cancel, "ignores-cancel", "which goroutines go on waiting although their context has ended?") \
	RUN(ONLY_ITSELF, only_itself, "only-itself", "which goroutines could nobody but themselves end?") \
	WITH(UNCLOSED, "unclosed", "which response bodies, rows and the like can nobody close any more?") \
	RUN(UNTIL_EXIT, until_exit, "until-exit", "which goroutines become more, and end with the program alone?") \
	RUN(NOBODY_LOOKS, nobody_looks, "nobody-looks", "of which contexts is nothing left but their CancelFuncs?") \
	RUN(ACCUMULATION, accumulation, "accumulation", "on which contexts do children pile up?") \
	RUN(AFTERFUNC, afterfunc, "afterfunc", "which functions of context.AfterFunc pile up?") \
	RUN(VALUE_CHAIN, value_chain, "value-chain", "where is WithValue called upon WithValue?") \
	RUN(CONTEXT_CHAIN, context_chain, "context-chain", "where is each context made on the one before?") \
	RUN(RETAINED_CONTEXT, retained_context, "retained-context", "what keeps contexts that have ended?") \
	WITH(EXPIRED_RETAINED, "expired-retained", "which expired contexts does a goroutine keep?") \
	RUN(TASK_PILEUP, task_pileup, "task-pileup", "to which channels do goroutines send that nobody receives from?") \
	RUN(SUBTREE_COST, subtree_cost, "subtree-cost", "which context and what hangs on it takes most memory?")

/* All of them are found by check_find(). */
#define CHECK_RULES(WITH) \
	WITH(CHILDREN_MAP, "children-map", "do children maps hold exactly the contexts that belong there?") \
	WITH(PARENT_CHAIN, "parent-chain", "do parents lead from each context to a root that knows of it?") \
	WITH(DONE_STATE, "done-state", "do a context's err and its done channel agree?") \
	WITH(WAIT_QUEUE, "wait-queue", "are channels' queues whole, and are those in them waiting?") \
	WITH(TORN, "torn", "what was caught in the middle of a change, and is no damage?")
// clang-format on

/** Names are those of the interface contract (finding_rule_name()). */
enum finding_rule {
#define RUN(ID, id, name, question) RULE_##ID,
#define WITH(ID, name, question) RULE_##ID,
	LEAKS_RULES(RUN, WITH) RULE_LEAKS_END,
	RULE_LEAKS_LAST = RULE_LEAKS_END - 1, // so that those of `check` go on from there
	CHECK_RULES(WITH) RULES
#undef RUN
#undef WITH
};

struct leaks;

/** @return NULL or ERR_CANCELED */
typedef struct err *leak_rule(struct leaks *l);

#define RUN(ID, id, name, question) leak_rule rule_##id;
#define WITH(ID, name, question)
LEAKS_RULES(RUN, WITH)
#undef RUN
#undef WITH

/** "lost-cancel"; "which contexts can nobody cancel any more?".  NULL beyond the last. */
const char *finding_rule_name(unsigned rule);
const char *finding_rule_question(unsigned rule);

#endif
