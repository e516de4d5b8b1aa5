/**
 * @file  Goroutines counted by what they have in common: stack, function, wait reason, go
 * statement, context.
 */
#ifndef GOCTX_ANALYSIS_GROUPS_H
#define GOCTX_ANALYSIS_GROUPS_H

#include "context/model.h"

enum group_by { BY_STACK, BY_FUNC, BY_WAIT, BY_CREATED, BY_CONTEXT };

#define GROUP_END TASK_NONE

struct group {
	uint64_t key;	/* hash of what its members share */
	uint32_t first; /* task, the others follow in groups->next in the order they were added */
	uint32_t last;
	uint32_t count;
	uint32_t context;  /* BY_CONTEXT: the one they wait for, CTX_NONE: none */
	bool mixed;	   /* its members are not all in the same state (wait reason) */
	int64_t oldest_ns; /* -1: no age is known */
};

struct groups {
	enum group_by by;
	VEC(struct group) list;
	uint32_t *next; /* task -> next task of its group, GROUP_END */
	struct u64map index;
};

void groups_open(struct groups *g, const struct model *m, enum group_by by);

/** Put one task into its group.  BY_STACK walks its stack. */
void groups_add(struct groups *g, const struct model *m, uint32_t task);

/** Sort: largest first, equal sizes in the order of their first tasks.  Nothing can be added
 * afterwards. */
void groups_sort(struct groups *g);

void groups_close(struct groups *g);

#endif
