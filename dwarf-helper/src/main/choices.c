#include "main/choices.h"

#include "analysis/finding.h"
#include "analysis/journal.h"

/* By number; NULL: none with this number. */
typedef const char *word_fn(unsigned i);

static const char *kind_word(unsigned i)
{
	return i < CTX_KINDS ? ctx_kind_name((uint8_t)i) : NULL;
}

static const char *state_word(unsigned i)
{
	return i < CTX_STATES ? ctx_state_name((uint8_t)i) : NULL;
}

static const char *status_word(unsigned i)
{
	static const uint8_t known[] = {TASK_IDLE,	TASK_RUNNABLE, TASK_RUNNING,
					TASK_SYSCALL,	TASK_WAITING,  TASK_COPYSTACK,
					TASK_PREEMPTED, TASK_LEAKED,   TASK_DEADEXTRA};

	return memchr(known, (int)i, sizeof(known)) ? task_status_name((uint8_t)i) : NULL;
}

static const char *color_word(unsigned i)
{
	static const char *const word[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

	return i < sizeof(word) / sizeof(word[0]) ? word[i] : NULL;
}

static const char *sort_word(unsigned i)
{
	static const char *const word[] = {[SORT_ADDR] = "addr",
					   [SORT_CHILDREN] = "children",
					   [SORT_WAITERS] = "waiters",
					   [SORT_DEPTH] = "depth",
					   [SORT_DEADLINE] = "deadline"};

	return i < sizeof(word) / sizeof(word[0]) ? word[i] : NULL;
}

static const char *group_word(unsigned i)
{
	static const char *const word[] = {[GROUP_STACK] = "stack",
					   [GROUP_FUNC] = "func",
					   [GROUP_WAIT] = "wait",
					   [GROUP_CREATED] = "created",
					   [GROUP_CONTEXT] = "context"};

	return i < sizeof(word) / sizeof(word[0]) ? word[i] : NULL;
}

/* By rising confidence, as enum confidence. */
static const char *confidence_word(unsigned i)
{
	return i < CONFS ? confidence_name(i) : NULL;
}

static const struct {
	word_fn *word;
	bool many;
} choices[OPT_COUNT] = {
	[OPT_COLOR] = {color_word, false},	  [OPT_KIND] = {kind_word, true},
	[OPT_STATE] = {state_word, true},	  [OPT_STATUS] = {status_word, true},
	[OPT_SORT] = {sort_word, false},	  [OPT_GROUP] = {group_word, false},
	[OPT_STOP_ON] = {event_name, false},	  [OPT_MIN_CONFIDENCE] = {confidence_word, false},
	[OPT_FAIL_ON] = {confidence_word, false},
};

const char *choice_word(enum option_id o, unsigned i)
{
	return choices[o].word ? choices[o].word(i) : NULL;
}

bool choice_many(enum option_id o)
{
	return choices[o].many;
}

static struct err *no_such_word(enum option_id o, const char *s, size_t n)
{
	const struct option_info *i = &option_infos[o];

	return err_hint(err_new(ERR_USAGE, "--%s: no such word '%.*s'", i->name, (int)n, s),
			"--%s %s: %s", i->name, i->arg, i->help);
}

struct err *choice_one(enum option_id o, const char *value, int *ret)
{
	for (unsigned i = 0; i < CHOICE_NUMBERS; i++) {
		const char *word = choice_word(o, i);
		if (!word || strcmp(word, value))
			continue;
		*ret = (int)i;
		return NULL;
	}
	return no_such_word(o, value, strlen(value));
}

static bool word_is(const char *name, const char *s, size_t n)
{
	if (n == 9 && !memcmp(s, "cancelled", 9))
		return !strcmp(name, "canceled");
	if (strlen(name) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] != (s[i] == '-' ? '_' : s[i]))
			return false;
	return true;
}

struct err *choice_set(enum option_id o, const char *value, uint32_t *set_ret)
{
	uint32_t set = 0;
	const char *s = value;

	for (;;) {
		size_t n = strcspn(s, ",");
		uint32_t bit = 0;
		for (unsigned i = 0; i < CHOICE_NUMBERS && !bit; i++) {
			const char *name = choice_word(o, i);
			if (name && word_is(name, s, n))
				bit = UINT32_C(1) << i;
		}
		if (!bit)
			return no_such_word(o, s, n);
		set |= bit;
		if (!s[n])
			break;
		s += n + 1;
	}
	*set_ret = set;
	return NULL;
}
