#include "analysis/blocked.h"

void blocked_free(struct blocked *b)
{
	VEC_FREE(&b->rows);
}

/* A byte-wise sort key: waitsince first (0, not known, sorts last), goid second. */
static unsigned key_byte(const struct model *m, const struct blocked_row *row, unsigned k)
{
	const struct task *t = &m->tasks.list.v[row->task];
	uint64_t v = k < 8 ? t->goid : t->waitsince - 1;

	return (unsigned)(v >> (k % 8 * 8) & 255);
}

/* One stable pass over byte k.  @return false: all rows have the same byte, nothing was moved. */
static bool sort_pass(const struct model *m, const struct blocked_row *from, struct blocked_row *to, size_t n,
		      unsigned k)
{
	size_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[key_byte(m, &from[i], k)]++;
	if (at[key_byte(m, &from[0], k)] == n)
		return false;
	for (unsigned b = 0; b < 256; b++) {
		size_t count = at[b];
		at[b] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[key_byte(m, &from[i], k)]++] = from[i];
	return true;
}

static void sort_rows(const struct model *m, struct blocked *b)
{
	size_t n = b->rows.n;

	if (n < 2)
		return;
	struct blocked_row *from = b->rows.v, *to = mem_resize(NULL, n, sizeof(*to)), *spare = to;
	for (unsigned k = 0; k < 16; k++) {
		if (!sort_pass(m, from, to, n, k))
			continue;
		struct blocked_row *swap = from;
		from = to;
		to = swap;
	}
	if (from != b->rows.v)
		memcpy(b->rows.v, from, n * sizeof(*from));
	free(spare);
}

struct err *blocked_find(const struct model *m, struct blocked *ret)
{
	*ret = (struct blocked){0};
	for (size_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		for (uint32_t k = 0; k < t->nwaits; k++) {
			const struct task_wait *w = &m->tasks.waits.v[t->wait_first + k];
			if (w->context >= m->ctxs.n)
				continue;
			VEC_PUSH(&ret->rows,
				 (struct blocked_row){(uint32_t)i, t->wait_first + k, w->context, t->nwaits - 1u});
			break;
		}
		if (i % 65536 == 0 && runtime_canceled(m->rt)) {
			blocked_free(ret);
			return err_new(ERR_CANCELED, "interrupted");
		}
	}
	sort_rows(m, ret);
	return NULL;
}

void blocked_sum(const struct model *m, const struct blocked_row *rows, size_t n, struct blocked_sums *ret)
{
	_cleanup_free_ uint64_t *seen = mem_zalloc((m->ctxs.n / 64 + 1) * sizeof(*seen));

	*ret = (struct blocked_sums){.rows = n, .oldest_ns = -1};
	for (size_t i = 0; i < n; i++) {
		uint32_t c = rows[i].context;
		int64_t wait = clock_wait_ns(&m->now, &m->tasks.list.v[rows[i].task]);
		if (wait > ret->oldest_ns)
			ret->oldest_ns = wait;
		if (seen[c / 64] >> (c % 64) & 1)
			continue;
		seen[c / 64] |= UINT64_C(1) << (c % 64);
		ret->channels++;
		uint8_t state = m->ctxs.v[c].state;
		ret->canceled_channels += state == CTX_CANCELED || state == CTX_EXPIRED;
	}
}
