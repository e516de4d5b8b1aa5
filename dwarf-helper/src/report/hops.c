#include "report/hops.h"

#include <inttypes.h>

#include "report/path.h"
#include "report/words.h"
#include "report/writer.h"

static void json_root(const struct report *r, const struct steps *s, struct buf *via)
{
	if (s->task != TASK_NONE) {
		const struct task *t = &r->m->tasks.list.v[s->task];
		buf_printf(via, "task %" PRIu64 " ", t->goid);
		word_func(via, r->m, t->frame);
		buf_char(via, ' ');
		word_place(via, r->m, t->frame);
		buf_char(via, ' ');
	} else if (s->owner) {
		buf_str(via, path_root_name(s));
		buf_lit(via, " of ");
		buf_hex(via, s->owner);
		buf_char(via, ' ');
	}
}

/* Its root stands before the first one. */
static void json_step(const struct report *r, struct buf *out, const struct steps *path,
		      const struct step *s, struct buf *via)
{
	struct rec w = rec_part(out, REC_hop, s == path->list.v);
	struct buf type = {0};

	path_type(&type, &s->type);
	path_via(via, path, s, r->opt->redact);
	rec_addr(&w, REC_hop_addr, s->addr);
	rec_buf(&w, REC_hop_type, type.n, &type);
	rec_buf(&w, REC_hop_via, true, via);
	if (s->times > 1)
		rec_u64(&w, REC_hop_times, s->times);
	if (s->ctx != CTX_NONE)
		rec_word(&w, REC_hop_context, ctx_kind_name(r->m->ctxs.v[s->ctx].kind));
	rec_part_end(&w);
	buf_free(&type);
	via->n = 0;
}

void hops_json(const struct report *r, struct buf *out, const struct steps *s)
{
	struct buf via = {0};

	json_root(r, s, &via);
	for (size_t i = 0; i < s->list.n; i++)
		json_step(r, out, s, &s->list.v[i], &via);
	buf_free(&via);
}
