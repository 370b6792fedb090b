/* Stands for cuBLAS: products of matrices whose columns stand one after the other, on the host. */

#include <stdint.h>
#include <stdlib.h>

int handles, streams, exact = -1;
size_t room;

int cublasCreate_v2(void **handle)
{
    *handle = malloc(1);
    handles++;
    return 0;
}

int cublasSetMathMode(void *handle, int mode)
{
    exact = mode == 0;
    return handle == NULL;
}

int cublasSetWorkspace_v2(void *handle, void *place, size_t count)
{
    room = place == NULL ? 0 : count;
    return handle == NULL;
}

int cublasSetStream_v2(void *handle, void *stream)
{
    room = 0; /* as the library does */
    streams += (int)(intptr_t)stream;
    return handle == NULL;
}

#define GEMM(name, real)                                                                          \
    int name(void *handle, int turn_a, int turn_b, int m, int n, int k, const real *alpha,        \
             const real *a, int lda, const real *b, int ldb, const real *beta, real *c, int ldc)  \
    {                                                                                             \
        if (handle == NULL || !room || lda < (turn_a ? k : m) || ldb < (turn_b ? n : k) || ldc < m)        \
            return 7;                                                                             \
        for (int i = 0; i < m; i++)                                                               \
            for (int j = 0; j < n; j++) {                                                         \
                real total = 0;                                                                   \
                for (int p = 0; p < k; p++)                                                       \
                    total += (turn_a ? a[p + (int64_t)i * lda] : a[i + (int64_t)p * lda])         \
                             * (turn_b ? b[j + (int64_t)p * ldb] : b[p + (int64_t)j * ldb]);      \
                real *goal = c + i + (int64_t)j * ldc;                                            \
                *goal = *alpha * total + (*beta == 0 ? 0 : *beta * *goal);                        \
            }                                                                                     \
        return 0;                                                                                 \
    }

GEMM(cublasSgemm_v2, float)
GEMM(cublasDgemm_v2, double)
