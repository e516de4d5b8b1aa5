/**
 * @file  What a trace has seen of contexts: who descends from whom, and sums by call site.
 *
 * Events come from GDB, which stops the program at each one; the target is not read here.  A
 * context is identified by its address.  If one is made at the address of another, the other has
 * been collected, and the address means the new one.
 */
#ifndef GOCTX_ANALYSIS_JOURNAL_H
#define GOCTX_ANALYSIS_JOURNAL_H

#include "base/map.h"
#include "context/model.h"

enum event_kind { EVENT_CREATE, EVENT_ATTACH, EVENT_REMOVE, EVENT_CANCEL, EVENT_KINDS };

/** "create", …; these are words of JSON and of --stop-on.  NULL from EVENT_KINDS on. */
const char *event_name(unsigned kind);

/** One thing that happened to a context.  Texts are borrowed. */
struct event {
	uint8_t kind; /* enum event_kind */
	bool has_parent;
	uint64_t time_ns; /* since the trace began */
	uint64_t goid;	  /* of the goroutine that did it */
	taddr context;	  /* 0: not known */
	taddr parent; /* what it hangs on, with has_parent; 0: Background or TODO, as parent_word
			 says */
	const char *parent_word; /* "background", "todo", NULL */
	const char *how; /* the function of package context ("WithTimeout"), or what an attachment
			    comes to */
	const char
		*func; /* first caller outside of package context, with the path of its package */
	const char *file; /* NULL not known */
	uint64_t line;
	const char *key, *err, *cause; /* as text, NULL none */
};

#define SITE_NONE UINT32_MAX

/** Contexts made by one function of package context at one place. */
struct site {
	char *how, *func, *file; /* file NULL: not known */
	uint64_t line;
	uint64_t created, canceled;
};

struct journal_ctx {
	taddr addr, parent; /* parent 0: Background, TODO, or not known */
	uint64_t made;	    /* number of the event that made it */
	uint32_t site; /* where it was made; SITE_NONE: before the trace, cancelled since, or cannot
			  be cancelled */
	bool has_parent;
};

/** Zero-initialise; journal_free() at the end. */
struct journal {
	taddr root; /* only this context and what is made on it; 0: all */
	uint64_t events, count[EVENT_KINDS];
	VEC(struct site) sites;
	VEC(struct journal_ctx) ctxs;
	struct u64map by_addr, by_site; /* address -> index in ctxs; hash of how, func, file, line
					   -> index in sites */
};

/** Before the first event: enter the contexts of @p m with their parents. */
void journal_before(struct journal *j, const struct model *m);

/** Account for an event.  @return false: it is about a context outside of j->root */
bool journal_take(struct journal *j, const struct event *e);

/** A context of a site that is still active. */
struct site_active {
	uint32_t site;
	uint64_t made;
	taddr addr;
};

struct site_actives {
	VEC(struct site_active) list;
};

/** Contexts made since the beginning and not cancelled, by site, then in the order made.  Free with
 * VEC_FREE(&ret->list). */
void journal_active(const struct journal *j, struct site_actives *ret);

void journal_free(struct journal *j);

#endif
