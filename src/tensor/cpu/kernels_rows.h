/* kernels_rows.h - the inner loops over rows of values; part of kernels_body.h.
 *
 * A row's tail is handled as a vector filled up with zeros. */

INLINE vf load_part(const float *from, int64_t count)
{
    if (count >= LANES)
        return load(from);
    vf v = { 0 };
    memcpy(&v, from, (size_t)count * sizeof(float));
    return v;
}

INLINE void store_part(float *to, vf v, int64_t count)
{
    memcpy(to, &v, (count >= LANES ? LANES : (size_t)count) * sizeof(float));
}

INLINE float total(vf v)
{
    float sum[LANES];
    store(sum, v);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            sum[i] += sum[i + half];
    return sum[0];
}

INLINE vf choose(vi where, vf yes, vf no) { return (vf)((where & (vi)yes) | (~where & (vi)no)); }
INLINE vf least(vf a, vf b) { return choose(a < b, a, b); }
INLINE vf most(vf a, vf b) { return choose(a > b, a, b); }

/* e^x for x in -87..88, clamped to it. x = n ln 2 + r with |r| <= ln 2 / 2, the series of
 * e^r to r^7 (next term 5e-9), and 2^n by way of the exponent bits. */
INLINE vf exponential(vf x)
{
    const float shift = 0x1.8p23f;        /* adding it rounds to an integer in the low bits */
    x = least(most(x, splat(-87.0f)), splat(88.0f));
    vf moved = FMA(x, splat(1.44269504f), splat(shift));
    vf n = moved - splat(shift);
    vf r = FMA(n, splat(-0.693359375f), x);
    r = FMA(n, splat(2.12194440e-4f), r);
    vf e = splat(1.0f / 5040);
    e = FMA(e, r, splat(1.0f / 720));
    e = FMA(e, r, splat(1.0f / 120));
    e = FMA(e, r, splat(1.0f / 24));
    e = FMA(e, r, splat(1.0f / 6));
    e = FMA(e, r, splat(0.5f));
    e = FMA(e, r, splat(1.0f));
    e = FMA(e, r, splat(1.0f));
    return (vf)((vi)e + ((vi)moved << 23));
}

INLINE vf sigmoid(vf x) { return splat(1.0f) / (splat(1.0f) + exponential(-x)); }

/* ---- activations ------------------------------------------------------- */

/* gelu with tanh is x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3): no cancellation. */
INLINE vf gelu_gate(vf x)
{
    vf u = x * FMA(x * x, splat(0.0713548163f), splat(1.59576912f));
    return sigmoid(u);
}

static void silu(float *y, const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i += LANES) {
        vf v = load_part(x + i, count - i);
        store_part(y + i, v * sigmoid(v), count - i);
    }
}

INLINE vf silu_slope(vf x)
{
    vf gate = sigmoid(x);
    return gate * FMA(x, splat(1.0f) - gate, splat(1.0f));
}

static void silu_back(float *dx, const float *dy, const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i += LANES) {
        vf slope = silu_slope(load_part(x + i, count - i));
        vf sum = FMA(load_part(dy + i, count - i), slope, load_part(dx + i, count - i));
        store_part(dx + i, sum, count - i);
    }
}

static void gelu(float *y, const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i += LANES) {
        vf v = load_part(x + i, count - i);
        store_part(y + i, v * gelu_gate(v), count - i);
    }
}

static void gelu_back(float *dx, const float *dy, const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i += LANES) {
        vf v = load_part(x + i, count - i), gate = gelu_gate(v);
        vf du = FMA(v * v, splat(3 * 0.0713548163f), splat(1.59576912f));
        vf slope = gate * FMA(v * du, splat(1.0f) - gate, splat(1.0f));
        vf sum = FMA(load_part(dy + i, count - i), slope, load_part(dx + i, count - i));
        store_part(dx + i, sum, count - i);
    }
}

/* ---- norms ------------------------------------------------------------- */

static cohl_spread measure(const float *x, int64_t width, bool centred)
{
    vf sum = { 0 }, squares = { 0 };
    float mean = 0;
    for (int64_t i = 0; centred && i < width; i += LANES)
        sum += load_part(x + i, width - i);
    if (centred)
        mean = total(sum) / (float)width;
    for (int64_t i = 0; i + LANES <= width; i += LANES) {
        vf v = load(x + i) - splat(mean);
        squares = FMA(v, v, squares);
    }
    float tail = 0;
    for (int64_t i = width / LANES * LANES; i < width; i++)
        tail += (x[i] - mean) * (x[i] - mean);
    return (cohl_spread){ mean, (total(squares) + tail) / (float)width };
}

INLINE vf norm_gain(const cohl_norm *n, int64_t i, int64_t width)
{
    vf gain = n->gain ? load_part(n->gain + i, width - i) : splat(1.0f);
    return n->beside_one ? gain + splat(1.0f) : gain;
}

static void norm(float *y, const float *x, const cohl_norm *n, int64_t width)
{
    for (int64_t i = 0; i < width; i += LANES) {
        vf h = (load_part(x + i, width - i) - splat(n->mean)) * splat(n->scale);
        vf v = h * norm_gain(n, i, width);
        if (n->bias)
            v += load_part(n->bias + i, width - i);
        if (n->silu)
            v *= sigmoid(v);
        store_part(y + i, v, width - i);
    }
}

/* The row at unit size, and the slope of what it is multiplied by the gain to. */
INLINE vf norm_unit(const cohl_norm *n, const float *x, int64_t i, int64_t width)
{
    return (load_part(x + i, width - i) - splat(n->mean)) * splat(n->scale);
}

INLINE vf norm_slope(const cohl_norm *n, const float *dy, vf h, int64_t i, int64_t width)
{
    vf slope = load_part(dy + i, width - i);
    return n->silu ? slope * silu_slope(h * norm_gain(n, i, width)) : slope;
}

static void norm_back(float *dx, float *dgain, float *dbias, const float *dy, const float *x,
                      const cohl_norm *n, int64_t width)
{
    vf along = { 0 }, level = { 0 };
    for (int64_t i = 0; i < width; i += LANES) {
        vf h = norm_unit(n, x, i, width), slope = norm_slope(n, dy, h, i, width);
        vf g = slope * norm_gain(n, i, width);
        along = FMA(g, h, along);
        level += g;
        if (dgain)
            store_part(dgain + i, FMA(slope, h, load_part(dgain + i, width - i)), width - i);
        if (dbias)
            store_part(dbias + i, slope + load_part(dbias + i, width - i), width - i);
    }
    if (!dx)
        return;
    float a = n->constant ? 0 : total(along) / (float)width;
    float l = n->centred ? total(level) / (float)width : 0;
    for (int64_t i = 0; i < width; i += LANES) {
        vf h = norm_unit(n, x, i, width), slope = norm_slope(n, dy, h, i, width);
        vf g = FMA(slope, norm_gain(n, i, width), -splat(l));
        g = FMA(-h, splat(a), g);
        store_part(dx + i, FMA(g, splat(n->scale), load_part(dx + i, width - i)), width - i);
    }
}

/* ---- attention --------------------------------------------------------- */

/* Logits to weights e^(s - most); most and sum are those of the row so far. Returns
 * what earlier weights are to be multiplied by (Milakov & Gimelshein 2018). */
static float soften(float *s, int64_t count, float *row_most, float *row_sum)
{
    vf high = splat(*row_most), sum = { 0 };
    for (int64_t i = 0; i + LANES <= count; i += LANES)
        high = most(high, load(s + i));
    float lane[LANES], top = *row_most;
    store(lane, high);
    for (int i = 0; i < LANES; i++)
        top = lane[i] > top ? lane[i] : top;
    for (int64_t i = count / LANES * LANES; i < count; i++)
        top = s[i] > top ? s[i] : top;
    int64_t whole = count / LANES * LANES;
    for (int64_t i = 0; i < whole; i += LANES) {
        vf e = exponential(load(s + i) - splat(top));
        store(s + i, e);
        sum += e;
    }
    float tail = 0;
    if (whole < count)
        store_part(s + whole, exponential(load_part(s + whole, count - whole) - splat(top)),
                   count - whole);
    for (int64_t i = whole; i < count; i++)
        tail += s[i];
    float before = total(exponential(splat(*row_most - top))) / LANES;
    *row_sum = *row_sum * before + (total(sum) + tail);
    *row_most = top;
    return before;
}

/* s: logits -> weights p = e^(s - lse); dp: slopes of weights -> of logits, p (dp - mean).
 * lse and mean: one a column when `along`, else one for the row. */
static void soften_back(float *s, float *dp, const float *lse, const float *mean, bool along,
                        int64_t count)
{
    for (int64_t i = 0; i < count; i += LANES) {
        vf l = along ? load_part(lse + i, count - i) : splat(*lse);
        vf m = along ? load_part(mean + i, count - i) : splat(*mean);
        vf p = exponential(load_part(s + i, count - i) - l);
        store_part(s + i, p, count - i);
        store_part(dp + i, p * (load_part(dp + i, count - i) - m), count - i);
    }
}

static float dot(const float *a, const float *b, int64_t count)
{
    vf sum = { 0 };
    for (int64_t i = 0; i < count; i += LANES)
        sum = FMA(load_part(a + i, count - i), load_part(b + i, count - i), sum);
    return total(sum);
}

/* ---- windows -------------------------------------------------------------- */

static void taps(float *y, const float *const *x, const float *const *w, const float *start, int count,
                 int64_t channels)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        vf sum = { 0 };
        if (start)
            sum = load_part(start + c, channels - c);
        for (int t = 0; t < count; t++) {
            vf v = load_part(x[t] + c, channels - c);
            sum = w ? FMA(v, load_part(w[t] + c, channels - c), sum) : sum + v;
        }
        store_part(y + c, sum, channels - c);
    }
}

static void taps_most(float *y, const float *const *x, const float *start, int count, int64_t channels)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        vf high = load_part((start ? start : x[0]) + c, channels - c);
        for (int t = 0; t < count; t++)
            high = most(high, load_part(x[t] + c, channels - c));
        store_part(y + c, high, channels - c);
    }
}

/* ---- factors of products ------------------------------------------------ */

static void to_bf16(uint16_t *to, const float *from, int64_t count)
{
    typedef uint32_t wide __attribute__((vector_size(4 * LANES)));
    typedef uint16_t half __attribute__((vector_size(2 * LANES)));
    for (int64_t i = 0; i < count; i += LANES) {
        wide bits = (wide)load_part(from + i, count - i);
        wide rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
        wide nan = (wide)((bits & 0x7fffffff) > 0x7f800000);
        rounded = (nan & ((bits >> 16) | 0x40)) | (~nan & rounded);
        half out = __builtin_convertvector(rounded, half);
        memcpy(to + i, &out, (count - i >= LANES ? LANES : (size_t)(count - i)) * sizeof *to);
    }
}
