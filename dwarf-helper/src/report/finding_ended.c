#include "report/finding_ended.h"

#include <inttypes.h>

#include "analysis/held.h"
#include "report/words.h"

void word_wrapping(struct buf *out, const struct finding *f)
{
	buf_lit(out, "A chain of ");
	text_count(out, f->count);
	buf_lit(out, " active contexts with a Done of their own, each made on the one before");
	buf_str(out, f->claim.wrap.deferred   ? ": their CancelFuncs wait in deferred calls of one "
						"function that does not return."
		     : f->claim.wrap.of_calls ? ", as deep as the calls that made it: frames that "
						"still run use its layers."
					      : ".");
}

void word_ignoring(struct buf *out, const struct finding *f)
{
	bool one = f->count == 1;
	const char *waits = one ? "waits" : "wait";

	if (f->claim.ignores.by == HELD_FUNC) {
		buf_printf(out,
			   "%s for something else, holding the CancelFunc of a context that has "
			   "ended already.",
			   one ? "A goroutine waits" : "Goroutines wait");
		return;
	}
	buf_printf(out, "%s a context that has ended, and %s for something else",
		   one ? "A goroutine holds" : "Goroutines hold", waits);
	buf_str(out, !f->claim.ignores.listened ? " without listening to its Done."
		     : f->confidence > CONF_INFO
			     ? ": Done has told them, and they are still at it."
			     : ": Done has told them, and they are about to end.");
}

void word_held(struct phrase *out, const struct report *r, const struct evidence *e)
{
	struct buf *text = &out->text;

	buf_printf(text, " %s", ctx_state_name(r->m->ctxs.v[e->context].state));
	if (e->ns >= 0) {
		buf_char(text, ' ');
		text_duration(text, e->ns);
		buf_lit(text, " ago");
	}
	buf_str(text, e->flag ? " (the first one's)" : "");
	if (e->role != HELD_SLOT) {
		phrase_item(out);
		buf_str(text, e->role == HELD_FUNC ? "by its CancelFunc alone"
						   : "in an object of theirs");
	}
	if (e->n > 1) {
		phrase_item(out);
		text_count(text, e->n);
		buf_lit(text, " different ones");
	}
}

void word_nil_done(struct buf *text, const struct report *r, uint32_t context)
{
	const char *type = r->m->types.v[r->m->ctxs.v[context].type].name;

	buf_lit(text, "Done() of ");
	if (type)
		text_safe(text, type + (*type == '*'), strlen(type) - (*type == '*'));
	buf_printf(text, " is nil here (0x%" PRIx64 "): engine.ContextWithFallback is off",
		   r->m->ctxs.v[context].addr);
}

void word_timer(struct buf *text, const struct evidence *e)
{
	buf_lit(text, "drops them");
	if (e->ns >= 0) {
		buf_lit(text, " in ");
		text_duration(text, e->ns);
	}
	if (e->state) {
		buf_lit(text, ", calling ");
		text_safe(text, e->state, strlen(e->state));
	}
	buf_printf(text, " (armed, 0x%" PRIx64 ")", e->n);
}
