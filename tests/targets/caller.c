/* A program that knows a library by its header alone: values, gradients, statuses, threads, and a page
   behind the data that must never be read. */
#define _DEFAULT_SOURCE
#include "losses.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REQUIRE(condition)                                             \
    do {                                                               \
        if (!(condition)) {                                            \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);    \
            exit(1);                                                   \
        }                                                              \
    } while (0)

enum { K = 3, MANY = 200000 };

static void cross_entropy(void) {
    const double logits[2 * K] = {1, 2, 3, 0, -1, 4};
    const int64_t label[2] = {2, 0};
    double value = 0, alone = 0, gradient[2 * K];
    objc_error error;
    REQUIRE(losses_cross_entropy_value_and_grad(
                2, K, logits, label, 0.5, &value, gradient, &error) == OBJC_OK);
    REQUIRE(losses_cross_entropy(2, K, logits, label, 0.5, &alone, NULL) == OBJC_OK);
    REQUIRE(fabs(alone - value) < 1e-14);
    double expected = 0;
    for (int n = 0; n < 2; n++) {
        double sum = 0;
        for (int k = 0; k < K; k++) sum += exp(logits[n * K + k]);
        expected += 0.5 * (log(sum) - logits[n * K + label[n]]);
        for (int k = 0; k < K; k++) {
            double slope = 0.5 * (exp(logits[n * K + k]) / sum - (k == label[n]));
            REQUIRE(fabs(gradient[n * K + k] - slope) < 1e-15);
        }
    }
    REQUIRE(fabs(value - expected) < 1e-14);
    const double weight[2] = {2, 1};
    REQUIRE(losses_cross_entropy_weighted_value(
                2, K, logits, label, 1.0 / 3, weight, &value, &error) == OBJC_OK);
    double rows[2];
    REQUIRE(losses_cross_entropy_per_example(2, K, logits, label, rows, &error) == OBJC_OK);
    REQUIRE(fabs(value - (2 * rows[0] + rows[1]) / 3) < 1e-14);
}

/* Logits end where a page begins that may not be touched. */
static void bad_labels(void) {
    const int64_t bad[] = {K, -1, 1000, INT64_MAX, INT64_MIN, -4096};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(pages != MAP_FAILED);
    REQUIRE(mprotect(pages + page, page, PROT_READ | PROT_WRITE) == 0);
    double *logits = (double *)(void *)(pages + 2 * page) - 2 * K;
    memset(logits, 0, 2 * K * sizeof *logits);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int64_t label[2] = {1, bad[i]};
        double value, gradient[2 * K];
        objc_error error;
        REQUIRE(losses_cross_entropy_value_and_grad(
                    2, K, logits, label, 0.5, &value, gradient, &error) == OBJC_INDEX_OUT_OF_RANGE);
        REQUIRE(strcmp(error.name, "logits") == 0 && error.axis == 1);
        REQUIRE(strcmp(error.index, "label") == 0);
        REQUIRE(error.position == bad[i] && error.extent == K && error.example == 1);
        REQUIRE(losses_cross_entropy(2, K, logits, label, 0.5, &value, NULL) ==
                OBJC_INDEX_OUT_OF_RANGE);
    }
    munmap(pages, 3 * page);
}

struct share {
    void *workspace;
    int64_t step, first, last, size;
    int status;
};

static void *work(void *given) {
    struct share *own = given;
    void *scratch = malloc((size_t)own->size);
    own->status = losses_cross_entropy_value_and_grad_run(
        own->workspace, own->step, own->first, own->last, scratch);
    free(scratch);
    return NULL;
}

static int shared(
    const double *logits, const int64_t *label, double *value, double *gradient, objc_error *error) {
    const int64_t batch = MANY;
    void *workspace = malloc((size_t)losses_cross_entropy_value_and_grad_workspace(batch, K));
    int status = losses_cross_entropy_value_and_grad_begin(
        batch, K, logits, label, 1.0 / MANY, value, gradient, workspace, error);
    REQUIRE(status == OBJC_OK);
    for (int64_t step = 0; step < losses_cross_entropy_value_and_grad_STEPS; step++) {
        int64_t chunks = losses_cross_entropy_value_and_grad_chunks(step, batch, K);
        int64_t size = losses_cross_entropy_value_and_grad_scratch(batch, K);
        pthread_t threads[3];
        struct share shares[3];
        for (int64_t t = 0; t < 3; t++) {
            shares[t] = (struct share){
                workspace, step, chunks * t / 3, chunks * (t + 1) / 3, size, -1};
            REQUIRE(pthread_create(&threads[t], NULL, work, &shares[t]) == 0);
        }
        for (int t = 0; t < 3; t++) REQUIRE(pthread_join(threads[t], NULL) == 0);
    }
    status = losses_cross_entropy_value_and_grad_end(workspace, error);
    free(workspace);
    return status;
}

static void threads(void) {
    double *logits = malloc(MANY * K * sizeof *logits), *one = malloc(MANY * K * sizeof *one);
    double *two = malloc(MANY * K * sizeof *two);
    int64_t *label = malloc(MANY * sizeof *label);
    for (int64_t i = 0; i < MANY * K; i++) logits[i] = sin((double)i) * 3;
    for (int64_t i = 0; i < MANY; i++) label[i] = i % K;
    double alone, together;
    objc_error error;
    REQUIRE(losses_cross_entropy_value_and_grad(
                MANY, K, logits, label, 1.0 / MANY, &alone, one, &error) == OBJC_OK);
    REQUIRE(shared(logits, label, &together, two, &error) == OBJC_OK);
    REQUIRE(memcmp(&alone, &together, sizeof alone) == 0);
    REQUIRE(memcmp(one, two, MANY * K * sizeof *one) == 0);
    label[150000] = label[70000] = K;
    REQUIRE(shared(logits, label, &together, two, &error) == OBJC_INDEX_OUT_OF_RANGE);
    REQUIRE(error.example == 70000);
    free(logits), free(one), free(two), free(label);
}

static void hyperparameters(void) {
    const double x[2] = {1, 4}, y[2] = {0.5, 0};
    double value;
    objc_error error;
    REQUIRE(losses_huber(2, x, y, 1.0, 0.5, &value, &error) == OBJC_OK && value == 1.8125);
    REQUIRE(losses_huber(2, x, y, 0.0, 0.5, &value, &error) == OBJC_OUTSIDE_DOMAIN);
    REQUIRE(strcmp(error.name, "delta") == 0);
    REQUIRE(losses_huber(-2, x, y, 1.0, 0.5, &value, &error) == OBJC_INVALID_SIZE);
    REQUIRE(losses_huber(2, NULL, y, 1.0, 0.5, &value, &error) == OBJC_MISSING_ARRAY);
    REQUIRE(strcmp(error.name, "prediction") == 0);
}

enum { ROWS = 301, CLASSES = 37, WIDTH = 29 };

/* A product of matrices in blocks of rows, beside one of plain loops. */
static void products(void) {
    static double x[ROWS * WIDTH], w[CLASSES * WIDTH], weight[ROWS], slope[CLASSES * WIDTH],
        expected[CLASSES * WIDTH];
    static int64_t label[ROWS];
    for (int i = 0; i < ROWS * WIDTH; i++) x[i] = sin((double)i);
    for (int i = 0; i < CLASSES * WIDTH; i++) w[i] = cos((double)(i * i));
    for (int n = 0; n < ROWS; n++) label[n] = (7 * n) % CLASSES, weight[n] = 1 + n % 3;
    double value = 0, total = 0;
    for (int n = 0; n < ROWS; n++) {
        double z[CLASSES] = {0}, sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            for (int d = 0; d < WIDTH; d++) z[k] += w[k * WIDTH + d] * x[n * WIDTH + d];
            sum += exp(z[k]);
        }
        total += weight[n] * (log(sum) - z[label[n]]) / ROWS;
        for (int k = 0; k < CLASSES; k++)
            for (int d = 0; d < WIDTH; d++)
                expected[k * WIDTH + d] += weight[n] / ROWS *
                    (exp(z[k]) / sum - (k == label[n])) * x[n * WIDTH + d];
    }
    objc_error error;
    REQUIRE(losses_layer_weighted_value_and_grad(ROWS, WIDTH, CLASSES, x, label, w, 1.0 / ROWS,
                weight, &value, slope, &error) == OBJC_OK);
    REQUIRE(fabs(value - total) < 1e-12 * total);
    for (int i = 0; i < CLASSES * WIDTH; i++) REQUIRE(fabs(slope[i] - expected[i]) < 1e-13);
    label[200] = CLASSES;
    REQUIRE(losses_layer(ROWS, WIDTH, CLASSES, x, label, w, 1.0 / ROWS, &value, &error) ==
            OBJC_INDEX_OUT_OF_RANGE);
    REQUIRE(error.example == 200 && error.position == CLASSES);
    REQUIRE(strcmp(error.index, "label") == 0);
}

int main(void) {
    cross_entropy();
    products();
    bad_labels();
    threads();
    hyperparameters();
    puts("all is well");
    return 0;
}
