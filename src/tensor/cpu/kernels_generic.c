/* kernels_generic.c - the inner loops for any processor: vectors of 4 floats,
 * which are SSE2 on x86-64 and NEON on aarch64. */
typedef float vf __attribute__((vector_size(16)));
typedef int vi __attribute__((vector_size(16)));
#define LANES 4
#if defined(__aarch64__)
#include <arm_neon.h>
#define ROWS 8
#define WIDE 2
#define FMA(a, b, c) ((vf)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define NAME "neon"
#else
#define ROWS 4
#define WIDE 2
#define FMA(a, b, c) ((a) * (b) + (c))
#define NAME "scalar"
#endif
#define TABLE cohl_kernels_generic
#include "tensor/cpu/kernels_body.h"
