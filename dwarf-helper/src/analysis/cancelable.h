/**
 * @file  Who can still cancel a context, as reach_build() finds out.
 */
#ifndef GOCTX_ANALYSIS_CANCELABLE_H
#define GOCTX_ANALYSIS_CANCELABLE_H

/** By whom a context can still be cancelled, the strongest first. */
enum cancelable {
	CANCELABLE_FUNC,  /* a CancelFunc or stop function of its own is reached from what can run,
			     or a cancellation is under way */
	CANCELABLE_TIMER, /* its own deadline is armed */
	CANCELABLE_ABOVE, /* an ancestor is CANCELABLE_FUNC or CANCELABLE_TIMER */
	CANCELABLE_FOREIGN,   /* it is, or is registered with, a custom context with a Done of its
				 own; or the answer could not be read */
	CANCELABLE_BY_WAITER, /* its CancelFuncs are reached only from goroutines that never run
				 again, such as those that wait for it */
	CANCELABLE_NOBODY,    /* no CancelFunc is left, no deadline */
	CANCELABLE_DONE, /* cancelled already, or can never be (Background, WithoutCancel, values on
			    them) */
	CANCELABLES
};

#endif
