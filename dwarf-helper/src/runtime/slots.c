#include "runtime/slots.h"

struct err *slots_open(struct runtime *rt, struct slots *ret)
{
	const struct heap *h = rt->heap;

	memset(ret, 0, sizeof(*ret));
	if (!h || !h->spans.n)
		return err_new(ERR_ABSENT, "there is no heap to look at");
	ret->h = h;
	ret->spans = mem_resize(NULL, h->spans.n, sizeof(*ret->spans));
	for (size_t i = 0; i < h->spans.n; i++) {
		const struct span *s = &h->spans.v[i];
		if (ret->words > INT32_MAX - (s->nelems / 64 + 1)) {
			slots_close(ret);
			return err_new(ERR_LIMIT, "the heap has too many objects");
		}
		ret->spans[i] = (struct slot_span){
			.base = s->base,
			.magic = s->nelems > 1 ? UINT64_MAX / s->elem_size + 1 : 0,
			.size = s->elem_size,
			.nelems = s->nelems,
			.noscan = !!(s->flags & SPAN_NOSCAN),
			.word = (uint32_t)ret->words & INT32_MAX,
		};
		ret->words += (s->nelems + 63) / 64;
	}
	const struct span *last = &h->spans.v[h->spans.n - 1];
	ret->lo = h->spans.v[0].base;
	ret->range = last->base + (uint64_t)last->npages * HEAP_PAGE - ret->lo;
	return NULL;
}

void slots_close(struct slots *s)
{
	free(s->spans);
	memset(s, 0, sizeof(*s));
}
