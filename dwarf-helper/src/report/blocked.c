/**
 * @file  `blocked`: goroutines parked on a done channel, oldest first.
 */
#include "analysis/blocked.h"

#include "report/lines.h"
#include "report/task_filter.h"
#include "report/wait_words.h"
#include "report/words.h"

#define BLOCKED_LIMIT 1000 /* rows of text when --limit is not given */

/* Keep the rows that --min-wait, --wait and --func ask for. */
static struct err *keep_wanted(struct report *r, struct blocked *b)
{
	struct options all = *r->opt;
	struct report view = {.opt = &all, .m = r->m};
	struct task_filter f;

	all.system = true;
	struct err *err = task_filter_open(&f, &view);
	if (err)
		return err;
	size_t kept = 0;
	for (size_t i = 0; i < b->rows.n; i++)
		if (task_filter_pass(&f, &r->m->tasks.list.v[b->rows.v[i].task]))
			b->rows.v[kept++] = b->rows.v[i];
	b->rows.n = kept;
	task_filter_close(&f);
	return NULL;
}

static const char *canceled_word(const struct ctx *c)
{
	switch (c->state) {
	case CTX_CANCELED:
	case CTX_EXPIRED:
		return "yes";
	case CTX_UNKNOWN:
		return "?";
	default:
		return "no";
	}
}

static void blocked_row(struct table *t, struct report *r, const struct blocked_row *row)
{
	const struct model *m = r->m;
	const struct task *task = &m->tasks.list.v[row->task];
	const struct ctx *c = &m->ctxs.v[row->context];
	int64_t wait = clock_wait_ns(&m->now, task);

	buf_u64(table_cell(t), task->goid);
	word_task_state(table_cell(t), m, task);
	struct buf *cell = table_cell(t);
	buf_lit(cell, "done ");
	buf_hex(cell, m->tasks.waits.v[row->wait].chan);
	struct chan_fill full;
	if (row->others) {
		buf_lit(cell, " (+");
		buf_u64(cell, row->others);
		if (blocked_full(r->m, row->task, &full)) {
			buf_lit(cell, ": chan ");
			buf_hex(cell, full.chan);
			buf_char(cell, ' ');
			word_chan_fill(cell, full.count, full.size);
		}
		buf_char(cell, ')');
	}
	word_addr(table_cell(t), m, row->context);
	buf_str(table_styled(t, word_state_style(c->state)), canceled_word(c));
	cell = table_cell(t);
	if (wait >= 0)
		text_duration(cell, wait);
	word_func(table_cell(t), m, task->frame);
	word_place(table_cell(t), m, task->frame);
	table_row(t);
}

static struct err *blocked_text(struct report *r, const struct blocked *b, size_t n)
{
	static const struct column column[] = {
		{.head = "goroutine", .right = true},
		{.head = "state", .max = 44},
		{.head = "blocked on"},
		{.head = "context"},
		{.head = "cancelled?"},
		{.head = "for", .right = true},
		{.head = "function", .path = true, .max = 48, .keep_tail = true},
		{.head = NULL},
	};
	struct err *err = NULL;
	struct table t;

	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	for (size_t k = 0; k < n && !err; k++) {
		blocked_row(&t, r, &b->rows.v[k]);
		if (k % 4096 == 0 && model_canceled(r->m))
			err = err_interrupted();
	}
	table_close(&t);
	if (b->rows.n > n)
		text_more(&r->out, b->rows.n - n, NULL);
	return err;
}

/* "103 684 tasks on 51 842 done channels, 0 of them cancelled; oldest 41h (wait ages are lower
 * bounds: …)" */
static void blocked_footer(struct report *r, const struct blocked *b)
{
	struct blocked_sums s;
	struct buf *out = &r->out;

	if (!b->rows.n) {
		if (!r->m->contexts) {
			word_no_contexts(r);
			return;
		}
		buf_lit(out, "no goroutine is parked on a context's done channel");
		buf_str(out, r->opt->min_wait_ns || r->opt->func || r->opt->wait
				     ? " and passes the filters\n"
				     : "\n");
		return;
	}
	blocked_sum(r->m, b->rows.v, b->rows.n, &s);
	text_plural(out, s.rows, "task");
	buf_lit(out, " on ");
	text_plural(out, s.channels, "done channel");
	buf_lit(out, ", ");
	text_count(out, s.canceled_channels);
	buf_lit(out, " of them cancelled; ");
	if (s.oldest_ns < 0) {
		buf_lit(out, "ages are not known (no collection ran since they parked)\n");
		return;
	}
	buf_lit(out, "oldest ");
	text_duration(out, s.oldest_ns);
	buf_lit(out, " (wait ages are lower bounds: the collector stamps them)\n");
}

static struct err *blocked_json(struct report *r, const struct blocked *b, size_t n)
{
	struct err *err = NULL;
	struct lines l;

	lines_open(&l, r);
	line_header(r);
	for (size_t k = 0; k < n && !err; k++) {
		/* A goroutine that waits on two contexts has two rows side by side, but one
		 * line. */
		if (!k || b->rows.v[k].task != b->rows.v[k - 1].task)
			line_task(&l, b->rows.v[k].task);
		if (k % 4096 == 0 && model_canceled(r->m))
			err = err_interrupted();
	}
	line_cut(r, b->rows.n - n, "tasks");
	line_notes(r);
	lines_close(&l);
	return err;
}

struct err *report_blocked(struct report *r)
{
	uint64_t limit = word_limit(r->opt, r->opt->json ? 0 : BLOCKED_LIMIT);
	struct blocked b;

	model_unload(r->m);
	struct err *err = blocked_find(r->m, &b);

	if (!err)
		err = keep_wanted(r, &b);
	size_t n = b.rows.n < limit ? b.rows.n : (size_t)limit;
	if (!err && r->opt->json) {
		err = blocked_json(r, &b, n);
	} else if (!err) {
		err = blocked_text(r, &b, n);
		blocked_footer(r, &b);
		text_notes(r);
	}
	blocked_free(&b);
	return err;
}
