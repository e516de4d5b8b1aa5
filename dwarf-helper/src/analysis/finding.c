#include "analysis/finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "analysis/signature.h"

static const char *const confidence_names[CONFS] = {[CONF_INFO] = "info",
						    [CONF_POSSIBLE] = "possible",
						    [CONF_LIKELY] = "likely",
						    [CONF_CERTAIN] = "certain"};

const char *confidence_name(unsigned confidence)
{
	return confidence < CONFS ? confidence_names[confidence] : NULL;
}

struct finding *finding_new(struct findings *fs, enum finding_rule rule, enum confidence confidence,
			    enum finding_unit unit)
{
	VEC_PUSH(&fs->list, (struct finding){.rule = (uint8_t)rule,
					     .confidence = (uint8_t)confidence,
					     .unit = (uint8_t)unit,
					     .oldest_ns = -1,
					     .newest_ns = -1,
					     .context = CTX_NONE});
	struct finding *f = &fs->list.v[fs->list.n - 1];
	finding_sign(f, NULL);
	return f;
}

struct evidence *finding_evidence(struct finding *f, enum evidence_kind kind)
{
	VEC_PUSH(&f->evidence,
		 (struct evidence){.kind = (uint8_t)kind, .context = CTX_NONE, .task = TASK_NONE});
	return &f->evidence.v[f->evidence.n - 1];
}

const struct evidence *finding_find(const struct finding *f, enum evidence_kind kind)
{
	for (size_t k = 0; k < f->evidence.n; k++)
		if (f->evidence.v[k].kind == kind)
			return &f->evidence.v[k];
	return NULL;
}

void finding_next(struct finding *f, enum next_command command, uint64_t about)
{
	for (size_t i = 0; i < f->next.n; i++)
		if (f->next.v[i].command == command && f->next.v[i].about == about)
			return;
	VEC_PUSH(&f->next, (struct next){.command = (uint8_t)command, .about = about});
}

void finding_sign_hash(struct finding *f, uint64_t hash)
{
	hash = sign_word(hash, finding_rule_name(f->rule));
	snprintf(f->signature, sizeof(f->signature), "%016llx", (unsigned long long)hash);
}

void finding_sign(struct finding *f, ...)
{
	uint64_t hash = SIGN_START;
	const char *word;
	va_list ap;

	va_start(ap, f);
	while ((word = va_arg(ap, const char *)))
		hash = sign_word(hash, word);
	va_end(ap);
	finding_sign_hash(f, hash);
}

static int compare(uint64_t a, uint64_t b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

/* Where two are alike in all that counts, their signatures give an order that no run changes. */
static int worst_first(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int c;

	if ((c = compare(y->confidence, x->confidence)) || (c = compare(y->bytes, x->bytes)) ||
	    (c = compare(y->count, x->count)) || (c = compare(x->rule, y->rule)))
		return c;
	return strcmp(x->signature, y->signature);
}

void findings_sort(struct findings *fs)
{
	if (fs->list.n)
		qsort(fs->list.v, fs->list.n, sizeof(*fs->list.v), worst_first);
}

static void finding_free(struct finding *f)
{
	for (size_t i = 0; i < f->evidence.n; i++) {
		VEC_FREE(&f->evidence.v[i].hanging);
		VEC_FREE(&f->evidence.v[i].keys);
		VEC_FREE(&f->evidence.v[i].chain.list);
	}
	if (f->holder)
		steps_free(f->holder);
	free(f->holder);
	VEC_FREE(&f->evidence);
	VEC_FREE(&f->next);
	VEC_FREE(&f->locations);
	VEC_FREE(&f->contexts);
	VEC_FREE(&f->goroutines);
}

void findings_free(struct findings *fs)
{
	for (size_t i = 0; i < fs->list.n; i++)
		finding_free(&fs->list.v[i]);
	VEC_FREE(&fs->list);
	VEC_FREE(&fs->quiet);
	for (size_t i = 0; i < fs->crowds.n; i++)
		VEC_FREE(&fs->crowds.v[i].members);
	VEC_FREE(&fs->crowds);
	*fs = (struct findings){0};
}
