#include "report/path.h"

#include <inttypes.h>

#include "base/text.h"
#include "context/parts.h"

/* As Go's tracebacks have it: type arguments, which can be endless, are "[...]". */
static void put_func(struct buf *out, const char *func)
{
	const char *open = strchr(func, '['), *end = open ? strrchr(open, ']') : NULL;

	if (!end) {
		buf_str(out, func);
		return;
	}
	buf_bytes(out, func, (size_t)(open - func));
	buf_lit(out, "[...]");
	buf_str(out, end + 1);
}

static void put_key(struct buf *out, bool redact, const char *before, const char *text)
{
	buf_str(out, before);
	buf_str(out, redact ? "…" : text);
	buf_char(out, ']');
}

static void put_link(struct buf *out, const struct link *l, bool redact)
{
	switch (l->kind) {
	case LINK_VARIABLE:
		buf_str(out, l->name);
		break;
	case LINK_FIELD:
		buf_char(out, '.');
		buf_str(out, l->name);
		break;
	case LINK_INDEX:
		buf_printf(out, "[%" PRId64 "]", l->n);
		break;
	case LINK_ELEMENT:
		put_key(out, redact, "[", l->text);
		break;
	case LINK_KEY:
		put_key(out, redact, "[key ", l->text);
		break;
	case LINK_LIST:
		buf_printf(out,
			   l->n > 0 ? "[element %" PRId64 "]"
				    : "[element %" PRId64 " from the end]",
			   l->n > 0 ? l->n : -l->n);
		break;
	case LINK_POOL:
	case LINK_POOL_VICTIMS:
		buf_str(out, l->kind == LINK_POOL ? " (pool)" : " (pool's victims)");
		break;
	case LINK_CAPTURE:
		buf_lit(out, "capture ");
		buf_str(out, l->name);
		break;
	case LINK_CAPTURE_AT:
		buf_printf(out, "capture +0x%" PRIx64, l->n);
		break;
	case LINK_RECEIVER:
		buf_lit(out, "receiver");
		break;
	case LINK_BUFFER:
		buf_lit(out, ".buf");
		break;
	case LINK_POINTEE:
		buf_char(out, '*');
		break;
	case LINK_OFFSET:
		buf_printf(out, "+0x%" PRIx64, l->n);
		break;
	case LINK_ADDRESS:
		buf_printf(out, "0x%" PRIx64, l->n);
		break;
	case LINK_LOCAL:
		buf_str(out, l->name);
		break;
	case LINK_STACK:
		buf_lit(out, "stack");
		if (l->func || l->n)
			buf_printf(out, " +0x%" PRIx64, l->n);
		if (l->func) {
			buf_lit(out, " of ");
			buf_str(out, l->func);
		}
		break;
	case LINK_REGISTER:
		buf_lit(out, "register");
		break;
	case LINK_DEFERRED:
		buf_lit(out, "deferred call");
		break;
	case LINK_G:
		buf_char(out, 'g');
		break;
	case LINK_FUNCTION:
	case LINK_ARGUMENT:
		buf_str(out, l->kind == LINK_FUNCTION ? "function" : "argument");
		break;
	}
}

/* Of links inside of a closure or a frame, its function comes last: "capture c.x of main.f.func1",
 * "s.conns of main.serve". */
void path_links(struct buf *out, const struct links *l, bool redact)
{
	const char *of = NULL;

	for (size_t i = 0; i < l->list.n; i++) {
		const struct link *link = &l->list.v[i];
		put_link(out, link, redact);
		if (link->kind == LINK_CAPTURE || link->kind == LINK_CAPTURE_AT ||
		    link->kind == LINK_RECEIVER || link->kind == LINK_LOCAL)
			of = link->func;
	}
	if (of) {
		buf_lit(out, " of ");
		put_func(out, of);
	}
}

/* What an armed timer holds is said as if the timer's fields were names: "arg", not ".arg". */
void path_via(struct buf *out, const struct steps *s, const struct step *step, bool redact)
{
	struct buf text = {0};

	path_links(&text, &step->via, redact);
	bool of_timer = s->timer && step == s->list.v && text.n && text.p[0] == '.';
	buf_bytes(out, text.p + of_timer, text.n - of_timer);
	buf_free(&text);
}

void path_type(struct buf *out, const struct pointer_type *t)
{
	if (t->func) {
		buf_lit(out, "func ");
		put_func(out, t->func);
		return;
	}
	if (t->iface) {
		buf_str(out, t->iface);
		buf_lit(out, " (");
	}
	buf_bytes(out, t->name.p, t->name.n);
	if (t->iface)
		buf_char(out, ')');
}

void path_type_short(struct buf *out, const struct pointer_type *t)
{
	struct buf full = {0};
	size_t word = 0, keep = 0;

	path_type(&full, t);
	for (size_t i = 0; i <= full.n; i++) {
		if (i < full.n && !memchr(" *()[]{},;\"", full.p[i], 11)) {
			if (full.p[i] == '/')
				keep = i + 1;
			continue;
		}
		if (keep < word)
			keep = word;
		text_safe(out, full.p + keep, i - keep + (i < full.n));
		word = keep = i + 1;
	}
	buf_free(&full);
}

/* ---- a path ---- */

const char *path_root_name(const struct steps *s)
{
	return s->root == STEPS_TASK ? "task" : root_kind_name(s->root);
}

void path_frame(struct buf *out, const struct model *m, uint32_t frame)
{
	const struct frame *f = model_frame(m, frame);

	if (!f || !f->func) {
		buf_char(out, '?');
		return;
	}
	text_safe(out, f->func, strlen(f->func));
	if (!f->file)
		return;
	buf_char(out, ' ');
	text_place(out, f->file, f->line);
}

void path_root(struct buf *out, const struct steps *s)
{
	if (s->task < s->m->tasks.list.n) {
		const struct task *t = &s->m->tasks.list.v[s->task];
		buf_printf(out, "task %" PRIu64 " ", t->goid);
		path_frame(out, s->m, t->frame);
		return;
	}
	buf_str(out, path_root_name(s));
	if (s->owner)
		buf_printf(out, " of 0x%" PRIx64, s->owner);
	if (s->timer_calls) {
		buf_char(out, ' ');
		text_safe(out, s->timer_calls, strlen(s->timer_calls));
	}
}

void path_variable(struct buf *out, const struct steps *s)
{
	const struct links *via = &s->list.v[0].via;
	struct buf text = {0};

	for (size_t k = 0; k < via->list.n; k++) {
		uint8_t kind = via->list.v[k].kind;
		if (kind != LINK_VARIABLE && kind != LINK_FIELD && kind != LINK_ADDRESS)
			break;
		put_link(&text, &via->list.v[k], true);
	}
	text_safe(out, text.p, text.n);
	buf_free(&text);
}

/* Without the path of the variable's package. */
static void put_short(struct buf *out, const struct steps *s, const struct step *step, bool redact)
{
	struct buf text = {0};

	path_via(&text, s, step, redact);
	if (text.n) {
		size_t path = text_path(text.p, text.n);
		text_safe(out, text.p + path, text.n - path);
	} else {
		buf_char(out, '?');
	}
	buf_free(&text);
}

void path_line(struct phrase *out, const struct steps *s, size_t most, bool redact)
{
	struct buf *text = &out->text;
	size_t n = s->list.n;

	path_root(text, s);
	for (size_t k = 0; k < n; k++) {
		const struct step *step = &s->list.v[k];
		if (n > most && k == most / 2) {
			phrase_break(out);
			buf_lit(text, " → …");
			k = n - most / 2;
			step = &s->list.v[k];
		}
		bool arrow = k || s->task != TASK_NONE || s->owner || s->timer;
		if (arrow)
			phrase_break(out);
		buf_str(text, arrow ? " → " : " ");
		if (step->times > 1)
			buf_printf(text, "%" PRIu64 " × ", step->times);
		put_short(text, s, step, redact);
	}
}

/* ---- outside of the heap ---- */

void path_outside(struct buf *out, const struct model *m, const struct outside *o, bool redact)
{
	switch (o->what) {
	case OUTSIDE_GLOBAL:
		buf_lit(out, "global ");
		if (!o->via.list.n) {
			buf_lit(out, "data without a name");
			break;
		}
		path_links(out, &o->via, redact);
		if (o->offset)
			buf_printf(out, " +0x%" PRIx64, o->offset);
		if (o->type.name.n && o->type.name.p[0] == '*') {
			buf_lit(out, ", a ");
			buf_bytes(out, o->type.name.p + 1, o->type.name.n - 1);
		}
		break;
	case OUTSIDE_STACK:
		buf_printf(out, "on the stack of task %" PRIu64, m->tasks.list.v[o->task].goid);
		if (o->in_frame)
			buf_printf(out, ", +0x%" PRIx64 " of %s", o->offset,
				   o->func ? o->func : "?");
		else
			buf_lit(out, ", in no frame that is in use");
		break;
	case OUTSIDE_CODE:
		buf_printf(out, "code of %s", o->func);
		break;
	default:
		break;
	}
}
