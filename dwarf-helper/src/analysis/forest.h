/**
 * @file  Why objects are alive, for many objects: one search of everything (path.h) whose result is
 * kept.
 *
 * The search remembers for each object the pointer by which it was first reached; followed up to a
 * root these are a shortest path.  Unlike `why`, it enters contexts last: a parent's children map
 * and a child's parent pointer keep contexts alive, but do not show who is to blame.
 *
 *     root  ◀── object ◀── object ◀── context        forest_up() of each is what stands to its left
 *
 * Memory: as path.h has it.  Time: one pass over all that is reachable, about that of reach.h.
 */
#ifndef GOCTX_ANALYSIS_FOREST_H
#define GOCTX_ANALYSIS_FOREST_H

#include "analysis/path.h"

struct forest;

/** @return NULL, ERR_ABSENT (no heap), ERR_LIMIT (2^31 slots), ERR_CANCELED */
struct err *forest_open(const struct model *m, struct forest **ret);
void forest_close(struct forest *f); /* NULL is allowed */

/** The path to the object at @p addr, freed by forest_path_free().  @return false: nothing reaches
 * it, or it is no object */
bool forest_path(const struct forest *f, taddr addr, struct path *ret);
void forest_path_free(struct path *p);

enum forest_kept { FOREST_NOT, FOREST_KEPT, FOREST_BY_SPECIAL };
/** Whether the object is reached, only from finalizers and cleanups, or not at all. */
enum forest_kept forest_kept(const struct forest *f, taddr addr);

/** A node: an object, or a root.  0: none. */
typedef uint32_t forest_node;
forest_node forest_at(const struct forest *f, taddr addr);
/** What it was first reached from; 0 of roots. */
forest_node forest_up(const struct forest *f, forest_node node);
bool forest_is_root(forest_node node);
/** Goroutine whose stack a root is on, TASK_NONE; root nodes only. */
uint32_t forest_task(const struct forest *f, forest_node root);

#endif
