#include "report/known.h"

#include "base/text.h"
#include "report/path.h"
#include "runtime/typed.h"

static void put_variable(struct buf *out, const struct model *m, taddr at, bool redact)
{
	struct links via = {0};
	struct buf text = {0};
	struct typed t;

	if (typed_variable(m->rt, at, &via, &t)) {
		path_links(&text, &via, redact);
		text_safe(out, text.p, text.n);
	} else {
		buf_hex(out, at);
	}
	links_free(&via);
	buf_free(&text);
}

void word_known(struct buf *out, const struct model *m, const struct known *k, bool redact)
{
	static const char *const words[] = {
		[KNOWN_OBJECT] = "interface value in object ",
		[KNOWN_VARIABLE] = "interface value in variable ",
		[KNOWN_STACK] = "interface value on the stack of task ",
		[KNOWN_MAP] = "key of the children map of ",
		[KNOWN_PARENT] = "parent word of ",
		[KNOWN_TYPED] = "a pointer of its type",
		[KNOWN_HEADER] = "the type in front of it",
		[KNOWN_CODE] = "a CancelFunc or timer that has captured it",
		[KNOWN_SELF] = "its own words (done and err agree)",
	};

	buf_str(out, words[k->by]);
	switch (k->by) {
	case KNOWN_OBJECT:
		buf_hex(out, k->object);
		break;
	case KNOWN_VARIABLE:
		put_variable(out, m, k->at, redact);
		break;
	case KNOWN_STACK:
		buf_u64(out, m->tasks.list.v[k->other].goid);
		break;
	case KNOWN_MAP:
	case KNOWN_PARENT:
		buf_hex(out, m->ctxs.v[k->other].addr);
		break;
	default:
		break;
	}
}
