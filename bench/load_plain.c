/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_plain.h"

static enum skeym_error ask(void *arg, struct skeym_writer *out)
{
    const struct load_plain *lane = arg;
    skeym_write_text(out, "GET ");
    skeym_write_text(out, lane->target);
    skeym_write_text(out, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return SKEYM_OK;
}

static const char *take(void *arg, const struct load_answer *answer)
{
    const struct load_plain *lane = arg;
    return answer->body.size == lane->body_size ? NULL : "an answer of another size";
}

const struct load_script load_plain_script = {ask, take};
