/*
 * Evidence in words.  Items stand between " · ", so that a report can break lines there.
 */
#include "analysis/leaks.h"

#include "context/detail.h"

#define ITEMS 4 /* functions, creators and parents that are named */

/* One row of a count. */
struct tally_row {
	uint64_t key; /* function and line */
	uint32_t frame, count;
};

struct tally {
	VEC(struct tally_row) rows;
	struct u64map index;
};

static void tally_add(struct tally *t, uint64_t key, uint32_t frame)
{
	uint32_t at = u64map_add(&t->index, key ? key : 1, (uint32_t)t->rows.n);

	if (at == t->rows.n)
		VEC_PUSH(&t->rows, (struct tally_row){.key = key, .frame = frame});
	t->rows.v[at].count++;
}

static int more_first(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void tally_sort(struct tally *t)
{
	if (t->rows.n)
		qsort(t->rows.v, t->rows.n, sizeof(*t->rows.v), more_first);
}

static void tally_free(struct tally *t)
{
	VEC_FREE(&t->rows);
	u64map_free(&t->index);
}

/* Code positions that a person would call the same place. */
static uint64_t place_key(const struct model *m, uint32_t frame)
{
	if (frame >= m->rt->frames.n)
		return 1;
	const struct frame *f = &m->rt->frames.v[frame];
	return ((uint64_t)(uintptr_t)f->func ^ (uint64_t)(uint32_t)f->line << 40) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

void say_name(struct leaks *l, uint32_t i, struct buf *out)
{
	static const char package[] = "context.";
	struct buf raw = {0};

	ctx_name(l->m, i, &raw);
	size_t skip = raw.n > sizeof(package) && !memcmp(raw.p, package, sizeof(package) - 1) ? sizeof(package) - 1 : 0;
	if (raw.n)
		text_safe(out, raw.p + skip, raw.n - skip);
	buf_free(&raw);
}

void say_context(const struct leaks *l, uint32_t i, struct buf *out)
{
	const struct ctx *c = &l->m->ctxs.v[i];

	if (c->kind == CTX_BACKGROUND || c->kind == CTX_TODO) {
		buf_str(out, c->kind == CTX_TODO ? "TODO" : "Background");
		return;
	}
	const char *label = ctx_label(l->m, i);
	text_safe(out, label, strlen(label));
	buf_char(out, ' ');
	buf_hex(out, c->addr);
}

/* "f f.go:1 × 12 · g g.go:2" */
static void say_tally(struct leaks *l, struct finding *f, const char *label, struct tally *t)
{
	struct buf text = {0};
	size_t most = l->opt->all ? SIZE_MAX : ITEMS;

	tally_sort(t);
	for (size_t k = 0; k < t->rows.n && k < most; k++) {
		buf_str(&text, k ? " · " : "");
		say_frame(l->m, t->rows.v[k].frame, &text);
		if (t->rows.v[k].count > 1 || t->rows.n > 1) {
			buf_lit(&text, " × ");
			text_count(&text, t->rows.v[k].count);
		}
	}
	if (t->rows.n > most) {
		buf_lit(&text, " · ");
		text_count(&text, t->rows.n - most);
		buf_lit(&text, " more places");
	}
	if (t->rows.n)
		finding_evidence(f, label, "%s", buf_cstr(&text));
	buf_free(&text);
}

void say_tasks(struct leaks *l, struct finding *f, const char *label, const uint32_t *tasks, size_t n)
{
	struct tally t = {0};

	for (size_t k = 0; k < n; k++) {
		uint32_t frame = l->m->tasks.list.v[tasks[k]].frame;
		tally_add(&t, place_key(l->m, frame), frame);
	}
	say_tally(l, f, label, &t);
	tally_free(&t);
}

void say_creators(struct leaks *l, struct finding *f, const uint32_t *tasks, size_t n)
{
	struct tally t = {0};

	for (size_t k = 0; k < n; k++) {
		uint32_t frame = l->m->tasks.list.v[tasks[k]].created;
		if (frame < l->m->rt->frames.n)
			tally_add(&t, place_key(l->m, frame), frame);
	}
	say_tally(l, f, "made by", &t);
	tally_free(&t);
}

void say_waits(struct leaks *l, struct finding *f, const uint32_t *tasks, size_t n)
{
	const struct model *m = l->m;
	int64_t oldest = -1, newest = INT64_MAX;
	struct buf text = {0};

	for (size_t k = 0; k < n; k++) {
		int64_t wait = clock_wait_ns(&m->now, &m->tasks.list.v[tasks[k]]);
		if (wait < 0)
			continue;
		oldest = wait > oldest ? wait : oldest;
		newest = wait < newest ? wait : newest;
	}
	if (!n)
		return;
	const char *state = task_state(m->rt, &m->tasks.list.v[tasks[0]]);
	text_safe(&text, state, strlen(state));
	for (size_t k = 1; k < n; k++)
		if (strcmp(task_state(m->rt, &m->tasks.list.v[tasks[k]]), state)) {
			text.n = 0;
			break;
		}
	if (oldest >= 0) {
		buf_str(&text, text.n ? " · for " : "for ");
		text_duration(&text, oldest);
		if (n > 1 && newest < oldest) {
			buf_lit(&text, ", the newest for ");
			text_duration(&text, newest);
		}
	}
	if (text.n)
		finding_evidence(f, "waiting", "%s", buf_cstr(&text));
	buf_free(&text);
}

void say_doubt(struct leaks *l, struct finding *f)
{
	if (l->why_not)
		finding_evidence(f, "not sure", "%s", l->why_not);
}
