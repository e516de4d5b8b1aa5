/**
 * @file  Functions whose closures cancel a context, by name, as measured on 1.19 … 1.27
 * (context/context.go, os/signal/signal.go).
 *
 * n is WithCancel, WithCancelCause, or, for timers, WithDeadline until 1.20 and WithDeadlineCause
 * since 1.21:
 *
 *     context.n.func1                a CancelFunc; of timers: of one made with its deadline passed
 *                                    {code, *cancelCtx}
 *     context.WithDeadline….func3    CancelFunc of a timer context {code, *timerCtx}
 *     context.WithDeadline….func2    what its timer calls {code, *timerCtx}, 1.21+ {…, cause}
 *     context.AfterFunc.func1        what AfterFunc returned, 1.21+ {code, *afterFuncCtx}
 *     os/signal.(*signalCtx).stop-fm stop function of signal.NotifyContext {code, *signalCtx}
 *     context.(*cancelCtx).propagateCancel.func1
 *                                    registered with a parent that has an AfterFunc method, 1.21+
 *                                    {code, child, parent}
 *     context.propagateCancel.func1 (until 1.20), context.(*cancelCtx).propagateCancel.func2
 *                                    start of a watcher: a goroutine, no closure
 *
 * Where the compiler inlined the maker into its caller, the name is `<caller>.WithCancel.func1`.
 * None of the makers is inlined but with a profile (-pgo).
 */
#ifndef GOCTX_CONTEXT_CANCELCODE_H
#define GOCTX_CONTEXT_CANCELCODE_H

#include <stdbool.h>
#include <stddef.h>

enum canceler_kind {
	CANCELER_FUNC,	  /* a CancelFunc or CancelCauseFunc */
	CANCELER_TIMER,	  /* callback of its timer: armed as long as the context is active */
	CANCELER_STOP,	  /* stop function of AfterFunc or signal.NotifyContext */
	CANCELER_PARENT,  /* registered with a custom parent */
	CANCELER_WATCHER, /* propagateCancel's goroutine */
};

/** The start function of a watcher until 1.20: no method, and its only closure is the
 * goroutine's. */
#define CANCEL_OLD_WATCHER "context.propagateCancel.func1"

/** Kind of the closures with this function's code; -1: they cancel nothing.  @p n: length of the
 * name */
int cancel_code_kind(const char *name, size_t n);

/** pcln_want_fn: is it such a function? */
bool cancel_code_is(const char *name, size_t n);

/** Full name of the context type whose address is the closure's first capture:
 * "*context.cancelCtx"; NULL: that is an interface. */
const char *cancel_code_captures(const char *name, size_t n);

#endif
