/* kernels_winograd.h - what a tile of 2x2 pixels sees, brought to where convolving is multiplying, and back;
 * part of kernels_body.h. Lavin & Gray 2016, equation 14. */

/* B' along one side: 1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1. */
INLINE void bring_four(vf d[4])
{
    vf a = d[0] - d[2], b = d[1] + d[2], c = d[2] - d[1], e = d[1] - d[3];
    d[0] = a, d[1] = b, d[2] = c, d[3] = e;
}

INLINE void winograd_in_part(float *to, int64_t stride, const float *const seen[16], int64_t at, int64_t count)
{
    vf d[4][4];
    for (int q = 0; q < 4; q++) {
        vf column[4];
        for (int p = 0; p < 4; p++)
            column[p] = load_part(seen[4 * p + q] + at, count);
        bring_four(column);
        for (int p = 0; p < 4; p++)
            d[p][q] = column[p];
    }
    for (int p = 0; p < 4; p++) {
        bring_four(d[p]);
        for (int q = 0; q < 4; q++)
            store_part(to + (4 * p + q) * stride + at, d[p][q], count);
    }
}

static void winograd_in(float *to, int64_t stride, const float *const seen[16], int64_t channels)
{
    int64_t at = 0;
    for (; at + LANES <= channels; at += LANES)
        winograd_in_part(to, stride, seen, at, LANES);
    if (at < channels)
        winograd_in_part(to, stride, seen, at, channels - at);
}

INLINE void winograd_out_part(float *const to[4], const float *m, int64_t stride, const float *bias, int64_t at,
                              int64_t count)
{
    vf start = bias ? load_part(bias + at, count) : (vf){ 0 }, y[2][4];
    for (int q = 0; q < 4; q++) {
        vf a = load_part(m + q * stride + at, count), b = load_part(m + (4 + q) * stride + at, count);
        vf c = load_part(m + (8 + q) * stride + at, count), d = load_part(m + (12 + q) * stride + at, count);
        y[0][q] = a + b + c, y[1][q] = b - c - d;
    }
    for (int p = 0; p < 2; p++) {
        vf left = y[p][0] + y[p][1] + y[p][2] + start, right = y[p][1] - y[p][2] - y[p][3] + start;
        if (to[2 * p])
            store_part(to[2 * p] + at, left, count);
        if (to[2 * p + 1])
            store_part(to[2 * p + 1] + at, right, count);
    }
}

static void winograd_out(float *const to[4], const float *m, int64_t stride, const float *bias, int64_t channels)
{
    int64_t at = 0;
    for (; at + LANES <= channels; at += LANES)
        winograd_out_part(to, m, stride, bias, at, LANES);
    if (at < channels)
        winograd_out_part(to, m, stride, bias, at, channels - at);
}
