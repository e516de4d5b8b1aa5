/**
 * @file  Where the program makes contexts: every call of context.WithCancel and its like in the
 * code.
 *
 * Direct calls are found in the code itself (runtime/code.h), calls that the compiler has inlined
 * (WithTimeout, WithoutCancel; with a profile others, too) in pclntab's inline trees.  Either way
 * inlining is undone: a site is the line in the function whose source has the call.  One line that
 * was compiled several times, inlined or for several type arguments, is one site.  Not found:
 * calls through func values and reflection, and those of processors that code.h cannot read where
 * they are not inlined.
 *
 * Functions: context/context.go; os/signal/signal.go; golang.org/x/sync/errgroup.
 */
#ifndef GOCTX_CONTEXT_SITES_H
#define GOCTX_CONTEXT_SITES_H

#include "context/model.h"

/** The functions that make contexts. */
enum maker {
	MAKER_WITH_CANCEL,
	MAKER_WITH_CANCEL_CAUSE,
	MAKER_WITH_TIMEOUT,
	MAKER_WITH_TIMEOUT_CAUSE,
	MAKER_WITH_DEADLINE,
	MAKER_WITH_DEADLINE_CAUSE,
	MAKER_WITH_VALUE,
	MAKER_WITHOUT_CANCEL,
	MAKER_AFTER_FUNC,
	MAKER_NOTIFY_CONTEXT,
	MAKER_ERRGROUP,
	MAKERS
};

/** "context.WithCancel", "os/signal.NotifyContext". */
const char *maker_name(unsigned maker);

/* beside enum ctx_kind: the cancelCtx that NotifyContext wraps into its signalCtx */
#define CTX_OF_SIGNAL CTX_KINDS

/** The kind of a context, or CTX_OF_SIGNAL.  Linear in its children, bounded. */
uint8_t maker_kind(const struct model *m, uint32_t context);

/** May a context of that kind come from it?  WithTimeout and WithDeadline make a plain cancelCtx
 * where the parent's deadline is the earlier one: @p under_timer. */
bool maker_makes(unsigned maker, uint8_t kind, bool under_timer);

struct call_site {
	uint32_t frame; /* index into rt->frames: function, file, line */
	uint8_t maker;	/* enum maker */
	bool own; /* in a package of the program's own, not of the library or of a module it uses */
	taddr pc; /* one of the calls */
	uint32_t outer; /* frame of the function whose code has it: another one where it is inlined
			 */
};

struct call_sites {
	VEC(struct call_site) list; /* by function, then line */
	uint64_t unread;	    /* bytes of code that could not be read */
	bool no_reader;		    /* nobody reads this processor's code: inlined calls alone */
};

/**
 * Find them all; what could not be looked at is noted.
 * Cost: one pass over the code, 0.5 ms for 1 MiB, and one over the names of functions.
 * @return NULL, ERR_CANCELED
 */
struct err *call_sites_find(const struct model *m, struct call_sites *ret);
void call_sites_free(struct call_sites *s);

/** Bytes of a function's name that are its package's path: "example.com/app/stream" of
 * "example.com/app/stream.(*Hub).Serve". */
size_t func_package(const char *func);

#endif
