#include "analysis/leaks.h"

/* What is told first absorbs what comes later: causes before their effects. */
static leak_rule *const leak_rules[] = {
	rule_lost_cancel, rule_watcher,	       rule_stuck_task,	  rule_uncancellable_wait,
	rule_detached,	  rule_ignores_cancel, rule_accumulation, rule_afterfunc,
	rule_value_chain, rule_retained,       rule_task_pileup,  rule_subtree_cost,
};

/* "3 net/http accept loops": goroutines that wait all their life, by what they are. */
static void say_quiet(struct leaks *l)
{
	VEC(const char *) words = {0};
	VEC(uint32_t) counts = {0};
	const struct model *m = l->m;

	for (uint32_t t = 0; t < m->tasks.list.n; t++) {
		const struct task *task = &m->tasks.list.v[t];
		const char *word = l->task_told[t] || task->flags & TASK_SYSTEM ? NULL : exempt_task(m, task);
		size_t k = 0;
		if (!word)
			continue;
		while (k < words.n && words.v[k] != word)
			k++;
		if (k == words.n) {
			VEC_PUSH(&words, word);
			VEC_PUSH(&counts, 0);
		}
		counts.v[k]++;
	}
	for (size_t k = 0; k < words.n; k++) {
		struct buf text = {0};
		text_plural(&text, counts.v[k], words.v[k]);
		VEC_PUSH(&l->out->quiet, mem_strdup(buf_cstr(&text)));
		buf_free(&text);
	}
	VEC_FREE(&words);
	VEC_FREE(&counts);
}

struct err *leaks_find(struct model *m, struct reach *r, const struct leaks_options *opt, struct findings *ret)
{
	struct leaks l = {.m = m, .r = r, .opt = opt, .out = ret};

	*ret = (struct findings){0};
	struct err *err = leak_facts(&l);
	if (!err)
		err = leak_on_stack(&l);
	for (size_t k = 0; !err && k < sizeof(leak_rules) / sizeof(leak_rules[0]); k++)
		err = leak_rules[k](&l);
	if (!err)
		say_quiet(&l);
	leak_facts_free(&l);
	if (err)
		findings_free(ret);
	else
		findings_sort(ret);
	return err;
}
