#include "runtime/bubble.h"

#define BASE_NS 946684800000000000ll /* runtime/synctest.go: synctestBaseTime */

bool bubble_read(struct runtime *rt, taddr addr, struct bubble *ret)
{
	const struct layout *l = &rt->L;
	uint64_t now;
	taddr root;

	if (!addr || !runtime_field(rt, addr, l->bubble.now, &now) || (int64_t)now < BASE_NS)
		return false;
	ret->now_ns = (int64_t)now;
	if (LAYOUT_HAS(l->bubble.id))
		return runtime_field(rt, addr, l->bubble.id, &ret->id) && ret->id;
	return runtime_field(rt, addr, l->bubble.root, &root) && root &&
	       runtime_field(rt, root, l->g.goid, &ret->id);
}

taddr bubble_of_task(struct runtime *rt, const struct task *t)
{
	taddr addr = 0;

	if (t->flags & TASK_BUBBLED)
		runtime_field(rt, t->g, rt->L.g.bubble, &addr);
	return addr;
}

taddr bubble_of_chan(struct runtime *rt, taddr chan)
{
	taddr addr = 0;

	if (chan && LAYOUT_HAS(rt->L.hchan.bubble))
		runtime_field(rt, chan, rt->L.hchan.bubble, &addr);
	return addr;
}

enum bubble_timer bubble_of_timer(struct runtime *rt, taddr timer, taddr *bubble_ret)
{
	const struct layout *l = &rt->L;
	uint64_t fake;
	taddr ts;

	*bubble_ret = 0;
	if (!timer || !LAYOUT_HAS(l->timer.isFake) || !LAYOUT_HAS(l->timeTimer.timer))
		return TIMER_UNTOLD;
	timer += (taddr)l->timeTimer.timer.off;
	if (!runtime_field(rt, timer, l->timer.isFake, &fake))
		return TIMER_UNTOLD;
	if (!fake)
		return TIMER_REAL;
	/* ts: the heap that it is in, here the bubble's; nil when it is in none. */
	if (LAYOUT_HAS(l->timer.ts) && LAYOUT_HAS(l->bubble.timers) &&
	    runtime_field(rt, timer, l->timer.ts, &ts) && ts)
		*bubble_ret = ts - (taddr)l->bubble.timers.off;
	return TIMER_FAKE;
}
