#include "report/task_filter.h"

#include <ctype.h>
#include <errno.h>

#include "report/arg.h"
#include "report/text.h"

struct err *task_filter_open(struct task_filter *f, struct report *r)
{
	*f = (struct task_filter){.opt = r->opt, .m = r->m};
	if (!r->opt->func)
		return NULL;
	struct err *err = arg_regex("--func", r->opt->func, &f->func);
	if (err)
		return err;
	f->has_func = true;
	f->frames = mem_zalloc(model_frames(r->m) + 1);
	return NULL;
}

void task_filter_close(struct task_filter *f)
{
	if (f->has_func)
		regfree(&f->func);
	free(f->frames);
	*f = (struct task_filter){0};
}

/* Each frame is matched once, however many goroutines stand in it. */
static bool func_matches(struct task_filter *f, uint32_t frame)
{
	const struct frame *at = model_frame(f->m, frame);

	if (!at || !at->func)
		return false;
	if (!f->frames[frame])
		f->frames[frame] = regexec(&f->func, at->func, 0, NULL, 0) ? 2 : 1;
	return f->frames[frame] == 1;
}

bool task_filter_pass(struct task_filter *f, const struct task *t)
{
	const struct options *o = f->opt;

	if (o->statuses && !(t->status < 32 && o->statuses >> t->status & 1))
		return false;
	if (o->min_wait_ns && clock_wait_ns(&f->m->now, t) < o->min_wait_ns)
		return false;
	if (o->wait) {
		const char *reason = task_reason_told(f->m->rt, t);
		if (!reason || !strstr(reason, o->wait))
			return false;
	}
	if (f->has_func && !func_matches(f, t->frame))
		return false;
	if ((t->flags & TASK_SYSTEM) && !o->system) {
		f->system++;
		return false;
	}
	return true;
}

struct err *tasks_wanted(struct report *r, struct order *ret, uint64_t *system_ret)
{
	struct task_filter f;
	struct err *err = task_filter_open(&f, r);

	*ret = (struct order){0};
	if (err)
		return err;
	for (size_t i = 0; i < r->m->tasks.list.n; i++) {
		const struct task *t = &r->m->tasks.list.v[i];
		if (task_filter_pass(&f, t))
			VEC_PUSH(&ret->v, (struct order_item){t->goid, (uint32_t)i});
	}
	*system_ret = f.system;
	task_filter_close(&f);
	order_sort(ret);
	return NULL;
}

struct err *arg_task(struct report *r, const char *arg, uint32_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long goid = strtoull(arg, &end, 10);
	if (!isdigit((unsigned char)*arg) || *end || errno)
		return err_hint(err_new(ERR_USAGE, "'%s' is not the number of a goroutine", arg),
				"tasks lists the goroutines");
	*ret = task_by_goid(&r->m->tasks, goid);
	if (*ret != TASK_NONE)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "no goroutine %llu", goid),
			"tasks --system lists all goroutines");
}

void tasks_footer(struct report *r, uint64_t shown, uint64_t system)
{
	struct buf *out = &r->out;
	uint64_t all = r->m->tasks.list.n;

	if (shown + system < all) {
		text_count(out, shown);
		buf_lit(out, " of ");
		text_plural(out, all, "task");
	} else {
		text_plural(out, shown, "task");
	}
	if (system) {
		buf_lit(out, " (");
		text_count(out, system);
		buf_lit(out, " of the runtime left out: --system)");
	}
	buf_char(out, '\n');
}
