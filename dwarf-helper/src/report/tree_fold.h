/**
 * @file  What stands under a context in a tree for a person: equal siblings, equal tasks, long
 * chains become one line.
 *
 *	WithCancel 0x…                  ITEM_CONTEXT
 *	├─ task 884  select …           ITEM_TASK
 *	├─ × 12 more like task 884      ITEM_TASKS
 *	├─ WithValue 0x…                ITEM_CONTEXT     first of its shape
 *	├─ × 51 838 more like 0x…       ITEM_LIKE
 *	└─ … 14 more in 9 other shapes  ITEM_SHAPES
 */
#ifndef GOCTX_REPORT_TREE_FOLD_H
#define GOCTX_REPORT_TREE_FOLD_H

#include "report/order.h"

enum tree_item_kind {
	ITEM_CONTEXT,
	ITEM_LIKE,
	ITEM_SHAPES,
	ITEM_CHAIN,
	ITEM_TASK,
	ITEM_TASKS,
	ITEM_MORE_TASKS,
	ITEM_CUT
};

/** One line. */
struct tree_item {
	uint8_t kind;	 /* enum tree_item_kind */
	uint8_t run;	 /* CONTEXT: how many contexts above it in a row have its kind and one child
			    each */
	uint32_t index;	 /* context or task that the line names: the first of a shape, the last of a
			    chain */
	uint32_t tail;	 /* CHAIN: the context that the chain leads to, shown below it */
	uint32_t count;	 /* siblings, chain links or tasks that it stands for; SHAPES: siblings left
			    out */
	uint32_t shapes; /* SHAPES: how many shapes those have; MORE_TASKS: how many functions */
	uint32_t contexts; /* contexts that it stands for, subtrees counted */
	uint32_t tasks;	   /* tasks on those */
};

struct tree_items {
	VEC(struct tree_item) list;
};

/** A folder with its scratch memory.  Zero-initialise, set m and opt. */
struct fold {
	const struct model *m;
	const struct options *opt;
	VEC(uint32_t) kids;
};

/* equal siblings that are shown one by one; with more of them, the first stands for all */
#define FOLD_SHOWN 3
/* shapes under one parent; up to half as many more are shown rather than cut */
#define FOLD_SHAPES 20
#define FOLD_TASKS 5 /* functions of tasks on one context */
#define FOLD_CHAIN 4 /* links of a chain that are shown */

/** Append the items of the roots. */
void fold_roots(struct fold *f, struct tree_items *ret);

/** Append tasks and children of the context of @p item (ITEM_CONTEXT). */
void fold_below(struct fold *f, const struct tree_item *item, struct tree_items *ret);

/** Append one line that stands for all below the context, for --depth. */
void fold_cut(struct fold *f, uint32_t i, struct tree_items *ret);

void fold_free(struct fold *f);

#endif
