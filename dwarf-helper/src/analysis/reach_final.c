/*
 * Finalizers and cleanups.  One is called once its object is collected, so the collector follows
 * what it leads to from the start.
 *
 * But an object held only by goroutines that can never run again is never collected, and its
 * finalizer never called.  Which objects these are is known only after the marking, and the marking
 * may depend on what such a finalizer leads to.  So finalizers of objects reached from what can run
 * come first.  If the others wake a goroutine, and one of them belongs to such an object,
 * everything is marked a second time without it.
 */
#include "analysis/reach_internal.h"

bool reach_final_put_aside(struct reacher *x, const struct root *root)
{
	if (root->kind != ROOT_FINALIZER && root->kind != ROOT_CLEANUP)
		return false;
	VEC_PUSH(&x->finals, (struct reach_final){root->object, root->value});
	return true;
}

/* Mark from finalizers whose object is marked, or from all others, and take them off the list.
 * @return there were any */
static bool mark_some(struct reacher *x, bool of_marked)
{
	size_t left = 0, n = x->finals.n;

	for (size_t i = 0; i < n; i++) {
		struct reach_final f = x->finals.v[i];
		bool never = u64map_find(&x->never_final, f.object) != U64MAP_NONE;
		if (of_marked ? !mark_test(x->mk, f.object) : never)
			x->finals.v[left++] = f;
		else
			mark_addr(x->mk, f.value);
	}
	x->finals.n = left;
	return left < n;
}

bool reach_finals_mark_live(struct reacher *x)
{
	return mark_some(x, true);
}

void reach_finals_mark_rest(struct reacher *x)
{
	for (size_t i = 0; i < x->finals.n; i++)
		if (!i || x->finals.v[i].object != x->finals.v[i - 1].object)
			VEC_PUSH(&x->final_objects, x->finals.v[i].object);
	mark_some(x, false);
}

void reach_finals_mark_never(struct reacher *x)
{
	for (size_t i = 0; i < x->finals.n; i++)
		mark_addr(x->mk, x->finals.v[i].value);
}

void reach_finals_keep_unreached(struct reacher *x)
{
	size_t left = 0;

	for (size_t i = 0; i < x->final_objects.n; i++)
		if (!mark_test(x->mk, x->final_objects.v[i]))
			x->final_objects.v[left++] = x->final_objects.v[i];
	x->final_objects.n = left;
}

bool reach_finals_find_never(struct reacher *x)
{
	for (size_t i = 0; i < x->final_objects.n; i++)
		if (mark_test(x->mk, x->final_objects.v[i]))
			u64map_add(&x->never_final, x->final_objects.v[i], 0);
	return x->never_final.n > 0;
}
