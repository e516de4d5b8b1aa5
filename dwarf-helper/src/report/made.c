#include "report/made.h"

#include <stdlib.h>

#include "report/path.h"
#include "report/text.h"
#include "report/writer.h"

#define CALLERS 3 /* that are named */

/* The frames of the stack from the place on. */
static size_t from_place(const struct report *r, struct made *made, uint32_t site, uint32_t *frames)
{
	uint32_t place = made_place(r->m, made, site);
	size_t n = heap_profile_stack(r->m->rt, &made->profile.sites.v[site], frames,
				      PROFILE_STACK),
	       first = 0;

	while (first < n && frames[first] != place)
		first++;
	memmove(frames, frames + first, (n - first) * sizeof(*frames));
	return n - first;
}

/* An estimate has no more than two digits that mean anything. */
static uint64_t rounded(uint64_t n)
{
	uint64_t unit = 1;

	while (n / unit >= 100)
		unit *= 10;
	return (n / unit + (n % unit * 2 >= unit && unit > 1)) * unit;
}

static void put_others(struct phrase *out, const struct made_others *o)
{
	phrase_item(out);
	text_plural(&out->text, o->records, "sampled object");
	buf_str(&out->text, o->records == 1 ? " of that line lives, " : " of that line live, ");
	text_size(&out->text, o->bytes);
	if (o->about > o->records) {
		phrase_item(out);
		buf_str(&out->text,
			o->records == 1 ? "it stands for about " : "they stand for about ");
		text_count(&out->text, rounded(o->about));
	}
}

bool made_text(struct phrase *out, const struct report *r, struct made *made, uint32_t site)
{
	uint32_t frames[PROFILE_STACK];
	struct made_others others;

	if (made_place(r->m, made, site) == FRAME_NONE)
		return false;
	size_t n = from_place(r, made, site, frames), named = 0;
	path_frame(&out->text, r->m, frames[0]);
	for (size_t i = 1; i < n && named < CALLERS && frames[i] != FRAME_NONE; i++) {
		if (model_frame(r->m, frames[i])->std)
			continue;
		buf_str(&out->text, named++ ? " ← " : ", called by ");
		path_frame(&out->text, r->m, frames[i]);
	}
	made_others(r->m, made, site, &others);
	put_others(out, &others);
	return true;
}

static void stack_parts(struct report *r, struct rec *w, struct made *made, uint32_t site)
{
	uint32_t frames[PROFILE_STACK];
	size_t n =
		heap_profile_stack(r->m->rt, &made->profile.sites.v[site], frames, PROFILE_STACK);

	rec_list(w, REC_made_stack);
	for (size_t i = 0; i < n; i++) {
		const struct frame *f = model_frame(r->m, frames[i]);
		struct rec part = rec_part(w->out, REC_made_frame, !i);
		rec_text(&part, REC_made_frame_func, f ? f->func : NULL);
		rec_text(&part, REC_made_frame_file, f ? f->file : NULL);
		rec_i64_if(&part, REC_made_frame_line, f, f ? f->line : 0);
		rec_part_end(&part);
	}
	rec_list_end(w, REC_made_stack);
}

void made_line(struct report *r, struct made *made, taddr addr, uint32_t site)
{
	uint32_t at = made_place(r->m, made, site);
	struct made_others others;

	if (at == FRAME_NONE)
		return;
	made_others(r->m, made, site, &others); /* may move rt->frames */
	const struct frame *place = model_frame(r->m, at);
	struct rec w = rec_line(&r->out, REC_made);
	rec_addr(&w, REC_made_addr, addr);
	rec_text(&w, REC_made_func, place->func);
	rec_text(&w, REC_made_file, place->file);
	rec_u64(&w, REC_made_line, (uint64_t)(place->line > 0 ? place->line : 0));
	stack_parts(r, &w, made, site);
	rec_u64(&w, REC_made_sampled, others.records);
	rec_u64(&w, REC_made_bytes, others.bytes);
	rec_u64_if(&w, REC_made_about, others.about, others.about);
	rec_line_end(&w);
}

uint32_t *made_places(const struct model *m, struct made *made)
{
	const struct heap_profile *p = &made->profile;
	uint32_t *place = NULL;

	for (size_t k = 0; k < p->records.n; k++) {
		uint32_t c = model_at(m, p->records.v[k].object);
		uint32_t site = c < m->ctxs.n ? made_context(m, made, c) : PROFILE_NO_SITE;
		if (site == PROFILE_NO_SITE)
			continue;
		if (!place) {
			place = mem_alloc(m->ctxs.n * sizeof(*place));
			memset(place, 0xff, m->ctxs.n * sizeof(*place));
		}
		place[c] = made_place(m, made, site);
	}
	return place;
}
