#include "runtime/stack.h"

#include <sys/ucontext.h>

#include "runtime/sanitized.h"

#define SIGNAL_FRAMES_MAX 4

/*
 * Where the pc is looked up: a return address belongs to the call before it (runtime/traceback.go: tracepc).  One that was
 * saved in a gobuf may be none: goroutines that never ran, and systemstack_switch, stand at their first instruction.
 */
static uint32_t lookup(struct runtime *rt, taddr pc, bool exact, bool saved)
{
	if (exact)
		return runtime_pc(rt, pc);
	if (saved) {
		uint32_t i = runtime_pc(rt, pc);
		if (rt->pcs.v[i].entry == pc)
			return i;
	}
	return runtime_pc(rt, pc - 1);
}

uint32_t stack_stands(struct runtime *rt, const struct stack_regs *start)
{
	return lookup(rt, start->pc, start->exact_pc, true);
}

static bool step(struct runtime *rt, struct stack_regs *r, const struct pcinfo *info)
{
	taddr at, bp = r->bp;

	if (info->n && info->frame_size >= 0) {
		at = r->sp + (uint64_t)info->frame_size;
		if (info->frame_size >= 8 && at - 8 >= r->lo && at <= r->hi)
			target_u64(rt->t, at - 8, &bp);
	} else if (bp >= r->sp && bp % 8 == 0) {
		at = bp + 8;
		if (bp + 16 > r->hi || !target_u64(rt->t, r->bp, &bp))
			return false;
	} else {
		return false;
	}
	if (at < r->lo || at % 8 || at + 8 > r->hi || !target_u64(rt->t, at, &r->pc))
		return false;
	r->sp = at + 8;
	r->bp = bp;
	r->exact_pc = info->role == PC_INJECTED;
	return r->pc != 0;
}

bool stack_walk_end(struct runtime *rt, const struct stack_regs *start, stack_fn *fn, void *arg, struct stack_regs *end_ret)
{
	struct stack_regs *r = end_ret;
	bool saved = true;

	*r = *start;
	for (int n = 0; n < STACK_MAX_FRAMES; n++) {
		if (r->sp < r->lo || r->sp >= r->hi)
			return false;
		uint32_t i = lookup(rt, r->pc, r->exact_pc, saved);
		if (rt->pcs.v[i].role == PC_TOP)
			return true;
		if (!fn(arg, r->pc, r->sp, i))
			return false;
		if (!step(rt, r, &rt->pcs.v[i]))
			return false;
		saved = rt->pcs.v[i].role == PC_CGOCALLBACK;
	}
	return false;
}

void stack_walk(struct runtime *rt, const struct stack_regs *start, stack_fn *fn, void *arg, bool *complete_ret)
{
	struct stack_regs end;
	bool complete = stack_walk_end(rt, start, fn, arg, &end);

	if (complete_ret)
		*complete_ret = complete;
}

struct signal_search {
	struct runtime *rt;
	taddr ucontext; /* 0: not met */
};

static bool find_handler(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct signal_search *s = arg;
	const struct pcinfo *p = &s->rt->pcs.v[info];

	(void)pc;
	if (p->role != PC_SIGTRAMP)
		return true;
	/* Its caller is the kernel: struct rt_sigframe begins with the address it returns to, then comes the ucontext. */
	if (p->frame_size >= 0)
		s->ucontext = sp + (uint64_t)p->frame_size + 8;
	return false;
}

/*
 * The thread stands in a signal handler: take the interrupted registers from the kernel's frame on the signal stack.
 * @param gregs_ret  where all of them are
 */
static bool interrupted(struct runtime *rt, const struct stack_regs *handler, struct stack_regs *ret, taddr *gregs_ret)
{
	struct signal_search s = {.rt = rt};
	uint64_t rip, rsp, rbp;
	const uint64_t gregs = offsetof(ucontext_t, uc_mcontext.gregs);

	stack_walk(rt, handler, find_handler, &s, NULL);
	if (!s.ucontext || !target_u64(rt->t, s.ucontext + gregs + REG_RIP * 8, &rip) ||
	    !target_u64(rt->t, s.ucontext + gregs + REG_RSP * 8, &rsp) ||
	    !target_u64(rt->t, s.ucontext + gregs + REG_RBP * 8, &rbp))
		return false;
	*ret = (struct stack_regs){.pc = rip, .sp = rsp, .bp = rbp, .exact_pc = true};
	*gregs_ret = s.ucontext + gregs;
	return true;
}

static bool field(struct runtime *rt, taddr base, struct layout_field f, uint64_t *ret)
{
	return runtime_field(rt, base, f, ret);
}

/* Bounds of the stack of another g of the same m (g0, gsignal). */
static bool stack_of(struct runtime *rt, taddr m, struct layout_field which, taddr *lo, taddr *hi)
{
	taddr g;

	return field(rt, m, which, &g) && g && field(rt, g, rt->L.g.stack_lo, lo) && field(rt, g, rt->L.g.stack_hi, hi) && *lo < *hi;
}

/* @p g: bytes of the runtime.g */
static bool from_sched(const struct layout *l, const uint8_t *g, struct stack_regs *ret)
{
	ret->exact_pc = false;
	ret->pc = runtime_load(g, l->g.sched_pc);
	ret->sp = runtime_load(g, l->g.sched_sp);
	ret->bp = runtime_load(g, l->g.sched_bp);
	return ret->pc && ret->sp;
}

static bool inside(taddr sp, taddr lo, taddr hi)
{
	return sp >= lo && sp < hi;
}

/*
 * Out of signal handlers: a fatal signal is raised again inside its handler, so there may be a few.
 * @param gregs_ret  registers that the last of them interrupted, untouched when in none
 */
static bool leave_handlers(struct runtime *rt, taddr m, struct stack_regs *r, taddr *gregs_ret)
{
	taddr lo, hi;

	if (!stack_of(rt, m, rt->L.m.gsignal, &lo, &hi))
		return true;
	for (int i = 0; i < SIGNAL_FRAMES_MAX && inside(r->sp, lo, hi); i++) {
		r->lo = lo;
		r->hi = hi;
		if (!interrupted(rt, r, r, gregs_ret))
			return false;
	}
	return !inside(r->sp, lo, hi);
}

/*
 * In the vDSO, which runs on g0's stack, nothing is saved in curg.sched; who called in is told by m.vdsoPC and m.vdsoSP, zero
 * at all other times (runtime/sys_linux_amd64.s: nanotime1).
 */
static bool vdso_caller(struct runtime *rt, taddr m, taddr lo, taddr hi, struct stack_regs *r)
{
	taddr sp, pc;

	if (!field(rt, m, rt->L.m.vdsoSP, &sp) || !field(rt, m, rt->L.m.vdsoPC, &pc) || !inside(sp, lo, hi))
		return false;
	*r = (struct stack_regs){.pc = pc, .sp = sp, .bp = r->bp};
	return true;
}

static const struct thread *thread_of(struct runtime *rt, taddr m)
{
	const struct thread *th;
	uint64_t tid;

	return m && field(rt, m, rt->L.m.procid, &tid) && (th = target_thread(rt->t, (int)tid)) && th->regs_valid ? th : NULL;
}

static struct stack_regs regs_of(const struct thread *th)
{
	return (struct stack_regs){
		.pc = th->regs[UREG_RIP], .sp = th->regs[UREG_RSP], .bp = th->regs[UREG_RBP], .exact_pc = true};
}

/* A thread that somebody else holds may have told no more than where it stands. */
static bool all_told(const uint64_t *regs)
{
	uint64_t other = 0;

	for (int i = 0; i < STACK_REGISTERS_MAX - 1; i++) /* all but the stack pointer */
		other |= regs[i];
	return other != 0;
}

/* @p gregs: where a signal frame has the registers, 0: they are @p th's own */
static bool sanitizer_regs(struct runtime *rt, taddr m, const struct thread *th, const struct stack_regs *r, taddr gregs,
			   struct sanitized_g0 *on, struct sanitized_regs *ret)
{
	taddr g0;

	*ret = (struct sanitized_regs){.pc = r->pc, .sp = r->sp, .r12 = th->regs[UREG_R12], .all = all_told(th->regs)};
	if (gregs)
		ret->all = target_u64(rt->t, gregs + REG_R12 * 8, &ret->r12);
	return field(rt, m, rt->L.m.g0, &g0) && stack_bounds(rt, g0, &on->lo, &on->hi) &&
	       field(rt, g0, rt->L.g.sched_sp, &on->sched_sp);
}

/* Its thread is on g0: there by way of a sanitizer, or systemstack and mcall saved where the goroutine left. */
static bool from_g0(struct runtime *rt, taddr m, const struct thread *th, const struct stack_regs *r, taddr gregs, const uint8_t *g,
		    struct stack_regs *ret)
{
	struct sanitized_g0 on;
	struct sanitized_regs regs;
	enum sanitized in = SANITIZED_NOT;

	if (sanitizer_regs(rt, m, th, r, gregs, &on, &regs))
		in = sanitized_start(rt, &on, &regs, ret);
	return in == SANITIZED_NOT ? from_sched(&rt->L, g, ret) : in == SANITIZED_TOLD;
}

/* A goroutine that runs: its thread's registers, unless the thread is on another stack just now. */
static bool from_thread(struct runtime *rt, const uint8_t *g, struct stack_regs *ret)
{
	taddr m = runtime_load(g, rt->L.g.m), lo = ret->lo, hi = ret->hi, gregs = 0;
	const struct thread *th = thread_of(rt, m);

	if (!th)
		return from_sched(&rt->L, g, ret);
	struct stack_regs r = regs_of(th);
	if (!leave_handlers(rt, m, &r, &gregs))
		return false;
	bool own = inside(r.sp, lo, hi);
	/* The vDSO first: it leaves a gap on g0's stack in which an earlier call of a sanitizer's still stands. */
	if ((!own || !runtime_module_of_pc(rt, r.pc)) && !vdso_caller(rt, m, lo, hi, &r) && !own)
		return from_g0(rt, m, th, &r, gregs, g, ret);
	r.lo = lo;
	r.hi = hi;
	*ret = r;
	return true;
}

bool stack_start_at(struct runtime *rt, const struct task *t, const uint8_t *g, struct stack_regs *ret)
{
	const struct layout *l = &rt->L;
	bool ok;

	*ret = (struct stack_regs){.lo = runtime_load(g, l->g.stack_lo), .hi = runtime_load(g, l->g.stack_hi)};
	if (ret->lo >= ret->hi)
		return false;
	switch (t->status) {
	case TASK_RUNNING:
		ok = from_thread(rt, g, ret);
		break;
	case TASK_SYSCALL:
		ret->pc = runtime_load(g, l->g.syscallpc);
		ret->sp = runtime_load(g, l->g.syscallsp);
		ok = (ret->pc && ret->sp) || from_sched(l, g, ret);
		break;
	default:
		ok = from_sched(l, g, ret);
	}
	return ok && inside(ret->sp, ret->lo, ret->hi);
}

bool stack_bounds(struct runtime *rt, taddr g, taddr *lo, taddr *hi)
{
	return field(rt, g, rt->L.g.stack_lo, lo) && field(rt, g, rt->L.g.stack_hi, hi) && stack_sane(*lo, *hi);
}

bool stack_start(struct runtime *rt, const struct task *t, struct stack_regs *ret)
{
	const uint8_t *g = target_ptr(rt->t, t->g, rt->L.s[LAYOUT_g].size);

	return g && stack_start_at(rt, t, g, ret);
}

size_t stack_registers(struct runtime *rt, const struct task *t, uint64_t regs[STACK_REGISTERS_MAX])
{
	static const uint8_t general[STACK_REGISTERS_MAX] = {
		UREG_R8,  UREG_R9,  UREG_R10, UREG_R11, UREG_R12, UREG_R13, UREG_R14, UREG_R15,
		UREG_RDI, UREG_RSI, UREG_RBP, UREG_RBX, UREG_RDX, UREG_RAX, UREG_RCX, UREG_RSP,
	};
	taddr m = 0, gregs = 0;

	if (t->status != TASK_RUNNING || !field(rt, t->g, rt->L.g.m, &m))
		return 0;
	const struct thread *th = thread_of(rt, m);
	if (!th)
		return 0;
	struct stack_regs r = regs_of(th);
	if (!leave_handlers(rt, m, &r, &gregs))
		return 0;
	/* Same order as in a signal frame, which begins with these. */
	if (gregs)
		return target_read(rt->t, gregs, regs, STACK_REGISTERS_MAX * 8) ? STACK_REGISTERS_MAX : 0;
	for (int i = 0; i < STACK_REGISTERS_MAX; i++)
		regs[i] = th->regs[general[i]];
	return all_told(regs) ? STACK_REGISTERS_MAX : 0;
}

#define THREADS_MAX 100000		   /* m's are never freed, but reused: runtime/proc.go caps them at 10000 */
#define THREAD_STACK_MAX (UINT64_C(1) << 20) /* in use of a thread's stack: C code may have gone deep below */

/* Words of [sp, hi), as far as one thread can have filled it. */
static bool words_of(struct runtime *rt, taddr sp, taddr hi, stack_word_fn *fn, void *arg)
{
	uint64_t n = hi - sp < THREAD_STACK_MAX ? hi - sp : THREAD_STACK_MAX, word;

	for (taddr at = (sp + 7) & ~UINT64_C(7); at + 8 <= sp + n; at += 8) {
		if (!target_u64(rt->t, at, &word))
			return false;
		fn(arg, word);
	}
	return true;
}

/* Is one of these functions on a stack? */
struct func_search {
	struct runtime *rt;
	const char *names[2]; /* the second may be NULL */
	bool found;
};

static bool find_func(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct func_search *s = arg;
	const struct pcinfo *p = &s->rt->pcs.v[info];

	(void)pc;
	(void)sp;
	for (int i = 0; p->n && i < 2 && s->names[i]; i++)
		s->found |= !strcmp(s->names[i], s->rt->frames.v[p->first + p->n - 1u].func);
	return !s->found;
}

bool stack_borrowed(struct runtime *rt, const uint8_t *g)
{
	struct func_search s = {.rt = rt, .names = {"runtime.badsignal"}};
	taddr m = runtime_load(g, rt->L.g.m);
	const struct thread *th;

	/* Spare ones have no start function. */
	if (runtime_load(g, rt->L.g.startpc) || !(th = thread_of(rt, m)))
		return false;
	struct stack_regs r = regs_of(th);
	/* needm takes what is around the handler for the stack of g0.  A thread that has called into Go keeps another m beside. */
	if (!stack_of(rt, m, rt->L.m.g0, &r.lo, &r.hi) || !inside(r.sp, r.lo, r.hi))
		return false;
	stack_walk(rt, &r, find_func, &s, NULL);
	return s.found;
}

static bool words_of_thread(struct runtime *rt, taddr m, const struct thread *th, stack_word_fn *fn, void *arg)
{
	struct stack_regs r = regs_of(th);
	/* runtime/time.go: until 1.22, since 1.23 */
	struct func_search s = {.rt = rt, .names = {"runtime.runOneTimer", "runtime.(*timer).unlockAndRun"}};
	taddr lo, hi, gregs = 0;
	uint64_t word;
	struct sanitized_g0 on;
	struct sanitized_regs regs;

	if (!leave_handlers(rt, m, &r, &gregs) || !stack_of(rt, m, rt->L.m.g0, &lo, &hi) || !inside(r.sp, lo, hi))
		return true; // on a goroutine's stack, or in code that is not Go's
	r.lo = lo;
	r.hi = hi;
	stack_walk(rt, &r, find_func, &s, NULL);
	if (!s.found && !(sanitizer_regs(rt, m, th, &r, gregs, &on, &regs) && sanitized_in(rt, &on, &regs)))
		return true;
	for (int i = 0; i < STACK_REGISTERS_MAX && gregs; i++)
		if (target_u64(rt->t, gregs + (uint64_t)i * 8, &word))
			fn(arg, word);
	for (int i = 0; i < UREG_COUNT && !gregs; i++)
		fn(arg, th->regs[i]);
	return words_of(rt, r.sp, hi, fn, arg) && (gregs || all_told(th->regs));
}

bool stack_threads(struct runtime *rt, stack_word_fn *fn, void *arg)
{
	bool ok = true;
	taddr m;

	if (!target_u64(rt->t, rt->L.var[LAYOUT_VAR_allm].addr, &m))
		return false;
	for (int n = 0; m && n < THREADS_MAX; n++) {
		const struct thread *th;
		uint64_t tid;

		if (!field(rt, m, rt->L.m.procid, &tid))
			return false;
		if (tid && (th = target_thread(rt->t, (int)tid)))
			ok &= th->regs_valid && words_of_thread(rt, m, th, fn, arg);
		if (!field(rt, m, rt->L.m.alllink, &m))
			return false;
	}
	return ok && !m;
}
