/* One context's own words: are they those of a context, and what do they say. */
#include "context/build_internal.h"

/* The word @p more bytes into a field; 0 when the field ends before. */
static uint64_t at(const uint8_t *p, struct layout_field f, unsigned more)
{
	uint64_t v = 0;

	if (f.size >= more + 8)
		memcpy(&v, p + f.off + more, 8);
	return v;
}

static bool cancels(uint8_t kind)
{
	return kind == CTX_CANCEL || kind == CTX_TIMER || kind == CTX_AFTER_FUNC;
}

/* The done channel's address; done is an atomic.Value {type, *hchan} since 1.17, before that the
 * channel itself. */
static taddr done_of(const struct layout *l, const uint8_t *p)
{
	return at(p, l->cancelCtx.done, LAYOUT_HAS(l->cancelCtx.done_v) ? 8 : 0);
}

/* done's type word is nil, chan struct {}, or (for an instant) atomic's own marker, which is no
 * type: then data is nil. */
static bool done_plausible(struct builder *b, const uint8_t *p)
{
	const struct layout *l = &b->rt->L;

	if (!LAYOUT_HAS(l->cancelCtx.done_v))
		return true;
	taddr type = at(p, l->cancelCtx.done, 0), chan = at(p, l->cancelCtx.done, 8);
	if (!type || type == b->last_chan_type)
		return type || !chan;
	const struct rtype *ty = rtype_get(b->rt, type);
	if (ty && ty->kind == GO_CHAN) {
		b->last_chan_type = type;
		return true;
	}
	return !chan;
}

static bool heap_or_nil(struct builder *b, taddr p)
{
	return !p || !b->rt->heap || heap_span(b->rt->heap, p) != NULL;
}

bool fill_plausible(struct builder *b, uint16_t type, const uint8_t *p)
{
	const struct layout *l = &b->rt->L;
	uint8_t kind = b->m->types.v[type].kind;

	if (cancels(kind))
		return done_plausible(b, p) && heap_or_nil(b, at(p, l->cancelCtx.children, 0));
	if (kind == CTX_VALUE) {
		/* WithValue panics on a nil key. */
		taddr key = at(p, l->valueCtx.key, 0), val = at(p, l->valueCtx.val, 0);
		return key && rtype_get(b->rt, key) && (!val || rtype_get(b->rt, val));
	}
	return true;
}

/* Is the first word of err that of DeadlineExceeded?  An itab until 1.24, a type since err is an
 * atomic.Value. */
static bool is_deadline(struct builder *b, taddr word)
{
	if (word == b->last_deadline_err)
		return true;
	taddr type = LAYOUT_HAS(b->rt->L.cancelCtx.err_v) ? word : rtype_of_itab(b->rt, word);
	const struct rtype *ty = type ? rtype_get(b->rt, type) : NULL;
	if (!ty || strcmp(ty->full, "context.deadlineExceededError") != 0)
		return false;
	b->last_deadline_err = word;
	return true;
}

static void fill_cancel(struct builder *b, struct ctx *c, const uint8_t *p)
{
	const struct layout *l = &b->rt->L;
	taddr err = at(p, l->cancelCtx.err, 0), map = at(p, l->cancelCtx.children, 0);

	if (runtime_load(p, l->cancelCtx.mu_state) & 1)
		c->flags |= CTX_LOCKED;
	c->done = done_of(l, p);
	c->state = !err ? CTX_ACTIVE : is_deadline(b, err) ? CTX_EXPIRED : CTX_CANCELED;
	if (!map)
		return;
	struct gomap_state st;
	if (gomap_header(b->rt, map, &st) && st.readable) {
		c->children = st.count > UINT32_MAX ? UINT32_MAX : (uint32_t)st.count;
	} else {
		c->flags |= CTX_DAMAGED | CTX_BAD_MAP;
		b->bad_maps++;
	}
}

uint64_t fill_needs(const struct layout *l, const struct ctx_type *t)
{
	if (cancels(t->kind))
		return l->s[LAYOUT_cancelCtx].size;
	return t->kind == CTX_VALUE ? l->s[LAYOUT_valueCtx].size : t->size;
}

static bool is_closed(struct builder *b, taddr chan)
{
	uint64_t closed = 0;

	return runtime_field(b->rt, chan, b->rt->L.hchan.closed, &closed) && closed;
}

/* The word at a place below a custom context; 0 when there is none or it is out of reach. */
static taddr word_at(struct builder *b, const struct ctx *c, const struct code_result *place)
{
	taddr at, word = 0;

	if (code_place(b->rt, place, c->addr, &at))
		target_u64(b->rt->t, at, &word);
	return word;
}

/* Err returns this field. */
static uint8_t state_of_err(struct builder *b, const struct ctx *c, const struct code_result *place)
{
	taddr err = 0, at;

	if (!code_place(b->rt, place, c->addr, &at) || !target_u64(b->rt->t, at, &err))
		return CTX_UNKNOWN;
	const struct rtype *ty = err ? rtype_get(b->rt, rtype_of_itab(b->rt, err)) : NULL;
	bool deadline = ty && strcmp(ty->full, "context.deadlineExceededError") == 0;
	return !err ? CTX_ACTIVE : deadline ? CTX_EXPIRED : CTX_CANCELED;
}

/* Done returns this channel: Err is nil while it is open, and not nil when it is closed
 * (context.Context). */
static uint8_t state_of_done(struct builder *b, taddr done)
{
	return !done ? CTX_UNKNOWN : is_closed(b, done) ? CTX_CANCELED : CTX_ACTIVE;
}

/* Is the switch on without which it never ends? */
static bool is_on(struct builder *b, const struct ctx *c, const struct ctx_type *t, bool *known_ret)
{
	taddr via, request;
	uint8_t on = 0;

	*known_ret = target_u64(b->rt->t, c->addr + (taddr)t->switch_via, &via) &&
		     target_u64(b->rt->t, c->addr + (taddr)t->inner, &request);
	if (*known_ret && via)
		*known_ret = target_u8(b->rt->t, via + (taddr)t->switch_off, &on);
	return *known_ret && via && request && on;
}

/* A custom context: what its methods would return, where that is not what the context inside says
 * (graph.c). */
static void fill_custom(struct builder *b, struct ctx *c, const struct ctx_type *t)
{
	const struct ctx_method *done = &t->done, *err = &t->err;
	bool known = true;

	if (t->switch_via >= 0 && !is_on(b, c, t, &known) && known) {
		c->flags |= CTX_NIL_DONE;
		c->state = CTX_NEVER;
		return;
	}
	if (done->how == METHOD_NIL)
		c->flags |= CTX_NIL_DONE;
	c->done = word_at(b, c, &done->place);
	if (err->how == METHOD_NIL) {
		bool over = c->done && is_closed(b, c->done); // then the two contradict one another
		c->state = done->how == METHOD_NIL		? CTX_NEVER
			   : done->how == METHOD_FIELD && !over ? CTX_ACTIVE
								: CTX_UNKNOWN;
	} else if (err->how == METHOD_FIELD) {
		c->state = state_of_err(b, c, &err->place);
	} else if (err->how == METHOD_OWN) {
		uint8_t by_err = state_of_err(b, c, &err->place),
			by_done = state_of_done(b, c->done);
		bool agree = (by_err == CTX_ACTIVE) == (by_done == CTX_ACTIVE) &&
			     by_err != CTX_UNKNOWN && by_done != CTX_UNKNOWN;
		c->state = done->how == METHOD_FIELD	      ? by_done
			   : done->how == METHOD_OWN && agree ? by_err
							      : CTX_UNKNOWN;
	}
}

/* The words of its parent, while they are at hand: linking needs not look at the object again. */
static void keep_parent(struct builder *b, struct ctx *c, const struct ctx_type *t,
			const uint8_t *p)
{
	taddr itab;

	if (t->inner < 0 || t->inner_via || (uint64_t)t->inner + 16 > fill_needs(&b->rt->L, t))
		return;
	memcpy(&itab, p + t->inner, 8);
	memcpy(&c->parent_data, p + t->inner + 8, 8);
	uint32_t type = itab ? kinds_of_itab(b, itab) : PARENT_NIL;
	c->parent = type == CTX_TYPE_NONE ? PARENT_WILD : type;
}

/* What is known of it at first.  @p p: its bytes, NULL when unreadable */
static struct ctx fill(struct builder *b, taddr addr, uint16_t type, uint16_t from,
		       const uint8_t *p)
{
	const struct ctx_type *t = &b->m->types.v[type];
	struct ctx c = {
		.addr = addr,
		.parent = CTX_NONE,
		.first_child = CTX_NONE,
		.next_sibling = CTX_NONE,
		.first_wait = CTX_NONE,
		.type = type,
		.kind = t->kind,
		.state = CTX_UNKNOWN,
		.flags = from,
	};

	if (p)
		keep_parent(b, &c, t, p);
	if (!p && t->size)
		c.flags |= CTX_DAMAGED; // cut off by a missing page: damaged, not absent
	else if (cancels(t->kind))
		fill_cancel(b, &c, p);
	else if (t->kind == CTX_CUSTOM && p)
		fill_custom(b, &c, t);
	else if (t->kind == CTX_VALUE)
		c.shape = at(p, b->rt->L.valueCtx.key, 0);
	return c;
}

void fill_append(struct builder *b, taddr addr, uint16_t type, uint16_t from, const uint8_t *p)
{
	struct ctx c = fill(b, addr, type, from, p);

	VEC_PUSH(&b->m->ctxs, c);
}

void fill_retype(struct builder *b, uint32_t i, uint16_t type)
{
	struct ctx *c = &b->m->ctxs.v[i];

	b->bad_maps -= (c->flags & CTX_BAD_MAP) != 0;
	b->done_stale = true;
	*c = fill(b, c->addr, type, c->flags & (CTX_FROM_HEAP | CTX_EVIDENCE),
		  target_ptr(b->rt->t, c->addr, fill_needs(&b->rt->L, &b->m->types.v[type])));
}

static void index_done(struct builder *b, uint32_t i)
{
	const struct ctx *c = &b->m->ctxs.v[i];
	taddr done = c->done;

	if (c->kind == CTX_CUSTOM && !(c->flags & CTX_EVIDENCE))
		return; // perhaps no context: evidence.c has it looked up when it is
	if (done && done != b->closedchan)
		u64map_add(&b->m->by_done, done, i);
}

#define AHEAD 16 /* places of the table under way at a time */

/* Those of custom types, or the others. */
static void index_done_of(struct builder *b, bool custom)
{
	const struct model *m = b->m;

	for (uint32_t i = 2; i < m->ctxs.n; i++) {
		if (i + AHEAD < m->ctxs.n && m->ctxs.v[i + AHEAD].done)
			u64map_prefetch(&m->by_done, m->ctxs.v[i + AHEAD].done);
		if ((m->ctxs.v[i].kind == CTX_CUSTOM) == custom)
			index_done(b, i);
	}
}

void fill_index(struct builder *b)
{
	struct model *m = b->m;
	size_t n = m->ctxs.n, done = 0, custom = 0;

	for (size_t i = 2; i < n; i++) {
		done += m->ctxs.v[i].done != 0 && m->ctxs.v[i].done != b->closedchan;
		custom += m->ctxs.v[i].kind == CTX_CUSTOM;
	}
	u64map_reserve(&m->by_done, done + done / 16);
	/* A custom context may keep its parent's channel: that is the parent's first of all. */
	index_done_of(b, false);
	if (custom)
		index_done_of(b, true);
	b->done_indexed = (uint32_t)n;
	b->done_stale = false;
}

bool fill_index_late(struct builder *b)
{
	size_t before = b->m->by_done.n;

	for (; b->done_indexed < b->m->ctxs.n; b->done_indexed++)
		index_done(b, b->done_indexed);
	return b->m->by_done.n > before;
}

uint32_t fill_add(struct builder *b, taddr addr, uint16_t type, uint16_t from)
{
	struct model *m = b->m;
	uint32_t i = model_at(m, addr);

	if (i != CTX_NONE) {
		m->ctxs.v[i].flags |= from;
		return i;
	}
	i = (uint32_t)m->ctxs.n;
	u64map_add(&m->others, addr, i);
	fill_append(b, addr, type, from,
		    target_ptr(b->rt->t, addr, fill_needs(&b->rt->L, &m->types.v[type])));
	return i;
}
