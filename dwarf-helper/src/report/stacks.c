/**
 * @file  `@stacks GOID|all` and `@frames GOID|all`: stacks in numbers, for GDB to unwind them
 * itself.
 *
 * A request between GDB and the helper, nothing that people type.  Lines of words; addresses
 * without 0x:
 *
 *   g <goid> <g> <tid> <pc> <sp> <bp> <lo> <hi> <exact> <top> <state…>
 *         a goroutine; tid 0: on no thread; pc 0: where it starts is not known, and no other field
 * is given exact 1: pc is the next instruction, not the return address of a call
 *         top   sp of the first frame that is none of the goroutine's any more (runtime.goexit), 0
 *               not known
 *   f <sp> <pc> <sp> <exact>
 *         of the goroutine before: the frame at the first sp was called from this pc, at the second
 * sp.  @stacks gives only those that debug information has wrong: callers that were interrupted,
 * and those on the other side of C;
 *         @frames gives all, for programs without debug information.
 */
#include <inttypes.h>

#include "report/tasks.h"
#include "report/words.h"
#include "runtime/stack.h"

static void word_hex(struct buf *out, taddr a)
{
	buf_printf(out, " %" PRIx64, a);
}

struct stack_writer {
	struct report *r;
	struct buf
		callers; /* the f lines; they follow the g line, which knows where the walk ended */
	bool all_frames;
	bool start_exact;
	taddr sp;     /* of the frame met last, 0 none yet */
	uint8_t role; /* and its enum pc_role */
};

/* Saved pcs may be entries (goroutines that never ran, systemstack_switch): runtime/stack.c looks
 * them up as they are. */
static bool is_exact(const struct stack_writer *w, taddr pc, uint32_t info)
{
	return model_pc(w->r->m, info)->pc == pc;
}

static void write_caller(struct stack_writer *w, taddr pc, taddr sp, bool exact)
{
	buf_char(&w->callers, 'f');
	word_hex(&w->callers, w->sp);
	word_hex(&w->callers, pc);
	word_hex(&w->callers, sp);
	buf_str(&w->callers, exact ? " 1\n" : " 0\n");
}

static bool meet_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct stack_writer *w = arg;
	bool exact = is_exact(w, pc, info);

	if (!w->sp)
		w->start_exact |= exact;
	else if (w->all_frames || exact || w->role == PC_CGOCALLBACK)
		write_caller(w, pc, sp, exact);
	w->sp = sp;
	w->role = model_pc(w->r->m, info)->role;
	return true;
}

static uint64_t thread_of(struct runtime *rt, const struct task *t)
{
	taddr m;
	uint64_t tid;

	return runtime_field(rt, t->g, rt->L.g.m, &m) && m &&
			       runtime_field(rt, m, rt->L.m.procid, &tid)
		       ? tid
		       : 0;
}

static void write_stack(struct stack_writer *w, const struct task *t)
{
	struct runtime *rt = w->r->m->rt;
	struct buf *out = &w->r->out;
	struct stack_regs start = {0}, end = {0};
	bool complete = false;

	w->sp = w->callers.n = 0;
	if (stack_start(rt, t, &start)) {
		w->start_exact = start.exact_pc;
		complete = stack_walk_end(rt, &start, meet_frame, w, &end);
		if (complete && w->sp && w->all_frames)
			write_caller(w, end.pc, end.sp, false);
	} else {
		start.pc = 0;
	}
	buf_lit(out, "g ");
	buf_u64(out, t->goid);
	word_hex(out, t->g);
	buf_char(out, ' ');
	buf_u64(out, thread_of(rt, t));
	word_hex(out, start.pc);
	word_hex(out, start.sp);
	word_hex(out, start.bp);
	word_hex(out, start.lo);
	word_hex(out, start.hi);
	buf_str(out, w->start_exact ? " 1" : " 0");
	word_hex(out, complete ? end.sp : 0);
	buf_char(out, ' ');
	word_state_age(out, w->r->m, t);
	buf_char(out, '\n');
	buf_bytes(out, w->callers.p, w->callers.n);
}

static struct err *all_stacks(struct report *r, struct stack_writer *w)
{
	struct order o;
	uint64_t system, limit = word_limit(r->opt, UINT64_MAX);
	struct err *err = tasks_wanted(r, &o, &system);

	for (size_t k = 0; k < o.v.n && k < limit && !err; k++) {
		write_stack(w, &r->m->tasks.list.v[o.v.v[k].index]);
		if (k % 1024 == 0 && model_canceled(r->m))
			err = err_interrupted();
	}
	order_free(&o);
	return err;
}

static struct err *stacks(struct report *r, bool all_frames)
{
	struct stack_writer w = {.r = r, .all_frames = all_frames};
	struct err *err;
	uint32_t task;

	if (!strcmp(r->opt->arg, "all"))
		err = all_stacks(r, &w);
	else if (!(err = arg_task(r, r->opt->arg, &task)))
		write_stack(&w, &r->m->tasks.list.v[task]);
	buf_free(&w.callers);
	return err;
}

struct err *report_stacks(struct report *r)
{
	return stacks(r, false);
}

struct err *report_frames(struct report *r)
{
	return stacks(r, true);
}
