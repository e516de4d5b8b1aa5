#include "report/findings.h"

#include "report/lines.h"
#include "report/words.h"

#define PAGE_LINES 36	 /* of findings in full and first lines: with footer and prompt a screen of forty */
#define LABEL_COLUMNS 11 /* "held by    " */
#define INDENT 3
#define FOLD_MIN 30 /* columns that text keeps however narrow the screen is */

static const enum style confidence_style[CONFS] = {
	[CONF_POSSIBLE] = STYLE_YELLOW, [CONF_LIKELY] = STYLE_YELLOW, [CONF_CERTAIN] = STYLE_RED};

/* ---- folding ---- */

/* A text being broken into lines. */
struct fold_text {
	struct buf *out;
	size_t indent, width, at; /* columns; at: of the line under way, behind the indent */
};

static void fold_break(struct fold_text *t)
{
	buf_char(t->out, '\n');
	buf_fill(t->out, ' ', t->indent);
	t->at = 0;
}

static void fold_piece(struct fold_text *t, const char *s, size_t n)
{
	size_t w = text_width(s, n);

	if (t->at && t->at + 1 + w > t->width)
		fold_break(t);
	if (t->at) {
		buf_char(t->out, ' ');
		t->at++;
	}
	buf_bytes(t->out, s, n);
	t->at += w;
}

static void fold_words(struct fold_text *t, const char *s, size_t n)
{
	while (n) {
		const char *space = memchr(s, ' ', n);
		size_t k = space ? (size_t)(space - s) : n;
		if (k)
			fold_piece(t, s, k);
		s += k + (space != NULL);
		n -= k + (space != NULL);
	}
}

/* Lines break between items ("a × 1 · b × 2"); items that are too long for one line, between words. */
static void fold_items(struct fold_text *t, const char *s)
{
	static const char dot[] = " · ";

	while (*s) {
		const char *end = strstr(s, dot);
		size_t n = end ? (size_t)(end - s) + sizeof(dot) - 2 : strlen(s); // the dot stays with its item
		size_t w = text_width(s, n);
		if (w <= t->width)
			fold_piece(t, s, n);
		else
			fold_words(t, s, n);
		s += n + (end != NULL);
	}
}

static struct fold_text fold_start(struct report *r, struct buf *out, size_t indent)
{
	size_t width = r->opt->width > indent + FOLD_MIN ? r->opt->width - indent : FOLD_MIN;

	return (struct fold_text){.out = out, .indent = indent, .width = width};
}

/* ---- text ---- */

static void put_amount(const struct finding *f, struct buf *out)
{
	text_plural(out, f->count, f->unit);
	if (f->tasks && strcmp(f->unit, "task")) {
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
	size_t rule, confidence, amount;
};

/* What a first line that stands alone is about: the first piece of evidence that names something, without its count. */
static void put_about(const struct finding *f, size_t room, struct buf *out)
{
	static const char *const naming[] = {"tasks", "held by", "like"};

	for (size_t n = 0; n < sizeof(naming) / sizeof(naming[0]); n++) {
		for (size_t i = 0; i < f->evidence.n; i++) {
			const char *tab = strchr(f->evidence.v[i], '\t');
			size_t label = (size_t)(tab - f->evidence.v[i]);
			if (label != strlen(naming[n]) || strncmp(f->evidence.v[i], naming[n], label))
				continue;
			const char *end = strstr(tab + 1, " · "), *times = strstr(tab + 1, " × ");
			size_t len = strlen(tab + 1);
			if (end)
				len = (size_t)(end - tab - 1);
			if (times && (size_t)(times - tab - 1) < len)
				len = (size_t)(times - tab - 1);
			if (text_width(tab + 1, len) > room) // the name without its place
				len = strcspn(tab + 1, " ");
			if (text_width(tab + 1, len) > room)
				return;
			buf_bytes(out, tab + 1, len);
			return;
		}
	}
}

static void first_line(struct report *r, const struct finding *f, const struct heads *h, size_t number, bool alone,
		       struct buf *out)
{
	const char *rule = finding_rule_name(f->rule), *confidence = confidence_name(f->confidence);
	struct buf amount = {0};

	put_amount(f, &amount);
	size_t start = INDENT + h->rule + h->confidence + 6 + text_width(amount.p, amount.n) + 2;
	if (alone && r->opt->width > start + 8) {
		struct buf about = {0};
		put_about(f, r->opt->width - start - 8, &about);
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

static void labelled(struct report *r, const char *label, size_t label_n, const char *text, struct buf *out)
{
	struct fold_text t = fold_start(r, out, INDENT + LABEL_COLUMNS);

	buf_fill(out, ' ', INDENT);
	text_style(out, r, STYLE_DIM);
	buf_bytes(out, label, label_n);
	text_style_end(out, r, STYLE_DIM);
	buf_fill(out, ' ', label_n < LABEL_COLUMNS ? LABEL_COLUMNS - label_n : 1);
	fold_items(&t, text);
	buf_char(out, '\n');
}

static void put_also(const struct finding *f, struct buf *out)
{
	for (unsigned rule = 0; rule < RULES; rule++) {
		if (!(f->also >> rule & 1))
			continue;
		if (out->n)
			buf_lit(out, " · ");
		buf_str(out, finding_rule_name(rule));
	}
}

static void below(struct report *r, const struct finding *f, struct buf *out)
{
	struct fold_text t = fold_start(r, out, INDENT);
	struct buf joined = {0};

	buf_fill(out, ' ', INDENT);
	fold_words(&t, f->summary, strlen(f->summary));
	buf_char(out, '\n');
	for (size_t i = 0; i < f->evidence.n; i++) {
		const char *tab = strchr(f->evidence.v[i], '\t');
		labelled(r, f->evidence.v[i], (size_t)(tab - f->evidence.v[i]), tab + 1, out);
	}
	put_also(f, &joined);
	if (joined.n)
		labelled(r, "also", 4, buf_cstr(&joined), out);
	joined.n = 0;
	for (size_t i = 0; i < f->next.n; i++) {
		buf_str(&joined, i ? " · " : "");
		buf_str(&joined, f->next.v[i]);
	}
	if (joined.n)
		labelled(r, "next", 4, buf_cstr(&joined), out);
	buf_free(&joined);
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

/* Findings in full while they fit, then first lines alone; @return how many were written in some way. */
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
			size_t rest = n - i - 1; // the others want a line each, as long as there is room for them
			full = full && (!i || lines + count_lines(&text) + (rest < 4 ? rest : 4) <= PAGE_LINES);
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

/* "2 suspects. Quiet because known: 3 net/http accept loops. Info: 4 (--min-confidence info)" */
static void footer(struct report *r, const struct findings *f, size_t shown, const char *what)
{
	struct buf line = {0};
	struct fold_text t = fold_start(r, &r->out, 0);
	size_t hidden = f->list.n - shown, infos = 0;

	for (size_t i = shown; i < f->list.n; i++)
		infos += f->list.v[i].confidence == CONF_INFO;
	size_t sure = 0;
	while (sure < shown && f->list.v[sure].confidence > CONF_INFO)
		sure++;
	if (sure)
		text_plural(&line, sure, what);
	else
		buf_printf(&line, "no %ss", what);
	if (shown > sure)
		buf_printf(&line, ", %zu to know of", shown - sure);
	buf_str(&line, !sure && f->healthy_unknown ? " found, but not all of the target could be looked at." : ".");
	if (f->quiet.n) {
		buf_lit(&line, " Quiet because known: ");
		for (size_t i = 0; i < f->quiet.n; i++) {
			buf_str(&line, i ? ", " : "");
			buf_str(&line, f->quiet.v[i]);
		}
		buf_char(&line, '.');
	}
	if (hidden > infos) {
		buf_lit(&line, " Less sure: ");
		text_count(&line, hidden - infos);
		buf_lit(&line, " (--min-confidence possible).");
	}
	if (infos) {
		buf_lit(&line, " Info: ");
		text_count(&line, infos);
		buf_lit(&line, " (--min-confidence info)");
	}
	fold_words(&t, line.p, line.n);
	buf_char(&r->out, '\n');
	buf_free(&line);
}

/* ---- JSON ---- */

static void json_strings(struct buf *out, const char *name, char *const *v, size_t n)
{
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		buf_str(out, i ? "," : "");
		buf_json(out, v[i], strlen(v[i]));
	}
	buf_char(out, ']');
}

/* "like: Background.WithCancel" */
static void json_evidence(struct buf *out, const struct finding *f)
{
	struct buf line = {0};

	buf_lit(out, ",\"evidence\":[");
	for (size_t i = 0; i < f->evidence.n; i++) {
		const char *tab = strchr(f->evidence.v[i], '\t');
		line.n = 0;
		buf_bytes(&line, f->evidence.v[i], (size_t)(tab - f->evidence.v[i]));
		buf_lit(&line, ": ");
		buf_str(&line, tab + 1);
		buf_str(out, i ? "," : "");
		buf_json(out, line.p, line.n);
	}
	buf_char(out, ']');
	buf_free(&line);
}

static void json_also(struct buf *out, const struct finding *f)
{
	bool first = true;

	buf_lit(out, ",\"also\":[");
	for (unsigned rule = 0; rule < RULES; rule++) {
		if (!(f->also >> rule & 1))
			continue;
		buf_printf(out, "%s\"%s\"", first ? "" : ",", finding_rule_name(rule));
		first = false;
	}
	buf_char(out, ']');
}

static void finding_line(struct lines *l, const struct finding *f)
{
	struct report *r = l->r;
	struct buf *out = l->out;
	size_t most = r->opt->limit == 0 ? SIZE_MAX : FINDING_SHOWN;

	buf_lit(out, "{\"type\":\"finding\"");
	line_str(out, "rule", finding_rule_name(f->rule));
	line_str(out, "confidence", confidence_name(f->confidence));
	line_str(out, "signature", f->signature);
	line_str(out, "summary", f->summary);
	line_str(out, "unit", f->unit);
	buf_printf(out, ",\"count\":%llu,\"tasks\":%llu,\"bytes\":", (unsigned long long)f->count,
		   (unsigned long long)f->tasks);
	if (f->bytes)
		buf_u64(out, f->bytes);
	else
		buf_lit(out, "null");
	buf_lit(out, ",\"context\":");
	line_ctx_addr(l, f->context);
	buf_lit(out, ",\"contexts\":[");
	for (size_t i = 0; i < f->contexts.n && i < most; i++) {
		buf_str(out, i ? "," : "");
		line_ctx_addr(l, f->contexts.v[i]);
	}
	buf_lit(out, "],\"goids\":[");
	for (size_t i = 0; i < f->goroutines.n && i < most; i++) {
		buf_str(out, i ? "," : "");
		buf_u64(out, r->m->tasks.list.v[f->goroutines.v[i]].goid);
	}
	buf_char(out, ']');
	json_evidence(out, f);
	json_strings(out, "next", f->next.v, f->next.n);
	json_also(out, f);
	buf_lit(out, "}\n");
}

static void write_json(struct report *r, const struct findings *f, size_t n)
{
	size_t limit = r->opt->limit > 0 && (uint64_t)r->opt->limit < n ? (size_t)r->opt->limit : n;
	struct lines l;

	lines_open(&l, r);
	line_header(r);
	for (size_t i = 0; i < limit; i++)
		finding_line(&l, &f->list.v[i]);
	line_cut(r, n - limit, "findings");
	line_notes(r);
	lines_close(&l);
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
	footer(r, f, shown, what);
	text_notes(r);
}
