#include "analysis/steps.h"

#include "runtime/livestack.h"
#include "runtime/timers.h"
#include "runtime/typed.h"

#define RUN_MIN 4 /* equal steps from which on they are folded */
#define DEFERS_MAX 10000

/* ---- roots ---- */

/* The frame that holds a stack word. */
struct frame_search {
	taddr at, value, sp;
	uint32_t info;
};

static bool on_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct frame_search *f = arg;

	(void)pc;
	if (sp > f->at)
		return false;
	f->sp = sp;
	f->info = info;
	return true;
}

/* By address alone: arguments of a call lie in the frame of its caller. */
static bool frame_of(const struct model *m, const struct task *t, taddr at, struct frame_search *f)
{
	struct stack_regs start;

	*f = (struct frame_search){.at = at, .info = PC_NONE};
	if (!stack_start(m->rt, t, &start) || at < start.sp || at >= start.hi)
		return false;
	stack_walk(m->rt, &start, on_frame, f, NULL);
	return f->info != PC_NONE;
}

static bool on_live(void *arg, const struct live_word *w)
{
	struct frame_search *f = arg;

	if (w->at != f->at || w->value != f->value || !w->sp)
		return true;
	f->sp = w->sp;
	f->info = w->info;
	return false;
}

/* As the search for paths met it: its own arguments belong to a frame. */
static bool frame_of_root(const struct model *m, const struct root *r, struct frame_search *f)
{
	struct livestack_state st;

	*f = (struct frame_search){.at = r->at, .value = r->value, .info = PC_NONE};
	livestack_each(m->rt, &m->tasks.list.v[r->task], on_live, f, &st);
	return f->info != PC_NONE;
}

static const char *frame_func(const struct model *m, uint32_t info)
{
	const struct pcinfo *p = info < m->rt->pcs.n ? &m->rt->pcs.v[info] : NULL;

	return p && p->n ? m->rt->frames.v[p->first + p->n - 1u].func : NULL;
}

/* Is it the function word of a record on the goroutine's list of deferred calls? */
static bool is_deferred(const struct model *m, const struct task *t, taddr at)
{
	const struct layout *l = &m->rt->L;
	taddr d = 0;

	if (!runtime_field(m->rt, t->g, l->g.defer_, &d))
		return false;
	for (int i = 0; d && i < DEFERS_MAX; i++) {
		if (at == d + (uint64_t)l->defer.fn.off)
			return true;
		if (!runtime_field(m->rt, d, l->defer.link, &d))
			break;
	}
	return false;
}

/* What the pointers among a frame's variables can lead to, of the size that an object has. */
struct local_search {
	struct runtime *rt;
	uint64_t size;
	struct typed found;
	unsigned kinds;
};

static bool fits(void *arg, const char *name, const struct typed *t)
{
	struct local_search *s = arg;
	uint64_t size = typed_size(s->rt, t);

	(void)name;
	if (!size || heap_slot_size(s->rt, size) != s->size)
		return true;
	s->kinds += !s->kinds || t->rtype != s->found.rtype || t->die != s->found.die;
	s->found = *t;
	return s->kinds < 2;
}

/* An object that does not tell its type has that of the frame's only variable which can point to
 * it. */
static void type_by_locals(const struct model *m, const char *func, taddr value, struct typed *to)
{
	struct local_search s = {.rt = m->rt};
	struct heap_object o;

	if (to->shape != TYPED_UNKNOWN || !func || !m->rt->heap ||
	    !heap_object_at(m->rt, value, &o) || o.base != value)
		return;
	s.size = o.span->elem_size;
	typed_locals_each(m->rt, func, fits, &s);
	if (s.kinds != 1)
		return;
	*to = s.found;
	to->addr = o.base;
}

/* In a frame, a deferred call, a register, or the g itself. */
static void stack_place(const struct model *m, const struct root *r, struct links *via,
			struct pointer_type *type, struct typed *to)
{
	const struct task *t = &m->tasks.list.v[r->task];
	struct frame_search f;
	struct typed g;

	typed_object(m->rt, r->value, to);
	if (!r->at) {
		links_add(via, (struct link){.kind = LINK_REGISTER});
	} else if (is_deferred(m, t, r->at)) {
		links_add(via, (struct link){.kind = LINK_DEFERRED});
	} else if (frame_of_root(m, r, &f)) {
		if (typed_local(m->rt, f.info, f.sp, r->at, r->value, via, type, to))
			return;
		links_add(via, (struct link){.kind = LINK_STACK,
					     .n = (int64_t)(r->at - f.sp),
					     .func = frame_func(m, f.info)});
		type_by_locals(m, frame_func(m, f.info), r->value, to);
	} else if (r->at >= t->g && r->at - t->g < m->rt->L.s[LAYOUT_g].size &&
		   typed_by_name(m->rt, "runtime.g", t->g, &g)) {
		links_add(via, (struct link){.kind = LINK_G});
		typed_follow(m->rt, &g, r->at, r->value, via, type, to);
		return;
	} else {
		links_add(via, (struct link){.kind = LINK_STACK});
	}
	typed_name(m->rt, to, type);
}

static void global_place(const struct model *m, const struct root *r, struct links *via,
			 struct pointer_type *type, struct typed *to)
{
	struct typed var;

	if (typed_variable(m->rt, r->at, via, &var)) {
		typed_follow(m->rt, &var, r->at, r->value, via, type, to);
		return;
	}
	links_add(via, (struct link){.kind = LINK_ADDRESS, .n = (int64_t)r->at});
	typed_object(m->rt, r->value, to);
	typed_name(m->rt, to, type);
}

/* Finalizers and cleanups: their function, or what the object reaches. */
static void special_place(const struct model *m, const struct root *r, struct links *via,
			  struct pointer_type *type, struct typed *to)
{
	struct heap_object o;
	struct typed owner;

	if (r->object && heap_object_at(m->rt, r->object, &o) && r->at - o.base < o.size) {
		typed_object(m->rt, r->object, &owner);
		typed_follow(m->rt, &owner, r->at, r->value, via, type, to);
		return;
	}
	typed_object(m->rt, r->value, to);
	links_add(via, (struct link){.kind = to->shape == TYPED_CLOSURE ? LINK_FUNCTION
									: LINK_ARGUMENT});
	typed_name(m->rt, to, type);
}

/* ---- steps ---- */

static uint32_t task_of_g(const struct model *m, taddr g)
{
	for (size_t i = 0; i < m->tasks.list.n; i++)
		if (m->tasks.list.v[i].g == g)
			return (uint32_t)i;
	return TASK_NONE;
}

/* Contexts are known by the model whoever points to them. */
static uint32_t context_at(const struct model *m, const struct path_hop *hop, struct typed *to)
{
	uint32_t i = model_find(m, hop->target);
	struct heap_object o;

	if (i == CTX_NONE || i >= m->ctxs.n || !heap_object_at(m->rt, m->ctxs.v[i].addr, &o) ||
	    o.base != hop->object)
		return CTX_NONE;
	if (to->shape == TYPED_UNKNOWN && m->ctxs.v[i].type < m->types.n) {
		bool inner = to->inner;
		*to = (struct typed){.addr = m->ctxs.v[i].addr,
				     .rtype = m->types.v[m->ctxs.v[i].type].object,
				     .shape = TYPED_VALUE,
				     .inner = inner};
	}
	return m->ctxs.v[i].addr == to->addr ? i : CTX_NONE;
}

static bool is_type(const struct pointer_type *t, const char *name)
{
	return t->name.n == strlen(name) && !memcmp(t->name.p, name, t->name.n);
}

/* Takes the links and the type. */
static void end_step(struct steps *s, const struct path_hop *hop, uint32_t ctx, struct links *via,
		     struct pointer_type *type, const struct typed *to)
{
	struct step step = {.addr = hop->object, .times = 1, .ctx = ctx, .shape = to->shape};

	if (!type->name.n && !type->func)
		typed_name(s->m->rt, to, type);
	step.via = *via;
	step.type = *type;
	step.task = is_type(type, "*runtime.g") ? task_of_g(s->m, to->addr) : TASK_NONE;
	*via = (struct links){0};
	*type = (struct pointer_type){0};
	VEC_PUSH(&s->list, step);
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_type(const struct pointer_type *a, const struct pointer_type *b)
{
	return a->name.n == b->name.n && (!a->name.n || !memcmp(a->name.p, b->name.p, a->name.n)) &&
	       same_name(a->iface, b->iface) && same_name(a->func, b->func);
}

static bool same_step(const struct step *a, const struct step *b)
{
	return links_equal(&a->via, &b->via) && same_type(&a->type, &b->type);
}

static void free_step(struct step *s)
{
	links_free(&s->via);
	buf_free(&s->type.name);
}

/* A linked list of a thousand elements is one idea. */
static void fold_runs(struct steps *s)
{
	size_t kept = 0;

	for (size_t i = 0, end; i < s->list.n; i = end) {
		for (end = i + 1; end < s->list.n && same_step(&s->list.v[i], &s->list.v[end]);)
			end++;
		size_t n = end - i;
		for (size_t k = i; k < end; k++) {
			struct step *step = &s->list.v[k];
			if (n >= RUN_MIN && k > i + 1 && k < end - 1) {
				s->list.v[kept - 1].addr = step->addr;
				s->list.v[kept - 1].times++;
				free_step(step);
			} else {
				s->list.v[kept++] = *step;
			}
		}
	}
	s->list.n = kept;
}

static void root_place(struct steps *s, const struct root *r, struct links *via,
		       struct pointer_type *type, struct typed *to)
{
	switch (r->kind) {
	case ROOT_GLOBAL:
		global_place(s->m, r, via, type, to);
		break;
	case ROOT_STACK:
	case ROOT_REGISTER:
		if (r->task < s->m->tasks.list.n)
			stack_place(s->m, r, via, type, to);
		break;
	case ROOT_TIMER:
	case ROOT_STOPPED_TIMER:
		typed_by_name(s->m->rt, "runtime.timer", r->value, to);
		typed_name(s->m->rt, to, type);
		break;
	default:
		special_place(s->m, r, via, type, to);
	}
}

/* ---- what the runtime's own variables reach ---- */

/* runtime.allgs → array of *g → a goroutine that is not dead. */
static size_t from_g(const struct model *m, const struct path *p, uint32_t *task_ret)
{
	const struct path_hop *hop = p->hops.v;

	if (p->hops.n < 3 || p->root.at != m->rt->L.var[LAYOUT_VAR_allgs].addr)
		return 0;
	*task_ret = task_of_g(m, hop[1].target);
	return *task_ret == TASK_NONE ? 0 : 2;
}

/* Where the steps begin, and what the root is then called. */
static size_t choose_root(struct steps *s, const struct path *p, struct links *via,
			  struct typed *at)
{
	bool timer = p->root.kind == ROOT_TIMER || p->root.kind == ROOT_STOPPED_TIMER;
	size_t first = 0;

	s->root = p->root.kind;
	s->owner = p->root.object;
	if (p->root.kind == ROOT_STACK || p->root.kind == ROOT_REGISTER)
		s->task = p->root.task;
	if (timer && p->hops.n > 1) { // what the timer points to; by itself it is the only step
		s->timer = true;
		s->timer_when =
			p->root.kind == ROOT_TIMER ? timer_when(s->m->rt, p->root.value) : 0;
		s->timer_calls = timer_calls(s->m->rt, p->root.value);
		first = 1;
		typed_by_name(s->m->rt, "runtime.timer", p->root.value, at);
	} else if ((first = from_g(s->m, p, &s->task))) {
		s->root = STEPS_TASK;
		links_add(via, (struct link){.kind = LINK_G});
		typed_by_name(s->m->rt, "runtime.g", p->hops.v[first - 1].target, at);
	}
	return first;
}

void steps_build(const struct model *m, const struct path *p, struct steps *ret)
{
	struct links via = {0};
	struct pointer_type type = {0};
	struct typed at = {0};

	*ret = (struct steps){.m = m, .task = TASK_NONE};
	for (size_t i = choose_root(ret, p, &via, &at); i < p->hops.n; i++) {
		const struct path_hop *hop = &p->hops.v[i];
		if (!i) // of the insides of a container only the last pointer's type counts
			root_place(ret, &p->root, &via, &type, &at);
		else
			typed_follow(m->rt, &at, hop->at, hop->target, &via, &type, &at);
		uint32_t ctx = context_at(m, hop, &at);
		if (i + 1 == p->hops.n || !at.inner)
			end_step(ret, hop, ctx, &via, &type, &at);
	}
	fold_runs(ret);
	links_free(&via);
	buf_free(&type.name);
}

void steps_free(struct steps *s)
{
	for (size_t i = 0; i < s->list.n; i++)
		free_step(&s->list.v[i]);
	VEC_FREE(&s->list);
}

/* ---- addresses outside of the heap ---- */

static bool find_on_stack(const struct model *m, taddr a, struct outside *ret)
{
	for (size_t i = 0; i < m->tasks.list.n; i++) {
		const struct task *t = &m->tasks.list.v[i];
		struct frame_search f;
		uint64_t lo, hi;
		if (!runtime_field(m->rt, t->g, m->rt->L.g.stack_lo, &lo) ||
		    !runtime_field(m->rt, t->g, m->rt->L.g.stack_hi, &hi) || a < lo || a >= hi)
			continue;
		ret->what = OUTSIDE_STACK;
		ret->task = (uint32_t)i;
		ret->in_frame = frame_of(m, t, a, &f);
		if (ret->in_frame) {
			ret->offset = a - f.sp;
			ret->func = frame_func(m, f.info);
		}
		return true;
	}
	return false;
}

static bool is_variable(const struct module *mod, taddr a)
{
	return (a >= mod->data && a < mod->edata) || (a >= mod->bss && a < mod->ebss) ||
	       (a >= mod->noptrdata && a < mod->enoptrdata) ||
	       (a >= mod->noptrbss && a < mod->enoptrbss);
}

static bool find_global(const struct model *m, taddr a, struct outside *ret)
{
	struct typed var;
	bool found = false;

	for (size_t i = 0; i < m->rt->modules.n && !found; i++)
		found = is_variable(&m->rt->modules.v[i], a);
	if (!found)
		return false;
	ret->what = OUTSIDE_GLOBAL;
	if (typed_variable(m->rt, a, &ret->via, &var)) {
		ret->offset = a - var.addr;
		typed_name(m->rt, &var, &ret->type);
	}
	return true;
}

void outside_find(const struct model *m, taddr a, struct outside *ret)
{
	*ret = (struct outside){.task = TASK_NONE};
	if (find_global(m, a, ret) || find_on_stack(m, a, ret))
		return;
	ret->func = runtime_module_of_pc(m->rt, a) ? runtime_func_name(m->rt, a) : NULL;
	if (ret->func)
		ret->what = OUTSIDE_CODE;
	else if (target_region_at(m->rt->t, a) < 0)
		ret->what = OUTSIDE_UNMAPPED;
}

void outside_free(struct outside *o)
{
	links_free(&o->via);
	buf_free(&o->type.name);
}
