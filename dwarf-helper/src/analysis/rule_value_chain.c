/*
 * value-chain: WithValue upon WithValue.
 *
 * Each look-up walks the chain, and each link keeps its value alive.  Counted are all value
 * contexts from the root down, whatever lies between.
 * likely      a hundred or more, or one key twenty times: a loop wraps what it wrapped before
 * possible    twenty or more
 * info        eight or more: middlewares do that, and a key may be set again (tracing nests spans);
 *             or, however deep, when the calls are as deep: a recursive walk makes a layer a level,
 *             each undone by its defer
 *
 * Chains of the same kind are one finding, that of the deepest, and so are those that share most of
 * their layers.
 */
#include "analysis/leaks.h"

#include "analysis/signature.h"
#include "context/detail.h"
#include "runtime/rtype.h"

#define INFO_DEPTH 8
#define POSSIBLE_DEPTH 20
#define LIKELY_DEPTH 100
#define REPEATS 20
/* kinds of chains reported; the longest of each is walked several times */
#define KINDS_SHOWN 20
#define KEYS 64 /* types of keys counted separately */
#define WALK 1000000
#define KEY_BYTES 256 /* of a key that are compared */

struct chain_set {
	uint32_t tip, depth, tips;
};

struct key_counts {
	struct key_count v[KEYS];
	unsigned n;
};

static uint64_t hash_bytes(uint64_t h, const uint8_t *p, uint64_t n)
{
	for (uint64_t i = 0; p && i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Equal for keys that Go's == would find equal, judged by type and bytes in memory; strings by
 * their text. */
static uint64_t key_hash(struct runtime *rt, taddr type, taddr data)
{
	const struct rtype *ty = rtype_get(rt, type);
	uint64_t h = (type ^ UINT64_C(0xcbf29ce484222325)) * UINT64_C(0x9e3779b97f4a7c15), n = 0,
		 at = 0;

	if (!ty || ty->direct || ty->size > KEY_BYTES)
		return hash_bytes(h, (const uint8_t *)&data, sizeof(data));
	if (ty->kind != GO_STRING)
		return hash_bytes(h, ty->size ? target_ptr(rt->t, data, ty->size) : NULL, ty->size);
	if (!target_u64(rt->t, data, &at) || !target_u64(rt->t, data + 8, &n))
		return h ^ data;
	n = n < KEY_BYTES ? n : KEY_BYTES;
	return hash_bytes(h, n ? target_ptr(rt->t, at, n) : NULL, n);
}

static void count_key(struct key_counts *ret, taddr type, uint32_t same)
{
	unsigned k = 0;

	while (k < ret->n && ret->v[k].type != type)
		k++;
	if (k == KEYS)
		return;
	if (k == ret->n)
		ret->v[ret->n++] = (struct key_count){.type = type};
	ret->v[k].count++;
	ret->v[k].same = same > ret->v[k].same ? same : ret->v[k].same;
}

static void count_keys(struct leaks *l, uint32_t tip, struct key_counts *ret)
{
	const struct model *m = l->m;
	struct u64map seen = {0}; /* hash of a key -> how often */
	uint32_t i = tip;

	for (unsigned steps = 0; i < m->ctxs.n && steps < WALK; i = m->ctxs.v[i].parent, steps++) {
		taddr type = 0, data = 0, at = m->ctxs.v[i].addr + (taddr)m->rt->L.valueCtx.key.off;
		if (m->ctxs.v[i].kind != CTX_VALUE || !target_u64(m->rt->t, at, &type) ||
		    !target_u64(m->rt->t, at + 8, &data))
			continue;
		uint64_t key = key_hash(m->rt, type, data) | 1;
		uint32_t n = u64map_find(&seen, key);
		n = n == U64MAP_NONE ? 1 : n + 1;
		u64map_set(&seen, key, n);
		count_key(ret, type, n);
	}
	u64map_free(&seen);
}

/*
 * Layers that frames still use: some goroutine's stack refers to the value's context, to one that
 * was made on it before the next value, or to the CancelFunc of such a one; or to a struct that
 * does (an errgroup).
 */
static uint32_t layers_in_use(struct leaks *l, uint32_t tip)
{
	const struct model *m = l->m;
	uint32_t n = 0, i = tip;
	bool used = false;

	for (unsigned steps = 0; i < m->ctxs.n && steps < WALK; i = m->ctxs.v[i].parent, steps++) {
		used |= (l->ctx[i].flags & (LEAK_ON_STACK | LEAK_NEAR_STACK)) != 0;
		if (m->ctxs.v[i].kind != CTX_VALUE)
			continue;
		n += used;
		used = false;
	}
	return n;
}

static int more_first(const void *a, const void *b)
{
	const struct key_count *x = a, *y = b;

	return x->same != y->same     ? (x->same < y->same ? 1 : -1)
	       : x->count == y->count ? 0
	       : x->count < y->count  ? 1
				      : -1;
}

static int deepest_first(const void *a, const void *b)
{
	const struct chain_set *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? 1 : -1;
	return x->tip < y->tip ? -1 : x->tip > y->tip;
}

static uint32_t top_of_chain(const struct leaks *l, uint32_t tip)
{
	const struct model *m = l->m;
	uint32_t top = tip, i = tip;

	for (unsigned steps = 0; i < m->ctxs.n && steps < WALK; i = m->ctxs.v[i].parent, steps++)
		if (m->ctxs.v[i].kind == CTX_VALUE)
			top = i;
	return top;
}

static void add_keys(struct finding *f, const struct key_counts *keys)
{
	struct evidence *e = finding_evidence(f, EV_KEYS);

	for (unsigned k = 0; k < keys->n; k++)
		VEC_PUSH(&e->keys, keys->v[k]);
}

/* The finding covers its layers: later rules then add themselves to it. */
static void cover_layers(struct leaks *l, const struct finding *f, uint32_t tip)
{
	const struct model *m = l->m;
	uint32_t i = tip;

	for (unsigned steps = 0; i < m->ctxs.n && m->ctxs.v[i].depth && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++)
		if (m->ctxs.v[i].kind == CTX_VALUE && !l->ctx[i].finding &&
		    f->confidence > CONF_INFO)
			l->ctx[i].finding = (uint32_t)(f - l->out->list.v) + 1;
}

/* Mark the layers of a chain as reported.  @return false, nothing marked: chains marked before have
 * most of them */
static bool take_layers(struct leaks *l, const struct chain_set *s, uint8_t *marked)
{
	const struct model *m = l->m;
	uint32_t own = 0, i = s->tip;

	for (unsigned steps = 0; i < m->ctxs.n && !marked[i] && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++)
		own += m->ctxs.v[i].kind == CTX_VALUE;
	if (own * 2ull < s->depth)
		return false;
	i = s->tip;
	for (unsigned steps = 0; i < m->ctxs.n && !marked[i] && steps < WALK;
	     i = m->ctxs.v[i].parent, steps++)
		marked[i] = 1;
	return true;
}

static void add_finding(struct leaks *l, const struct chain_set *s)
{
	struct key_counts keys = {0};

	count_keys(l, s->tip, &keys);
	qsort(keys.v, keys.n, sizeof(*keys.v), more_first);
	uint32_t repeats = keys.n ? keys.v[0].same : 0, top = top_of_chain(l, s->tip), used = 0;
	enum confidence sure = s->depth >= LIKELY_DEPTH || repeats >= REPEATS ? CONF_LIKELY
			       : s->depth >= POSSIBLE_DEPTH		      ? CONF_POSSIBLE
									      : CONF_INFO;
	if (sure > CONF_INFO) {
		leak_flag_near_stack(l);
		used = layers_in_use(l, s->tip);
	}
	bool depth = used && (uint64_t)used * 4 >= (uint64_t)s->depth * 3;
	if (depth)
		sure = CONF_INFO;
	struct finding *f = finding_new(l->out, RULE_VALUE_CHAIN, sure, UNIT_LAYER);

	f->count = s->depth;
	f->context = s->tip;
	f->bytes = sure > CONF_INFO ? l->ctx[top].cost : 0;
	leak_add_context(l, f, s->tip);
	finding_sign_hash(f, sign_chain(SIGN_START, l->m, s->tip));
	f->claim.chain.of_calls = depth;
	f->claim.chain.again = repeats >= REPEATS;
	cover_layers(l, f, s->tip);
	add_keys(f, &keys);
	struct evidence *tip = finding_evidence(f, EV_TIP);
	tip->context = s->tip;
	tip->n = s->tips - 1;
	if (sure == CONF_LIKELY)
		add_holder(l, f, l->m->ctxs.v[s->tip].addr, NULL);
	finding_next(f, NEXT_WHY, l->m->ctxs.v[s->tip].addr);
	finding_next(f, NEXT_SHOW, l->m->ctxs.v[s->tip].addr);
}

struct err *rule_value_chain(struct leaks *l)
{
	const struct model *m = l->m;
	uint32_t *depth = mem_zalloc((m->ctxs.n + 1) * sizeof(*depth));
	uint8_t *below = mem_zalloc(m->ctxs.n + 1); /* first: a value context hangs below it; later:
						       it is a layer of a reported chain */
	VEC(struct chain_set) sets = {0};
	struct u64map index = {0};

	for (size_t k = 0; k < m->ctxs.n; k++) {
		uint32_t i = l->order[k], p = m->ctxs.v[i].parent;
		depth[i] = (p < m->ctxs.n ? depth[p] : 0) + (m->ctxs.v[i].kind == CTX_VALUE);
	}
	for (size_t k = m->ctxs.n; k-- > 0;) {
		uint32_t i = l->order[k], p = m->ctxs.v[i].parent;
		bool value = m->ctxs.v[i].kind == CTX_VALUE;
		if (p < m->ctxs.n)
			below[p] |= value || below[i];
		if (!value || below[i] || depth[i] < INFO_DEPTH || l->r->ctx_stage[i] == REACH_NONE)
			continue;
		uint32_t at = u64map_add(&index, l->ctx[i].chain | 1, (uint32_t)sets.n);
		if (at == sets.n)
			VEC_PUSH(&sets, (struct chain_set){.tip = i});
		sets.v[at].tips++;
		if (depth[i] > sets.v[at].depth ||
		    (depth[i] == sets.v[at].depth && i < sets.v[at].tip)) {
			sets.v[at].depth = depth[i];
			sets.v[at].tip = i;
		}
	}
	if (sets.n)
		qsort(sets.v, sets.n, sizeof(*sets.v), deepest_first);
	memset(below, 0, m->ctxs.n);
	for (size_t k = 0; k < sets.n && k < KINDS_SHOWN; k++)
		if (take_layers(l, &sets.v[k], below))
			add_finding(l, &sets.v[k]);
	VEC_FREE(&sets);
	u64map_free(&index);
	free(depth);
	free(below);
	return NULL;
}
