#include "report/finding_alone.h"

#include "analysis/alone.h"
#include "report/text.h"

/* What it waits on, by how it waits: runtime/runtime2.go, waitReasonStrings. */
static const char *waited_for(const struct task *t, const char *reason)
{
	static const struct {
		const char *reason, *noun;
	} nouns[] = {
		{"sync.Mutex", "mutex"},	   {"sync.RWMutex", "read-write mutex"},
		{"sync.WaitGroup", "wait group"},  {"sync.Cond", "condition variable"},
		{"semacquire", "lock or counter"},
	};

	if (t->nwaits)
		return t->nwaits > 1 ? "channels" : "channel";
	for (size_t i = 0; reason && i < sizeof(nouns) / sizeof(*nouns); i++)
		if (strncmp(reason, nouns[i].reason, strlen(nouns[i].reason)) == 0)
			return nouns[i].noun;
	return "object";
}

void words_stuck(struct buf *out, const struct report *r, const struct finding *f)
{
	const struct task *first = &r->m->tasks.list.v[f->goroutines.v[0]];
	const char *reason = task_reason(r->m->rt, first);
	bool one = f->count == 1;

	if (f->claim.stuck.on == STUCK_ON_NOTHING) {
		buf_printf(out, "%s on what never answers: %s.", one ? "It waits" : "They wait",
			   reason && strcmp(reason, "select") ? reason
							      : "select on nil channels alone");
		return;
	}
	buf_lit(out, "Nothing that can still run reaches ");
	if (f->claim.stuck.on == STUCK_ON_CONTEXT)
		buf_lit(out, "what");
	else
		buf_printf(out, "the %s", waited_for(first, reason));
	buf_printf(out, " %s on: %s never run again, and what %s stays.",
		   one ? "it waits" : "they wait", one ? "it can" : "they can",
		   one ? "it holds" : "they hold");
}

void words_only_itself(struct buf *out, const struct finding *f)
{
	if (f->claim.alone.asleep) {
		buf_lit(out, "They sleep and wake again, and nobody but themselves reaches what "
			     "they look at then: whoever should stop them does not hold it any "
			     "more.");
		return;
	}
	buf_printf(out,
		   "Nobody but these goroutines%s could end what they wait for: whoever should "
		   "cancel or close it does not hold it any more.",
		   f->claim.alone.mates ? ", several of which hang together each time,"
					: " themselves");
}

void words_unclosed(struct buf *out, const struct finding *f)
{
	static const char *const things[] = {
		[UNCLOSED_BODY] = "Response bodies were neither read to the end nor closed, and "
				  "nobody can do it any more: each keeps its connection and "
				  "net/http's goroutines.",
		[UNCLOSED_ROWS] = "Rows of database/sql (sql.Rows) were neither read to the end "
				  "nor closed, and nobody can do it any more: each keeps its "
				  "connection and a goroutine.",
		[UNCLOSED_TX] = "Transactions of database/sql (sql.Tx) were neither committed nor "
				"rolled back, and nobody can do it any more: each keeps "
				"its connection and a goroutine.",
		[UNCLOSED_STREAM] = "gRPC streams were neither read to the end nor cancelled, and "
				    "nobody can do it any more: each keeps a goroutine.",
		[UNCLOSED_CMD] = "Commands of os/exec (exec.Cmd) were started and nobody can wait "
				 "for them any more: each keeps a goroutine.",
		[UNCLOSED_SIGNALS] = "signal.NotifyContext was called again and again, and nobody "
				     "can call the stop functions any more: each keeps its "
				     "context and a goroutine until the next signal.",
	};

	buf_str(out, things[f->claim.alone.what]);
}

void words_until_exit(struct buf *out, const struct finding *f)
{
	buf_lit(out, "Goroutines wait for nothing but the end of the program");
	buf_str(out,
		f->confidence > CONF_INFO
			? ", and become more with time: whoever started them has long returned."
			: ".");
}

void words_cases(struct phrase *out, uint64_t cases)
{
	static const struct {
		uint8_t one;
		const char *words;
	} names[] = {
		{CASE_OWN_CONTEXT, "a CancelFunc that only they hold"},
		{CASE_OWN_CHANNEL, "a channel that only they reach"},
		{CASE_OWN_OBJECT, "something in objects that only they reach"},
		{CASE_PROGRAM, "the end of the program"},
		{CASE_TIMER, "themselves, when a timer wakes them"},
	};

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (cases & names[k].one) {
			phrase_item(out);
			buf_str(&out->text, names[k].words);
		}
}

/* "goids 212 to 98 114: one in 240 still lives · starters returned" */
void words_spread(struct phrase *out, const struct spread *s)
{
	struct buf *text = &out->text;

	buf_lit(text, "goids ");
	text_count(text, s->first);
	buf_lit(text, " to ");
	text_count(text, s->last);
	if (s->one_in > 1) {
		buf_lit(text, ": about one in ");
		text_count(text, s->one_in);
		buf_lit(text, " still lives");
	}
	if (!s->gone)
		return;
	phrase_item(out);
	buf_lit(text, "who started ");
	text_count(text, s->gone);
	buf_lit(text, " of them has returned");
}
