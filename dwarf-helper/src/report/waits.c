/**
 * @file  `waits`: who waits for whom, from the blocked to the last who blocks.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "report/lines.h"
#include "report/path.h"
#include "report/wait_words.h"
#include "report/words.h"
#include "report/writer.h"

/* What is told when --limit is not given: a screen. */
#define CHAINS 10      /* at most */
#define CHAIN_LINES 24 /* after so many lines no other chain is begun */
#define STEPS 8	       /* of one chain; of longer ones the middle is left out */
#define STEPS_BEHIND 2 /* of these, at its end */
#define OBJECTS 10     /* that move */
#define EXAMPLES 2     /* of chains that are like one that is told */
#define HOLDERS 100
#define INDENT 3

/* ---- text ---- */

static void put_line(struct report *r, size_t indent, const struct buf *line)
{
	size_t room = r->opt->width > indent + 40 ? r->opt->width - indent : 40;

	buf_fill(&r->out, ' ', indent);
	text_safe_cut(&r->out, line->p, line->n, r->opt->width ? room : 0);
	buf_char(&r->out, '\n');
}

static size_t indent_of(size_t level)
{
	return INDENT + (level < STEPS ? level : STEPS) * INDENT;
}

static void put_step(struct report *r, const struct wait_steps *s, size_t k, size_t level)
{
	const struct wait_step *step = &s->list.v[k];
	size_t indent = indent_of(level);
	struct buf line = {0};

	word_wait_tasks(&line, r, step);
	buf_str(&line, k && step->inferred ? "  (inferred)" : "");
	put_line(r, indent, &line);
	line.n = 0;
	buf_lit(&line, "└─ ");
	word_wait_object(&line, step->addr, step->kind, step->count, step->size);
	if (k + 1 == s->list.n)
		word_wait_end(&line, r, s);
	else
		buf_str(&line, step->kind == WAIT_CHAN	      ? ", which these would serve:"
			       : step->kind == WAIT_COND      ? ", which these would signal:"
			       : step->kind == WAIT_POOL      ? ", whose connections these have:"
			       : step->kind == WAIT_WAITGROUP ? ", which these have to end:"
							      : ", held by");
	put_line(r, indent, &line);
	buf_free(&line);
}

/* "4 998 chains alike that do not move, 1 goroutine each" */
static void put_head(struct report *r, const struct wait_alike *a)
{
	struct buf *out = &r->out;

	if (a->n == 1) {
		text_plural(out, a->tasks, "goroutine");
		buf_str(out, a->tasks == 1 ? " hangs" : " hang");
		buf_str(out, a->cycle ? " on a cycle\n" : " on a chain that does not move\n");
		return;
	}
	text_count(out, a->n);
	buf_str(out, a->cycle ? " cycles alike, " : " chains alike that do not move, ");
	if (a->least < a->most) {
		text_count(out, a->least);
		buf_lit(out, " to ");
	}
	text_plural(out, a->most, "goroutine");
	buf_lit(out, " each\n");
}

/* Where the others of its kind are. */
static void put_others(struct report *r, const struct waitfor *w, const struct wait_chains *c,
		       const uint32_t *chains, uint32_t n)
{
	size_t columns = r->opt->width > INDENT ? r->opt->width - INDENT : 1;
	struct phrase line = {0};

	buf_str(&line.text, n == 2 ? "likewise goroutine " : "likewise goroutines ");
	for (uint32_t k = 1; k < n && k <= EXAMPLES; k++) {
		const struct wait_object *o = &w->objects.v[c->list.v[chains[k]].start];
		if (k > 1) {
			buf_char(&line.text, ',');
			phrase_break(&line);
			buf_char(&line.text, ' ');
		}
		buf_u64(&line.text, r->m->tasks.list.v[w->waiters.v[o->first_waiter]].goid);
		buf_printf(&line.text, " (0x%" PRIx64 ")", o->addr);
	}
	if (n - 1 > EXAMPLES) {
		phrase_break(&line);
		buf_lit(&line.text, " and ");
		text_count(&line.text, n - 1 - EXAMPLES);
		buf_lit(&line.text, " more");
	}
	phrase_break(&line);
	buf_lit(&line.text, "  (--no-fold shows them)");
	buf_fill(&r->out, ' ', INDENT);
	phrase_fold(&r->out, &line, 0, INDENT, columns, true);
	buf_char(&r->out, '\n');
	phrase_free(&line);
}

/* @return lines */
static size_t put_steps(struct report *r, const struct wait_steps *s)
{
	size_t n = s->list.n, skip = r->opt->limit && n > STEPS + 1 ? n - STEPS : 0;

	for (size_t k = 0, level = 0; k < n; k++, level++) {
		if (skip && k == STEPS - STEPS_BEHIND) {
			buf_fill(&r->out, ' ', indent_of(level));
			text_more(&r->out, skip, "goroutines in between");
			k += skip;
		}
		put_step(r, s, k, level);
	}
	return 2 * (n - skip) + (skip != 0);
}

/* @return lines */
static size_t put_chains(struct report *r, const struct waitfor *w, const struct wait_chains *c,
			 const struct wait_alikes *all, const struct wait_alike *a)
{
	const uint32_t *chains = &all->chains.v[a->first];
	struct wait_steps s;

	waitfor_steps(w, c->list.v[chains[0]].start, &s);
	put_head(r, a);
	size_t lines = 2 + put_steps(r, &s);
	VEC_FREE(&s.list);
	if (a->n > 1)
		put_others(r, w, c, chains, a->n);
	buf_char(&r->out, '\n');
	return lines + (a->n > 1);
}

/* Locks, channels that are sent to, wait groups: what somebody has to give. */
static bool is_held(const struct wait_object *o)
{
	return o->moves && o->waiters && (o->kind != WAIT_CHAN || o->send) && o->kind != WAIT_COND;
}

static void put_holder(struct table *t, const struct report *r, const struct waitfor *w,
		       uint32_t object)
{
	const struct wait_holder *h = waitfor_next(w, object);
	struct buf *cell = table_cell(t);

	if (!h) {
		buf_lit(cell, "not known");
		return;
	}
	buf_lit(cell, "goroutine ");
	buf_u64(cell, r->m->tasks.list.v[h->task].goid);
	if (w->objects.v[object].holders > 1) {
		buf_lit(cell, " (+");
		buf_u64(cell, w->objects.v[object].holders - 1);
		buf_char(cell, ')');
	}
	word_task_state(table_cell(t), r->m, &r->m->tasks.list.v[h->task]);
	word_func(table_cell(t), r->m, r->m->tasks.list.v[h->task].frame);
	word_place(table_cell(t), r->m, r->m->tasks.list.v[h->task].frame);
}

struct wanted {
	uint32_t object, waiters;
};

static int most_first(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->waiters != y->waiters)
		return x->waiters < y->waiters ? 1 : -1;
	return x->object < y->object ? -1 : x->object > y->object;
}

/* What is waited for and held by somebody who moves. */
static void put_moving(struct report *r, const struct waitfor *w)
{
	static const struct column column[] = {
		{.head = "waiting", .right = true},
		{.head = "for"},
		{.head = "held by (inferred)"},
		{.head = "state", .max = 44},
		{.head = "function", .path = true, .max = 48, .keep_tail = true},
		{.head = NULL},
	};
	uint64_t limit = word_limit(r->opt, OBJECTS);
	VEC(struct wanted) list = {0};
	struct table t;

	for (uint32_t o = 0; o < w->objects.n; o++)
		if (is_held(&w->objects.v[o]))
			VEC_PUSH(&list, (struct wanted){o, w->objects.v[o].waiters});
	if (!list.n)
		return;
	qsort(list.v, list.n, sizeof(*list.v), most_first);
	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (size_t k = 0; k < list.n && k < limit; k++) {
		const struct wait_object *o = &w->objects.v[list.v[k].object];
		text_count(table_cell(&t), o->waiters);
		word_wait_object(table_cell(&t), o->addr, o->kind, o->count, o->size);
		put_holder(&t, r, w, list.v[k].object);
		table_row(&t);
	}
	table_close(&t);
	if (list.n > limit)
		text_more(&r->out, list.n - limit, NULL);
	VEC_FREE(&list);
	buf_char(&r->out, '\n');
}

static void put_footer(struct report *r, const struct waitfor *w, const struct wait_chains *c)
{
	uint64_t hang = 0, wait = 0;

	for (size_t k = 0; k < c->list.n; k++)
		hang += c->list.v[k].tasks;
	for (size_t i = 0; i < r->m->tasks.list.n; i++)
		wait += w->tasks[i].n != 0;
	if (hang)
		text_count(&r->out, hang);
	else
		buf_lit(&r->out, "none");
	buf_lit(&r->out, " of ");
	text_plural(&r->out, wait, "goroutine");
	buf_str(&r->out, wait == 1 ? " that waits" : " that wait");
	buf_lit(&r->out, " for channels, locks and the like hang on ");
	if (hang)
		text_plural(&r->out, c->list.n, "chain");
	else
		buf_lit(&r->out, "a chain that does not move");
	buf_str(&r->out, hang ? " (who holds what is inferred from stacks)\n" : "\n");
	if (w->cut)
		buf_lit(&r->out, "who holds what could not be looked for everywhere, so nothing is "
				 "said to hang\n");
}

static struct err *put_all_chains(struct report *r, const struct waitfor *w,
				  const struct wait_chains *c)
{
	uint64_t limit = word_limit(r->opt, CHAINS), lines = 0, left = 0;
	struct wait_alikes all = {0};
	struct err *err = NULL;
	size_t k = 0;

	waitfor_alike(w, c, !r->opt->no_fold, &all);
	for (; k < all.list.n && k < limit && !err; k++) {
		if (r->opt->limit < 0 && lines >= CHAIN_LINES)
			break;
		lines += put_chains(r, w, c, &all, &all.list.v[k]);
		err = model_canceled(r->m) ? err_interrupted() : NULL;
	}
	for (; k < all.list.n; k++)
		left += all.list.v[k].n;
	if (left && !err)
		text_more(&r->out, left, left == 1 ? "chain" : "chains");
	VEC_FREE(&all.list);
	VEC_FREE(&all.chains);
	return err;
}

static struct err *waits_text(struct report *r, const struct waitfor *w)
{
	struct wait_chains c;

	waitfor_chains(w, &c);
	struct err *err = put_all_chains(r, w, &c);
	put_moving(r, w);
	put_footer(r, w, &c);
	VEC_FREE(&c.list);
	return err;
}

/* ---- JSON ---- */

static void line_wait(struct report *r, const struct waitfor *w, uint32_t task,
		      const struct wait_object *o)
{
	struct rec rec = rec_line(&r->out, REC_wait);
	uint64_t most = r->opt->limit == 0 ? UINT64_MAX : HOLDERS;
	bool inferred = false;

	rec_u64(&rec, REC_wait_goid, r->m->tasks.list.v[task].goid);
	rec_addr(&rec, REC_wait_for, o->addr);
	rec_word(&rec, REC_wait_kind, wait_kind_word(o->kind));
	if (o->kind == WAIT_CHAN || o->size)
		rec_bool(&rec, REC_wait_full, waitfor_full(o));
	else
		rec_null(&rec, REC_wait_full);
	rec_list(&rec, REC_wait_holders);
	for (uint32_t k = 0; k < o->holders && k < most; k++) {
		const struct wait_holder *h = &w->holders.v[o->first_holder + k];
		rec_item_u64(&r->out, !k, r->m->tasks.list.v[h->task].goid);
		inferred |= h->inferred;
	}
	rec_list_end(&rec, REC_wait_holders);
	rec_bool(&rec, REC_wait_inferred, inferred);
	rec_bool(&rec, REC_wait_moves, o->moves);
	rec_line_end(&rec);
}

static void line_context_wait(struct report *r, uint32_t task, const struct task_wait *tw)
{
	struct rec rec = rec_line(&r->out, REC_wait);

	rec_u64(&rec, REC_wait_goid, r->m->tasks.list.v[task].goid);
	rec_addr(&rec, REC_wait_for, tw->chan);
	rec_word(&rec, REC_wait_kind, "context");
	rec_bool(&rec, REC_wait_full, false);
	rec_list(&rec, REC_wait_holders);
	rec_list_end(&rec, REC_wait_holders);
	rec_bool(&rec, REC_wait_inferred, false);
	rec_bool(&rec, REC_wait_moves, true);
	rec_line_end(&rec);
}

static struct err *waits_json(struct report *r, const struct waitfor *w)
{
	const struct tasks *ts = &r->m->tasks;
	uint64_t limit = word_limit(r->opt, 0), told = 0, left = 0;

	line_header(r);
	for (uint32_t i = 0; i < ts->list.n; i++) {
		const struct task *t = &ts->list.v[i];
		for (uint32_t k = 0; k < w->tasks[i].n; k++)
			if (told++ < limit)
				line_wait(r, w, i,
					  &w->objects.v[w->waits.v[w->tasks[i].first + k]]);
		for (uint32_t k = 0; k < t->nwaits && w->tasks[i].on_context; k++)
			if (ts->waits.v[t->wait_first + k].context != CTX_NONE && told++ < limit)
				line_context_wait(r, i, &ts->waits.v[t->wait_first + k]);
		if (i % 4096 == 0 && model_canceled(r->m))
			return err_interrupted();
	}
	left = told > limit ? told - limit : 0;
	line_cut(r, left, "waits");
	line_notes(r);
	return NULL;
}

struct err *report_waits(struct report *r)
{
	struct waitfor w;
	struct err *err = waitfor_build(r->m, NULL, &w);

	if (err)
		return err;
	if (r->opt->json) {
		err = waits_json(r, &w);
	} else {
		err = waits_text(r, &w);
		text_notes(r);
	}
	waitfor_free(&w);
	return err;
}
