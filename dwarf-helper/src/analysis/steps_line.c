/* A path in one line: what `leaks` gives as evidence and `show` as the holder of a CancelFunc. */
#include <inttypes.h>

#include "analysis/steps.h"
#include "base/text.h"

void say_frame(const struct model *m, uint32_t frame, struct buf *out)
{
	const struct frame *f = frame < m->rt->frames.n ? &m->rt->frames.v[frame] : NULL;

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

void steps_root(const struct steps *s, struct buf *out)
{
	if (s->task < s->m->tasks.list.n) {
		const struct task *t = &s->m->tasks.list.v[s->task];
		buf_printf(out, "task %" PRIu64 " ", t->goid);
		say_frame(s->m, t->frame, out);
	} else {
		buf_str(out, s->root);
		if (s->owner)
			buf_printf(out, " of 0x%" PRIx64, s->owner);
		if (s->timer_calls) {
			buf_char(out, ' ');
			text_safe(out, s->timer_calls, strlen(s->timer_calls));
		}
	}
}

/* Without the path of the package; with --redact, without the keys of maps (`["a"]`), which may be secrets. */
static void put_short(const struct model *m, struct buf *out, const char *s)
{
	s += text_path(s, strlen(s));
	const char *open = m->redact ? strchr(s, '"') : NULL, *close = open ? strrchr(s, '"') : NULL;
	if (!open || close == open) {
		text_safe(out, s, strlen(s));
		return;
	}
	text_safe(out, s, (size_t)(open - s));
	buf_lit(out, "…");
	text_safe(out, close + 1, strlen(close + 1));
}

void steps_line(const struct steps *s, size_t most, struct buf *out)
{
	size_t n = s->list.n;

	steps_root(s, out);
	for (size_t k = 0; k < n; k++) {
		const struct step *step = &s->list.v[k];
		if (n > most && k == most / 2) {
			buf_lit(out, " → …");
			k = n - most / 2;
			step = &s->list.v[k];
		}
		buf_str(out, k || s->task != UINT32_MAX || s->owner || s->timer ? " → " : " ");
		if (step->times > 1)
			buf_printf(out, "%" PRIu64 " × ", step->times);
		put_short(s->m, out, step->via && *step->via ? step->via : "?");
	}
}
