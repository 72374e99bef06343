/* exact.h - sine and its relations, the same bits on every machine.
 *
 * Libraries differ in the last bit of sin and exp, and one bit moves an edge. These
 * use + - * / alone (and floor, sqrt, frexp, ldexp, which IEEE 754 makes exact or
 * correctly rounded), and the project forbids contraction. Error about 1e-15
 * for |x| < 1e5 in double; 4e-6 for the float versions, which are inline because
 * pixels call them. */
#ifndef COHL_THEATRE_EXACT_H
#define COHL_THEATRE_EXACT_H

#define COHL_PI 3.14159265358979323846

double cohl_exact_sin(double x);
double cohl_exact_cos(double x);
double cohl_exact_tan(double x);
/* The angle of (x, y) in -pi..pi; 0 for (0, 0). */
double cohl_exact_atan2(double y, double x);
/* 0 below -708, the value at 708 above it. */
double cohl_exact_exp(double x);
/* x > 0. */
double cohl_exact_log(double x);
/* x >= 0; 0 for x = 0. */
double cohl_exact_pow(double x, double y);

/* sin x for |x| < 1e4, error under 4e-6, growing with |x| * 6e-8:
 * reduced to -pi/2..pi/2, then the odd Taylor polynomial of degree 9. */
static inline float cohl_exact_sinf(float x)
{
    float turns = x * 0.318309886f;
    int   n = (int)(turns + (turns < 0.0f ? -0.5f : 0.5f));
    float r = x - (float)n * 3.140625f - (float)n * 9.67653589793e-4f;
    float r2 = r * r;
    float s = r * (1.0f + r2 * (-0.166666667f + r2 * (8.33333333e-3f +
              r2 * (-1.98412698e-4f + r2 * 2.75573192e-6f))));
    return n & 1 ? -s : s;
}

static inline float cohl_exact_cosf(float x)
{
    return cohl_exact_sinf(x + 1.57079633f);
}

/* e^x for |x| < 87, relative error under 1e-6: 2^n from its bits, the rest by Taylor. */
static inline float cohl_exact_expf(float x)
{
    if (x < -87.0f) return 0.0f;
    if (x > 87.0f) x = 87.0f;
    float k = x * 1.44269504f;
    int   n = (int)(k + (k < 0.0f ? -0.5f : 0.5f));
    float r = x - (float)n * 0.693359375f + (float)n * 2.12194440e-4f;
    float e = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666667f + r * (4.16666667e-2f +
              r * (8.33333333e-3f + r * 1.38888889e-3f)))));
    union { unsigned bits; float value; } scale = { (unsigned)(n + 127) << 23 };
    return e * scale.value;
}

#endif
