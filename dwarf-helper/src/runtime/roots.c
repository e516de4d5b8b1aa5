#include "runtime/roots.h"

#include "base/circle.h"
#include "runtime/ptrwords.h"
#include "runtime/specials.h"

struct visit {
	struct runtime *rt;
	root_fn *fn;
	void *arg;
	bool *incomplete;
	bool stopped; /* by fn */
	struct ptrwords words;
};

static void report(struct visit *v, enum root_kind kind, taddr at, taddr value, taddr object)
{
	struct root r = {.kind = (uint8_t)kind,
			 .at = at,
			 .value = value,
			 .object = object,
			 .task = TASK_NONE};

	if (value && !v->stopped)
		v->stopped = !v->fn(v->arg, &r);
}

/* One pointer in memory. */
static void report_at(struct visit *v, enum root_kind kind, taddr at, taddr object)
{
	taddr value;

	if (target_u64(v->rt->t, at, &value))
		report(v, kind, at, value, object);
	else
		*v->incomplete = true;
}

/* -- data and bss ---------------------------------------------------------------------------- */

static void visit_words(struct visit *v, taddr at, const uint8_t *p, uint64_t nwords,
			const uint8_t *mask)
{
	for (uint64_t i = 0; i < nwords && !v->stopped; i++) {
		taddr value;
		if (mask && i % 8 == 0 && !mask[i / 8]) {
			i += 7;
			continue;
		}
		if (mask && !(mask[i / 8] >> (i % 8) & 1))
			continue;
		memcpy(&value, p + i * 8, 8);
		report(v, ROOT_GLOBAL, at + i * 8, value, 0);
	}
}

/* bytes: a piece of data that is missing does not take the rest with it; a multiple of 64 */
#define PIECE 32768u

/* One segment; @p bytedata: a bit a word (runtime/symtab.go: moduledata.gcdatamask). */
static void visit_segment(struct visit *v, taddr lo, taddr hi, taddr bytedata)
{
	uint64_t nwords = hi > lo ? (hi - lo) / 8 : 0; // the end need not be aligned

	for (uint64_t i = 0; i < nwords && !v->stopped && !runtime_canceled(v->rt);
	     i += PIECE / 8) {
		uint64_t n = nwords - i < PIECE / 8 ? nwords - i : PIECE / 8;
		const uint8_t *mask =
			bytedata ? target_ptr(v->rt->t, bytedata + i / 8, (n + 7) / 8) : NULL;
		const uint8_t *p = target_ptr(v->rt->t, lo + i * 8, n * 8);
		if (p) {
			visit_words(v, lo + i * 8, p, n, mask);
			continue;
		}
		taddr next = target_next(v->rt->t, lo + i * 8);
		if (next >= lo + (i + n) * 8) { // a damaged end may be far away: on to where there
						// is memory again
			*v->incomplete = true;
			if (next >= hi)
				return;
			i = (next - lo) / PIECE * (PIECE / 8) - PIECE / 8;
			continue;
		}
		for (uint64_t k = 0; k < n && !v->stopped; k++)
			if (!mask || mask[k / 8] >> (k % 8) & 1)
				report_at(v, ROOT_GLOBAL, lo + (i + k) * 8, 0);
	}
}

static void visit_modules(struct visit *v)
{
	const struct layout *l = &v->rt->L;

	if (v->rt->modules_cut)
		*v->incomplete = true;
	for (size_t i = 0; i < v->rt->modules.n && !v->stopped; i++) {
		const struct module *m = &v->rt->modules.v[i];
		taddr data = 0, bss = 0;
		runtime_field(v->rt, m->addr, l->moduledata.gcdatamask, &data);
		runtime_field(v->rt, m->addr, l->moduledata.gcbssmask, &bss);
		visit_segment(v, m->data, m->edata, data);
		visit_segment(v, m->bss, m->ebss, bss);
	}
}

/* -- queues ---------------------------------------------------------------------------------- */

/* The words at @p offs of @p n records. */
static void visit_records(struct visit *v, enum root_kind kind, taddr first, uint64_t n,
			  uint32_t size, const int32_t *offs)
{
	for (uint64_t i = 0; i < n && !v->stopped; i++)
		for (const int32_t *off = offs; *off != LAYOUT_NONE && !v->stopped; off++)
			report_at(v, kind, first + i * size + (uint64_t)*off, 0);
}

/* How a list of blocks full of records is linked. */
struct block_list {
	enum root_kind kind;
	struct layout_field link, count, records;
	uint32_t record_size;
	int32_t offs[5]; /* of the pointers in a record, LAYOUT_NONE at the end */
};

static void visit_blocks(struct visit *v, taddr block, const struct block_list *b)
{
	struct circle circle = {0};

	while (block && !v->stopped) {
		uint64_t n;
		if (in_circle(&circle, block) || runtime_canceled(v->rt) ||
		    !runtime_field(v->rt, block, b->count, &n) ||
		    n > b->records.size / b->record_size) {
			*v->incomplete = true;
			return;
		}
		visit_records(v, b->kind, block + (uint64_t)b->records.off, n, b->record_size,
			      b->offs);
		if (!runtime_field(v->rt, block, b->link, &block)) {
			*v->incomplete = true;
			return;
		}
	}
}

/* runtime/mfinal.go: finptrmask has fn, arg, fint and ot. */
static void visit_finalizer_queue(struct visit *v)
{
	const struct layout *l = &v->rt->L;
	const struct layout_variable *head = &l->var[LAYOUT_VAR_allfin];
	struct block_list b = {ROOT_FINALIZER_QUEUE,
			       l->finBlock.alllink,
			       l->finBlock.cnt,
			       l->finBlock.fin,
			       l->s[LAYOUT_finalizer].size,
			       {l->finalizer.fn.off, l->finalizer.arg.off, l->finalizer.fint.off,
				l->finalizer.ot.off, LAYOUT_NONE}};
	taddr block;

	if (!head->found || !LAYOUT_HAS(b.link) || !LAYOUT_HAS(b.count) || !LAYOUT_HAS(b.records) ||
	    !b.record_size || !target_u64(v->rt->t, head->addr, &block))
		*v->incomplete = true;
	else
		visit_blocks(v, block, &b);
}

/* runtime/mcleanup.go: a *funcval in 1.25, a cleanupFn of three pointers since 1.26. */
static void visit_cleanup_queue(struct visit *v)
{
	const struct layout *l = &v->rt->L;
	const struct layout_variable *queue = &l->var[LAYOUT_VAR_gcCleanups];
	struct block_list b = {ROOT_CLEANUP_QUEUE,
			       l->cleanupBlock.alllink,
			       l->cleanupBlock.n,
			       l->cleanupBlock.cleanups,
			       8,
			       {0, LAYOUT_NONE}};
	taddr block;

	if (!LAYOUT_HAS(l->cleanupQueue.all))
		return; // until 1.24 they run with the finalizers
	if (LAYOUT_HAS(l->cleanupFn.fn)) {
		b.record_size = l->s[LAYOUT_cleanupFn].size;
		memcpy(b.offs,
		       (int32_t[]){l->cleanupFn.call.off, l->cleanupFn.fn.off, l->cleanupFn.arg.off,
				   LAYOUT_NONE},
		       4 * sizeof(*b.offs));
	}
	if (!queue->found || !LAYOUT_HAS(b.link) || !LAYOUT_HAS(b.count) ||
	    !LAYOUT_HAS(b.records) ||
	    !target_u64(v->rt->t, queue->addr + (uint64_t)l->cleanupQueue.all.off, &block))
		*v->incomplete = true;
	else
		visit_blocks(v, block, &b);
}

/* -- specials -------------------------------------------------------------------------------- */

/* The finalizer will be called with the object: what that points to must live, it itself need
 * not. */
static void visit_finalized(struct visit *v, const struct span *s, uint32_t index, taddr object)
{
	struct ptr_object o;
	struct ptr_chunk c;

	if (!ptrwords_span(&v->words, s))
		return;
	ptrwords_object(&v->words, index, 0, UINT64_MAX, &o);
	while (!v->stopped && ptrwords_next(&v->words, &o, &c))
		for (uint64_t m = c.mask; m; m &= m - 1) {
			unsigned i = (unsigned)__builtin_ctzll(m);
			report(v, ROOT_FINALIZER, c.at + i * 8, ptr_chunk_word(&c, i), object);
		}
}

static bool visit_special(void *arg, const struct span *s, const struct special *sp)
{
	struct visit *v = arg;
	const struct layout *l = &v->rt->L;
	uint64_t index = sp->offset / s->elem_size;
	taddr object = s->base + index * s->elem_size + (s->flags & SPAN_HEADER ? 8 : 0);

	if (index >= s->nelems) {
		*v->incomplete = true;
		return false;
	}
	if (sp->kind == SPECIAL_FINALIZER) {
		report_at(v, ROOT_FINALIZER, sp->addr + (uint64_t)l->specialfinalizer.fn.off,
			  object);
		visit_finalized(v, s, (uint32_t)index, object);
	} else if (sp->kind == SPECIAL_WEAK) {
		report_at(v, ROOT_SPECIAL, sp->addr + (uint64_t)l->specialWeakHandle.handle.off,
			  object);
	} else if (sp->kind == SPECIAL_CLEANUP) {
		struct layout_field f[] = {l->specialCleanup.cleanup_call, l->specialCleanup.fn,
					   l->specialCleanup.cleanup_arg};
		for (size_t i = 0; i < sizeof(f) / sizeof(*f); i++)
			if (LAYOUT_HAS(f[i]))
				report_at(v, ROOT_CLEANUP, sp->addr + (uint64_t)f[i].off, object);
	}
	return !v->stopped;
}

static struct err *visit_specials(struct visit *v)
{
	const struct layout *l = &v->rt->L;
	const struct heap *h = v->rt->heap;
	const struct special_numbers numbers = special_numbers(l);

	if (!h || h->incomplete || !LAYOUT_HAS(l->special.next) ||
	    !LAYOUT_HAS(l->specialfinalizer.fn) ||
	    (numbers.of[SPECIAL_CLEANUP] && !LAYOUT_HAS(l->specialCleanup.fn) &&
	     l->s[LAYOUT_specialCleanup].size))
		*v->incomplete = true;
	if (!h || !LAYOUT_HAS(l->special.next))
		return NULL;
	uint64_t left = specials_most(v->rt);
	for (size_t i = 0; i < h->spans.n && !v->stopped; i++) {
		if (i % 4096 == 0 && runtime_canceled(v->rt))
			return err_interrupted();
		if (h->spans.v[i].specials &&
		    !specials_each(v->rt, &numbers, &h->spans.v[i], &left, visit_special, v))
			*v->incomplete = true;
	}
	return NULL;
}

struct err *roots_each(struct runtime *rt, root_fn *fn, void *arg, bool *incomplete_ret)
{
	struct visit v = {.rt = rt, .fn = fn, .arg = arg, .incomplete = incomplete_ret};
	struct ptrmasks *masks = ptrmasks_open(rt);

	ptrwords_init(&v.words, rt, masks);
	visit_modules(&v);
	visit_finalizer_queue(&v);
	visit_cleanup_queue(&v);
	struct err *err = visit_specials(&v);
	if (v.words.unread)
		*incomplete_ret = true;
	ptrmasks_close(masks);
	return err ? err : runtime_check(rt);
}

const char *root_kind_name(uint8_t kind)
{
	static const char *const names[ROOT_KINDS] = {
		[ROOT_GLOBAL] = "global",
		[ROOT_FINALIZER] = "finalizer",
		[ROOT_CLEANUP] = "cleanup",
		[ROOT_SPECIAL] = "special",
		[ROOT_FINALIZER_QUEUE] = "finalizer",
		[ROOT_CLEANUP_QUEUE] = "cleanup",
		[ROOT_STACK] = "stack",
		[ROOT_REGISTER] = "register",
		[ROOT_TIMER] = "timer",
		[ROOT_STOPPED_TIMER] = "stopped timer",
	};

	return kind < ROOT_KINDS ? names[kind] : "unknown";
}
