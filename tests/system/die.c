/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: while the file $SKEYM_TEST_DIE is there, the process dies by SIGKILL as it puts a new
 * file in the place of "invitations": after that when the file's text is "after", else before. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int says(const char *path, const char *word)
{
    char text[16] = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    return size > 0 && strncmp(text, word, strlen(word)) == 0;
}

int renameat(int old_folder, const char *old_name, int folder, const char *name)
{
    int (*real)(int, const char *, int, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "renameat");
    const char *path = getenv("SKEYM_TEST_DIE");
    int ours = path && strcmp(name, "invitations") == 0;
    if (ours && says(path, "before")) {
        kill(getpid(), SIGKILL);
    }
    int result = real(old_folder, old_name, folder, name);
    if (ours && says(path, "after")) {
        kill(getpid(), SIGKILL);
    }
    return result;
}
