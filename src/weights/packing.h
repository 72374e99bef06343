/* packing.h - numbers packed in blocks, as GGUF files and eight-bit repackagings hold them.
 *
 * A packing takes so many values in so many bytes. What a block means is ggml's
 * definition (the block formats of llama.cpp, docs and ggml-common.h), in f32
 * arithmetic of the same order, so unpacked values have ggml's bits:
 *
 *     Q8_0  d, 32 signed bytes                               y = d q
 *     Q4_0  d, 32 x 4 bits                                   y = d (q - 8)
 *     Q4_1  d, m, 32 x 4 bits                                y = d q + m
 *     Q5_0, Q5_1   the same with 5 bits, the fifth apart     (q - 16)
 *     Q2_K .. Q6_K  256 values in groups of 16 or 32 whose scales (and least
 *                   values) are small integers times one d (and one dmin)
 *     F8_E4M3, F8_E5M2   one value in one byte (OCP 8-bit floating point, 2023)
 *
 * Packing picks, group by group, the scale with the least squared error; that
 * is our own choice, any reader of the format reads it. */
#ifndef COHL_WEIGHTS_PACKING_H
#define COHL_WEIGHTS_PACKING_H

#include <stddef.h>
#include <stdint.h>

enum { COHL_PACKING_VALUES_MAX = 256, COHL_PACKING_BYTES_MAX = 210, COHL_PACKING_NO_GGML = -1 };

typedef struct cohl_packing {
    const char *name;           /* as GGUF and safetensors spell it: "Q4_K", "F8_E4M3" */
    int         ggml_type;      /* its number in a GGUF file, or COHL_PACKING_NO_GGML  */
    int         values, bytes;  /* of a block */
    void      (*unpack)(float *out, const uint8_t *block);
    void      (*pack)(uint8_t *block, const float *value);     /* finite values */
} cohl_packing;

extern const cohl_packing *const cohl_packings[];   /* ends with NULL */

/* By name, in either case, or by GGUF's number; NULL if there is none. */
const cohl_packing *cohl_packing_named(const char *name);
const cohl_packing *cohl_packing_of_ggml(uint32_t type);

/* The K formats, in packing_k.c. */
extern const cohl_packing cohl_packing_q2_k, cohl_packing_q3_k, cohl_packing_q4_k, cohl_packing_q5_k,
                          cohl_packing_q6_k;

/* ---- how a group finds its scale ----------------------------------------- */

/* y = scale * q with q of least..most (least < 0): q and the scale with nearly the least squared
 * error. count at most 256. 0 for a group of zeros. */
float cohl_group_symmetric(int8_t *q, const float *value, int count, int least, int most);
/* y = scale * q + *base with q of 0..most; with below, *base is at most 0. */
float cohl_group_affine(uint8_t *q, float *base, const float *value, int count, int most, int below);

#endif
