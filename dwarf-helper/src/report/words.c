#include "report/words.h"

#include "analysis/blocked.h"
#include "report/wait_words.h"

void word_type(struct buf *out, const char *go_type)
{
	const char *dot = NULL;

	if (*go_type != '*') {
		text_safe(out, go_type, strlen(go_type));
		return;
	}
	go_type++;
	for (const char *p = go_type; *p && *p != '['; p++) // type arguments have dots of their own
		if (*p == '.')
			dot = p;
	size_t package = dot ? (size_t)(dot + 1 - go_type) : 0;
	text_safe(out, go_type, package);
	buf_lit(out, "(*");
	text_safe(out, go_type + package, strlen(go_type + package));
	buf_char(out, ')');
}

/* The two contexts without an address of their own. */
static const char *root_word(const struct ctx *c)
{
	return c->kind == CTX_BACKGROUND ? "Background" : c->kind == CTX_TODO ? "TODO" : NULL;
}

unsigned word_view(const struct options *opt, unsigned want)
{
	return opt->redact ? want : want | VIEW_VALUE;
}

void word_addr(struct buf *out, const struct model *m, uint32_t i)
{
	const char *root = root_word(&m->ctxs.v[i]);

	if (root)
		buf_str(out, root);
	else
		buf_hex(out, m->ctxs.v[i].addr);
}

void word_ctx(struct buf *out, const struct model *m, uint32_t i)
{
	if (!root_word(&m->ctxs.v[i])) {
		const char *label = ctx_label(m, i);
		text_safe(out, label, strlen(label));
		buf_char(out, ' ');
	}
	word_addr(out, m, i);
}

const char *word_state(uint8_t state)
{
	return ctx_state_name(state);
}

void word_why(struct buf *out, const struct ctx_view *v)
{
	bool custom = v->kind == CTX_CUSTOM && !(v->flags & CTX_DAMAGED),
	     done = custom && v->own_done, err = custom && v->own_err;

	if (v->state == CTX_UNKNOWN && (done || err))
		buf_printf(out, " (%s of its own)",
			   done && err ? "Done and Err"
			   : done      ? "Done"
				       : "Err");
}

enum style word_state_style(uint8_t state)
{
	switch (state) {
	case CTX_CANCELED:
	case CTX_EXPIRED:
		return STYLE_YELLOW;
	case CTX_UNKNOWN:
		return STYLE_RED;
	default:
		return STYLE_PLAIN;
	}
}

#define ERR_COLUMNS 80

static void quoted(struct buf *out, const struct buf *text)
{
	buf_char(out, '"');
	if (text->n)
		text_safe_cut(out, text->p, text->n, ERR_COLUMNS);
	buf_char(out, '"');
}

bool word_err(struct buf *out, const struct ctx_view *v)
{
	const struct buf *err = &v->err, *cause = &v->cause;

	if (!v->has_err)
		return false;
	quoted(out, err);
	if (v->has_cause && (cause->n != err->n || (err->n && memcmp(cause->p, err->p, err->n)))) {
		buf_lit(out, ", cause ");
		quoted(out, cause);
	}
	return true;
}

bool word_when(struct buf *out, const struct ctx_view *v)
{
	int64_t left = v->left_ns;

	if (v->kind != CTX_TIMER || v->state == CTX_CANCELED) // canceled: it means nothing any more
		return false;
	if (!v->has_left)
		return v->has_deadline && text_rfc3339(out, v->deadline.unix_s, v->deadline.nsec);
	// The clock is a lower bound: what has expired is past, even where the clock stands at its
	// deadline.
	bool past = left < 0 || v->state == CTX_EXPIRED;
	if (past)
		left = left < 0 ? left : 0;
	buf_str(out, past ? "passed " : "in ");
	text_duration(out, left == INT64_MIN ? INT64_MAX : left < 0 ? -left : left);
	if (past)
		buf_lit(out, " ago");
	if (v->bubbled) {
		buf_lit(out, " by bubble ");
		buf_u64(out, v->bubble);
		buf_lit(out, "'s clock");
	}
	return true;
}

bool word_deadline(struct buf *out, const struct ctx_view *v)
{
	size_t before = out->n;

	buf_lit(out, "deadline ");
	if (word_when(out, v))
		return true;
	out->n = before;
	return false;
}

bool word_deadline_of(struct buf *out, const struct model *m, uint32_t i)
{
	struct ctx_view v = {0};

	ctx_view_read(&v, m, i, VIEW_DEADLINE | VIEW_CLOCK);
	bool have = word_deadline(out, &v);
	ctx_view_free(&v);
	return have;
}

#define PAIR_LONGEST 4096 /* bytes looked at when a value is cut anyway */

/* Key or value as the screen may show it, at most @p most bytes of it. */
static void pair_text(struct buf *text, bool have, const struct buf *raw, size_t most)
{
	if (have && raw->n)
		text_safe(text, raw->p, most && raw->n > most ? most : raw->n);
	else
		buf_lit(text, "unreadable");
}

/* A path of packages goes first; then the longer of the two gives way, but keeps half of the
 * room. */
bool word_pair(struct buf *out, const struct ctx_view *v, size_t columns)
{
	struct buf key = {0}, value = {0};

	if (v->kind != CTX_VALUE)
		return false;
	pair_text(&key, v->has_key, &v->key, columns ? PAIR_LONGEST : 0);
	pair_text(&value, v->has_value, &v->value, columns ? PAIR_LONGEST : 0);
	size_t room = columns > 7 ? columns - 3 : columns, half = room / 2;
	size_t key_n = text_width(key.p, key.n), value_n = text_width(value.p, value.n);
	size_t path = columns && key_n + value_n > room ? text_path(key.p, key.n) : 0;
	key_n -= path ? text_width(key.p, path) : 0;
	if (columns && key_n + value_n > room) {
		size_t key_keeps = value_n < half ? room - value_n : half;
		if (key_n > key_keeps)
			key_n = key_keeps;
		value_n = room - key_n;
	}
	text_safe_cut(out, key.p + path, key.n - path, columns ? key_n : 0);
	buf_lit(out, " = ");
	text_safe_cut(out, value.p, value.n, columns ? value_n : 0);
	buf_free(&key);
	buf_free(&value);
	return true;
}

/* "calls app/lease.(*Lease).warn-fm"; where that is too long, without the path. */
static bool word_calls(struct buf *out, const struct ctx_view *v, size_t columns)
{
	static const char calls[] = "calls ";
	const struct buf *func = &v->calls;

	if (!v->has_calls || !func->n)
		return false;
	bool fits = !columns || sizeof(calls) - 1 + text_width(func->p, func->n) <= columns;
	size_t path = fits ? 0 : text_path(func->p, func->n);
	buf_str(out, calls);
	text_safe(out, func->p + path, func->n - path);
	return true;
}

bool word_about(struct buf *out, const struct ctx_view *v, size_t columns)
{
	return word_deadline(out, v) || word_pair(out, v, columns) || word_calls(out, v, columns);
}

const char *word_mark(uint16_t flags)
{
	if (flags & CTX_CYCLE)
		return "cycle: parents form a loop";
	if (flags & CTX_DAMAGED)
		return "damaged";
	if (flags & CTX_LOCKED)
		return "being changed";
	return NULL;
}

static void put_func(struct buf *out, const struct model *m, uint32_t frame, bool path)
{
	const struct frame *f = model_frame(m, frame);
	const char *func = f ? f->func : NULL;

	if (!func) {
		buf_char(out, '?');
		return;
	}
	func += path ? 0 : text_path(func, strlen(func));
	text_safe(out, func, strlen(func));
}

void word_func(struct buf *out, const struct model *m, uint32_t frame)
{
	put_func(out, m, frame, true);
}

void word_func_short(struct buf *out, const struct model *m, uint32_t frame)
{
	put_func(out, m, frame, false);
}

void word_place(struct buf *out, const struct model *m, uint32_t frame)
{
	const struct frame *f = model_frame(m, frame);

	if (f)
		text_place(out, f->file, f->line);
}

void word_task_state(struct buf *out, const struct model *m, const struct task *task)
{
	const char *state = task_state(m->rt, task);
	struct bubble bubble;

	text_safe(out, state ? state : "?", state ? strlen(state) : 1);
	if (!bubble_read(m->rt, bubble_of_task(m->rt, task), &bubble))
		return;
	buf_lit(out, ", bubble ");
	buf_u64(out, bubble.id);
}

void word_task_cells(struct table *t, const struct model *m, const struct task *task)
{
	int64_t wait = clock_wait_ns(&m->now, task);
	struct buf *state = table_cell(t);
	struct chan_fill full;

	word_task_state(state, m, task);
	if (blocked_full(t->r->m, (uint32_t)(task - m->tasks.list.v), &full)) {
		buf_lit(state, ", ");
		word_chan_fill(state, full.count, full.size);
	}
	struct buf *age = table_cell(t);
	if (wait >= 0)
		text_duration(age, wait);
	word_func(table_cell(t), m, task->frame);
	word_place(table_cell(t), m, task->frame);
}

uint64_t word_limit(const struct options *opt, uint64_t default_limit)
{
	if (opt->limit < 0)
		return default_limit ? default_limit : UINT64_MAX;
	return opt->limit ? (uint64_t)opt->limit : UINT64_MAX;
}

const char *word_gap(uint8_t gap)
{
	static const char *const words[GAPS] = {
		[GAP_NONE] = "not all could be read",
		[GAP_STACK] = "part of a goroutine's stack could not be read",
		[GAP_NO_STACK] = "a goroutine's stack could not be found",
		[GAP_MOVING_STACK] = "a goroutine's stack was being moved",
		[GAP_REGISTERS] = "the registers of a running goroutine are not known",
		[GAP_THREAD] = "registers or stack of a thread could not be read",
		[GAP_TASKS] = "some goroutines could not be read",
		[GAP_GLOBALS] = "part of the package variables could not be read",
		[GAP_ROOTS] =
			"part of the package variables, finalizers or cleanups could not be read",
		[GAP_SPANS] = "part of the heap's spans could not be read",
		[GAP_HEAP] = "part of the heap is missing or damaged",
		[GAP_OBJECTS] = "memory of objects that hold pointers could not be read",
		[GAP_DAMAGE] =
			"part of what was read is damaged or missing (see the end of the answer)",
		[GAP_NO_HEAP] = "the heap could not be read",
		[GAP_PROFILE] = "the program was built with a profile: CancelFuncs may be inlined, "
				"and not to be seen",
		[GAP_CLOSURES] = "part of the heap could not be searched for CancelFuncs",
		[GAP_FUNCTIONS] = "the program's functions could not be read",
	};
	return words[gap < GAPS ? gap : GAP_NONE];
}

void word_no_contexts(struct report *r)
{
	if (model_damaged(r->m))
		buf_lit(&r->out, "no contexts found, but part of the target could not be read: "
				 "there may be some\n");
	else
		buf_lit(&r->out, "no contexts: the program made none, or package context is not "
				 "linked in\n");
}
