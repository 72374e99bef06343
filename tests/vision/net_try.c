/* net_try.c - what the installed networks say about frames, for compare.sh: a line of JSON a frame.
 *
 *     net_try WIDTH HEIGHT FRAMES.rgb
 *
 * FRAMES.rgb holds frames one behind the other, [height, width, 3]. Landmarks and embeddings are of every face that
 * was found, cut out as its box lies, and of the whole frame, so that both networks are tried on all. The last
 * line says what each network took: milliseconds of processor time, of all threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "vision/explicit.h"
#include "vision/face_nets.h"

enum { PARTS = 4 };
static const char *const part_names[PARTS] = { "explicit", "detector", "landmarks", "embedding" };
static double took[PARTS];
static int times[PARTS];

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void note(int part, double began)
{
    took[part] += cpu_now() - began;
    times[part]++;
}

typedef struct nets {
    cohl_explicit *look;
    cohl_network  *detector, *landmarks, *embedding;
    float         *picture;
} nets;

static void print_list(const char *name, const float *value, int count)
{
    printf("\"%s\": [", name);
    for (int i = 0; i < count; i++)
        printf("%s%.7g", i ? ", " : "", (double)value[i]);
    printf("]");
}

static cohl_status try_face(nets *n, const cohl_frame *frame, cohl_cut cut, bool first, cohl_error *err)
{
    float point[COHL_FACE_POINTS][2], embedding[COHL_FACE_NUMBERS];
    double began = cpu_now();
    cohl_cut_resize(n->picture, frame, &cut, COHL_LANDMARKS_SIDE, false, &cohl_face_pixels);
    cohl_status st = cohl_face_landmarks(n->landmarks, n->picture, point, err);
    note(2, began);
    began = cpu_now();
    cohl_cut_resize(n->picture, frame, &cut, COHL_EMBEDDING_SIDE, false, &cohl_face_pixels);
    if (!st) st = cohl_face_embed(n->embedding, n->picture, embedding, err);
    note(3, began);
    printf("%s{\"cut\": [%d, %d, %d, %d], ", first ? "" : ", ", cut.left, cut.top, cut.width, cut.height);
    print_list("landmarks", point[0], COHL_FACE_POINTS * 2);
    printf(", ");
    print_list("embedding", embedding, COHL_FACE_NUMBERS);
    printf("}");
    return st;
}

static cohl_status try_frame(nets *n, const cohl_frame *frame, cohl_error *err)
{
    cohl_explicit_scores scores;
    cohl_face_box box[COHL_FACES_MOST];
    cohl_cut square = cohl_cut_square(frame);
    int count = 0;
    double began = cpu_now();
    cohl_status st = cohl_explicit_look(n->look, frame, &scores, err);
    note(0, began);
    began = cpu_now();
    cohl_cut_resize(n->picture, frame, &square, COHL_DETECTOR_SIDE, false, &cohl_detector_pixels);
    if (!st) st = cohl_face_detect(n->detector, n->picture, box, &count, err);
    note(1, began);
    printf("{");
    print_list("explicit", scores.score, COHL_CLASS_COUNT);
    printf(", \"boxes\": [");
    for (int i = 0; i < count; i++)
        printf("%s[%.7g, %.7g, %.7g, %.7g, %.7g]", i ? ", " : "", (double)box[i].left, (double)box[i].top,
               (double)box[i].width, (double)box[i].height, (double)box[i].score);
    printf("], \"faces\": [");
    if (!st)
        st = try_face(n, frame, cohl_cut_box(frame, 0, 0, (float)frame->width, (float)frame->height), true, err);
    for (int i = 0; i < count && !st; i++) {
        float side = (float)square.wide;
        cohl_cut cut = cohl_cut_box(frame, box[i].left * side, box[i].top * side, box[i].width * side, box[i].height * side);
        if (cut.width)
            st = try_face(n, frame, cut, false, err);
    }
    printf("]}\n");
    return st;
}

static cohl_status open_nets(nets *n, cohl_error *err)
{
    cohl_status st;
    if ((st = cohl_explicit_new(&n->look, NULL, err))) return st;
    if ((st = cohl_network_open(&n->detector, &cohl_network_face_detector, NULL, err))) return st;
    if ((st = cohl_network_open(&n->landmarks, &cohl_network_face_landmarks, NULL, err))) return st;
    if ((st = cohl_network_open(&n->embedding, &cohl_network_face_embedding, NULL, err))) return st;
    n->picture = malloc(sizeof(float) * 3 * COHL_DETECTOR_SIDE * COHL_DETECTOR_SIDE);
    return n->picture ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory");
}

int main(int argc, char **argv)
{
    nets n = { 0 };
    cohl_map map = { 0 };
    cohl_frame *frame = NULL;
    cohl_error err = { 0 };
    if (argc != 4)
        return fprintf(stderr, "net_try: expected WIDTH HEIGHT FRAMES.rgb\n"), 2;
    cohl_status st = open_nets(&n, &err);
    if (!st) st = cohl_frame_new(&frame, atoi(argv[1]), atoi(argv[2]), &err);
    if (!st) st = cohl_map_open(&map, argv[3], &err);
    for (size_t at = 0; !st && at + cohl_frame_bytes(frame) <= map.size; at += cohl_frame_bytes(frame)) {
        memcpy(frame->rgb, map.data + at, cohl_frame_bytes(frame));
        st = try_frame(&n, frame, &err);
    }
    printf("{\"cpu_ms\": {");
    for (int i = 0; i < PARTS; i++)
        printf("%s\"%s\": %.2f", i ? ", " : "", part_names[i], took[i] / (times[i] ? times[i] : 1));
    printf("}}\n");
    if (st)
        fprintf(stderr, "net_try: %s\n", err.text);
    cohl_explicit_free(n.look);
    cohl_network_close(n.detector);
    cohl_network_close(n.landmarks);
    cohl_network_close(n.embedding);
    cohl_map_close(&map);
    cohl_frame_free(frame);
    free(n.picture);
    return st != COHL_OK;
}
