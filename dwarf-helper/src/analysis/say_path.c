#include "analysis/leaks.h"

bool say_path(struct leaks *l, struct finding *f, taddr addr, struct said_path *ret)
{
	(void)l;
	(void)f;
	(void)addr;
	*ret = (struct said_path){0};
	return false;
}

void said_path_free(struct said_path *p)
{
	free(p->root_name);
}
