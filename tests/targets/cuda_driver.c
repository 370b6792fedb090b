/* What stands for NVIDIA's driver where there is none: memory is the host's, launches are written down. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

typedef struct {
    uint64_t function, stream;
    unsigned blocks, threads, shared;
    int64_t first; /* the first parameter, as an integer */
} launch;

launch launches[MOST];
typedef struct {
    int64_t launched; /* before it was recorded */
    uint64_t stream;
} event;
typedef struct {
    uint64_t stream, other;
    int64_t launched; /* before the stream was told to wait */
} order;
order orders[MOST];
int ordered = 0, events = 0;
int launched = 0, waited = 0, current = 0, refuses = 0, shares = 0;

int cuInit(unsigned flags) { return flags; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGet(int *device, int number) { *device = number; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)(intptr_t)(77 + device); return 0; }
int cuCtxSetCurrent(void *context) { current = (int)(intptr_t)context; return 0; }
int cuCtxGetCurrent(void **context) { *context = (void *)(intptr_t)current; return 0; }
int cuCtxGetDevice(int *device) { *device = 0; return 0; }
int cuCtxSynchronize(void) { waited++; return refuses; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 97 ? 232448 : attribute + device;
    return 0;
}
int cuDeviceGetName(char *name, int size, int device) { (void)device; strncpy(name, "a device", size); return 0; }
int cuDeviceTotalMem_v2(size_t *count, int device) { (void)device; *count = (size_t)1 << 33; return 0; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }

int cuModuleLoadDataEx(void **module, const void *text, unsigned count, int *options, void **values) {
    if (strncmp(text, "wrong", 5) == 0) {
        strcpy(values[0], "ptxas fatal: line 1");
        return count == 2 && options[0] == 5 ? 218 : 1;
    }
    *module = (void *)text;
    return 0;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
    (void)module;
    *function = (void *)(intptr_t)(name[5] - '0'); /* step_1, step_2 */
    return 0;
}

int cuMemAllocAsync(uint64_t *pointer, size_t count, void *stream) {
    (void)stream;
    *pointer = (uint64_t)(uintptr_t)aligned_alloc(256, (count + 255) / 256 * 256);
    return 0;
}
int cuMemFreeAsync(uint64_t pointer, void *stream) { (void)stream; free((void *)(uintptr_t)pointer); return 0; }
int cuMemsetD8Async(uint64_t pointer, unsigned char value, size_t count, void *stream) {
    (void)stream;
    memset((void *)(uintptr_t)pointer, value, count);
    return 0;
}
int cuMemcpyDtoDAsync_v2(uint64_t goal, uint64_t source, size_t count, void *stream) {
    (void)stream;
    memcpy((void *)(uintptr_t)goal, (void *)(uintptr_t)source, count);
    return 0;
}
int cuMemcpyHtoD_v2(uint64_t goal, const void *source, size_t count) {
    memcpy((void *)(uintptr_t)goal, source, count);
    return 0;
}
int cuMemcpyDtoHAsync_v2(void *goal, uint64_t source, size_t count, void *stream) {
    (void)stream;
    memcpy(goal, (void *)(uintptr_t)source, count);
    return 0;
}
int elsewhere = 0;
int cuPointerGetAttribute(void *data, int attribute, uint64_t pointer) {
    *(int *)data = elsewhere;
    return attribute != 9 || pointer == 0;
}
int cuStreamSynchronize(void *stream) { (void)stream; waited++; return 0; }

int cuEventCreate(void **made, unsigned flags) {
    events++;
    *made = malloc(sizeof(event));
    return flags & ~2u ? 1 : 0;
}
int cuEventRecord(void *one, void *stream) {
    event *recorded = one;
    recorded->launched = launched;
    recorded->stream = (uint64_t)(uintptr_t)stream;
    return 0;
}
int cuEventSynchronize(void *one) { (void)one; waited++; return 0; }
int cuEventDestroy_v2(void *one) { events--; free(one); return 0; }
int cuStreamWaitEvent(void *stream, void *one, unsigned flags) {
    const event *recorded = one;
    orders[ordered++ % MOST] = (order){(uint64_t)(uintptr_t)stream, recorded->stream, launched};
    return flags;
}
int cuEventElapsedTime(float *milliseconds, void *first, void *last) {
    *milliseconds = (float)(((event *)last)->launched - ((event *)first)->launched);
    if (*milliseconds == 0) *milliseconds = 0.5f; /* a copy is no launch */
    return 0;
}
int cuFuncSetAttribute(void *function, int attribute, int value) {
    (void)function;
    shares = value;
    return attribute == 8 && value > 0 && value <= 232448 ? 0 : 1;
}

int cuLaunchKernel(void *function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned ty,
                   unsigned tz, unsigned shared, void *stream, void **table, void **extra) {
    if (y * z * ty * tz != 1 || extra || refuses) return 700;
    launch *one = &launches[launched++ % MOST];
    one->function = (uint64_t)(uintptr_t)function;
    one->stream = (uint64_t)(uintptr_t)stream;
    one->blocks = x;
    one->threads = threads;
    one->shared = shared;
    one->first = *(int64_t *)table[0];
    return 0;
}
int cuGetErrorString(int status, const char **text) {
    *text = status == 700 ? "an illegal memory access was encountered" : "invalid PTX";
    return 0;
}
