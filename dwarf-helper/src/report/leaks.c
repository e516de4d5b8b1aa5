/**
 * @file  `leaks`: what leaked, and how sure that is.
 */
#include "analysis/leaks.h"

#include "report/findings.h"

/* Gives the first damage as the reason: later damage mostly follows from it. */
static struct err *without_heap(const struct report *r, struct err *err)
{
	const struct notes *notes = model_notes(r->m);

	for (size_t i = 0; i < notes->list.n; i++)
		if (notes->list.v[i].level == NOTE_DAMAGE)
			return err_hint(err, "%s; goctx info lists what could be read",
					notes->list.v[i].text);
	return err_hint(err, "goctx tree and goctx blocked need no heap");
}

struct err *report_leaks(struct report *r)
{
	struct reach reach;
	struct findings f;
	struct err *err = reach_build(r->m, &reach);

	if (err && err->kind == ERR_ABSENT)
		return without_heap(r, err);
	if (err)
		return err;
	err = leaks_find(r->m, &reach, &f);
	reach_free(&reach);
	if (err)
		return err;
	findings_write(r, &f, "suspect");
	findings_free(&f);
	return NULL;
}
