#include "runtime/mark_internal.h"

/* instead of a slot's number: the address is behind the last one of its span */
#define NO_SLOT UINT32_MAX
/* large objects are read in pieces of at least 128 KiB, so that threads can share one */
#define PIECE_WORDS 16384u
/* of 256 in 2 MiB: from then on mapping all of it at once pays */
#define DENSE_PAGES 128
/* spans that must wait before a second thread is worth its start */
#define HELP_AFTER 64
#define SHARE_MIN 8    /* spans that must wait before some are given away */
#define CANCEL_MASK 15 /* look for Ctrl-C once in so many spans, less 1 */

/* -- the queue of spans ---------------------------------------------------------------------- */

/* Give half of what waits here to the others; the older half, as they would be read next. */
static void give(struct marker *m)
{
	struct mark_pool *p = m->pool;

	pthread_mutex_lock(&p->lock);
	for (uint32_t k = m->n / 2; k; k--) {
		VEC_PUSH(&p->spans, m->ring[m->head]);
		m->head = (m->head + 1) % MARK_RING;
		m->n--;
	}
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
}

static void push(struct marker *m, uint32_t span)
{
	if (m->n == MARK_RING)
		give(m);
	m->ring[(m->head + m->n++) % MARK_RING] = span;
}

/* Take a share of the spans that were given away; waits for some.  False: there will be no more. */
static bool take(struct marker *m)
{
	struct mark_pool *p = m->pool;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->first == p->spans.n) {
		if (p->idle + 1 == p->threads) {
			p->stop = true;
			pthread_cond_broadcast(&p->more);
			break;
		}
		__atomic_add_fetch(&p->idle, 1, __ATOMIC_RELAXED);
		pthread_cond_wait(&p->more, &p->lock);
		__atomic_sub_fetch(&p->idle, 1, __ATOMIC_RELAXED);
	}
	size_t left = p->stop ? 0 : p->spans.n - p->first, k = left / p->threads + 1;
	for (k = k < MARK_RING / 2 ? k : MARK_RING / 2; k && left; k--, left--)
		m->ring[(m->head + m->n++) % MARK_RING] = p->spans.v[p->first++];
	if (p->first == p->spans.n)
		p->first = p->spans.n = 0;
	pthread_mutex_unlock(&p->lock);
	return m->n > 0;
}

/* -- marking one object ---------------------------------------------------------------------- */

/* Clear bits; returns those that were set. */
static uint64_t claim(const struct marker *m, uint64_t *word, uint64_t bits)
{
	uint64_t old;

	if (m->shared)
		return __atomic_fetch_and(word, ~bits, __ATOMIC_SEQ_CST) & bits;
	old = *word;
	*word = old & ~bits;
	return old & bits;
}

static void set(const struct marker *m, uint64_t *word, uint64_t bits)
{
	if (m->shared)
		__atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
	else
		*word |= bits;
}

static uint64_t piece_words(uint64_t words)
{
	uint64_t n = (words + 63) / 64;

	return n < PIECE_WORDS ? PIECE_WORDS : (n + 63) / 64 * 64;
}

static uint64_t first_bits(uint64_t n)
{
	return n < 64 ? (1ull << n) - 1 : ~0ull;
}

static void enqueue(struct marker *m, uint32_t span)
{
	uint8_t *queued = &m->mk->queued[span];

	// Set after the grey bit: who takes the span from the queue clears this first.
	if (__atomic_load_n(queued, __ATOMIC_SEQ_CST))
		return;
	if (m->shared) {
		if (__atomic_exchange_n(queued, 1, __ATOMIC_SEQ_CST))
			return;
	} else {
		*queued = 1;
	}
	push(m, span);
}

void marker_read(struct marker *m, uint32_t span, uint32_t index)
{
	const struct slot_span *s = &m->mk->slots.spans[span];
	uint64_t bit = 1ull << (index % 64);

	if (s->noscan)
		return;
	if (s->nelems == 1) {
		uint64_t words = s->size / 8, piece = piece_words(words);
		bit = first_bits((words + piece - 1) / piece);
	}
	set(m, &m->mk->grey[s->word + index / 64], bit);
	enqueue(m, span);
}

bool marker_mark(struct marker *m, uint32_t span, uint32_t index)
{
	struct marks *mk = m->mk;
	const struct slot_span *s = &mk->slots.spans[span];
	uint64_t word = s->word + index / 64, bit = 1ull << (index % 64);

	if (!(__atomic_load_n(&mk->white[word], __ATOMIC_RELAXED) & bit) ||
	    !claim(m, &mk->white[word], bit))
		return false;
	m->objects++;
	m->bytes += s->size;
	if (mk->watched && mk->watched[span] && mk->watch[word] & bit)
		VEC_PUSH(&m->hits, s->word * 64ull + index);
	marker_read(m, span, index);
	return true;
}

void marker_flush(struct marker *m)
{
	const struct slots *ss = &m->mk->slots;
	uint32_t index[MARK_BATCH];

	for (uint32_t i = 0; i < m->pending; i++) {
		const struct slot_span *s = &ss->spans[m->span[i]];
		index[i] = slots_index(s, m->value[i]);
		if (index[i] >= s->nelems)
			index[i] = NO_SLOT;
		else
			__builtin_prefetch(&m->mk->white[s->word + index[i] / 64], 1);
	}
	for (uint32_t i = 0; i < m->pending; i++)
		if (index[i] != NO_SLOT)
			marker_mark(m, m->span[i], index[i]);
	m->pending = 0;
}

static inline void collect(struct marker *m, taddr value)
{
	uint32_t span = slots_span(&m->mk->slots, value);

	if (span == SLOTS_NO_SPAN)
		return;
	__builtin_prefetch(&m->mk->slots.spans[span]);
	m->value[m->pending] = value;
	m->span[m->pending++] = span;
	if (m->pending == MARK_BATCH)
		marker_flush(m);
}

void marker_word(struct marker *m, taddr value)
{
	if (value - m->mk->slots.lo < m->mk->slots.range)
		collect(m, value);
}

/* -- reading words --------------------------------------------------------------------------- */

static void read_object(struct marker *m, uint32_t index, uint64_t from, uint64_t to)
{
	const taddr lo = m->mk->slots.lo, range = m->mk->slots.range;
	struct ptr_object o;
	struct ptr_chunk c;

	ptrwords_object(m->reader, index, from, to, &o);
	while (ptrwords_next(m->reader, &o, &c))
		for (uint64_t bits = c.mask; bits; bits &= bits - 1) {
			taddr v = ptr_chunk_word(&c, (unsigned)__builtin_ctzll(bits));
			if (v - lo < range)
				collect(m, v);
		}
}

/* One piece of a large object; the span goes back to the queue while more are left. */
static void read_piece(struct marker *m, uint32_t span, uint64_t *grey)
{
	uint64_t piece = piece_words(m->mk->slots.spans[span].size / 8), bits, bit;

	do {
		bits = __atomic_load_n(grey, __ATOMIC_SEQ_CST);
		bit = bits & -bits;
		if (!bit)
			return;
	} while (!claim(m, grey, bit));
	if (bits != bit) {
		enqueue(m, span);
		if (m->shared && __atomic_load_n(&m->pool->idle, __ATOMIC_RELAXED) && m->n > 1)
			give(m);
	}
	uint64_t k = (uint64_t)__builtin_ctzll(bit);
	read_object(m, 0, k * piece, (k + 1) * piece);
}

static void populate(const struct marker *m, const struct span *s)
{
	uint64_t chunk = (s->base - m->mk->slots.lo) / POPULATE_CHUNK;

	if (m->reader->mem && m->mk->density[chunk] >= DENSE_PAGES)
		target_populate(m->mk->rt->t, m->reader->mem);
}

static void read_span(struct marker *m, uint32_t span)
{
	struct marks *mk = m->mk;
	const struct slot_span *s = &mk->slots.spans[span];
	uint64_t *grey = &mk->grey[s->word];

	if (m->shared)
		__atomic_exchange_n(&mk->queued[span], 0, __ATOMIC_SEQ_CST);
	else
		mk->queued[span] = 0;
	if (!ptrwords_span(m->reader, &mk->rt->heap->spans.v[span]))
		return;
	populate(m, m->reader->s);
	if (s->nelems == 1) {
		read_piece(m, span, grey);
		return;
	}
	for (uint32_t w = 0; w < (s->nelems + 63) / 64; w++) {
		uint64_t bits = __atomic_load_n(&grey[w], __ATOMIC_SEQ_CST);
		bits = bits ? claim(m, &grey[w], bits) : 0;
		for (; bits; bits &= bits - 1)
			read_object(m, w * 64 + (uint32_t)__builtin_ctzll(bits), 0, UINT64_MAX);
	}
}

#define AHEAD 4 /* turns from the first thought of a span to its reading */
/* whose first words are asked for; the processor finds the rest */
#define AHEAD_OBJECTS 8

/* Ask the cache for what the next turns will look at, a step further each turn. */
static void look_ahead(const struct marker *m)
{
	const struct marks *mk = m->mk;
	uint32_t far = m->ring[(m->head + AHEAD) % MARK_RING],
		 near = m->ring[(m->head + 2) % MARK_RING],
		 next = m->ring[(m->head + 1) % MARK_RING];
	const struct slot_span *s = &mk->slots.spans[next];

	if (m->n <= AHEAD)
		return;
	__builtin_prefetch(&mk->slots.spans[far]);
	__builtin_prefetch(&mk->rt->heap->spans.v[far]);
	__builtin_prefetch(&mk->grey[mk->slots.spans[near].word]);
	uint64_t bits = __atomic_load_n(&mk->grey[s->word], __ATOMIC_RELAXED);
	const uint8_t *mem =
		s->nelems > 1 ? target_ptr(mk->rt->t, s->base, s->nelems * s->size) : NULL;
	for (unsigned i = 0; mem && bits && i < AHEAD_OBJECTS; i++, bits &= bits - 1)
		__builtin_prefetch(mem + (uint64_t)__builtin_ctzll(bits) * s->size);
}

/* -- threads --------------------------------------------------------------------------------- */

static void *help(void *arg)
{
	struct mark_pool *p = arg;
	struct marker *m = mem_zalloc(sizeof(*m));
	struct ptrwords *reader = mem_zalloc(sizeof(*reader));

	ptrwords_init(reader, p->mk->rt, p->mk->masks);
	*m = (struct marker){.mk = p->mk, .pool = p, .reader = reader, .shared = true};
	marker_run(m);
	pthread_mutex_lock(&p->lock);
	p->mk->objects += m->objects;
	p->mk->bytes += m->bytes;
	p->mk->unread += reader->unread;
	p->mk->guessed += reader->guessed;
	for (size_t i = 0; i < m->hits.n; i++)
		VEC_PUSH(&p->mk->hits, m->hits.v[i]);
	pthread_mutex_unlock(&p->lock);
	VEC_FREE(&m->hits);
	free(reader);
	free(m);
	return NULL;
}

/* The first thread alone calls this, and from then on is not alone. */
static void call_help(struct marker *m)
{
	struct mark_pool *p = m->pool;

	m->shared = true;
	p->threads = 2;
	p->helper_runs = pthread_create(&p->helper, NULL, help, p) == 0;
	if (!p->helper_runs)
		p->threads = 1;
}

void marker_run(struct marker *m)
{
	struct mark_pool *p = m->pool;

	for (unsigned turn = 0;; turn++) {
		if (!m->n)
			marker_flush(m);
		if (!m->n && !take(m))
			return;
		uint32_t span = m->ring[m->head];
		m->head = (m->head + 1) % MARK_RING;
		m->n--;
		look_ahead(m);
		read_span(m, span);
		if (turn & CANCEL_MASK)
			continue;
		if (runtime_canceled(m->mk->rt)) {
			pthread_mutex_lock(&p->lock);
			p->stop = p->canceled = true;
			pthread_cond_broadcast(&p->more);
			pthread_mutex_unlock(&p->lock);
			return;
		}
		if (!m->shared && m->n >= HELP_AFTER)
			call_help(m);
		if (m->shared && m->n >= SHARE_MIN && __atomic_load_n(&p->idle, __ATOMIC_RELAXED))
			give(m);
	}
}
