/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/qr.h"
#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN 4 /* modules of light around it, as readers ask for */

static bool dark(const QRcode *code, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
    return inside && (code->data[y * code->width + x] & 1) != 0;
}

static void print_rows(FILE *out, const QRcode *code, bool colours)
{
    /* by light above and light below */
    static const char *const blocks[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
    int end = code->width + MARGIN;
    for (int y = -MARGIN; y < end; y += 2) {
        fputs(colours ? "\033[40;97m" : "", out);
        for (int x = -MARGIN; x < end; x++) {
            fputs(blocks[!dark(code, x, y)][y + 1 < end && !dark(code, x, y + 1)], out);
        }
        fputs(colours ? "\033[0m\n" : "\n", out);
    }
}

enum skeym_error skeym_qr_print(FILE *out, const char *text, int colours)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code) {
        return errno == ENOMEM ? SKEYM_ERR_MEMORY : SKEYM_ERR_SIZE;
    }
    print_rows(out, code, colours != 0);
    memset(code->data, 0, (size_t)code->width * (size_t)code->width); /* it says the secret */
    QRcode_free(code);
    return ferror(out) ? SKEYM_ERR_IO : SKEYM_OK;
}
