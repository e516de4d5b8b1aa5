/**
 * @file  Findings: what `leaks` and `check` say, before it is laid out.
 *
 * A rule makes one with finding_new(), fills in the numbers and indices, says it in words with the functions below, and signs it.
 * Knows nothing of lines, columns or JSON (report/findings.h).
 */
#ifndef GOCTX_ANALYSIS_FINDING_H
#define GOCTX_ANALYSIS_FINDING_H

#include "base/buf.h"
#include "base/text.h"
#include "context/model.h"

/** Names are those of the interface contract (finding_rule_name()). */
enum finding_rule {
	RULE_LOST_CANCEL, RULE_STUCK_TASK, RULE_UNCANCELLABLE_WAIT, RULE_ACCUMULATION, RULE_IGNORES_CANCEL, RULE_DETACHED, RULE_WATCHER, RULE_AFTERFUNC,
	RULE_EXPIRED_RETAINED, RULE_VALUE_CHAIN, RULE_RETAINED_CONTEXT, RULE_TASK_PILEUP, RULE_SUBTREE_COST, RULE_LEAKS_END,
	/* of check */
	RULE_CHILDREN_MAP = RULE_LEAKS_END, RULE_PARENT_CHAIN, RULE_DONE_STATE, RULE_WAIT_QUEUE, RULE_TORN, RULES
};

/**
 * CERTAIN   proven from reachability; needs reach.complete
 * LIKELY    the rule's whole pattern is there, with numbers; no proof
 * POSSIBLE  part of the pattern; healthy programs can look like that
 * INFO      worth knowing, nothing is wrong
 */
enum confidence { CONF_INFO, CONF_POSSIBLE, CONF_LIKELY, CONF_CERTAIN, CONFS };

#define FINDING_SHOWN 100 /* addresses and goids of one finding that are told when --limit 0 is not given */

/** One finding; strings are malloc'ed and owned by it, texts already safe for a terminal. */
struct finding {
	uint8_t rule, confidence;
	uint32_t also;	      /* set of rules (1u << rule) that say the same of the same objects, and are therefore not told alone */
	const char *unit;     /* what count counts: "context", "task", "entry"; static */
	uint64_t count;	      /* contexts or goroutines it is about */
	uint64_t tasks;	      /* goroutines that hang on it; equal to count, or 0, when the unit is "task" */
	uint64_t bytes;	      /* what they cost: stacks, contexts and what only they are known to hold; 0 not known */
	uint32_t context;     /* CTX_NONE; the one to ask about next (accumulation point, lost context, …) */
	char signature[17];   /* hex; equal across cores of the same program: made of names only, never of addresses or counts */
	char *summary;	      /* a sentence or two that a tired person understands; no line breaks */
	VEC(uint32_t) contexts, goroutines; /* indices into m->ctxs and m->tasks.list, all of them */
	VEC(char *) evidence; /* "label\ttext": "like\tBackground.WithCancel …", "tasks\t…", "made by\t…"; items with " · " between them */
	VEC(char *) next;     /* "goctx show 0x…", most useful first: each works when it is pasted */
};

struct findings {
	VEC(struct finding) list;
	VEC(char *) quiet;   /* "3 net/http accept loops": known and left out */
	bool healthy_unknown; /* something kept us from looking: no finding is no clean bill */
};

/** A new one at the end of the list; the pointer holds until the next call. */
struct finding *finding_new(struct findings *fs, enum finding_rule rule, enum confidence confidence, const char *unit);

/** Set the sentence. */
void finding_say(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Add a line of evidence under a label ("like", "tasks", "held by"); the text must be safe for a terminal. */
void finding_evidence(struct finding *f, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Add a command to run next, "goctx " included; one that is there already is not added again. */
void finding_next(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Make the signature from the rule's name and the words given; the last argument is NULL.  Words are names of types, functions and
 * kinds: nothing that differs between two runs of a program.
 */
void finding_sign(struct finding *f, ...) __attribute__((sentinel));

/** Same, from words that are hashed already (signature.h). */
void finding_sign_hash(struct finding *f, uint64_t hash);

/** Worst first: confidence, then bytes, then count, then rule; equal ones stay as they are. */
void findings_sort(struct findings *fs);

void findings_free(struct findings *fs);

/** "lost-cancel"; "likely".  NULL beyond the last. */
const char *finding_rule_name(unsigned rule);
const char *confidence_name(unsigned confidence);

/** All rules of `check`: integrity of contexts, children maps and wait queues; torn snapshots are told from damage.  No marking. */
struct err *check_find(struct model *m, struct findings *ret);

#endif
