#include "report/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "report/arg.h"
#include "report/lines.h"
#include "report/text.h"
#include "report/writer.h"

#define SITES_SHOWN 20
#define ADDRESSES_SHOWN 3
#define WORDS_COLUMNS 52 /* of what happened, before the place; longer ones push it */

void trace_end(struct trace *t)
{
	journal_free(&t->journal);
	if (t->has_func)
		regfree(&t->func);
	if (t->file)
		close(t->fd);
	free(t->file);
	*t = (struct trace){0};
}

/* ---- FILE ---- */

static bool to_file(void *arg, const char *p, size_t n)
{
	struct trace *t = arg;

	while (n) {
		ssize_t k = write(t->fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0) {
			t->write_error = k ? errno : EIO;
			return false;
		}
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* All of @p text; it is emptied. */
static struct err *append(struct trace *t, struct buf *text)
{
	if (text->n && !t->write_error)
		to_file(t, text->p, text->n);
	buf_free(text);
	return t->write_error ? err_os(t->write_error, "cannot write %s", t->file) : NULL;
}

/* The answer of @p write goes to FILE. */
static struct err *report_to_file(struct report *r, void (*write)(struct report *r))
{
	struct report file = *r;

	file.out = (struct buf){0};
	write(&file);
	return append(r->trace, &file.out);
}

static struct err *open_file(struct trace *t, const char *path)
{
	t->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (t->fd < 0)
		return err_os(errno, "cannot write %s", path);
	t->file = mem_strdup(path);
	return NULL;
}

/* ---- the beginning ---- */

static struct err *take_root(struct report *r)
{
	const char *root = r->opt->context;

	if (!root)
		return NULL;
	if (!strcasecmp(root, "background") || !strcasecmp(root, "todo"))
		return err_hint(err_new(ERR_USAGE, "--context: an address is needed"),
				"everything hangs on background and todo: leave --context out");
	struct err *err = arg_address(root, &r->trace->journal.root);
	if (!err)
		journal_before(&r->trace->journal, r->m);
	return err;
}

static struct err *take_func(struct report *r)
{
	struct trace *t = r->trace;

	if (!r->opt->func)
		return NULL;
	struct err *err = arg_regex("--func", r->opt->func, &t->func);
	t->has_func = !err;
	return err;
}

struct err *report_trace(struct report *r)
{
	struct trace *t = r->trace;

	if (!t)
		return err_new(ERR_USAGE, "only GDB can trace a program");
	trace_end(t);
	t->stop_on = r->opt->stop_on;
	t->count = r->opt->count;
	struct err *err = take_func(r);
	if (!err)
		err = take_root(r);
	if (!err && r->opt->to)
		err = open_file(t, r->opt->to);
	if (!err && t->file)
		err = report_to_file(r, line_header);
	if (err) {
		trace_end(t);
		return err;
	}
	t->under_way = true;
	buf_lit(&r->out, "tracing contexts");
	if (t->file) {
		buf_lit(&r->out, " to ");
		text_safe(&r->out, t->file, strlen(t->file));
	}
	buf_lit(&r->out, "; Ctrl-C ends it\n");
	return NULL;
}

/* ---- one event as GDB sends it ---- */

/* Places of its words. */
enum {
	AT_EVENT,
	AT_TIME,
	AT_GOID,
	AT_CONTEXT,
	AT_PARENT,
	AT_HOW,
	AT_FUNC,
	AT_FILE,
	AT_LINE,
	AT_KEY,
	AT_ERR,
	AT_CAUSE,
};

static bool number(const char *s, int base, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = *s ? strtoull(s, &end, base) : 0;
	return !*s || (!errno && !*end && end != s);
}

static const char *known(const char *s)
{
	return *s ? s : NULL;
}

static struct err *event_read(char *const *word, struct event *ret)
{
	bool named = !strcmp(word[AT_PARENT], "background") || !strcmp(word[AT_PARENT], "todo");
	uint64_t context = 0, parent = 0;
	unsigned kind = 0;

	while (event_name(kind) && strcmp(event_name(kind), word[AT_EVENT]))
		kind++;
	*ret = (struct event){.kind = (uint8_t)kind,
			      .has_parent = *word[AT_PARENT],
			      .parent_word = named ? word[AT_PARENT] : NULL,
			      .how = word[AT_HOW],
			      .func = *word[AT_FUNC] ? word[AT_FUNC] : "?",
			      .file = known(word[AT_FILE]),
			      .key = known(word[AT_KEY]),
			      .err = known(word[AT_ERR]),
			      .cause = known(word[AT_CAUSE])};
	if (kind == EVENT_KINDS || !number(word[AT_TIME], 10, &ret->time_ns) ||
	    !number(word[AT_GOID], 10, &ret->goid) || !number(word[AT_CONTEXT], 16, &context) ||
	    (!named && !number(word[AT_PARENT], 16, &parent)) ||
	    !number(word[AT_LINE], 10, &ret->line))
		return err_new(ERR_USAGE, "the event makes no sense");
	ret->context = context;
	ret->parent = parent;
	return NULL;
}

/* ---- text ---- */

static void put_safe(struct buf *out, const char *s)
{
	text_safe(out, s, strlen(s));
}

/* "stream.(*Conn).pump  conn.go:88" */
static void put_place(struct buf *out, const char *func, const char *file, uint64_t line)
{
	put_safe(out, func + text_path(func, strlen(func)));
	if (!file)
		return;
	buf_lit(out, "  ");
	text_place(out, file, (int32_t)line);
}

static void put_quoted(struct buf *out, const char *before, const char *s)
{
	buf_str(out, before);
	buf_char(out, '"');
	put_safe(out, s);
	buf_char(out, '"');
}

/* "WithTimeout 0xc000126000  on 0xc0000b2000", "cancel 0xc000126000  on background  "context
 * canceled"" */
static void put_happening(struct buf *out, const struct event *e)
{
	put_safe(out, e->how);
	buf_char(out, ' ');
	buf_hex(out, e->context);
	if (e->has_parent) {
		buf_str(out, e->kind == EVENT_REMOVE ? "  from " : "  on ");
		if (e->parent_word)
			buf_str(out, e->parent_word);
		else
			buf_hex(out, e->parent);
	}
	if (e->key) {
		buf_lit(out, "  key ");
		put_safe(out, e->key);
	}
	if (e->err)
		put_quoted(out, "  ", e->err);
	if (e->cause && (!e->err || strcmp(e->cause, e->err)))
		put_quoted(out, "  cause ", e->cause);
}

static void event_text(struct report *r, const struct event *e)
{
	struct buf words = {0};

	buf_printf(&r->out, "%9.3fs  goroutine %-5llu %-6s  ", (double)e->time_ns / 1e9,
		   (unsigned long long)e->goid, event_name(e->kind));
	put_happening(&words, e);
	size_t width = text_width(words.p, words.n);
	buf_bytes(&r->out, words.p, words.n);
	buf_fill(&r->out, ' ', width < WORDS_COLUMNS ? WORDS_COLUMNS - width : 0);
	buf_lit(&r->out, "  ");
	put_place(&r->out, e->func, e->file, e->line);
	buf_char(&r->out, '\n');
	buf_free(&words);
}

static void site_text(struct buf *out, const struct site *s, const struct site_active *active,
		      size_t n)
{
	buf_printf(out, "%7llu  %9llu  %12zu  ", (unsigned long long)s->created,
		   (unsigned long long)s->canceled, n);
	put_safe(out, s->how);
	buf_lit(out, " by ");
	put_place(out, s->func, s->file, s->line);
	for (size_t i = 0; i < n && i < ADDRESSES_SHOWN; i++) {
		buf_str(out, i ? " " : "   ");
		buf_hex(out, active[i].addr);
	}
	if (n > ADDRESSES_SHOWN) {
		buf_lit(out, " and ");
		text_count(out, n - ADDRESSES_SHOWN);
		buf_lit(out, " more");
	}
	buf_char(out, '\n');
}

/* ---- JSON ---- */

/* Background and TODO are words. */
static void put_parent(struct rec *w, const struct event *e)
{
	if (!e->parent_word) {
		rec_ctx_at(w, REC_event_parent, e->has_parent ? e->parent : 0);
		return;
	}
	rec_commit(w, rec_name(w, REC_event_parent, KIND_CTX, false, 0));
	buf_json(w->out, e->parent_word, strlen(e->parent_word));
}

static void event_json(struct buf *out, const struct event *e)
{
	struct rec w = rec_line(out, REC_event);

	rec_u64(&w, REC_event_time_ns, e->time_ns);
	rec_u64(&w, REC_event_goid, e->goid);
	rec_word(&w, REC_event_event, event_name(e->kind));
	rec_text(&w, REC_event_how, e->how);
	rec_ctx_at(&w, REC_event_context, e->context);
	put_parent(&w, e);
	rec_text(&w, REC_event_err, e->err);
	rec_text(&w, REC_event_cause, e->cause);
	rec_text(&w, REC_event_key, e->key);
	rec_text(&w, REC_event_func, e->func);
	rec_text(&w, REC_event_file, e->file);
	rec_u64_if(&w, REC_event_line, e->file, e->line);
	rec_line_end(&w);
}

static void site_json(struct buf *out, const struct site *s, const struct site_active *active,
		      size_t n)
{
	struct rec w = rec_line(out, REC_site);

	rec_text(&w, REC_site_how, s->how);
	rec_text(&w, REC_site_func, s->func);
	rec_text(&w, REC_site_file, s->file);
	rec_u64_if(&w, REC_site_line, s->file, s->line);
	rec_u64(&w, REC_site_created, s->created);
	rec_u64(&w, REC_site_canceled, s->canceled);
	rec_list(&w, REC_site_active);
	for (size_t i = 0; i < n; i++)
		rec_item_addr(out, !i, active[i].addr);
	rec_list_end(&w, REC_site_active);
	rec_line_end(&w);
}

/* ---- requests ---- */

static struct err *not_under_way(const struct report *r)
{
	return r->trace && r->trace->under_way ? NULL
					       : err_new(ERR_USAGE, "there is no trace under way");
}

static bool is_wanted(const struct trace *t, const struct event *e)
{
	return !t->has_func || !regexec(&t->func, e->func, 0, NULL, 0);
}

struct err *report_trace_event(struct report *r)
{
	struct trace *t = r->trace;
	struct buf line = {0};
	struct event e;
	struct err *err = not_under_way(r);

	if (err || (err = event_read(r->opt->args, &e)))
		return err;
	if (!journal_take(&t->journal, &e) || !is_wanted(t, &e))
		return NULL;
	t->shown++;
	r->failed = e.kind == t->stop_on || t->shown == t->count;
	if (!t->file) {
		event_text(r, &e);
		return NULL;
	}
	event_json(&line, &e);
	return append(t, &line);
}

struct sum {
	uint32_t site;
	size_t first, n; /* of what is active of it, in sums.active */
	uint64_t open;	 /* made and not cancelled, those that have been collected too */
};

struct sums {
	const struct journal *j;
	struct site_actives active;
	VEC(struct sum) list;
};

static void sums_make(struct sums *s, const struct journal *j)
{
	*s = (struct sums){.j = j};
	journal_active(j, &s->active);
	for (size_t i = 0, at = 0; i < j->sites.n; i++) {
		struct sum one = {.site = (uint32_t)i,
				  .first = at,
				  .open = j->sites.v[i].created - j->sites.v[i].canceled};
		while (at < s->active.list.n && s->active.list.v[at].site == i)
			at++;
		one.n = at - one.first;
		VEC_PUSH(&s->list, one);
	}
}

static void sums_free(struct sums *s)
{
	VEC_FREE(&s->active.list);
	VEC_FREE(&s->list);
}

static void sites_json(struct report *r)
{
	struct sums s;

	sums_make(&s, &r->trace->journal);
	for (size_t i = 0; i < s.list.n; i++)
		site_json(&r->out, &s.j->sites.v[i], s.active.list.v + s.list.v[i].first,
			  s.list.v[i].n);
	sums_free(&s);
}

/* Most open first, then in the order of their first context. */
static int by_open(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->open != y->open)
		return x->open > y->open ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

static void sites_text(struct report *r)
{
	struct buf *out = &r->out;
	struct sums s;

	sums_make(&s, &r->trace->journal);
	if (s.list.n) {
		buf_lit(out, "created  cancelled  still active  where\n");
		qsort(s.list.v, s.list.n, sizeof(s.list.v[0]), by_open);
	}
	for (size_t i = 0; i < s.list.n && i < SITES_SHOWN; i++)
		site_text(out, &s.j->sites.v[s.list.v[i].site], s.active.list.v + s.list.v[i].first,
			  s.list.v[i].n);
	if (s.list.n > SITES_SHOWN) {
		buf_lit(out, "…  ");
		text_count(out, s.list.n - SITES_SHOWN);
		buf_lit(out, " more call sites\n");
	}
	sums_free(&s);
}

static void cost_text(struct buf *out, uint64_t hits, uint64_t spent_ns, uint64_t lost)
{
	if (!hits) {
		buf_lit(out, "no context was made or cancelled meanwhile\n");
		return;
	}
	buf_lit(out, "cost: ");
	text_plural(out, hits, "breakpoint");
	buf_printf(out, " hit, %.0f µs each to look, besides GDB's own stopping and going on\n",
		   (double)spent_ns / 1e3 / (double)hits);
	if (lost) {
		text_plural(out, lost, "event");
		buf_lit(out, " could not be read\n");
	}
}

struct err *report_trace_end(struct report *r)
{
	struct trace *t = r->trace;
	uint64_t hits, spent, lost;
	struct err *err = not_under_way(r);

	if (err)
		return err;
	if (!number(r->opt->args[0], 10, &hits) || !number(r->opt->args[1], 10, &spent) ||
	    !number(r->opt->args[2], 10, &lost))
		return err_new(ERR_USAGE, "the end of the trace makes no sense");
	if (t->file)
		err = report_to_file(r, sites_json);
	buf_lit(&r->out, "events: ");
	for (unsigned k = 0; k < EVENT_KINDS; k++)
		buf_printf(&r->out, "%s%llu %s", k ? ", " : "",
			   (unsigned long long)t->journal.count[k], event_name(k));
	buf_char(&r->out, '\n');
	sites_text(r);
	cost_text(&r->out, hits, spent, lost);
	trace_end(t);
	return err;
}
