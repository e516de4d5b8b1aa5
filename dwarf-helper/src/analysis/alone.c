#include "analysis/alone.h"

#include "analysis/owners.h"
#include "runtime/livestack.h"

#define CLIMB 1000 /* contexts above one */

enum { CASE_OTHERS = 128 };

struct finder {
	const struct model *m;
	const struct reach *r;
	struct alone *ret;
	struct owners owners;
	struct u64map kinds;   /* function and go statement -> how many */
	struct u64map waiters; /* channel -> how many */
};

static uint64_t kind_of(const struct task *t)
{
	return ((uint64_t)t->frame << 32 | t->created) + 1;
}

static uint32_t kind_count(const struct finder *f, uint32_t task)
{
	uint32_t n = u64map_find(&f->kinds, kind_of(&f->m->tasks.list.v[task]));

	return n == U64MAP_NONE ? 0 : n;
}

static void count_up(struct u64map *counts, uint64_t key)
{
	uint32_t n = u64map_find(counts, key);

	u64map_set(counts, key, n == U64MAP_NONE ? 1 : n + 1);
}

/* Held out, and not stuck: that would be another rule's. */
static bool is_asked(const struct reach *r, uint32_t task)
{
	return r->others.task[task] && r->task_stage[task] == REACH_LIVE;
}

static void count(struct finder *f)
{
	for (uint32_t i = 0; i < f->m->tasks.list.n; i++) {
		const struct task *t = &f->m->tasks.list.v[i];
		if (!is_asked(f->r, i))
			continue;
		count_up(&f->kinds, kind_of(t));
		for (uint32_t k = 0; k < t->nwaits; k++)
			if (f->m->tasks.waits.v[t->wait_first + k].chan)
				count_up(&f->waiters, f->m->tasks.waits.v[t->wait_first + k].chan);
	}
}

/* Is all that reaches it the goroutine itself, and others of which there are about as many?  Nobody
 * at all is nobody else. */
static bool is_own(struct finder *f, uint32_t task, const struct owner_set *s)
{
	uint64_t like = kind_count(f, task);

	if (s->n > OWNERS_MOST)
		return false;
	for (uint32_t k = 0; k < s->n; k++) {
		uint64_t n = kind_count(f, s->task[k]);
		if (s->task[k] == task)
			continue;
		if (n > 2 * like || 2 * n < like)
			return false;
		f->ret->mate[task] = s->task[k];
	}
	return true;
}

/* Is a CancelFunc of the context reached by others?  CASE_OWN_CONTEXT: the goroutine itself has one
 * that it could have given away. */
static uint8_t by_funcs(struct finder *f, uint32_t task, uint32_t context)
{
	const struct cancelers *cs = &f->r->cancelers;
	uint32_t first, n = cancelers_of(cs, context, &first);
	uint8_t ret = 0;

	for (uint32_t k = first; k < first + n; k++) {
		const struct canceler *c = &cs->list.v[k];
		if (c->kind == CANCELER_TIMER || c->stage == REACH_NONE)
			continue;
		const struct owner_set *s = c->closure ? owners_of(&f->owners, c->closure) : NULL;
		if (!s || !is_own(f, task, s))
			return CASE_OTHERS;
		if (s->n && owners_inside(&f->owners, c->closure))
			ret = CASE_OWN_CONTEXT;
	}
	return ret;
}

static uint8_t by_context(struct finder *f, uint32_t task, uint32_t context)
{
	const struct ctx *v = f->m->ctxs.v;
	uint8_t ret = 0;

	context = reach_waits_for(f->r, f->r->others.task[task], context);
	if (context == CTX_NONE)
		return CASE_PROGRAM;
	uint8_t end = f->r->others.end[context];
	if (end == END_OTHERS)
		return CASE_OTHERS;
	for (unsigned up = 0; context < f->m->ctxs.n && up < CLIMB;
	     up++, context = v[context].parent) {
		if (f->r->others.program[context])
			return ret ? ret : CASE_PROGRAM;
		if (v[context].kind == CTX_CANCEL)
			ret |= by_funcs(f, task, context);
		if (ret & CASE_OTHERS || v[context].kind <= CTX_TODO || ctx_cuts(&v[context]))
			break;
	}
	// Found by itself at its end only where it has what could end it.
	return ret ? ret : end == END_PROGRAM ? CASE_PROGRAM : CASE_OTHERS;
}

static uint8_t by_channel(struct finder *f, uint32_t task, taddr chan)
{
	const struct owner_set *s = owners_of(&f->owners, chan);

	if (f->r->others.task[task] == HELD_SIGNAL)
		return CASE_PROGRAM;
	if (!s) // it would have woken it, were it no timer's, nor one to be closed in the end
		return u64map_find(&f->waiters, chan) >= REACH_ALIKE ? CASE_PROGRAM : CASE_TIMER;
	return is_own(f, task, s) ? CASE_OWN_CHANNEL : CASE_OTHERS;
}

struct sleeper {
	struct finder *f;
	uint32_t task;
	uint8_t cases;
};

/* Frames of the runtime and of package time hold their own records of the wait. */
static bool in_plumbing(const struct runtime *rt, uint32_t info)
{
	const struct pcinfo *p = info < rt->pcs.n ? &rt->pcs.v[info] : NULL;

	return !p || !p->n || rt->frames.v[p->first + p->n - 1u].plumbing;
}

/* A function value whose first capture is a context: a CancelFunc is one, and meant for others. */
static bool may_cancel(const struct model *m, taddr base)
{
	taddr code, context;

	return target_u64(m->rt->t, base, &code) && runtime_module_of_pc(m->rt, code) &&
	       target_u64(m->rt->t, base + 8, &context) && model_at(m, context) != CTX_NONE;
}

static bool by_word(void *arg, const struct live_word *w)
{
	struct sleeper *s = arg;
	const struct model *m = s->f->m;
	struct heap_object o;

	if (in_plumbing(m->rt, w->info) || !heap_object_at(m->rt, w->value, &o))
		return true;
	uint32_t context = model_at(m, o.base);
	const struct owner_set *owners = owners_of(&s->f->owners, w->value);
	if (context != CTX_NONE)
		s->cases |= by_context(s->f, s->task, context);
	else if (owners && owners->n <= 1 && !may_cancel(m, o.base))
		s->cases |= CASE_OWN_OBJECT;
	else if (!(o.span->flags & SPAN_NOSCAN))
		s->cases |= CASE_OTHERS;
	return !(s->cases & CASE_OTHERS);
}

/* It looks at something when it wakes up: at what its stack leads to. */
static uint8_t by_stack(struct finder *f, uint32_t task)
{
	struct sleeper s = {f, task, CASE_TIMER};
	struct livestack_state st = {0};

	if (!livestack_each(f->m->rt, &f->m->tasks.list.v[task], by_word, &s, &st) || st.unreadable)
		return CASE_OTHERS;
	return s.cases & CASE_OWN ? s.cases : CASE_OTHERS; // of what it looks at nothing is known
}

static void judge(struct finder *f, uint32_t task)
{
	const struct task *t = &f->m->tasks.list.v[task];
	uint8_t cases = f->r->others.task[task] == HELD_SLEEP ? by_stack(f, task) : 0;

	for (uint32_t k = 0; k < t->nwaits; k++) {
		const struct task_wait *w = &f->m->tasks.waits.v[t->wait_first + k];
		if (w->chan)
			cases |= w->context < f->m->ctxs.n ? by_context(f, task, w->context)
							   : by_channel(f, task, w->chan);
	}
	f->ret->cases[task] = cases & CASE_OTHERS ? 0 : cases;
	if (cases && !(cases & CASE_OTHERS))
		f->ret->how[task] = cases & CASE_OWN ? ALONE_ITSELF : ALONE_PROGRAM;
}

/* May it be at work for those that only it reaches? */
static bool is_at_work(const struct finder *f, uint32_t task)
{
	const struct alone *a = f->ret;

	return a->how[task] == ALONE_NOT || f->r->others.task[task] == HELD_SLEEP ||
	       (a->how[task] == ALONE_PROGRAM && a->cases[task] & CASE_TIMER);
}

static void judge_mates(struct finder *f)
{
	struct alone *a = f->ret;
	bool more = true;

	for (unsigned round = 0; more && round < OWNERS_MOST; round++) {
		more = false;
		for (uint32_t i = 0; i < f->m->tasks.list.n; i++) {
			if (a->how[i] == ALONE_NOT || a->mate[i] == TASK_NONE ||
			    !is_at_work(f, a->mate[i]))
				continue;
			a->how[i] = ALONE_NOT;
			more = true;
		}
	}
}

static struct err *find(struct finder *f)
{
	const struct task *t = f->m->tasks.list.v;
	size_t n = f->m->tasks.list.n;

	f->ret->how = mem_zalloc(n + 1);
	f->ret->cases = mem_zalloc(n + 1);
	f->ret->mate = mem_alloc((n + 1) * sizeof(*f->ret->mate));
	memset(f->ret->mate, 0xff, (n + 1) * sizeof(*f->ret->mate));
	count(f);
	for (uint32_t i = 0; i < n && !runtime_canceled(f->m->rt); i++)
		if (is_asked(f->r, i))
			owners_add(&f->owners, i);
	for (uint32_t i = 0; i < n; i++)
		if (is_asked(f->r, i) && (t[i].nwaits || f->r->others.task[i] == HELD_SLEEP))
			judge(f, i);
	judge_mates(f);
	return runtime_check(f->m->rt);
}

struct err *alone_find(const struct model *m, const struct reach *r, struct alone *ret)
{
	struct finder f = {.m = m, .r = r, .ret = ret};

	*ret = (struct alone){0};
	if (!r->others.task)
		return NULL;
	owners_open(m, &r->marks.slots, r->others.white, &f.owners);
	struct err *err = find(&f);
	owners_close(&f.owners);
	u64map_free(&f.kinds);
	u64map_free(&f.waiters);
	if (err)
		alone_free(ret);
	return err;
}

void alone_free(struct alone *a)
{
	free(a->how);
	free(a->cases);
	free(a->mate);
	*a = (struct alone){0};
}
