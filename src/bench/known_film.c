/* known_film.c - films of the theatre as files to be given, and what is measured of a made one. */
#include "bench/known_film.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/writer.h"

enum { CRF = 8, COLOURS = 8 };     /* levels of each channel in the table of colours */

cohl_status known_film_write(const cohl_scene *scene, const char *path, cohl_error *err)
{
    cohl_film_params params = { scene->width, scene->height, scene->fps, CRF, NULL, 0 };
    cohl_film_target target;
    cohl_film_writer *writer = NULL;
    cohl_frame *frame = NULL;
    cohl_status st = cohl_film_target_parse(&target, path, err);
    if (st)
        return st;
    st = cohl_film_writer_open(&writer, &target, &params, err);
    if (!st) st = cohl_frame_new(&frame, scene->width, scene->height, err);
    for (int f = 0; f < scene->frames && !st; f++) {
        cohl_scene_render(scene, f, &(cohl_picture){ .rgb = frame->rgb });
        st = cohl_film_writer_put(writer, frame, err);
    }
    st = cohl_film_writer_close(writer, st, NULL, err);
    cohl_frame_free(frame);
    cohl_film_target_free(&target);
    return st;
}

/* ---- measures ------------------------------------------------------------ */

void known_measures_free(known_measures *m)
{
    free(m->difference);
    free(m->colour);
    free(m->mean);
    free(m->contrast);
    cohl_frame_free(m->last);
    *m = (known_measures){ 0 };
}

static bool grow(void *list, size_t count, size_t size)
{
    void **place = list, *more = realloc(*place, count * size);
    if (more)
        *place = more;
    return more;
}

cohl_status known_measures_add(known_measures *m, const cohl_frame *frame, cohl_error *err)
{
    size_t count = (size_t)m->count + 1, size = cohl_frame_bytes(frame);
    double sum = 0, squares = 0, difference = 0;
    int at = m->count;
    if (!grow(&m->difference, count, sizeof *m->difference) || !grow(&m->colour, count, sizeof *m->colour) ||
        !grow(&m->mean, count, sizeof *m->mean) || !grow(&m->contrast, count, sizeof *m->contrast))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to measure %zu frames", count);
    memset(m->mean[at], 0, sizeof m->mean[at]);
    for (size_t i = 0; i < size; i++) {
        double value = frame->rgb[i];
        m->mean[at][i % 3] += value / (double)(size / 3);
        sum += value, squares += value * value;
        difference += m->last ? fabs(value - m->last->rgb[i]) : 0;
    }
    double mean = sum / (double)size;
    m->contrast[at] = sqrt(fmax(squares / (double)size - mean * mean, 0));
    m->difference[at] = difference / (double)size;
    m->colour[at] = 0;
    for (int c = 0; c < 3 && at; c++)
        m->colour[at] = fmax(m->colour[at], fabs(m->mean[at][c] - m->mean[at - 1][c]));
    m->count++;
    if (!m->last)
        return cohl_frame_copy(&m->last, frame, err);
    memcpy(m->last->rgb, frame->rgb, size);
    return COHL_OK;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Of own[1..count-1]: a first frame has no step. */
static double median_step(const double *own, int count)
{
    double *sorted = count > 1 ? malloc((size_t)(count - 1) * sizeof *sorted) : NULL, median = 0;
    if (!sorted)
        return 0;
    memcpy(sorted, own + 1, (size_t)(count - 1) * sizeof *sorted);
    qsort(sorted, (size_t)(count - 1), sizeof *sorted, by_size);
    median = sorted[(count - 1) / 2];
    free(sorted);
    return median;
}

double known_seam(const double *values, int count, int at, int made, const double *own, int own_count)
{
    int other = at + (made > 0 ? 1 : -1);
    double worst = at >= 1 && at < count ? values[at] : 0;
    if (other >= 1 && other < count)
        worst = fmax(worst, values[other]);
    return worst / fmax(median_step(own, own_count), 0.5);
}

/* ---- where the subject is ------------------------------------------------ */

static int colour_of(const uint8_t *rgb)
{
    return (rgb[0] * COLOURS / 256 * COLOURS + rgb[1] * COLOURS / 256) * COLOURS + rgb[2] * COLOURS / 256;
}

/* How much more often a colour is the subject's than the rest's, as a share of the picture each. */
double known_place(const cohl_frame *frame, const cohl_frame *truth, const uint8_t *mask)
{
    double subject[COLOURS * COLOURS * COLOURS] = { 0 }, rest[COLOURS * COLOURS * COLOURS] = { 0 };
    double inside = 0, outside = 0, weight = 0, place = 0;
    size_t pixels = (size_t)truth->width * (size_t)truth->height;
    for (size_t i = 0; i < pixels; i++)
        *(mask[i] == 1 ? &inside : &outside) += 1;
    if (!inside)
        return -1;
    for (size_t i = 0; i < pixels; i++)
        (mask[i] == 1 ? subject : rest)[colour_of(truth->rgb + 3 * i)] += 1 / (mask[i] == 1 ? inside : outside);
    for (size_t i = 0; i < pixels; i++) {
        int c = colour_of(frame->rgb + 3 * i);
        double like = subject[c] > 0 ? subject[c] / (subject[c] + rest[c] * outside / inside) : 0;
        double w = like > 0.5 ? like : 0;
        weight += w;
        place += w * ((double)(i % (size_t)frame->width) + 0.5) / frame->width;
    }
    return weight > 0 ? place / weight : -1;
}
