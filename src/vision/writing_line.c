/* writing_line.c - patches of one colour in a row. */
#define _GNU_SOURCE
#include "vision/writing_line.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "media/resize.h"

enum {
    SIDE = 960,              /* frames that are larger are looked at this wide                       */
    LEVELS = 8,              /* of light, each way                                                   */
    LETTER_LEAST = 7,        /* pixels high                                                          */
    LETTERS_LEAST = 3,       /* in a row: two patches side by side are anywhere                      */
    PATCHES_MOST = 4000,     /* of a level; more is grain, not writing                               */
    FOUND_MOST = 96,         /* lines of all levels, before the best are taken                       */
    READ_HIGH = 36,          /* pixels that letters are made high for the reader                     */
    MARGIN = 12,
};

static const float EVEN_LEAST = 0.4f;      /* of a line's letters: most lines of stones and leaves have less */

/* What a frame is looked at by: writing of a colour may be as light as what is behind it. */
typedef struct view { int red, green, blue; } view;     /* of 256 */
static const view views[] = { { 77, 150, 29 }, { 256, 0, 0 }, { 0, 0, 256 } };
enum { VIEWS = sizeof views / sizeof *views };

/* A stretch of a row that is all ink. */
typedef struct run { int y, left, right, patch; } run;     /* right: the first pixel after it */

typedef struct patch {
    int left, top, right, bottom;     /* right, bottom: after the last */
    int area, runs;
    int root;                         /* while they are joined         */
    bool taken;
} patch;

struct cohl_writing_finder {
    cohl_frame *small;
    uint8_t    *grey;                 /* [height, width] of the view at hand       */
    size_t      grey_room;
    run        *run;
    int        *begin;                /* [height + 1]: where a row's runs begin     */
    patch      *patch;                /* one for each run at first                 */
    int         run_count, run_room, patch_count, begin_room;
    int        *order;                /* of the patches that may be letters        */
    cohl_writing_line line[FOUND_MOST];
    int         line_count;
};

cohl_status cohl_writing_finder_new(cohl_writing_finder **out, cohl_error *err)
{
    *out = calloc(1, sizeof **out);
    return *out ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for writing");
}

static void drop_lines(cohl_writing_finder *f)
{
    for (int i = 0; i < f->line_count; i++) {
        free(f->line[i].pixel);
        f->line[i].pixel = NULL;
    }
    f->line_count = 0;
}

void cohl_writing_finder_free(cohl_writing_finder *f)
{
    if (!f)
        return;
    drop_lines(f);
    cohl_frame_free(f->small);
    free(f->grey);
    free(f->run);
    free(f->begin);
    free(f->patch);
    free(f->order);
    free(f);
}

/* ---- patches ---------------------------------------------------------------------- */

static bool is_ink(int value, int level, bool light) { return light ? value >= level : value <= level; }

static bool room_for_runs(cohl_writing_finder *f, int more)
{
    if (f->run_count + more <= f->run_room)
        return true;
    int room = 2 * (f->run_count + more);
    run *grown = realloc(f->run, (size_t)room * sizeof *grown);
    f->run = grown ? grown : f->run;
    patch *patches = realloc(f->patch, (size_t)room * sizeof *patches);
    f->patch = patches ? patches : f->patch;
    int *order = realloc(f->order, (size_t)room * sizeof *order);
    f->order = order ? order : f->order;
    if (!grown || !patches || !order)
        return false;
    f->run_room = room;
    return true;
}

static int root_of(cohl_writing_finder *f, int at)
{
    while (f->patch[at].root != at)
        at = f->patch[at].root = f->patch[f->patch[at].root].root;
    return at;
}

static void join(cohl_writing_finder *f, int one, int other)
{
    one = root_of(f, one), other = root_of(f, other);
    f->patch[one > other ? one : other].root = one > other ? other : one;
}

static bool row_runs(cohl_writing_finder *f, const cohl_frame *frame, int y, int level, bool light)
{
    const uint8_t *row = f->grey + (size_t)y * (size_t)frame->width;
    if (!room_for_runs(f, frame->width / 2 + 1))
        return false;
    for (int x = 0; x < frame->width; x++) {
        if (!is_ink(row[x], level, light))
            continue;
        int left = x;
        while (x < frame->width && is_ink(row[x], level, light))
            x++;
        f->run[f->run_count] = (run){ y, left, x, f->run_count };
        f->patch[f->run_count] = (patch){ left, y, x, y + 1, x - left, 1, f->run_count, false };
        f->run_count++;
    }
    return true;
}

/* Runs of two rows that touch, corners too, are of one patch. */
static void join_rows(cohl_writing_finder *f, int above, int here, int end)
{
    int a = above, b = here;
    while (a < here && b < end) {
        if (f->run[a].left <= f->run[b].right && f->run[b].left <= f->run[a].right)
            join(f, a, b);
        if (f->run[a].right < f->run[b].right) a++; else b++;
    }
}

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

static bool find_patches(cohl_writing_finder *f, const cohl_frame *frame, int level, bool light)
{
    f->run_count = 0;
    for (int y = 0; y < frame->height; y++) {
        f->begin[y] = f->run_count;
        if (!row_runs(f, frame, y, level, light))
            return false;
        if (y)
            join_rows(f, f->begin[y - 1], f->begin[y], f->run_count);
    }
    f->begin[frame->height] = f->run_count;
    for (int i = 0; i < f->run_count; i++) {
        int root = f->run[i].patch = root_of(f, i);
        patch *to = &f->patch[root];
        const run *r = &f->run[i];
        if (root == i)
            continue;
        to->left = least(to->left, r->left), to->right = most(to->right, r->right);
        to->bottom = most(to->bottom, r->y + 1);
        to->area += r->right - r->left, to->runs++;
    }
    return true;
}

static int height_of(const patch *p) { return p->bottom - p->top; }
static int width_of(const patch *p) { return p->right - p->left; }
static float thickness_of(const patch *p) { return (float)p->area / (float)p->runs; }

static bool may_be_letter(const patch *p, const cohl_frame *frame)
{
    int height = height_of(p), width = width_of(p);
    return height >= LETTER_LEAST && height <= frame->height / 2 && width <= 3 * height && 14 * width >= height &&
           6 * p->area >= width * height && thickness_of(p) <= 0.9f * (float)height;
}

/* ---- lines ------------------------------------------------------------------------ */

static int leftmost_first(const void *a, const void *b, void *patches)
{
    const patch *p = &((patch *)patches)[*(const int *)a], *q = &((patch *)patches)[*(const int *)b];
    return p->left != q->left ? (p->left > q->left) - (p->left < q->left) : (p->top > q->top) - (p->top < q->top);
}

static bool list_letters(cohl_writing_finder *f, const cohl_frame *frame)
{
    f->patch_count = 0;
    for (int i = 0; i < f->run_count; i++)
        if (f->run[i].patch == i && may_be_letter(&f->patch[i], frame))
            f->order[f->patch_count++] = i;
    if (f->patch_count > PATCHES_MOST)
        return false;
    qsort_r(f->order, (size_t)f->patch_count, sizeof *f->order, leftmost_first, f->patch);
    return f->patch_count >= LETTERS_LEAST;
}

static bool are_near(float a, float b, float factor) { return a < factor * b && b < factor * a; }

/* Is b the letter after a? A space between words is at most half wider than a letter is high. */
static bool follows(const patch *a, const patch *b)
{
    int high = most(height_of(a), height_of(b)), gap = b->left - a->right;
    int shared = least(a->bottom, b->bottom) - most(a->top, b->top);
    return gap <= high + high / 2 && gap >= -high / 3 && 2 * shared >= least(height_of(a), height_of(b)) &&
           are_near((float)height_of(a), (float)height_of(b), 2.1f) && are_near(thickness_of(a), thickness_of(b), 2.4f);
}

/* The nearest patch that follows the one at order[at]; -1: none. */
static int next_of(const cohl_writing_finder *f, int at)
{
    const patch *p = &f->patch[f->order[at]];
    int reach = 4 * height_of(p), best = -1;
    for (int i = at + 1; i < f->patch_count; i++) {
        const patch *q = &f->patch[f->order[i]];
        if (q->left - p->right > reach || (best >= 0 && q->left > f->patch[f->order[best]].left))
            break;
        if (!q->taken && follows(p, q))
            best = i;
    }
    return best;
}

/* Feet on one line, or heads: nearly all letters beside each other, few stones. */
static bool stand_level(const patch *a, const patch *b)
{
    int off = most(1, least(height_of(a), height_of(b)) / 7);
    return abs(a->bottom - b->bottom) <= off || abs(a->top - b->top) <= off;
}

typedef struct chain {
    int   left, top, right, bottom, letters, height;     /* height: the mean of its patches */
    float even;
} chain;

/* The row that begins at order[at]; its patches are taken. */
static chain follow(cohl_writing_finder *f, int at)
{
    chain c = { .left = f->patch[f->order[at]].left, .top = 1 << 20 };
    float high = 0, square = 0, thick = 0, thick_square = 0;
    int level_pairs = 1;
    const patch *before = NULL;
    for (int i = at; i >= 0; i = next_of(f, i)) {
        patch *p = &f->patch[f->order[i]];
        level_pairs += before && stand_level(before, p);
        before = p;
        float height = (float)height_of(p), thickness = thickness_of(p);
        p->taken = true;
        c.top = least(c.top, p->top), c.bottom = most(c.bottom, p->bottom), c.right = most(c.right, p->right);
        high += height, square += height * height, thick += thickness, thick_square += thickness * thickness;
        c.letters++;
    }
    float n = (float)c.letters, mean = high / n, width = thick / n;
    c.height = (int)(mean + 0.5f);
    c.even = (float)level_pairs / n / (1 + sqrtf(fmaxf(square / n - mean * mean, 0)) / mean +
                                     sqrtf(fmaxf(thick_square / n - width * width, 0)) / width);
    return c;
}

/* ---- the line by itself ------------------------------------------------------------- */

/* Ink of its patches, and of dots, accents and commas beside them, on white; the edges of a letter as soft as they were. */
static void paint(uint8_t *to, const cohl_writing_finder *f, const cohl_frame *frame, const chain *c, int level, bool light)
{
    int width = c->right - c->left;
    for (int y = c->top; y < c->bottom; y++)
        for (int i = f->begin[y]; i < f->begin[y + 1]; i++) {
            const run *r = &f->run[i];
            const patch *p = &f->patch[r->patch];
            if (r->right <= c->left || r->left >= c->right || height_of(p) > 2 * c->height || width_of(p) > 4 * c->height)
                continue;
            const uint8_t *row = f->grey + (size_t)y * (size_t)frame->width;
            for (int x = most(r->left - 1, c->left); x < least(r->right + 1, c->right); x++) {
                int over = light ? row[x] - level : level - row[x], value = 120 - 4 * over;
                uint8_t *at = &to[(y - c->top) * width + x - c->left];
                *at = (uint8_t)least(*at, most(0, least(255, value)));
            }
        }
}

/* Bilinear, so that letters are READ_HIGH high, with a white margin. */
static uint8_t *enlarge(int *width, int *height, const uint8_t *from, int w, int h, int letters_high)
{
    float by = (float)READ_HIGH / (float)letters_high;
    int inner = most(1, (int)((float)w * by)), tall = most(1, (int)((float)h * by));
    *width = inner + 2 * MARGIN, *height = tall + 2 * MARGIN;
    uint8_t *to = malloc((size_t)*width * (size_t)*height);
    if (!to)
        return NULL;
    memset(to, 255, (size_t)*width * (size_t)*height);
    for (int y = 0; y < tall; y++)
        for (int x = 0; x < inner; x++) {
            float u = fminf(fmaxf(((float)x + 0.5f) / by - 0.5f, 0), (float)(w - 1));
            float v = fminf(fmaxf(((float)y + 0.5f) / by - 0.5f, 0), (float)(h - 1));
            int i = least((int)u, most(w - 2, 0)), j = least((int)v, most(h - 2, 0));
            int right = w > 1, down = h > 1 ? w : 0;
            const uint8_t *at = from + j * w + i;
            float a = u - (float)i, b = v - (float)j;
            float above = (1 - a) * at[0] + a * at[right], below = (1 - a) * at[down] + a * at[down + right];
            to[(y + MARGIN) * *width + x + MARGIN] = (uint8_t)((1 - b) * above + b * below + 0.5f);
        }
    return to;
}

/* More letters first: a level that shows all of a line is the one to read. */
static float worth_of(int letters, float even) { return (float)letters * (1 + even); }
static float worth(const cohl_writing_line *line) { return worth_of(line->letters, line->even); }

/* The same place was found at another level too: the better one stays. */
static int place_for(cohl_writing_finder *f, const chain *c)
{
    float good = worth_of(c->letters, c->even);
    int worst = -1;
    for (int i = 0; i < f->line_count; i++) {
        const cohl_writing_line *l = &f->line[i];
        int across = least(l->right, c->right) - most(l->left, c->left), down = least(l->bottom, c->bottom) - most(l->top, c->top);
        if (across > 0 && down > 0 && 2 * across >= least(l->right - l->left, c->right - c->left) &&
            2 * down >= least(l->bottom - l->top, c->bottom - c->top))
            return worth(l) >= good ? -1 : i;
        if (worst < 0 || worth(l) < worth(&f->line[worst]))
            worst = i;
    }
    if (f->line_count < FOUND_MOST)
        return f->line_count++;
    return worth(&f->line[worst]) < good ? worst : -1;
}

static bool keep_line(cohl_writing_finder *f, const cohl_frame *frame, chain c, int level, bool light)
{
    int place = c.letters >= LETTERS_LEAST && c.even >= EVEN_LEAST ? place_for(f, &c) : -1;
    if (place < 0)
        return true;
    cohl_writing_line *line = &f->line[place];
    int up = c.height / 3 + 1, side = c.height / 4 + 1;      /* accents, and what hangs below the line */
    c.top = most(0, c.top - up), c.bottom = least(frame->height, c.bottom + up);
    c.left = most(0, c.left - side), c.right = least(frame->width, c.right + side);
    int width = c.right - c.left, height = c.bottom - c.top;
    uint8_t *clean = malloc((size_t)width * (size_t)height);
    free(line->pixel);
    *line = (cohl_writing_line){ c.left, c.top, c.right, c.bottom, c.letters, c.even, 0, 0, NULL };
    if (!clean)
        return false;
    memset(clean, 255, (size_t)width * (size_t)height);
    paint(clean, f, frame, &c, level, light);
    line->pixel = enlarge(&line->width, &line->height, clean, width, height, c.height);
    free(clean);
    return line->pixel != NULL;
}

static bool find_lines(cohl_writing_finder *f, const cohl_frame *frame, int level, bool light)
{
    if (!find_patches(f, frame, level, light))
        return false;
    if (!list_letters(f, frame))
        return true;
    for (int i = 0; i < f->patch_count; i++)
        if (!f->patch[f->order[i]].taken && !keep_line(f, frame, follow(f, i), level, light))
            return false;
    return true;
}

/* ---- a frame ------------------------------------------------------------------------- */

static cohl_status make_room(cohl_writing_finder *f, const cohl_frame *frame, cohl_error *err)
{
    size_t count = (size_t)frame->width * (size_t)frame->height;
    if (count > f->grey_room || frame->height > f->begin_room) {
        free(f->grey);
        free(f->begin);
        f->grey = malloc(count);
        f->begin = malloc(((size_t)frame->height + 1) * sizeof *f->begin);
        f->grey_room = f->grey && f->begin ? count : 0;
        f->begin_room = f->grey_room ? frame->height : 0;
    }
    return f->grey_room ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for writing");
}

static void look_by(cohl_writing_finder *f, const cohl_frame *frame, const view *v)
{
    const uint8_t *rgb = frame->rgb;
    for (size_t i = 0, count = cohl_frame_bytes(frame) / 3; i < count; i++, rgb += 3)
        f->grey[i] = (uint8_t)((v->red * rgb[0] + v->green * rgb[1] + v->blue * rgb[2]) >> 8);
}

/* A large frame made smaller, into memory that is kept. */
static cohl_status shrink(const cohl_frame **out, cohl_writing_finder *f, const cohl_frame *frame, cohl_error *err)
{
    int longer = most(frame->width, frame->height);
    *out = frame;
    if (longer <= SIDE)
        return COHL_OK;
    int width = most(1, frame->width * SIDE / longer), height = most(1, frame->height * SIDE / longer);
    cohl_status st = COHL_OK;
    if (!f->small || f->small->width != width || f->small->height != height) {
        cohl_frame_free(f->small);
        f->small = NULL;
        st = cohl_frame_new(&f->small, width, height, err);
    }
    *out = f->small;
    return st ? st : cohl_resize(f->small, frame, err);
}

static int best_first(const void *a, const void *b)
{
    const cohl_writing_line *p = a, *q = b;
    if (worth(p) != worth(q))
        return worth(p) < worth(q) ? 1 : -1;
    return p->top != q->top ? p->top - q->top : p->left - q->left;
}

static int topmost_first(const void *a, const void *b)
{
    const cohl_writing_line *p = a, *q = b;
    return p->top != q->top ? p->top - q->top : p->left - q->left;
}

cohl_status cohl_writing_find(const cohl_writing_line **line, int *count, cohl_writing_finder *f,
                              const cohl_frame *frame, cohl_error *err)
{
    const cohl_frame *at;
    drop_lines(f);
    cohl_status st = shrink(&at, f, frame, err);
    if (!st) st = make_room(f, at, err);
    for (int v = 0; v < VIEWS && !st; v++) {
        look_by(f, at, &views[v]);
        for (int i = 0; i < 2 * LEVELS && !st; i++)
            if (!find_lines(f, at, (i % LEVELS + 1) * 256 / (LEVELS + 1), i >= LEVELS))
                st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for writing");
    }
    if (st)
        return st;
    qsort(f->line, (size_t)f->line_count, sizeof *f->line, best_first);
    *count = least(f->line_count, COHL_WRITING_LINES_MOST);
    qsort(f->line, (size_t)*count, sizeof *f->line, topmost_first);
    *line = f->line;
    return COHL_OK;
}
