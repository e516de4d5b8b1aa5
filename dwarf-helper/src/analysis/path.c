#include "analysis/path_internal.h"

#include <sys/mman.h>

#include "runtime/livestack.h"

#define CANCEL_EVERY 1024    /* spans or goroutines between two looks at Ctrl-C */
#define SLOT_NONE UINT32_MAX /* what points outside of all slots of its span */
/* For paths of different roots, holders beyond those wanted, and steps back to their roots. */
#define MORE_HOLDERS 1024
#define WALKED_MAX (UINT64_C(1) << 22)

/* ---- slots ---- */

/* Span of a slot number, and its index there. */
static const struct span *span_of_slot(const struct search *s, uint32_t slot, uint32_t *index_ret)
{
	size_t lo = 0, hi = s->rt->heap->spans.n;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;
		if (s->slots.spans[mid].word <= slot / 64)
			lo = mid;
		else
			hi = mid;
	}
	*index_ret = slot - s->slots.spans[lo].word * 64u;
	return &s->rt->heap->spans.v[lo];
}

bool search_object(const struct search *s, uint32_t slot, struct heap_object *ret)
{
	uint32_t index;
	const struct span *span = span_of_slot(s, slot, &index);

	return heap_object_at(s->rt, span->base + index * span->elem_size, ret);
}

/* ---- the search ---- */

static void frontier_add(struct frontier *f, uint32_t slot, uint32_t span)
{
	f->bits[slot / 64] |= 1ull << slot % 64;
	if (f->spans[span / 64] >> span % 64 & 1)
		return;
	f->spans[span / 64] |= 1ull << span % 64;
	VEC_PUSH(&f->queue, span);
}

uint64_t search_holder_key(struct search *s, uint32_t from)
{
	if (s->walked >= WALKED_MAX)
		return from | 1ull << 62;
	while (!(from & ROOT_BIT)) {
		from = s->parent[from - 1];
		s->walked++;
	}
	const struct origin *o = &s->origins.v[from & ~ROOT_BIT];
	if (o->task == TASK_NONE)
		return o->at | 1ull << 63;
	const struct task *t = &s->m->tasks.list.v[o->task];
	for (uint32_t k = 0; k < t->nwaits; k++) {
		const struct task_wait *w = &s->m->tasks.waits.v[t->wait_first + k];
		if ((w->context != CTX_NONE && w->context == s->waited.ctx) ||
		    (w->chan >= s->waited.lo && w->chan < s->waited.hi))
			return 0;
	}
	// One of a thousand that are alike is as good as another.
	return t->frame == FRAME_NONE
		       ? o->task + 1u
		       : ((uint64_t)t->frame << 32 | t->start) * 31 + t->created + (1ull << 61);
}

/* More roots than there shall be paths?  Beyond some holders it is enough that there are more. */
static bool enough_holders(struct search *s, uint32_t from)
{
	if (!s->max)
		return false;
	uint64_t key = search_holder_key(s, from);
	if (key)
		u64map_set(&s->seen, key, 1);
	return s->seen.n > s->max || s->holders.n > s->max + MORE_HOLDERS;
}

/* One holder counts once, however many of its words point there: an object, a goroutine, a
 * variable's word. */
static void add_holder(struct search *s, uint32_t from)
{
	if (s->holders.n) {
		uint32_t last = s->holders.v[s->holders.n - 1];
		if (last == from)
			return;
		if (last & from & ROOT_BIT && s->origins.v[from & ~ROOT_BIT].task != TASK_NONE &&
		    s->origins.v[from & ~ROOT_BIT].task == s->origins.v[last & ~ROOT_BIT].task)
			return;
	}
	VEC_PUSH(&s->holders, from);
	s->stop = enough_holders(s, from);
}

/* @p slot has been reached before, or is a P.  @return true when it is a P that is met for the
 * first time */
static bool meet_held(struct search *s, uint32_t from, uint32_t slot)
{
	if (u64map_find(&s->held, slot + UINT64_C(1)) == U64MAP_NONE || s->parent[slot])
		return false;
	s->parent[slot] = from;
	return true;
}

/* @p from points into slot @p index of a span.  @return true when this reaches the slot for the
 * first time, or adds a holder to it */
static bool reach(struct search *s, uint32_t from, uint32_t span, uint32_t index)
{
	const struct slot_span *ss = &s->slots.spans[span];
	uint32_t slot = ss->word * 64u + index;
	uint64_t *white = &s->white[slot / 64], bit = 1ull << slot % 64;

	if (slot == s->target) {
		add_holder(s, from);
		return true;
	}
	if (!(*white & bit))
		return ss->nelems == s->held_nelems && meet_held(s, from, slot);
	*white &= ~bit;
	s->parent[slot] = from;
	if (ss->noscan)
		return true;
	if (s->last && s->last[slot / 64] & bit)
		VEC_PUSH(&s->met_last, slot);
	else
		frontier_add(&s->next, slot, span);
	return true;
}

/* Slot of each pending pointer within its span; their bits are on the way into the cache
 * afterwards. */
static void look_up(struct search *s, uint32_t *index)
{
	for (uint32_t i = 0; i < s->pending; i++) {
		const struct slot_span *ss = &s->slots.spans[s->span[i]];
		index[i] = slots_index(ss, s->value[i]);
		if (index[i] < ss->nelems)
			__builtin_prefetch(&s->white[ss->word + index[i] / 64], 1);
		else
			index[i] = SLOT_NONE;
	}
}

static void flush(struct search *s)
{
	uint32_t index[BATCH];

	look_up(s, index);
	for (uint32_t i = 0; i < s->pending && !s->stop; i++)
		if (index[i] != SLOT_NONE)
			reach(s, s->from[i], s->span[i], index[i]);
	s->pending = 0;
}

/* A root counts as an origin only when something is first reached from it. */
static void flush_roots(struct search *s)
{
	uint32_t index[BATCH];

	look_up(s, index);
	for (uint32_t i = 0; i < s->pending && !s->stop && s->origins.n < ROOT_BIT - 1; i++) {
		uint32_t from = ROOT_BIT | (uint32_t)s->origins.n;
		if (index[i] == SLOT_NONE)
			continue;
		VEC_PUSH(&s->origins, s->root[i]);
		if (!reach(s, from, s->span[i], index[i]))
			s->origins.n--;
	}
	s->pending = 0;
}

static inline void collect(struct search *s, uint32_t from, taddr value)
{
	uint32_t span = slots_span(&s->slots, value);

	if (span == SLOTS_NO_SPAN)
		return;
	__builtin_prefetch(&s->slots.spans[span]);
	s->value[s->pending] = value;
	s->from[s->pending] = from;
	s->span[s->pending++] = span;
	if (s->pending == BATCH)
		flush(s);
}

static void read_object(struct search *s, uint32_t slot, uint32_t index)
{
	const taddr lo = s->slots.lo, range = s->slots.range;
	struct ptr_object o;
	struct ptr_chunk c;

	ptrwords_object(&s->reader, index, 0, UINT64_MAX, &o);
	while (ptrwords_next(&s->reader, &o, &c))
		for (uint64_t bits = c.mask; bits; bits &= bits - 1) {
			taddr v = ptr_chunk_word(&c, (unsigned)__builtin_ctzll(bits));
			if (v - lo < range)
				collect(s, slot + 1, v);
		}
}

static void read_span(struct search *s, uint32_t span)
{
	const struct slot_span *ss = &s->slots.spans[span];
	bool scan = ptrwords_span(&s->reader, &s->rt->heap->spans.v[span]);

	if (s->populate && s->reader.mem)
		target_populate(s->rt->t, s->reader.mem);
	for (uint32_t w = ss->word; w <= ss->word + (ss->nelems - 1) / 64 && !s->stop; w++) {
		uint64_t bits = s->now.bits[w];
		s->now.bits[w] = 0;
		for (; bits && scan; bits &= bits - 1) {
			uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(bits);
			read_object(s, slot, slot - ss->word * 64u);
		}
	}
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Spans in the order of their addresses.  A long queue is read off the bits again, which beats
 * sorting it. */
static void sort_queue(struct frontier *f, size_t nspans)
{
	if (f->queue.n < nspans / 64) {
		qsort(f->queue.v, f->queue.n, sizeof(*f->queue.v), by_number);
		return;
	}
	size_t k = 0;
	for (size_t w = 0; w <= nspans / 64; w++)
		for (uint64_t bits = f->spans[w]; bits; bits &= bits - 1)
			f->queue.v[k++] = (uint32_t)(w * 64 + (size_t)__builtin_ctzll(bits));
}

/* Level by level, until nothing new is met or enough holders are. */
static struct err *search_heap(struct search *s)
{
	uint64_t steps = 0;

	while (s->next.queue.n && !s->stop) {
		struct frontier done = s->now;
		s->now = s->next;
		s->next = done;
		sort_queue(&s->now, s->rt->heap->spans.n);
		s->populate = s->now.queue.n > s->rt->heap->spans.n / 8;
		for (size_t i = 0; i < s->now.queue.n && !s->stop; i++) {
			uint32_t span = s->now.queue.v[i];
			if (++steps % CANCEL_EVERY == 0 && runtime_canceled(s->rt))
				return err_interrupted();
			s->now.spans[span / 64] &= ~(1ull << span % 64);
			read_span(s, span);
		}
		flush(s);
		s->now.queue.n = 0;
	}
	return NULL;
}

/* ---- roots ---- */

static void add_root(struct search *s, const struct root *r)
{
	uint32_t span = slots_span(&s->slots, r->value);

	if (span == SLOTS_NO_SPAN)
		return;
	__builtin_prefetch(&s->slots.spans[span]);
	s->root[s->pending] = (struct origin){
		r->at, r->kind == ROOT_REGISTER ? r->value : r->object, r->task, r->kind};
	s->value[s->pending] = r->value;
	s->span[s->pending++] = span;
	if (s->pending == BATCH)
		flush_roots(s);
}

static bool on_root(void *arg, const struct root *r)
{
	struct search *s = arg;

	if (r->kind == ROOT_FINALIZER || r->kind == ROOT_CLEANUP)
		VEC_PUSH(&s->specials, *r);
	else
		add_root(s, r);
	return !s->stop;
}

static bool on_live(void *arg, const struct live_word *w)
{
	struct search *s = arg;

	add_root(s, &(struct root){.kind = w->at ? ROOT_STACK : ROOT_REGISTER,
				   .at = w->at,
				   .value = w->value,
				   .task = s->task});
	return !s->stop;
}

/* A goroutine whose registers are not known: every word of its stack. */
static bool add_whole_stack(struct search *s, const struct task *t)
{
	uint64_t lo, hi, word;
	bool all = true;

	if (!stack_bounds(s->rt, t->g, &lo, &hi))
		return false;
	for (taddr at = lo; at < hi && !s->stop && !runtime_canceled(s->rt); at += 8) {
		if (target_u64(s->rt->t, at, &word)) {
			if (word)
				on_live(s, &(struct live_word){
						   .at = at, .value = word, .info = PC_NONE});
		} else {
			all = false;
			at = target_behind_gap(s->rt->t, at) - 8;
		}
	}
	return all;
}

static void incomplete(struct search *s, enum gap gap)
{
	s->ret->complete = false;
	if (!s->ret->gap)
		s->ret->gap = (uint8_t)gap;
}

/* Timers that will fire, or those that will not. */
static void add_timers(struct search *s, bool stopped)
{
	for (size_t i = 0; i < s->timers.list.n && !s->stop; i++) {
		const struct timer_entry *e = &s->timers.list.v[i];
		if (e->stopped == stopped)
			add_root(s,
				 &(struct root){.kind = stopped ? ROOT_STOPPED_TIMER : ROOT_TIMER,
						.at = e->at,
						.value = e->timer,
						.task = TASK_NONE});
	}
}

static struct err *search_roots(struct search *s)
{
	bool missing = false;
	struct err *err = roots_each(s->rt, on_root, s, &missing);

	add_timers(s, false);
	for (uint32_t i = 0; i < s->m->tasks.list.n && !err && !s->stop; i++) {
		const struct task *t = &s->m->tasks.list.v[i];
		struct livestack_state st = {0};
		s->task = i;
		if (i % CANCEL_EVERY == 0 && runtime_canceled(s->rt))
			err = err_interrupted();
		else if (!livestack_each(s->rt, t, on_live, s, &st) ? !add_whole_stack(s, t)
								    : st.unreadable)
			incomplete(s, GAP_STACK);
	}
	flush_roots(s);
	if (missing)
		incomplete(s, GAP_GLOBALS);
	if (s->m->tasks.unread || s->m->tasks.beyond)
		incomplete(s, GAP_TASKS);
	return err;
}

/* What was put off. */
static void enter_last(struct search *s)
{
	s->last = NULL;
	for (size_t i = 0; i < s->met_last.n; i++) {
		uint32_t index;
		const struct span *span = span_of_slot(s, s->met_last.v[i], &index);
		frontier_add(&s->next, s->met_last.v[i], (uint32_t)(span - s->rt->heap->spans.v));
	}
}

/* An object that something else keeps has its words from there: they are no roots. */
static void add_specials(struct search *s)
{
	for (size_t i = 0; i < s->specials.n && !s->stop; i++) {
		const struct root *r = &s->specials.v[i];
		uint64_t slot = slots_at(&s->slots, r->object);
		bool inside = slot != UINT64_MAX && slots_at(&s->slots, r->at) == slot;
		if (!inside || !s->parent[slot])
			add_root(s, r);
	}
	flush_roots(s);
}

/* What nothing else reaches: behind finalizers and cleanups, behind timers that wait to be swept,
 * then behind the Ps. */
static struct err *search_rest(struct search *s)
{
	enter_last(s);
	struct err *err = search_heap(s);
	if (err || s->stop)
		return err;
	add_specials(s);
	err = search_heap(s);
	if (err || s->stop)
		return err;
	add_timers(s, true);
	flush_roots(s);
	err = search_heap(s);
	for (size_t i = 0; i < s->timers.keepers.n && !err; i++) {
		uint64_t slot = slots_at(&s->slots, s->timers.keepers.v[i]);
		if (slot != UINT64_MAX && s->parent[slot])
			frontier_add(&s->next, (uint32_t)slot,
				     slots_span(&s->slots, s->timers.keepers.v[i]));
	}
	return err ? err : search_heap(s);
}

/* ---- opening and closing ---- */

static void frontier_open(struct frontier *f, const struct search *s)
{
	f->bits = mem_zalloc(s->slots.words * 8);
	f->spans = mem_zalloc((s->rt->heap->spans.n / 64 + 1) * 8);
}

static void frontier_close(struct frontier *f)
{
	free(f->bits);
	free(f->spans);
	VEC_FREE(&f->queue);
}

struct err *search_open(struct search *s)
{
	const struct heap *h = s->rt->heap;
	struct err *err = slots_open(s->rt, &s->slots);

	if (err)
		return err;
	if (s->slots.words >= ROOT_BIT / 64)
		return err_new(ERR_LIMIT, "the heap has more than 2^31 slots");
	s->white = mem_alloc((s->slots.words + 1) * 8);
	for (size_t i = 0; i < h->spans.n; i++)
		heap_allocated_bits(s->rt, &h->spans.v[i], &s->white[s->slots.spans[i].word]);
	s->parent_bytes = (s->slots.words + 1) * 64 * sizeof(*s->parent);
	// From the kernel, so that pages of slots that nothing reaches are never made.
	s->parent = mmap(NULL, s->parent_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->parent == MAP_FAILED)
		mem_out();
	frontier_open(&s->now, s);
	frontier_open(&s->next, s);
	s->masks = ptrmasks_open(s->rt);
	ptrwords_init(&s->reader, s->rt, s->masks);
	return NULL;
}

/* The Ps and their heaps, all of whose timers are roots, are taken for reached, so that they are
 * not entered. */
static void hold_keepers(struct search *s)
{
	timers_read(s->rt, &s->timers);
	for (size_t i = 0; i < s->timers.keepers.n; i++) {
		taddr p = s->timers.keepers.v[i];
		uint64_t slot = slots_at(&s->slots, p);
		if (slot == UINT64_MAX)
			continue;
		s->held_nelems = s->slots.spans[slots_span(&s->slots, p)].nelems;
		s->white[slot / 64] &= ~(1ull << slot % 64);
		u64map_set(&s->held, slot + 1, (uint32_t)i);
	}
}

void search_close(struct search *s)
{
	timers_free(&s->timers);
	u64map_free(&s->held);
	u64map_free(&s->seen);
	if (s->parent)
		munmap(s->parent, s->parent_bytes);
	free(s->white);
	frontier_close(&s->now);
	frontier_close(&s->next);
	VEC_FREE(&s->origins);
	VEC_FREE(&s->holders);
	VEC_FREE(&s->met_last);
	VEC_FREE(&s->specials);
	if (s->masks)
		ptrmasks_close(s->masks);
	slots_close(&s->slots);
}

struct err *search_run(struct search *s)
{
	hold_keepers(s);
	struct err *err = search_roots(s);
	if (!err)
		err = search_heap(s);
	if (!err && !s->stop)
		err = search_rest(s);
	if (err)
		return err;
	if (s->rt->heap->incomplete)
		incomplete(s, GAP_SPANS);
	if (s->reader.unread)
		incomplete(s, GAP_HEAP);
	return NULL;
}
