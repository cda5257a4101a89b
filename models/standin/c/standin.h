// What the stand-ins have in common. STANDIN_LOG names a file that gets a line a call.
// STANDIN_FAIL lists functions that fail: cudaStreamBeginCapture=900,cudaHostAlloc=2.

#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

static void note(const char *format, ...) {
	const char *path = getenv("STANDIN_LOG");
	FILE *f = path && *path ? fopen(path, "a") : NULL;
	if (!f) return;
	va_list args;
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fputc('\n', f);
	fclose(f);
}

// failing is the code that a function shall fail with, 0 for none.
static int failing(const char *name) {
	const char *list = getenv("STANDIN_FAIL");
	size_t n = strlen(name);
	for (; list && *list; list = strchr(list, ',') ? strchr(list, ',') + 1 : "")
		if (!strncmp(list, name, n) && list[n] == '=') return atoi(list + n + 1);
	return 0;
}
