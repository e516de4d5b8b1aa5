#include "runtime/clock.h"

#define SECOND 1000000000ll
#define MAX_PS 4096
#define CLOCK_OF_FILE "the core file's date"
/* further ahead than that is damage: sysmon and the collector stamp more often */
#define CLOCK_RAISE_MAX (3600 * SECOND)
#define STAMP_MAX (1ull << 60) /* 36 years of uptime */

/* time/time.go: seconds from year 1 to 1970, and to 1885 for the compact form. */
#define INTERNAL_TO_UNIX (-62135596800ll)
#define WALL_TO_INTERNAL 59453308800ll

static void newest(int64_t *best, uint64_t stamp)
{
	if (stamp < STAMP_MAX && (int64_t)stamp > *best)
		*best = (int64_t)stamp;
}

static void newest_of_ps(struct runtime *rt, int64_t *best)
{
	const struct layout *l = &rt->L;
	taddr array, p;
	uint64_t n, v;

	if (!target_u64(rt->t, l->var[LAYOUT_VAR_allp].addr, &array) ||
	    !target_u64(rt->t, l->var[LAYOUT_VAR_allp].addr + 8, &n))
		return;
	for (uint64_t i = 0; i < n && i < MAX_PS && target_u64(rt->t, array + i * 8, &p) && p;
	     i++) {
		if (runtime_field(rt, p, l->p.schedwhen, &v))
			newest(best, v);
		if (runtime_field(rt, p, l->p.syscallwhen, &v))
			newest(best, v);
	}
}

void clock_read(struct runtime *rt, const struct tasks *ts, struct clock_now *ret)
{
	const struct layout *l = &rt->L;
	int64_t mono = 0;
	uint64_t v, gc_unix = 0, gc_mono = 0;

	*ret = (struct clock_now){.wall_ns = rt->t->taken_wall_ns,
				  .mono_ns = rt->t->taken_mono_ns,
				  .exact = true,
				  .from = "the process"};
	if (ret->mono_ns)
		return;
	if (runtime_field(rt, l->var[LAYOUT_VAR_sched].addr, l->schedt.lastpoll, &v))
		newest(&mono, v);
	newest_of_ps(rt, &mono);
	if (l->var[LAYOUT_VAR_memstats].found) {
		runtime_field(rt, l->var[LAYOUT_VAR_memstats].addr, l->mstats.last_gc_unix,
			      &gc_unix);
		runtime_field(rt, l->var[LAYOUT_VAR_memstats].addr, l->mstats.last_gc_nanotime,
			      &gc_mono);
		newest(&mono, gc_mono);
	}
	if (!mono)
		for (size_t i = 0; ts && i < ts->list.n; i++)
			newest(&mono, ts->list.v[i].waitsince);
	*ret = (struct clock_now){
		.mono_ns = mono, .wall_ns = rt->t->taken_wall_ns, .from = CLOCK_OF_FILE};
	if (gc_unix && gc_unix < (1ull << 62) && gc_mono && mono >= (int64_t)gc_mono) {
		ret->wall_ns = (int64_t)gc_unix + (mono - (int64_t)gc_mono);
		ret->from = "the runtime's clock";
	}
}

void clock_raise(struct clock_now *now, int64_t since_start_ns, int64_t start_nano)
{
	int64_t mono;

	if (!now->mono_ns || __builtin_add_overflow(since_start_ns, start_nano, &mono) ||
	    mono <= now->mono_ns || mono - now->mono_ns > CLOCK_RAISE_MAX)
		return;
	if (strcmp(now->from, CLOCK_OF_FILE) != 0)
		now->wall_ns += mono - now->mono_ns;
	now->mono_ns = mono;
}

int64_t clock_wait_ns(const struct clock_now *now, const struct task *t)
{
	if (!t->waitsince || t->waitsince >= STAMP_MAX || !now->mono_ns)
		return -1;
	int64_t waited = now->mono_ns - (int64_t)t->waitsince;
	return waited < 0 ? 0 : waited;
}

bool go_time_read(struct runtime *rt, taddr addr, struct go_time *ret)
{
	const struct layout *l = &rt->L;
	uint64_t wall, ext;

	if (!runtime_field(rt, addr, l->time.wall, &wall) ||
	    !runtime_field(rt, addr, l->time.ext, &ext))
		return false;
	*ret = (struct go_time){.nsec = (int32_t)(wall & ((1u << 30) - 1)), .mono = wall >> 63};
	if (ret->mono) {
		ret->unix_s = (int64_t)(wall << 1 >> 31) + WALL_TO_INTERNAL + INTERNAL_TO_UNIX;
		ret->mono_ns = (int64_t)ext;
	} else if (__builtin_add_overflow((int64_t)ext, INTERNAL_TO_UNIX, &ret->unix_s)) {
		return false;
	}
	if (ret->nsec >= SECOND)
		ret->nsec = SECOND - 1;
	if (__builtin_mul_overflow(ret->unix_s, SECOND, &ret->unix_ns) ||
	    __builtin_add_overflow(ret->unix_ns, ret->nsec, &ret->unix_ns))
		ret->unix_ns = ret->unix_s < 0 ? INT64_MIN : INT64_MAX;
	return true;
}
