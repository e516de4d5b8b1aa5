/**
 * @file  `tasks`: goroutines, one a line.  --group is in tasks_grouped.c, --tree in task_tree.c.
 */
#include "report/tasks.h"

#include "report/lines.h"
#include "report/words.h"

#define TASKS_LIMIT 1000 /* rows of text when --limit is not given */

static struct err *interrupted(void)
{
	return err_interrupted();
}

static struct err *tasks_json(struct report *r, const struct order *o, uint64_t n)
{
	struct err *err = NULL;
	struct lines l;

	lines_open(&l, r);
	line_header(r);
	for (uint64_t k = 0; k < n && !err; k++) {
		line_task(&l, o->v.v[k].index);
		if (k % 4096 == 0 && model_canceled(r->m))
			err = interrupted();
	}
	line_cut(r, o->v.n - n, "tasks");
	line_notes(r);
	lines_close(&l);
	return err;
}

static struct err *tasks_text(struct report *r, const struct order *o, uint64_t n)
{
	static const struct column column[] = {
		{.head = "goroutine", .right = true},
		{.head = "state", .max = 44},
		{.head = "for", .right = true},
		{.head = "function", .path = true, .max = 48, .keep_tail = true},
		{.head = NULL},
		{.head = "created by", .path = true, .keep_tail = true},
	};
	struct err *err = NULL;
	struct table t;

	table_open(&t, r, column, sizeof(column) / sizeof(column[0]));
	t.cut_last = true;
	for (uint64_t k = 0; k < n && !err; k++) {
		const struct task *task = &r->m->tasks.list.v[o->v.v[k].index];
		buf_u64(table_cell(&t), task->goid);
		word_task_cells(&t, r->m, task);
		struct buf *cell = table_cell(&t);
		if (has_creator(r->m, task)) {
			word_func(cell, r->m, task->created);
			buf_char(cell, ' ');
			word_place(cell, r->m, task->created);
		}
		table_row(&t);
		if (k % 4096 == 0 && model_canceled(r->m))
			err = interrupted();
	}
	table_close(&t);
	if (o->v.n > n)
		text_more(&r->out, o->v.n - n, NULL);
	return err;
}

struct err *report_tasks(struct report *r)
{
	uint64_t limit = word_limit(r->opt, r->opt->json ? 0 : TASKS_LIMIT), system;
	struct order o;
	struct err *err = tasks_wanted(r, &o, &system);

	if (err)
		return err;
	uint64_t n = o.v.n < limit ? o.v.n : limit;
	if (r->opt->group != GROUP_NONE)
		err = tasks_grouped(r, &o, limit);
	else if (r->opt->json)
		err = tasks_json(r, &o, n);
	else if (r->opt->by_parent)
		err = tasks_tree(r, &o, limit);
	else
		err = tasks_text(r, &o, n);
	if (!r->opt->json) {
		tasks_footer(r, o.v.n, system);
		text_notes(r);
	}
	order_free(&o);
	return err;
}
