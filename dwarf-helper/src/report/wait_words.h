/**
 * @file  Words for what goroutines wait for, and for the chains that they hang on: one place for
 * `waits`, `leaks`, `tasks` and `blocked`.
 */
#ifndef GOCTX_REPORT_WAIT_WORDS_H
#define GOCTX_REPORT_WAIT_WORDS_H

#include "analysis/waitfor.h"
#include "report/phrase.h"
#include "report/report.h"

/** Word of JSON: "chan", "mutex", "rwmutex", … */
const char *wait_kind_word(uint8_t kind);

/** "chan 0xc000126000 (full, 5 of 5)", "chan 0xc000126000 (no buffer)", "Mutex 0xc000126008",
 * "RWMutex 0x… (readers)", "semaphore 0x… (full, 3 of 3 held)", "pool 0x… (full, 10 of 10 open)".
 */
void word_wait_object(struct buf *out, taddr addr, uint8_t kind, uint64_t count, uint64_t size);

/** "full, 5 of 5", "2 of 5", "no buffer". */
void word_chan_fill(struct buf *out, uint64_t count, uint64_t size);

/** "goroutine 38, chan send in main.(*Store).Update main.go:39", "5 goroutines, sync.Mutex.Lock in
 * …". */
void word_wait_tasks(struct buf *out, const struct report *r, const struct wait_step *s);

/** How a chain ends: "nobody receives", "which 38 itself holds: a deadlock". */
void word_wait_end(struct buf *out, const struct report *r, const struct wait_steps *s);

/** "595 goroutines → chan 0x… (full, 5 of 5) ← 5 goroutines → Mutex 0x… ← goroutine 38 → chan 0x…
 * (no buffer), nobody receives" */
void word_wait_chain(struct phrase *out, const struct report *r, const struct wait_steps *s);

#endif
