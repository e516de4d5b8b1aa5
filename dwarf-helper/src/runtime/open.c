#include "runtime/open.h"

#include <inttypes.h>

#include "runtime/heap.h"
#include "runtime/heldname.h"
#include "runtime/livestack.h"
#include "runtime/rtype.h"
#include "runtime/typed.h"

#define MAX_MODULES 64
#define MAX_REASONS 128

static uint64_t word(struct runtime *rt, taddr base, struct layout_field f)
{
	uint64_t v = 0;

	runtime_field(rt, base, f, &v);
	return v;
}

#define TABLE_MAX (1ull << 30) /* largest table copied */

/*
 * Bytes of the debuggee as one piece of host memory.  Where a table crosses from one mapping to the
 * next (RELRO ends inside pclntab in a PIE) it is copied, else nothing is; what is missing at its
 * end is cut.
 */
static struct pcln_bytes table(struct runtime *rt, taddr p, uint64_t want)
{
	uint64_t have = target_extent(rt->t, p);
	struct pcln_bytes ret = {target_ptr(rt->t, p, want), want};

	if (!want || ret.p)
		return ret;
	uint8_t *copy = want <= TABLE_MAX && have ? malloc(want) : NULL;
	if (copy && target_read(rt->t, p, copy, want)) {
		VEC_PUSH(&rt->copies, copy);
		ret.p = copy;
		return ret;
	}
	free(copy);
	ret.n = have < want ? have : want;
	ret.p = target_ptr(rt->t, p, ret.n);
	ret.n = ret.p ? ret.n : 0;
	return ret;
}

/* The bytes of a slice of moduledata. */
static struct pcln_bytes slice(struct runtime *rt, taddr module, struct layout_field f,
			       unsigned elem_size)
{
	taddr p = 0;
	uint64_t n = 0;

	target_u64(rt->t, module + (uint64_t)f.off, &p);
	target_u64(rt->t, module + (uint64_t)f.off + 8, &n);
	if (n > (1ull << 36) / elem_size)
		return (struct pcln_bytes){0};
	return table(rt, p, n * elem_size);
}

static struct pcln_shape shape_of(const struct layout *l)
{
	return (struct pcln_shape){
		.func_size = (int32_t)l->s[LAYOUT_func].size,
		.entry_off = l->func.entryOff.off,
		.name_off = l->func.nameOff.off,
		.pcsp = l->func.pcsp.off,
		.pcfile = l->func.pcfile.off,
		.pcln = l->func.pcln.off,
		.npcdata = l->func.npcdata.off,
		.cu_offset = l->func.cuOffset.off,
		.func_id = l->func.funcID.off,
		.nfuncdata = l->func.nfuncdata.off,
		.args = l->func.args.off,
		.deferreturn = l->func.deferreturn.off,
		.inl_size = (int32_t)l->s[LAYOUT_inlinedCall].size,
		.inl_func_id = l->inlinedCall.funcID.off,
		.inl_name_off = l->inlinedCall.nameOff.off,
		.inl_parent_pc = l->inlinedCall.parentPc.off,
	};
}

#define GOFUNC_MAX (256u << 20)

static void read_module(struct runtime *rt, taddr a, struct module *m)
{
	const struct layout *l = &rt->L;

	*m = (struct module){
		.addr = a,
		.text = word(rt, a, l->moduledata.text),
		.etext = word(rt, a, l->moduledata.etext),
		.minpc = word(rt, a, l->moduledata.minpc),
		.maxpc = word(rt, a, l->moduledata.maxpc),
		.types = word(rt, a, l->moduledata.types),
		.etypes = word(rt, a, l->moduledata.etypes),
		.rodata = word(rt, a, l->moduledata.rodata),
		.data = word(rt, a, l->moduledata.data),
		.edata = word(rt, a, l->moduledata.edata),
		.bss = word(rt, a, l->moduledata.bss),
		.ebss = word(rt, a, l->moduledata.ebss),
		.noptrdata = word(rt, a, l->moduledata.noptrdata),
		.enoptrdata = word(rt, a, l->moduledata.enoptrdata),
		.noptrbss = word(rt, a, l->moduledata.noptrbss),
		.enoptrbss = word(rt, a, l->moduledata.enoptrbss),
	};
	struct pclntab *p = &m->pcln;
	p->funcnametab = slice(rt, a, l->moduledata.funcnametab, 1);
	p->cutab = slice(rt, a, l->moduledata.cutab, 4);
	p->filetab = slice(rt, a, l->moduledata.filetab, 1);
	p->pctab = slice(rt, a, l->moduledata.pctab, 1);
	p->pclntable = slice(rt, a, l->moduledata.pclntable, 1);
	p->ftab = slice(rt, a, l->moduledata.ftab, 8);
	p->text = m->text;
	p->etext = m->etext;
	p->quantum = rt->t->arch->pc_quantum;
	p->shape = shape_of(l);
	taddr gofunc = word(rt, a, l->moduledata.gofunc);
	uint64_t n = target_extent(rt->t, gofunc);
	if (n > GOFUNC_MAX)
		n = GOFUNC_MAX;
	p->gofunc.p = target_ptr(rt->t, gofunc, n);
	p->gofunc.n = p->gofunc.p ? n : 0;
}

/* A list that bites its tail? */
static bool has_module(const struct runtime *rt, taddr a)
{
	for (size_t i = 0; i < rt->modules.n; i++)
		if (rt->modules.v[i].addr == a)
			return true;
	return false;
}

static struct err *note_functions(struct runtime *rt)
{
	if (!rt->modules.v[0].pcln.ftab.n)
		notes_add(rt->notes, NOTE_DAMAGE,
			  "the function table is unreadable: no function names");
	return NULL;
}

static struct err *read_modules(struct runtime *rt)
{
	taddr a = rt->L.var[LAYOUT_VAR_firstmoduledata].addr;

	for (int i = 0; i < MAX_MODULES; i++) {
		struct module m;
		read_module(rt, a, &m);
		bool sane = !has_module(rt, a) && m.text && m.text < m.etext &&
			    m.types < m.etypes && m.data <= m.edata && m.bss <= m.ebss;
		if (!sane && i == 0)
			return err_hint(err_new(ERR_BAD_DATA,
						"runtime.firstmoduledata at 0x%" PRIx64
						" makes no sense",
						a),
					"is this the executable that made the core? give the right "
					"one with --exe FILE");
		if (!sane) {
			notes_add(rt->notes, NOTE_DAMAGE,
				  "module data at 0x%" PRIx64 " makes no sense", a);
			break;
		}
		VEC_PUSH(&rt->modules, m);
		rt->modules_cut |= !m.data || !m.bss || !m.pcln.ftab.n || !m.pcln.funcnametab.n;
		if (!runtime_field(rt, a, rt->L.moduledata.next, &a))
			break;
		if (!a)
			return note_functions(rt);
	}
	rt->modules_cut = true; // the end of the list was not met
	return note_functions(rt);
}

/* runtime/runtime2.go: waitReasonStrings, an array of strings indexed by waitReason. */
static void read_wait_reasons(struct runtime *rt)
{
	const struct layout_variable *v = &rt->L.var[LAYOUT_VAR_waitReasonStrings];
	uint64_t n = v->size / 16;

	if (!n || n > MAX_REASONS)
		n = 48;
	for (uint64_t i = 0; i < n; i++) {
		taddr p = 0;
		uint64_t len = 0, kept = 0;
		target_u64(rt->t, v->addr + i * 16, &p);
		target_u64(rt->t, v->addr + i * 16 + 8, &len);
		const char *s =
			len && len <= 128 ? runtime_string(rt, p, len, 128, &kept, NULL) : NULL;
		VEC_PUSH(&rt->wait_reasons, s ? mem_strndup(s, kept) : NULL);
	}
}

/*
 * runtime/runtime2.go: isIdleInSynctest; runtime/traceback.go adds the word since 1.25, where a
 * bubble has an id.  Reasons that have it in their name need no other.
 */
static void name_durable(struct runtime *rt)
{
	static const char *const durable[] = {"chan receive (nil chan)",
					      "chan send (nil chan)",
					      "select (no cases)",
					      "sleep",
					      "sync.Cond.Wait",
					      "coroutine",
					      "synctest.Run",
					      "synctest.Wait"};

	for (size_t i = 0; LAYOUT_HAS(rt->L.bubble.id) && i < rt->wait_reasons.n; i++) {
		const char *reason = rt->wait_reasons.v[i];
		char *durably = NULL;
		for (size_t k = 0; reason && k < sizeof(durable) / sizeof(*durable); k++)
			if (strcmp(reason, durable[k]) == 0) {
				durably = mem_alloc(strlen(reason) + sizeof(" (durable)"));
				stpcpy(stpcpy(durably, reason), " (durable)");
			}
		VEC_PUSH(&rt->durable_reasons, durably);
	}
}

struct err *runtime_open(struct runtime *rt, struct target *t, struct image *img,
			 const struct layout *l, uint64_t bias, struct notes *notes,
			 volatile sig_atomic_t *cancel)
{
	*rt = (struct runtime){
		.t = t, .img = img, .notes = notes, .L = *l, .bias = bias, .cancel = cancel};
	struct pcinfo none = {.frame_size = -1};
	char *asan = img ? image_build_setting(img, "-asan") : NULL;

	rt->redzones = asan && l->facts.asan_redzones;
	free(asan);
	VEC_PUSH(&rt->pcs, none);
	struct err *err = read_modules(rt);
	if (err) {
		runtime_close(rt);
		return err;
	}
	read_wait_reasons(rt);
	name_durable(rt);
	err = rtypes_open(rt);
	if (err && err->kind != ERR_CANCELED) {
		notes_add(notes, NOTE_DAMAGE, "%s", err->msg);
		err_free(err);
		err = NULL;
	}
	if (err)
		runtime_close(rt);
	return err;
}

void runtime_close(struct runtime *rt)
{
	heap_close(rt);
	livestack_close(rt);
	if (rt->rtypes)
		rtypes_close(rt);
	typed_close(rt->typed);
	held_names_free(rt->held_names);
	rt->typed = NULL;
	for (size_t i = 0; i < rt->wait_reasons.n; i++)
		free(rt->wait_reasons.v[i]);
	VEC_FREE(&rt->wait_reasons);
	for (size_t i = 0; i < rt->durable_reasons.n; i++)
		free(rt->durable_reasons.v[i]);
	VEC_FREE(&rt->durable_reasons);
	for (size_t i = 0; i < rt->copies.n; i++)
		free(rt->copies.v[i]);
	VEC_FREE(&rt->copies);
	VEC_FREE(&rt->modules);
	VEC_FREE(&rt->pcs);
	VEC_FREE(&rt->frames);
	u64map_free(&rt->pc_index);
}
