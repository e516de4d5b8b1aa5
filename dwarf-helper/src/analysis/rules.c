#include "analysis/rules.h"

#include <stddef.h>

static const struct {
	const char *name, *question;
} rules[RULES] = {
#define RUN(ID, id, name, question) [RULE_##ID] = {name, question},
#define WITH(ID, name, question) [RULE_##ID] = {name, question},
	LEAKS_RULES(RUN, WITH) CHECK_RULES(WITH)
#undef RUN
#undef WITH
};

const char *finding_rule_name(unsigned rule)
{
	return rule < RULES ? rules[rule].name : NULL;
}

const char *finding_rule_question(unsigned rule)
{
	return rule < RULES ? rules[rule].question : NULL;
}
