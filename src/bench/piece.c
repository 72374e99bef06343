/* piece.c - clips from footage and from the theatre. */
#include "bench/piece.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "media/reader.h"
#include "theatre/scene.h"

enum { FILMS_MAX = 64, SMALL_WIDTH = 320, SMALL_HEIGHT = 192, SMALL_FPS = 16 };

static const double LEAST_STEP = 0.2;      /* seconds between pieces of a film */

void cohl_piece_clear(cohl_piece *p)
{
    for (int i = 0; i < p->frames; i++)
        cohl_frame_free(p->frame[i]);
    p->frames = 0;
}

/* ---- footage ---------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool is_film(const char *name)
{
    const char *ending = strrchr(name, '.');
    return ending && (!strcmp(ending, ".mp4") || !strcmp(ending, ".mkv") || !strcmp(ending, ".webm"));
}

static cohl_status list_films(char *path[FILMS_MAX], int *films, const char *folder, cohl_error *err)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;
    if (!open)
        return cohl_fail(err, COHL_ERR_IO, "%s: no footage there; --media names a folder of films", folder);
    while ((entry = readdir(open)) && *films < FILMS_MAX)
        if (is_film(entry->d_name) && (path[*films] = cohl_path_join(folder, entry->d_name)))
            ++*films;
    closedir(open);
    qsort(path, (size_t)*films, sizeof *path, by_name);
    return *films ? COHL_OK : cohl_fail(err, COHL_ERR_IO, "%s: no films there", folder);
}

static double seconds_of(const char *path)
{
    cohl_film_reader *reader;
    if (cohl_film_reader_open(&reader, path, 0, 0, NULL))
        return 0;
    double seconds = cohl_film_reader_info(reader)->seconds;
    cohl_film_reader_close(reader);
    return seconds;
}

static void add_cut(cohl_footage *f, const char *path, double start)
{
    const char *slash = strrchr(path, '/');
    cohl_cut *cut = &f->cut[f->cuts];
    if (!(cut->path = strdup(path)))
        return;
    cut->start = start;
    snprintf(cut->name, sizeof cut->name, "%.60s at %.1f s", slash ? slash + 1 : path, start);
    f->cuts++;
}

cohl_status cohl_footage_list(cohl_footage *f, const char *folder, int pieces, cohl_error *err)
{
    char *path[FILMS_MAX] = { NULL };
    double seconds[FILMS_MAX], room = 0;
    int films = 0;
    cohl_status st = list_films(path, &films, folder, err);
    f->cuts = 0;
    for (int i = 0; i < films; i++) {
        seconds[i] = seconds_of(path[i]);
        room += fmax(seconds[i] - COHL_PIECE_SECONDS, 0);
    }
    double step = fmax(room / fmax(pieces - films, 1), LEAST_STEP);
    int most = pieces < COHL_PIECES_MAX ? pieces : COHL_PIECES_MAX;
    for (int i = 0; i < films && !st; i++)
        for (double start = 0; f->cuts < most && (start == 0 || start + COHL_PIECE_SECONDS <= seconds[i]); start += step)
            add_cut(f, path[i], start);
    for (int i = 0; i < films; i++)
        free(path[i]);
    return st;
}

void cohl_footage_free(cohl_footage *f)
{
    for (int i = 0; i < f->cuts; i++)
        free(f->cut[i].path);
    f->cuts = 0;
}

/* Pass over what comes before the cut: no frame is asked for until two before it. */
static cohl_status seek(cohl_film_reader *reader, double start, cohl_error *err)
{
    double wait = start - 2 / cohl_film_reader_info(reader)->fps;
    bool more = true;
    cohl_status st = COHL_OK;
    for (double at = 0; at < wait && more && !st; at = cohl_film_reader_seconds(reader))
        st = cohl_film_reader_next(reader, NULL, &more, err);
    return st;
}

static cohl_status read_frames(cohl_piece *p, cohl_film_reader *reader, double start, cohl_error *err)
{
    const cohl_film_info *info = cohl_film_reader_info(reader);
    bool more = true;
    while (p->frames < COHL_PIECE_FRAMES_MAX) {
        cohl_frame *frame;
        cohl_status st = cohl_frame_new(&frame, info->width, info->height, err);
        if (!st)
            st = cohl_film_reader_next(reader, frame, &more, err);
        double at = cohl_film_reader_seconds(reader);
        bool wanted = !st && more && at >= start && at < start + COHL_PIECE_SECONDS;
        if (wanted)
            p->frame[p->frames++] = frame;
        else
            cohl_frame_free(frame);
        if (st || !more || at >= start + COHL_PIECE_SECONDS)
            return st;
    }
    return COHL_OK;
}

cohl_status cohl_piece_read(cohl_piece *p, const cohl_cut *cut, cohl_error *err)
{
    cohl_film_reader *reader;
    cohl_status st = cohl_film_reader_open(&reader, cut->path, 0, 0, err);
    if (st)
        return st;
    p->frames = 0, p->fps = cohl_film_reader_info(reader)->fps;
    snprintf(p->name, sizeof p->name, "%s", cut->name);
    st = seek(reader, cut->start, err);
    if (!st)
        st = read_frames(p, reader, cut->start, err);
    cohl_film_reader_close(reader);
    return !st && !p->frames ? cohl_fail(err, COHL_ERR_FORMAT, "%s: no frames there", cut->name) : st;
}

/* ---- the theatre, and parts --------------------------------------------------------- */

cohl_status cohl_piece_render(cohl_piece *p, uint64_t seed, int frames, cohl_error *err)
{
    cohl_scene_request request = cohl_scene_request_default();
    cohl_scene scene;
    cohl_status st = COHL_OK;
    request.width = SMALL_WIDTH, request.height = SMALL_HEIGHT;
    cohl_scene_draw(&scene, &request, seed);
    p->frames = 0, p->fps = SMALL_FPS;
    snprintf(p->name, sizeof p->name, "theatre, seed %llu", (unsigned long long)seed);
    while (p->frames < frames && !(st = cohl_frame_new(&p->frame[p->frames], SMALL_WIDTH, SMALL_HEIGHT, err)))
        p->frames++;
    for (int i = 0; i < p->frames && !st; i++)
        cohl_scene_render(&scene, i, &(cohl_picture){ .rgb = p->frame[i]->rgb });
    return st;
}

cohl_status cohl_piece_cut(cohl_piece *p, const cohl_piece *from, int frames, cohl_rng *rng, cohl_error *err)
{
    int whole_width = from->frame[0]->width, whole_height = from->frame[0]->height;
    double share = cohl_rng_between(rng, 0.4, 1);
    int width = (int)(whole_width * share), height = (int)(whole_height * share);
    int left = (int)cohl_rng_below(rng, (uint32_t)(whole_width - width + 1));
    int top = (int)cohl_rng_below(rng, (uint32_t)(whole_height - height + 1));
    int first = from->frames > frames ? (int)cohl_rng_below(rng, (uint32_t)(from->frames - frames)) : 0;
    cohl_status st = COHL_OK;
    p->frames = 0, p->fps = from->fps;
    snprintf(p->name, sizeof p->name, "%.32s, frame %d, %dx%d+%d+%d", from->name, first, width, height, left, top);
    for (int i = first; i < from->frames && p->frames < frames; i++) {
        if ((st = cohl_frame_new(&p->frame[p->frames], width, height, err)))
            break;
        cohl_frame_paste(p->frame[p->frames++], from->frame[i], -left, -top);
    }
    return st;
}
