/**
 * @file  `show CTX`: everything about one context.
 */
#include <inttypes.h>
#include <stdio.h>

#include "report/arg.h"
#include "report/known.h"
#include "report/lines.h"
#include "report/made.h"
#include "report/problem.h"
#include "report/show_cancel.h"
#include "report/show_parts.h"
#include "report/words.h"

#define NS_PER_S 1000000000ll

static void text_line(struct show *s, const char *name, bool have)
{
	if (!have || !s->text.n)
		return;
	show_label(s, name);
	buf_bytes(s->out, s->text.p, s->text.n);
	buf_char(s->out, '\n');
}

/* Where to break a name of at least n bytes: before the last ".With…", else the last dot, else at
 * n. */
static size_t name_break(const char *p, size_t n)
{
	size_t any = 0;

	for (size_t k = n; k-- > 20;) {
		if (p[k] != '.')
			continue;
		if (!strncmp(p + k, ".With", 5 < n - k ? 5 : n - k))
			return k;
		if (!any)
			any = k;
	}
	return any ? any : n;
}

/* The name after the title of so many columns when there is room, else below it, broken at dots. */
static void show_name(struct show *s, size_t column)
{
	size_t width = s->r->opt->width ? s->r->opt->width : 100, room = width - LABEL_COLUMNS;
	struct buf raw = {0};

	s->text.n = 0;
	ctx_name(s->m, s->i, &raw);
	if (raw.n)
		text_safe(&s->text, raw.p, raw.n);
	buf_free(&raw);
	if (s->text.n && column + 4 + text_width(s->text.p, s->text.n) <= width) {
		buf_lit(s->out, "    ");
		buf_bytes(s->out, s->text.p, s->text.n);
		buf_char(s->out, '\n');
		return;
	}
	buf_char(s->out, '\n');
	if (!s->text.n)
		return;
	show_label(s, "name");
	for (size_t at = 0; at < s->text.n;) {
		const char *p = s->text.p + at;
		size_t left = s->text.n - at, n = text_cut(p, left, room);
		n = n < left ? name_break(p, n) : n;
		if (at)
			buf_fill(s->out, ' ', LABEL_COLUMNS);
		buf_bytes(s->out, p, n);
		buf_char(s->out, '\n');
		at += n;
	}
}

static void show_title(struct show *s)
{
	const struct ctx_view *v = &s->view;
	struct buf title = {0};

	if (v->full_type && v->kind > CTX_TODO)
		word_type(&title, v->full_type);
	else
		buf_str(&title, v->kind > CTX_TODO ? ctx_label(s->m, s->i) : "context");
	buf_char(&title, ' ');
	word_addr(&title, s->m, s->i);
	text_style(s->out, s->r, STYLE_BOLD);
	buf_bytes(s->out, title.p, title.n);
	text_style_end(s->out, s->r, STYLE_BOLD);
	show_name(s, text_width(title.p, title.n));
	buf_free(&title);
}

static const char *never_text(const struct model *m, const struct ctx_view *v)
{
	if (v->kind == CTX_WITHOUT_CANCEL)
		return "never canceled: what happens to its parents does not reach it";
	if (v->flags & CTX_NIL_DONE && m->types.v[v->type].switch_via >= 0)
		return "never canceled: its Done is nil without engine.ContextWithFallback";
	if (v->flags & CTX_NIL_DONE)
		return m->types.v[v->type].done.how == METHOD_NIL
			       ? "never canceled: its Done is nil"
			       : "never canceled: its Done was nil when contexts were made on it";
	return v->parent == CTX_NONE ? "never canceled"
				     : "never canceled: nothing above it can cancel it";
}

static void show_state(struct show *s)
{
	const struct ctx_view *v = &s->view;
	const char *mark = word_mark(v->flags);

	show_label(s, "state");
	text_style(s->out, s->r, word_state_style(v->state));
	buf_str(s->out, v->state == CTX_NEVER ? never_text(s->m, v) : word_state(v->state));
	word_why(s->out, v);
	text_style_end(s->out, s->r, word_state_style(v->state));
	if (v->has_err) {
		buf_char(s->out, ' ');
		word_err(s->out, v);
	}
	uint32_t by = ctx_canceler(s->m, s->i);
	if (by != s->i && by < s->m->ctxs.n && v->state != CTX_NEVER && !v->own_err) {
		buf_lit(s->out, ", as its ancestor ");
		word_ctx(s->out, s->m, by);
		buf_lit(s->out, " is");
	}
	buf_char(s->out, '\n');
	if (!mark)
		return;
	show_label(s, "damage");
	text_style(s->out, s->r, STYLE_RED);
	buf_str(s->out, mark);
	text_style_end(s->out, s->r, STYLE_RED);
	buf_char(s->out, '\n');
}

static void show_deadline(struct show *s)
{
	const struct ctx_view *v = &s->view;

	s->text.n = 0;
	if (!word_when(&s->text, v))
		return;
	show_label(s, "deadline");
	buf_bytes(s->out, s->text.p, s->text.n);
	if (v->has_left && v->has_deadline) {
		buf_lit(s->out, "    ");
		text_rfc3339(s->out, v->deadline.unix_s, v->deadline.nsec);
	}
	buf_char(s->out, '\n');
}

static void show_bubble(struct show *s)
{
	struct bubble b;

	if (s->view.kind <= CTX_TODO || !ctx_bubble(s->m, s->i, &b))
		return;
	show_label(s, "bubble");
	buf_u64(s->out, b.id);
	buf_lit(s->out, " of testing/synctest, whose clock says ");
	text_rfc3339(s->out, b.now_ns / NS_PER_S, (int32_t)(b.now_ns % NS_PER_S));
	buf_char(s->out, '\n');
}

/* Key or value, safe for the screen, into s->text. */
static void readable(struct show *s, bool have, const struct buf *raw)
{
	s->text.n = 0;
	if (have && raw->n)
		text_safe(&s->text, raw->p, raw->n);
	else
		buf_lit(&s->text, "unreadable");
}

static void show_value(struct show *s)
{
	const struct ctx_view *v = &s->view;

	if (v->kind == CTX_VALUE) {
		readable(s, v->has_key, &v->key);
		text_line(s, "key", true);
		readable(s, v->has_value, &v->value);
		if (v->value_at) { // for `why` and GDB
			buf_lit(&s->text, "    ");
			buf_hex(&s->text, v->value_at);
		}
		text_line(s, "value", true);
	} else if (v->has_calls) {
		s->text.n = 0;
		buf_bytes(&s->text, v->calls.p, v->calls.n);
		text_line(s, "calls", true);
	}
}

static void show_done(struct show *s)
{
	uint64_t receivers = 0;
	enum ctx_done state = ctx_done_state(s->m, s->i, &receivers);

	if (s->view.kind != CTX_CANCEL && s->view.kind != CTX_TIMER &&
	    s->view.kind != CTX_AFTER_FUNC && !s->view.done)
		return;
	show_label(s, "done");
	if (s->view.done) {
		buf_hex(s->out, s->view.done);
		buf_lit(s->out, "  ");
	}
	switch (state) {
	case CTX_DONE_NONE:
		buf_lit(s->out, "none made: nobody has asked for it yet");
		break;
	case CTX_DONE_OPEN:
		buf_lit(s->out, "open");
		break;
	case CTX_DONE_CLOSED:
		buf_lit(s->out, "closed");
		break;
	case CTX_DONE_SHARED:
		buf_lit(s->out, "the shared closed channel: canceled before anybody asked for it");
		break;
	default:
		buf_lit(s->out, "unreadable");
	}
	if (receivers) {
		buf_lit(s->out, ", ");
		text_plural(s->out, receivers, "receiver");
	}
	buf_char(s->out, '\n');
}

/* Checks: the good ones in a row, every bad one a line. */
struct checks {
	struct show *s;
	struct buf good, bad;
};

static void on_check(void *arg, const struct ctx_issue *issue)
{
	struct checks *c = arg;
	bool good = issue->problem == PROBLEM_NONE || issue->changing;
	struct buf *b = good ? &c->good : &c->bad;

	if (b->n)
		buf_str(b, good ? " · " : "\n           ");
	word_issue(b, c->s->m, issue);
}

static void show_checks(struct show *s)
{
	struct checks c = {.s = s};

	ctx_checks(s->m, s->i, on_check, &c);
	if (c.good.n) {
		show_label(s, "checks");
		buf_bytes(s->out, c.good.p, c.good.n);
		buf_char(s->out, '\n');
	}
	if (c.bad.n) {
		show_label(s, "wrong");
		text_style(s->out, s->r, STYLE_RED);
		buf_bytes(s->out, c.bad.p, c.bad.n);
		text_style_end(s->out, s->r, STYLE_RED);
		buf_char(s->out, '\n');
	}
	buf_free(&c.good);
	buf_free(&c.bad);
}

/* The record of the very object that begins there. */
static uint32_t site_of(const struct made *made, taddr object)
{
	const struct alloc_record *r = object ? heap_profile_find(&made->profile, object) : NULL;

	return r && r->object == object ? r->site : PROFILE_NO_SITE;
}

static void show_site(struct show *s, const char *label, uint32_t site)
{
	struct phrase text = {0};
	size_t width = s->r->opt->width ? s->r->opt->width : 100;

	if (site != PROFILE_NO_SITE && made_text(&text, s->r, s->made, site)) {
		show_label(s, label);
		phrase_fold(s->out, &text, 0, LABEL_COLUMNS, width - LABEL_COLUMNS, true);
		buf_char(s->out, '\n');
	}
	phrase_free(&text);
}

static void show_made(struct show *s)
{
	show_site(s, "made at", made_context(s->m, s->made, s->i));
	show_site(s, "asked at", site_of(s->made, s->view.done));
}

static void show_known(struct show *s)
{
	struct known known[KNOWN_MAX];
	size_t n = s->view.kind > CTX_TODO ? ctx_known_by(s->m, s->i, known) : 0;

	for (size_t k = 0; k < n; k++) {
		if (k == 0)
			show_label(s, "known by");
		else
			buf_lit(s->out, " · ");
		word_known(s->out, s->m, &known[k], s->r->opt->redact);
	}
	if (n)
		buf_char(s->out, '\n');
	if (s->view.flags & CTX_TWO_TYPES) {
		show_label(s, "wrong");
		text_style(s->out, s->r, STYLE_RED);
		buf_lit(s->out, "it is referred to as a context of two types: damaged, or its "
				"memory is in use again");
		text_style_end(s->out, s->r, STYLE_RED);
		buf_char(s->out, '\n');
	}
}

static void show_cancel(struct show *s)
{
	if (!s->ways->asked)
		return;
	show_label(s, "cancel");
	show_ways(s->r, s->i, s->ways, LABEL_COLUMNS);
}

/* One more of the commands that go on from here; the label before the first.  For a shell each is a
 * line. */
static void next_command(struct show *s, bool *any, const char *command, const char *about)
{
	const char *target = s->r->opt->target;

	if (!*any || target)
		show_label(s, *any ? "" : "next");
	else
		buf_lit(s->out, " · ");
	*any = true;
	buf_printf(s->out, "goctx %s%s", command, about);
	if (!target)
		return;
	text_safe(s->out, target, strlen(target));
	buf_char(s->out, '\n');
}

static void show_next(struct show *s)
{
	taddr closure = show_ways_next(s->ways);
	char about[24];
	bool any = false;

	if (s->view.tasks) {
		snprintf(about, sizeof(about), "%" PRIu64,
			 s->m->tasks.list.v[ctx_task(s->m, s->i, 0)].goid);
		next_command(s, &any, "bt ", about);
	}
	if (s->view.first_child != CTX_NONE) {
		snprintf(about, sizeof(about), "0x%" PRIx64, s->view.addr);
		next_command(s, &any, "tree ",
			     s->view.kind > CTX_TODO ? about : ctx_kind_name(s->view.kind));
	}
	if (closure) {
		snprintf(about, sizeof(about), "0x%" PRIx64, closure);
		next_command(s, &any, "why ", about);
	} else if (s->ways->asked && !s->ways->func && s->view.kind != CTX_AFTER_FUNC) {
		next_command(s, &any, "leaks", "");
	}
	if (any && !s->r->opt->target)
		buf_char(s->out, '\n');
}

static void show_text(struct report *r, uint32_t i, const struct ways *ways, struct made *made)
{
	struct show s = {.r = r, .m = r->m, .out = &r->out, .i = i, .ways = ways, .made = made};

	ctx_view_read(&s.view, r->m, i, word_view(r->opt, VIEW_ERR | VIEW_ABOUT));
	show_title(&s);
	show_state(&s);
	show_deadline(&s);
	show_bubble(&s);
	show_value(&s);
	show_parents(&s);
	show_children(&s);
	show_done(&s);
	show_tasks(&s);
	show_cancel(&s);
	show_made(&s);
	show_known(&s);
	show_checks(&s);
	show_next(&s);
	text_notes(r);
	ctx_view_free(&s.view);
	ctx_view_free(&s.other);
	buf_free(&s.text);
}

static void json_site(struct report *r, struct made *made, taddr addr, uint32_t site)
{
	if (site != PROFILE_NO_SITE)
		made_line(r, made, addr, site);
}

static struct err *show_json(struct report *r, uint32_t i, const struct ways *ways,
			     struct made *made)
{
	const struct model *m = r->m;
	struct err *e = NULL;
	struct lines l;
	uint64_t left = word_limit(r->opt, 0), cut = 0, n = 0;

	lines_open(&l, r);
	line_header(r);
	line_context(&l, i);
	uint32_t steps = 0;
	for (uint32_t p = m->ctxs.v[i].parent;
	     p != CTX_NONE && p != i && steps++ <= m->ctxs.v[i].depth; p = m->ctxs.v[p].parent)
		line_context(&l, p);
	for (uint32_t k = m->ctxs.v[i].first_child; k != CTX_NONE && !e;
	     k = m->ctxs.v[k].next_sibling) {
		if (++n % 4096 == 0 && model_canceled(m))
			e = err_interrupted();
		if (n > left) {
			cut++;
			continue;
		}
		line_context(&l, k);
		line_edge(&l, i, k);
	}
	for (uint32_t k = 0; k < m->ctxs.v[i].tasks && !e; k++)
		line_task(&l, ctx_task(m, i, k));
	line_cut(r, cut, "children");
	line_ways(r, i, ways);
	json_site(r, made, m->ctxs.v[i].addr, made_context(m, made, i));
	json_site(r, made, m->ctxs.v[i].done, site_of(made, m->ctxs.v[i].done));
	line_notes(r);
	lines_close(&l);
	return e;
}

struct err *report_show(struct report *r)
{
	uint32_t i = CTX_NONE;

	if (!r->opt->arg)
		return err_hint(err_new(ERR_USAGE, "show needs a context"),
				"goctx show 0xc000126000");
	struct err *e = arg_context(r, r->opt->arg, &i);
	if (e)
		return e;
	struct ways ways;
	struct made made;
	e = ways_find(r->m, i, &ways);
	if (e)
		return e;
	e = made_open(r->m, &made);
	if (!e && r->opt->json)
		e = show_json(r, i, &ways, &made);
	else if (!e)
		show_text(r, i, &ways, &made);
	made_close(&made);
	ways_free(&ways);
	return e;
}
