/* Tests of block formats: what a block means, bit for bit, and what packing loses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/rng.h"
#include "weights/packing.h"
#include "weights/weight.h"

enum { VALUES = COHL_PACKING_VALUES_MAX };

static void put_half(uint8_t *at, float value)
{
    uint16_t half = cohl_f32_to_f16(value);
    memcpy(at, &half, 2);
}

static float get_half(const uint8_t *at)
{
    uint16_t half;
    memcpy(&half, at, 2);
    return cohl_f16_to_f32(half);
}

/* --- blocks worked out by hand ------------------------------------------ */

/* Block bytes, and values at some places; all others are `rest`. */
typedef struct hand { int at; float value; } hand;

static void expect(const char *name, const uint8_t *block, float rest, const hand *some)
{
    float out[VALUES];
    const cohl_packing *packing = cohl_packing_named(name);
    assert_non_null(packing);
    packing->unpack(out, block);
    for (int i = 0; i < packing->values; i++) {
        float wanted = rest;
        for (const hand *h = some; h->at >= 0; h++)
            if (h->at == i)
                wanted = h->value;
        if (out[i] != wanted)
            fail_msg("%s: value %d is %g, expected %g", name, i, (double)out[i], (double)wanted);
    }
}

static void test_plain_blocks_mean_what_the_format_says(void **state)
{
    uint8_t b[34] = { 0 };
    put_half(b, 0.5f);
    b[2] = 3, b[33] = (uint8_t)-128;
    expect("Q8_0", b, 0, (hand[]){ { 0, 1.5f }, { 31, -64 }, { -1, 0 } });

    memset(b, 0, sizeof b);
    put_half(b, 2);                              /* q - 8, value 1 above value 17 in byte 1 */
    b[2 + 1] = 0xf9;
    expect("Q4_0", b, -16, (hand[]){ { 1, 2 }, { 17, 14 }, { -1, 0 } });

    memset(b, 0, sizeof b);
    put_half(b, 0.25f), put_half(b + 2, -1);
    b[4 + 15] = 0x4c;
    expect("Q4_1", b, -1, (hand[]){ { 15, 2 }, { 31, 0 }, { -1, 0 } });

    memset(b, 0, sizeof b);
    put_half(b, 1);
    b[2 + 3] = 0x80, b[2] = 0x02;                /* the fifth bits of values 31 and 1 */
    b[6 + 15] = 0x50, b[6 + 1] = 0x01;
    expect("Q5_0", b, -16, (hand[]){ { 31, 5 }, { 1, 1 }, { -1, 0 } });

    memset(b, 0, sizeof b);
    put_half(b, 1), put_half(b + 2, 100);
    b[4 + 2] = 0x01;                             /* the fifth bit of value 16 */
    b[8] = 0x23;
    expect("Q5_1", b, 100, (hand[]){ { 0, 103 }, { 16, 118 }, { -1, 0 } });
}

static void test_k_blocks_mean_what_the_format_says(void **state)
{
    uint8_t b[COHL_PACKING_BYTES_MAX] = { 0 };
    put_half(b + 80, 1), put_half(b + 82, 0.5f);  /* Q2_K: group 9 is values 144..159 */
    b[9] = 0x21;                                  /* scale 1, least 2 */
    b[16 + 32 + 16] = 0x03;                       /* value 128 + 16 */
    expect("Q2_K", b, 0, (hand[]){ { 144, 2 }, { 145, -1 }, { 146, -1 }, { 147, -1 }, { 148, -1 }, { 149, -1 },
                                   { 150, -1 }, { 151, -1 }, { 152, -1 }, { 153, -1 }, { 154, -1 }, { 155, -1 },
                                   { 156, -1 }, { 157, -1 }, { 158, -1 }, { 159, -1 }, { -1, 0 } });

    memset(b, 0, sizeof b);                       /* Q3_K: scales all -32, q all -4: 128 d */
    put_half(b + 108, 0.5f);
    b[1] = 0x20;                                  /* third bit of value 161 = 5 * 32 + 1 */
    b[32 + 32 + 1] = 0x04;                        /* its two bits: 1, second pair of the second half */
    expect("Q3_K", b, 64, (hand[]){ { 161, -16 }, { -1, 0 } });

    memset(b, 0, sizeof b);                       /* Q4_K: group 6 = values 192..223 */
    put_half(b, 1), put_half(b + 2, 1);
    b[4 + 6 + 4] = 0x53;                          /* scale's low bits 3, least's low bits 5 */
    b[4 + 6 - 4] = 0x40;                          /* scale's upper bits 1: 19 */
    b[4 + 6] = 0x80;                              /* least's upper bits 2: 37 */
    for (int i = 0; i < 32; i++)
        b[16 + 96 + i] = 2;
    float out[VALUES];
    cohl_packing_named("Q4_K")->unpack(out, b);
    for (int i = 192; i < 224; i++)
        assert_true(out[i] == 19 * 2 - 37);

    memset(b, 0, sizeof b);                       /* Q5_K: group 1, values 32..63 in upper halves */
    put_half(b, 1), put_half(b + 2, 1);
    b[4 + 1] = 3, b[4 + 5] = 7;                   /* scale 3, least 7 */
    b[16 + 5] = 0x02;                             /* fifth bit of value 37 */
    b[48 + 5] = 0x10;                             /* its four bits: 1 */
    cohl_packing_named("Q5_K")->unpack(out, b);
    assert_true(out[37] == 3 * 17 - 7);
    assert_true(out[36] == -7);
    assert_true(out[5] == 0);

    memset(b, 0, sizeof b);                       /* Q6_K: value 128+96 in the upper halves */
    put_half(b + 208, 0.5f);
    b[192 + 14] = (uint8_t)-3;                    /* group 14 = values 224..239 */
    b[64 + 32] = 0x50;                            /* low four bits 5 */
    b[128 + 32] = 0xc0;                           /* upper two bits 3: 53 - 32 = 21 */
    cohl_packing_named("Q6_K")->unpack(out, b);
    assert_true(out[224] == 0.5f * -3 * 21);
    assert_true(out[225] == 0.5f * -3 * -32);
    assert_true(out[223] == 0);
}

/* --- the same, told as the format's own page tells it: in the order of the bytes --- */

static void told_q2(float *y, const uint8_t *b)
{
    const uint8_t *q = b + 16;
    float d = get_half(b + 80), min = get_half(b + 82);
    int is = 0;
    for (int n = 0; n < 256; n += 128, q += 32)
        for (int shift = 0; shift < 8; shift += 2)
            for (int half = 0; half < 32; half += 16) {
                float dl = d * (b[is] & 15), ml = min * (b[is] >> 4);
                is++;
                for (int l = 0; l < 16; l++)
                    *y++ = dl * ((q[half + l] >> shift) & 3) - ml;
            }
}

static void told_q3(float *y, const uint8_t *b)
{
    const uint8_t *q = b + 32, *s = b + 96;
    int8_t scales[16];
    for (int i = 0; i < 4; i++) {
        scales[i] = (int8_t)((s[i] & 15) | ((s[8 + i] & 3) << 4));
        scales[4 + i] = (int8_t)((s[4 + i] & 15) | ((s[8 + i] >> 2 & 3) << 4));
        scales[8 + i] = (int8_t)((s[i] >> 4) | ((s[8 + i] >> 4 & 3) << 4));
        scales[12 + i] = (int8_t)((s[4 + i] >> 4) | ((s[8 + i] >> 6 & 3) << 4));
    }
    float d = get_half(b + 108);
    int is = 0, m = 1;
    for (int n = 0; n < 256; n += 128, q += 32)
        for (int shift = 0; shift < 8; shift += 2, m <<= 1)
            for (int half = 0; half < 32; half += 16) {
                float dl = d * (scales[is++] - 32);
                for (int l = half; l < half + 16; l++)
                    *y++ = dl * ((int8_t)((q[l] >> shift) & 3) - ((b[l] & m) ? 0 : 4));
            }
}

static void told_pair(const uint8_t *q, int j, uint8_t *d, uint8_t *m)
{
    if (j < 4) {
        *d = q[j] & 63;
        *m = q[j + 4] & 63;
    } else {
        *d = (uint8_t)((q[j + 4] & 0xF) | ((q[j - 4] >> 6) << 4));
        *m = (uint8_t)((q[j + 4] >> 4) | ((q[j] >> 6) << 4));
    }
}

static void told_q4(float *y, const uint8_t *b)
{
    const uint8_t *q = b + 16;
    float d = get_half(b), min = get_half(b + 2);
    uint8_t sc, m;
    for (int is = 0; is < 8; is += 2, q += 32)
        for (int upper = 0; upper < 2; upper++) {
            told_pair(b + 4, is + upper, &sc, &m);
            float d1 = d * sc, m1 = min * m;
            for (int l = 0; l < 32; l++)
                *y++ = d1 * (upper ? q[l] >> 4 : q[l] & 15) - m1;
        }
}

static void told_q5(float *y, const uint8_t *b)
{
    const uint8_t *q = b + 48, *qh = b + 16;
    float d = get_half(b), min = get_half(b + 2);
    uint8_t sc, m, u = 1;
    for (int is = 0; is < 8; is += 2, q += 32)
        for (int upper = 0; upper < 2; upper++, u = (uint8_t)(u << 1)) {
            told_pair(b + 4, is + upper, &sc, &m);
            float d1 = d * sc, m1 = min * m;
            for (int l = 0; l < 32; l++)
                *y++ = d1 * ((upper ? q[l] >> 4 : q[l] & 15) + (qh[l] & u ? 16 : 0)) - m1;
        }
}

static void told_q6(float *y, const uint8_t *b)
{
    const uint8_t *ql = b, *qh = b + 128;
    const int8_t *sc = (const int8_t *)b + 192;
    float d = get_half(b + 208);
    for (int n = 0; n < 256; n += 128, y += 128, ql += 64, qh += 32, sc += 8)
        for (int l = 0; l < 32; l++) {
            int is = l / 16;
            y[l] = d * sc[is] * (((ql[l] & 15) | (qh[l] & 3) << 4) - 32);
            y[l + 32] = d * sc[is + 2] * (((ql[l + 32] & 15) | (qh[l] >> 2 & 3) << 4) - 32);
            y[l + 64] = d * sc[is + 4] * ((ql[l] >> 4 | (qh[l] >> 4 & 3) << 4) - 32);
            y[l + 96] = d * sc[is + 6] * ((ql[l + 32] >> 4 | (qh[l] >> 6 & 3) << 4) - 32);
        }
}

static void test_random_k_blocks_unpack_to_the_same_bits_either_way(void **state)
{
    static const struct { const char *name; int d_at[2]; void (*told)(float *, const uint8_t *); } formats[] = {
        { "Q2_K", { 80, 82 }, told_q2 }, { "Q3_K", { 108, 108 }, told_q3 }, { "Q4_K", { 0, 2 }, told_q4 },
        { "Q5_K", { 0, 2 }, told_q5 }, { "Q6_K", { 208, 208 }, told_q6 },
    };
    cohl_rng rng = cohl_rng_make(7, 0);
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        const cohl_packing *packing = cohl_packing_named(formats[f].name);
        for (int turn = 0; turn < 200; turn++) {
            uint8_t block[COHL_PACKING_BYTES_MAX];
            float ours[VALUES], told[VALUES];
            for (int i = 0; i < packing->bytes; i++)
                block[i] = (uint8_t)cohl_rng_u32(&rng);
            for (int i = 0; i < 2; i++)         /* finite, either sign */
                block[formats[f].d_at[i] + 1] &= 0xbb;
            packing->unpack(ours, block);
            formats[f].told(told, block);
            assert_memory_equal(ours, told, sizeof ours);
        }
    }
}

/* --- eight-bit floats --------------------------------------------------- */

static void test_every_eight_bit_float_survives_the_way_there_and_back(void **state)
{
    static const char *const names[] = { "F8_E4M3", "F8_E5M2" };
    for (int f = 0; f < 2; f++) {
        const cohl_packing *packing = cohl_packing_named(names[f]);
        for (int code = 0; code < 256; code++) {
            uint8_t byte = (uint8_t)code, back;
            float value;
            packing->unpack(&value, &byte);
            if (!isfinite(value))
                continue;
            packing->pack(&back, &value);
            if (back != byte)
                fail_msg("%s: %02x is %g and comes back as %02x", names[f], byte, (double)value, back);
        }
    }
}

static void test_e4m3_has_its_known_values(void **state)
{
    static const struct { uint8_t code; float value; } known[] = {
        { 0x00, 0 }, { 0x01, 0x1p-9f }, { 0x07, 0x1.cp-7f }, { 0x08, 0x1p-6f }, { 0x38, 1 }, { 0x39, 1.125f },
        { 0xb8, -1 }, { 0x7e, 448 }, { 0xfe, -448 },
    };
    const cohl_packing *packing = cohl_packing_named("f8_e4m3");
    float value;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        packing->unpack(&value, &known[i].code);
        assert_true(value == known[i].value);
    }
    packing->unpack(&value, &(uint8_t){ 0x7f });
    assert_true(isnan(value));
    uint8_t code;
    packing->pack(&code, &(float){ 1.0625f });          /* half way: to the even 1 */
    assert_int_equal(code, 0x38);
    packing->pack(&code, &(float){ 1.1875f });          /* half way: to the even 1.25 */
    assert_int_equal(code, 0x3a);
    packing->pack(&code, &(float){ -1e9f });
    assert_int_equal(code, 0xfe);
}

/* --- packing ------------------------------------------------------------ */

static double loss(const cohl_packing *packing, float scale, float shift)
{
    double off = 0, all = 0;
    for (uint64_t turn = 0; turn < 64; turn++) {
        float value[VALUES], back[VALUES];
        uint8_t block[COHL_PACKING_BYTES_MAX];
        cohl_rng_fill_normal(value, turn * VALUES, VALUES, 11, 3);
        for (int i = 0; i < VALUES; i++)
            value[i] = scale * value[i] + shift;
        for (int i = 0; i < VALUES; i += packing->values) {
            packing->pack(block, value + i);
            packing->unpack(back + i, block);
        }
        for (int i = 0; i < VALUES; i++) {
            off += pow((double)value[i] - back[i], 2);
            all += pow(value[i], 2);
        }
    }
    return sqrt(off / all);
}

/* Relative root mean square over normal numbers; each bit more must halve it, nearly. */
static void test_packing_loses_what_its_bits_say(void **state)
{
    static const struct { const char *name; double most; } bound[] = {
        { "Q8_0", 0.006 }, { "Q6_K", 0.02 }, { "Q5_K", 0.042 }, { "Q5_1", 0.042 }, { "Q5_0", 0.045 },
        { "Q4_K", 0.084 }, { "Q4_1", 0.085 }, { "Q4_0", 0.092 }, { "Q3_K", 0.18 }, { "Q2_K", 0.34 },
        { "F8_E4M3", 0.03 },
    };
    for (size_t i = 0; i < sizeof bound / sizeof *bound; i++) {
        double found = loss(cohl_packing_named(bound[i].name), 0.5f, 0);
        if (!(found < bound[i].most && found > bound[i].most / 2.2))
            fail_msg("%s: relative error %.5f, expected %.5f at most", bound[i].name, found, bound[i].most);
    }
}

static void test_packing_keeps_zeros_and_survives_extremes(void **state)
{
    static const float kinds[] = { 0, 1, -1, 1e-38f, 6e4f, -6e4f };
    for (int p = 0; cohl_packings[p]; p++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            float value[VALUES], back[VALUES];
            uint8_t block[COHL_PACKING_BYTES_MAX];
            for (int i = 0; i < VALUES; i++)
                value[i] = kinds[k];
            cohl_packings[p]->pack(block, value);
            cohl_packings[p]->unpack(back, block);
            for (int i = 0; i < cohl_packings[p]->values; i++) {
                bool narrow = cohl_packings[p]->values == 1 && fabsf(value[i]) > 400;
                if (!isfinite(back[i]) || (!narrow && fabsf(back[i] - value[i]) > 0.04f * fabsf(value[i]) + 1e-6f))
                    fail_msg("%s: %g came back as %g", cohl_packings[p]->name, (double)value[i], (double)back[i]);
            }
        }
}

static void test_a_packed_weight_reads_from_any_place(void **state)
{
    const cohl_packing *packing = cohl_packing_named("Q4_K");
    uint8_t blocks[3 * 144];
    float value[3 * VALUES], whole[3 * VALUES], some[3 * VALUES], scale[3] = { 1, 2, -0.5f };
    cohl_rng_fill_normal(value, 0, 3 * VALUES, 1, 1);
    for (int i = 0; i < 3; i++)
        packing->pack(blocks + 144 * i, value + VALUES * i);
    cohl_weight w = { .name = "w", .type = COHL_F32, .rank = 2, .dim = { 3, VALUES }, .count = 3 * VALUES,
                      .data = blocks, .packing = packing };
    for (int scaled = 0; scaled < 2; scaled++) {
        if (scaled)
            w.scale = scale, w.scale_run = VALUES;
        cohl_weight_read_f32(&w, 0, w.count, whole);
        for (size_t first = 0; first < w.count; first += 37)
            for (size_t n = 0; n <= w.count - first; n += 101) {
                cohl_weight_read_f32(&w, first, n, some);
                assert_memory_equal(some, whole + first, n * sizeof *some);
            }
    }
    assert_int_equal(cohl_weight_bytes(&w), sizeof blocks);
    assert_string_equal(cohl_weight_type_name(&w), "Q4_K");
    float first;
    packing->unpack(some, blocks + 288);
    cohl_weight_read_f32(&w, 2 * VALUES + 5, 1, &first);
    assert_true(first == -0.5f * some[5]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_blocks_mean_what_the_format_says),
        cmocka_unit_test(test_k_blocks_mean_what_the_format_says),
        cmocka_unit_test(test_random_k_blocks_unpack_to_the_same_bits_either_way),
        cmocka_unit_test(test_every_eight_bit_float_survives_the_way_there_and_back),
        cmocka_unit_test(test_e4m3_has_its_known_values),
        cmocka_unit_test(test_packing_loses_what_its_bits_say),
        cmocka_unit_test(test_packing_keeps_zeros_and_survives_extremes),
        cmocka_unit_test(test_a_packed_weight_reads_from_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
