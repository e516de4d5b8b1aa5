#include "runtime/stack.h"

#include "runtime/sanitized.h"

#define SIGNAL_FRAMES_MAX 4

/*
 * Where the pc is looked up: a return address belongs to the call before it (runtime/traceback.go:
 * tracepc).  One that was saved in a gobuf may be none: goroutines that never ran, and
 * systemstack_switch, stand at their first instruction.
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

/* By the size of the frame: pclntab knows it at every pc. */
static bool step_by_size(struct runtime *rt, struct stack_regs *r, uint64_t size)
{
	const struct arch_frame *f = &rt->t->arch->frame;
	taddr end = r->sp + size, at = arch_place(f->ret, r->sp, size),
	      saved = arch_place(f->saved_fp, r->sp, size), bp = r->bp;

	if (size >= 8 && saved >= r->lo && end <= r->hi)
		target_u64(rt->t, saved, &bp);
	if (at < r->lo || at % 8 || at + 8 > r->hi || !target_u64(rt->t, at, &r->pc))
		return false;
	r->sp = end + f->pushed;
	r->bp = bp;
	return true;
}

/* By the chain of frame pointers: C, assembly without tables. */
static bool step_by_chain(struct runtime *rt, struct stack_regs *r)
{
	const struct arch_frame *f = &rt->t->arch->frame;
	taddr at = r->bp + f->chain_ret, sp = r->bp + f->chain_sp, bp;

	if (r->bp < r->sp || r->bp % 8 || sp > r->hi || !target_u64(rt->t, r->bp, &bp))
		return false;
	if (at < r->lo || at + 8 > r->hi || !target_u64(rt->t, at, &r->pc))
		return false;
	r->sp = sp;
	r->bp = bp;
	return true;
}

static bool step(struct runtime *rt, struct stack_regs *r, const struct pcinfo *info)
{
	bool by_size = info->n && info->frame_size >= 0;

	if (!(by_size ? step_by_size(rt, r, (uint64_t)info->frame_size) : step_by_chain(rt, r)))
		return false;
	r->exact_pc = info->role == PC_INJECTED;
	return r->pc != 0;
}

bool stack_walk_end(struct runtime *rt, const struct stack_regs *start, stack_fn *fn, void *arg,
		    struct stack_regs *end_ret)
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

void stack_walk(struct runtime *rt, const struct stack_regs *start, stack_fn *fn, void *arg,
		bool *complete_ret)
{
	struct stack_regs end;
	bool complete = stack_walk_end(rt, start, fn, arg, &end);

	if (complete_ret)
		*complete_ret = complete;
}

struct signal_search {
	struct runtime *rt;
	taddr context; /* the kernel's struct ucontext; 0: not met */
};

static bool find_handler(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct signal_search *s = arg;
	const struct pcinfo *p = &s->rt->pcs.v[info];

	(void)pc;
	if (p->role != PC_SIGTRAMP)
		return true;
	if (p->frame_size >= 0)
		s->context = sp + (uint64_t)p->frame_size +
			     (uint64_t)(int64_t)s->rt->t->arch->frame.signal_context;
	return false;
}

/* Register @p reg as it was when the kernel made this struct ucontext. */
static bool register_in(struct runtime *rt, taddr context, unsigned reg, uint64_t *ret)
{
	int16_t off = rt->t->arch->reg[reg].in_signal;

	return off >= 0 && target_u64(rt->t, context + (uint64_t)off, ret);
}

/*
 * Does the struct ucontext at @p at say that its signal came on the signal stack [lo, hi)?  The
 * kernel writes down the stack that sigaltstack() has set.  On all processors: uapi/asm/ucontext.h,
 * uc_stack at byte 16; asm-generic/signal.h, stack_t.
 */
static bool is_context(struct runtime *rt, taddr at, taddr lo, taddr hi)
{
	uint64_t sp, size;

	return target_u64(rt->t, at + 16, &sp) && target_u64(rt->t, at + 32, &size) && sp == lo &&
	       size == hi - lo;
}

/*
 * The struct ucontext of a thread whose handler has returned, but whose registers the kernel has
 * not put back: it lies at sp.  With cgo the code there is the C library's (__restore_rt), whose
 * text a core may not have; what lies at sp says enough.
 */
static taddr context_of_return(struct runtime *rt, const struct stack_regs *r)
{
	const struct pcinfo *here = runtime_pcinfo(rt, r->pc);

	if (here->n ? here->role != PC_SIGRETURN : !is_context(rt, r->sp, r->lo, r->hi))
		return 0;
	return r->sp;
}

/*
 * The thread stands in a signal handler: take the interrupted registers from the kernel's frame on
 * the signal stack.
 * @param context_ret  where all of them are
 */
static bool interrupted(struct runtime *rt, const struct stack_regs *handler,
			struct stack_regs *ret, taddr *context_ret)
{
	const struct arch *a = rt->t->arch;
	struct signal_search s = {.rt = rt, .context = context_of_return(rt, handler)};
	struct stack_regs r = {.exact_pc = true};

	if (!s.context)
		stack_walk(rt, handler, find_handler, &s, NULL);
	if (!s.context || !register_in(rt, s.context, a->pc, &r.pc) ||
	    !register_in(rt, s.context, a->sp, &r.sp) || !register_in(rt, s.context, a->fp, &r.bp))
		return false;
	*ret = r;
	*context_ret = s.context;
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

	return field(rt, m, which, &g) && g && field(rt, g, rt->L.g.stack_lo, lo) &&
	       field(rt, g, rt->L.g.stack_hi, hi) && *lo < *hi;
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
 * @param context_ret  the struct ucontext of what the last of them interrupted, untouched when in
 * none
 */
static bool leave_handlers(struct runtime *rt, taddr m, struct stack_regs *r, taddr *context_ret)
{
	taddr lo, hi;

	if (!stack_of(rt, m, rt->L.m.gsignal, &lo, &hi))
		return true;
	for (int i = 0; i < SIGNAL_FRAMES_MAX && inside(r->sp, lo, hi); i++) {
		r->lo = lo;
		r->hi = hi;
		if (!interrupted(rt, r, r, context_ret))
			return false;
	}
	return !inside(r->sp, lo, hi);
}

/*
 * A call into the vDSO runs on g0's stack and saves nothing in curg.sched.  m.vdsoPC and m.vdsoSP
 * name its caller; they are zero at all other times (runtime/sys_linux_GOARCH.s: nanotime1).
 */
static bool vdso_caller(struct runtime *rt, taddr m, taddr lo, taddr hi, struct stack_regs *r)
{
	taddr sp, pc;

	if (!field(rt, m, rt->L.m.vdsoSP, &sp) || !field(rt, m, rt->L.m.vdsoPC, &pc) ||
	    !inside(sp, lo, hi))
		return false;
	*r = (struct stack_regs){.pc = pc, .sp = sp, .bp = r->bp};
	return true;
}

static const struct thread *thread_of(struct runtime *rt, taddr m)
{
	const struct thread *th;
	uint64_t tid;

	return m && field(rt, m, rt->L.m.procid, &tid) && (th = target_thread(rt->t, (int)tid)) &&
			       th->regs_valid
		       ? th
		       : NULL;
}

static struct stack_regs regs_of(const struct runtime *rt, const struct thread *th)
{
	const struct arch *a = rt->t->arch;

	return (struct stack_regs){.pc = th->regs[a->pc],
				   .sp = th->regs[a->sp],
				   .bp = th->regs[a->fp],
				   .exact_pc = true};
}

/*
 * Registers that may hold a pointer: of a thread, or of what a signal interrupted (@p context, 0:
 * nothing).
 * @return how many; 0: not known.  Of a thread that another tracer holds, the kernel gives only pc
 * and sp
 */
static size_t general_registers(struct runtime *rt, const struct thread *th, taddr context,
				uint64_t regs[ARCH_REGISTERS_MAX])
{
	const struct arch *a = rt->t->arch;
	uint64_t other = 0;

	for (unsigned i = 0; i < a->generals; i++) {
		unsigned reg = a->general[i];
		regs[i] = th->regs[reg];
		if (context && !register_in(rt, context, reg, &regs[i]))
			return 0;
		other |= reg == a->sp ? 0 : regs[i];
	}
	return context || other ? a->generals : 0;
}

/* @p context: of what a signal interrupted, 0: the registers are @p th's own */
static bool sanitizer_regs(struct runtime *rt, taddr m, const struct thread *th,
			   const struct stack_regs *r, taddr context, struct sanitized_g0 *on,
			   struct sanitized_regs *ret)
{
	uint64_t regs[ARCH_REGISTERS_MAX];
	unsigned kept = rt->t->arch->sanitizer_sp;
	taddr g0;

	*ret = (struct sanitized_regs){.pc = r->pc, .sp = r->sp, .kept = th->regs[kept]};
	ret->all = context ? register_in(rt, context, kept, &ret->kept)
			   : general_registers(rt, th, 0, regs) != 0;
	return field(rt, m, rt->L.m.g0, &g0) && stack_bounds(rt, g0, &on->lo, &on->hi) &&
	       field(rt, g0, rt->L.g.sched_sp, &on->sched_sp);
}

/* Its thread is on g0: there by way of a sanitizer, or systemstack and mcall saved where the
 * goroutine left. */
static bool from_g0(struct runtime *rt, taddr m, const struct thread *th,
		    const struct stack_regs *r, taddr context, const uint8_t *g,
		    struct stack_regs *ret)
{
	struct sanitized_g0 on;
	struct sanitized_regs regs;
	enum sanitized in = SANITIZED_NOT;

	if (sanitizer_regs(rt, m, th, r, context, &on, &regs))
		in = sanitized_start(rt, &on, &regs, ret);
	return in == SANITIZED_NOT ? from_sched(&rt->L, g, ret) : in == SANITIZED_TOLD;
}

/*
 * The thread is about to jump to where its goroutine goes on, on the goroutine's stack already
 * (runtime/asm_GOARCH.s: gogo).  gogo clears sp and bp of the gobuf it has loaded, never pc.
 */
static void before_jump(struct runtime *rt, const uint8_t *g, struct stack_regs *r)
{
	uint64_t bp = runtime_load(g, rt->L.g.sched_bp);

	if (runtime_pcinfo(rt, r->pc)->role != PC_GOGO)
		return;
	r->pc = runtime_load(g, rt->L.g.sched_pc);
	r->bp = bp ? bp : r->bp;
	r->exact_pc = false;
}

/* A goroutine that runs: its thread's registers, unless the thread is on another stack just now. */
static bool from_thread(struct runtime *rt, const uint8_t *g, struct stack_regs *ret)
{
	taddr m = runtime_load(g, rt->L.g.m), lo = ret->lo, hi = ret->hi, context = 0;
	const struct thread *th = thread_of(rt, m);

	if (!th)
		return from_sched(&rt->L, g, ret);
	struct stack_regs r = regs_of(rt, th);
	if (!leave_handlers(rt, m, &r, &context))
		return false;
	bool own = inside(r.sp, lo, hi);
	/* The vDSO first: it leaves a gap on g0's stack in which an earlier call of a sanitizer's
	 * still stands. */
	if ((!own || !runtime_module_of_pc(rt, r.pc)) && !vdso_caller(rt, m, lo, hi, &r) && !own)
		return from_g0(rt, m, th, &r, context, g, ret);
	if (own)
		before_jump(rt, g, &r);
	r.lo = lo;
	r.hi = hi;
	*ret = r;
	return true;
}

bool stack_start_at(struct runtime *rt, const struct task *t, const uint8_t *g,
		    struct stack_regs *ret)
{
	const struct layout *l = &rt->L;
	bool ok;

	*ret = (struct stack_regs){.lo = runtime_load(g, l->g.stack_lo),
				   .hi = runtime_load(g, l->g.stack_hi)};
	if (!stack_sane(rt, ret->lo, ret->hi))
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
	return field(rt, g, rt->L.g.stack_lo, lo) && field(rt, g, rt->L.g.stack_hi, hi) &&
	       stack_sane(rt, *lo, *hi);
}

bool stack_start(struct runtime *rt, const struct task *t, struct stack_regs *ret)
{
	const uint8_t *g = target_ptr(rt->t, t->g, rt->L.s[LAYOUT_g].size);

	return g && stack_start_at(rt, t, g, ret);
}

size_t stack_registers(struct runtime *rt, const struct task *t, uint64_t regs[ARCH_REGISTERS_MAX])
{
	taddr m = 0, context = 0;

	if (t->status != TASK_RUNNING || !field(rt, t->g, rt->L.g.m, &m))
		return 0;
	const struct thread *th = thread_of(rt, m);
	if (!th)
		return 0;
	struct stack_regs r = regs_of(rt, th);
	return leave_handlers(rt, m, &r, &context) ? general_registers(rt, th, context, regs) : 0;
}

/* m's are never freed, but reused: runtime/proc.go caps them at 10000 */
#define THREADS_MAX 100000
/* in use of a thread's stack: C code may have gone deep below */
#define THREAD_STACK_MAX (UINT64_C(1) << 20)

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
	struct stack_regs r = regs_of(rt, th);
	/* needm takes what is around the handler for the stack of g0.  A thread that has called
	 * into Go keeps another m beside. */
	if (!stack_of(rt, m, rt->L.m.g0, &r.lo, &r.hi) || !inside(r.sp, r.lo, r.hi))
		return false;
	stack_walk(rt, &r, find_func, &s, NULL);
	return s.found;
}

static bool words_of_thread(struct runtime *rt, taddr m, const struct thread *th, stack_word_fn *fn,
			    void *arg)
{
	struct stack_regs r = regs_of(rt, th);
	/* runtime/time.go: until 1.22, since 1.23 */
	struct func_search s = {.rt = rt,
				.names = {"runtime.runOneTimer", "runtime.(*timer).unlockAndRun"}};
	taddr lo, hi, context = 0;
	uint64_t regs[ARCH_REGISTERS_MAX];
	struct sanitized_g0 on;
	struct sanitized_regs in;

	if (!leave_handlers(rt, m, &r, &context) || !stack_of(rt, m, rt->L.m.g0, &lo, &hi) ||
	    !inside(r.sp, lo, hi))
		return true; // on a goroutine's stack, or in code that is not Go's
	r.lo = lo;
	r.hi = hi;
	stack_walk(rt, &r, find_func, &s, NULL);
	if (!s.found &&
	    !(sanitizer_regs(rt, m, th, &r, context, &on, &in) && sanitized_in(rt, &on, &in)))
		return true;
	size_t n = general_registers(rt, th, context, regs);
	for (size_t i = 0; i < n; i++)
		fn(arg, regs[i]);
	return words_of(rt, r.sp, hi, fn, arg) && n;
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
