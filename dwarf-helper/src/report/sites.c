/**
 * @file  `sites`: the calls in the code that make contexts.
 */
#include <stdlib.h>

#include "analysis/sites_live.h"

#include "report/finding_made.h"
#include "report/lines.h"
#include "report/words.h"
#include "report/writer.h"

#define SHOWN 30    /* of the program's own, when --limit is not given */
#define PACKAGES 12 /* of others */
#define LABEL "elsewhere  "

struct row {
	uint32_t site;
	uint64_t live;
};

/* Calls of one package that is not the program's own. */
struct other {
	const char *name;
	size_t n;
	uint64_t calls, live;
	bool std;
};

struct answer {
	struct report *r;
	const struct call_sites *sites;
	struct site_count *count; /* by site */
	uint64_t contexts;
	VEC(struct row) rows; /* in the order they are told */
	VEC(struct other) others;
};

static const struct frame *frame_of(const struct answer *a, uint32_t site)
{
	return model_frame(a->r->m, a->sites->list.v[site].frame);
}

static int most_first(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	if (a->live != b->live)
		return a->live < b->live ? 1 : -1;
	return a->site < b->site ? -1 : a->site > b->site;
}

static int most_calls_first(const void *x, const void *y)
{
	const struct other *a = x, *b = y;

	if (a->live != b->live)
		return a->live < b->live ? 1 : -1;
	if (a->std != b->std)
		return a->std - b->std;
	return a->calls != b->calls ? (a->calls < b->calls ? 1 : -1)
				    : strncmp(a->name, b->name, a->n);
}

/* The program's own, then others. */
static void choose(struct answer *a, bool own)
{
	size_t from = a->rows.n;

	for (uint32_t k = 0; k < a->sites->list.n; k++)
		if (a->sites->list.v[k].own == own)
			VEC_PUSH(&a->rows, (struct row){k, a->count[k].live});
	if (a->rows.n > from)
		qsort(a->rows.v + from, a->rows.n - from, sizeof(*a->rows.v), most_first);
}

/* ---- text ---- */

static void put_rows(struct answer *a, size_t shown)
{
	static const struct column columns[] = {
		{.head = "live", .right = true},
		{.head = "calls"},
		{.head = "function", .path = true, .max = 56, .keep_tail = true},
		{.head = NULL},
	};
	struct table t;

	table_open(&t, a->r, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t k = 0; k < shown; k++) {
		const struct call_site *site = &a->sites->list.v[a->rows.v[k].site];
		if (a->rows.v[k].live)
			text_count(table_cell(&t), a->rows.v[k].live);
		else
			buf_lit(table_styled(&t, STYLE_DIM), "-");
		buf_str(table_cell(&t), word_maker(site->maker));
		word_func(table_cell(&t), a->r->m, site->frame);
		word_place(table_cell(&t), a->r->m, site->frame);
		table_row(&t);
	}
	table_close(&t);
}

static void list_others(struct answer *a)
{
	for (uint32_t k = 0; k < a->sites->list.n; k++) {
		const struct frame *f = frame_of(a, k);
		size_t n = func_package(f->func), i = 0;
		if (a->sites->list.v[k].own)
			continue;
		for (; i < a->others.n; i++)
			if (a->others.v[i].n == n && !memcmp(a->others.v[i].name, f->func, n))
				break;
		if (i == a->others.n)
			VEC_PUSH(&a->others, (struct other){f->func, n, 0, 0, f->std});
		a->others.v[i].calls++;
		a->others.v[i].live += a->count[k].live;
	}
	if (a->others.n)
		qsort(a->others.v, a->others.n, sizeof(*a->others.v), most_calls_first);
}

/* "elsewhere  net/http 9 calls, 4 live · database/sql 5 calls (--all)" */
static void put_others(struct answer *a)
{
	struct phrase text = {0};
	size_t width = a->r->opt->width > 60 ? a->r->opt->width : 60;

	list_others(a);
	for (size_t k = 0; k < a->others.n && k < PACKAGES; k++) {
		const struct other *o = &a->others.v[k];
		phrase_item(&text);
		text_safe(&text.text, o->name, o->n);
		buf_char(&text.text, ' ');
		text_plural(&text.text, o->calls, "call");
		if (!o->live)
			continue;
		buf_lit(&text.text, ", ");
		text_count(&text.text, o->live);
		buf_lit(&text.text, " live");
	}
	if (a->others.n > PACKAGES) {
		phrase_item(&text);
		text_count(&text.text, a->others.n - PACKAGES);
		buf_lit(&text.text, " more packages");
	}
	if (a->others.n) {
		buf_lit(&text.text, " (--all)");
		buf_char(&a->r->out, '\n');
		buf_lit(&a->r->out, LABEL);
		phrase_fold(&a->r->out, &text, 0, sizeof(LABEL) - 1, width - sizeof(LABEL) + 1,
			    true);
		buf_char(&a->r->out, '\n');
	}
	phrase_free(&text);
}

static void put_footer(const struct answer *a)
{
	struct buf *out = &a->r->out;
	uint64_t known = 0, own = 0;

	for (size_t k = 0; k < a->sites->list.n; k++) {
		known += a->count[k].live;
		own += a->sites->list.v[k].own;
	}
	buf_char(out, '\n');
	text_plural(out, a->sites->list.n, "call");
	buf_lit(out, " that make contexts, ");
	text_count(out, own);
	buf_lit(out, " in the program's own packages; ");
	text_count(out, known);
	buf_lit(out, " of ");
	text_plural(out, a->contexts, "live context");
	buf_str(out, a->contexts == 1 ? " is" : " are");
	buf_lit(out, " counted: one call alone is likely to have made them\n");
}

static void sites_text(struct answer *a)
{
	uint64_t limit = word_limit(a->r->opt, SHOWN);

	choose(a, true);
	if (a->r->opt->all)
		choose(a, false);
	size_t shown = a->rows.n < limit ? a->rows.n : (size_t)limit;
	put_rows(a, shown);
	if (a->rows.n > shown)
		text_more(&a->r->out, a->rows.n - shown, NULL);
	if (!a->r->opt->all)
		put_others(a);
	put_footer(a);
	text_notes(a->r);
}

/* ---- JSON ---- */

static void line_site(const struct answer *a, const struct row *row)
{
	const struct call_site *site = &a->sites->list.v[row->site];
	const struct frame *f = frame_of(a, row->site);
	struct rec w = rec_line(&a->r->out, REC_site);

	rec_text(&w, REC_site_func, f->func);
	rec_text(&w, REC_site_file, f->file);
	rec_i64_if(&w, REC_site_line, f->file, f->line);
	rec_text(&w, REC_site_calls, maker_name(site->maker));
	rec_u64(&w, REC_site_live, row->live);
	rec_u64(&w, REC_site_sampled, a->count[row->site].sampled);
	rec_bool(&w, REC_site_own, site->own);
	rec_addr(&w, REC_site_pc, site->pc);
	rec_line_end(&w);
}

static void sites_json(struct answer *a)
{
	uint64_t limit = word_limit(a->r->opt, 0);

	choose(a, true);
	choose(a, false);
	size_t shown = a->rows.n < limit ? a->rows.n : (size_t)limit;
	line_header(a->r);
	for (size_t k = 0; k < shown; k++)
		line_site(a, &a->rows.v[k]);
	line_cut(a->r, a->rows.n - shown, "sites");
	line_notes(a->r);
}

struct err *report_sites(struct report *r)
{
	struct call_sites sites;
	struct err *err = call_sites_find(r->m, &sites);

	if (err)
		return err;
	struct answer a = {.r = r,
			   .sites = &sites,
			   .count = mem_zalloc((sites.list.n + 1) * sizeof(*a.count))};
	err = sites_live(r->m, &sites, a.count, &a.contexts);
	if (!err && r->opt->json)
		sites_json(&a);
	else if (!err)
		sites_text(&a);
	VEC_FREE(&a.rows);
	VEC_FREE(&a.others);
	free(a.count);
	call_sites_free(&sites);
	return err;
}
