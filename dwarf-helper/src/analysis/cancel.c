#include "analysis/cancel.h"

#include <stdlib.h>

#include "analysis/reach.h" /* REACH_NONE */
#include "runtime/heap.h"

/* Sizes of the closures: {code, context}; with an error interface; with two interfaces. */
enum { SIZE_ONE = 16, SIZE_CAUSE = 32, SIZE_PARENT = 48 };

/* A function whose closures cancel. */
struct cancel_code {
	taddr entry;
	uint32_t func;
	uint8_t kind;
};

struct finder {
	const struct model *m;
	struct cancelers *out;
	VEC(struct cancel_code) codes;
	struct u64map index;	     /* entry -> number in codes */
	taddr lo, hi;		     /* [lo, hi] holds all entries: one test for most words */
	uint64_t one, cause, parent; /* slots of the closures by SIZE_… */
};

static bool ends(const char *s, size_t n, const char *tail)
{
	size_t t = strlen(tail);

	return n >= t && memcmp(s + n - t, tail, t) == 0;
}

static void add_code(void *arg, const struct pcln_func *f)
{
	struct finder *s = arg;
	const struct pcinfo *info = runtime_pcinfo(s->m->rt, f->entry);

	if (!info->n || u64map_add(&s->index, f->entry, (uint32_t)s->codes.n) != s->codes.n)
		return;
	VEC_PUSH(&s->codes,
		 (struct cancel_code){.entry = f->entry,
				      .func = info->first + info->n - 1u,
				      .kind = (uint8_t)cancel_code_kind(f->name, strlen(f->name))});
	if (f->entry < s->lo)
		s->lo = f->entry;
	if (f->entry > s->hi)
		s->hi = f->entry;
}

static bool cancels(const struct ctx *c)
{
	return ctx_kind_has_done(c->kind);
}

/* The context that a captured word stands for; CTX_NONE. */
static uint32_t captured(struct finder *s, const struct cancel_code *code, const uint8_t *p,
			 uint64_t size)
{
	const struct model *m = s->m;
	uint64_t w;

	/* propagateCancel.func1 captures two interfaces, the child and the parent, and the parent
	 * is never one of the library's. */
	for (uint64_t at = 8; at < (code->kind == CANCELER_PARENT ? size : 16); at += 8) {
		memcpy(&w, p + at, 8);
		uint32_t i = model_at(m, w);
		if (i == CTX_NONE)
			continue;
		if (m->ctxs.v[i].kind == CTX_CUSTOM && code->kind == CANCELER_STOP)
			i = m->ctxs.v[i].parent; /* signalCtx: cancels what it embeds */
		if (i < m->ctxs.n && cancels(&m->ctxs.v[i]))
			return i;
	}
	return CTX_NONE;
}

/* The timer's callback has its cause since 1.21, unless that was nil and the compiler knew. */
static bool fits_slot(const struct finder *s, uint8_t kind, uint64_t slot)
{
	if (kind == CANCELER_PARENT)
		return slot == s->parent;
	return slot == s->one || (slot == s->cause && kind == CANCELER_TIMER);
}

static void consider(struct finder *s, const struct span *span, uint32_t index, const uint8_t *p,
		     uint32_t code)
{
	const struct cancel_code *c = &s->codes.v[code];

	if (!fits_slot(s, c->kind, span->elem_size))
		return;
	uint32_t context = captured(s, c, p, span->elem_size);
	if (context == CTX_NONE || !heap_allocated(s->m->rt, span, index))
		return;
	VEC_PUSH(&s->out->list,
		 (struct canceler){.closure = span->base + (uint64_t)index * span->elem_size,
				   .context = context,
				   .task = TASK_NONE,
				   .func = c->func,
				   .kind = c->kind,
				   .stage = REACH_NONE});
}

static void scan_span(struct finder *s, const struct span *span)
{
	const uint64_t step = span->elem_size;
	const uint8_t *p = target_ptr(s->m->rt->t, span->base, span->nelems * step);

	if (!p) {
		s->out->unread++;
		return;
	}
	for (uint32_t i = 0; i < span->nelems; i++, p += step) {
		uint64_t w;
		memcpy(&w, p, 8);
		if (w - s->lo > s->hi - s->lo)
			continue;
		uint32_t code = u64map_find(&s->index, w);
		if (code != U64MAP_NONE)
			consider(s, span, i, p, code);
	}
}

static bool is_wanted(const struct finder *s, const struct span *span)
{
	return !(span->flags & SPAN_NOSCAN) &&
	       (span->elem_size == s->one || span->elem_size == s->cause ||
		span->elem_size == s->parent);
}

/* Spans from @p first on that share one chunk of addresses: the number behind the last; mapped in
 * one go when most will be read. */
static size_t next_chunk(struct finder *s, size_t first)
{
	const struct heap *h = s->m->rt->heap;
	uint64_t chunk = h->spans.v[first].base / POPULATE_CHUNK, bytes = 0;
	size_t i = first, any = first;

	for (; i < h->spans.n && h->spans.v[i].base / POPULATE_CHUNK == chunk; i++) {
		if (!is_wanted(s, &h->spans.v[i]))
			continue;
		bytes += (uint64_t)h->spans.v[i].npages * HEAP_PAGE;
		any = i;
	}
	const uint8_t *p = bytes > POPULATE_CHUNK / 2
				   ? target_ptr(s->m->rt->t, h->spans.v[any].base, 1)
				   : NULL;
	if (p)
		target_populate(s->m->rt->t, p);
	return i;
}

static struct err *find_closures(struct finder *s)
{
	const struct heap *h = s->m->rt->heap;
	size_t n = h && s->codes.n ? h->spans.n : 0, chunk = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == chunk)
			chunk = next_chunk(s, i);
		if (is_wanted(s, &h->spans.v[i]))
			scan_span(s, &h->spans.v[i]);
		if (i % 1024 == 0 && runtime_canceled(s->m->rt))
			return err_interrupted();
	}
	return NULL;
}

static bool is_watcher(const struct runtime *rt, const struct task *t)
{
	if (t->start >= rt->frames.n)
		return false;
	const char *f = rt->frames.v[t->start].func;
	return strncmp(f, "context.", 8) == 0 &&
	       (strcmp(f, CANCEL_OLD_WATCHER) == 0 || ends(f, strlen(f), ".propagateCancel.func2"));
}

/* A watcher selects on the done channels of a parent and of a child: the child is a context of the
 * library, and the deeper one. */
static uint32_t watched(const struct model *m, const struct task *t)
{
	uint32_t found = CTX_NONE;

	for (uint32_t k = 0; k < t->nwaits; k++) {
		uint32_t i = m->tasks.waits.v[t->wait_first + k].context;
		if (i < m->ctxs.n && cancels(&m->ctxs.v[i]) &&
		    (found == CTX_NONE || m->ctxs.v[i].depth > m->ctxs.v[found].depth))
			found = i;
	}
	return found;
}

static void find_watchers(struct finder *s)
{
	const struct model *m = s->m;

	for (size_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		if (!is_watcher(m->rt, t))
			continue;
		bool parked =
			(t->status == TASK_WAITING || t->status == TASK_LEAKED) && t->nwaits == 2;
		uint32_t context = parked ? watched(m, t) : CTX_NONE;
		if (context == CTX_NONE) {
			s->out->watchers_unknown = true;
			continue;
		}
		VEC_PUSH(&s->out->list, (struct canceler){.context = context,
							  .task = (uint32_t)i,
							  .func = t->start,
							  .kind = CANCELER_WATCHER,
							  .stage = REACH_NONE});
	}
}

/* Counting sort by context: stable, so closures stay in order of address. */
static void sort_list(struct finder *s)
{
	size_t n = s->out->list.n, contexts = s->m->ctxs.n;

	if (n < 2)
		return;
	uint32_t *start = mem_zalloc((contexts + 1) * sizeof(*start));
	struct canceler *to = mem_resize(NULL, n, sizeof(*to));
	for (size_t i = 0; i < n; i++)
		start[s->out->list.v[i].context + 1]++;
	for (size_t i = 0; i < contexts; i++)
		start[i + 1] += start[i];
	for (size_t i = 0; i < n; i++)
		to[start[s->out->list.v[i].context]++] = s->out->list.v[i];
	free(start);
	free(s->out->list.v);
	s->out->list.v = to;
	s->out->list.cap = n;
}

struct err *cancelers_find(const struct model *m, struct cancelers *ret)
{
	struct finder s = {.m = m, .out = ret, .lo = UINT64_MAX};
	struct runtime *rt = m->rt;

	s.one = heap_slot_size(rt, SIZE_ONE);
	s.cause = heap_slot_size(rt, SIZE_CAUSE);
	s.parent = heap_slot_size(rt, SIZE_PARENT);
	*ret = (struct cancelers){0};
	char *profile = image_build_setting(rt->img, "-pgo");
	ret->pgo = profile != NULL;
	free(profile);
	ret->unread = rt->modules_cut;
	for (size_t i = 0; i < rt->modules.n; i++)
		pcln_select(&rt->modules.v[i].pcln, cancel_code_is, add_code, &s);
	ret->no_code = !s.codes.n;
	struct err *err = find_closures(&s);
	if (!err) {
		find_watchers(&s);
		sort_list(&s);
	}
	VEC_FREE(&s.codes);
	u64map_free(&s.index);
	if (err)
		cancelers_free(ret);
	return err;
}

void cancelers_free(struct cancelers *c)
{
	VEC_FREE(&c->list);
}

uint32_t cancelers_of(const struct cancelers *c, uint32_t i, uint32_t *first_ret)
{
	size_t lo = 0, hi = c->list.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (c->list.v[mid].context < i)
			lo = mid + 1;
		else
			hi = mid;
	}
	*first_ret = (uint32_t)lo;
	for (hi = lo; hi < c->list.n && c->list.v[hi].context == i; hi++)
		;
	return (uint32_t)(hi - lo);
}
