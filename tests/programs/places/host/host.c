/*
 * A C program that runs program places: linked with it as an archive or, with
 * -DSHARED, loaded from the shared object that GOCTX_LIBRARY names.
 */
#include <stdio.h>
#include <stdlib.h>

#ifdef SHARED
#include <dlfcn.h>

static void run(void)
{
	void *lib = dlopen(getenv("GOCTX_LIBRARY"), RTLD_NOW);
	void (*start)(void) = lib ? (void (*)(void))dlsym(lib, "goctx_run") : NULL;

	if (!start) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	start();
}
#else
extern void goctx_run(void);
#define run goctx_run
#endif

int main(void)
{
	run();
	return 0;
}
