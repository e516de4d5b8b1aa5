/**
 * @file  Who can still end a context; reach.h finds it out.
 */
#ifndef GOCTX_ANALYSIS_CANCELABLE_H
#define GOCTX_ANALYSIS_CANCELABLE_H

/** By whom a context can still be cancelled, the strongest first. */
enum cancelable {
	CANCELABLE_FUNC,   /* a CancelFunc or stop function of its own is reached from what can run, or a cancellation is under way */
	CANCELABLE_TIMER,  /* its own deadline is armed */
	CANCELABLE_ABOVE,  /* through an ancestor (one of the above there) */
	CANCELABLE_FOREIGN, /* it is, or is registered with, a custom kind with a Done of its own; or what decides could not be read */
	CANCELABLE_BY_WAITER, /* CancelFuncs are held only by goroutines that never run again (as those that wait for exactly that), or by what only they hold */
	CANCELABLE_NOBODY, /* no CancelFunc is left, no deadline */
	CANCELABLE_DONE,   /* cancelled already, or can never be (Background, WithoutCancel, values on them) */
	CANCELABLES
};

#endif
