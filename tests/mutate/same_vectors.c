/* SPDX-License-Identifier: Apache-2.0 */
/* same_vectors FILE: are the protocol's vectors, as this build computes them, those of the file? */
#include "inspect/vectors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (1 << 20)

int main(int argc, char **argv)
{
    static char want[ROOM];
    char *text = NULL;
    size_t size = 0;
    FILE *made = open_memstream(&text, &size);
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!made || !file) {
        return EXIT_FAILURE;
    }
    size_t wanted = fread(want, 1, sizeof want, file);
    enum skeym_error error = skeym_vectors_print(made);
    (void)fclose(file);
    bool whole = fclose(made) == 0;
    bool same = !error && whole && wanted == size && memcmp(want, text, size) == 0;
    free(text);
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
