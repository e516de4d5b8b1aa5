#include "runtime/coro.h"

#include "runtime/heap.h"

/* value in coros.of_g: of a goroutine that waits so, whose coro has not been met yet */
#define NOT_FOUND (UINT32_MAX - 1)

static void look_at_span(struct runtime *rt, const struct span *s, struct coros *c, bool *unread)
{
	const uint8_t *p = target_ptr(rt->t, s->base, s->nelems * s->elem_size);

	*unread |= !p;
	for (uint32_t i = 0; p && i < s->nelems; i++, p += s->elem_size) {
		uint64_t g = runtime_load(p, rt->L.coro.gp);
		uint32_t at = g ? u64map_find(&c->of_g, g) : U64MAP_NONE;
		if (at == U64MAP_NONE || !heap_allocated(rt, s, i))
			continue;
		if (at != NOT_FOUND) {
			c->list.v[at] = 0;
			continue;
		}
		u64map_set(&c->of_g, g, (uint32_t)c->list.n);
		VEC_PUSH(&c->list, s->base + i * s->elem_size);
	}
}

/* Goroutines that wait so. */
static void take_waiting(struct runtime *rt, const struct tasks *ts, struct coros *c)
{
	for (size_t i = 0; i < ts->list.n; i++) {
		const struct task *t = &ts->list.v[i];
		const char *reason = t->status == TASK_WAITING ? task_reason(rt, t) : NULL;
		if (reason && strcmp(reason, "coroutine") == 0)
			u64map_add(&c->of_g, t->g, NOT_FOUND);
	}
}

struct err *coros_find(struct runtime *rt, const struct tasks *ts, struct coros *ret)
{
	const struct heap *h = rt->heap;
	bool unread = false;

	*ret = (struct coros){0};
	if (!h || !LAYOUT_HAS(rt->L.coro.gp))
		return NULL;
	take_waiting(rt, ts, ret);
	uint64_t slot = heap_slot_size(rt, rt->L.s[LAYOUT_coro].size);
	for (size_t i = 0; ret->of_g.n && i < h->spans.n; i++) {
		if (i % 1024 == 0 && runtime_canceled(rt)) {
			coros_free(ret);
			return err_interrupted();
		}
		if (h->spans.v[i].elem_size == slot && !(h->spans.v[i].flags & SPAN_NOSCAN))
			look_at_span(rt, &h->spans.v[i], ret, &unread);
	}
	if (unread || h->incomplete)
		coros_free(ret);
	return NULL;
}

void coros_free(struct coros *c)
{
	VEC_FREE(&c->list);
	u64map_free(&c->of_g);
}

taddr coros_of(const struct coros *c, const struct task *t)
{
	uint32_t at = u64map_find(&c->of_g, t->g);

	return at < c->list.n ? c->list.v[at] : 0;
}
