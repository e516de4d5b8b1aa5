#include "context/sites.h"

#include <stdlib.h>

#include "context/detail.h"

#define KIND(k) (1u << (k))
#define CHILDREN_MAX 64 /* the signalCtx is the first that is made on it */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_TIMES UINT64_C(0x100000001b3)

static const struct {
	const char *name;
	uint32_t kinds; /* that it makes */
	bool tail;	/* the end of the name alone: packages that people copy into their own */
} makers[MAKERS] = {
	[MAKER_WITH_CANCEL] = {"context.WithCancel", KIND(CTX_CANCEL), false},
	[MAKER_WITH_CANCEL_CAUSE] = {"context.WithCancelCause", KIND(CTX_CANCEL), false},
	[MAKER_WITH_TIMEOUT] = {"context.WithTimeout", KIND(CTX_TIMER), false},
	[MAKER_WITH_TIMEOUT_CAUSE] = {"context.WithTimeoutCause", KIND(CTX_TIMER), false},
	[MAKER_WITH_DEADLINE] = {"context.WithDeadline", KIND(CTX_TIMER), false},
	[MAKER_WITH_DEADLINE_CAUSE] = {"context.WithDeadlineCause", KIND(CTX_TIMER), false},
	[MAKER_WITH_VALUE] = {"context.WithValue", KIND(CTX_VALUE), false},
	[MAKER_WITHOUT_CANCEL] = {"context.WithoutCancel", KIND(CTX_WITHOUT_CANCEL), false},
	[MAKER_AFTER_FUNC] = {"context.AfterFunc", KIND(CTX_AFTER_FUNC), false},
	[MAKER_NOTIFY_CONTEXT] = {"os/signal.NotifyContext", KIND(CTX_OF_SIGNAL), false},
	[MAKER_ERRGROUP] = {"/errgroup.WithContext", KIND(CTX_CANCEL), true},
};

const char *maker_name(unsigned maker)
{
	return maker == MAKER_ERRGROUP ? "errgroup.WithContext" : makers[maker].name;
}

/* A signalCtx that nothing but its own goroutine has is not shown as a context. */
static bool signals_wait(const struct model *m, uint32_t context)
{
	for (uint32_t k = 0; k < m->ctxs.v[context].tasks && k < CHILDREN_MAX; k++) {
		uint32_t frame = m->tasks.list.v[ctx_task(m, context, k)].frame;
		if (frame < m->rt->frames.n &&
		    !strcmp(m->rt->frames.v[frame].func, "os/signal.NotifyContext.func1"))
			return true;
	}
	return false;
}

uint8_t maker_kind(const struct model *m, uint32_t context)
{
	const struct ctx *x = &m->ctxs.v[context];
	uint32_t child = x->first_child;

	if (x->kind == CTX_CANCEL && signals_wait(m, context))
		return CTX_OF_SIGNAL;
	for (unsigned k = 0; k < CHILDREN_MAX && x->kind == CTX_CANCEL && child < m->ctxs.n; k++) {
		const struct ctx *c = &m->ctxs.v[child];
		const char *type = c->kind == CTX_CUSTOM ? m->types.v[c->type].full : NULL;
		if (type && !strcmp(type, "*os/signal.signalCtx"))
			return CTX_OF_SIGNAL;
		child = c->next_sibling;
	}
	return x->kind;
}

bool maker_makes(unsigned maker, uint8_t kind, bool under_timer)
{
	return makers[maker].kinds & KIND(kind) ||
	       (kind == CTX_CANCEL && under_timer && makers[maker].kinds & KIND(CTX_TIMER));
}

/* MAKERS: none of them. */
static enum maker maker_of(const char *name, size_t n)
{
	if (n < sizeof("context.AfterFunc") - 1)
		return MAKERS;
	for (unsigned i = 0; i < MAKERS; i++) {
		size_t len = strlen(makers[i].name);
		if (n < len || (n > len && !makers[i].tail))
			continue;
		if (!memcmp(name + n - len, makers[i].name, len))
			return i;
	}
	return MAKERS;
}

static bool makes(const char *name, size_t n)
{
	return maker_of(name, n) != MAKERS;
}

size_t func_package(const char *func)
{
	size_t n = 0, slash = 0;

	// what stands in brackets, type arguments, has packages of its own
	for (n = 0; func[n] && func[n] != '[' && func[n] != '('; n++)
		if (func[n] == '/')
			slash = n;
	for (n = slash; func[n] && func[n] != '.'; n++)
		;
	return n;
}

/* ---- whose package it is ---- */

struct owner {
	const char *module; /* path of the main module, NULL not recorded */
	const char *folder; /* of package main's source, folder_n bytes of a file's name; NULL */
	size_t folder_n;
};

static bool below(const char *s, const char *path, size_t n)
{
	return !strncmp(s, path, n) && (s[n] == '/' || s[n] == '.');
}

/* The folder of a file; of "…/cmd/app/main.go", what lies above cmd. */
static size_t folder_of(const char *file)
{
	size_t n = strlen(file);

	while (n && file[n - 1] != '/')
		n--;
	n = n ? n - 1 : 0;
	for (size_t k = 0; k + 5 < n; k++)
		if (!strncmp(file + k, "/cmd/", 5))
			return k;
	return n;
}

static struct owner owner_of(struct runtime *rt)
{
	struct owner o = {.module = image_module_path(rt->img)};
	struct pcln_func f;

	for (size_t k = 0; k < rt->modules.n && !o.folder; k++) {
		if (!pcln_find_name(&rt->modules.v[k].pcln, "main.main", &f))
			continue;
		uint32_t info = runtime_pc(rt, f.entry);
		const struct pcinfo *p = &rt->pcs.v[info];
		if (!p->n)
			continue;
		o.folder = rt->frames.v[p->first + p->n - 1u].file;
		o.folder_n = folder_of(o.folder);
	}
	return o;
}

static bool is_own(const struct owner *o, const struct frame *f)
{
	if (f->std)
		return false;
	if (!strncmp(f->func, "main.", 5))
		return true;
	if (o->module)
		return below(f->func, o->module, strlen(o->module));
	return o->folder && o->folder_n && !strncmp(f->file, o->folder, o->folder_n) &&
	       f->file[o->folder_n] == '/';
}

/* ---- finding them ---- */

struct finding_sites {
	struct runtime *rt;
	struct call_sites *out;
	struct owner owner;
	VEC(taddr) to;	    /* where the makers begin */
	struct u64map seen; /* line and maker -> index in out */
};

static uint64_t hash_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * HASH_TIMES;
	return h * HASH_TIMES;
}

static void add_site(struct finding_sites *fs, taddr pc, enum maker maker)
{
	uint32_t info = runtime_pc(fs->rt, pc), k = 0;
	const struct pcinfo *p = &fs->rt->pcs.v[info];

	for (; k < p->n; k++) { // a maker that was inlined, too, is the one that the source names
		const char *func = fs->rt->frames.v[p->first + k].func;
		enum maker outer = maker_of(func, strlen(func));
		if (outer == MAKERS)
			break;
		maker = outer;
	}
	if (k == p->n) // no function, or a maker that calls another one
		return;
	const struct frame *f = &fs->rt->frames.v[p->first + k];
	uint64_t key = hash_text(HASH_START, f->file) ^
		       ((uint64_t)(uint32_t)f->line << 8 | maker) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t n = (uint32_t)fs->out->list.n;
	if (u64map_add(&fs->seen, key | 1, n) == n)
		VEC_PUSH(&fs->out->list, (struct call_site){.frame = p->first + k,
							    .maker = (uint8_t)maker,
							    .own = is_own(&fs->owner, f),
							    .pc = pc,
							    .outer = p->first + p->n - 1u});
}

static void inlined_call(void *arg, const struct pcln_func *f, taddr pc, const char *name)
{
	(void)f;
	add_site(arg, pc, maker_of(name, strlen(name)));
}

static void direct_call(void *arg, taddr pc, taddr to)
{
	struct finding_sites *fs = arg;
	const char *name = runtime_func_name(fs->rt, to);

	if (name && makes(name, strlen(name)))
		add_site(fs, pc, maker_of(name, strlen(name)));
}

static void list_target(void *arg, const struct pcln_func *f)
{
	struct finding_sites *fs = arg;

	VEC_PUSH(&fs->to, f->entry);
}

static int ascending(const void *a, const void *b)
{
	const taddr *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int by_place(const void *a, const void *b, void *arg)
{
	const struct runtime *rt = arg;
	const struct call_site *x = a, *y = b;
	const struct frame *f = &rt->frames.v[x->frame], *g = &rt->frames.v[y->frame];
	int c = strcmp(f->func, g->func);

	if (c || (c = strcmp(f->file, g->file)))
		return c;
	return f->line != g->line ? (f->line < g->line ? -1 : 1) : x->maker - y->maker;
}

static void note_unread(const struct model *m, const struct call_sites *s)
{
	if (s->no_reader)
		notes_add(m->rt->notes, NOTE_LIMIT,
			  "calls in the code of this processor are not read: those that make "
			  "contexts are known where they were inlined");
	else if (s->unread)
		notes_add(m->rt->notes, NOTE_LIMIT,
			  "%llu KiB of code are neither in the core nor in a file that is here: "
			  "calls that make contexts may be missing",
			  (unsigned long long)(s->unread + 1023) / 1024);
}

struct err *call_sites_find(const struct model *m, struct call_sites *ret)
{
	struct runtime *rt = m->rt;
	struct finding_sites fs = {.rt = rt, .out = ret, .owner = owner_of(rt)};

	*ret = (struct call_sites){0};
	for (size_t k = 0; k < rt->modules.n; k++)
		pcln_select(&rt->modules.v[k].pcln, makes, list_target, &fs);
	if (fs.to.n)
		qsort(fs.to.v, fs.to.n, sizeof(*fs.to.v), ascending);
	for (size_t k = 0; k < rt->modules.n && !runtime_canceled(rt); k++) {
		struct module mod = rt->modules.v[k];
		uint64_t unread;
		ret->no_reader |= !code_calls_each(rt, mod.text, mod.etext, fs.to.v, fs.to.n,
						   direct_call, &fs, &unread);
		ret->unread += unread;
		pcln_inlined_find(&mod.pcln, makes, inlined_call, &fs);
	}
	VEC_FREE(&fs.to);
	u64map_free(&fs.seen);
	if (runtime_canceled(rt)) {
		call_sites_free(ret);
		return err_interrupted();
	}
	if (ret->list.n)
		qsort_r(ret->list.v, ret->list.n, sizeof(*ret->list.v), by_place, rt);
	note_unread(m, ret);
	return NULL;
}

void call_sites_free(struct call_sites *s)
{
	VEC_FREE(&s->list);
}
