#include "context/model.h"

#include "context/build_internal.h"

#define PAGES_PER_ARENA (HEAP_ARENA / HEAP_PAGE)

void model_unindex(struct model *m)
{
	for (uint32_t i = 0; i < m->arena_count; i++)
		free(m->page_first[i]);
	free(m->page_first);
	m->page_first = NULL;
	m->arena_count = 0;
	m->heap_end = 0;
}

/* The heap's contexts in the page of @p addr: [*first, *first + n).  @return n */
static inline uint32_t in_page(const struct model *m, taddr addr, uint32_t *first)
{
	uint64_t arena = addr / HEAP_ARENA - m->arena_first;

	if (arena >= m->arena_count || !m->page_first[arena])
		return 0;
	const uint32_t *page = &m->page_first[arena][addr / HEAP_PAGE % PAGES_PER_ARENA];
	*first = page[0];
	return page[1] - page[0];
}

/* Where among @p n contexts that share its page one at @p addr is to be expected. */
static inline uint32_t guess(taddr addr, uint32_t n)
{
	return (uint32_t)(addr % HEAP_PAGE * n / HEAP_PAGE);
}

uint32_t model_at(const struct model *m, taddr addr)
{
	uint32_t first, n = in_page(m, addr, &first);

	if (n) {
		uint32_t i = first + guess(addr, n), end = first + n;
		while (i > first && m->ctxs.v[i].addr > addr)
			i--;
		while (i < end && m->ctxs.v[i].addr < addr)
			i++;
		if (i < end && m->ctxs.v[i].addr == addr)
			return i;
	}
	return u64map_find(&m->others, addr);
}

void model_prefetch(const struct model *m, taddr addr)
{
	uint32_t first, n = in_page(m, addr, &first);

	if (n)
		__builtin_prefetch(&m->ctxs.v[first + guess(addr, n)], 1);
}

void model_index(struct model *m)
{
	taddr page = 0; // all up to this one have their entry
	uint32_t *pages = NULL;

	model_unindex(m);
	m->heap_end = (uint32_t)m->ctxs.n;
	if (m->heap_end == 2)
		return;
	m->arena_first = m->ctxs.v[2].addr / HEAP_ARENA;
	m->arena_count =
		(uint32_t)(m->ctxs.v[m->heap_end - 1].addr / HEAP_ARENA - m->arena_first + 1);
	m->page_first = mem_zalloc(m->arena_count * sizeof(*m->page_first));
	for (uint32_t i = 2; i < m->heap_end; i++) {
		taddr at = m->ctxs.v[i].addr / HEAP_PAGE, arena = at / PAGES_PER_ARENA;
		if (pages && at == page)
			continue;
		if (!pages || arena != page / PAGES_PER_ARENA) {
			for (uint64_t k = page % PAGES_PER_ARENA + 1; pages && k <= PAGES_PER_ARENA;
			     k++)
				pages[k] = i;
			pages = mem_alloc((PAGES_PER_ARENA + 1) * sizeof(*pages));
			m->page_first[arena - m->arena_first] = pages;
			page = arena * PAGES_PER_ARENA;
			pages[0] = i;
		}
		while (page < at)
			pages[++page % PAGES_PER_ARENA] = i;
	}
	for (uint64_t k = page % PAGES_PER_ARENA + 1; k <= PAGES_PER_ARENA; k++)
		pages[k] = m->heap_end;
}

uint32_t model_find(const struct model *m, taddr addr)
{
	uint32_t i = model_at(m, addr);
	struct heap_object o;

	if (i == CTX_NONE && addr && heap_object_at(m->rt, addr, &o))
		i = model_at(m, o.base);
	return i;
}

const char *ctx_kind_name(uint8_t kind)
{
	static const char *const names[CTX_KINDS] = {"background", "todo",  "cancel",
						     "timer",	   "value", "without_cancel",
						     "after_func", "stop",  "custom"};

	return kind < CTX_KINDS ? names[kind] : "unknown";
}

const char *ctx_state_name(uint8_t state)
{
	static const char *const names[CTX_STATES] = {"active", "canceled", "expired", "never",
						      "unknown"};

	return state < CTX_STATES ? names[state] : "unknown";
}

const char *ctx_label(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];
	const char *name = m->types.v[c->type].name;
	static const char *const labels[CTX_CUSTOM] = {
		"Background", "TODO",	       "WithCancel", "WithTimeout",
		"WithValue",  "WithoutCancel", "AfterFunc",  "AfterFunc stop"};

	if (c->kind < CTX_CUSTOM)
		return labels[c->kind];
	if (strcmp(m->types.v[c->type].full, "*os/signal.signalCtx") == 0)
		return "signal.NotifyContext";
	return name[0] == '*' ? name + 1 : name;
}
