/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same FOLDER: a line for each input, in the order of their names: which edges it took how often
 * (the counters that libFuzzer would read, summed up), and its name. Two runs must say the same:
 * then one input does one thing. With -v FILE: the counters of that file's run one by one.
 */
#include "fuzz.h"
#include <dirent.h>
#include <inttypes.h>

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop);
void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop);

static uint8_t *counters;
static size_t counters_size;
static const uintptr_t *pcs;

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop)
{
    counters = start;
    counters_size = (size_t)(stop - start);
}

void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop)
{
    (void)stop;
    pcs = start;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static size_t load(uint8_t *out, size_t room, const char *folder, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    FUZZ_MUST(file);
    size_t size = fread(out, 1, room, file);
    (void)fclose(file);
    return size;
}

static uint64_t sum(void)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < counters_size; i++) {
        hash = (hash ^ counters[i]) * 1099511628211U;
    }
    return hash;
}

static void show(void)
{
    for (size_t i = 0; i < counters_size; i++) {
        if (counters[i]) {
            printf("%#" PRIxPTR " %u\n", pcs[2 * i], counters[i]);
        }
    }
}

int main(int argc, char **argv)
{
    static uint8_t input[1 << 16];
    struct dirent **files = NULL;
    int count = argc > 1 ? scandir(argv[1], &files, visible, alphasort) : -1;
    if (count < 1) {
        fprintf(stderr, "usage: same FOLDER [-v FILE]\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        uint8_t *copy = NULL;
        size_t size = load(input, sizeof input, argv[1], files[i]->d_name);
        copy = malloc(size);
        FUZZ_MUST(copy || size == 0);
        if (size > 0) {
            memcpy(copy, input, size);
        }
        memset(counters, 0, counters_size);
        (void)LLVMFuzzerTestOneInput(copy, size);
        printf("%016" PRIx64 " %s\n", sum(), files[i]->d_name);
        if (argc > 3 && !strcmp(argv[3], files[i]->d_name)) {
            show();
        }
        free(copy);
        free(files[i]);
    }
    free(files);
    return 0;
}
