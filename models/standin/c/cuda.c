// A stand-in for libtorch_cuda.so and for the CUDA runtime that comes with it. Its
// GPU is the processor: tensors of device "cuda" are those of libtorch_cpu, which
// does all arithmetic. What a GPU has and a processor has not, streams, events,
// captured graphs and pinned memory, is played here, as strictly as CUDA has it:
//
//   - Work that is captured is not done. Its values are NaN until the graph is
//     launched, which does every operation anew, into the same memory.
//   - What CUDA refuses while a stream captures (waiting, copies from memory of the
//     host's that is not pinned) is refused, and ends the capture.
//
// STANDIN_TEXT is the text of libtorch's functions that fail. STANDIN_GPUS is how many
// GPUs there are, 1 without it, STANDIN_DRIVER the newest CUDA of the driver, 13000
// without it.
//
// Built with -DWITHOUT_name, it lacks a function.

#include "standin.h"

#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef void *handle;

enum { INVALID = 1, NO_MEMORY = 2, OLD_DRIVER = 35, NO_DEVICE = 100, UNSUPPORTED = 900, INVALIDATED = 901 };

// real is a function of libtorch_cpu.
static void *real(const char *name) {
	static void *cpu;
	if (!cpu) cpu = dlopen("libtorch_cpu.so", RTLD_NOW | RTLD_NOLOAD);
	void *f = cpu ? dlsym(cpu, name) : NULL;
	if (!f) {
		fprintf(stderr, "standin: libtorch_cpu has no %s\n", name);
		abort();
	}
	return f;
}
#define REAL(name, ...) ((int32_t(*)())real(name))(__VA_ARGS__)

// The text of the last error of a function of libtorch's here.
static const char *text;

static int32_t refuse(const char *why) {
	text = why;
	return 1;
}

static int32_t torch_failing(const char *name) {
	if (!failing(name)) return 0;
	note("%s fails", name);
	const char *why = getenv("STANDIN_TEXT");
	return refuse(why && *why ? why : "CUDA error: unspecified launch failure");
}

EXPORT const char *torch_exception_get_what_without_backtrace(void) {
	const char *now = text;
	text = NULL;
	return now ? now : ((const char *(*)())real("torch_exception_get_what_without_backtrace"))();
}

// Streams: 0 is the one that is there from the start.

static intptr_t current, streams;

// The capture that is going on.
static struct graph *capturing;
static intptr_t capture_stream;
static bool invalid;

static bool captures(void) { return capturing && current == capture_stream; }

// breaks ends a capture by what CUDA does not allow in one.
static int32_t breaks(const char *what) {
	if (!capturing) return 0;
	invalid = true;
	note("%s while capturing", what);
	return refuse("CUDA error: operation not permitted when stream is capturing");
}

#ifndef WITHOUT_aoti_torch_create_cuda_guard
EXPORT int32_t aoti_torch_create_cuda_guard(int32_t index, handle *out) {
	note("guard %d", index);
	*out = malloc(1);
	return torch_failing("aoti_torch_create_cuda_guard");
}
#endif

EXPORT int32_t aoti_torch_get_current_cuda_stream(int32_t index, intptr_t *out) {
	*out = current;
	return torch_failing("aoti_torch_get_current_cuda_stream");
}

EXPORT int32_t torch_get_cuda_stream_from_pool(bool high, int32_t index, intptr_t *out) {
	int32_t failed = torch_failing("torch_get_cuda_stream_from_pool");
	if (failed) return failed;
	*out = ++streams;
	note("new stream %ld", streams);
	return 0;
}

EXPORT int32_t torch_set_current_cuda_stream(intptr_t stream, int32_t index) {
	if (stream < 0 || stream > streams) return refuse("no such stream");
	note("use stream %ld", stream);
	current = stream;
	return 0;
}

EXPORT int32_t torch_cuda_stream_synchronize(intptr_t stream, int32_t index) {
	note("wait for stream %ld", stream);
	int32_t failed = torch_failing("torch_cuda_stream_synchronize");
	return failed ? failed : breaks("waiting");
}

// Graphs: nodes hold copies of the arguments, and the results of the capture, whose
// memory a launch writes.

enum kind { RAW, TENSOR, LIST, BOX };

struct argument {
	enum kind kind;
	uint64_t value; // of RAW, or a reference to a tensor
	struct argument *parts;
	int n;
};

struct node {
	const char *op, *overload; // of the dispatcher; or the name of a function
	struct argument args[48];
	double number;
	handle out[3];
	int outs;
};

struct graph {
	struct node *nodes;
	int n;
};

// made are handles made during the capture, by address: what an argument is.
static struct made {
	uint64_t at;
	enum kind kind;
	uint64_t *parts;
	int n;
} *made;
enum { MADE = 1 << 16 };

static struct made *find(uint64_t at, bool add) {
	for (uint64_t i = at * 0x9E3779B97F4A7C15u >> 48;; i = (i + 1) % MADE) {
		if (made[i].at == at) return &made[i];
		if (!made[i].at) return add ? (made[i].at = at, &made[i]) : NULL;
	}
}

static void meet(void *at, enum kind kind) {
	if (!captures()) return;
	struct made *m = find((uint64_t)at, true);
	m->kind = kind, m->n = 0;
}

static handle again(uint64_t t) {
	handle h = NULL;
	REAL("aoti_torch_new_tensor_handle", (handle)t, &h);
	return h;
}

static struct argument copied(uint64_t v) {
	struct argument a = {RAW, v};
	struct made *m = v ? find(v, false) : NULL;
	if (!m) return a;
	a.kind = m->kind;
	switch (m->kind) {
	case TENSOR:
		a.value = (uint64_t)again(v);
		break;
	case BOX:
		a.n = 1, a.parts = malloc(sizeof a);
		a.parts[0] = copied(*(uint64_t *)v);
		break;
	case LIST:
		a.n = m->n, a.parts = calloc(m->n + 1, sizeof a);
		for (int i = 0; i < m->n; i++) a.parts[i] = copied(m->parts[i]);
	default:;
	}
	return a;
}

// rebuilt is an argument that a call may consume.
static uint64_t rebuilt(const struct argument *a) {
	handle h;
	switch (a->kind) {
	case TENSOR:
		return (uint64_t)again(a->value);
	case BOX:
		REAL("torch_new_stable_ivalue", &h);
		*(uint64_t *)h = rebuilt(a->parts);
		return (uint64_t)h;
	case LIST:
		REAL("torch_new_list_reserve_size", (size_t)a->n, &h);
		for (int i = 0; i < a->n; i++) REAL("torch_list_push_back", h, rebuilt(a->parts + i));
		return (uint64_t)h;
	default:
		return a->value;
	}
}

static bool defined(handle t) {
	bool is = false;
	if (t) REAL("aoti_torch_is_defined", t, &is);
	return is;
}

// base is where the memory of a tensor begins.
static uint64_t base(handle t) {
	void *p = NULL;
	int64_t offset = 0;
	int32_t type = 0;
	REAL("aoti_torch_get_data_ptr", t, &p);
	REAL("aoti_torch_get_storage_offset", t, &offset);
	REAL("aoti_torch_get_dtype", t, &type);
	return (uint64_t)p - offset * ((size_t(*)())real("aoti_torch_dtype_element_size"))(type);
}

static bool uses(const struct argument *a, uint64_t memory) {
	if (a->kind == TENSOR) return defined((handle)a->value) && base((handle)a->value) == memory;
	for (int i = 0; i < a->n; i++)
		if (uses(a->parts + i, memory)) return true;
	return false;
}

// forget leaves no value where the capture has done work for its shapes alone.
static void forget(struct node *n) {
	for (int i = 0; i < n->outs; i++) {
		int32_t type = 0;
		if (!defined(n->out[i])) continue;
		REAL("aoti_torch_get_dtype", n->out[i], &type);
		if (type != REAL("aoti_torch_dtype_float32") && type != REAL("aoti_torch_dtype_float64") && type != REAL("aoti_torch_dtype_bfloat16")) continue;
		uint64_t memory = base(n->out[i]);
		bool view = false;
		for (int k = 0; k < 48 && !view; k++) view = uses(&n->args[k], memory);
		if (!view) ((int32_t(*)(handle, double))real("aoti_torch_cpu_fill__Scalar"))(n->out[i], NAN);
	}
}

static struct node *add(const char *op) {
	struct graph *g = capturing;
	if (g->n % 256 == 0) g->nodes = realloc(g->nodes, (g->n + 256) * sizeof *g->nodes);
	struct node *n = &g->nodes[g->n++];
	memset(n, 0, sizeof *n);
	n->op = strdup(op);
	return n;
}

static struct argument tensor(handle t) { return (struct argument){TENSOR, (uint64_t)again((uint64_t)t)}; }

// outputs is how many results an operation has.
static int outputs(const char *op) {
	static const char *three[] = {"aten::native_batch_norm", "aten::native_batch_norm_backward", "aten::native_group_norm",
		"aten::native_group_norm_backward", "aten::convolution_backward", NULL};
	static const char *two[] = {"aten::batch_norm_update_stats", "aten::_prelu_kernel_backward", NULL};
	for (int i = 0; three[i]; i++)
		if (!strcmp(op, three[i])) return 3;
	for (int i = 0; two[i]; i++)
		if (!strcmp(op, two[i])) return 2;
	return 1;
}

EXPORT int32_t torch_call_dispatcher(const char *op, const char *overload, uint64_t *stack, uint64_t version) {
	int32_t failed = torch_failing(op);
	if (failed) return failed;
	if (!captures()) return REAL("torch_call_dispatcher", op, overload, stack, version);
	if (op[strlen(op) - 1] == '_') return breaks(op); // none is needed in a graph yet
	struct node *n = add(op);
	n->overload = strdup(overload), n->outs = outputs(op);
	for (int i = 0; i < 48; i++) n->args[i] = copied(stack[i]);
	failed = REAL("torch_call_dispatcher", op, overload, stack, version);
	for (int i = 0; i < n->outs && !failed; i++)
		if (defined((handle)stack[i])) n->out[i] = again(stack[i]);
	return failed;
}

EXPORT int32_t aoti_torch_new_tensor_handle(handle t, handle *out) {
	int32_t failed = REAL("aoti_torch_new_tensor_handle", t, out);
	meet(*out, TENSOR);
	return failed;
}

EXPORT int32_t torch_new_list_reserve_size(size_t n, handle *out) {
	int32_t failed = REAL("torch_new_list_reserve_size", n, out);
	meet(*out, LIST);
	return failed;
}

EXPORT int32_t torch_list_push_back(handle list, uint64_t v) {
	if (captures()) {
		struct made *m = find((uint64_t)list, true);
		m->parts = realloc(m->parts, (m->n + 1) * sizeof v);
		m->parts[m->n++] = v;
	}
	return REAL("torch_list_push_back", list, v);
}

EXPORT int32_t torch_new_stable_ivalue(handle *out) {
	int32_t failed = REAL("torch_new_stable_ivalue", out);
	meet(*out, BOX);
	return failed;
}

// The functions with numbers in them: of one tensor or two.

typedef int32_t two_function(handle, handle, double, handle *);
typedef int32_t one_function(handle, double, double, handle *);

static int32_t of_two(const char *name, handle a, handle b, double x, handle *out) {
	int32_t failed = ((two_function *)real(name))(a, b, x, out);
	if (!failed && captures()) {
		struct node *n = add(name);
		n->args[0] = tensor(a), n->args[1] = tensor(b), n->number = x, n->outs = 1, n->out[0] = again((uint64_t)*out);
	}
	return failed;
}

static int32_t of_one(const char *name, handle a, double x, double y, handle *out) {
	int32_t failed = ((one_function *)real(name))(a, x, y, out);
	if (!failed && captures()) {
		struct node *n = add(name);
		n->args[0] = tensor(a), n->number = x, n->outs = 1, n->out[0] = again((uint64_t)*out);
	}
	return failed;
}

EXPORT int32_t aoti_torch_cuda_add_Tensor(handle a, handle b, double alpha, handle *out) {
	return of_two("aoti_torch_cpu_add_Tensor", a, b, alpha, out);
}
EXPORT int32_t aoti_torch_cuda_add_Scalar(handle a, double c, double alpha, handle *out) {
	return of_one("aoti_torch_cpu_add_Scalar", a, c, alpha, out);
}
EXPORT int32_t aoti_torch_cuda_mul_Scalar(handle a, double c, handle *out) {
	return of_one("aoti_torch_cpu_mul_Scalar", a, c, 0, out);
}
EXPORT int32_t aoti_torch_cuda_fill__Scalar(handle a, double c) {
	if (!captures()) return ((int32_t(*)(handle, double))real("aoti_torch_cpu_fill__Scalar"))(a, c);
	struct node *n = add("aoti_torch_cpu_fill__Scalar");
	n->args[0] = tensor(a), n->number = c;
	return 0;
}

EXPORT int32_t aoti_torch_copy_(handle to, handle from, int32_t later) {
	int32_t failed = torch_failing("aoti_torch_copy_");
	if (failed) return failed;
	if (!captures()) return REAL("aoti_torch_copy_", to, from, later);
	struct node *n = add("aoti_torch_copy_");
	n->args[0] = tensor(to), n->args[1] = tensor(from);
	return 0;
}

// launch does what a node stands for, into the memory of its first results.
static int32_t launch(struct node *n) {
	handle out[3] = {0};
	int32_t failed = 0;
	handle a = (handle)n->args[0].value, b = (handle)n->args[1].value;
	if (n->overload) {
		uint64_t stack[48];
		for (int i = 0; i < 48; i++) stack[i] = rebuilt(&n->args[i]);
		failed = REAL("torch_call_dispatcher", n->op, n->overload, stack, (uint64_t)2 << 56 | (uint64_t)15 << 48);
		for (int i = 0; i < n->outs; i++) out[i] = (handle)stack[i];
	} else if (!strcmp(n->op, "aoti_torch_copy_")) {
		return REAL("aoti_torch_copy_", a, b, 0);
	} else if (!strcmp(n->op, "aoti_torch_cpu_fill__Scalar")) {
		return ((int32_t(*)(handle, double))real(n->op))(a, n->number);
	} else if (b) {
		failed = ((two_function *)real(n->op))(a, b, n->number, out);
	} else {
		failed = ((one_function *)real(n->op))(a, n->number, 1, out);
	}
	for (int i = 0; i < n->outs && !failed; i++) {
		if (n->out[i]) REAL("aoti_torch_copy_", n->out[i], out[i], 0);
		if (out[i]) REAL("aoti_torch_delete_tensor_object", out[i]);
	}
	return failed;
}

// Values and memory of the host's.

EXPORT int32_t aoti_torch_device_type_cuda(void) { return REAL("aoti_torch_device_type_cpu"); }

EXPORT int32_t aoti_torch_empty_strided(int64_t n, const int64_t *sizes, const int64_t *strides, int32_t type, int32_t device, int32_t index, handle *out) {
	int32_t failed = torch_failing("aoti_torch_empty_strided");
	return failed ? failed : REAL("aoti_torch_empty_strided", n, sizes, strides, type, device, 0, out);
}

EXPORT int32_t aoti_torch_create_tensor_from_blob(void *p, int64_t n, const int64_t *sizes, const int64_t *strides, int64_t offset, int32_t type, int32_t device, int32_t index, handle *out) {
	int32_t failed = breaks("a copy of pageable memory");
	return failed ? failed : REAL("aoti_torch_create_tensor_from_blob", p, n, sizes, strides, offset, type, device, index, out);
}

EXPORT int32_t aoti_torch_item_float64(handle t, double *out) {
	int32_t failed = breaks("reading a value");
	return failed ? failed : REAL("aoti_torch_item_float64", t, out);
}

EXPORT int32_t aoti_torch_item_int64(handle t, int64_t *out) {
	int32_t failed = breaks("reading a value");
	return failed ? failed : REAL("aoti_torch_item_int64", t, out);
}

// The CUDA runtime.

static int code(const char *name) {
	int c = failing(name);
	if (c) note("%s fails", name);
	return c;
}

EXPORT int cudaGetDeviceCount(int *n) {
	const char *gpus = getenv("STANDIN_GPUS");
	*n = gpus && *gpus ? atoi(gpus) : 1;
	int c = code("cudaGetDeviceCount");
	return c ? c : *n ? 0 : NO_DEVICE;
}

EXPORT int cudaDriverGetVersion(int *v) {
	const char *driver = getenv("STANDIN_DRIVER");
	*v = driver && *driver ? atoi(driver) : 13000;
	return code("cudaDriverGetVersion");
}

EXPORT int cudaRuntimeGetVersion(int *v) {
	*v = 13000;
	return code("cudaRuntimeGetVersion");
}

EXPORT const char *cudaGetErrorString(int c) {
	switch (c) {
	case NO_MEMORY: return "out of memory";
	case OLD_DRIVER: return "CUDA driver version is insufficient for CUDA runtime version";
	case NO_DEVICE: return "no CUDA-capable device is detected";
	case UNSUPPORTED: return "operation not permitted when stream is capturing";
	case INVALIDATED: return "operation failed due to a previous error during capture";
	}
	return "invalid argument";
}

EXPORT int cudaGetLastError(void) {
	note("cudaGetLastError");
	return 0;
}

EXPORT int cudaSetDevice(int index) {
	note("set device %d", index);
	return code("cudaSetDevice");
}

EXPORT int cudaMemGetInfo(size_t *unused, size_t *all) {
	*unused = (size_t)60 << 30, *all = (size_t)80 << 30;
	return code("cudaMemGetInfo");
}

EXPORT int cudaHostAlloc(void **p, size_t n, unsigned flags) {
	int c = code("cudaHostAlloc");
	if (c) return c;
	note("cudaHostAlloc %zu", n);
	return posix_memalign(p, 4096, n ? n : 1) ? NO_MEMORY : 0;
}

EXPORT int cudaFreeHost(void *p) {
	note("cudaFreeHost");
	free(p);
	return code("cudaFreeHost");
}

EXPORT int cudaMemcpyAsync(void *to, const void *from, size_t n, int kind, intptr_t stream) {
	note("cudaMemcpyAsync %zu stream %ld", n, stream);
	int c = code("cudaMemcpyAsync");
	if (!c) memcpy(to, from, n);
	return c;
}

static intptr_t events;

EXPORT int cudaEventCreateWithFlags(intptr_t *e, unsigned flags) {
	int c = code("cudaEventCreateWithFlags");
	if (!c) *e = ++events;
	return c;
}
EXPORT int cudaEventDestroy(intptr_t e) {
	note("event %ld destroyed", e);
	return 0;
}
EXPORT int cudaEventRecord(intptr_t e, intptr_t stream) {
	note("event %ld on stream %ld", e, stream);
	return code("cudaEventRecord");
}
EXPORT int cudaEventSynchronize(intptr_t e) {
	note("wait for event %ld", e);
	int c = code("cudaEventSynchronize");
	return c ? c : breaks("waiting") ? UNSUPPORTED : 0;
}
EXPORT int cudaStreamWaitEvent(intptr_t stream, intptr_t e, unsigned flags) {
	note("stream %ld waits for event %ld", stream, e);
	return code("cudaStreamWaitEvent");
}

EXPORT int cudaStreamBeginCapture(intptr_t stream, int mode) {
	int c = code("cudaStreamBeginCapture");
	if (c) return c;
	if (!stream || capturing) return UNSUPPORTED; // as CUDA has it of the first stream
	note("capture stream %ld", stream);
	if (!made) made = calloc(MADE, sizeof *made);
	memset(made, 0, MADE * sizeof *made);
	capturing = calloc(1, sizeof *capturing), capture_stream = stream, invalid = false;
	return 0;
}

EXPORT int cudaStreamEndCapture(intptr_t stream, struct graph **out) {
	int c = code("cudaStreamEndCapture");
	struct graph *g = capturing;
	capturing = NULL, *out = NULL;
	if (!g) return INVALID;
	note("captured stream %ld", stream);
	for (int i = 0; i < g->n; i++) forget(&g->nodes[i]);
	if (c || invalid) return c ? c : INVALIDATED;
	*out = g;
	return 0;
}

EXPORT int cudaGraphInstantiateWithFlags(struct graph **exec, struct graph *g, unsigned long long flags) {
	int c = code("cudaGraphInstantiateWithFlags");
	note("instantiate");
	*exec = g;
	return c;
}

EXPORT int cudaGraphDestroy(struct graph *g) { return code("cudaGraphDestroy"); }

static void drop(struct argument *a) {
	if (a->kind == TENSOR) REAL("aoti_torch_delete_tensor_object", (handle)a->value);
	for (int i = 0; i < a->n; i++) drop(a->parts + i);
	free(a->parts);
}

EXPORT int cudaGraphExecDestroy(struct graph *g) {
	note("graph destroyed");
	for (int i = 0; i < g->n; i++) {
		for (int k = 0; k < 48; k++) drop(&g->nodes[i].args[k]);
		for (int k = 0; k < 3; k++)
			if (g->nodes[i].out[k]) REAL("aoti_torch_delete_tensor_object", g->nodes[i].out[k]);
	}
	free(g->nodes);
	free(g);
	return code("cudaGraphExecDestroy");
}

EXPORT int cudaGraphLaunch(struct graph *g, intptr_t stream) {
	int c = code("cudaGraphLaunch");
	if (c) return c;
	note("launch stream %ld", stream);
	for (int i = 0; i < g->n && !c; i++) c = launch(&g->nodes[i]) ? INVALID : 0;
	return c;
}
