/*
 * Which clock a context's deadline is by.  What is made in a bubble of testing/synctest shows it by
 * its timer, its done channel (since 1.25) or a goroutine that waits on it; else by what it was
 * made on: a context that hangs below one of a bubble was made there.
 */
#include "context/detail.h"

#define CLIMB_MAX 256 /* parents looked at */

static taddr timer_of(const struct model *m, const struct ctx *c)
{
	taddr timer = 0;

	if (c->kind == CTX_TIMER)
		runtime_field(m->rt, c->addr, m->rt->L.timerCtx.timer, &timer);
	return timer;
}

/* What the context itself shows; 0 nothing. */
static taddr own_bubble(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];
	taddr bubble;

	if (bubble_of_timer(m->rt, timer_of(m, c), &bubble) == TIMER_FAKE && bubble)
		return bubble;
	bubble = c->done ? bubble_of_chan(m->rt, c->done) : 0;
	return bubble || !c->tasks ? bubble
				   : bubble_of_task(m->rt, &m->tasks.list.v[ctx_task(m, i, 0)]);
}

bool ctx_bubble(const struct model *m, uint32_t i, struct bubble *ret)
{
	unsigned left = CLIMB_MAX;

	if (!LAYOUT_HAS(m->rt->L.bubble.now))
		return false;
	for (; i < m->ctxs.n && left--; i = m->ctxs.v[i].parent) {
		taddr bubble = own_bubble(m, i);
		if (bubble)
			return bubble_read(m->rt, bubble, ret);
	}
	return false;
}

enum ctx_clock ctx_clock(const struct model *m, uint32_t i, bool mono, struct bubble *ret)
{
	taddr bubble;

	if (!LAYOUT_HAS(m->rt->L.bubble.now))
		return CTX_CLOCK_REAL;
	enum bubble_timer timer = bubble_of_timer(m->rt, timer_of(m, &m->ctxs.v[i]), &bubble);
	if (timer == TIMER_REAL || (timer == TIMER_UNTOLD && !m->tasks.bubble &&
				    (mono || !bubble_of_chan(m->rt, m->ctxs.v[i].done))))
		return CTX_CLOCK_REAL;
	if (ctx_bubble(m, i, ret) ||
	    (timer == TIMER_FAKE && !m->tasks.bubbles && bubble_read(m->rt, m->tasks.bubble, ret)))
		return CTX_CLOCK_BUBBLE;
	/* Its timer is gone: in a bubble of 1.25 or newer its deadline would have no monotonic
	 * part. */
	return timer == TIMER_FAKE || !mono || !LAYOUT_HAS(m->rt->L.bubble.id) ? CTX_CLOCK_UNTOLD
									       : CTX_CLOCK_REAL;
}
