#include "report/wait_words.h"

#include <inttypes.h>

#include "report/path.h"
#include "report/words.h"

#define CHAIN_STEPS 12 /* told of one in one sentence: the first ones and the last */

const char *wait_kind_word(uint8_t kind)
{
	static const char *const words[WAIT_KINDS] = {
		[WAIT_CHAN] = "chan",
		[WAIT_MUTEX] = "mutex",
		[WAIT_RWMUTEX_WRITE] = "rwmutex",
		[WAIT_RWMUTEX_READ] = "rwmutex",
		[WAIT_WAITGROUP] = "waitgroup",
		[WAIT_COND] = "cond",
		[WAIT_SEMAPHORE] = "semaphore",
		[WAIT_POOL] = "pool",
	};
	return words[kind];
}

void word_chan_fill(struct buf *out, uint64_t count, uint64_t size)
{
	if (!size) {
		buf_lit(out, "no buffer");
		return;
	}
	buf_str(out, count == size ? "full, " : "");
	text_count(out, count);
	buf_lit(out, " of ");
	text_count(out, size);
}

void word_wait_object(struct buf *out, taddr addr, uint8_t kind, uint64_t count, uint64_t size)
{
	static const char *const names[WAIT_KINDS] = {
		[WAIT_CHAN] = "chan",
		[WAIT_MUTEX] = "Mutex",
		[WAIT_RWMUTEX_WRITE] = "RWMutex",
		[WAIT_RWMUTEX_READ] = "RWMutex",
		[WAIT_WAITGROUP] = "WaitGroup",
		[WAIT_COND] = "Cond",
		[WAIT_SEMAPHORE] = "semaphore",
		[WAIT_POOL] = "pool",
	};

	if (!addr) {
		buf_lit(out, "what never comes");
		return;
	}
	buf_printf(out, "%s 0x%" PRIx64, names[kind], addr);
	if (kind == WAIT_CHAN || size) {
		buf_lit(out, " (");
		word_chan_fill(out, count, size);
		buf_str(out, kind == WAIT_SEMAPHORE ? " held)"
			     : kind == WAIT_POOL    ? " open)"
						    : ")");
	}
	if (kind == WAIT_RWMUTEX_READ)
		buf_lit(out, " (its readers)");
}

void word_wait_tasks(struct buf *out, const struct report *r, const struct wait_step *s)
{
	const struct task *t = &r->m->tasks.list.v[s->task];

	if (s->tasks == 1)
		buf_printf(out, "goroutine %" PRIu64, t->goid);
	else
		text_plural(out, s->tasks, "goroutine");
	buf_lit(out, ", ");
	word_task_state(out, r->m, t);
	buf_lit(out, " in ");
	path_frame(out, r->m, s->frame);
}

void word_wait_end(struct buf *out, const struct report *r, const struct wait_steps *s)
{
	const struct wait_step *last = &s->list.v[s->list.n - 1];
	const struct wait_step *back =
		s->back < s->list.n ? &s->list.v[s->back + 1 < s->list.n ? s->back + 1 : s->back]
				    : NULL;

	if (s->never)
		buf_lit(out, ", and can never go on");
	else if (back && back->task == last->task)
		buf_printf(out, ", which %s holds itself: a deadlock",
			   last->tasks == 1 ? "it" : "each of them");
	else if (back)
		buf_printf(out, ", which goroutine %" PRIu64 " holds: a deadlock",
			   r->m->tasks.list.v[back->task].goid);
	else if (last->kind == WAIT_CHAN)
		buf_lit(out, ", and nobody receives");
	else if (last->kind == WAIT_COND)
		buf_lit(out, ", and nobody signals");
}

void word_wait_chain(struct phrase *out, const struct report *r, const struct wait_steps *s)
{
	size_t n = s->list.n, skip = n > CHAIN_STEPS + 1 ? n - CHAIN_STEPS : 0;

	for (size_t k = 0; k < n; k++) {
		if (skip && k == CHAIN_STEPS - 1) {
			buf_lit(&out->text, " ← … ");
			text_count(&out->text, skip);
			buf_lit(&out->text, " more");
			k += skip;
		}
		const struct wait_step *step = &s->list.v[k];
		if (k) {
			buf_lit(&out->text, " ←");
			phrase_break(out);
			buf_char(&out->text, ' ');
			word_wait_tasks(&out->text, r, step);
		} else {
			text_count(&out->text, step->tasks);
		}
		buf_lit(&out->text, " →");
		phrase_break(out);
		buf_char(&out->text, ' ');
		word_wait_object(&out->text, step->addr, step->kind, step->count, step->size);
	}
	word_wait_end(&out->text, r, s);
}
