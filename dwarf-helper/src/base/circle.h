/**
 * @file  Does a list of the target run in a circle?  Brent's way: it is noticed soon after the
 * second round has begun, and nothing has to be remembered of what was passed.
 */
#ifndef GOCTX_BASE_CIRCLE_H
#define GOCTX_BASE_CIRCLE_H

#include <stdbool.h>
#include <stdint.h>

/** Zero-initialise before the list's first element. */
struct circle {
	uint64_t seen, steps, limit;
};

/** Call with the address of each element in turn.  @return true: it was met before */
static inline bool in_circle(struct circle *c, uint64_t at)
{
	if (c->limit && at == c->seen)
		return true;
	if (c->steps++ == c->limit) {
		c->seen = at;
		c->limit = c->steps * 2;
	}
	return false;
}

#endif
