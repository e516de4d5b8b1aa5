#include "analysis/task_sets.h"

#include "analysis/signature.h"

#define MAIN_CLIMB 64 /* levels above a context */

static const char *func_of(const struct model *m, uint32_t frame)
{
	const char *func = frame < m->rt->frames.n ? m->rt->frames.v[frame].func : NULL;

	return func ? func : "?";
}

const char *task_func(const struct model *m, uint32_t task)
{
	return func_of(m, m->tasks.list.v[task].frame);
}

const char *task_maker(const struct model *m, uint32_t task)
{
	return func_of(m, m->tasks.list.v[task].created);
}

static uint64_t key_of(const struct model *m, uint32_t task, uint64_t extra)
{
	uint64_t names = sign_word(sign_word(SIGN_START, task_func(m, task)), task_maker(m, task));

	return (names ^ extra) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

struct task_set *task_sets_add(struct leaks *l, struct task_sets *s, uint32_t task, uint64_t extra,
			       uint32_t context)
{
	uint32_t at = u64map_add(&s->index, key_of(l->m, task, extra), (uint32_t)s->list.n);

	if (at == s->list.n)
		VEC_PUSH(&s->list, (struct task_set){.context = context});
	struct task_set *set = &s->list.v[at];
	VEC_PUSH(&set->tasks, task);
	set->bytes += l->task_bytes[task];
	return set;
}

void task_sets_free(struct task_sets *s)
{
	for (size_t k = 0; k < s->list.n; k++)
		VEC_FREE(&s->list.v[k].tasks);
	VEC_FREE(&s->list);
	u64map_free(&s->index);
}

void task_set_evidence(struct leaks *l, struct finding *f, const struct task_set *s)
{
	f->count = f->tasks = s->tasks.n;
	f->bytes = s->bytes;
	add_places(l, f, PLACE_WAITS, s->tasks.v, s->tasks.n);
	add_waits(l, f, s->tasks.v, s->tasks.n);
	add_places(l, f, PLACE_STARTED, s->tasks.v, s->tasks.n);
	finding_next(f, NEXT_BT, l->m->tasks.list.v[s->tasks.v[0]].goid);
}

uint32_t task_context(const struct model *m, uint32_t task)
{
	const struct task *t = &m->tasks.list.v[task];

	for (uint32_t k = 0; k < t->nwaits; k++) {
		uint32_t c = m->tasks.waits.v[t->wait_first + k].context;
		if (c < m->ctxs.n)
			return c;
	}
	return CTX_NONE;
}

void task_set_contexts(struct leaks *l, struct finding *f, const struct task_set *s)
{
	struct u64map seen = {0};

	for (size_t k = 0; k < s->tasks.n; k++) {
		uint32_t c = task_context(l->m, s->tasks.v[k]);
		size_t before = seen.n;
		if (c == CTX_NONE)
			continue;
		u64map_add(&seen, c + 1ul, 0);
		if (seen.n > before)
			leak_add_context(l, f, c);
	}
	u64map_free(&seen);
	if (f->contexts.n)
		f->context = f->contexts.v[0];
}

bool leak_ends_with_main(const struct leaks *l, uint32_t task)
{
	const struct model *m = l->m;
	uint32_t i = task_context(m, task);

	for (unsigned climbed = 0; i < m->ctxs.n && climbed < MAIN_CLIMB;
	     climbed++, i = m->ctxs.v[i].parent) {
		if (l->ctx[i].flags & LEAK_FUNC_MAIN)
			return true;
		if (ctx_cuts(&m->ctxs.v[i]))
			break;
	}
	return false;
}

/* ---- sets of one cause ---- */

static uint32_t leader(uint32_t *up, uint32_t k)
{
	while (up[k] != k)
		k = up[k] = up[up[k]];
	return k;
}

static bool is_std(const struct model *m, uint32_t task)
{
	uint32_t frame = m->tasks.list.v[task].frame;

	return frame >= m->rt->frames.n || m->rt->frames.v[frame].std;
}

/* One in the user's code leads, then the larger one; of equals the one whose function's name comes
 * first, so that the signature is the same in every run. */
static void join(const struct leaks *l, const struct task_sets *s, uint32_t *up, uint32_t a,
		 uint32_t b)
{
	a = leader(up, a);
	b = leader(up, b);
	if (a == b)
		return;
	uint32_t first_a = s->list.v[a].tasks.v[0], first_b = s->list.v[b].tasks.v[0];
	size_t x = s->list.v[a].tasks.n, y = s->list.v[b].tasks.n;
	if (is_std(l->m, first_a) != is_std(l->m, first_b)) {
		x = !is_std(l->m, first_a);
		y = !x;
	}
	bool swap = x == y ? strcmp(task_func(l->m, first_a), task_func(l->m, first_b)) > 0 : x < y;
	up[swap ? a : b] = swap ? b : a;
}

static void join_by_maker(const struct leaks *l, const struct task_sets *s, uint32_t *up)
{
	struct u64map stands = {0};

	for (uint32_t k = 0; k < s->list.n; k++)
		u64map_add(&stands, sign_word(SIGN_START, task_func(l->m, s->list.v[k].tasks.v[0])),
			   k);
	for (uint32_t k = 0; k < s->list.n; k++) {
		uint32_t at = u64map_find(
			&stands, sign_word(SIGN_START, task_maker(l->m, s->list.v[k].tasks.v[0])));
		if (at != U64MAP_NONE)
			join(l, s, up, k, at);
	}
	u64map_free(&stands);
}

static void join_by_context(const struct leaks *l, const struct task_sets *s, uint32_t *up)
{
	struct u64map on = {0};

	for (uint32_t k = 0; k < s->list.n; k++)
		for (size_t n = 0; n < s->list.v[k].tasks.n; n++) {
			const struct task *t = &l->m->tasks.list.v[s->list.v[k].tasks.v[n]];
			for (uint32_t w = 0; w < t->nwaits; w++) {
				uint32_t c = l->m->tasks.waits.v[t->wait_first + w].context;
				if (c < l->m->ctxs.n)
					join(l, s, up, k, u64map_add(&on, c + 1ul, k));
			}
		}
	u64map_free(&on);
}

void task_sets_join(struct leaks *l, struct task_sets *s)
{
	uint32_t *up = mem_zalloc((s->list.n + 1) * sizeof(*up));
	size_t left = 0;

	for (uint32_t k = 0; k < s->list.n; k++)
		up[k] = k;
	join_by_maker(l, s, up);
	join_by_context(l, s, up);
	for (uint32_t k = 0; k < s->list.n; k++) {
		uint32_t to = leader(up, k);
		if (to == k)
			continue;
		struct task_set *from = &s->list.v[k], *into = &s->list.v[to];
		for (size_t n = 0; n < from->tasks.n; n++)
			VEC_PUSH(&into->tasks, from->tasks.v[n]);
		into->bytes += from->bytes;
		VEC_FREE(&from->tasks);
	}
	for (size_t k = 0; k < s->list.n; k++)
		if (s->list.v[k].tasks.n)
			s->list.v[left++] = s->list.v[k];
	s->list.n = left;
	u64map_free(&s->index);
	free(up);
}
