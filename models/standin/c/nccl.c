// A stand-in for libnccl.so.2, for processes of one machine whose GPU is the stand-in of
// cuda.c: what lies on it lies in the host's memory. It really adds up, rank by rank, in
// memory that the processes share; the unique id names the file. As NCCL does, it waits
// for ever for a process that does not come, unless another thread aborts.
//
// Built with -DWITHOUT_name, it lacks a function.

#include "standin.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OK, CUDA_ERROR, SYSTEM_ERROR, INTERNAL_ERROR, INVALID_ARGUMENT, INVALID_USAGE, REMOTE_ERROR };
enum { MOST_RANKS = 4, ROOM = 1 << 16, FLOAT32 = 7, SUM = 0 };

// As in nccl.h: by value in a call, which is what a caller without a compiler must get right.
typedef struct { char internal[128]; } unique_id;

// What the processes share.
struct shared {
	atomic_int arrived, round; // of the meeting that is going on
	float values[MOST_RANKS][ROOM];
};

struct comm {
	struct shared *shared;
	int rank, size;
	atomic_bool aborted;
};

EXPORT int ncclGetVersion(int *version) {
	*version = 23007;
	return failing("ncclGetVersion");
}

EXPORT const char *ncclGetErrorString(int code) {
	switch (code) {
	case CUDA_ERROR: return "unhandled cuda error (run with NCCL_DEBUG=INFO for details)";
	case SYSTEM_ERROR: return "unhandled system error (run with NCCL_DEBUG=INFO for details)";
	case INVALID_ARGUMENT: return "invalid argument (run with NCCL_DEBUG=WARN for details)";
	case REMOTE_ERROR: return "remote process exited or there was a network error";
	}
	return "internal error - please report this issue to the NCCL developers";
}

#ifndef WITHOUT_ncclGetLastError
EXPORT const char *ncclGetLastError(struct comm *c) {
	const char *text = getenv("STANDIN_LAST");
	return text ? text : "";
}
#endif

// fill is what the bytes of an id behind its name are, so that not one may be lost.
static char fill(const char *name, int i) { return name[i % strlen(name)] ^ i; }

EXPORT int ncclGetUniqueId(unique_id *id) {
	note("ncclGetUniqueId");
	int code = failing("ncclGetUniqueId");
	if (code) return code;
	char name[64];
	snprintf(name, sizeof name, "/dev/shm/innate-standin-%d-XXXXXX", getpid());
	int f = mkstemp(name);
	if (f < 0 || ftruncate(f, sizeof(struct shared)) || close(f)) return SYSTEM_ERROR;
	strcpy(id->internal, name);
	for (int i = strlen(name) + 1; i < 128; i++) id->internal[i] = fill(name, i);
	return OK;
}

// meet waits until all processes have come to the same place.
static bool meet(struct comm *c) {
	struct shared *s = c->shared;
	int round = s->round;
	if (atomic_fetch_add(&s->arrived, 1) == c->size - 1) {
		s->arrived = 0;
		s->round++;
		return true;
	}
	while (s->round == round) {
		if (c->aborted) return false;
		usleep(100);
	}
	return true;
}

EXPORT int ncclCommInitRank(struct comm **out, int size, unique_id id, int rank) {
	note("ncclCommInitRank rank %d of %d", rank, size);
	int code = failing("ncclCommInitRank");
	if (code) return code;
	if (rank < 0 || rank >= size || size > MOST_RANKS || !memchr(id.internal, 0, 64)) return INVALID_ARGUMENT;
	for (int i = strlen(id.internal) + 1; i < 128; i++)
		if (id.internal[i] != fill(id.internal, i)) return INVALID_ARGUMENT;
	int f = open(id.internal, O_RDWR);
	struct comm *c = calloc(1, sizeof *c);
	c->shared = f < 0 ? MAP_FAILED : mmap(NULL, sizeof *c->shared, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	if (c->shared == MAP_FAILED) return SYSTEM_ERROR;
	close(f);
	c->rank = rank, c->size = size;
	if (!meet(c)) return INTERNAL_ERROR;
	if (!rank) unlink(id.internal);
	*out = c;
	return OK;
}

EXPORT int ncclAllReduce(const float *from, float *to, size_t n, int type, int op, struct comm *c, intptr_t stream) {
	int code = failing("ncclAllReduce");
	note("ncclAllReduce %zu%s stream %ld", n, from == to ? " in place" : "", stream);
	if (code) return code;
	if (type != FLOAT32 || op != SUM) return INVALID_ARGUMENT;
	struct shared *s = c->shared;
	for (size_t k; n; from += k, to += k, n -= k) {
		k = n < ROOM ? n : ROOM;
		memcpy(s->values[c->rank], from, k * sizeof *from);
		if (!meet(c)) return INTERNAL_ERROR;
		for (size_t i = 0; i < k; i++) {
			float sum = s->values[0][i];
			for (int r = 1; r < c->size; r++) sum += s->values[r][i];
			to[i] = sum;
		}
		if (!meet(c)) return INTERNAL_ERROR;
	}
	return OK;
}

EXPORT int ncclCommGetAsyncError(struct comm *c, int *error) {
	*error = failing("asynchronous");
	return failing("ncclCommGetAsyncError");
}

// A communicator is not given back: a sum of another thread may still be at its end.
#ifndef WITHOUT_ncclCommAbort
EXPORT int ncclCommAbort(struct comm *c) {
	note("ncclCommAbort");
	c->aborted = true;
	return failing("ncclCommAbort");
}
#endif

EXPORT int ncclCommDestroy(struct comm *c) {
	note("ncclCommDestroy");
	return failing("ncclCommDestroy");
}
