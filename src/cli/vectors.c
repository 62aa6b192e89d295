/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/vectors.h"
#include "cli/cli.h"

static const char usage[] =
    "usage: skeym vectors\n"
    "\n"
    "Prints the protocol's vectors as JSON: fixed keys, nonces and clock in, every value of\n"
    "docs/PROTOCOL.md out. tests/vectors/protocol.json is what this prints. None of these keys is\n"
    "used anywhere else.\n";

static int run(int argc, char **argv)
{
    const struct skeym_cli_option none[] = {{.name = NULL}};
    struct skeym_cli_words operands;
    int code;
    if (!skeym_cli_parse(&skeym_command_vectors, argc, argv, none, &operands, 0, 0, &code)) {
        return code;
    }
    enum skeym_error error = skeym_vectors_print(stdout);
    return error == SKEYM_OK ? SKEYM_EXIT_OK
                             : skeym_cli_fail("vectors", "a value is not what it should be", error);
}

const struct skeym_command skeym_command_vectors = {"vectors", "prints the protocol's test vectors",
                                                    usage, run};
