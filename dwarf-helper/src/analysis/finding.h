/**
 * @file  Findings: what `leaks` and `check` say, before it is put into words.
 */
#ifndef GOCTX_ANALYSIS_FINDING_H
#define GOCTX_ANALYSIS_FINDING_H

#include "base/buf.h"
#include "analysis/reach.h"

/** Names are those of the interface contract (finding_rule_name()). */
enum finding_rule {
	RULE_LOST_CANCEL, RULE_STUCK_TASK, RULE_UNCANCELLABLE_WAIT, RULE_ACCUMULATION, RULE_IGNORES_CANCEL, RULE_DETACHED, RULE_WATCHER, RULE_AFTERFUNC,
	RULE_EXPIRED_RETAINED, RULE_VALUE_CHAIN, RULE_RETAINED_CONTEXT, RULE_SUBTREE_COST, RULE_LEAKS_END,
	/* of check */
	RULE_CHILDREN_MAP = RULE_LEAKS_END, RULE_PARENT_CHAIN, RULE_DONE_STATE, RULE_WAIT_QUEUE, RULE_TORN, RULES
};

/**
 * CERTAIN   proven from reachability; needs reach.complete
 * LIKELY    the rule's whole pattern is there, with numbers; no proof
 * POSSIBLE  part of the pattern; healthy programs can look like that
 * INFO      worth knowing, nothing is wrong
 */
enum confidence { CONF_INFO, CONF_POSSIBLE, CONF_LIKELY, CONF_CERTAIN };

#define FINDING_SHOWN 100 /* addresses and goids kept in a finding's lists when a limit is in force */

/** One finding; strings are malloc'ed and owned by it, texts already safe for a terminal. */
struct finding {
	uint8_t rule, confidence;
	uint64_t count;	      /* contexts or goroutines it is about */
	uint64_t tasks;	      /* goroutines that hang on it */
	uint64_t bytes;	      /* what they cost: stacks, contexts, heap that only they reach; 0 not known */
	uint32_t context;     /* CTX_NONE; the one to ask about next (accumulation point, lost context, …) */
	char signature[17];   /* hex; equal across cores of the same program: made of names only, never of addresses or counts */
	char *subject;	      /* what a person looks for first: "context.Background.WithCancel under app.(*Hub).Serve" */
	char *summary;	      /* a sentence or two that a tired person understands; no line breaks */
	VEC(uint32_t) contexts, tasks_list; /* indices, all of them */
	VEC(char *) evidence; /* "label\ttext": "like\tBackground.WithCancel …", "tasks\t…", "made by\t…", with addresses */
	VEC(char *) next;     /* "goctx show 0x…", most useful first */
};

struct findings {
	VEC(struct finding) list; /* sorted: confidence, then bytes, then count; stable */
	VEC(char *) quiet;	  /* "3 net/http accept loops": known and left out */
};

void findings_free(struct findings *f);
const char *finding_rule_name(uint8_t rule);
const char *confidence_name(uint8_t c);

/** All rules of `leaks` over one marking.  @return NULL, ERR_CANCELED */
struct err *leaks_find(struct model *m, struct reach *r, struct findings *ret);

/** All rules of `check`: integrity of contexts, children maps and wait queues; torn snapshots are told from damage.  No marking. */
struct err *check_find(struct model *m, struct findings *ret);

#endif
