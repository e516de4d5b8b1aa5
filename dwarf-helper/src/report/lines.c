#include "report/lines.h"

#include <inttypes.h>
#include <stdio.h>

#include "runtime/label.h"

#include "report/text.h"
#include "report/words.h"
#include "report/writer.h"

#define NS_PER_S INT64_C(1000000000)

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
	ctx_view_free(&l->view);
}

static void json_cstr(struct buf *out, const char *s)
{
	if (s)
		buf_json(out, s, strlen(s));
	else
		buf_lit(out, "null");
}

static const char *target_word(const struct target *t)
{
	static const char *const word[] = {
		[TARGET_CORE] = "core", [TARGET_PROCESS] = "process", [TARGET_REMOTE] = "remote"};

	return t ? word[t->kind] : NULL;
}

/* Where and when the target ran, and what was built into it: as much as is known. */
static void header_origin(struct report *r, struct rec *w)
{
	const struct report_target *where = r->where;
	const struct target *t = model_target(r->m);
	int64_t wall = r->m->now.wall_ns, s = wall / NS_PER_S - (wall % NS_PER_S < 0);

	rec_text(w, REC_header_core, t && t->kind == TARGET_CORE ? where->core : NULL);
	rec_i64_if(w, REC_header_pid, t && t->pid > 0, t ? t->pid : 0);
	rec_text(w, REC_header_host, where->host);
	rec_time(w, REC_header_time, wall, s, (int32_t)(wall - s * NS_PER_S));
	rec_text(w, REC_header_build_id, where->gnu_build_id);
	rec_text(w, REC_header_module, where->module_path);
	rec_text(w, REC_header_module_version, where->module_version);
	rec_text(w, REC_header_vcs_revision, where->vcs_revision);
	rec_i64_if(w, REC_header_stopped_ns, t && t->stopped_ns > 0, t ? t->stopped_ns : 0);
}

void line_header(struct report *r)
{
	static const char *const source[] = {
		[LAYOUT_MISSING] = NULL, [LAYOUT_DWARF] = "dwarf", [LAYOUT_TABLE] = "table"};
	enum build_match match = r->where->by == IDENTITY_BY_DATA ? BUILD_UNKNOWN : r->where->match;
	struct rec w = rec_line(&r->out, REC_header);

	rec_u64(&w, REC_header_schema, RECORDS_SCHEMA);
	rec_text(&w, REC_header_version, r->version);
	rec_text(&w, REC_header_command, r->opt->command);
	rec_text(&w, REC_header_go, r->where->go_version);
	rec_text(&w, REC_header_arch, model_target(r->m)->arch->name);
	rec_text(&w, REC_header_exe, r->where->exe);
	rec_word(&w, REC_header_target, target_word(model_target(r->m)));
	if (match == BUILD_UNKNOWN)
		rec_null(&w, REC_header_build_id_match);
	else
		rec_bool(&w, REC_header_build_id_match, match == BUILD_SAME);
	rec_word(&w, REC_header_layout_source, source[model_layout(r->m)->source]);
	rec_u64(&w, REC_header_goroutines, r->m->tasks.list.n);
	rec_u64(&w, REC_header_contexts, r->m->contexts);
	rec_u64(&w, REC_header_damage, model_notes(r->m)->count[NOTE_DAMAGE]);
	header_origin(r, &w);
	rec_line_end(&w);
}

void line_note(struct report *r, enum note_level level, const char *text)
{
	static const char *const words[] = {
		[NOTE_WARNING] = "warning", [NOTE_DAMAGE] = "damage", [NOTE_LIMIT] = "limit"};
	struct rec w = rec_line(&r->out, REC_note);

	rec_word(&w, REC_note_level, words[level]);
	rec_text(&w, REC_note_text, text);
	rec_line_end(&w);
}

void line_notes(struct report *r)
{
	const struct notes *notes = model_notes(r->m);
	uint64_t kept[3] = {0};
	char text[64];

	for (size_t i = 0; i < notes->list.n; i++) {
		const struct note *n = &notes->list.v[i];
		kept[n->level]++;
		line_note(r, n->level, n->text);
	}
	for (int k = 0; k < 3; k++) {
		if (notes->count[k] <= kept[k])
			continue;
		snprintf(text, sizeof(text), "%" PRIu64 " more of this kind",
			 notes->count[k] - kept[k]);
		line_note(r, (enum note_level)k, text);
	}
}

void line_cut(struct report *r, uint64_t n, const char *what)
{
	char text[128];

	if (!n)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 " %s left out (--limit 0 for all)", n, what);
	line_note(r, NOTE_LIMIT, text);
}

/* `,"kind":"cancel","go_type":"*context.cancelCtx"` made once for each pair. */
static const struct buf *type_text(struct lines *l, const struct ctx_view *v)
{
	size_t type = v->type < l->m->types.n ? v->type : l->m->types.n,
	       at = type * CTX_KINDS + v->kind;

	while (l->types.n <= at)
		VEC_PUSH(&l->types, (struct buf){0});
	struct buf *b = &l->types.v[at];
	if (b->n)
		return b;
	struct rec w = rec_at(b, REC_context_addr);
	rec_word(&w, REC_context_kind, ctx_kind_name(v->kind));
	rec_text(&w, REC_context_go_type, v->go_type);
	return b;
}

/* err and cause: only a context that is not known to be alive has any. */
static void put_err(const struct ctx_view *v, struct rec *w)
{
	if (v->state == CTX_ACTIVE || v->state == CTX_NEVER) {
		char *p = rec_put_null(w, buf_room(w->out, 2 * REC_ROOM), REC_context_err);
		rec_commit(w, rec_put_null(w, p, REC_context_cause));
		return;
	}
	rec_buf(w, REC_context_err, v->has_err, &v->err);
	rec_buf(w, REC_context_cause, v->has_cause, &v->cause);
}

static void put_deadline(const struct ctx_view *v, struct rec *w)
{
	if (v->kind != CTX_TIMER) {
		char *p = rec_put_null(w, buf_room(w->out, 2 * REC_ROOM), REC_context_deadline);
		rec_commit(w, rec_put_null(w, p, REC_context_deadline_left_ns));
		return;
	}
	rec_time(w, REC_context_deadline, v->has_deadline, v->deadline.unix_s, v->deadline.nsec);
	rec_i64_if(w, REC_context_deadline_left_ns, v->has_left, v->left_ns);
}

/* Where it was made, of those of which that is known. */
static void put_made(struct lines *l, struct rec *w, uint32_t i)
{
	const struct frame *f = l->r->made ? model_frame(l->m, l->r->made[i]) : NULL;

	if (!f)
		return;
	rec_list(w, REC_context_made);
	struct rec part = rec_part(w->out, REC_location, true);
	rec_word(&part, REC_location_role, "made");
	rec_text(&part, REC_location_func, f->func);
	rec_text(&part, REC_location_file, f->file);
	rec_i64_if(&part, REC_location_line, true, f->line);
	rec_u64(&part, REC_location_count, 1);
	rec_word(&part, REC_location_source, "profile");
	rec_part_end(&part);
	rec_list_end(w, REC_context_made);
}

void line_context(struct lines *l, uint32_t i)
{
	struct ctx_view *v = &l->view;

	ctx_view_read(v, l->m, i, word_view(l->r->opt, VIEW_ERR | VIEW_DEADLINE | VIEW_PAIR));
	const struct buf *type = type_text(l, v);
	char *p = buf_room(l->out, 3 * REC_ROOM + type->n);
	struct rec w = rec_at(l->out, REC_context);
	p = put(p, rec_infos[REC_context].text, rec_infos[REC_context].text_n);
	p = rec_put_ctx(&w, p, REC_context_addr, l->m, i);
	p = rec_put_given(&w, p, REC_context_go_type, type);
	p = rec_put(&w, p, REC_context_name, KIND_TEXT, false);
	*p++ = '"';
	rec_commit(&w, p);
	names_put(&l->names, i, &v->key, l->out);
	p = buf_room(l->out, 1 + 3 * REC_ROOM);
	*p++ = '"';
	p = rec_put_ctx(&w, p, REC_context_parent, l->m, v->parent);
	p = rec_put_u64(&w, p, REC_context_depth, v->depth);
	rec_commit(&w, rec_put_word(&w, p, REC_context_state, ctx_state_name(v->state)));
	put_err(v, &w);
	put_deadline(v, &w);
	p = rec_put_u64(&w, buf_room(l->out, 6 * REC_ROOM), REC_context_children, v->children);
	p = rec_put_addr(&w, p, REC_context_done, v->done);
	p = rec_put_u64(&w, p, REC_context_tasks, v->tasks);
	if (v->kind == CTX_VALUE) {
		rec_commit(&w, p);
		rec_buf(&w, REC_context_key, v->has_key, &v->key);
		rec_buf(&w, REC_context_value, v->has_value, &v->value);
		put_made(l, &w, i);
		rec_line_end(&w);
		return;
	}
	p = rec_put_null(&w, p, REC_context_key);
	p = rec_put_null(&w, p, REC_context_value);
	if (!l->r->made) {
		rec_commit(&w, rec_put_end(&w, p));
		return;
	}
	rec_commit(&w, p);
	put_made(l, &w, i);
	rec_line_end(&w);
}

/* Escaped texts of a frame, NULL for FRAME_NONE. */
static const struct lines_frame *frame_text(struct lines *l, uint32_t frame)
{
	const struct frame *at = model_frame(l->m, frame);

	if (!at)
		return NULL;
	if (frame >= l->frames.n) {
		size_t old = l->frames.n;
		VEC_RESERVE(&l->frames, model_frames(l->m));
		l->frames.n = model_frames(l->m);
		memset(l->frames.v + old, 0, (l->frames.n - old) * sizeof(*l->frames.v));
	}
	struct lines_frame *f = &l->frames.v[frame];
	if (f->off)
		return f;
	l->scratch.n = 0;
	json_cstr(&l->scratch, at->func);
	f->func_n = (uint32_t)l->scratch.n;
	json_cstr(&l->scratch, at->file);
	f->file_n = (uint32_t)l->scratch.n - f->func_n;
	f->off = (uint32_t)l->pool.n;
	if (l->pool.cap < l->pool.n + l->scratch.n)
		VEC_RESERVE(&l->pool, l->pool.cap * 2 + l->scratch.n);
	memcpy(l->pool.v + l->pool.n, l->scratch.p, l->scratch.n);
	l->pool.n += l->scratch.n;
	return f;
}

/* Function, file and line, three fields from @p first on; all null without a frame. */
static inline __attribute__((always_inline)) void put_frame(struct lines *l, struct rec *w,
							    uint32_t frame, enum rec_field first)
{
	const struct lines_frame *f = frame_text(l, frame);

	if (!f) {
		char *p = rec_put_null(w, buf_room(w->out, 3 * REC_ROOM), first);
		p = rec_put_null(w, p, first + 1);
		rec_commit(w, rec_put_null(w, p, first + 2));
		return;
	}
	const char *text = l->pool.v + f->off;
	char *p = buf_room(w->out, f->func_n + f->file_n + 3 * REC_ROOM);
	p = put(rec_put(w, p, first, KIND_TEXT, false), text, f->func_n);
	p = put(rec_put(w, p, first + 1, KIND_TEXT, false), text + f->func_n, f->file_n);
	rec_commit(w, rec_put_i64(w, p, first + 2, model_frame(l->m, frame)->line));
}

static void put_waits(struct lines *l, struct rec *w, const struct task *task)
{
	rec_list(w, REC_task_waits);
	for (uint32_t k = 0; k < task->nwaits; k++) {
		const struct task_wait *wait = &l->m->tasks.waits.v[task->wait_first + k];
		bool send = model_wait_op(l->m, task, k) == WAIT_SEND;
		struct rec part = rec_part(l->out, REC_task_wait, !k);

		char *p = rec_put_addr(&part, buf_room(l->out, 3 * REC_ROOM), REC_task_wait_chan,
				       wait->chan);
		p = rec_put_word(&part, p, REC_task_wait_op, send ? "send" : "recv");
		rec_commit(&part,
			   rec_put_ctx(&part, p, REC_task_wait_context, l->m, wait->context));
		rec_part_end(&part);
	}
	rec_list_end(w, REC_task_waits);
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

static void put_labels(struct lines *l, struct rec *w, const struct task *task)
{
	struct label_list list = {l->out, true};

	rec_list(w, REC_task_labels);
	if (task->flags & TASK_LABELED)
		label_each(l->m->rt, task_labels(l->m->rt, task), put_label, &list);
	rec_list_end(w, REC_task_labels);
}

void line_task(struct lines *l, uint32_t t)
{
	const struct task *task = &l->m->tasks.list.v[t];
	int64_t wait = clock_wait_ns(&l->m->now, task);
	struct bubble bubble = {0};

	struct rec w = rec_line(l->out, REC_task);
	rec_u64(&w, REC_task_goid, task->goid);
	rec_word(&w, REC_task_status, task_status_name(task->status));
	rec_text(&w, REC_task_wait_reason, task_reason_told(l->m->rt, task));
	rec_i64_if(&w, REC_task_wait_ns, wait >= 0, wait);
	rec_bool(&w, REC_task_system, task->flags & TASK_SYSTEM);
	put_frame(l, &w, task->frame, REC_task_func);
	put_frame(l, &w, task->created, REC_task_created_by);
	rec_u64_if(&w, REC_task_parent_goid, task->parent_goid, task->parent_goid);
	put_waits(l, &w, task);
	put_labels(l, &w, task);
	bool bubbled = bubble_read(l->m->rt, bubble_of_task(l->m->rt, task), &bubble);
	rec_u64_if(&w, REC_task_bubble, bubbled, bubble.id);
	rec_line_end(&w);
}

void line_edge_via(struct lines *l, uint32_t parent, uint32_t child, taddr addr, const char *via)
{
	struct rec w = rec_line(l->out, REC_edge);

	rec_ctx(&w, REC_edge_parent, l->m, parent);
	if (child == CTX_NONE)
		rec_ctx_at(&w, REC_edge_child, addr);
	else
		rec_ctx(&w, REC_edge_child, l->m, child);
	rec_word(&w, REC_edge_via, via);
	rec_line_end(&w);
}

void line_edge(struct lines *l, uint32_t parent, uint32_t child)
{
	line_edge_via(l, parent, child, 0, ctx_edge_via(l->m, child));
}

void line_frame(struct lines *l, uint64_t goid, uint64_t index, taddr pc, uint32_t frame)
{
	struct rec w = rec_line(l->out, REC_frame);

	rec_u64(&w, REC_frame_goid, goid);
	rec_u64(&w, REC_frame_index, index);
	rec_addr(&w, REC_frame_pc, pc);
	put_frame(l, &w, frame, REC_frame_func);
	const struct frame *f = model_frame(l->m, frame);
	rec_bool(&w, REC_frame_inlined, f && f->inlined);
	rec_line_end(&w);
}
