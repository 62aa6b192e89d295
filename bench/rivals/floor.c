/* SPDX-License-Identifier: Apache-2.0 */
/* The floor: a bare epoll loop with a constant answer. It checks nothing. */
#include "bench/rivals/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char whole[LOOP_ANSWER_BYTES];
static size_t whole_size;

static size_t answer(char out[LOOP_ANSWER_BYTES], const char *head, size_t size)
{
    (void)head;
    (void)size;
    memcpy(out, whole, whole_size);
    return whole_size;
}

int main(int argc, char **argv)
{
    char body[LOOP_BODY_BYTES + 1];
    memset(body, 'x', LOOP_BODY_BYTES);
    body[LOOP_BODY_BYTES] = '\0';
    int size =
        snprintf(whole, sizeof whole,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
                 LOOP_BODY_BYTES, body);
    whole_size = (size_t)size;
    if (argc != 2) {
        fputs("usage: floor DESCRIPTOR\n", stderr);
        return 2;
    }
    return loop_run((int)strtol(argv[1], NULL, 10), answer);
}
