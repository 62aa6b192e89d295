/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of a WFDB data file (WFDB Applications Guide, signal(5)): formats 16, 80 and 212.
 * Pure: bytes in, integers out, from any sample of the file on, so that a reader of blocks needs
 * no state. One table holds the formats.
 */
#ifndef SKEYM_NODE_WFDB_SAMPLE_H
#define SKEYM_NODE_WFDB_SAMPLE_H

#include <skeym/error.h>
#include <skeym/span.h>

/* Bytes that the first `count` samples take (count below 2^48); 0 for an unknown format. In format
 * 212 an odd last sample takes two bytes; files with three there are read too. */
uint64_t skeym_wfdb_sample_bytes(uint32_t format, uint64_t count);
/* Whole samples in so many bytes; 0 for an unknown format. */
uint64_t skeym_wfdb_sample_count(uint32_t format, uint64_t bytes);
/* The value that stands for "no sample": -32768, -128, -2048; 0 for an unknown format. */
int32_t skeym_wfdb_sample_missing(uint32_t format);

/*
 * Decodes samples from, from + step, from + 2 step ... (count of them) of the file.
 * SKEYM_ERR_UNSUPPORTED: unknown format. SKEYM_ERR_TRUNCATED: the file ends before the last of
 * them; out is then all zeros. SKEYM_ERR_USAGE: step is 0.
 */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_sample_decode(int32_t *out, uint32_t format,
                                                         struct skeym_span file, uint64_t from,
                                                         uint64_t step, size_t count);

#endif
