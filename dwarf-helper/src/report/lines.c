#include "report/lines.h"

#include "runtime/label.h"

#include "report/text.h"

/* Appenders to memory that is known to have room: the caller made it with buf_room(). */

static inline char *put(char *p, const void *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

#define PUT(p, s) put(p, "" s, sizeof(s) - 1)

static inline char *put_u64(char *p, uint64_t v)
{
	char tmp[20], *q = tmp + sizeof(tmp);

	if (v < 10) {
		*p = (char)('0' + v);
		return p + 1;
	}
	do
		*--q = (char)('0' + v % 10);
	while (v /= 10);
	return put(p, q, (size_t)(tmp + sizeof(tmp) - q));
}

static inline char *put_i64(char *p, int64_t v)
{
	if (v < 0)
		*p++ = '-';
	return put_u64(p, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* "0x…" with its quotes. */
static inline char *put_addr(char *p, uint64_t v)
{
	static const char digit[] = "0123456789abcdef";
	int nibbles = v ? (67 - __builtin_clzll(v)) / 4 : 1;

	p = PUT(p, "\"0x");
	for (int shift = 4 * (nibbles - 1); shift >= 0; shift -= 4)
		*p++ = digit[v >> shift & 15];
	*p++ = '"';
	return p;
}

static inline char *put_addr_or_null(char *p, uint64_t v)
{
	return v ? put_addr(p, v) : PUT(p, "null");
}

static inline char *put_ctx(char *p, const struct model *m, uint32_t i)
{
	if (i >= m->ctxs.n)
		return PUT(p, "null");
	const struct ctx *c = &m->ctxs.v[i];
	if (c->kind == CTX_BACKGROUND)
		return PUT(p, "\"background\"");
	if (c->kind == CTX_TODO)
		return PUT(p, "\"todo\"");
	return put_addr_or_null(p, c->addr);
}

static inline void commit(struct buf *out, const char *end)
{
	out->n = (size_t)(end - out->p);
}

void lines_open(struct lines *l, struct report *r)
{
	memset(l, 0, sizeof(*l));
	l->r = r;
	l->m = r->m;
	l->out = &r->out;
	names_open(&l->names, r->m, true);
	VEC_PUSH(&l->pool, 0); /* offset 0 means "not made yet" */
}

void lines_close(struct lines *l)
{
	names_close(&l->names);
	for (size_t i = 0; i < l->types.n; i++)
		buf_free(&l->types.v[i]);
	VEC_FREE(&l->types);
	VEC_FREE(&l->frames);
	VEC_FREE(&l->pool);
	buf_free(&l->scratch);
	buf_free(&l->key);
}

void line_addr(struct buf *out, taddr a)
{
	commit(out, put_addr_or_null(buf_room(out, 24), a));
}

void line_ctx_addr(struct lines *l, uint32_t i)
{
	commit(l->out, put_ctx(buf_room(l->out, 24), l->m, i));
}

static void json_cstr(struct buf *out, const char *s)
{
	if (s)
		buf_json(out, s, strlen(s));
	else
		buf_lit(out, "null");
}

void line_str(struct buf *out, const char *name, const char *s)
{
	buf_lit(out, ",\"");
	buf_str(out, name);
	buf_lit(out, "\":");
	json_cstr(out, s);
}

static const char *target_word(const struct target *t)
{
	static const char *const word[] = {
		[TARGET_CORE] = "core", [TARGET_PROCESS] = "process", [TARGET_REMOTE] = "remote"};

	return t ? word[t->kind] : NULL;
}

void line_header(struct report *r)
{
	static const char *const match[] = {
		[BUILD_UNKNOWN] = "null", [BUILD_SAME] = "true", [BUILD_DIFFERENT] = "false"};
	static const char *const source[] = {
		[LAYOUT_MISSING] = NULL, [LAYOUT_DWARF] = "dwarf", [LAYOUT_TABLE] = "table"};
	const struct runtime *rt = r->m->rt;
	struct buf *out = &r->out;

	buf_lit(out, "{\"type\":\"header\",\"schema\":1");
	line_str(out, "version", r->version);
	line_str(out, "command", r->opt->command);
	line_str(out, "go", r->where->go_version);
	line_str(out, "arch", rt->t->arch->name);
	line_str(out, "exe", r->where->exe);
	line_str(out, "target", target_word(rt->t));
	buf_lit(out, ",\"build_id_match\":");
	buf_str(out, match[r->where->by == IDENTITY_BY_DATA ? BUILD_UNKNOWN : r->where->match]);
	line_str(out, "layout_source", source[rt->L.source]);
	buf_lit(out, ",\"goroutines\":");
	buf_u64(out, r->m->tasks.list.n);
	buf_lit(out, ",\"contexts\":");
	buf_u64(out, r->m->contexts);
	buf_lit(out, ",\"damage\":");
	buf_u64(out, rt->notes->count[NOTE_DAMAGE]);
	buf_lit(out, "}\n");
}

void line_notes(struct report *r)
{
	static const char *const level[] = {
		[NOTE_WARNING] = "warning", [NOTE_DAMAGE] = "damage", [NOTE_LIMIT] = "limit"};
	const struct notes *notes = r->m->rt->notes;
	uint64_t kept[3] = {0};

	for (size_t i = 0; i < notes->list.n; i++) {
		const struct note *n = &notes->list.v[i];
		kept[n->level]++;
		buf_lit(&r->out, "{\"type\":\"note\"");
		line_str(&r->out, "level", level[n->level]);
		line_str(&r->out, "text", n->text);
		buf_lit(&r->out, "}\n");
	}
	for (int k = 0; k < 3; k++) {
		if (notes->count[k] <= kept[k])
			continue;
		buf_lit(&r->out, "{\"type\":\"note\"");
		line_str(&r->out, "level", level[k]);
		buf_lit(&r->out, ",\"text\":\"");
		buf_u64(&r->out, notes->count[k] - kept[k]);
		buf_lit(&r->out, " more of this kind\"}\n");
	}
}

void line_cut(struct report *r, uint64_t n, const char *what)
{
	if (!n)
		return;
	buf_lit(&r->out, "{\"type\":\"note\",\"level\":\"limit\",\"text\":\"");
	buf_u64(&r->out, n);
	buf_char(&r->out, ' ');
	buf_str(&r->out, what);
	buf_lit(&r->out, " left out (--limit 0 for all)\"}\n");
}

/* `"kind":"cancel","go_type":"*context.cancelCtx",` made once for each pair. */
static const struct buf *type_text(struct lines *l, const struct ctx *c)
{
	size_t type = c->type < l->m->types.n ? c->type : l->m->types.n, at = type * CTX_KINDS + c->kind;

	while (l->types.n <= at)
		VEC_PUSH(&l->types, (struct buf){0});
	struct buf *b = &l->types.v[at];
	if (b->n)
		return b;
	buf_lit(b, "\"kind\":");
	json_cstr(b, ctx_kind_name(c->kind));
	line_str(b, "go_type", type < l->m->types.n ? l->m->types.v[type].name : NULL);
	buf_char(b, ',');
	return b;
}

/* A text field that may be nil or unknown: @p b holds it when @p have. */
static void put_text(struct lines *l, bool have, const struct buf *b)
{
	if (have)
		buf_json(l->out, b->n ? b->p : "", b->n);
	else
		buf_lit(l->out, "null");
}

/* err and cause: only a context that is not known to be alive has any. */
static void put_err(struct lines *l, uint32_t i)
{
	uint8_t state = l->m->ctxs.v[i].state;

	if (state == CTX_ACTIVE || state == CTX_NEVER) {
		buf_lit(l->out, ",\"err\":null,\"cause\":null");
		return;
	}
	buf_lit(l->out, ",\"err\":");
	l->scratch.n = 0;
	put_text(l, ctx_err(l->m, i, &l->scratch), &l->scratch);
	buf_lit(l->out, ",\"cause\":");
	l->scratch.n = 0;
	put_text(l, ctx_cause(l->m, i, &l->scratch), &l->scratch);
}

static void put_deadline(struct lines *l, uint32_t i)
{
	struct go_time at;
	int64_t left;

	if (l->m->ctxs.v[i].kind != CTX_TIMER) {
		buf_lit(l->out, ",\"deadline\":null,\"deadline_left_ns\":null");
		return;
	}
	buf_lit(l->out, ",\"deadline\":");
	size_t start = l->scratch.n = 0;
	bool have = ctx_deadline(l->m, i, &at) && text_rfc3339(&l->scratch, at.unix_s, at.nsec);
	put_text(l, have && l->scratch.n > start, &l->scratch);
	buf_lit(l->out, ",\"deadline_left_ns\":");
	if (ctx_deadline_left(l->m, i, &left))
		buf_i64(l->out, left);
	else
		buf_lit(l->out, "null");
}

void line_context(struct lines *l, uint32_t i)
{
	const struct ctx *c = &l->m->ctxs.v[i];
	const struct buf *type = type_text(l, c);
	const char *state = ctx_state_name(c->state);
	bool has_key = false, has_value = false;

	l->key.n = 0;
	if (c->kind == CTX_VALUE)
		has_key = ctx_key(l->m, i, &l->key);
	char *p = buf_room(l->out, 96 + type->n);
	p = PUT(p, "{\"type\":\"context\",\"addr\":");
	p = put_ctx(p, l->m, i);
	*p++ = ',';
	p = put(p, type->p, type->n);
	commit(l->out, PUT(p, "\"name\":\""));
	names_put(&l->names, i, &l->key, l->out);
	p = buf_room(l->out, 128);
	p = PUT(p, "\",\"parent\":");
	p = put_ctx(p, l->m, c->parent);
	p = PUT(p, ",\"depth\":");
	p = put_u64(p, c->depth);
	p = PUT(p, ",\"state\":");
	*p++ = '"';
	p = put(p, state, strlen(state));
	*p++ = '"';
	commit(l->out, p);
	put_err(l, i);
	put_deadline(l, i);
	p = buf_room(l->out, 128);
	p = PUT(p, ",\"children\":");
	p = put_u64(p, c->children);
	p = PUT(p, ",\"done\":");
	p = put_addr_or_null(p, c->done);
	p = PUT(p, ",\"tasks\":");
	p = put_u64(p, c->tasks);
	if (c->kind != CTX_VALUE) {
		commit(l->out, PUT(p, ",\"key\":null,\"value\":null}\n"));
		return;
	}
	commit(l->out, PUT(p, ",\"key\":"));
	put_text(l, has_key, &l->key);
	l->scratch.n = 0;
	has_value = ctx_value(l->m, i, &l->scratch);
	buf_lit(l->out, ",\"value\":");
	put_text(l, has_value, &l->scratch);
	buf_lit(l->out, "}\n");
}

/* Escaped texts of a frame, NULL for FRAME_NONE. */
static const struct lines_frame *frame_text(struct lines *l, uint32_t frame)
{
	const struct runtime *rt = l->m->rt;

	if (frame >= rt->frames.n)
		return NULL;
	if (frame >= l->frames.n) {
		size_t old = l->frames.n;
		VEC_RESERVE(&l->frames, rt->frames.n);
		l->frames.n = rt->frames.n;
		memset(l->frames.v + old, 0, (l->frames.n - old) * sizeof(*l->frames.v));
	}
	struct lines_frame *f = &l->frames.v[frame];
	if (f->off)
		return f;
	l->scratch.n = 0;
	json_cstr(&l->scratch, rt->frames.v[frame].func);
	f->func_n = (uint32_t)l->scratch.n;
	json_cstr(&l->scratch, rt->frames.v[frame].file);
	f->file_n = (uint32_t)l->scratch.n - f->func_n;
	f->off = (uint32_t)l->pool.n;
	if (l->pool.cap < l->pool.n + l->scratch.n)
		VEC_RESERVE(&l->pool, l->pool.cap * 2 + l->scratch.n);
	memcpy(l->pool.v + l->pool.n, l->scratch.p, l->scratch.n);
	l->pool.n += l->scratch.n;
	return f;
}

/* `,"<func>":…,"<file>":…,"<line>":…` under the given names; all null without a frame. */
static void put_frame(struct lines *l, uint32_t frame, const char *func, const char *file, const char *line)
{
	const struct lines_frame *f = frame_text(l, frame);
	size_t func_n = strlen(func), file_n = strlen(file), line_n = strlen(line);
	size_t text = f ? (size_t)f->func_n + f->file_n : 8;
	char *p = buf_room(l->out, func_n + file_n + line_n + text + 40);

	p = put(p, func, func_n);
	p = f ? put(p, l->pool.v + f->off, f->func_n) : PUT(p, "null");
	p = put(p, file, file_n);
	p = f ? put(p, l->pool.v + f->off + f->func_n, f->file_n) : PUT(p, "null");
	p = put(p, line, line_n);
	p = f ? put_i64(p, l->m->rt->frames.v[frame].line) : PUT(p, "null");
	commit(l->out, p);
}

static void put_wait(struct lines *l, const struct task *task, uint32_t k)
{
	const struct task_wait *w = &l->m->tasks.waits.v[task->wait_first + k];
	bool send = task_wait_op(l->m->rt, &l->m->tasks, task, k) == WAIT_SEND;
	char *p = buf_room(l->out, 96);

	p = PUT(p, "{\"chan\":");
	p = put_addr_or_null(p, w->chan);
	p = send ? PUT(p, ",\"op\":\"send\",\"context\":") : PUT(p, ",\"op\":\"recv\",\"context\":");
	p = put_ctx(p, l->m, w->context);
	*p++ = '}';
	commit(l->out, p);
}

struct label_list {
	struct buf *out;
	bool first;
};

static void put_label(void *arg, const char *key, uint64_t key_n, const char *val, uint64_t val_n)
{
	struct label_list *list = arg;

	if (!list->first)
		buf_char(list->out, ',');
	list->first = false;
	buf_json(list->out, key, key_n);
	buf_char(list->out, ':');
	buf_json(list->out, val, val_n);
}

void line_task(struct lines *l, uint32_t t)
{
	const struct task *task = &l->m->tasks.list.v[t];
	const char *reason = task_reason_told(l->m->rt, task);
	int64_t wait = clock_wait_ns(&l->m->now, task);

	char *p = buf_room(l->out, 64);
	p = PUT(p, "{\"type\":\"task\",\"goid\":");
	commit(l->out, put_u64(p, task->goid));
	buf_lit(l->out, ",\"status\":");
	json_cstr(l->out, task_status_name(task->status));
	buf_lit(l->out, ",\"wait_reason\":");
	json_cstr(l->out, reason);
	p = buf_room(l->out, 64);
	p = PUT(p, ",\"wait_ns\":");
	p = wait < 0 ? PUT(p, "null") : put_i64(p, wait);
	p = task->flags & TASK_SYSTEM ? PUT(p, ",\"system\":true") : PUT(p, ",\"system\":false");
	commit(l->out, p);
	put_frame(l, task->frame, ",\"func\":", ",\"file\":", ",\"line\":");
	put_frame(l, task->created, ",\"created_by\":", ",\"created_file\":", ",\"created_line\":");
	p = buf_room(l->out, 64);
	p = PUT(p, ",\"parent_goid\":");
	p = task->parent_goid ? put_u64(p, task->parent_goid) : PUT(p, "null");
	commit(l->out, PUT(p, ",\"waits\":["));
	for (uint32_t k = 0; k < task->nwaits; k++) {
		if (k)
			buf_char(l->out, ',');
		put_wait(l, task, k);
	}
	buf_lit(l->out, "],\"labels\":{");
	if (task->flags & TASK_LABELED) {
		struct label_list list = {l->out, true};
		label_each(l->m->rt, task_labels(l->m->rt, task), put_label, &list);
	}
	struct bubble bubble;
	if (bubble_read(l->m->rt, bubble_of_task(l->m->rt, task), &bubble)) {
		p = buf_room(l->out, 64);
		p = PUT(p, "},\"bubble\":");
		commit(l->out, PUT(put_u64(p, bubble.id), "}\n"));
	} else {
		buf_lit(l->out, "},\"bubble\":null}\n");
	}
}

void line_edge_via(struct lines *l, uint32_t parent, uint32_t child, taddr addr, const char *via)
{
	size_t via_n = via ? strlen(via) : 0;
	char *p = buf_room(l->out, 128 + via_n);

	p = PUT(p, "{\"type\":\"edge\",\"parent\":");
	p = put_ctx(p, l->m, parent);
	p = PUT(p, ",\"child\":");
	p = child == CTX_NONE ? put_addr_or_null(p, addr) : put_ctx(p, l->m, child);
	p = PUT(p, ",\"via\":");
	if (!via) {
		commit(l->out, PUT(p, "null}\n"));
		return;
	}
	*p++ = '"';
	p = put(p, via, via_n);
	commit(l->out, PUT(p, "\"}\n"));
}

void line_edge(struct lines *l, uint32_t parent, uint32_t child)
{
	line_edge_via(l, parent, child, 0, ctx_edge_via(l->m, child));
}

void line_frame(struct lines *l, uint64_t goid, uint64_t index, taddr pc, uint32_t frame)
{
	char *p = buf_room(l->out, 128);

	p = PUT(p, "{\"type\":\"frame\",\"goid\":");
	p = put_u64(p, goid);
	p = PUT(p, ",\"index\":");
	p = put_u64(p, index);
	p = PUT(p, ",\"pc\":");
	commit(l->out, put_addr_or_null(p, pc));
	put_frame(l, frame, ",\"func\":", ",\"file\":", ",\"line\":");
	bool inlined = frame < l->m->rt->frames.n && l->m->rt->frames.v[frame].inlined;
	if (inlined)
		buf_lit(l->out, ",\"inlined\":true}\n");
	else
		buf_lit(l->out, ",\"inlined\":false}\n");
}
