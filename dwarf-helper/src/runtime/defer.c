#include "runtime/defer.h"

#include "runtime/livestack_internal.h"

#define MAX_RECORDS (1u << 20) /* of one goroutine */
#define MAX_OPEN 8	       /* open-coded calls of a function: bits of a byte */
/* runtime/panic.go: badDefer, the end of a list that is closed */
#define BAD_DEFER 1

struct search {
	struct runtime *rt;
	defer_fn *fn;
	void *arg;
	taddr record;	 /* the next one on g._defer */
	uint32_t budget; /* records that may still be looked at: lists may bite their tails */
	bool stopped;
};

static void report(struct search *s, struct defer_call *d)
{
	if (!target_u64(s->rt->t, d->fn, &d->code))
		d->code = 0;
	else if (!runtime_module_of_pc(s->rt, d->code))
		return; /* no function: the frame is not set up yet, or its record is going away */
	s->stopped = !s->fn(s->arg, d);
}

/* ---- records ---- */

static const uint8_t *record_at(struct search *s, taddr a)
{
	if (!a || a == BAD_DEFER || !s->budget)
		return NULL;
	s->budget--;
	return target_ptr(s->rt->t, a, s->rt->L.s[LAYOUT_defer].size);
}

/*
 * What loops over functions have deferred hangs on a record of its own, newest first
 * (runtime/panic.go: deferrangefunc, deferprocat); sp is set only when they are about to run.
 */
static void visit_range(struct search *s, taddr head, taddr sp, uint32_t info)
{
	taddr a = 0;

	target_u64(s->rt->t, head, &a);
	for (const uint8_t *p; !s->stopped && (p = record_at(s, a));) {
		struct defer_call d = {
			.fn = runtime_load(p, s->rt->L.defer.fn), .sp = sp, .info = info};
		if (d.fn)
			report(s, &d);
		a = runtime_load(p, s->rt->L.defer.link);
	}
}

static bool flag(const uint8_t *p, struct layout_field f)
{
	return LAYOUT_HAS(f) && runtime_load(p, f);
}

/* One record.  Those that run now are still listed until 1.21 (started), and so are marks for
 * open-coded frames (openDefer). */
static void visit_record(struct search *s, const uint8_t *p, taddr frame_sp, uint32_t frame_info)
{
	const struct layout *l = &s->rt->L;
	taddr sp = runtime_load(p, l->defer.sp), pc = runtime_load(p, l->defer.pc);
	uint32_t info = sp == frame_sp && frame_info != PC_NONE
				? frame_info
				: runtime_pc(s->rt, pc ? pc - 1 : 0);
	struct defer_call d = {.fn = runtime_load(p, l->defer.fn), .sp = sp, .info = info};

	if (flag(p, l->defer.started) || flag(p, l->defer.openDefer))
		return;
	if (flag(p, l->defer.rangefunc))
		visit_range(s, runtime_load(p, l->defer.head), sp, info);
	else if (d.fn)
		report(s, &d);
}

/* Records of frames up to the one at @p sp: the list is in order of frames. */
static void visit_records(struct search *s, taddr sp, uint32_t info)
{
	const struct layout *l = &s->rt->L;

	for (const uint8_t *p; !s->stopped && (p = record_at(s, s->record));) {
		if (runtime_load(p, l->defer.sp) > sp)
			return;
		s->record = runtime_load(p, l->defer.link);
		visit_record(s, p, sp, info);
	}
}

/* ---- open-coded ---- */

/* Where the closures of a frame's open-coded calls are: bytes below varp. */
struct open_defers {
	uint32_t bits;		 /* of the byte with a bit for each that is armed */
	uint32_t slot[MAX_OPEN]; /* by bit; 0: no such call */
};

/* Until 1.21 a count, then the slots one by one, the last call's first; since 1.22 the first slot,
 * others follow. */
static bool read_open(const struct runtime *rt, struct pcln_bytes b, struct open_defers *ret)
{
	uint32_t n, first;

	*ret = (struct open_defers){0};
	if (!pcln_varint(&b, &ret->bits))
		return false;
	if (!LAYOUT_HAS(rt->L.defer.openDefer)) {
		if (!pcln_varint(&b, &first))
			return false;
		for (uint32_t i = 0; i < MAX_OPEN && first > i * 8; i++)
			ret->slot[i] = first - i * 8;
		return true;
	}
	if (!pcln_varint(&b, &n) || n > MAX_OPEN)
		return false;
	for (uint32_t i = n; i-- > 0;)
		if (!pcln_varint(&b, &ret->slot[i]))
			return false;
	return true;
}

static void visit_open(struct search *s, taddr sp, uint32_t info)
{
	const struct frame_map *map = livestack_map(s->rt, info);
	int32_t size = s->rt->pcs.v[info].frame_size;
	struct open_defers o;
	uint8_t armed;

	if (!map->open_defers.p || size <= 0 || !read_open(s->rt, map->open_defers, &o))
		return;
	taddr varp = stack_varp(s->rt, sp, size);
	if (o.bits > varp - sp || !target_u8(s->rt->t, varp - o.bits, &armed))
		return;
	for (int i = MAX_OPEN; i-- > 0 && !s->stopped;) {
		struct defer_call d = {.sp = sp, .info = info, .open_coded = true};
		if (!(armed >> i & 1) || !o.slot[i] || o.slot[i] > varp - sp)
			continue;
		if (target_u64(s->rt->t, varp - o.slot[i], &d.fn) && d.fn)
			report(s, &d);
	}
}

static bool visit_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct search *s = arg;

	(void)pc;
	if (s->rt->pcs.v[info].n)
		visit_open(s, sp, info);
	if (!s->stopped)
		visit_records(s, sp, info);
	return !s->stopped;
}

bool defers_each(struct runtime *rt, const struct task *t, defer_fn *fn, void *arg)
{
	struct search s = {.rt = rt, .fn = fn, .arg = arg, .budget = MAX_RECORDS};
	struct stack_regs start;
	bool complete = false, found = stack_start(rt, t, &start);

	runtime_field(rt, t->g, rt->L.g.defer_, &s.record);
	if (found)
		stack_walk(rt, &start, visit_frame, &s, &complete);
	if (!s.stopped)
		visit_records(&s, UINT64_MAX, PC_NONE);
	return s.stopped || (found && complete);
}
