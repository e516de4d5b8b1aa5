#include "analysis/signature.h"

#include "context/detail.h"

#define SIGN_LEVELS 64 /* of a chain: the lowest ones, repetitions not counted */
#define SIGN_CLIMB 100000

uint64_t sign_word(uint64_t hash, const char *word)
{
	for (; word && *word; word++)
		hash = (hash ^ (unsigned char)*word) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

uint64_t sign_frame(uint64_t hash, const struct model *m, uint32_t frame)
{
	return sign_word(hash, frame < m->rt->frames.n ? m->rt->frames.v[frame].func : NULL);
}

/* "stream.ctxKey" of `stream.ctxKey("client")`: values of keys may differ from run to run (pointers
 * do). */
static void key_type(const struct model *m, uint32_t i, struct buf *out)
{
	size_t at = out->n;

	if (!ctx_key(m, i, out))
		return;
	for (size_t k = at; k < out->n; k++)
		if (memchr("({\" ", out->p[k], 4) ||
		    (out->p[k] == '0' && k + 1 < out->n && out->p[k + 1] == 'x'))
			out->n = k;
}

static uint64_t level_hash(const struct model *m, uint32_t i, struct buf *scratch)
{
	uint64_t h = sign_word(SIGN_START, ctx_label(m, i));

	scratch->n = 0;
	if (m->ctxs.v[i].kind == CTX_VALUE)
		key_type(m, i, scratch);
	return sign_word(h, buf_cstr(scratch));
}

/* The third time in a row, alone or in turn with one other; @p last: the levels met before, the
 * latest first. */
static bool repeats(const uint64_t *last, uint64_t h)
{
	return (last[0] == h && last[1] == h) ||
	       (last[1] == h && last[3] == h && last[0] == last[2]);
}

uint64_t sign_chain(uint64_t hash, const struct model *m, uint32_t i)
{
	uint64_t level[SIGN_LEVELS], last[4] = {0};
	unsigned n = 0, climbed = 0;
	struct buf scratch = {0};

	for (; i < m->ctxs.n && n < SIGN_LEVELS && climbed < SIGN_CLIMB;
	     i = m->ctxs.v[i].parent, climbed++) {
		uint64_t h = level_hash(m, i, &scratch);
		if (!repeats(last, h))
			level[n++] = h;
		memmove(last + 1, last, 3 * sizeof(*last));
		last[0] = h;
	}
	buf_free(&scratch);
	for (unsigned k = 0; k < n; k++)
		hash = (hash ^ level[k]) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}
