/*
 * The walk of one goroutine's stack: frames from the innermost outwards, their pointer maps
 * applied, then what hangs on the goroutine itself, then stack objects (runtime/mgcmark.go:
 * scanstack, scanframeworker).
 */
#include "runtime/livestack_internal.h"

#define MAX_DEFERS (1u << 20)

/* ---- words ---- */

/* Hand a word to the visitor, or keep it when it points into the stack itself. */
static void offer(struct live_walk *w, taddr at, taddr value, bool exact)
{
	if (!value || w->stopped)
		return;
	if (value - w->lo < w->hi - w->lo) {
		if (exact)
			VEC_PUSH(&w->cache->exact, value);
		else
			VEC_PUSH(&w->cache->guessed, value);
		return;
	}
	w->frame.at = at;
	w->frame.value = value;
	w->frame.exact = exact;
	w->stopped = !w->fn(w->arg, &w->frame);
}

static bool word(struct live_walk *w, taddr at, taddr *ret)
{
	if (w->mem && at >= w->sp && at <= w->hi - STACK_WORD) {
		memcpy(ret, w->mem + (at - w->sp), STACK_WORD);
		return true;
	}
	if (target_u64(w->rt->t, at, ret))
		return true;
	w->state->unreadable = true;
	return false;
}

void livestack_words(struct live_walk *w, taddr base, struct word_mask mask, bool exact)
{
	taddr value;

	for (uint32_t i = 0; i < mask.n && !w->stopped; i++) {
		if (mask.bits && i % 8 == 0 && !mask.bits[i / 8]) {
			i += 7;
			continue;
		}
		if (mask.bits && !(mask.bits[i / 8] >> i % 8 & 1))
			continue;
		taddr at = base + (uint64_t)i * STACK_WORD;
		if (word(w, at, &value))
			offer(w, at, value, exact);
	}
}

/* Word by word, as far as the stack goes. */
static void range(struct live_walk *w, taddr lo, taddr hi)
{
	taddr value;

	if (hi > w->hi)
		hi = w->hi;
	for (taddr at = lo; at < hi && hi - at >= STACK_WORD && !w->stopped;) {
		bool there = word(w, at, &value);
		if (there)
			offer(w, at, value, false);
		at = there ? at + STACK_WORD : target_behind_gap(w->rt->t, at);
	}
}

/* ---- frames ---- */

static void by_words(struct live_walk *w, const struct frame_map *map, taddr argp)
{
	w->state->conservative++;
	range(w, w->frame.sp, argp - stack_linkage(w->rt)); /* without the return address */
	range(w, argp, argp + (uint64_t)map->args.n * STACK_WORD);
}

static void by_map(struct live_walk *w, const struct frame_map *map, taddr argp)
{
	taddr varp = w->frame.varp;

	/* Without room for locals there are none, whatever the map is made for
	 * (runtime/stkframe.go: "if size > minsize"). */
	if (varp > w->frame.sp)
		livestack_words(w, varp - (uint64_t)map->locals.n * STACK_WORD, map->locals, true);
	if ((w->hi - argp) / STACK_WORD < map->args.n)
		range(w, argp, w->hi);
	else
		livestack_words(w, argp, map->args, map->args.bits != NULL);
	livestack_objects_add(w, map, varp, argp);
}

/* Locals that reach below sp: size and map do not belong together. */
static bool fits(const struct live_walk *w, const struct frame_map *map)
{
	return w->frame.varp <= w->frame.sp ||
	       (w->frame.varp - w->frame.sp) / STACK_WORD >= map->locals.n;
}

/*
 * After a panic by trap the frame goes on at its deferreturn or never (runtime/traceback.go:
 * continpc).
 * @return its map there, NULL: the frame is dead
 */
static const struct frame_map *continued(struct live_walk *w, const struct frame_map *map)
{
	return map->deferreturn == PC_NONE ? NULL : livestack_map(w->rt, map->deferreturn);
}

static void frame_of_known_size(struct live_walk *w, const struct frame_map *map, taddr argp)
{
	uint8_t callee = w->callee;
	bool conservative = w->conservative || w->leading || map->role == MAP_SAVES_REGISTERS;

	w->callee = map->role;
	w->conservative = map->role == MAP_SAVES_REGISTERS || map->role == MAP_STUB;
	if (!map->runtime)
		w->leading = false;
	if (!conservative && callee == MAP_SIGPANIC) {
		map = continued(w, map);
		if (!map)
			return;
	}
	if (conservative || map->known != MAP_EXACT || map->role == MAP_STUB || !fits(w, map))
		by_words(w, map, argp);
	else
		by_map(w, map, argp);
}

static bool visit_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct live_walk *w = arg;
	int32_t size = w->rt->pcs.v[info].n ? w->rt->pcs.v[info].frame_size : -1;

	(void)pc;
	if (w->open) {
		range(w, w->open, sp);
		w->open = 0;
	}
	w->state->frames++;
	w->frame = (struct live_word){.sp = sp, .info = info};
	w->tail = sp;
	if (size < 0 || w->hi - sp < (uint64_t)size + stack_linkage(w->rt)) {
		/* C, or assembly without tables: it extends to where the next frame begins. */
		w->state->conservative++;
		w->open = sp;
		w->conservative = true;
		return !w->stopped;
	}
	/* From above: return address, saved frame pointer if there is a frame, locals up to
	 * there. */
	taddr argp = sp + (uint64_t)size + stack_linkage(w->rt);
	w->frame.varp = stack_varp(w->rt, sp, size);
	w->tail = argp;
	frame_of_known_size(w, livestack_map(w->rt, info), argp);
	return !w->stopped;
}

static void walk_frames(struct live_walk *w, const struct stack_regs *start)
{
	stack_walk(w->rt, start, visit_frame, w, &w->state->complete);
	if (w->stopped)
		return;
	if (!w->state->complete)
		range(w, w->open ? w->open : w->tail, w->hi);
}

/* ---- what hangs on the goroutine ---- */

static void g_word(struct live_walk *w, taddr g, struct layout_field f)
{
	taddr value;

	if (!LAYOUT_HAS(f))
		return;
	if (target_u64(w->rt->t, g + (uint64_t)f.off, &value))
		offer(w, g + (uint64_t)f.off, value, true);
	else
		w->state->unreadable = true;
}

/*
 * g._defer: records lie on the heap and on the stack by turns, so that the list itself must be
 * followed; a heap record is kept by it.  A list that bites its tail comes back to a mark that
 * moves on at growing distances (Brent).
 */
static void visit_defers(struct live_walk *w, taddr g)
{
	const struct layout *l = &w->rt->L;
	taddr d = 0, mark = 0;
	uint32_t reach = 1;

	if (!target_u64(w->rt->t, g + (uint64_t)l->g.defer_.off, &d))
		w->state->unreadable = true;
	for (uint32_t n = 0; d && !w->stopped; n++) {
		const uint8_t *p = target_ptr(w->rt->t, d, l->s[LAYOUT_defer].size);
		if (!p || d == mark || n == MAX_DEFERS) {
			w->state->unreadable = true;
			return;
		}
		if (n == reach) {
			mark = d;
			reach *= 2;
		}
		offer(w, d + (uint64_t)l->defer.fn.off, runtime_load(p, l->defer.fn), true);
		if (LAYOUT_HAS(l->defer.head))
			offer(w, d + (uint64_t)l->defer.head.off, runtime_load(p, l->defer.head),
			      true);
		taddr link = runtime_load(p, l->defer.link);
		offer(w, d + (uint64_t)l->defer.link.off, link, true);
		d = link;
	}
}

/* Vector registers of a goroutine that was preempted anywhere: on its stack until 1.25
 * (runtime/preempt_xreg.go: xRegScan). */
static void visit_vector_registers(struct live_walk *w, const uint8_t *g)
{
	const struct layout *l = &w->rt->L;
	struct layout_field regs = l->xRegState.regs;

	if (!LAYOUT_HAS(l->g.xRegs_state) || !LAYOUT_HAS(regs) ||
	    !runtime_load(g, l->g.asyncSafePoint))
		return;
	taddr at = runtime_load(g, l->g.xRegs_state);
	if (at)
		livestack_words(w, at + (taddr)regs.off,
				(struct word_mask){NULL, regs.size / STACK_WORD}, false);
}

static void visit_g(struct live_walk *w, taddr addr, const uint8_t *g)
{
	const struct layout *l = &w->rt->L;

	w->frame = (struct live_word){.info = PC_NONE};
	g_word(w, addr, l->g.sched_ctxt);
	g_word(w, addr, l->g.defer_);
	visit_defers(w, addr);
	g_word(w, addr, l->g.panic_);
	visit_vector_registers(w, g);
}

static void visit_registers(struct live_walk *w, const struct task *t)
{
	uint64_t regs[ARCH_REGISTERS_MAX];
	size_t n = stack_registers(w->rt, t, regs);

	if (!n)
		w->state->unreadable = true;
	for (size_t i = 0; i < n; i++)
		offer(w, 0, regs[i], false);
}

/* ---- entry ---- */

static void begin(struct live_walk *w, const struct task *t, const struct stack_regs *start)
{
	struct livestack *c = w->cache;

	c->objects.n = c->exact.n = c->guessed.n = 0;
	w->lo = start->lo;
	w->hi = start->hi;
	w->sp = w->tail = start->sp;
	w->mem = target_ptr(w->rt->t, start->sp, start->hi - start->sp);
	w->leading = t->status == TASK_RUNNING;
	*w->state = (struct livestack_state){0};
}

bool livestack_each(struct runtime *rt, const struct task *t, live_fn *fn, void *arg,
		    struct livestack_state *ret)
{
	const uint8_t *g = target_ptr(rt->t, t->g, rt->L.s[LAYOUT_g].size);
	struct live_walk w = {.rt = rt, .fn = fn, .arg = arg, .state = ret};
	struct stack_regs start;

	*ret = (struct livestack_state){0};
	if (!g || !stack_start_at(rt, t, g, &start) || start.sp % STACK_WORD)
		return false;
	livestack_map(rt, 0); /* makes the cache */
	w.cache = rt->livestack;
	begin(&w, t, &start);
	visit_g(&w, t->g, g);
	if (t->status == TASK_RUNNING)
		visit_registers(&w, t);
	if (t->status == TASK_COPYSTACK)
		range(&w, start.sp, start.hi); /* half of it may lie elsewhere already */
	else
		walk_frames(&w, &start);
	livestack_objects_visit(&w);
	return true;
}
