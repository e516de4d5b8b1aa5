/*
 * Interface values whose two words lie apart: the compiler spills the itab and the data word of a
 * local to slots of their own.  Looked for only when something that looks like a context has no
 * other evidence.
 */
#include "context/build_internal.h"
#include "runtime/livestack.h"

struct seek {
	struct builder *b;
	struct u64map wanted; /* address -> index of what has no evidence yet */
};

/* A word of the frame that names a type which context @p i may have. */
static bool named_in_frame(struct builder *b, uint32_t i, taddr lo, taddr hi)
{
	const uint8_t *p = hi > lo ? target_ptr(b->rt->t, lo, hi - lo) : NULL;

	for (uint64_t at = 0; p && at + 8 <= hi - lo; at += 8) {
		uint64_t w;
		memcpy(&w, p + at, 8);
		uint32_t value =
			word_set_maybe(&b->words, w) ? u64map_find(&b->words.map, w) : U64MAP_NONE;
		if (value != U64MAP_NONE && !(value & WORD_CODE) &&
		    evidence_by_type(b, i, value & WORD_TYPE_MASK, CTX_FROM_PAIR))
			return true;
	}
	return false;
}

static bool on_live_word(void *arg, const struct live_word *w)
{
	struct seek *s = arg;
	uint32_t i = w->sp ? u64map_find(&s->wanted, w->value) : U64MAP_NONE;

	if (i != U64MAP_NONE && !(s->b->m->ctxs.v[i].flags & CTX_EVIDENCE))
		named_in_frame(s->b, i, w->sp, w->varp);
	return true;
}

void evidence_from_frames(struct builder *b)
{
	struct seek s = {.b = b};
	const struct model *m = b->m;

	for (uint32_t i = 2; i < m->ctxs.n; i++)
		if (!(m->ctxs.v[i].flags & CTX_EVIDENCE))
			u64map_add(&s.wanted, m->ctxs.v[i].addr, i);
	for (size_t i = 0; i < m->tasks.list.n && !runtime_canceled(b->rt); i++) {
		struct livestack_state st;
		livestack_each(b->rt, &m->tasks.list.v[i], on_live_word, &s, &st);
	}
	u64map_free(&s.wanted);
}
