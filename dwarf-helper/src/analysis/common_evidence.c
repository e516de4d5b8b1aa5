/*
 * Where goroutines stand, who started them, where contexts were made: counted, most frequent first.
 */
#include "analysis/leaks.h"

#include "analysis/signature.h"

struct tally {
	VEC(struct location) rows;
	struct u64map index; /* place -> row */
};

/* Code positions that a person would call the same place. */
static uint64_t place_key(const struct model *m, uint32_t frame)
{
	if (frame >= m->rt->frames.n)
		return 1;
	return (sign_frame(SIGN_START, m, frame) ^ (uint64_t)(uint32_t)m->rt->frames.v[frame].line
							   << 40) *
		       UINT64_C(0x9e3779b97f4a7c15) |
	       1;
}

/* A frame has one place, so that most goroutines need no look at its name. */
static void tally_add(struct tally *t, struct u64map *by_frame, const struct model *m,
		      struct location like, uint32_t frame)
{
	uint32_t at = u64map_find(by_frame, frame + 1ul);

	if (at == U64MAP_NONE) {
		at = u64map_add(&t->index, place_key(m, frame), (uint32_t)t->rows.n);
		u64map_set(by_frame, frame + 1ul, at);
	}
	if (at == t->rows.n)
		VEC_PUSH(&t->rows, (struct location){.role = like.role,
						     .source = like.source,
						     .frame = frame});
	t->rows.v[at].count++;
}

static int more_first(const void *a, const void *b)
{
	const struct location *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* Hand the rows over, most frequent first. */
static void tally_end(struct tally *t, struct finding *f)
{
	if (t->rows.n)
		qsort(t->rows.v, t->rows.n, sizeof(*t->rows.v), more_first);
	for (size_t k = 0; k < t->rows.n; k++)
		VEC_PUSH(&f->locations, t->rows.v[k]);
	VEC_FREE(&t->rows);
	u64map_free(&t->index);
}

void add_places(struct leaks *l, struct finding *f, enum place_role role, const uint32_t *tasks,
		size_t n)
{
	struct u64map by_frame = {0};
	struct location like = {.role = (uint8_t)role, .source = SOURCE_STACK};
	struct tally t = {0};

	for (size_t k = 0; k < n; k++) {
		const struct task *task = &l->m->tasks.list.v[tasks[k]];
		uint32_t frame = role == PLACE_STARTED ? task->created : task->frame;
		if (role != PLACE_STARTED || frame < l->m->rt->frames.n)
			tally_add(&t, &by_frame, l->m, like, frame);
	}
	if (t.rows.n)
		finding_evidence(f, EV_PLACES)->role = (uint8_t)role;
	tally_end(&t, f);
	u64map_free(&by_frame);
}

/* What matters most to somebody who has to mend it stands right behind what it is about. */
static struct evidence *evidence_early(struct finding *f, enum evidence_kind kind)
{
	size_t at = f->evidence.n && f->evidence.v[0].kind == EV_LIKE;
	struct evidence e = *finding_evidence(f, kind), *v = f->evidence.v;

	memmove(v + at + 1, v + at, (f->evidence.n - 1 - at) * sizeof(*v));
	v[at] = e;
	return &v[at];
}

void add_made(struct leaks *l, struct finding *f, const uint32_t *site)
{
	struct location like = {.role = PLACE_MADE, .source = SOURCE_PROFILE};
	struct u64map by_frame = {0};
	struct tally t = {0};
	uint64_t n = 0;

	for (size_t k = 0; k < f->contexts.n; k++) {
		uint32_t s = site[f->contexts.v[k]];
		if (s == PROFILE_NO_SITE)
			continue;
		tally_add(&t, &by_frame, l->m, like, made_place(l->m, &l->made, s));
		n++;
	}
	if (n) {
		struct evidence *e = evidence_early(f, EV_MADE);
		e->n = n;
		e->m = f->contexts.n;
	}
	tally_end(&t, f);
	u64map_free(&by_frame);
}

void add_waits(struct leaks *l, struct finding *f, const uint32_t *tasks, size_t n)
{
	const struct model *m = l->m;

	if (!n)
		return;
	const char *state = task_state(m->rt, &m->tasks.list.v[tasks[0]]);
	for (size_t k = 0; k < n; k++) {
		const struct task *t = &m->tasks.list.v[tasks[k]];
		int64_t wait = clock_wait_ns(&m->now, t);
		if (state && strcmp(task_state(m->rt, t), state))
			state = NULL;
		if (wait < 0)
			continue;
		f->oldest_ns = wait > f->oldest_ns ? wait : f->oldest_ns;
		f->newest_ns = f->newest_ns < 0 || wait < f->newest_ns ? wait : f->newest_ns;
	}
	finding_evidence(f, EV_WAITING)->state = state;
}

void add_spread(struct leaks *l, struct finding *f, const uint32_t *tasks, size_t n)
{
	spread_find(l->m, &l->spreads, tasks, n, &finding_evidence(f, EV_SPREAD)->spread);
}

void add_doubt(struct leaks *l, struct finding *f)
{
	if (l->why_not)
		finding_evidence(f, EV_DOUBT)->gap = (uint8_t)l->why_not;
}

void add_like(struct finding *f, uint32_t context)
{
	finding_evidence(f, EV_LIKE)->context = context;
}
