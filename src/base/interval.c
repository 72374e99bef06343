/* interval.c - a share that was counted, with its interval. */
#include "base/interval.h"

#include <math.h>

cohl_share cohl_share_of(int right, int of)
{
    const double z = 1.959964;
    if (of == 0)
        return (cohl_share){ NAN, NAN, NAN };
    double p = (double)right / of, n = of, whole = 1 + z * z / n;
    double middle = (p + z * z / (2 * n)) / whole;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / whole;
    return (cohl_share){ p, fmax(0, middle - half), fmin(1, middle + half) };
}
