#include "report/crowds.h"

#include "context/detail.h"
#include "report/finding_words.h"
#include "report/path.h"
#include "report/phrase.h"
#include "report/words.h"
#include "report/writer.h"

#define INDENT 2
#define MEMBERS_LISTED 100 /* in JSON */

static const struct task *first_task(const struct report *r, const struct crowd *c)
{
	return &r->m->tasks.list.v[c->members.v[0]];
}

static void put_age(struct buf *out, const struct crowd *c)
{
	if (c->oldest_ns < 0)
		return;
	buf_lit(out, " for ");
	text_duration(out, c->oldest_ns);
	if (c->newest_ns < c->oldest_ns) {
		buf_lit(out, ", the newest for ");
		text_duration(out, c->newest_ns);
	}
}

static void put_ends(struct phrase *out, const struct crowd *c)
{
	static const char *const by[CANCELABLES] = {
		[CANCELABLE_FUNC] = "a CancelFunc in reach",
		[CANCELABLE_TIMER] = "a deadline",
		[CANCELABLE_ABOVE] = "a context above",
		[CANCELABLE_FOREIGN] = "a type's own Done",
		[CANCELABLE_BY_WAITER] = "stuck goroutines alone",
		[CANCELABLE_NOBODY] = "nobody",
	};
	bool first = true;

	for (unsigned k = 0; k < CANCELABLES; k++) {
		if (!c->ends[k] || !by[k])
			continue;
		if (first) {
			phrase_item(out);
			buf_str(&out->text, c->contexts ? "can be ended by "
							: "their contexts can be ended by ");
		} else {
			buf_lit(&out->text, ", ");
		}
		buf_str(&out->text, by[k]);
		if (c->ends[k] < c->members.n) {
			buf_lit(&out->text, " × ");
			text_count(&out->text, c->ends[k]);
		}
		first = false;
	}
}

static void put_tasks(struct phrase *out, const struct report *r, const struct crowd *c)
{
	const struct task *t = first_task(r, c);

	path_frame(&out->text, r->m, t->frame);
	phrase_item(out);
	word_task_state(&out->text, r->m, t);
	put_age(&out->text, c);
	if (model_frame(r->m, t->created)) {
		phrase_item(out);
		buf_lit(&out->text, "started at ");
		path_frame(&out->text, r->m, t->created);
	}
	phrase_item(out);
	buf_printf(&out->text, "goids %llu to %llu", (unsigned long long)c->goid_low,
		   (unsigned long long)c->goid_high);
	put_ends(out, c);
}

static void put_contexts(struct phrase *out, const struct report *r, const struct crowd *c)
{
	uint32_t first = c->members.v[0];

	finding_chain(&out->text, r, first);
	phrase_item(out);
	buf_str(&out->text, word_state(r->m->ctxs.v[first].state));
	if (c->waited) {
		phrase_item(out);
		text_count(&out->text, c->waited);
		buf_lit(&out->text, " waited for");
	}
	put_ends(out, c);
}

static void put_facts(struct phrase *out, const struct report *r, const struct crowd *c)
{
	if (c->contexts)
		put_contexts(out, r, c);
	else
		put_tasks(out, r, c);
}

void crowds_text(struct report *r, const struct findings *f)
{
	size_t columns = r->opt->width > 2 * INDENT ? r->opt->width - 2 * INDENT : 1;

	if (f->crowds.n)
		buf_lit(&r->out, "Largest groups that no finding names:\n");
	for (size_t k = 0; k < f->crowds.n; k++) {
		const struct crowd *c = &f->crowds.v[k];
		struct phrase text = {0};
		text_plural(&text.text, c->members.n, c->contexts ? "context" : "goroutine");
		buf_lit(&text.text, "  ");
		put_facts(&text, r, c);
		buf_fill(&r->out, ' ', INDENT);
		phrase_fold(&r->out, &text, 0, 2 * INDENT, columns, true);
		buf_char(&r->out, '\n');
		phrase_free(&text);
	}
}

static void members_json(struct report *r, struct rec *w, const struct crowd *c)
{
	size_t n = c->members.n < MEMBERS_LISTED ? c->members.n : MEMBERS_LISTED;

	rec_list(w, REC_group_goids);
	for (size_t k = 0; k < n && !c->contexts; k++)
		rec_item_u64(w->out, !k, r->m->tasks.list.v[c->members.v[k]].goid);
	rec_list_end(w, REC_group_goids);
	rec_word(w, REC_group_of, c->contexts ? "contexts" : "goroutines");
	if (!c->contexts)
		return;
	rec_list(w, REC_group_contexts);
	for (size_t k = 0; k < n; k++)
		rec_item_ctx(w->out, !k, r->m, c->members.v[k]);
	rec_list_end(w, REC_group_contexts);
}

void crowds_json(struct report *r, const struct findings *f)
{
	for (size_t k = 0; k < f->crowds.n; k++) {
		const struct crowd *c = &f->crowds.v[k];
		struct rec w = rec_line(&r->out, REC_group);
		struct phrase text = {0};
		put_facts(&text, r, c);
		rec_word(&w, REC_group_by, "unnamed");
		rec_buf(&w, REC_group_key, true, &text.text);
		rec_u64(&w, REC_group_count, c->members.n);
		rec_i64_if(&w, REC_group_oldest_ns, c->oldest_ns >= 0, c->oldest_ns);
		members_json(r, &w, c);
		rec_line_end(&w);
		phrase_free(&text);
	}
}
