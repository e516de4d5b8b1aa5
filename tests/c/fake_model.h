/*
 * A model made by hand, for tests of the report layer: contexts and tasks as the test wants them,
 * and stand-ins for context/detail.h that answer without a target.  Include once per test program.
 */
#ifndef GOCTX_TESTS_FAKE_MODEL_H
#define GOCTX_TESTS_FAKE_MODEL_H

#include <stdio.h>

#include "image/image_internal.h"
#include "report/report.h"

struct fake {
	struct runtime rt;
	struct target target;
	struct notes notes;
	struct model m;
	struct options opt;
	struct report_target where;
	struct report r;
	volatile sig_atomic_t cancel;
	const char *err, *cause, *key, *value; /* what the stand-ins answer; NULL: nil */
	int64_t left_ns;
	VEC(uint32_t) waits_on; /* by task: its context */
};

static struct fake *the_fake; /* the stand-ins know one */

static inline void fake_init(struct fake *f)
{
	static const char *const type[CTX_KINDS] = {
		"context.backgroundCtx", "context.todoCtx",   "*context.cancelCtx",
		"*context.timerCtx",	 "*context.valueCtx", "context.withoutCancelCtx",
		"*context.afterFuncCtx", "context.stopCtx",   "*gin.Context"};

	memset(f, 0, sizeof(*f));
	static struct image no_image; /* of no sections and no build information */

	f->rt.img = &no_image;
	f->target.arch = &arch_amd64;
	f->target.page_bytes = arch_amd64.page_min;
	f->rt.t = &f->target;
	f->rt.notes = &f->notes;
	f->rt.cancel = &f->cancel;
	f->rt.L.source = LAYOUT_DWARF;
	f->m.rt = &f->rt;
	f->m.now.mono_ns = 100000LL * 1000000000;
	f->opt = (struct options){.command = "test", .width = 100, .limit = -1, .depth = -1};
	f->where = (struct report_target){
		.exe = "/srv/app", .core = "core", .match = BUILD_SAME, .go_version = "go1.27"};
	f->r = (struct report){.opt = &f->opt, .m = &f->m, .where = &f->where, .version = "0"};
	f->err = "context canceled";
	f->key = "app/mw.requestID";
	f->value = "\"7f3a-11\"";
	f->left_ns = 35895LL * 1000000000;
	for (unsigned k = 0; k < CTX_KINDS; k++)
		VEC_PUSH(&f->m.types, (struct ctx_type){.name = type[k],
							.full = type[k],
							.kind = (uint8_t)k,
							.inner = -1});
	for (uint8_t k = 0; k < 2; k++)
		VEC_PUSH(
			&f->m.ctxs,
			(struct ctx){.kind = k, .type = k, .state = CTX_NEVER, .parent = CTX_NONE});
	VEC_PUSH(&f->rt.wait_reasons, (char *)"select");
	VEC_PUSH(&f->rt.wait_reasons, (char *)"chan receive");
	VEC_PUSH(&f->rt.frames, (struct frame){.func = "app/stream.(*Conn).pump",
					       .file = "/src/app/stream/conn.go",
					       .line = 88});
	VEC_PUSH(&f->rt.frames, (struct frame){.func = "app/stream.(*Conn).watch",
					       .file = "/src/app/stream/conn.go",
					       .line = 112});
	the_fake = f;
}

/* A context; addresses ascend by 0x100 unless given. */
static inline uint32_t fake_ctx(struct fake *f, uint8_t kind, uint32_t parent)
{
	uint32_t i = (uint32_t)f->m.ctxs.n;

	VEC_PUSH(&f->m.ctxs, (struct ctx){.kind = kind,
					  .type = kind,
					  .state = CTX_ACTIVE,
					  .parent = parent,
					  .addr = 0xc000100000 + (taddr)i * 0x100});
	if (kind == CTX_CANCEL || kind == CTX_TIMER)
		f->m.ctxs.v[i].done = 0xc800000000 + (taddr)i * 0x60;
	return i;
}

/* A goroutine parked on the done channel of a context. */
static inline uint32_t fake_task(struct fake *f, uint64_t goid, uint32_t ctx, uint32_t frame)
{
	uint32_t t = (uint32_t)f->m.tasks.list.n;

	VEC_PUSH(&f->m.tasks.waits,
		 (struct task_wait){.chan = f->m.ctxs.v[ctx].done, .context = ctx});
	VEC_PUSH(&f->m.tasks.list, (struct task){.g = 0xc900000000 + (taddr)t * 0x200,
						 .goid = goid,
						 .waitsince = 1000000000 + goid,
						 .frame = frame,
						 .created = FRAME_NONE,
						 .start = FRAME_NONE,
						 .wait_first = t,
						 .nwaits = 1,
						 .status = TASK_WAITING,
						 .reason = (uint8_t)(frame % 2)});
	VEC_PUSH(&f->waits_on, ctx);
	f->m.ctxs.v[ctx].tasks++;
	return t;
}

static inline uint64_t fake_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static inline void fake_link_tasks(struct fake *f)
{
	struct model *m = &f->m;
	uint32_t at = 0;

	for (size_t i = 0; i < m->ctxs.n; i++) {
		m->ctxs.v[i].first_wait = m->ctxs.v[i].tasks ? at : CTX_NONE;
		at += m->ctxs.v[i].tasks;
	}
	uint32_t *next = mem_zalloc((m->ctxs.n + 1) * sizeof(*next));
	VEC_RESERVE(&m->ctx_tasks, at + 1);
	m->ctx_tasks.n = at;
	for (uint32_t t = 0; t < f->waits_on.n; t++) {
		uint32_t i = f->waits_on.v[t];
		m->ctx_tasks.v[m->ctxs.v[i].first_wait + next[i]++] = t;
	}
	free(next);
}

/* Lists of children, depths, sums and shapes.  Parents have smaller indices than children. */
static inline void fake_link(struct fake *f)
{
	struct model *m = &f->m;

	for (size_t i = 0; i < m->ctxs.n; i++)
		m->ctxs.v[i].first_child = m->ctxs.v[i].next_sibling = CTX_NONE;
	for (uint32_t i = (uint32_t)m->ctxs.n; i-- > 0;) {
		struct ctx *c = &m->ctxs.v[i];
		c->tasks_below += c->tasks;
		c->shape = fake_mix(c->shape,
				    (uint64_t)c->kind << 40 | (uint64_t)c->state << 32 | c->tasks);
		if (c->parent == CTX_NONE)
			continue;
		struct ctx *p = &m->ctxs.v[c->parent];
		c->next_sibling = p->first_child;
		p->first_child = i;
		p->children++;
		p->below += c->below + 1;
		p->tasks_below += c->tasks_below;
		p->shape += fake_mix(1, c->shape);
	}
	for (uint32_t i = 0; i < m->ctxs.n; i++) {
		struct ctx *c = &m->ctxs.v[i];
		c->depth = c->parent == CTX_NONE ? 0 : m->ctxs.v[c->parent].depth + 1;
		if (i > 1)
			u64map_add(&m->others, c->addr, i);
		if (c->done)
			u64map_add(&m->by_done, c->done, i);
		if (c->parent == CTX_NONE)
			VEC_PUSH(&m->roots, i);
	}
	m->has_background = m->ctxs.v[0].first_child != CTX_NONE;
	m->has_todo = m->ctxs.v[1].first_child != CTX_NONE;
	m->contexts = m->ctxs.n - !m->has_background - !m->has_todo;
	m->waiting_tasks = m->tasks.list.n;
	fake_link_tasks(f);
}

static inline void fake_free(struct fake *f)
{
	VEC_FREE(&f->m.ctxs);
	VEC_FREE(&f->m.types);
	VEC_FREE(&f->m.roots);
	VEC_FREE(&f->m.ctx_tasks);
	VEC_FREE(&f->m.tasks.list);
	VEC_FREE(&f->m.tasks.waits);
	VEC_FREE(&f->rt.wait_reasons);
	VEC_FREE(&f->rt.frames);
	VEC_FREE(&f->waits_on);
	u64map_free(&f->m.others);
	u64map_free(&f->m.by_done);
	notes_free(&f->notes);
	buf_free(&f->r.out);
}

/* ---- stand-ins for context/detail.h ---- */

static bool fake_say(struct buf *out, const char *s)
{
	if (s)
		buf_str(out, s);
	return s != NULL;
}

/* The plain way: climb to the root, then print down.  What names.h must agree with. */
void ctx_name(const struct model *m, uint32_t i, struct buf *out)
{
	uint32_t n = m->ctxs.v[i].depth + 1;

	for (uint32_t k = 0; k < n; k++) {
		uint32_t at = i;
		if (n > 24 && k == 16) {
			buf_printf(out, ".(%u more)", n - 24);
			k = n - 8;
		}
		for (uint32_t up = n - 1 - k; up; up--)
			at = m->ctxs.v[at].parent;
		if (!k) {
			buf_str(out, at == 0   ? "context.Background"
				     : at == 1 ? "context.TODO"
					       : "?.");
			buf_str(out, at < 2 ? "" : ctx_label(m, at));
			continue;
		}
		buf_printf(out, ".%s", ctx_label(m, at));
		if (m->ctxs.v[at].kind == CTX_VALUE && the_fake->key)
			buf_printf(out, "(%s)", the_fake->key);
	}
}

bool ctx_err(const struct model *m, uint32_t i, struct buf *out)
{
	(void)m, (void)i;
	return fake_say(out, the_fake->err);
}

bool ctx_cause(const struct model *m, uint32_t i, struct buf *out)
{
	(void)m, (void)i;
	return fake_say(out, the_fake->cause);
}

bool ctx_deadline(const struct model *m, uint32_t i, struct go_time *ret)
{
	*ret = (struct go_time){
		.unix_s = 1795198329, .unix_ns = 1795198329000000000 + i, .nsec = (int32_t)i};
	return m->ctxs.v[i].kind == CTX_TIMER;
}

bool ctx_deadline_left(const struct model *m, uint32_t i, int64_t *ns_ret)
{
	*ns_ret = the_fake->left_ns;
	return m->ctxs.v[i].kind == CTX_TIMER;
}

bool ctx_key(const struct model *m, uint32_t i, struct buf *out)
{
	return m->ctxs.v[i].kind == CTX_VALUE && fake_say(out, the_fake->key);
}

bool ctx_value(const struct model *m, uint32_t i, bool redact, struct buf *out, taddr *at_ret)
{
	(void)redact;
	*at_ret = 0;
	return m->ctxs.v[i].kind == CTX_VALUE && fake_say(out, the_fake->value);
}

bool ctx_func(const struct model *m, uint32_t i, struct buf *out)
{
	return m->ctxs.v[i].kind == CTX_AFTER_FUNC && fake_say(out, "main.cleanup");
}

bool ctx_children_map(const struct model *m, uint32_t i, taddr *ret)
{
	*ret = m->ctxs.v[i].children ? m->ctxs.v[i].addr + 0x80 : 0;
	return m->ctxs.v[i].kind == CTX_CANCEL || m->ctxs.v[i].kind == CTX_TIMER;
}

void ctx_children_each(const struct model *m, uint32_t i, uint64_t max, ctx_child_fn *fn, void *arg,
		       struct gomap_state *ret)
{
	*ret = (struct gomap_state){
		.swiss = true, .readable = true, .count = m->ctxs.v[i].children, .tables = 2};
	for (uint32_t k = m->ctxs.v[i].first_child; k != CTX_NONE && max--;
	     k = m->ctxs.v[k].next_sibling) {
		ret->found++;
		if (!fn(arg, k, m->ctxs.v[k].addr))
			return;
	}
}

enum ctx_done ctx_done_state(const struct model *m, uint32_t i, uint64_t *receivers_ret)
{
	*receivers_ret = m->ctxs.v[i].tasks;
	return m->ctxs.v[i].done ? CTX_DONE_OPEN : CTX_DONE_NONE;
}

uint32_t ctx_canceler(const struct model *m, uint32_t i)
{
	while (i != CTX_NONE && m->ctxs.v[i].kind != CTX_CANCEL && m->ctxs.v[i].kind != CTX_TIMER)
		i = m->ctxs.v[i].parent;
	return i;
}

const char *ctx_edge_via(const struct model *m, uint32_t i)
{
	return m->ctxs.v[i].kind == CTX_CANCEL ? "children" : "embedded";
}

void ctx_checks(const struct model *m, uint32_t i, ctx_issue_fn *fn, void *arg)
{
	struct ctx_issue issue = {.problem = PROBLEM_NONE,
				  .part = PART_OWN_MAP,
				  .done = CTX_DONE_OPEN,
				  .context = i,
				  .other = CTX_NONE};

	(void)m;
	fn(arg, &issue);
	issue.part = PART_DONE;
	fn(arg, &issue);
}

#endif
