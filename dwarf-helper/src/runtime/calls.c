#include "runtime/calls.h"

#include <stdlib.h>

#define MAX_CODE (256u << 10) /* bytes of one function that are read */
#define IN_CALL 5	      /* bytes from a call to the last one before where it returns to */
#define LEVELS 2	      /* of calls that are followed */
#define MAX_VARS 64	      /* package variables of one function that are kept */

static const struct {
	const char *func;
	uint8_t kind;
} names[] = {
	{"sync.(*Mutex).Lock", CALL_MUTEX_LOCK},   {"sync.(*Mutex).Unlock", CALL_MUTEX_UNLOCK},
	{"sync.(*RWMutex).Lock", CALL_WRITE_LOCK}, {"sync.(*RWMutex).Unlock", CALL_WRITE_UNLOCK},
	{"sync.(*RWMutex).RLock", CALL_READ_LOCK}, {"sync.(*RWMutex).RUnlock", CALL_READ_UNLOCK},
	{"sync.(*WaitGroup).Done", CALL_DONE},	   {"sync.(*Cond).Signal", CALL_SIGNAL},
	{"sync.(*Cond).Broadcast", CALL_SIGNAL},   {"runtime.chansend1", CALL_SEND},
	{"runtime.selectnbsend", CALL_SEND},	   {"runtime.chanrecv1", CALL_RECEIVE},
	{"runtime.chanrecv2", CALL_RECEIVE},	   {"runtime.selectnbrecv", CALL_RECEIVE},
	{"runtime.selectgo", CALL_SELECT},	   {"runtime.closechan", CALL_CLOSE},
};

/* A package that may be vendored. */
static uint8_t kind_of_semaphore(const char *func)
{
	static const char package[] = "golang.org/x/sync/semaphore.(*Weighted).";
	const char *method = strstr(func, package);

	if (!method)
		return CALL_KINDS;
	method += sizeof(package) - 1;
	return !strcmp(method, "Acquire") || !strcmp(method, "TryAcquire") ? CALL_ACQUIRE
	       : !strcmp(method, "Release")				   ? CALL_RELEASE
									   : CALL_KINDS;
}

static uint8_t kind_of(const char *func)
{
	if (strncmp(func, "sync.(*", 7) && strncmp(func, "runtime.", 8))
		return kind_of_semaphore(func);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].func, func))
			return names[i].kind;
	return CALL_KINDS;
}

struct reading {
	struct calls *c;
	struct func_calls *f;
	uint64_t loads[CALL_LOADS];
	VEC(taddr) called; /* functions that it calls */
};

static void add_call(struct reading *r, taddr at, uint8_t kind)
{
	VEC_PUSH(&r->c->list, (struct call){at, kind});
	r->f->kinds |= CALL_BIT(kind);
}

static bool inlined(void *arg, taddr pc, const char *func)
{
	uint8_t kind = kind_of(func);

	if (kind != CALL_KINDS)
		add_call(arg, pc, kind);
	return true;
}

static void add_var(struct reading *r, taddr a)
{
	struct calls *c = r->c;

	if (c->vars.n - r->f->first_var >= MAX_VARS || !runtime_in_data(c->rt, a))
		return;
	for (size_t k = r->f->first_var; k < c->vars.n; k++)
		if (c->vars.v[k] == a)
			return;
	VEC_PUSH(&c->vars, a);
}

/* A function that begins exactly there. */
static bool function_at(struct runtime *rt, taddr a, struct pcln_func *ret)
{
	const struct module *m = runtime_module_of_pc(rt, a);

	return m && pcln_find(&m->pcln, a, ret) && ret->entry == a;
}

static void reference(void *arg, enum code_ref kind, taddr pc, taddr to)
{
	struct reading *r = arg;
	struct pcln_func f;

	if (kind == REF_LOAD) {
		if (to / 8 < 64 * CALL_LOADS)
			r->loads[to / 512] |= UINT64_C(1) << (to / 8 & 63);
		return;
	}
	if (!function_at(r->c->rt, to, &f)) {
		if (kind == REF_ADDRESS)
			add_var(r, to);
		return;
	}
	if (kind == REF_ADDRESS)
		return;
	uint8_t call = kind_of(f.name);
	if (call != CALL_KINDS)
		add_call(r, pc, call);
	else
		VEC_PUSH(&r->called, to);
}

static int by_address(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* One function's own code. */
static void read_code(struct reading *r, const struct pclntab *t, const struct pcln_func *f)
{
	struct func_calls *fc = r->f;
	taddr end = f->end - f->entry < MAX_CODE ? f->end : f->entry + MAX_CODE;

	fc->entry = f->entry;
	fc->end = f->end;
	fc->first = (uint32_t)r->c->list.n;
	fc->first_var = (uint32_t)r->c->vars.n;
	pcln_inlined_each(t, f, inlined, r);
	fc->whole = code_refs_each(r->c->rt, f->entry, end, reference, r) && end == f->end;
	fc->n = (uint32_t)r->c->list.n - fc->first;
	fc->nvars = (uint32_t)r->c->vars.n - fc->first_var;
	if (fc->n)
		qsort(r->c->list.v + fc->first, fc->n, sizeof(struct call), by_address);
	memset(&fc->near, fc->whole ? 0 : 0xff, sizeof(fc->near)); /* what is not known may be */
	fc->near.kinds |= fc->kinds;
	for (unsigned k = 0; k < CALL_LOADS; k++)
		fc->near.loads[k] |= r->loads[k];
}

static struct call_effects effects_of(struct calls *c, taddr entry, unsigned levels);

/* What those do that it calls is what it does. */
static void add_called(struct reading *r, unsigned levels)
{
	struct call_effects *near = &r->f->near;

	for (size_t k = 0; k < r->called.n; k++) {
		struct call_effects e = effects_of(r->c, r->called.v[k], levels);
		near->kinds |= e.kinds;
		for (unsigned i = 0; i < CALL_LOADS; i++)
			near->loads[i] |= e.loads[i];
	}
	VEC_FREE(&r->called);
}

/* Of a function that is called, which itself is not kept. */
static struct call_effects effects_of(struct calls *c, taddr entry, unsigned levels)
{
	uint32_t known = u64map_find(&c->callees, entry | levels), info = runtime_pc(c->rt, entry);
	const struct pcinfo *p = &c->rt->pcs.v[info];
	const struct module *m = runtime_module_of_pc(c->rt, entry);
	size_t calls = c->list.n, vars = c->vars.n;
	struct func_calls fc = {0};
	struct reading r = {.c = c, .f = &fc};
	struct pcln_func f;

	if (known != U64MAP_NONE)
		return c->effects.v[known];
	if (p->n && !c->rt->frames.v[p->first + p->n - 1u].std && m &&
	    pcln_find(&m->pcln, entry, &f)) {
		read_code(&r, &m->pcln, &f);
		c->list.n = calls;
		c->vars.n = vars;
		if (levels)
			add_called(&r, levels - 1);
	}
	VEC_FREE(&r.called);
	VEC_PUSH(&c->effects, fc.near);
	u64map_set(&c->callees, entry | levels, (uint32_t)c->effects.n - 1);
	return fc.near;
}

struct call_effects calls_effects(struct calls *c, taddr entry)
{
	return effects_of(c, entry, LEVELS - 1);
}

static uint32_t read_function(struct calls *c, const struct pclntab *t, const struct pcln_func *f)
{
	struct func_calls fc = {0};
	struct reading r = {.c = c, .f = &fc};

	read_code(&r, t, f);
	add_called(&r, LEVELS - 1);
	VEC_PUSH(&c->funcs, fc);
	return (uint32_t)c->funcs.n - 1;
}

const struct func_calls *calls_of(struct calls *c, uint32_t info)
{
	uint32_t i = u64map_find(&c->by_pc, info + 1ul);
	struct pcln_func f;

	if (i != U64MAP_NONE)
		return &c->funcs.v[i];
	taddr pc = c->rt->pcs.v[info].pc;
	const struct module *m = runtime_module_of_pc(c->rt, pc);
	if (!m || !pcln_find(&m->pcln, pc, &f))
		return NULL;
	i = u64map_find(&c->by_entry, f.entry);
	if (i == U64MAP_NONE) {
		i = read_function(c, &m->pcln, &f);
		u64map_set(&c->by_entry, f.entry, i);
	}
	u64map_set(&c->by_pc, info + 1ul, i);
	return &c->funcs.v[i];
}

static bool outermost_of_sync(void *arg, taddr pc, const char *func)
{
	taddr *at = arg;

	if (kind_of(func) != CALL_KINDS)
		*at = pc;
	return true;
}

bool calls_holds(struct calls *c, uint32_t info, enum call_kind lock)
{
	const struct func_calls *fc = calls_of(c, info);
	uint32_t both = CALL_BIT(lock) | CALL_BIT(lock + 1);
	bool locked = false, last = false;
	struct pcln_func f;

	if (!fc || !(fc->kinds & CALL_BIT(lock)))
		return false;
	taddr at = c->rt->pcs.v[info].pc;
	const struct module *m = runtime_module_of_pc(c->rt, at);
	if (m && pcln_find(&m->pcln, at, &f))
		pcln_inlined_at(&m->pcln, &f, at, outermost_of_sync, &at);
	for (uint32_t k = fc->first; k < fc->first + fc->n; k++) {
		const struct call *call = &c->list.v[k];
		if (!(CALL_BIT(call->kind) & both))
			continue;
		if (call->at <= at && at - call->at < IN_CALL)
			continue; /* the one that it stands in */
		if (call->at > at)
			return last || (locked && call->kind != lock);
		last = call->kind == lock;
		locked |= last;
	}
	return last;
}

bool calls_before(struct calls *c, uint32_t info, uint32_t kinds)
{
	const struct func_calls *fc = calls_of(c, info);
	taddr at = c->rt->pcs.v[info].pc;

	for (uint32_t k = fc ? fc->first : 0; fc && k < fc->first + fc->n; k++)
		if (CALL_BIT(c->list.v[k].kind) & kinds && c->list.v[k].at + IN_CALL <= at)
			return true;
	return false;
}

bool calls_after(struct calls *c, uint32_t info, uint32_t kinds)
{
	const struct func_calls *fc = calls_of(c, info);
	taddr at = c->rt->pcs.v[info].pc;

	for (uint32_t k = fc ? fc->first : 0; fc && k < fc->first + fc->n; k++)
		if (CALL_BIT(c->list.v[k].kind) & kinds && c->list.v[k].at > at)
			return true;
	return false;
}

void calls_free(struct calls *c)
{
	VEC_FREE(&c->funcs);
	VEC_FREE(&c->list);
	VEC_FREE(&c->vars);
	u64map_free(&c->by_entry);
	u64map_free(&c->by_pc);
	u64map_free(&c->callees);
	VEC_FREE(&c->effects);
}
