/**
 * @file  `leaks`: what leaked, and how sure that is.
 */
#include "analysis/leaks.h"

#include "report/findings.h"

struct err *report_leaks(struct report *r)
{
	struct leaks_options opt = {.all = r->opt->limit == 0};
	struct reach reach;
	struct findings f;
	struct err *err = reach_build(r->m, &reach);

	if (err && err->kind == ERR_ABSENT)
		return err_hint(err, "goctx tree and goctx blocked need no heap");
	if (err)
		return err;
	err = leaks_find(r->m, &reach, &opt, &f);
	reach_free(&reach);
	if (err)
		return err;
	findings_write(r, &f, "suspect");
	findings_free(&f);
	return NULL;
}
