/**
 * @file  Where contexts were probably made: the calls in the code (context/sites.h) that lie where
 * the evidence points to.
 *
 * A context does not say who made it.  The functions that have to do with it are few, though: who
 * started the goroutines that wait for it, who holds it, whose closure has captured it.  Calls of
 * the right function of package context in these are candidates; when there is none, those in
 * functions next to them (one calls the other, or is inlined into it), then those in their
 * packages, then all of the program's own.  It stays a guess: who makes a context and hands it to
 * somebody of another package may leave no trace.
 */
#ifndef GOCTX_ANALYSIS_LIKELY_H
#define GOCTX_ANALYSIS_LIKELY_H

#include "context/sites.h"

/** What a function has to do with contexts; also, what makes a call a candidate: best first. */
enum clue_how {
	CLUE_DEFERS,   /* its deferred calls, or those of a frame of it, are to cancel them */
	CLUE_HOLDS,    /* its frames hold them or their CancelFuncs */
	CLUE_STARTED,  /* it started the goroutines that wait for them */
	CLUE_WAITS,    /* it waits for them */
	CLUE_CAPTURES, /* a closure of it keeps them */
	CLUE_AROUND,   /* such a function is a closure in it */
	CLUE_NEAR,     /* it calls such a function, is called by it, or is inlined into it */
	CLUE_PACKAGE,  /* it is of the package of such a function or type */
	CLUE_PROGRAM,  /* it is of the program's own packages */
	CLUES
};

struct clue {
	const char *func;
	size_t n; /* of its name: of a closure's maker the head of the closure's */
	uint8_t how;
};

/** What is known of contexts that are made alike.  Zero-initialise; clues_free(). */
struct clues {
	uint32_t kinds;	  /* bits 1u << maker_kind() */
	bool under_timer; /* one of them has a timer context above it */
	VEC(struct clue) list;
};

/** Add a function, once; beyond some dozens no more.  NULL is nothing. */
void clues_add(struct clues *c, enum clue_how how, const char *func);
/** The same of a frame, FRAME_NONE is nothing. */
void clues_add_frame(struct clues *c, const struct model *m, enum clue_how how, uint32_t frame);
/** A type, "*app/stream.Conn": its package. */
void clues_add_type(struct clues *c, const char *name);
/** Add a context itself: its kind, what lies above it, the type of its key. */
void clues_add_context(struct clues *c, const struct model *m, uint32_t context);
void clues_free(struct clues *c);

#define LIKELY_MAX 3

/** Candidates. */
struct likely {
	uint32_t n;		   /* how many there are; more than LIKELY_MAX: none is listed */
	uint32_t site[LIKELY_MAX]; /* indices of call_sites.list, most likely first */
	uint8_t how;		   /* enum clue_how: why the first one is */
	bool only;		   /* the code has no other call of a right function at all */
	uint8_t maker;		   /* enum maker of all of them, MAKERS: they differ */
	const char
		*package; /* CLUE_PACKAGE: package_n bytes of a function's name that are its path */
	size_t package_n;
};

/** Cost: linear in sites and clues; next to functions, some 10 us a clue and some us a site. */
void likely_find(const struct model *m, const struct call_sites *sites, const struct clues *c,
		 struct likely *ret);

#endif
