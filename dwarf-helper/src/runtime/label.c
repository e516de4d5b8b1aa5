#include "runtime/label.h"

#include "runtime/gomap_walk.h"

#define LABELS_MAX 64
#define LABEL_TEXT_MAX 4096

struct labels {
	struct runtime *rt;
	label_fn *fn;
	void *arg;
	bool bad;
};

static const char *text(struct labels *l, taddr at, uint64_t *n_ret)
{
	uint64_t word[2]; /* a Go string: pointer, length */
	const char *s = NULL;

	*n_ret = 0;
	if (!target_read(l->rt->t, at, word, sizeof(word)))
		l->bad = true;
	else if (word[1]) {
		s = runtime_string(l->rt, word[0], word[1], LABEL_TEXT_MAX, n_ret, NULL);
		l->bad |= !s;
	}
	return s ? s : "";
}

static bool visit(void *arg, taddr key, taddr val)
{
	struct labels *l = arg;
	uint64_t key_n, val_n;
	const char *k = text(l, key, &key_n), *v = text(l, val, &val_n);

	if (key_n)
		l->fn(l->arg, k, key_n, v, val_n);
	return true;
}

/* *labelMap, a list of {key, value}: struct{LabelSet{list}} in 1.24, label.Set{List} since 1.26. */
static bool each_of_list(struct labels *l, taddr labels)
{
	uint64_t slice[2];

	if (!target_read(l->rt->t, labels, slice, sizeof(slice)) || slice[1] > 1u << 20)
		return false;
	for (uint64_t i = 0; i < slice[1] && i < LABELS_MAX; i++)
		visit(l, slice[0] + i * 32, slice[0] + i * 32 + 16);
	return !l->bad;
}

/* *labelMap, a map[string]string, until 1.23. */
static bool each_of_map(struct labels *l, taddr labels)
{
	struct gomap_type ty = {
		.swiss = gomap_is_swiss(&l->rt->L), .key_size = 16, .elem_size = 16};
	struct gomap_state st;
	taddr map;

	if (ty.swiss || !target_u64(l->rt->t, labels, &map))
		return false;
	ty.bucket_size = 8 + GOMAP_SLOTS * 32 + 8;
	gomap_each(l->rt, map, &ty, LABELS_MAX, visit, l, &st);
	return st.readable && !st.unreadable && !l->bad;
}

bool label_each(struct runtime *rt, taddr labels, label_fn *fn, void *arg)
{
	struct labels l = {rt, fn, arg, false};

	if (!labels)
		return true;
	return rt->L.facts.label_list ? each_of_list(&l, labels) : each_of_map(&l, labels);
}
