/* procedural.h - weights that are made from their names.
 *
 * A manifest lists name, shape, offset and amplitude; every value follows from
 * the name, the index and a seed, so a network of any size can be tested at
 * its real size without being stored. All arithmetic is modulo 2^64:
 *
 *     h = FNV-1a-64(name) ^ (seed * 0x9E3779B97F4A7C15)
 *     z = splitmix64 of h at position i + 1
 *     u = ((z >> 40) - 2^23) / 2^23                              in [-1, 1)
 *     value = bf16((float)(offset + amplitude * u))
 *
 * One line of a manifest, separated by tabs: name, sizes joined by "x",
 * offset, amplitude, CRC-32 of the bf16 bytes in hexadecimal or "-". */
#ifndef COHL_WEIGHTS_PROCEDURAL_H
#define COHL_WEIGHTS_PROCEDURAL_H

#include "base/status.h"
#include "weights/weight.h"

/* Value i as bf16 bits. */
uint16_t cohl_recipe_value(const cohl_weight_recipe *recipe, uint64_t i);
uint64_t cohl_recipe_hash(const char *name, uint64_t seed);

typedef struct cohl_procedural cohl_procedural;

/* COHL_ERR_FORMAT names the line that is wrong. */
cohl_status cohl_procedural_open(cohl_procedural **out, const char *manifest_path,
                                 uint64_t seed, cohl_error *err);
void cohl_procedural_close(cohl_procedural *source);

/* Weights in the manifest's order; all are BF16. */
size_t             cohl_procedural_count(const cohl_procedural *source);
const cohl_weight *cohl_procedural_at(const cohl_procedural *source, size_t index);

/* Make the values and compare their CRC-32 with the manifest's, if it has one. */
cohl_status cohl_procedural_check(const cohl_weight *weight, cohl_error *err);

#endif
