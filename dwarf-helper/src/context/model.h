/**
 * @file  The model: every context and every goroutine of the target, and how they hang together.
 *
 * Arrays indexed by small integers; a million contexts cost 72 bytes each.  What is rarely asked
 * for (err texts, values, names, deadlines, map entries) is not kept but read from the target again
 * by the functions of context/detail.h.
 *
 *              parent                 waits[].context
 *   ctx ───────────────▶ ctx   ◀─────────────────────── task
 *    │ first_child ▲ next_sibling                         goroutine parked on the done channel
 *    └─────────────┘            children as the parent words say (all kinds); the parent's own
 *                               children map is read by detail.h
 */
#ifndef GOCTX_CONTEXT_MODEL_H
#define GOCTX_CONTEXT_MODEL_H

#include "runtime/clock.h"
#include "runtime/code.h"
#include "runtime/gomap.h"
#include "runtime/heap.h"
#include "runtime/task.h"

enum ctx_kind {
	CTX_BACKGROUND,
	CTX_TODO,
	CTX_CANCEL,
	CTX_TIMER,
	CTX_VALUE,
	CTX_WITHOUT_CANCEL,
	CTX_AFTER_FUNC,
	CTX_STOP,
	CTX_CUSTOM,
	CTX_KINDS
};

enum ctx_state { CTX_ACTIVE, CTX_CANCELED, CTX_EXPIRED, CTX_NEVER, CTX_UNKNOWN, CTX_STATES };

enum {
	CTX_FROM_HEAP = 1,	/* found as a heap object of a context's shape: alone no evidence */
	CTX_FROM_PAIR = 2,	/* an interface value of its type points to it */
	CTX_FROM_MAP = 4,	/* a children map holds it */
	CTX_FROM_PARENT = 8,	/* another context's parent word points to it */
	CTX_DAMAGED = 16,	/* part of it was unreadable or contradicts itself */
	CTX_CYCLE = 32,		/* its parent links form a loop: it is shown as a root */
	CTX_IN_PARENT_MAP = 64, /* its canceling ancestor's children map holds it */
	CTX_LOCKED = 128,	/* its mutex was held: the snapshot may be torn there */
	CTX_LINKED = 256, /* its parent word and children map have been read (while building) */
	CTX_FROM_HEADER = 512, /* the allocator wrote down its type */
	CTX_FROM_CODE = 1024,  /* a CancelFunc or timer callback has captured it */
	CTX_FROM_SELF = 2048,  /* its own words agree as only those of a cancelCtx do */
	CTX_FROM_TYPED = 4096, /* a pointer of its type leads to it from a variable or an object of
				  known type */
	CTX_TWO_TYPES = 8192,  /* references disagree on its type: damaged, or reused */
	CTX_BAD_MAP = 16384,   /* its children map could not be read (while building) */
	CTX_NIL_DONE = 32768, /* of a custom type, and its Done returns nil: nothing above ends what
				 is made on it */

	/* what makes an object a context; the type comes from it, too */
	CTX_EVIDENCE = CTX_FROM_PAIR | CTX_FROM_MAP | CTX_FROM_PARENT | CTX_FROM_HEADER |
		       CTX_FROM_CODE | CTX_FROM_SELF | CTX_FROM_TYPED,
};

/** One context; 72 bytes.  What is looked at together stands together: a million of them do not fit
 * into any cache. */
struct ctx {
	taddr addr;	/* of the struct (boxed value for value types); 0 for Background and TODO
			   since 1.21 */
	uint16_t type;	/* index into model->types */
	uint16_t flags; /* CTX_FROM_HEAP … */
	uint8_t kind, state;
	taddr done; /* its own done channel (hchan), 0: none made yet, or a kind that has none */
	uint64_t shape;	     /* equal for contexts that a person would call alike, subtree and tasks
				included */
	uint32_t tasks;	     /* goroutines parked on its done channel */
	uint32_t first_wait; /* list of its tasks: index into model->ctx_tasks, CTX_NONE (see
				ctx_task()) */
	uint32_t parent;     /* index, CTX_NONE for roots (while building: see context/build.h) */
	uint32_t children; /* entries of its children map (count word), of others: contexts made on
			      it that have not ended */
	union {
		struct {
			uint32_t depth; /* 0 for roots */
			uint32_t below; /* contexts in its subtree, itself not counted */
		};
		taddr parent_data; /* while building: data word of the interface that holds the
				      parent */
	};
	uint32_t first_child; /* index, CTX_NONE; contexts from the heap scan first, by address; the
				 rest follow */
	uint32_t next_sibling; /* index, CTX_NONE */
	uint32_t tasks_below;  /* goroutines on it and its subtree */
};

/** What a method of a custom type returns; see context/custom.c. */
enum method_how {
	METHOD_INNER, /* what the context inside says */
	METHOD_NIL,   /* nil */
	METHOD_FIELD, /* what stands in a field */
	METHOD_OWN,   /* its code does more than can be read from outside */
};

struct ctx_method {
	uint8_t how; /* enum method_how */
	/*
	 * METHOD_FIELD: the place of the channel or error.  METHOD_OWN: that of the struct's only
	 * channel of struct{}, or only error, which the method likely, not surely, returns. place.n
	 * is 0 where there is none.
	 */
	struct code_result place;
};

/** A dynamic type that some context has. */
struct ctx_type {
	taddr rtype;  /* as in the itab: *context.cancelCtx … */
	taddr object; /* the struct type itself */
	const char
		*name; /* "*context.cancelCtx", with package path where it differs: JSON go_type */
	const char *full; /* "*os/signal.signalCtx" */
	uint8_t kind;	  /* enum ctx_kind */
	bool by_pointer;  /* the interface's data word is the struct's address (pointer type), else
			     the address of a boxed value */
	int32_t inner;	  /* offset of the context.Context it is made on: its parent; -1 none */
	taddr inner_via;  /* not 0: the parent hangs behind a pointer at offset `inner` to this
			     struct type, at inner_off there */
	int32_t inner_off;
	uint64_t size;
	struct ctx_method done, err; /* custom types: what their Done and Err return */
	/*
	 * Custom types whose Done and Err ask the context inside only when a switch is on (gin's
	 * Context: engine.ContextWithFallback), else return nil: offset of the pointer to the
	 * struct with the switch, -1 none; and of the bool there.
	 */
	int32_t switch_via, switch_off;
	uint64_t ptr_bits; /* which of the struct's first 64 words are pointers */
	bool bits_known;
};

struct model {
	struct runtime *rt; /* borrowed */
	struct tasks tasks;
	struct clock_now now;
	/*
	 * 0 Background, 1 TODO (always there; used only when something refers to them: see
	 * model->has_*), then the objects that the heap scan found, by address, then the others.
	 * model_at() finds one by its address.
	 */
	VEC(struct ctx) ctxs;
	uint32_t heap_end;     /* index behind the last that the heap scan found */
	uint32_t **page_first; /* by arena, of those the first in each page or behind, and in the
				  next arena; NULL: none there */
	uint64_t arena_first;  /* number (address / HEAP_ARENA) of the arena that page_first begins
				  with */
	uint32_t arena_count;
	struct u64map
		others; /* context address -> index, of those that the heap scan did not find */
	VEC(struct ctx_type) types;
	VEC(uint32_t) roots; /* in display order: Background, TODO, contexts from the heap scan by
				address; the rest follow */
	VEC(uint32_t) ctx_tasks; /* task indices, grouped by context: first_wait … first_wait +
				    tasks - 1 */
	struct u64map by_done;	 /* done channel -> index */
	struct gomap_type children_type; /* of the children maps */
	struct chain *chain;		 /* what chain_read() learns and keeps for its next call */
	bool has_background, has_todo;
	uint64_t contexts; /* how many there are: ctxs.n minus the unused ones of the first two */
	uint64_t by_kind[CTX_KINDS], by_state[CTX_STATES];
	uint64_t only_heap;  /* contexts that no interface value, map or parent word led to */
	uint64_t lookalikes; /* objects of a context's shape that are none: nothing refers to them
				as to a context */
	uint64_t waiting_tasks; /* goroutines parked on any context's done channel */
};

/**
 * Index of the context at exactly @p addr (struct or boxed value), CTX_NONE.  ~20 ns when nothing
 * is in the cache. Any number of threads, unless one adds contexts.
 */
uint32_t model_at(const struct model *m, taddr addr);

/** Ask the cache for what model_at() will look at. */
void model_prefetch(const struct model *m, taddr addr);

/** Index of a context by address (struct, boxed value or inner pointer into one), CTX_NONE. */
uint32_t model_find(const struct model *m, taddr addr);

/** Is its Done nil whatever lies above?  Then nothing there can end what is made on it. */
static inline bool ctx_cuts(const struct ctx *c)
{
	return c->kind == CTX_WITHOUT_CANCEL || (c->flags & CTX_NIL_DONE);
}

/** Is it of a kind of package context that makes a done channel of its own? */
static inline bool ctx_kind_has_done(uint8_t kind)
{
	return kind == CTX_CANCEL || kind == CTX_TIMER || kind == CTX_AFTER_FUNC;
}

/** May its Done be another channel than that of the context inside? */
static inline bool ctx_own_done(const struct model *m, const struct ctx *c)
{
	return c->kind == CTX_CUSTOM && m->types.v[c->type].done.how != METHOD_INNER;
}

/** Is its Err not simply that of the context inside? */
static inline bool ctx_own_err(const struct model *m, const struct ctx *c)
{
	return c->kind == CTX_CUSTOM && m->types.v[c->type].err.how != METHOD_INNER;
}

/** Is the entry one of the two pseudo contexts that nobody uses here? */
static inline bool model_unused(const struct model *m, uint32_t i)
{
	return (i == 0 && !m->has_background) || (i == 1 && !m->has_todo);
}

/** "background", "cancel", … (JSON kind) and "active", … "unknown" (JSON state). */
const char *ctx_kind_name(uint8_t kind);
const char *ctx_state_name(uint8_t state);

/** "WithCancel", "WithTimeout", "WithValue", … "app.reqCtx" for custom types: how trees label
 * it. */
const char *ctx_label(const struct model *m, uint32_t i);

#endif
