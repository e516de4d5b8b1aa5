/**
 * @file  `why ADDR`: shortest paths from roots to an object, or that nothing reaches it.
 */
#include <inttypes.h>
#include <strings.h>

#include "report/arg.h"
#include "report/lines.h"
#include "report/hops.h"
#include "report/made.h"
#include "report/path.h"
#include "report/text.h"
#include "report/words.h"
#include "report/writer.h"
#include "runtime/typed.h"

#define WHY_PATHS 3  /* shown when --paths is not given */
#define WHY_STEPS 60 /* of a longer path the beginning and the end are shown */

/* ---- text ---- */

static void put_marks(struct report *r, const struct step *s)
{
	const struct model *m = r->m;
	uint32_t done = u64map_find(&m->by_done, s->addr);

	if (s->ctx != CTX_NONE) {
		buf_lit(&r->out, "  ");
		buf_str(&r->out, ctx_label(m, s->ctx));
		buf_lit(&r->out, ", ");
		buf_str(&r->out, word_state(m->ctxs.v[s->ctx].state));
	} else if (done != U64MAP_NONE) {
		buf_lit(&r->out, "  done channel of ");
		word_ctx(&r->out, m, done);
	} else if (s->task != TASK_NONE) {
		buf_printf(&r->out, "  task %" PRIu64 "  ", m->tasks.list.v[s->task].goid);
		word_func(&r->out, m, m->tasks.list.v[s->task].frame);
	}
}

/* With a space behind it; nothing when it is not known. */
static void put_type(struct buf *out, const struct pointer_type *t)
{
	if (!t->name.n && !t->func)
		return;
	path_type_short(out, t);
	buf_char(out, ' ');
}

static void put_via(struct report *r, const struct steps *path, const struct step *s)
{
	struct buf text = {0};

	path_via(&text, path, s, r->opt->redact);
	if (text.n)
		text_safe(&r->out, text.p, text.n);
	buf_free(&text);
}

/* "  *stream.Conn 0xc0004f2000  WithCancel, active" */
static void put_rest(struct report *r, const struct step *s)
{
	buf_lit(&r->out, "  ");
	put_type(&r->out, &s->type);
	buf_hex(&r->out, s->addr);
	text_style(&r->out, r, STYLE_DIM);
	put_marks(r, s);
	text_style_end(&r->out, r, STYLE_DIM);
	buf_char(&r->out, '\n');
}

static void put_step(struct report *r, const struct steps *path, const struct step *s)
{
	buf_lit(&r->out, "   → ");
	if (s->times > 1) {
		text_count(&r->out, s->times);
		buf_lit(&r->out, " more steps through ");
	}
	put_via(r, path, s);
	put_rest(r, s);
}

static void put_task(struct report *r, uint32_t task)
{
	const struct task *t = &r->m->tasks.list.v[task];

	buf_printf(&r->out, "task %" PRIu64 "  ", t->goid);
	word_func(&r->out, r->m, t->frame);
	buf_lit(&r->out, "  ");
	word_place(&r->out, r->m, t->frame);
}

static void put_owner(struct report *r, taddr owner)
{
	struct pointer_type type = {0};
	struct typed t;

	if (!owner)
		return;
	buf_lit(&r->out, " of ");
	typed_object(r->m->rt, owner, &t);
	typed_name(r->m->rt, &t, &type);
	put_type(&r->out, &type);
	buf_hex(&r->out, owner);
	buf_free(&type.name);
}

/* " fires in 9h 58m"; the clock of a core is the runtime's own, which may be late. */
static void put_when(struct report *r, uint64_t when)
{
	int64_t now = r->m->now.mono_ns;

	if (!now || !when || when > INT64_MAX)
		return;
	if ((int64_t)when < now) {
		buf_lit(&r->out, " that is due");
		return;
	}
	buf_lit(&r->out, " that fires in ");
	text_duration(&r->out, (int64_t)when - now);
}

static void put_root(struct report *r, size_t index, const struct steps *s, bool itself)
{
	const struct step *first = &s->list.v[0];

	text_style(&r->out, r, STYLE_BOLD);
	buf_printf(&r->out, "%-2zu ", index + 1);
	if (s->task != TASK_NONE) {
		put_task(r, s->task);
	} else {
		buf_str(&r->out, path_root_name(s));
		put_owner(r, s->owner);
	}
	if (s->timer)
		put_when(r, s->timer_when);
	if (s->timer_calls) {
		buf_lit(&r->out, ", ");
		text_safe(&r->out, s->timer_calls, strlen(s->timer_calls));
	}
	bool same_line = s->task == TASK_NONE && !s->owner && !s->timer;
	if (same_line && first->via.list.n) {
		buf_char(&r->out, ' ');
		put_via(r, s, first);
	}
	text_style_end(&r->out, r, STYLE_BOLD);
	if (itself)
		buf_lit(&r->out, "  itself");
	if (same_line) {
		put_rest(r, first);
		return;
	}
	buf_char(&r->out, '\n');
	put_step(r, s, first);
}

static void put_path(struct report *r, size_t index, const struct steps *s, bool itself)
{
	size_t limit = word_limit(r->opt, WHY_STEPS), n = s->list.n;
	size_t tail = n > limit ? limit / 2 : 0, head = n > limit ? limit - tail : n;

	put_root(r, index, s, itself);
	for (size_t i = 1; i < n; i++) {
		if (i == head && head + tail < n) {
			buf_lit(&r->out, "   ");
			text_more(&r->out, n - head - tail, "steps");
			i = n - tail;
		}
		put_step(r, s, &s->list.v[i]);
	}
}

static void put_summary(struct report *r, const struct paths *p)
{
	struct buf *out = &r->out;
	bool stacks = false, itself = false;

	for (size_t i = 0; i < p->list.n; i++) {
		stacks |= p->list.v[i].root.kind == ROOT_STACK ||
			  p->list.v[i].root.kind == ROOT_REGISTER;
		itself |= p->list.v[i].itself;
	}
	if (p->all && p->holders > p->list.n) {
		text_count(out, p->list.n);
		buf_lit(out, " of ");
		text_plural(out, p->holders, "path");
	} else {
		text_plural(out, p->list.n, "path");
	}
	if (p->list.n > 1)
		buf_str(out,
			itself ? ", shortest first, its own waiters last" : ", shortest first");
	if (!p->all)
		buf_lit(out, "; there are more (--paths 0 for all)");
	else if (p->holders > p->list.n)
		buf_lit(out, " (--paths 0 for all)");
	else if (p->list.n == 1)
		buf_lit(out, ": nothing else points to it");
	if (stacks)
		buf_lit(out, "; on stacks, only words that the compiler marks as live count");
	buf_char(out, '\n');
}

/* "96 bytes, *context.cancelCtx, WithCancel active" of the object asked for. */
static void put_subject(struct report *r, const struct paths *p, taddr addr)
{
	struct buf *out = &r->out;
	struct pointer_type type = {0};
	uint32_t ctx = model_find(r->m, addr);
	struct typed t;

	typed_object(r->m->rt, p->object, &t);
	typed_name(r->m->rt, &t, &type);
	buf_hex(out, addr);
	if (addr != p->object) {
		buf_lit(out, " in ");
		buf_hex(out, p->object);
	}
	buf_lit(out, " (");
	if (ctx != CTX_NONE && ctx < r->m->ctxs.n) {
		buf_str(out, ctx_label(r->m, ctx));
		buf_lit(out, ", ");
	} else if (type.name.n || type.func) {
		path_type_short(out, &type);
		buf_lit(out, ", ");
	}
	text_count(out, p->size);
	buf_lit(out, " bytes)");
	buf_free(&type.name);
}

static void put_outside(struct report *r, taddr addr)
{
	struct buf place = {0};
	struct outside o;

	outside_find(r->m, addr, &o);
	path_outside(&place, r->m, &o, r->opt->redact);
	buf_hex(&r->out, addr);
	buf_lit(&r->out, " is no heap object: ");
	if (place.n)
		text_safe(&r->out, place.p, place.n);
	else
		buf_str(&r->out, o.what == OUTSIDE_UNMAPPED
					 ? "nothing is mapped there"
					 : "it is neither a variable nor on a goroutine's stack");
	buf_char(&r->out, '\n');
	outside_free(&o);
	buf_free(&place);
}

/* What to say when there is no path. */
static void put_nothing(struct report *r, const struct paths *p, taddr addr)
{
	struct buf *out = &r->out;

	switch (p->subject) {
	case SUBJECT_OBJECT:
		if (!p->complete) {
			buf_lit(out, "no path leads to ");
			put_subject(r, p, addr);
			buf_printf(out, ", as far as could be read\nthat is no proof: %s\n",
				   word_gap(p->gap));
			break;
		}
		buf_lit(out, "nothing reaches ");
		put_subject(r, p, addr);
		buf_lit(out, ": it is garbage, not yet collected\n");
		break;
	case SUBJECT_FREE:
		buf_hex(out, addr);
		buf_printf(out,
			   " is in a free slot of the heap (%" PRIu64
			   " bytes): nothing is allocated there\n"
			   "what it held has been collected, or will be as soon as its span is "
			   "swept\n",
			   p->size);
		break;
	case SUBJECT_TAIL:
		buf_hex(out, addr);
		buf_lit(out, " is in the heap's bookkeeping behind the last object of a span: no "
			     "object\n");
		break;
	default:
		put_outside(r, addr);
	}
}

/* Of an object that the heap profile has sampled. */
static uint32_t site_of(const struct paths *p, const struct made *made, taddr addr)
{
	const struct alloc_record *r =
		p->subject == SUBJECT_OBJECT ? heap_profile_find(&made->profile, addr) : NULL;

	return r ? r->site : PROFILE_NO_SITE;
}

static void put_made(struct report *r, struct made *made, uint32_t site)
{
	struct phrase text = {0};

	buf_lit(&text.text, "made at ");
	if (site != PROFILE_NO_SITE && made_text(&text, r, made, site)) {
		phrase_fold(&r->out, &text, 0, 2, (r->opt->width ? r->opt->width : 100) - 2, true);
		buf_char(&r->out, '\n');
	}
	phrase_free(&text);
}

static void why_text(struct report *r, const struct paths *p, taddr addr, struct made *made)
{
	for (size_t i = 0; i < p->list.n; i++) {
		struct steps s;
		steps_build(r->m, &p->list.v[i], &s);
		put_path(r, i, &s, p->list.v[i].itself);
		steps_free(&s);
	}
	if (p->list.n)
		put_summary(r, p);
	else
		put_nothing(r, p, addr);
	put_made(r, made, site_of(p, made, addr));
	text_notes(r);
}

/* ---- JSON ---- */

static void json_path(struct report *r, size_t index, const struct steps *s, bool itself)
{
	struct rec w = rec_line(&r->out, REC_path);
	bool of_task = s->task < r->m->tasks.list.n;

	rec_u64(&w, REC_path_index, index + 1);
	rec_text(&w, REC_path_root, path_root_name(s));
	rec_u64_if(&w, REC_path_goid, of_task, of_task ? r->m->tasks.list.v[s->task].goid : 0);
	rec_bool(&w, REC_path_itself, itself);
	rec_list(&w, REC_path_hops);
	hops_json(r, &r->out, s);
	rec_list_end(&w, REC_path_hops);
	rec_line_end(&w);
}

/* The object asked about: distinguishes "no path" from "no object". */
static void json_subject(struct report *r, const struct paths *p, taddr addr)
{
	static const char *const what[] = {"object", "free", "tail", "other"};
	struct rec w = rec_line(&r->out, REC_subject);
	struct buf place = {0};

	if (p->subject == SUBJECT_OTHER) {
		struct outside o;
		outside_find(r->m, addr, &o);
		path_outside(&place, r->m, &o, r->opt->redact);
		outside_free(&o);
	}
	rec_addr(&w, REC_subject_addr, addr);
	rec_word(&w, REC_subject_what, what[p->subject]);
	rec_addr(&w, REC_subject_object, p->object);
	rec_u64_if(&w, REC_subject_size, p->object, p->size);
	rec_buf(&w, REC_subject_place, place.n, &place);
	rec_u64(&w, REC_subject_holders, p->holders);
	rec_bool(&w, REC_subject_holders_all, p->all);
	rec_bool(&w, REC_subject_complete, p->complete);
	rec_line_end(&w);
	buf_free(&place);
}

static void why_json(struct report *r, const struct paths *p, taddr addr, struct made *made)
{
	uint32_t site = site_of(p, made, addr);

	line_header(r);
	for (size_t i = 0; i < p->list.n; i++) {
		struct steps s;
		steps_build(r->m, &p->list.v[i], &s);
		json_path(r, i, &s, p->list.v[i].itself);
		steps_free(&s);
	}
	json_subject(r, p, addr);
	if (site != PROFILE_NO_SITE)
		made_line(r, made, p->object, site);
	line_notes(r);
}

/* ---- */

/* Background and TODO are values without an address since Go 1.21. */
static bool is_word(struct report *r, const char *arg, taddr *addr_ret, bool *no_address_ret)
{
	uint32_t i;

	if (strcasecmp(arg, "background") && strcasecmp(arg, "todo"))
		return false;
	i = strcasecmp(arg, "todo") ? 0 : 1;
	*addr_ret = r->m->ctxs.n > i ? r->m->ctxs.v[i].addr : 0;
	*no_address_ret = !*addr_ret;
	return true;
}

static void no_address(struct report *r, const char *arg)
{
	if (r->opt->json) {
		line_header(r);
		line_notes(r);
		return;
	}
	buf_printf(&r->out,
		   "%s is no heap object: since Go 1.21 it is a value without memory of its own, "
		   "so nothing has to "
		   "keep it alive\n",
		   strcasecmp(arg, "todo") ? "Background" : "TODO");
	text_notes(r);
}

struct err *report_why(struct report *r)
{
	bool none = false;
	taddr addr = 0;
	struct paths p;
	struct err *e = NULL;

	if (!r->opt->arg)
		return err_hint(err_new(ERR_USAGE, "why needs an address"),
				"goctx why 0xc000126000");
	if (!is_word(r, r->opt->arg, &addr, &none))
		e = arg_address(r->opt->arg, &addr);
	if (e)
		return e;
	if (none) {
		no_address(r, r->opt->arg);
		return NULL;
	}
	e = paths_find(r->m, addr, r->opt->paths < 0 ? WHY_PATHS : (uint64_t)r->opt->paths, &p);
	if (e)
		return e;
	if (!p.complete)
		notes_add(model_notebook(r->m), NOTE_DAMAGE, "%s: there may be other paths",
			  word_gap(p.gap));
	struct made made;
	e = made_open(r->m, &made);
	if (!e && r->opt->json)
		why_json(r, &p, addr, &made);
	else if (!e)
		why_text(r, &p, addr, &made);
	made_close(&made);
	paths_free(&p);
	return e;
}
