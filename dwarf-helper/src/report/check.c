/**
 * @file  `check`: do contexts, children maps and wait queues fit together?
 */
#include "report/findings.h"

struct err *report_check(struct report *r)
{
	struct findings found;
	struct err *err = check_find(r->m, &found);

	if (!err)
		findings_write(r, &found, "problem");
	findings_free(&found);
	return err;
}
