/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/error.h>

struct description {
    enum skeym_error error;
    const char *word;
    const char *text;
};

static const struct description descriptions[] = {
#define DESCRIBE(name, value, word, text) {SKEYM_##name, word, text},
    SKEYM_ERRORS(DESCRIBE)
#undef DESCRIBE
};

static const struct description unknown = {SKEYM_OK, "unknown", "unknown error"};

static const struct description *describe(enum skeym_error error)
{
    for (unsigned i = 0; i < sizeof descriptions / sizeof descriptions[0]; i++) {
        if (descriptions[i].error == error) {
            return &descriptions[i];
        }
    }
    return &unknown;
}

const char *skeym_error_word(enum skeym_error error)
{
    return describe(error)->word;
}

const char *skeym_error_text(enum skeym_error error)
{
    return describe(error)->text;
}
