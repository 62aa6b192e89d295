/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/crypto.h> /* public: who brings his own cryptography writes what is in there */
