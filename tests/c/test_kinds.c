/** @file  Which types are contexts and where they keep their parents, from sound and damaged
 * descriptors. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "context/build.h"
#include "context/build_internal.h"
#include "fake.h"

struct made {
	struct fake f;
	struct builder b;
	struct model m;
	taddr context; /* context.Context */
};

static void start(struct made *t)
{
	*t = (struct made){0};
	fake_init(&t->f, 27);
	t->context = fake_interface(&t->f, "context.Context", "context", 4);
	t->b.rt = t->m.rt = &t->f.rt;
	t->b.m = &t->m;
	VEC_PUSH(&t->m.types, (struct ctx_type){.inner = -1});
	VEC_PUSH(&t->m.types, (struct ctx_type){.inner = -1, .kind = CTX_TODO});
}

static void load(struct made *t)
{
	fake_open(&t->f);
	kinds_load(&t->b);
}

static void end(struct made *t)
{
	u64map_free(&t->b.words.map);
	u64map_free(&t->b.type_of);
	u64map_free(&t->b.includes);
	u64map_free(&t->b.by_object);
	VEC_FREE(&t->b.shapes);
	model_free(&t->m);
	fake_free(&t->f);
}

/* *T as a context; T's fields are these. */
static taddr add_struct(struct made *t, const char *name, uint64_t size, uint32_t n,
			const struct fake_field *fields)
{
	taddr st = fake_struct(&t->f, name, "main", size, n, fields);

	fake_itab(&t->f, t->context, fake_pointer(&t->f, st));
	return st;
}

static const struct ctx_type *type_of(const struct made *t, taddr object)
{
	for (size_t i = 0; i < t->m.types.n; i++)
		if (t->m.types.v[i].object == object)
			return &t->m.types.v[i];
	return NULL;
}

static void field_of(struct made *t, taddr st, uint32_t i, uint64_t off, taddr type)
{
	uint64_t list;

	memcpy(&list, fake_at(&t->f, st + 56, 8), 8);
	fake_put64(&t->f, list + i * 24 + 8, type);
	fake_put64(&t->f, list + i * 24 + 16, off);
}

static void parents(void **state)
{
	struct made t;

	(void)state;
	start(&t);
	taddr num = fake_type(&t.f, GO_INT, "int", NULL);
	taddr plain = add_struct(&t, "main.plain", 24, 2,
				 (struct fake_field[]){{"n", num, 0}, {"ctx", t.context, 8}});
	taddr deep = add_struct(&t, "main.deep", 32, 2,
				(struct fake_field[]){{"n", num, 0}, {"in", plain, 8}});
	taddr via = add_struct(
		&t, "main.via", 16, 2,
		(struct fake_field[]){{"n", num, 0}, {"to", fake_pointer(&t.f, deep), 8}});
	taddr none = add_struct(&t, "main.none", 8, 1, (struct fake_field[]){{"n", num, 0}});
	load(&t);
	assert_int_equal(type_of(&t, plain)->inner, 8);
	assert_int_equal(type_of(&t, deep)->inner, 16);
	assert_int_equal(type_of(&t, via)->inner, 8);
	assert_int_equal(type_of(&t, via)->inner_via, deep);
	assert_int_equal(type_of(&t, via)->inner_off, 16);
	assert_int_equal(type_of(&t, none)->inner, -1);
	end(&t);
}

/* A field that reaches beyond its struct is none: its offset is read in slots of the struct's
 * size. */
static void beyond(void **state)
{
	struct made t;

	(void)state;
	start(&t);
	taddr num = fake_type(&t.f, GO_INT, "int", NULL);
	taddr at_end = add_struct(&t, "main.end", 24, 2,
				  (struct fake_field[]){{"n", num, 0}, {"ctx", t.context, 8}});
	taddr half = add_struct(&t, "main.half", 24, 2,
				(struct fake_field[]){{"n", num, 0}, {"ctx", t.context, 8}});
	taddr inner = fake_struct(&t.f, "main.inner", "main", 0x7ffff000, 1,
				  (struct fake_field[]){{"ctx", t.context, 0x7fffe000}});
	taddr wrap = add_struct(&t, "main.wrap", 64, 1, (struct fake_field[]){{"in", num, 0}});
	field_of(&t, at_end, 1, 24, t.context);
	field_of(&t, half, 1, 16, t.context);
	field_of(&t, wrap, 0, 0, inner);
	load(&t);
	assert_int_equal(type_of(&t, at_end)->inner, -1);
	assert_int_equal(type_of(&t, half)->inner, -1);
	assert_int_equal(type_of(&t, wrap)->inner, -1);
	assert_int_equal(t.b.shapes.n, 0);
	end(&t);
}

/* A struct that holds itself many times at every level. */
static void holds_itself(void **state)
{
	enum { FIELDS = 1000 };
	static struct fake_field fields[FIELDS];
	struct made t;

	(void)state;
	start(&t);
	taddr num = fake_type(&t.f, GO_INT, "int", NULL);
	for (uint32_t i = 0; i < FIELDS; i++)
		fields[i] = (struct fake_field){"f", num, 0};
	taddr st = add_struct(&t, "main.ring", 64, FIELDS, fields);
	for (uint32_t i = 0; i < FIELDS; i++)
		field_of(&t, st, i, 0, st);
	load(&t);
	assert_int_equal(type_of(&t, st)->inner, -1);
	end(&t);
}

/* A cancelCtx by name, smaller than the layout says. */
static void too_small(void **state)
{
	struct made t;

	(void)state;
	start(&t);
	taddr st = fake_struct(&t.f, "context.cancelCtx", "context", 16, 1,
			       (struct fake_field[]){{"Context", t.context, 0}});
	fake_itab(&t.f, t.context, fake_pointer(&t.f, st));
	load(&t);
	assert_null(type_of(&t, st));
	assert_int_equal(t.b.shapes.n, 0);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parents),
		cmocka_unit_test(beyond),
		cmocka_unit_test(holds_itself),
		cmocka_unit_test(too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
