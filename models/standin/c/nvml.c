// A stand-in for libnvidia-ml.so.1: two GPUs, of which the second reports little.
// Built with -DWITHOUT_name, it lacks a function.

#include "standin.h"

#include <stdint.h>

enum { OK, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, NO_DRIVER = 9 };
typedef intptr_t device; // 1 + index

static int started;

static int call(const char *name) {
	note("%s", name);
	int code = failing(name);
	return code ? code : started ? OK : UNINITIALIZED;
}

EXPORT int nvmlInit_v2(void) {
	started = 1;
	return call("nvmlInit_v2");
}

EXPORT const char *nvmlErrorString(int code) {
	switch (code) {
	case UNINITIALIZED: return "Uninitialized";
	case NOT_FOUND: return "Not Found";
	case NO_DRIVER: return "Driver Not Loaded";
	}
	return "Unknown Error";
}

#ifndef WITHOUT_nvmlDeviceGetCount_v2
EXPORT int nvmlDeviceGetCount_v2(unsigned *n) {
	*n = 2;
	return call("nvmlDeviceGetCount_v2");
}
#endif

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned i, device *d) {
	*d = i + 1;
	return call("nvmlDeviceGetHandleByIndex_v2");
}

EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, device *d) {
	int c = call("nvmlDeviceGetHandleByPciBusId_v2");
	if (c) return c;
	if (strcmp(bus, "0000:65:00.0")) return NOT_FOUND;
	*d = 1;
	return OK;
}

EXPORT int nvmlDeviceGetIndex(device d, unsigned *i) {
	*i = d - 1;
	return call("nvmlDeviceGetIndex");
}

EXPORT int nvmlDeviceGetName(device d, char *text, unsigned room) {
	snprintf(text, room, d == 1 ? "NVIDIA H100 80GB HBM3" : "Tesla K20c");
	return call("nvmlDeviceGetName");
}

EXPORT int nvmlDeviceGetUtilizationRates(device d, unsigned *rates) {
	if (d != 1) return NOT_SUPPORTED;
	rates[0] = 87, rates[1] = 40;
	return call("nvmlDeviceGetUtilizationRates");
}

EXPORT int nvmlDeviceGetMemoryInfo(device d, unsigned long long *m) {
	m[0] = 85520809984ull, m[1] = 42520809984ull, m[2] = 43000000000ull;
	return call("nvmlDeviceGetMemoryInfo");
}

EXPORT int nvmlDeviceGetTemperature(device d, int sensor, unsigned *v) {
	if (sensor != 0) return INVALID;
	*v = 63;
	return call("nvmlDeviceGetTemperature");
}

EXPORT int nvmlDeviceGetPowerUsage(device d, unsigned *milliwatts) {
	if (d != 1) return NOT_SUPPORTED;
	*milliwatts = 320510;
	return call("nvmlDeviceGetPowerUsage");
}

EXPORT int nvmlDeviceGetClockInfo(device d, int clock, unsigned *mhz) {
	if (clock != 1) return INVALID;
	*mhz = 1755;
	return call("nvmlDeviceGetClockInfo");
}

#ifndef WITHOUT_nvmlDeviceGetMaxClockInfo
EXPORT int nvmlDeviceGetMaxClockInfo(device d, int clock, unsigned *mhz) {
	if (clock != 1) return INVALID;
	*mhz = 1980;
	return call("nvmlDeviceGetMaxClockInfo");
}
#endif
