/**
 * @file  `info`: what is being looked at, how it was understood, how much there is.
 */
#include "report/lines.h"
#include "report/words.h"
#include "report/writer.h"

/* A line starts with its word, padded. */
static void head(struct report *r, const char *word)
{
	text_style(&r->out, r, STYLE_DIM);
	buf_str(&r->out, word);
	buf_fill(&r->out, ' ', 10 - strlen(word));
	text_style_end(&r->out, r, STYLE_DIM);
}

static void gap(struct buf *out)
{
	buf_lit(out, "   ");
}

static void program_line(struct report *r)
{
	static const char *const same[] = {[IDENTITY_BY_NOTHING] = "build ids cannot be compared",
					   [IDENTITY_BY_BUILD_ID] = "build id matches",
					   [IDENTITY_BY_DATA] =
						   "build ids cannot be compared, its data match"};
	const struct report_target *w = r->where;
	struct buf *out = &r->out;

	head(r, "program");
	text_safe(out, w->exe ? w->exe : "?", w->exe ? strlen(w->exe) : 1);
	gap(out);
	if (w->go_version)
		text_safe(out, w->go_version, strlen(w->go_version));
	else
		buf_lit(out, "Go version not known");
	buf_printf(out, "  linux/%s", model_target(r->m)->arch->name);
	gap(out);
	buf_str(out, same[w->by]);
	if (w->match == BUILD_SAME)
		buf_str(out,
			model_target(r->m)->kind == TARGET_CORE ? " the core" : " the process");
	buf_char(out, '\n');
	if (w->main_module) {
		head(r, "module");
		text_safe(out, w->main_module, strlen(w->main_module));
		buf_char(out, '\n');
	}
}

static int64_t floor_seconds(int64_t ns)
{
	return ns / 1000000000 - (ns % 1000000000 < 0);
}

static void target_line(struct report *r)
{
	const struct target *t = model_target(r->m);
	struct buf *out = &r->out;

	head(r, "target");
	if (t->kind == TARGET_CORE)
		buf_lit(out, "core ");
	if (r->where->core)
		text_safe(out, r->where->core, strlen(r->where->core));
	if (t->maker) {
		buf_lit(out, " (");
		buf_str(out, t->maker);
		buf_char(out, ')');
	}
	buf_lit(out, ", ");
	text_size(out, t->size_bytes);
	if (t->kind != TARGET_CORE) // from afar, what is resident is not known
		buf_str(out, t->kind == TARGET_REMOTE ? " writable" : " resident");
	if (t->truncated)
		buf_lit(out, ", truncated");
	if (t->stopped_ns) {
		buf_lit(out, ", stopped for ");
		text_duration(out, t->stopped_ns);
	}
	if (r->m->now.wall_ns) {
		buf_lit(out, ", taken ");
		text_date(out, floor_seconds(r->m->now.wall_ns));
		if (t->kind == TARGET_CORE) {
			buf_lit(out, " (from ");
			buf_str(out, r->m->now.from);
			buf_char(out, ')');
		}
	}
	buf_char(out, '\n');
}

static void layouts_line(struct report *r)
{
	const struct layout *l = model_layout(r->m);
	struct buf *out = &r->out;
	size_t all = l->from_dwarf + l->from_table;

	head(r, "layouts");
	if (l->from_dwarf) {
		buf_printf(out, "DWARF %d, ", l->dwarf_version);
		buf_printf(out, "%zu of %zu structs", l->from_dwarf, all);
	}
	if (l->from_table) {
		buf_str(out, l->from_dwarf ? "; " : "");
		buf_printf(out, "table of go1.%d, ", l->table_minor);
		text_plural(out, l->from_table, "struct");
	}
	buf_lit(out, "; types and functions from the executable\n");
}

/* "waiting 52 060 · runnable 2": the counts that are not 0. */
struct list {
	struct buf *out;
	bool any;
};

static void item(struct list *l, const char *word, uint64_t n)
{
	if (!n)
		return;
	if (l->any)
		buf_lit(l->out, " · ");
	buf_str(l->out, word);
	buf_char(l->out, ' ');
	text_count(l->out, n);
	l->any = true;
}

static uint64_t count_system(const struct model *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->tasks.list.n; i++)
		n += m->tasks.list.v[i].flags & TASK_SYSTEM ? 1 : 0;
	return n;
}

static const uint8_t status_order[] = {TASK_WAITING,   TASK_RUNNABLE,  TASK_RUNNING, TASK_SYSCALL,
				       TASK_PREEMPTED, TASK_COPYSTACK, TASK_LEAKED};

static void tasks_line(struct report *r)
{
	struct list l = {&r->out, false};
	uint64_t system = count_system(r->m);

	head(r, "tasks");
	text_count(&r->out, r->m->tasks.list.n);
	gap(&r->out);
	for (size_t i = 0; i < sizeof(status_order); i++)
		item(&l,
		     status_order[i] == TASK_SYSCALL ? "in syscall"
						     : task_status_name(status_order[i]),
		     r->m->tasks.by_status[status_order[i]]);
	if (system) {
		buf_lit(&r->out, "   (of the runtime: ");
		text_count(&r->out, system);
		buf_char(&r->out, ')');
	}
	buf_char(&r->out, '\n');
	if (!r->m->waiting_tasks)
		return;
	head(r, "");
	text_count(&r->out, r->m->waiting_tasks);
	buf_lit(&r->out, " of them parked on a context's done channel\n");
}

static void contexts_line(struct report *r)
{
	const struct model *m = r->m;
	struct list states = {&r->out, false}, kinds = {&r->out, false};

	head(r, "contexts");
	text_count(&r->out, m->contexts);
	gap(&r->out);
	for (uint8_t s = 0; s < CTX_STATES; s++)
		item(&states, word_state(s), m->by_state[s]);
	if (m->contexts) {
		buf_char(&r->out, '\n');
		head(r, "");
	}
	for (uint8_t k = 0; k < CTX_KINDS; k++)
		item(&kinds, ctx_kind_name(k), m->by_kind[k]);
	buf_char(&r->out, '\n');
	if (m->only_heap) {
		head(r, "");
		text_count(&r->out, m->only_heap);
		buf_lit(&r->out, " of them are known by a CancelFunc or a pointer alone, not by an "
				 "interface, map or context\n");
	}
	if (m->lookalikes) {
		head(r, "");
		text_plural(&r->out, m->lookalikes, "object");
		/* What refers to one may lie in what could not be read. */
		buf_str(&r->out, m->lookalikes == 1 ? " looks like a context, nothing "
						    : " look like contexts, nothing ");
		buf_str(&r->out, model_damaged(m) ? "that could be read " : "");
		buf_str(&r->out,
			m->lookalikes == 1 ? "refers to it as such\n" : "refers to them as such\n");
	}
}

static void damage_line(struct report *r)
{
	const struct notes *n = model_notes(r->m);
	struct list l = {&r->out, false};

	head(r, "damage");
	if (!n->count[NOTE_DAMAGE] && !n->count[NOTE_LIMIT]) {
		buf_lit(&r->out, "none\n");
		return;
	}
	if (n->count[NOTE_DAMAGE]) {
		text_plural(&r->out, n->count[NOTE_DAMAGE], "note");
		buf_lit(&r->out, ", at the end");
		l.any = true;
	}
	item(&l, "limits hit", n->count[NOTE_LIMIT]);
	buf_char(&r->out, '\n');
}

/* ---- JSON ---- */

typedef const char *name_fn(unsigned i);

static const char *status_name(unsigned i)
{
	return i < sizeof(status_order) ? task_status_name(status_order[i]) : NULL;
}

static const char *kind_name(unsigned i)
{
	return i < CTX_KINDS ? ctx_kind_name((uint8_t)i) : NULL;
}

static const char *state_name(unsigned i)
{
	return i < CTX_STATES ? word_state((uint8_t)i) : NULL;
}

static void counts_json(struct rec *w, enum rec_field f, name_fn *name, const uint64_t *count,
			const uint8_t *at)
{
	rec_list(w, f);
	for (unsigned i = 0; name(i); i++)
		rec_count(w->out, !i, name(i), count[at ? at[i] : i]);
	rec_list_end(w, f);
}

static void target_json(struct report *r, struct rec *w)
{
	const struct target *t = model_target(r->m);
	int64_t wall = r->m->now.wall_ns, s = floor_seconds(wall);

	rec_text(w, REC_info_core, r->where->core);
	rec_text(w, REC_info_maker, t->maker);
	rec_u64(w, REC_info_size_bytes, t->size_bytes);
	rec_bool(w, REC_info_truncated, t->truncated);
	rec_time(w, REC_info_taken, wall, s, (int32_t)(wall - s * 1000000000));
	rec_text(w, REC_info_taken_from, r->m->now.from);
	rec_u64(w, REC_info_stopped_ns, t->stopped_ns > 0 ? (uint64_t)t->stopped_ns : 0);
}

static void counts_of_model(const struct model *m, struct rec *w)
{
	counts_json(w, REC_info_tasks_by_status, status_name, m->tasks.by_status, status_order);
	rec_u64(w, REC_info_tasks_system, count_system(m));
	rec_u64(w, REC_info_tasks_on_contexts, m->waiting_tasks);
	counts_json(w, REC_info_contexts_by_kind, kind_name, m->by_kind, NULL);
	counts_json(w, REC_info_contexts_by_state, state_name, m->by_state, NULL);
	rec_u64(w, REC_info_contexts_only_heap, m->only_heap);
	rec_u64(w, REC_info_lookalikes, m->lookalikes);
	rec_u64(w, REC_info_limits, model_notes(m)->count[NOTE_LIMIT]);
}

static void info_json(struct report *r)
{
	const struct layout *l = model_layout(r->m);

	line_header(r);
	struct rec w = rec_line(&r->out, REC_info);
	rec_text(&w, REC_info_module, r->where->main_module);
	rec_text(&w, REC_info_gnu_build_id, r->where->gnu_build_id);
	rec_text(&w, REC_info_go_build_id, r->where->go_build_id);
	target_json(r, &w);
	rec_i64(&w, REC_info_dwarf_version, l->dwarf_version);
	rec_u64(&w, REC_info_structs_dwarf, l->from_dwarf);
	rec_u64(&w, REC_info_structs_table, l->from_table);
	counts_of_model(r->m, &w);
	rec_line_end(&w);
	line_notes(r);
}

struct err *report_info(struct report *r)
{
	if (r->opt->json) {
		info_json(r);
		return NULL;
	}
	program_line(r);
	target_line(r);
	layouts_line(r);
	tasks_line(r);
	contexts_line(r);
	damage_line(r);
	text_notes(r);
	return NULL;
}
