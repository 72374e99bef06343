/* flash.c - film that could set off a seizure in photosensitive people. */
#include "safety/flash.h"

#include <math.h>
#include <stdlib.h>

enum {
    ACROSS_LONG = 30, ACROSS_SHORT = 17,   /* cells along the picture's sides               */
    SAMPLES = 8,                           /* pixels looked at along a side of a cell       */
    TURNS = 7,                             /* three flashes are six turns; the seventh is too many */
};

static const float TURN = 0.1f;            /* of the full range of luminance */
static const float DARK = 0.8f;            /* one side of a flash is below   */
static const float RED_TURN = 20 / 320.0f; /* of R - G - B                   */
static const float RED_SHARE = 0.8f;       /* of R in R + G + B: saturated   */
static const double AREA = 0.25;           /* of the picture                 */

/* One quantity of one cell: where it last turned, which way it goes, and when it turned. */
typedef struct track {
    float extreme;
    int   way;                /* 1 up, -1 down, 0 not yet */
    int   turn[TURNS];        /* frame numbers, the oldest at `next`; -1 = none */
    int   next;
} track;

struct cohl_flash {
    int     columns, rows, frame;
    double  fps;
    float   linear[256];      /* sRGB code to linear light */
    track  *light, *red;      /* [rows * columns] */
    double  light_area, red_area;
};

/* IEC 61966-2-1. */
static float to_linear(int code)
{
    double c = code / 255.0;
    return (float)(c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
}

void cohl_flash_free(cohl_flash *flash)
{
    if (!flash)
        return;
    free(flash->light);
    free(flash->red);
    free(flash);
}

static void clear(track *tracks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < TURNS; k++)
            tracks[i].turn[k] = -1;
}

static int least(int a, int b) { return a < b ? a : b; }

cohl_status cohl_flash_new(cohl_flash **out, int width, int height, double fps, cohl_error *err)
{
    cohl_flash *flash = *out = calloc(1, sizeof *flash);
    if (!flash)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for flashes");
    flash->columns = least(width, width >= height ? ACROSS_LONG : ACROSS_SHORT);
    flash->rows = least(height, width >= height ? ACROSS_SHORT : ACROSS_LONG);
    flash->fps = fps;
    size_t cells = (size_t)flash->columns * (size_t)flash->rows;
    flash->light = calloc(cells, sizeof *flash->light);
    flash->red = calloc(cells, sizeof *flash->red);
    if (!flash->light || !flash->red) {
        cohl_flash_free(flash);
        *out = NULL;
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for flashes");
    }
    clear(flash->light, cells);
    clear(flash->red, cells);
    for (int i = 0; i < 256; i++)
        flash->linear[i] = to_linear(i);
    return COHL_OK;
}

/* Mean linear light of a cell, from at most SAMPLES x SAMPLES of its pixels. */
static void look_at_cell(const cohl_flash *f, const cohl_frame *frame, int column, int row, float mean[3])
{
    int left = column * frame->width / f->columns, right = (column + 1) * frame->width / f->columns;
    int top = row * frame->height / f->rows, bottom = (row + 1) * frame->height / f->rows;
    int step_x = (right - left + SAMPLES - 1) / SAMPLES, step_y = (bottom - top + SAMPLES - 1) / SAMPLES, count = 0;
    float sum[3] = { 0, 0, 0 };
    for (int y = top; y < bottom; y += step_y)
        for (int x = left; x < right; x += step_x, count++)
            for (int c = 0; c < 3; c++)
                sum[c] += f->linear[cohl_frame_row(frame, y)[3 * x + c]];
    for (int c = 0; c < 3; c++)
        mean[c] = sum[c] / (float)count;
}

static void turned(track *t, float value, int frame)
{
    t->way = value > t->extreme ? 1 : -1;
    t->extreme = value;
    t->turn[t->next] = frame;
    t->next = (t->next + 1) % TURNS;
}

/* Follow a quantity: further the same way moves the extreme, far enough back is a turn. */
static void follow(track *t, float value, float turn, bool counts, int frame)
{
    if (frame == 0 || (t->way > 0 && value > t->extreme) || (t->way < 0 && value < t->extreme))
        t->extreme = value;
    else if (counts && fabsf(value - t->extreme) >= turn)
        turned(t, value, frame);
}

/* Turned TURNS times within a second. */
static bool too_often(const track *t, int frame, double fps)
{
    int oldest = t->turn[t->next];
    return oldest >= 0 && frame - oldest < fps;
}

void cohl_flash_look(cohl_flash *f, const cohl_frame *frame)
{
    int cells = f->columns * f->rows, light = 0, red = 0;
    for (int i = 0; i < cells; i++) {
        float rgb[3];
        look_at_cell(f, frame, i % f->columns, i / f->columns, rgb);
        float luminance = 0.2126f * rgb[0] + 0.7152f * rgb[1] + 0.0722f * rgb[2];
        float redness = fmaxf(0, rgb[0] - rgb[1] - rgb[2]);
        bool saturated = rgb[0] >= RED_SHARE * (rgb[0] + rgb[1] + rgb[2]) && rgb[0] > 0;
        follow(&f->light[i], luminance, TURN, fminf(luminance, f->light[i].extreme) < DARK, f->frame);
        /* towards saturated red, or back from it */
        follow(&f->red[i], redness, RED_TURN, saturated || redness < f->red[i].extreme, f->frame);
        light += too_often(&f->light[i], f->frame, f->fps);
        red += too_often(&f->red[i], f->frame, f->fps);
    }
    f->light_area = (double)light / cells;
    f->red_area = (double)red / cells;
    f->frame++;
}

cohl_flash_harm cohl_flash_harm_now(const cohl_flash *f)
{
    bool red = f->red_area > f->light_area;
    double area = red ? f->red_area : f->light_area;
    return (cohl_flash_harm){ area <= AREA ? COHL_FLASH_NONE : red ? COHL_FLASH_RED : COHL_FLASH_GENERAL, area };
}
