/**
 * @file  What libraries give out a limited number of: golang.org/x/sync's semaphores, the
 * connections of a database/sql pool.
 *
 * Who waits for one is parked on a channel of its own, in a select with a context.  What it really
 * waits for is found through the frame of the library that it stands in:
 *
 *     semaphore.(*Weighted).Acquire   a live word of the frame points to a Weighted in whose list
 *                                     of waiters (container/list) that channel is
 *     sql.(*DB).conn                  a live word points to a DB: an object whose field connector
 *                                     holds a driver.Connector
 *
 * Of fields only names are known here (x/sync/semaphore/semaphore.go: Weighted, waiter;
 * database/sql/sql.go: DB, driverConn, Conn, Tx, Rows); where they lie is read from DWARF.  Without
 * DWARF, or when a release has no field of that name, nothing is said.
 */
#ifndef GOCTX_RUNTIME_LIMITS_H
#define GOCTX_RUNTIME_LIMITS_H

#include "runtime/heap.h"
#include "runtime/task.h"

enum limit_kind { LIMIT_SEMAPHORE, LIMIT_POOL };

/** A semaphore.Weighted or sql.DB that goroutines wait for. */
struct limit {
	uint8_t kind; /* enum limit_kind */
	taddr addr;
	uint64_t used, size; /* weight that is held, open connections; of how much */
};

struct limits_layout;

/** Zero-initialised but for rt; limits_free() at the end.  Not thread-safe. */
struct limits {
	struct runtime *rt;
	VEC(struct limit) list;
	struct u64map by_addr;	 /* -> index in list */
	struct u64map by_waiter; /* channel -> the semaphore among whose waiters it is */
	uint64_t steps;		 /* along lists of waiters, bounded */
	struct limits_layout *layout;
};

#define LIMIT_NONE UINT32_MAX

/**
 * Which of limits->list goroutine @p t waits for, which is parked on @p chan; LIMIT_NONE.
 * Cost: where channel and function may be one of these, that of livestack_each(), for a semaphore
 * once; at the first of them debug information is opened.
 */
uint32_t limits_of(struct limits *l, const struct task *t, taddr chan);

/** A connection of a pool.  @return false to stop */
typedef bool limits_connection_fn(void *arg, taddr conn);

/** All connections (driverConn) of a pool that are in use. */
void limits_connections_each(struct limits *l, taddr db, limits_connection_fn *fn, void *arg);

/** When an object is a sql.Conn, Tx or Rows that is not closed: its connection, else 0. */
taddr limits_connection_of(struct limits *l, const struct heap_object *o);

void limits_free(struct limits *l);

#endif
