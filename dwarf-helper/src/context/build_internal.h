/**
 * @file  Inside of model_build(): the state that discovery and linking share.  Not for other
 * layers.
 *
 * Discovery, and who does it:
 *   find.c      objects whose slot size, pointer bits and parent word fit a context type:
 *               candidates; references in heap objects
 *   pairs.c     references on goroutine stacks and in package variables
 *   evidence.c  candidates that a reference leads to are contexts of the type that it names; the
 * others are dropped
 *   link.c      children maps, and the parent words of contexts found so far
 */
#ifndef GOCTX_CONTEXT_BUILD_INTERNAL_H
#define GOCTX_CONTEXT_BUILD_INTERNAL_H

#include "context/model.h"
#include "context/words.h"
#include "runtime/gomap.h"
#include "runtime/heap.h"
#include "runtime/rtype.h"

/** How a heap object looks that may be a context of some type. Only a reference to it shows whether
 * it is one. */
struct ctx_shape {
	uint64_t slot; /* slot size of the allocator */
	uint64_t bits; /* pointer bits of the slot's first 64 words */
	uint32_t key;  /* offset of the word that holds an itab of context.Context: the parent's */
	uint16_t type; /* index into model->types */
};

/* shapes are looked for in slots up to this size; larger objects by their type header */
#define SHAPE_SLOT_MAX 2048

struct candidate {
	taddr addr;
	uint16_t type;
};

/* the last so many references are not stored twice: many words refer to one context */
#define REFS_RECENT 1024

/** References to contexts, to be looked up when all contexts are known: REF(word's value, address),
 * 8 bytes each. */
struct ref_list {
	VEC(uint64_t) v;
	uint64_t recent[REFS_RECENT];
};

/*
 * struct ctx until it is CTX_LINKED: ctx.parent is CTX_NONE when the words of its parent have not
 * been read, else the index of the parent's type, with the interface's data word in
 * ctx.parent_data, or one of these.
 */
#define PARENT_NIL (UINT32_MAX - 1)  /* the interface is nil */
#define PARENT_WILD (UINT32_MAX - 2) /* it holds no context */

/* ctx.depth of all of them when graph_build() begins */
#define CTX_DEPTH_UNKNOWN UINT32_MAX

/* above them 15 bits of type, WORD_TYPE_MASK */
#define REF_ADDR_BITS ARCH_ADDRESS_BITS_MAX
#define REF_ADDR_MASK ((1ull << REF_ADDR_BITS) - 1)
#define REF_CODE (1ull << 63)

/** Keep one reference.  Addresses that no program has are left out. */
static inline void ref_add(struct ref_list *l, uint32_t value, taddr data)
{
	uint64_t ref = (value & WORD_CODE ? REF_CODE : 0) |
		       (uint64_t)(value & WORD_TYPE_MASK) << REF_ADDR_BITS | data;
	uint64_t *recent = &l->recent[(data >> 4 ^ value) % REFS_RECENT];

	if (data >> REF_ADDR_BITS || *recent == ref)
		return;
	*recent = ref;
	VEC_PUSH(&l->v, ref);
}

struct builder;

/** Search of goroutine stacks for references, made beside the heap scan: reads b->words and types
 * only. */
struct stack_scan {
	const struct builder *b;
	struct ref_list refs;
	VEC(struct candidate) boxes; /* boxed values that lie on the stack that refers to them */
	taddr lo, hi;		     /* stack under way */
	uint64_t unreadable;	     /* stacks that could not be searched */
};

struct builder {
	struct runtime *rt;
	struct model *m;
	struct word_set words;	      /* what stands before the address of a context */
	struct u64map type_of;	      /* rtype -> index in model->types */
	const struct rtype *context;  /* context.Context; NULL: no itab of it */
	struct u64map includes;	      /* interface type -> does it include context.Context? */
	struct u64map by_object;      /* struct type -> index: for objects behind a type header */
	VEC(struct ctx_shape) shapes; /* sorted by slot */
	uint16_t first_shape[SHAPE_SLOT_MAX / 8 + 2]; /* by slot / 8: where its shapes start */
	taddr background, todo,
		closedchan; /* values of context.background, todo (until 1.20), closedchan; 0 */
	taddr last_chan_type, last_deadline_err;
	struct stack_scan *stacks; /* NULL when goroutines are left out */
	struct ref_list *refs;	   /* references in heap objects */
	uint32_t done_indexed;	   /* contexts below this index are in by_done */
	uint32_t linked;	   /* contexts below this index are CTX_LINKED */
	uint64_t unreadable_spans, wild_parents, wild_children, bad_maps;
	VEC(uint32_t) wild; /* the first of those whose parents are wild */
	bool done_stale; /* since fill_index() an object turned out to be a context, or of another
			    type: by_done is not right any more */
};

/* build.c */
/** A builder and its model with nothing in it but Background and TODO; closing leaves the model. */
struct builder *builder_open(struct runtime *rt, struct model *m);
void builder_close(struct builder *b);
/** Entries 0 and 1 of a model without contexts. */
void model_add_pseudo(struct model *m);

#define CTX_TYPE_NONE U64MAP_NONE

/* kinds.c: the dynamic types that implement context.Context, and their shapes */
void kinds_load(struct builder *b);
/** Give the types of Background and TODO the names that this release has for them. */
void kinds_name_pseudo(struct builder *b);
/** Type index of a dynamic type, adding it when it is a plausible custom context; CTX_TYPE_NONE. */
uint32_t kinds_of_itab(struct builder *b, taddr itab);
/** Is the interface type context.Context, or one that has all of its methods?  Frameworks widen it.
 * Looked up once. */
bool kinds_includes_context(struct builder *b, taddr inter);

/* custom.c */
/** Fill in done, err and switch_via of a type.  @p obj: its struct, NULL none.  Before the threads:
 * uses the pc cache. */
void custom_methods(struct builder *b, struct ctx_type *t, const struct rtype *obj);

/* fill.c: one context's own words */
/** Bytes of an object of this type that are read here: no object of its type is smaller. */
uint64_t fill_needs(const struct layout *l, const struct ctx_type *t);
/** Does the object at @p addr look like its type says?  @p p: its bytes, as many as
 * fill_needs(). */
bool fill_plausible(struct builder *b, uint16_t type, const uint8_t *p);
/** Heap scan: append an object without asking whether it is there, in ascending order of addresses.
 * @p p: its bytes, fill_needs() */
void fill_append(struct builder *b, taddr addr, uint16_t type, uint16_t from, const uint8_t *p);
/** Its type is not the one that its shape suggested: read it again.  Only before it is linked. */
void fill_retype(struct builder *b, uint32_t i, uint16_t type);
/** Make everything appended so far findable by done channel. */
void fill_index(struct builder *b);
/** Make the contexts that fill_add() added since then findable by done channel.  @return true when
 * there was any */
bool fill_index_late(struct builder *b);
/** Put it into the model unless it is there (by_done is left to fill_index_late()); returns its
 * index (CTX_NONE: unreadable). */
uint32_t fill_add(struct builder *b, taddr addr, uint16_t type, uint16_t from);

/** model.c: make all contexts there are now, which are in the order of their addresses, findable by
 * them. */
void model_index(struct model *m);
/** Undo model_index(). */
void model_unindex(struct model *m);

/* evidence.c: which of the objects that look like contexts are contexts, and of which type */
/**
 * Look up what the references lead to: what has the shape of a context is one now, of the type that
 * the reference names; what is found only now is added.  @p stale: they are of stacks, and may be
 * left over from what lay there before
 */
void refs_apply(struct builder *b, const struct ref_list *l, bool stale);
/** Context @p i is referred to as one of this type: it is one, if it can be of the type.  @p from:
 * CTX_FROM_…  @return whether */
bool evidence_by_type(struct builder *b, uint32_t i, uint16_t type, uint16_t from);
/** evidence_stack.c: what live frames refer to by an interface value whose words lie apart.  Walks
 * all stacks: 0.1 us a frame. */
void evidence_from_frames(struct builder *b);
/**
 * evidence_typed.c: custom contexts to which pointers of their own type lead, from package
 * variables and from interface values on. One more pass over the heap's words, and what typed
 * pointers lead to.
 */
void evidence_from_types(struct builder *b);
/** After all references are applied: does each candidate have evidence that it is a context?  A
 * cancelCtx may be its own evidence. */
bool evidence_complete(struct builder *b);
/**
 * It is not complete: take what is no context out of the model again, counted in m->lookalikes, and
 * make by_done anew.  Contexts get new indexes.  Nobody else may use the model meanwhile.
 */
void evidence_sieve(struct builder *b);
/** Note contexts that are referred to as two types. */
void evidence_note(struct builder *b);

/* from_children.c */
/**
 * Custom contexts whose code could not be read: their children show what package context got from
 * their Done.  Sets the states that follow from that, those of their descendants, and m->by_state.
 * @p order: parents before their children
 */
void states_from_children(struct model *m, const uint32_t *order);
/** graph.c: the state that follows from the kind, its type and its parent's state. */
void graph_set_state(struct model *m, struct ctx *c);

/* find.c, pairs.c, link.c, graph.c: the passes, in this order */
/** What it found can be found by address afterwards. */
struct err *find_in_heap(struct builder *b);
/** Collect the pairs of one stack: a task_stack_fn, @p arg a struct stack_scan. */
void pairs_on_stack(void *arg, const struct stack_regs *r);
struct err *find_pairs(struct builder *b); /* globals, and what pairs_on_stack() collected */
/**
 * First pass of link_all(): links contexts the heap scan found to each other.  Adds no contexts, so
 * that it can run while goroutines are still being read.
 */
struct err *link_early(struct builder *b);
struct err *link_all(struct builder *b);
/** Parents of all contexts, and theirs, up to @p max contexts in all; children maps are not
 * read. */
void link_parents(struct builder *b, size_t max);
/** Set the context of each wait that is a receive from a done channel (nothing is ever sent on
 * one). */
void graph_join(struct model *m);
struct err *graph_build(struct builder *b);

/** Is the object of this type at @p addr an allocated heap object of the right slot and bits, or
 * plausible memory outside the heap? */
bool find_fits(struct builder *b, uint16_t type, taddr addr);

#endif
