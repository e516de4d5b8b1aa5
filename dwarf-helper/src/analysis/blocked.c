#include "analysis/blocked.h"

void blocked_free(struct blocked *b)
{
	VEC_FREE(&b->rows);
}

/* A row with what it is sorted by: waitsince first (0, not known, sorts last), goid second. */
struct keyed {
	uint64_t goid, since; /* since: waitsince - 1 */
	struct blocked_row row;
};

static unsigned key_byte(const struct keyed *r, unsigned k)
{
	return (unsigned)((k < 8 ? r->goid : r->since) >> (k % 8 * 8) & 255);
}

/* One stable pass over byte k. */
static void sort_pass(const struct keyed *from, struct keyed *to, size_t n, unsigned k)
{
	size_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[key_byte(&from[i], k)]++;
	for (unsigned b = 0; b < 256; b++) {
		size_t count = at[b];
		at[b] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[key_byte(&from[i], k)]++] = from[i];
}

/* Radix sort.  Skips bytes that are equal in all keys, which are most even in a million rows. */
static void sort_by_keys(const struct model *m, struct blocked *b)
{
	size_t n = b->rows.n;
	struct keyed *from = mem_resize(NULL, n, sizeof(*from)),
		     *to = mem_resize(NULL, n, sizeof(*to));
	struct keyed differ = {0};

	for (size_t i = 0; i < n; i++) {
		const struct task *t = &m->tasks.list.v[b->rows.v[i].task];
		from[i] = (struct keyed){t->goid, t->waitsince - 1, b->rows.v[i]};
		differ.goid |= from[i].goid ^ from[0].goid;
		differ.since |= from[i].since ^ from[0].since;
	}
	for (unsigned k = 0; k < 16; k++) {
		if (!key_byte(&differ, k))
			continue;
		sort_pass(from, to, n, k);
		struct keyed *swap = from;
		from = to;
		to = swap;
	}
	for (size_t i = 0; i < n; i++)
		b->rows.v[i] = from[i].row;
	free(from);
	free(to);
}

#define STAMPS_MAX 4096 /* distinct times; with more, rows are sorted by radix */

/* Distinct times of waitsince.  Each collection gives all goroutines that wait the same time, so
 * there are few. */
struct stamps {
	struct u64map index; /* stamp_key() -> number */
	uint64_t since[STAMPS_MAX];
	uint32_t rows[STAMPS_MAX]; /* how many have it; then where the next one of them goes */
	uint32_t n;
};

static uint64_t since_of(const struct model *m, const struct blocked_row *r)
{
	return m->tasks.list.v[r->task].waitsince - 1;
}

/* waitsince + 1, so that 0 (not known) has a key; 0 for a time that cannot be */
static uint64_t stamp_key(uint64_t since)
{
	return since + 2;
}

/* Count them.  @return false when there are too many, or when rows of one stamp would not be in the
 * order of their goids */
static bool count_stamps(const struct model *m, const struct blocked *b, struct stamps *s)
{
	uint64_t goid = 0;

	for (size_t i = 0; i < b->rows.n; i++) {
		const struct task *t = &m->tasks.list.v[b->rows.v[i].task];
		if (!stamp_key(since_of(m, &b->rows.v[i])) || t->goid < goid)
			return false;
		uint32_t k = u64map_add(&s->index, stamp_key(since_of(m, &b->rows.v[i])), s->n);
		if (k == STAMPS_MAX)
			return false;
		goid = t->goid;
		if (k == s->n)
			s->since[s->n++] = since_of(m, &b->rows.v[i]);
		s->rows[k]++;
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Rows come by ascending goid, so a counting sort by stamp completes the order. */
static void sort_by_stamps(const struct model *m, struct blocked *b, struct stamps *s)
{
	struct blocked_row *to = mem_resize(NULL, b->rows.cap, sizeof(*to));
	uint64_t sorted[STAMPS_MAX];
	uint32_t at = 0;

	memcpy(sorted, s->since, s->n * sizeof(*sorted));
	qsort(sorted, s->n, sizeof(*sorted), by_value);
	for (uint32_t k = 0; k < s->n; k++) {
		uint32_t *rows = &s->rows[u64map_find(&s->index, stamp_key(sorted[k]))], n = *rows;
		*rows = at;
		at += n;
	}
	for (size_t i = 0; i < b->rows.n; i++)
		to[s->rows[u64map_find(&s->index, stamp_key(since_of(m, &b->rows.v[i])))]++] =
			b->rows.v[i];
	free(b->rows.v);
	b->rows.v = to;
}

static void sort_rows(const struct model *m, struct blocked *b)
{
	if (b->rows.n < 2)
		return;
	struct stamps *s = mem_zalloc(sizeof(*s));
	if (!count_stamps(m, b, s))
		sort_by_keys(m, b);
	else if (s->n > 1)
		sort_by_stamps(m, b, s);
	u64map_free(&s->index);
	free(s);
}

struct err *blocked_find(const struct model *m, struct blocked *ret)
{
	*ret = (struct blocked){0};
	VEC_RESERVE(&ret->rows, m->waiting_tasks);
	for (size_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		for (uint32_t k = 0; k < t->nwaits; k++) {
			const struct task_wait *w = &m->tasks.waits.v[t->wait_first + k];
			if (w->context >= m->ctxs.n)
				continue;
			VEC_PUSH(&ret->rows, (struct blocked_row){(uint32_t)i, t->wait_first + k,
								  w->context, t->nwaits - 1u});
			break;
		}
		if (i % 65536 == 0 && runtime_canceled(m->rt)) {
			blocked_free(ret);
			return err_interrupted();
		}
	}
	sort_rows(m, ret);
	return NULL;
}

void blocked_sum(const struct model *m, const struct blocked_row *rows, size_t n,
		 struct blocked_sums *ret)
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

bool blocked_full(const struct model *m, uint32_t task, struct chan_fill *ret)
{
	const struct task *t = &m->tasks.list.v[task];
	const struct layout *l = &m->rt->L;

	for (uint32_t k = 0; k < t->nwaits; k++) {
		taddr chan = m->tasks.waits.v[t->wait_first + k].chan;
		if (m->tasks.waits.v[t->wait_first + k].context != CTX_NONE ||
		    task_wait_op(m->rt, &m->tasks, t, k) != WAIT_SEND)
			continue;
		if (!runtime_field(m->rt, chan, l->hchan.qcount, &ret->count) ||
		    !runtime_field(m->rt, chan, l->hchan.dataqsiz, &ret->size) || !ret->size ||
		    ret->count != ret->size)
			continue;
		ret->chan = chan;
		return true;
	}
	return false;
}
