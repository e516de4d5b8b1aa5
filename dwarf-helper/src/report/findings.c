#include "report/findings.h"

#include "report/crowds.h"
#include "report/finding_words.h"
#include "report/hops.h"
#include "report/lines.h"
#include "report/words.h"
#include "report/writer.h"

/* of findings in full and first lines: with footer and prompt a screen of forty */
#define PAGE_LINES 36
#define LABEL_COLUMNS 11 /* "held by    " */
#define INDENT 3
#define FOLD_MIN 30 /* columns that text keeps however narrow the screen is */

static const enum style confidence_style[CONFS] = {
	[CONF_POSSIBLE] = STYLE_YELLOW, [CONF_LIKELY] = STYLE_YELLOW, [CONF_CERTAIN] = STYLE_RED};

/* ---- text ---- */

static void put_amount(const struct finding *f, struct buf *out)
{
	text_plural(out, f->count, finding_unit_word(f->unit));
	if (f->tasks && f->unit != UNIT_TASK) {
		buf_lit(out, ", ");
		text_plural(out, f->tasks, "task");
	}
	if (f->bytes) {
		buf_lit(out, ", ");
		text_size(out, f->bytes);
	}
}

/* Columns of rule and confidence, the same for all that are shown. */
struct heads {
	size_t rule, confidence;
};

static void first_line(struct report *r, const struct finding *f, const struct heads *h,
		       size_t number, bool alone, struct buf *out)
{
	const char *rule = finding_rule_name(f->rule), *confidence = confidence_name(f->confidence);
	struct buf amount = {0};

	put_amount(f, &amount);
	size_t start = INDENT + h->rule + h->confidence + 6 + text_width(amount.p, amount.n) + 2;
	if (alone && r->opt->width > start + 8) {
		struct buf about = {0};
		finding_about(&about, r, f, r->opt->width - start - 8);
		if (about.n) {
			buf_lit(&amount, "  ");
			buf_bytes(&amount, about.p, about.n);
		}
		buf_free(&about);
	}
	buf_u64(out, number);
	buf_fill(out, ' ', number < 10 ? 2 : 1);
	text_style(out, r, STYLE_BOLD);
	buf_str(out, rule);
	text_style_end(out, r, STYLE_BOLD);
	buf_fill(out, ' ', h->rule - strlen(rule) + 3);
	text_style(out, r, confidence_style[f->confidence]);
	buf_str(out, confidence);
	text_style_end(out, r, confidence_style[f->confidence]);
	buf_fill(out, ' ', h->confidence - strlen(confidence) + 3);
	buf_bytes(out, amount.p, amount.n);
	size_t used = INDENT + h->rule + h->confidence + 6 + text_width(amount.p, amount.n);
	buf_fill(out, ' ', r->opt->width > used + 8 ? r->opt->width - used - 6 : 2);
	text_style(out, r, STYLE_DIM);
	buf_bytes(out, f->signature, 6);
	text_style_end(out, r, STYLE_DIM);
	buf_char(out, '\n');
	buf_free(&amount);
}

static size_t columns(const struct report *r, size_t indent)
{
	return r->opt->width > indent + FOLD_MIN ? r->opt->width - indent : FOLD_MIN;
}

static void put_label(struct report *r, const char *label, struct buf *out)
{
	size_t n = strlen(label);

	buf_fill(out, ' ', INDENT);
	text_style(out, r, STYLE_DIM);
	buf_str(out, label);
	text_style_end(out, r, STYLE_DIM);
	buf_fill(out, ' ', n < LABEL_COLUMNS ? LABEL_COLUMNS - n : 1);
}

static void labelled(struct report *r, const char *label, const struct phrase *text,
		     struct buf *out)
{
	size_t indent = INDENT + LABEL_COLUMNS;

	put_label(r, label, out);
	phrase_fold(out, text, 0, indent, columns(r, indent), true);
	buf_char(out, '\n');
}

static void put_also(const struct finding *f, struct phrase *out)
{
	for (unsigned rule = 0; rule < RULES; rule++) {
		if (!(f->also >> rule & 1))
			continue;
		phrase_item(out);
		buf_str(&out->text, finding_rule_name(rule));
	}
}

/* For a shell each is a line, which is not folded: what is folded cannot be pasted. */
static void put_next(struct report *r, const struct finding *f, struct buf *out)
{
	struct phrase text = {0};

	for (size_t i = 0; i < f->next.n; i++) {
		if (r->opt->target) {
			put_label(r, i ? "" : "next", out);
			finding_command(out, &f->next.v[i], r->opt->target);
			buf_char(out, '\n');
		} else {
			phrase_item(&text);
			finding_command(&text.text, &f->next.v[i], NULL);
		}
	}
	if (text.text.n)
		labelled(r, "next", &text, out);
	phrase_free(&text);
}

static void below(struct report *r, const struct finding *f, struct buf *out)
{
	struct phrase text = {0};

	finding_summary(&text.text, r, f);
	buf_fill(out, ' ', INDENT);
	phrase_fold(out, &text, 0, INDENT, columns(r, INDENT), true);
	buf_char(out, '\n');
	for (size_t i = 0; i < f->evidence.n; i++) {
		phrase_clear(&text);
		finding_text(&text, r, f, &f->evidence.v[i]);
		if (text.text.n)
			labelled(r, finding_label(f, i), &text, out);
	}
	phrase_clear(&text);
	put_also(f, &text);
	if (text.text.n)
		labelled(r, "also", &text, out);
	phrase_free(&text);
	put_next(r, f, out);
}

static size_t count_lines(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->p[i] == '\n';
	return n;
}

static size_t longer(size_t a, const char *s)
{
	size_t n = strlen(s);

	return n > a ? n : a;
}

static struct heads measure(const struct findings *f, size_t n)
{
	struct heads h = {0};

	for (size_t i = 0; i < n; i++) {
		h.rule = longer(h.rule, finding_rule_name(f->list.v[i].rule));
		h.confidence = longer(h.confidence, confidence_name(f->list.v[i].confidence));
	}
	return h;
}

/* Findings in full while they fit, then first lines alone; @return how many were written in some
 * way. */
static size_t page(struct report *r, const struct findings *f, size_t n)
{
	int64_t limit = r->opt->limit;
	struct heads h = measure(f, n);
	size_t lines = 0, i = 0;
	bool full = true;

	for (; i < n; i++) {
		if (limit > 0 && i >= (size_t)limit)
			break;
		struct buf text = {0};
		first_line(r, &f->list.v[i], &h, i + 1, false, &text);
		below(r, &f->list.v[i], &text);
		if (limit < 0) {
			size_t rest =
				n - i -
				1; // the others want a line each, as long as there is room for them
			full = full && (!i || lines + count_lines(&text) + (rest < 4 ? rest : 4) <=
						      PAGE_LINES);
			if (!full && lines >= PAGE_LINES) {
				buf_free(&text);
				break;
			}
			if (!full) {
				text.n = 0;
				first_line(r, &f->list.v[i], &h, i + 1, true, &text);
			}
		}
		lines += count_lines(&text);
		buf_bytes(&r->out, text.p, text.n);
		buf_free(&text);
	}
	if (i < n)
		text_more(&r->out, n - i, NULL);
	return i;
}

/* "2 suspects. Known to be harmless: 3 net/http accept loops. Info: 4 (--min-confidence info)" */
static void footer(struct report *r, const struct findings *f, size_t shown, const char *what)
{
	struct phrase phrase = {0};
	struct buf *line = &phrase.text;
	size_t hidden = f->list.n - shown, infos = 0;

	for (size_t i = shown; i < f->list.n; i++)
		infos += f->list.v[i].confidence == CONF_INFO;
	size_t sure = 0;
	while (sure < shown && f->list.v[sure].confidence > CONF_INFO)
		sure++;
	if (sure)
		text_plural(line, sure, what);
	else
		buf_printf(line, "no %ss", what);
	if (shown > sure)
		buf_printf(line, ", %zu worth knowing", shown - sure);
	buf_str(line, !sure && f->healthy_unknown
			      ? " found, but not all of the target could be looked at."
			      : ".");
	if (f->quiet.n) {
		buf_lit(line, " Known to be harmless: ");
		for (size_t i = 0; i < f->quiet.n; i++) {
			buf_str(line, i ? ", " : "");
			text_plural(line, f->quiet.v[i].count, f->quiet.v[i].what);
		}
		buf_char(line, '.');
	}
	if (hidden > infos) {
		buf_lit(line, " Less certain: ");
		text_count(line, hidden - infos);
		buf_lit(line, " (--min-confidence possible).");
	}
	if (infos) {
		buf_lit(line, " Info: ");
		text_count(line, infos);
		buf_lit(line, " (--min-confidence info)");
	}
	phrase_fold(&r->out, &phrase, 0, 0, columns(r, 0), true);
	buf_char(&r->out, '\n');
	phrase_free(&phrase);
}

/* ---- JSON ---- */

static void json_summary(struct report *r, struct rec *w, const struct finding *f)
{
	struct buf text = {0};

	finding_summary(&text, r, f);
	rec_buf(w, REC_finding_summary, true, &text);
	buf_free(&text);
}

/* "like: Background.WithCancel" */
static void json_evidence(struct report *r, struct rec *w, const struct finding *f)
{
	struct phrase text = {0};
	struct buf line = {0};

	rec_list(w, REC_finding_evidence);
	for (size_t i = 0, n = 0; i < f->evidence.n; i++) {
		phrase_clear(&text);
		finding_text(&text, r, f, &f->evidence.v[i]);
		if (!text.text.n)
			continue;
		line.n = 0;
		buf_str(&line, finding_label_json(f, i));
		buf_lit(&line, ": ");
		buf_bytes(&line, text.text.p, text.text.n);
		rec_item_buf(w->out, !n++, &line);
	}
	rec_list_end(w, REC_finding_evidence);
	buf_free(&line);
	phrase_free(&text);
}

static void json_next(struct rec *w, const struct finding *f)
{
	struct buf line = {0};

	rec_list(w, REC_finding_next);
	for (size_t i = 0; i < f->next.n; i++) {
		line.n = 0;
		finding_command(&line, &f->next.v[i], NULL); // the header has the target
		rec_item_buf(w->out, !i, &line);
	}
	rec_list_end(w, REC_finding_next);
	buf_free(&line);
}

static void json_also(struct rec *w, const struct finding *f)
{
	struct buf name = {0};
	bool first = true;

	rec_list(w, REC_finding_also);
	for (unsigned rule = 0; rule < RULES; rule++) {
		if (!(f->also >> rule & 1))
			continue;
		name.n = 0;
		buf_str(&name, finding_rule_name(rule));
		rec_item_buf(w->out, first, &name);
		first = false;
	}
	rec_list_end(w, REC_finding_also);
	buf_free(&name);
}

static void json_locations(const struct model *m, struct rec *w, const struct finding *f)
{
	static const char *const roles[PLACE_ROLES] = {
		[PLACE_WAITS] = "waits",     [PLACE_STARTED] = "started", [PLACE_HOLDS] = "holds",
		[PLACE_CANCELS] = "cancels", [PLACE_MADE] = "made",
	};
	static const char *const sources[SOURCES] = {
		[SOURCE_STACK] = "stack", [SOURCE_PROFILE] = "profile", [SOURCE_CALL] = "call"};

	rec_list(w, REC_finding_locations);
	for (size_t i = 0; i < f->locations.n; i++) {
		const struct location *at = &f->locations.v[i];
		const struct frame *frame = model_frame(m, at->frame);
		struct rec part = rec_part(w->out, REC_location, !i);
		rec_word(&part, REC_location_role, roles[at->role]);
		rec_text(&part, REC_location_func, frame ? frame->func : NULL);
		rec_text(&part, REC_location_file, frame ? frame->file : NULL);
		rec_i64_if(&part, REC_location_line, frame && frame->file, frame ? frame->line : 0);
		rec_u64(&part, REC_location_count, at->count);
		rec_word(&part, REC_location_source, sources[at->source]);
		rec_part_end(&part);
	}
	rec_list_end(w, REC_finding_locations);
}

static void json_objects(struct report *r, struct rec *w, const struct finding *f)
{
	size_t most = r->opt->limit == 0 ? SIZE_MAX : FINDING_SHOWN;

	rec_ctx(w, REC_finding_context, r->m, f->context);
	rec_list(w, REC_finding_contexts);
	for (size_t i = 0; i < f->contexts.n && i < most; i++)
		rec_item_ctx(w->out, !i, r->m, f->contexts.v[i]);
	rec_list_end(w, REC_finding_contexts);
	rec_list(w, REC_finding_goids);
	for (size_t i = 0; i < f->goroutines.n && i < most; i++)
		rec_item_u64(w->out, !i, r->m->tasks.list.v[f->goroutines.v[i]].goid);
	rec_list_end(w, REC_finding_goids);
}

static void finding_line(struct report *r, const struct finding *f)
{
	struct rec w = rec_line(&r->out, REC_finding);

	rec_text(&w, REC_finding_rule, finding_rule_name(f->rule));
	rec_word(&w, REC_finding_confidence, confidence_name(f->confidence));
	rec_text(&w, REC_finding_signature, f->signature);
	json_summary(r, &w, f);
	rec_text(&w, REC_finding_unit, finding_unit_word(f->unit));
	rec_u64(&w, REC_finding_count, f->count);
	rec_u64(&w, REC_finding_tasks, f->tasks);
	rec_u64_if(&w, REC_finding_bytes, f->bytes, f->bytes);
	json_objects(r, &w, f);
	json_evidence(r, &w, f);
	json_next(&w, f);
	json_also(&w, f);
	json_locations(r->m, &w, f);
	rec_i64_if(&w, REC_finding_oldest_ns, f->oldest_ns >= 0, f->oldest_ns);
	rec_i64_if(&w, REC_finding_newest_ns, f->newest_ns >= 0, f->newest_ns);
	rec_list(&w, REC_finding_holder);
	if (f->holder)
		hops_json(r, w.out, f->holder);
	rec_list_end(&w, REC_finding_holder);
	rec_line_end(&w);
}

static void write_json(struct report *r, const struct findings *f, size_t n)
{
	size_t limit = r->opt->limit > 0 && (uint64_t)r->opt->limit < n ? (size_t)r->opt->limit : n;

	line_header(r);
	for (size_t i = 0; i < limit; i++)
		finding_line(r, &f->list.v[i]);
	line_cut(r, n - limit, "findings");
	crowds_json(r, f);
	line_notes(r);
}

void findings_write(struct report *r, const struct findings *f, const char *what)
{
	size_t shown = 0;

	while (shown < f->list.n && f->list.v[shown].confidence >= r->opt->min_confidence)
		shown++;
	if (r->opt->fail_on >= 0 && f->list.n && f->list.v[0].confidence >= r->opt->fail_on)
		r->failed = true;
	if (r->opt->json) {
		write_json(r, f, shown);
		return;
	}
	page(r, f, shown);
	crowds_text(r, f);
	footer(r, f, shown, what);
	text_notes(r);
}
