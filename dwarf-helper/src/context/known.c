#include "context/known.h"

#include "context/detail.h"
#include "runtime/rtype.h"
#include "runtime/stack.h"

struct seek {
	const struct model *m;
	uint32_t i;
	taddr addr, rtype;
	struct known found;
};

/* Is the word before its address one that an interface value of its type begins with? */
static bool is_iface(struct seek *s, taddr word)
{
	return word && (word == s->rtype || rtype_of_itab(s->m->rt, word) == s->rtype);
}

/* The first place in [lo, hi) where the pair stands. */
static bool in_words(struct seek *s, taddr lo, taddr hi, taddr *at_ret)
{
	const uint8_t *p =
		hi > lo && (hi - lo) >> 40 == 0 ? target_ptr(s->m->rt->t, lo, hi - lo) : NULL;

	for (uint64_t at = 8; p && at + 8 <= hi - lo; at += 8) {
		uint64_t pair[2];
		memcpy(pair, p + at - 8, 16);
		if (pair[1] != s->addr || !is_iface(s, pair[0]))
			continue;
		*at_ret = lo + at - 8;
		return true;
	}
	return false;
}

static bool in_heap(struct seek *s)
{
	struct runtime *rt = s->m->rt;
	const struct heap *h = rt->heap;

	for (size_t k = 0; h && k < h->spans.n && !runtime_canceled(rt); k++) {
		const struct span *span = &h->spans.v[k];
		taddr lo = span->base, hi = span->base + span->nelems * span->elem_size, at;
		while (!(span->flags & SPAN_NOSCAN) && in_words(s, lo, hi, &at)) {
			struct heap_object o;
			lo = at + 8;
			if (!heap_object_at(rt, at, &o) || at + 16 > o.base + o.size ||
			    !heap_allocated(rt, o.span, o.index))
				continue;
			s->found = (struct known){.by = KNOWN_OBJECT, .at = at, .object = o.base};
			return true;
		}
	}
	return false;
}

static bool in_variables(struct seek *s)
{
	const struct runtime *rt = s->m->rt;
	taddr at;

	for (size_t k = 0; k < rt->modules.n; k++) {
		const struct module *m = &rt->modules.v[k];
		if (in_words(s, (m->data + 7) & ~7ull, m->edata, &at) ||
		    in_words(s, (m->bss + 7) & ~7ull, m->ebss, &at)) {
			s->found = (struct known){.by = KNOWN_VARIABLE, .at = at};
			return true;
		}
	}
	return false;
}

static bool on_stacks(struct seek *s)
{
	const struct model *m = s->m;
	taddr at;

	for (size_t k = 0; k < m->tasks.list.n && !runtime_canceled(m->rt); k++) {
		struct stack_regs r;
		if (!stack_start(m->rt, &m->tasks.list.v[k], &r) ||
		    !in_words(s, (r.sp + 7) & ~7ull, r.hi, &at))
			continue;
		s->found = (struct known){.by = KNOWN_STACK, .at = at, .other = (uint32_t)k};
		return true;
	}
	return false;
}

size_t ctx_known_by(const struct model *m, uint32_t i, struct known ret[KNOWN_MAX])
{
	const struct ctx *c = &m->ctxs.v[i];
	struct seek s = {.m = m, .i = i, .addr = c->addr, .rtype = m->types.v[c->type].rtype};
	size_t n = 0;

	uint32_t canceler = c->flags & CTX_IN_PARENT_MAP ? ctx_above(m, i).canceler : CTX_NONE;
	if (canceler != CTX_NONE)
		ret[n++] = (struct known){.by = KNOWN_MAP, .other = canceler};
	if (c->flags & CTX_FROM_PARENT && c->first_child != CTX_NONE)
		ret[n++] = (struct known){.by = KNOWN_PARENT, .other = c->first_child};
	/* Those two are interface values as well: others are looked for when there is neither. */
	if (!n && c->flags & CTX_FROM_PAIR && (in_heap(&s) || in_variables(&s) || on_stacks(&s)))
		ret[n++] = s.found;
	if (c->flags & CTX_FROM_TYPED)
		ret[n++] = (struct known){.by = KNOWN_TYPED};
	if (c->flags & CTX_FROM_HEADER)
		ret[n++] = (struct known){.by = KNOWN_HEADER};
	if (c->flags & CTX_FROM_CODE)
		ret[n++] = (struct known){.by = KNOWN_CODE};
	if (c->flags & CTX_FROM_SELF)
		ret[n++] = (struct known){.by = KNOWN_SELF};
	return n;
}
