/*
 * value-chain: WithValue upon WithValue.
 *
 * Each look-up walks the chain, and each link keeps its value alive.  Counted are all value contexts from the
 * root down, whatever lies between.
 * likely      a hundred or more, or one key twenty times: a loop wraps what it wrapped before
 * possible    twenty or more
 * info        eight or more: middlewares do that, and a key may be set again (tracing nests spans)
 *
 * Chains of the same kind are one finding, that of the deepest.
 */
#include "analysis/leaks.h"

#include "analysis/signature.h"
#include "context/detail.h"
#include "runtime/rtype.h"

#define INFO_DEPTH 8
#define POSSIBLE_DEPTH 20
#define LIKELY_DEPTH 100
#define REPEATS 20
#define TOLD 20 /* kinds of chains: each is walked */
#define KEYS 64 /* types of keys told apart */
#define WALK 1000000

struct chain_set {
	uint32_t tip, depth, tips;
};

struct key_count {
	taddr type;
	uint32_t count;
};

struct key_counts {
	struct key_count v[KEYS];
	unsigned n;
};

/* A key again is the same type and the same data word, or a constant's equal value: the type tells enough where it occurs often. */
static void count_keys(struct leaks *l, uint32_t tip, struct key_counts *ret)
{
	struct model *m = l->m;
	uint32_t i = tip;

	for (unsigned steps = 0; i < m->ctxs.n && steps < WALK; i = m->ctxs.v[i].parent, steps++) {
		taddr type = 0;
		unsigned k = 0;
		if (m->ctxs.v[i].kind != CTX_VALUE)
			continue;
		runtime_field(m->rt, m->ctxs.v[i].addr, m->rt->L.valueCtx.key, &type);
		while (k < ret->n && ret->v[k].type != type)
			k++;
		if (k == ret->n && ret->n < KEYS)
			ret->v[ret->n++] = (struct key_count){.type = type};
		if (k < KEYS)
			ret->v[k].count++;
	}
}

static int more_first(const void *a, const void *b)
{
	const struct key_count *x = a, *y = b;

	return x->count == y->count ? 0 : x->count < y->count ? 1 : -1;
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

static void say_keys(struct leaks *l, struct finding *f, const struct key_counts *keys)
{
	struct buf text = {0};

	for (unsigned k = 0; k < keys->n && (k < 4 || l->opt->all); k++) {
		struct buf name = {0};
		value_print_type(l->m->rt, &name, keys->v[k].type);
		buf_str(&text, k ? " · " : "");
		if (name.n)
			text_safe(&text, name.p, name.n);
		if (keys->v[k].count > 1) {
			buf_lit(&text, " × ");
			text_count(&text, keys->v[k].count);
		}
		buf_free(&name);
	}
	if (keys->n > 4 && !l->opt->all)
		buf_printf(&text, " · %u more", keys->n - 4);
	finding_evidence(f, "keys", "%s", buf_cstr(&text));
	buf_free(&text);
}

static void tell(struct leaks *l, const struct chain_set *s)
{
	struct key_counts keys = {0};
	struct buf text = {0};

	count_keys(l, s->tip, &keys);
	qsort(keys.v, keys.n, sizeof(*keys.v), more_first);
	uint32_t repeats = keys.n ? keys.v[0].count : 0, top = top_of_chain(l, s->tip);
	enum confidence sure = s->depth >= LIKELY_DEPTH || repeats >= REPEATS ? CONF_LIKELY
			       : s->depth >= POSSIBLE_DEPTH		      ? CONF_POSSIBLE
									      : CONF_INFO;
	struct finding *f = finding_new(l->out, RULE_VALUE_CHAIN, sure, "layer");

	f->count = s->depth;
	f->context = s->tip;
	f->bytes = sure > CONF_INFO ? l->ctx[top].cost : 0;
	leak_tell_context(l, f, s->tip);
	finding_sign_hash(f, sign_chain(SIGN_START, l->m, s->tip));
	text_count(&text, s->depth);
	finding_say(f, "A chain of %s values, each a WithValue upon the one before%s", buf_cstr(&text),
		    repeats >= REPEATS ? ": the same key is set again and again, and the old values stay." : ".");
	say_keys(l, f, &keys);
	text.n = 0;
	say_context(l, s->tip, &text);
	if (s->tips > 1) {
		buf_lit(&text, " · ");
		text_count(&text, s->tips - 1);
		buf_lit(&text, " more chains like it");
	}
	finding_evidence(f, "tip", "%s", buf_cstr(&text));
	struct said_path path = {0};
	if (sure == CONF_LIKELY)
		say_path(l, f, "held by", l->m->ctxs.v[s->tip].addr, &path);
	said_path_free(&path);
	finding_next(f, "goctx why 0x%llx", (unsigned long long)l->m->ctxs.v[s->tip].addr);
	finding_next(f, "goctx show 0x%llx", (unsigned long long)l->m->ctxs.v[s->tip].addr);
	buf_free(&text);
}

struct err *rule_value_chain(struct leaks *l)
{
	struct model *m = l->m;
	uint32_t *depth = mem_zalloc((m->ctxs.n + 1) * sizeof(*depth));
	uint8_t *below = mem_zalloc(m->ctxs.n + 1); /* a value context hangs below */
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
		if (depth[i] > sets.v[at].depth || (depth[i] == sets.v[at].depth && i < sets.v[at].tip)) {
			sets.v[at].depth = depth[i];
			sets.v[at].tip = i;
		}
	}
	if (sets.n)
		qsort(sets.v, sets.n, sizeof(*sets.v), deepest_first);
	for (size_t k = 0; k < sets.n && k < TOLD; k++)
		tell(l, &sets.v[k]);
	VEC_FREE(&sets);
	u64map_free(&index);
	free(depth);
	free(below);
	return NULL;
}
