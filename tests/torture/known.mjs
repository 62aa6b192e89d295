// SPDX-License-Identifier: Apache-2.0
// What libraries do when a call of theirs fails, and we cannot change. Each entry says why it is no
// danger; the campaign counts how often it was met, and docs/assurance/torture.md tells of it.
export const KNOWN = [
  {
    what: 'libsodium ends the process where the kernel gives no random bytes',
    match: ({ fault, wrong, where }) => fault.kind === 'random' && /^libsodium/.test(where) &&
      /CRASH: signal (6|SIGABRT)/.test(wrong),
  },
  {
    what: 'OpenSSL leaks some of its own start (a name, or its half-made global context), once',
    match: ({ wrong, where }) => /^LEAK/.test(wrong) && /^libcrypto/.test(where) &&
      /OBJ_NAME_do_all|EVP_\w+_fetch|OSSL_LIB_CTX_get0_global_default/.test(wrong),
  },
  {
    what: 'the C library (glibc 2.36) dies when it looks a user up without memory: a server that root starts',
    match: ({ fault, wrong, where, err }) => fault.kind === 'malloc' && /^CRASH/.test(wrong) &&
      /^libc\.so/.test(where) && /nss_database/.test(err),
  },
];
