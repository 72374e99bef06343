/* exact.c - sine, arc tangent, exponential and logarithm from + - * / alone.
 *
 * Each argument is reduced to a short interval by exact or nearly exact steps
 * (Cody and Waite 1980: pi and ln 2 are split so that a small multiple of the first
 * part is exact), and there a Taylor polynomial is summed in Horner's order. The
 * polynomials are longer than a minimax fit would need; nobody has to trust a fit. */
#include "theatre/exact.h"

#include <math.h>

static const double half_pi_high = 1.57079632673412561417e+00;  /* 33 bits of pi/2 */
static const double half_pi_low  = 6.07710050650619224932e-11;
static const double ln2_high     = 6.93147180369123816490e-01;  /* 32 bits of ln 2 */
static const double ln2_low      = 1.90821492927058770002e-10;

/* |r| <= pi/4 */
static double sin_near_zero(double r)
{
    double s = r * r, sum = 1.0;
    for (int k = 8; k >= 1; k--)
        sum = 1.0 - s / (2.0 * k * (2.0 * k + 1.0)) * sum;
    return r * sum;
}

static double cos_near_zero(double r)
{
    double s = r * r, sum = 1.0;
    for (int k = 8; k >= 1; k--)
        sum = 1.0 - s / (2.0 * k * (2.0 * k - 1.0)) * sum;
    return sum;
}

/* sin(x + quarters * pi/2) */
static double sin_of_quarter(double x, int quarters)
{
    double n = floor(x / (half_pi_high + half_pi_low) + 0.5);
    double r = (x - n * half_pi_high) - n * half_pi_low;
    int    quarter = ((int)(n - 4.0 * floor(n / 4.0)) + quarters) & 3;
    double value = quarter & 1 ? cos_near_zero(r) : sin_near_zero(r);
    return quarter & 2 ? -value : value;
}

double cohl_exact_sin(double x) { return sin_of_quarter(x, 0); }
double cohl_exact_cos(double x) { return sin_of_quarter(x, 1); }
double cohl_exact_tan(double x) { return cohl_exact_sin(x) / cohl_exact_cos(x); }

/* 0 <= t <= 1: halved twice by atan t = 2 atan(t / (1 + sqrt(1 + t^2))), so the
 * series is summed at t <= tan(pi/16), 0.2. */
static double atan_unit(double t)
{
    t = t / (1.0 + sqrt(1.0 + t * t));
    t = t / (1.0 + sqrt(1.0 + t * t));
    double s = t * t, sum = 0.0;
    for (int k = 12; k >= 0; k--)
        sum = 1.0 / (2.0 * k + 1.0) - s * sum;
    return 4.0 * t * sum;
}

double cohl_exact_atan2(double y, double x)
{
    double ax = fabs(x), ay = fabs(y);
    if (ax == 0.0 && ay == 0.0) return 0.0;
    double angle = ay <= ax ? atan_unit(ay / ax) : 0.5 * COHL_PI - atan_unit(ax / ay);
    if (x < 0.0) angle = COHL_PI - angle;
    return y < 0.0 ? -angle : angle;
}

double cohl_exact_exp(double x)
{
    if (x < -708.0) return 0.0;
    if (x > 708.0) x = 708.0;
    double n = floor(x / (ln2_high + ln2_low) + 0.5);
    double r = (x - n * ln2_high) - n * ln2_low, sum = 1.0;
    for (int k = 14; k >= 1; k--)
        sum = 1.0 + r / k * sum;
    return ldexp(sum, (int)n);
}

/* x = 2^n m with m in sqrt(1/2)..sqrt(2); ln m = 2 atanh((m - 1) / (m + 1)). */
double cohl_exact_log(double x)
{
    int    n;
    double m = frexp(x, &n);
    if (m < 0.70710678118654752) {
        m *= 2.0;
        n--;
    }
    double t = (m - 1.0) / (m + 1.0), s = t * t, sum = 0.0;
    for (int k = 11; k >= 0; k--)
        sum = 1.0 / (2.0 * k + 1.0) + s * sum;
    return n * ln2_high + (n * ln2_low + 2.0 * t * sum);
}

double cohl_exact_pow(double x, double y)
{
    return x <= 0.0 ? 0.0 : cohl_exact_exp(y * cohl_exact_log(x));
}
