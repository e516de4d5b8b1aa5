/**
 * @file  Inside of model_build(): the state that discovery and linking share.  Not for other layers.
 *
 * Discovery goes from three sides (each context remembers which of them met it):
 *   heap    objects whose slot size, pointer bits and parent word fit a context type            find.c
 *   pairs   interface values on goroutine stacks and in globals                                  pairs.c
 *   maps    children maps of contexts, and the parent words of contexts found so far             link.c
 */
#ifndef GOCTX_CONTEXT_BUILD_H
#define GOCTX_CONTEXT_BUILD_H

#include "context/model.h"
#include "runtime/gomap.h"
#include "runtime/heap.h"
#include "runtime/rtype.h"

/** How a heap object must look to be a context of some type. */
struct ctx_shape {
	uint64_t slot;	   /* slot size of the allocator */
	uint64_t bits;	   /* pointer bits of the slot's first 64 words */
	uint32_t key;	   /* offset of the word that holds an itab of context.Context: the parent's */
	uint16_t type;	   /* index into model->types */
	bool needs_pair;   /* so plain a shape (WithoutCancel's 16-byte box) that an interface pair must point to it too */
};

/** A set of addresses behind a filter of 4096 bits, for loops over every word of something. */
struct word_set {
	uint64_t filter[64];
	struct u64map map; /* word -> index of a type */
};

void word_set_add(struct word_set *s, uint64_t word, uint32_t value);

static inline bool word_set_maybe(const struct word_set *s, uint64_t word)
{
	uint64_t h = word * 0x9e3779b97f4a7c15u >> 52;

	return s->filter[h >> 6] >> (h & 63) & 1;
}

#define SHAPE_SLOT_MAX 2048 /* shapes are looked for in slots up to this size; larger objects by their type header */

struct candidate {
	taddr addr;
	uint16_t type;
};

/*
 * struct ctx until it is CTX_LINKED: ctx.parent is CTX_NONE when the words of its parent have not been read, else the index of the
 * parent's type, with the interface's data word in ctx.parent_data, or one of these.
 */
#define PARENT_NIL (UINT32_MAX - 1)  /* the interface is nil */
#define PARENT_WILD (UINT32_MAX - 2) /* it holds no context */

#define CTX_DEPTH_UNKNOWN UINT32_MAX /* ctx.depth of all of them when graph_build() begins */

#define PAIR_ADDR_BITS 47 /* user addresses of linux/amd64 */

struct builder;

/** Search of goroutine stacks for interface pairs, made beside the heap scan: reads b->words and types only. */
struct stack_scan {
	const struct builder *b;
	VEC(uint64_t) refs;	     /* type index << PAIR_ADDR_BITS | data word; 8 bytes each */
	VEC(struct candidate) boxes; /* boxed values that lie on the stack that refers to them */
	taddr lo, hi;		     /* stack under way */
	uint64_t unreadable;	     /* stacks that could not be searched */
	uint64_t recent[1024];	     /* what was kept lately: one context is on many stacks, many times */
};

struct builder {
	struct runtime *rt;
	struct model *m;
	struct word_set itabs;	  /* itabs of context.Context -> type */
	struct word_set words;	  /* those, canceler itabs and the dynamic types themselves (efaces) -> type */
	struct u64map type_of;	  /* rtype -> index in model->types */
	struct u64map by_object;  /* struct type -> index: for objects behind a type header */
	VEC(struct ctx_shape) shapes; /* sorted by slot */
	uint16_t first_shape[SHAPE_SLOT_MAX / 8 + 2]; /* by slot / 8: where its shapes start */
	taddr background, todo, closedchan; /* values of context.background, todo (until 1.20), closedchan; 0 */
	taddr last_chan_type, last_deadline_err;
	struct stack_scan *stacks; /* NULL when goroutines are left out */
	VEC(struct candidate) maybe; /* heap objects of a shape that needs_pair */
	uint32_t done_indexed; /* contexts below this index are in by_done */
	uint32_t linked;       /* contexts below this index are CTX_LINKED */
	uint64_t unreadable_spans, wild_parents, wild_children, bad_maps;
};

/* model.c */
/** A builder and its model with nothing in it but Background and TODO; closing leaves the model. */
struct builder *builder_open(struct runtime *rt, struct model *m);
void builder_close(struct builder *b);
/** Entries 0 and 1 of a model without contexts. */
void model_add_pseudo(struct model *m);

/* kinds.c: the dynamic types that implement context.Context, and their shapes */
void kinds_load(struct builder *b);
/** Give the types of Background and TODO the names that this release has for them. */
void kinds_name_pseudo(struct builder *b);
/** Type index of a dynamic type, adding it when it is a plausible custom context; UINT32_MAX none. */
uint32_t kinds_of_itab(struct builder *b, taddr itab);

/* custom.c */
/** Fill in done_off, err_off and own_err of a custom type.  @p obj: its struct, NULL none.  Before the threads: uses the pc cache. */
void custom_methods(struct builder *b, struct ctx_type *t, const struct rtype *obj);

/* fill.c: one context's own words */
/** Bytes of an object of this type that are read here: no object of its type is smaller. */
uint64_t fill_needs(const struct layout *l, const struct ctx_type *t);
/** Does the object at @p addr look like its type says?  @p p: its bytes, as many as fill_needs(). */
bool fill_plausible(struct builder *b, uint16_t type, const uint8_t *p);
/** Heap scan: append an object without asking whether it is there, in ascending order of addresses.  @p p: its bytes, fill_needs() */
void fill_append(struct builder *b, taddr addr, uint16_t type, const uint8_t *p);
/** Make everything appended so far findable by done channel. */
void fill_index(struct builder *b);
/** Make the contexts that fill_add() added since then findable by done channel.  @return true when there was any */
bool fill_index_late(struct builder *b);
/** Put it into the model unless it is there (by_done is left to fill_index_late()); returns its index (CTX_NONE: unreadable). */
uint32_t fill_add(struct builder *b, taddr addr, uint16_t type, uint16_t from);

/** model.c: make all contexts there are now, which are in the order of their addresses, findable by them. */
void model_index(struct model *m);

/* find.c, pairs.c, link.c, graph.c: the passes, in this order */
/** What it found can be found by address afterwards. */
struct err *find_in_heap(struct builder *b);
/** Collect the pairs of one stack: a task_stack_fn, @p arg a struct stack_scan. */
void pairs_on_stack(void *arg, const struct stack_regs *r);
struct err *find_pairs(struct builder *b); /* globals, and what pairs_on_stack() collected */
struct err *find_confirm(struct builder *b); /* what shape alone cannot tell: look for pairs in the whole heap */
/**
 * Link what the heap scan found to what it found: of link_all() the part that adds no context, so that it can be done while
 * goroutines are still being read.  The rest is left as it is.
 */
struct err *link_early(struct builder *b);
struct err *link_all(struct builder *b);
/** Parents of all contexts, and theirs, up to @p max contexts in all; children maps are not read. */
void link_parents(struct builder *b, size_t max);
/** Tell each wait the context whose done channel it is (done channels are only ever received from). */
void graph_join(struct model *m);
struct err *graph_build(struct builder *b);

/** Is the object of this type at @p addr an allocated heap object of the right slot and bits, or plausible memory outside the heap? */
bool find_fits(struct builder *b, uint16_t type, taddr addr);

#endif
