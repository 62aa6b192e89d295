/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_regress TARGET FOLDER: every file of the folder once through the target, in any build and
 * without libFuzzer. TAP; a file that the target stops at ends the program, which counts as failed.
 */
#include "fuzz.h"
#include "targets.h" /* FUZZ_TARGETS: made by CMake */
#include <dirent.h>

/* CMake gives each target's entry a name of its own. */
#define DECLARE(name) int fuzz_target_##name(const uint8_t *data, size_t size);
FUZZ_TARGETS(DECLARE)

static const struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
} targets[] = {
#define ROW(name) {#name, fuzz_target_##name},
    FUZZ_TARGETS(ROW)};

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* malloc'ed, of exactly the file's size. */
static struct skeym_room load(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    FUZZ_MUST(file && fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    FUZZ_MUST(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
    uint8_t *data = malloc((size_t)size);
    FUZZ_MUST(data || size == 0);
    FUZZ_MUST(fread(data, 1, (size_t)size, file) == (size_t)size);
    (void)fclose(file);
    return (struct skeym_room){data, (size_t)size};
}

static int run_all(int (*run)(const uint8_t *data, size_t size), const char *target,
                   const char *folder)
{
    struct dirent **files = NULL;
    int count = scandir(folder, &files, visible, alphasort);
    if (count < 1) {
        printf("1..1\nnot ok 1 - %s: no corpus in %s\n", target, folder);
        return 1;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        struct skeym_room input = load(folder, files[i]->d_name);
        printf("# %s/%s\n", target, files[i]->d_name);
        (void)fflush(stdout);
        (void)run(input.data, input.room);
        printf("ok %d - %s/%s\n", i + 1, target, files[i]->d_name);
        free(input.data);
        free(files[i]);
    }
    free(files);
    return 0;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof targets / sizeof targets[0]; i++) {
        if (!strcmp(argv[1], targets[i].name)) {
            return run_all(targets[i].run, argv[1], argv[2]);
        }
    }
    fprintf(stderr, "usage: fuzz_regress TARGET FOLDER\n");
    return 2;
}
