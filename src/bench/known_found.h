/* known_found.h - what one film of `bench known` showed. */
#ifndef COHL_BENCH_KNOWN_FOUND_H
#define COHL_BENCH_KNOWN_FOUND_H

#include <jansson.h>

/* Steps are in medians of the given film's own; drift is a share. */
typedef struct known_found {
    int    seams, good_seams;
    int    given_frames, wrong_frames; /* shown of what is given, and of them not as given   */
    int    right[2], of[2];            /* answers of the critic: first second, last second   */
    double difference, colour;         /* the worst step at a seam                           */
    double place;                      /* of the subject, off by so much of the width; < 0: not seen */
    double drift_colour, drift_contrast;
    double flash;                      /* the largest step of a mean colour, in levels       */
} known_found;

/* As a result of a record (bench/record.h): new, or NULL without memory; and back. */
json_t     *known_found_json(const known_found *found);
known_found known_found_read(const json_t *json);

#endif
