/**
 * @file  Findings: what `leaks` and `check` found, as data.  report/findings.h has the words, the
 * lines and the JSON.
 *
 * A rule makes one with finding_new(), fills in the numbers and indices, adds evidence, and signs
 * it.
 */
#ifndef GOCTX_ANALYSIS_FINDING_H
#define GOCTX_ANALYSIS_FINDING_H

#include "analysis/cancelable.h"
#include "analysis/likely.h"
#include "analysis/problem.h"
#include "analysis/rules.h"
#include "analysis/spread.h"
#include "analysis/steps.h"
#include "analysis/waitfor.h"
#include "context/model.h"

/**
 * CERTAIN   proven from reachability; needs reach.complete
 * LIKELY    the rule's whole pattern is there, with numbers; no proof
 * POSSIBLE  part of the pattern; healthy programs can look like that
 * INFO      worth knowing, nothing is wrong
 */
enum confidence { CONF_INFO, CONF_POSSIBLE, CONF_LIKELY, CONF_CERTAIN, CONFS };

/** What a finding counts. */
enum finding_unit { UNIT_CONTEXT, UNIT_TASK, UNIT_LAYER, UNIT_ENTRY, UNIT_CHANNEL, UNIT_CHANGE };

/** What a place in the program has to do with a finding. */
enum place_role {
	PLACE_WAITS,   /* its goroutines stand there */
	PLACE_STARTED, /* the go statements that started them */
	PLACE_HOLDS,   /* goroutines that hold it stand there */
	PLACE_CANCELS, /* the function whose deferred calls are to cancel its contexts */
	PLACE_MADE,    /* its contexts were made there */
	PLACE_ROLES
};

/** How a place is known. */
enum place_source {
	SOURCE_STACK,	/* goroutines' stacks, and the go statements that started them */
	SOURCE_PROFILE, /* records of the heap profile: proven for those that have one */
	SOURCE_CALL,	/* the code has a call there: a guess (likely.h) */
	SOURCES
};

struct location {
	uint8_t role;	/* enum place_role */
	uint8_t source; /* enum place_source */
	uint32_t frame; /* index into rt->frames, FRAME_NONE not known */
	uint32_t count; /* goroutines; of PLACE_MADE contexts; of SOURCE_CALL 0: not known */
};

/** The kind of container that keeps an object until the program removes it. */
enum keeper {
	KEEPER_NONE, /* only structs and slices are on the path */
	KEEPER_VARIABLE,
	KEEPER_CLOSURE,
	KEEPER_LIST,
	KEEPER_POOL,
	KEEPER_MAP,
	KEEPER_FINALIZER,
};

/** Contexts of a finding that hang on one context. */
struct hanging {
	uint32_t on; /* that context */
	uint32_t count;
	bool children; /* `tree` shows them as its children; false: further below */
};

/** Keys of one type in a chain of values. */
struct key_count {
	taddr type;
	uint32_t count; /* layers whose key has the type */
	uint32_t same;	/* of one key, at most */
};

enum evidence_kind {
	EV_LIKE,     /* context: one of them; flag: an example, not the first */
	EV_BELOW,    /* hanging */
	EV_PLACES,   /* role: the locations of that role */
	EV_WAITING,  /* state, NULL where they differ; oldest_ns and newest_ns of the finding */
	EV_HOLDER,   /* the finding's holder */
	EV_DEFERRED, /* task: whose deferred calls hold them; n: frame that deferred them (index
			into rt->frames) + 1, 0: where it stands */
	EV_IN_USE,   /* n are on stacks of goroutines, goroutines wait for m of them */
	EV_AMONG,    /* of n active children there; flag: those below values counted */
	EV_CALLS,    /* context: of AfterFunc, whose function does the work */
	EV_DEADLINE, /* ns until the first one's deadline */
	EV_BOUNDED, /* n by deadlines below them, the last in ns (0 not known), m by goroutines that
		       go on */
	EV_DOUBT,   /* gap: why it is not certain */
	EV_CHAIN,   /* chain: who waits for whom, n more chains like it */
	EV_CHANNEL, /* n: address; flag: the first of several */
	EV_CAUSE,   /* finding: signature and rule of the one it belongs to */
	EV_KEEPS,   /* n bytes of heap that only they keep; flag: they and other stuck goroutines */
	EV_TIMER,   /* n: a timer that is armed and drops them, ns until then, -1 not known; state:
		       the function that it calls, NULL */
	EV_NIL_DONE, /* context whose Done they wait for, and which is nil */
	EV_MAIN,     /* the main goroutine would cancel what they wait for, and blocks on purpose */
	EV_BEYOND, /* n goroutines' own values to send or deferred calls are all that leads to what
		      they wait on */
	EV_CONTEXTLESS, /* the goroutines know of no context */
	EV_OTHER,	/* context: the other one of the first goroutine, n have ended */
	EV_PARENT,	/* context has n, m on parents whose inner context has ended */
	EV_CHILD,	/* context; flag: the first of several */
	EV_HELD, /* context that a goroutine holds, role: enum held_by (held.h), n different ones;
		    ended ns ago, -1 not known; flag: the first of several */
	EV_LISTENED, /* of m that were looked at n have been listening to it */
	EV_INSIDE,   /* n: frame (index into rt->frames) of the standard library that the goroutines
			wait in */
	EV_KEYS,     /* keys, those set most often first */
	EV_TIP,	     /* context, n more chains like it */
	EV_STOP,     /* n can be taken back */
	EV_CASES,    /* n: set of CASE_…, what could end them (alone.h) */
	EV_SPREAD,   /* spread: how they came about */
	EV_MADE,     /* n of m contexts have a record of the heap profile: the locations of
			PLACE_MADE */
	EV_PROBABLY, /* likely: where they were probably made: the locations of PLACE_MADE */
	EV_PROBLEM,  /* problem */
	EV_MORE,     /* n more problems */
	EVIDENCES
};

/** One piece of evidence; which fields count depends on the kind. */
struct evidence {
	uint8_t kind, role, gap; /* gap: enum gap */
	bool flag;
	uint32_t context, task;
	uint64_t n, m;
	int64_t ns;
	const char
		*state; /* of goroutines, as the runtime calls it; lives as long as the runtime */
	struct {
		uint8_t rule;
		char signature[17];
	} finding;
	VEC(struct hanging) hanging;
	struct wait_steps chain;
	VEC(struct key_count) keys;
	struct problem problem;
	struct spread spread;
	struct likely likely;
};

/** What to look at next. */
enum next_command { NEXT_SHOW, NEXT_WHY, NEXT_CHILDREN, NEXT_TREE, NEXT_BT, NEXT_WAITS };

struct next {
	uint8_t command; /* enum next_command */
	uint64_t about;	 /* an address; of NEXT_BT a goid; of NEXT_WAITS nothing */
};

/** How lost contexts end although nobody cancels them. */
enum lost_end { LOST_END_NEVER, LOST_END_STUCK, LOST_END_PARENT, LOST_END_USERS };

/** Why children pile up. */
enum pile_why {
	PILE_DEFERRED,
	PILE_TIMED, /* no CancelFunc is left: only their far deadlines end them */
	PILE_IDLE,
	PILE_HOOKED,
	PILE_USED,
	PILE_WAITED,
	PILE_KEPT
};

/** What a stuck goroutine waits on. */
enum stuck_on { STUCK_ON_NOTHING, STUCK_ON_CONTEXT, STUCK_ON_OBJECT };

/** What is to be read to its end, closed, ended or waited for. */
enum unclosed {
	UNCLOSED_BODY,
	UNCLOSED_ROWS,
	UNCLOSED_TX,
	UNCLOSED_STREAM,
	UNCLOSED_CMD,
	UNCLOSED_SIGNALS
};

/** What a finding says beyond its rule and numbers: one member for each rule that needs one. */
union claim {
	struct {
		uint32_t under; /* the context that most of them hang on, CTX_NONE */
		uint8_t end;	/* enum lost_end */
		bool stuck;	/* goroutines that can never run again hold their CancelFuncs */
	} lost;
	struct {
		uint8_t on; /* enum stuck_on */
	} stuck;
	struct {
		uint32_t on;	/* context that the largest pile hangs on */
		uint32_t piles; /* number of contexts that have such a pile */
		bool children;	/* the contexts of the largest pile are its children */
		uint8_t why;	/* enum pile_why */
	} pile;
	struct {
		uint32_t from; /* Background, TODO, what WithoutCancel made */
		bool ended;    /* the other context has ended */
	} detached;
	struct {
		uint32_t parent;
		bool ended; /* the context that the parent is made on has ended */
	} watcher;
	struct {
		uint8_t by;    /* enum held_by */
		bool listened; /* most of them did, to the context that they hold */
	} ignores;
	struct {
		bool of_calls; /* the calls that made it are as deep and still run */
		bool again;    /* one key is set again and again */
	} chain;
	struct {
		bool deferred; /* one frame will cancel most layers */
		bool of_calls; /* as deep as the calls that made it */
	} wrap;
	struct {
		bool expired;
		bool several; /* the goroutine that the holder begins with is one of several */
	} retained;
	struct {
		bool orphans; /* who started them has ended */
	} pileup;
	struct {
		bool cycle;
		uint32_t last; /* goroutine that the others hang on */
	} wait_chain;
	struct {
		uint32_t under; /* context that they end with */
	} forgotten;
	struct {
		uint8_t what; /* enum unclosed, of the rule unclosed */
		bool mates;   /* several that hang together each time */
		bool asleep;  /* they sleep, and wait for nothing else */
	} alone;
	uint8_t problem; /* enum check_kind, of the rules of check but torn */
};

/* addresses and goids shown of one finding, unless --limit 0 is given */
#define FINDING_SHOWN 100

/** One finding; owns what it points to. */
struct finding {
	uint8_t rule, confidence, unit;
	uint32_t also; /* rules (bits 1u << rule) that found the same objects and made no finding of
			  their own */
	uint64_t count; /* contexts or goroutines it is about */
	uint64_t tasks; /* goroutines that hang on it; equal to count, or 0, when the unit is
			   UNIT_TASK */
	uint64_t bytes; /* what they cost: stacks, contexts and what only they are known to hold; 0
			   not known */
	int64_t oldest_ns, newest_ns; /* how long its goroutines wait; -1 not known */
	uint32_t context; /* CTX_NONE; the one to ask about next (accumulation point, lost context,
			     …) */
	char signature[17]; /* hex; equal across cores of the same program: made of names only,
			       never of addresses or counts */
	union claim claim;
	struct steps *holder; /* path from a root to one of its objects; NULL */
	uint8_t keeper;	      /* enum keeper: the container on that path */
	VEC(uint32_t) contexts,
		goroutines;		/* indices into m->ctxs and m->tasks.list, all of them */
	VEC(struct location) locations; /* those of one role together, most frequent first */
	VEC(struct evidence) evidence;
	VEC(struct next) next; /* most useful first */
};

/** Goroutines that a library keeps idle (exempt.c), which no finding lists. */
struct quiet {
	const char *what; /* "net/http accept loop"; static */
	uint32_t count;
};

/** Alike goroutines or contexts that no finding names; see crowds.h. */
struct crowd {
	bool contexts;		      /* members are contexts, else goroutines */
	VEC(uint32_t) members;	      /* indices into m->ctxs or m->tasks.list, in their order */
	uint32_t waited;	      /* of contexts: those that goroutines wait for */
	int64_t oldest_ns, newest_ns; /* of goroutines: how long they wait; -1 not known */
	uint64_t goid_low, goid_high; /* of goroutines */
	uint32_t ends[CANCELABLES];   /* by enum cancelable: of the contexts, or those that the
					 goroutines wait for */
};

struct findings {
	VEC(struct finding) list;
	VEC(struct quiet) quiet;
	VEC(struct crowd) crowds; /* largest first */
	bool healthy_unknown;	  /* part could not be examined, so that no finding does not mean
				     healthy */
};

/** A new one at the end of the list; the pointer holds until the next call. */
struct finding *finding_new(struct findings *fs, enum finding_rule rule, enum confidence confidence,
			    enum finding_unit unit);

/** Add evidence; the pointer holds until the next call. */
struct evidence *finding_evidence(struct finding *f, enum evidence_kind kind);

/** Its first evidence of that kind, NULL. */
const struct evidence *finding_find(const struct finding *f, enum evidence_kind kind);

/** Add a command to run next; one that is there already is not added again. */
void finding_next(struct finding *f, enum next_command command, uint64_t about);

/**
 * Make the signature from the rule's name and the words given; the last argument is NULL.  Words
 * are names of types, functions and kinds: nothing that differs between two runs of a program.
 */
void finding_sign(struct finding *f, ...) __attribute__((sentinel));

/** Same, from words that are hashed already (signature.h). */
void finding_sign_hash(struct finding *f, uint64_t hash);

/** Worst first: confidence, then bytes, then count, then rule; equal ones stay as they are. */
void findings_sort(struct findings *fs);

void findings_free(struct findings *fs);

/** "likely"; NULL beyond the last. */
const char *confidence_name(unsigned confidence);

/** All rules of `check`: integrity of contexts, children maps and wait queues; torn snapshots are
 * kept apart from damage.  No marking. */
struct err *check_find(const struct model *m, struct findings *ret);

#endif
