#include "report/finding_words.h"

#include <inttypes.h>

#include "context/detail.h"
#include "report/finding_alone.h"
#include "report/finding_ended.h"
#include "report/finding_made.h"
#include "report/path.h"
#include "report/problem.h"
#include "report/wait_words.h"
#include "report/words.h"
#include "runtime/rtype.h"

#define ITEMS 4 /* functions, parents and keys that are named */

static size_t items(const struct report *r)
{
	return r->opt->limit == 0 ? SIZE_MAX : ITEMS;
}

const char *finding_unit_word(uint8_t unit)
{
	static const char *const words[] = {
		[UNIT_CONTEXT] = "context", [UNIT_TASK] = "task",	[UNIT_LAYER] = "layer",
		[UNIT_ENTRY] = "entry",	    [UNIT_CHANNEL] = "channel", [UNIT_CHANGE] = "change",
	};
	return words[unit];
}

void finding_chain(struct buf *out, const struct report *r, uint32_t context)
{
	static const char package[] = "context.";
	struct buf raw = {0};

	ctx_name(r->m, context, &raw);
	size_t skip = raw.n > sizeof(package) && !memcmp(raw.p, package, sizeof(package) - 1)
			      ? sizeof(package) - 1
			      : 0;
	if (raw.n)
		text_safe(out, raw.p + skip, raw.n - skip);
	buf_free(&raw);
}

void finding_called(struct buf *out, const struct report *r, uint32_t context)
{
	struct buf func = {0};

	ctx_func(r->m, context, &func);
	if (func.n)
		text_safe(out, func.p, func.n);
	buf_free(&func);
}

/* ---- evidence ---- */

const char *finding_label(const struct finding *f, size_t index)
{
	const struct evidence *e = &f->evidence.v[index];

	switch (e->kind) {
	case EV_LIKE:
		return "contexts";
	case EV_BELOW:
		return e->hanging.n > 1 ? "parents" : "parent";
	case EV_AMONG:
		return "among";
	case EV_KEEPS:
		return "retained";
	case EV_CHANNEL:
		return "blocked on";
	case EV_TIP:
		return "innermost";
	default:
		return finding_label_json(f, index);
	}
}

const char *finding_label_json(const struct finding *f, size_t index)
{
	static const char *const labels[EVIDENCES] = {
		[EV_LIKE] = "like",	    [EV_BELOW] = "below",
		[EV_WAITING] = "waiting",   [EV_HOLDER] = "held by",
		[EV_DEFERRED] = "held by",  [EV_IN_USE] = "in use",
		[EV_AMONG] = "of",	    [EV_CALLS] = "calls",
		[EV_DEADLINE] = "deadline", [EV_BOUNDED] = "bounded by",
		[EV_DOUBT] = "not sure",    [EV_CHANNEL] = "on",
		[EV_CHAIN] = "chain",	    [EV_CAUSE] = "cause",
		[EV_KEEPS] = "keep",	    [EV_CONTEXTLESS] = "context",
		[EV_OTHER] = "other",	    [EV_PARENT] = "parent",
		[EV_CHILD] = "child",	    [EV_HELD] = "holds",
		[EV_KEYS] = "keys",	    [EV_BEYOND] = "profile",
		[EV_TIMER] = "timer",	    [EV_NIL_DONE] = "nil",
		[EV_MAIN] = "ends",	    [EV_LISTENED] = "listened",
		[EV_INSIDE] = "inside",	    [EV_TIP] = "tip",
		[EV_STOP] = "stop",	    [EV_MORE] = "and",
		[EV_CASES] = "ended by",    [EV_SPREAD] = "made",
		[EV_MADE] = "made at",	    [EV_PROBABLY] = "made at",
	};
	static const char *const places[PLACE_ROLES] = {
		[PLACE_WAITS] = "tasks", [PLACE_STARTED] = "started at", [PLACE_HOLDS] = "stuck"};
	const struct evidence *e = &f->evidence.v[index];

	if (e->kind == EV_PLACES)
		return places[e->role];
	return e->kind == EV_PROBLEM ? (index ? "and" : "first") : labels[e->kind];
}

static void put_more(struct phrase *out, size_t n, const char *what)
{
	phrase_item(out);
	text_count(&out->text, n);
	buf_lit(&out->text, " more ");
	buf_str(&out->text, what);
}

/* "f f.go:1 × 12 · g g.go:2".  @return how many places there are */
static size_t put_places(struct phrase *out, const struct report *r, const struct finding *f,
			 uint8_t role)
{
	const struct location *v = f->locations.v;
	size_t from = 0, n = 0;

	while (from < f->locations.n && v[from].role != role)
		from++;
	while (from + n < f->locations.n && v[from + n].role == role)
		n++;
	bool counts = role != PLACE_MADE || n > 1; // of one place, put_made() has it
	for (size_t k = 0; k < n && k < items(r); k++) {
		phrase_item(out);
		path_frame(&out->text, r->m, v[from + k].frame);
		if (counts && (v[from + k].count > 1 || n > 1)) {
			buf_lit(&out->text, " × ");
			text_count(&out->text, v[from + k].count);
		}
	}
	if (n > items(r))
		put_more(out, n - items(r), "places");
	return n;
}

/* "f f.go:1 (8 sampled of 60 000, all there)" */
static void put_made(struct phrase *out, const struct report *r, const struct finding *f,
		     const struct evidence *e)
{
	size_t places = put_places(out, r, f, PLACE_MADE);

	buf_lit(&out->text, " (");
	text_count(&out->text, e->n);
	buf_lit(&out->text, " sampled of ");
	text_count(&out->text, e->m);
	buf_str(&out->text, f->unit == UNIT_TASK ? " contexts" : "");
	buf_str(&out->text, places == 1 && e->n > 1 ? ", all there)" : ")");
}

static void put_hanging(struct phrase *out, const struct report *r, const struct evidence *e)
{
	for (size_t k = 0; k < e->hanging.n && k < items(r); k++) {
		phrase_item(out);
		word_ctx(&out->text, r->m, e->hanging.v[k].on);
		buf_lit(&out->text, " has ");
		text_count(&out->text, e->hanging.v[k].count);
		buf_str(&out->text, e->hanging.v[k].children ? "" : " below it");
	}
	if (e->hanging.n > items(r))
		put_more(out, e->hanging.n - items(r), "parents");
}

static void put_waiting(struct phrase *out, const struct finding *f, const struct evidence *e)
{
	struct buf *text = &out->text;

	if (e->state)
		text_safe(text, e->state, strlen(e->state));
	if (f->oldest_ns < 0)
		return;
	phrase_item(out);
	buf_lit(text, "for ");
	text_duration(text, f->oldest_ns);
	if (f->newest_ns < f->oldest_ns) {
		buf_lit(text, ", the newest for ");
		text_duration(text, f->newest_ns);
	}
}

static void put_keys(struct phrase *out, const struct report *r, const struct evidence *e)
{
	for (size_t k = 0; k < e->keys.n && k < items(r); k++) {
		struct buf name = {0};
		value_print_type(r->m->rt, &name, e->keys.v[k].type);
		phrase_item(out);
		if (name.n)
			text_safe(&out->text, name.p, name.n);
		if (e->keys.v[k].count > 1) {
			buf_lit(&out->text, " × ");
			text_count(&out->text, e->keys.v[k].count);
			buf_str(&out->text, e->keys.v[k].same == 1 ? " (all different)" : "");
		}
		buf_free(&name);
	}
	if (e->keys.n > items(r)) {
		phrase_item(out);
		buf_u64(&out->text, e->keys.n - items(r));
		buf_lit(&out->text, " more");
	}
}

static void put_bounds(struct phrase *out, const struct evidence *e)
{
	if (e->n) {
		buf_lit(&out->text, "deadlines below them");
		if (e->ns > 0) {
			buf_lit(&out->text, ", the last in ");
			text_duration(&out->text, e->ns);
		}
	}
	if (e->m) {
		phrase_item(out);
		buf_lit(&out->text, "goroutines that go on");
	}
}

/* A context, and how many have something in common with it. */
static void put_context(struct phrase *out, const struct report *r, const struct evidence *e)
{
	struct buf *text = &out->text;

	word_ctx(text, r->m, e->context);
	switch (e->kind) {
	case EV_OTHER:
		buf_printf(text, " %s (the first one's)",
			   ctx_state_name(r->m->ctxs.v[e->context].state));
		if (!e->n)
			break;
		phrase_item(out);
		text_count(text, e->n);
		buf_lit(text, " have ended");
		break;
	case EV_PARENT:
		buf_lit(text, " has ");
		text_count(text, e->n);
		if (!e->m)
			break;
		phrase_item(out);
		text_count(text, e->m);
		buf_lit(text, " on parents whose inner context has ended");
		break;
	case EV_HELD:
		word_held(out, r, e);
		break;
	case EV_TIP:
		if (!e->n)
			break;
		phrase_item(out);
		text_count(text, e->n);
		buf_lit(text, " more chains like it");
		break;
	default:
		buf_str(text, e->flag ? " (the first one)" : "");
	}
}

static void put_like(struct phrase *out, const struct report *r, const struct evidence *e)
{
	finding_chain(&out->text, r, e->context);
	phrase_item(out);
	buf_str(&out->text, e->flag ? "for example " : "first ");
	buf_hex(&out->text, r->m->ctxs.v[e->context].addr);
}

static void put_deferred(struct buf *text, const struct report *r, const struct evidence *e)
{
	const struct task *t = &r->m->tasks.list.v[e->task];

	buf_printf(text, "deferred calls of task %" PRIu64 ", ", t->goid);
	path_frame(text, r->m, e->n ? (uint32_t)e->n - 1 : t->frame);
}

static void put_counted(struct phrase *out, const struct evidence *e)
{
	struct buf *text = &out->text;

	switch (e->kind) {
	case EV_IN_USE:
		text_count(text, e->n);
		buf_lit(text, " on stacks of goroutines");
		phrase_item(out);
		text_count(text, e->m);
		buf_lit(text, " waited for");
		break;
	case EV_AMONG:
		text_count(text, e->n);
		buf_str(text, e->flag ? " active children there, those below values counted"
				      : " active children there");
		break;
	case EV_KEEPS:
		text_size(text, e->n);
		buf_str(text, e->flag ? " of heap that only they and other stuck goroutines reach"
				      : " of heap that nothing else reaches");
		break;
	case EV_TIMER:
		word_timer(text, e);
		break;
	case EV_MAIN:
		buf_lit(text, "with the program: the main goroutine holds the CancelFunc, and "
			      "waits in select {}");
		break;
	case EV_BEYOND:
		text_count(text, e->n);
		buf_lit(text, " more than in Go's goroutineleak profile, which follows what they "
			      "are to send or have deferred: only that leads to what they wait on");
		break;
	case EV_LISTENED:
		text_count(text, e->n);
		buf_lit(text, " of ");
		text_count(text, e->m);
		buf_lit(text, " looked at: the done channel is still on their stacks");
		break;
	case EV_STOP:
		text_count(text, e->n);
		buf_lit(text, " can be taken back");
		break;
	default:
		buf_u64(text, e->n);
		buf_lit(text, " more");
	}
}

void finding_text(struct phrase *out, const struct report *r, const struct finding *f,
		  const struct evidence *e)
{
	struct buf *text = &out->text;
	struct phrase path = {0};

	switch (e->kind) {
	case EV_LIKE:
		put_like(out, r, e);
		break;
	case EV_BELOW:
		put_hanging(out, r, e);
		break;
	case EV_PLACES:
		put_places(out, r, f, e->role);
		break;
	case EV_MADE:
		put_made(out, r, f, e);
		break;
	case EV_WAITING:
		put_waiting(out, f, e);
		break;
	case EV_HOLDER: // as long as it is, it may break anywhere
		path_line(&path, f->holder, r->opt->limit == 0 ? SIZE_MAX : PATH_LINE,
			  r->opt->redact);
		buf_bytes(text, path.text.p, path.text.n);
		phrase_free(&path);
		break;
	case EV_DEFERRED:
		put_deferred(text, r, e);
		break;
	case EV_NIL_DONE:
		word_nil_done(text, r, e->context);
		break;
	case EV_INSIDE:
		path_frame(text, r->m, (uint32_t)e->n);
		break;
	case EV_CALLS:
		finding_called(text, r, e->context);
		buf_str(text, text->n ? "" : "?");
		break;
	case EV_DEADLINE:
		buf_lit(text, "in ");
		text_duration(text, e->ns);
		buf_lit(text, " (the first one's)");
		break;
	case EV_BOUNDED:
		put_bounds(out, e);
		break;
	case EV_DOUBT:
		buf_str(text, word_gap(e->gap));
		break;
	case EV_CHAIN:
		word_wait_chain(out, r, &e->chain);
		if (e->n)
			put_more(out, e->n, "chains like it");
		break;
	case EV_CHANNEL:
		buf_printf(text, "channel 0x%" PRIx64 "%s", e->n,
			   e->flag ? " (the first of them)" : "");
		break;
	case EV_CAUSE:
		buf_printf(text, "%.6s: %s, in the same contexts", e->finding.signature,
			   finding_rule_name(e->finding.rule));
		break;
	case EV_CASES:
		words_cases(out, e->n);
		break;
	case EV_SPREAD:
		words_spread(out, &e->spread);
		break;
	case EV_PROBABLY:
		words_made(out, r, f, e);
		break;
	case EV_CONTEXTLESS:
		buf_lit(text, "none: they do not know of the work they were started for");
		break;
	case EV_OTHER:
	case EV_PARENT:
	case EV_CHILD:
	case EV_HELD:
	case EV_TIP:
		put_context(out, r, e);
		break;
	case EV_KEYS:
		put_keys(out, r, e);
		break;
	case EV_PROBLEM:
		word_problem(text, r->m, &e->problem);
		break;
	default:
		put_counted(out, e);
	}
}

/* Whole, or the first word of it. */
static void put_fitting(struct buf *out, const struct buf *text, size_t room)
{
	size_t word = 0;

	while (word < text->n && text->p[word] != ' ')
		word++;
	size_t n = text_width(text->p, text->n) <= room ? text->n : word;
	if (text_width(text->p, n) <= room)
		buf_bytes(out, text->p, n);
}

void finding_about(struct buf *out, const struct report *r, const struct finding *f, size_t room)
{
	const struct evidence *like = finding_find(f, EV_LIKE),
			      *deferred = finding_find(f, EV_DEFERRED);
	struct phrase path = {0};
	struct buf *text = &path.text;

	if (f->locations.n && f->locations.v[0].role == PLACE_WAITS)
		path_frame(text, r->m, f->locations.v[0].frame);
	else if (deferred)
		put_deferred(text, r, deferred);
	else if (f->holder)
		path_line(&path, f->holder, PATH_LINE, r->opt->redact);
	else if (like)
		finding_chain(text, r, like->context);
	put_fitting(out, text, room);
	phrase_free(&path);
}

void finding_command(struct buf *out, const struct next *n, const char *target)
{
	static const char *const names[] = {[NEXT_SHOW] = "show",
					    [NEXT_WHY] = "why",
					    [NEXT_CHILDREN] = "children",
					    [NEXT_TREE] = "tree",
					    [NEXT_BT] = "bt"};

	if (n->command == NEXT_WAITS)
		buf_lit(out, "goctx waits");
	else
		buf_printf(out, n->command == NEXT_BT ? "goctx %s %" PRIu64 : "goctx %s 0x%" PRIx64,
			   names[n->command], n->about);
	if (target)
		text_safe(out, target, strlen(target));
}
