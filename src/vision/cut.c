/* cut.c - from a frame to what a small picture network sees. */
#include "vision/cut.h"

#include <math.h>

cohl_cut cohl_cut_whole(const cohl_frame *frame)
{
    return (cohl_cut){ .width = frame->width, .height = frame->height, .wide = frame->width, .high = frame->height };
}

cohl_cut cohl_cut_square(const cohl_frame *frame)
{
    cohl_cut cut = cohl_cut_whole(frame);
    cut.wide = cut.high = cut.width > cut.height ? cut.width : cut.height;
    return cut;
}

cohl_cut cohl_cut_box(const cohl_frame *frame, float left, float top, float width, float height)
{
    float x = fmaxf(left, 0), y = fmaxf(top, 0);
    float wide = fminf(left + width, (float)frame->width) - x, high = fminf(top + height, (float)frame->height) - y;
    if (!(wide >= 1 && high >= 1))
        return (cohl_cut){ 0 };
    cohl_cut cut = { .left = (int)x, .top = (int)y, .width = (int)wide, .height = (int)high };
    cut.wide = cut.high = cut.width > cut.height ? cut.width : cut.height;
    /* the odd row of black stands after */
    cut.before_x = (cut.wide - cut.width) / 2;
    cut.before_y = (cut.high - cut.height) / 2;
    return cut;
}

/* The two lines that one line of the result lies between, and how far it is from the first. */
typedef struct between { int a, b; float part; } between;

static between lines_of(int i, int whole, int size, bool corners)
{
    double step = corners && size > 1 ? (double)(whole - 1) / (size - 1) : (double)whole / size, at = step * i;
    int a = (int)floor(at), b = (int)ceil(at);
    if (a > whole - 1)
        a = whole - 1;
    return (between){ a, b < whole ? b : whole - 1, (float)(at - a) };
}

/* Line `at` of the picture as one of the cut; -1: black. */
static int inside(int at, int before, int count) { return at >= before && at < before + count ? at - before : -1; }

static const uint8_t *row_of(const cohl_frame *frame, const cohl_cut *cut, int at)
{
    int row = inside(at, cut->before_y, cut->height);
    return row < 0 ? NULL : cohl_frame_row(frame, cut->top + row) + 3 * cut->left;
}

static float value(const uint8_t *row, int x, int c) { return row && x >= 0 ? row[3 * x + c] : 0; }

static void resize_row(float *out, const uint8_t *up, const uint8_t *down, float part, const between *column, int size,
                       const cohl_pixels *pixels)
{
    for (int j = 0; j < size; j++)
        for (int c = 0; c < 3; c++) {
            const between *x = &column[j];
            float a = value(up, x->a, c), d = value(down, x->a, c);
            float high = a + (value(up, x->b, c) - a) * x->part, low = d + (value(down, x->b, c) - d) * x->part;
            *out++ = (high + (low - high) * part - pixels->mean[c]) * pixels->scale;
        }
}

void cohl_cut_resize(float *out, const cohl_frame *frame, const cohl_cut *cut, int size, bool corners,
                     const cohl_pixels *pixels)
{
    between column[COHL_CUT_SIDE_MAX];
    for (int j = 0; j < size; j++) {
        column[j] = lines_of(j, cut->wide, size, corners);
        column[j].a = inside(column[j].a, cut->before_x, cut->width);
        column[j].b = inside(column[j].b, cut->before_x, cut->width);
    }
    for (int i = 0; i < size; i++, out += 3 * size) {
        between y = lines_of(i, cut->high, size, corners);
        resize_row(out, row_of(frame, cut, y.a), row_of(frame, cut, y.b), y.part, column, size, pixels);
    }
}

static float pixel_of(const cohl_frame *frame, int x, int y, int c)
{
    bool there = x >= 0 && y >= 0 && x < frame->width && y < frame->height;
    return there ? cohl_frame_row(frame, y)[3 * x + c] : 0;
}

void cohl_cut_turned(float *out, const cohl_frame *frame, const cohl_turned *square, int size, const cohl_pixels *pixels)
{
    float step = square->side / (float)size;
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            float right = step * (float)j, down = step * (float)i;
            float x = square->left + square->cosine * right - square->sine * down;
            float y = square->top + square->sine * right + square->cosine * down;
            int left = (int)floorf(x), top = (int)floorf(y);
            float part_x = x - (float)left, part_y = y - (float)top;
            for (int c = 0; c < 3; c++) {
                float a = pixel_of(frame, left, top, c), b = pixel_of(frame, left + 1, top, c);
                float d = pixel_of(frame, left, top + 1, c), e = pixel_of(frame, left + 1, top + 1, c);
                float high = a + (b - a) * part_x, low = d + (e - d) * part_x;
                *out++ = (high + (low - high) * part_y - pixels->mean[c]) * pixels->scale;
            }
        }
}
