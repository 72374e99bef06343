/* known_found.c - what one film of `bench known` showed, as JSON and back. */
#include "bench/known_found.h"

json_t *known_found_json(const known_found *f)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f}",
                     "seams", f->seams, "good_seams", f->good_seams, "given_frames", f->given_frames, "wrong_frames",
                     f->wrong_frames,
                     "right_first", f->right[0], "of_first", f->of[0], "right_last", f->right[1], "of_last", f->of[1],
                     "difference", f->difference, "colour", f->colour, "place", f->place,
                     "drift_colour", f->drift_colour, "drift_contrast", f->drift_contrast, "flash", f->flash);
}

static double number(const json_t *json, const char *key) { return json_number_value(json_object_get(json, key)); }

known_found known_found_read(const json_t *json)
{
    return (known_found){
        .seams = (int)number(json, "seams"), .good_seams = (int)number(json, "good_seams"),
        .given_frames = (int)number(json, "given_frames"), .wrong_frames = (int)number(json, "wrong_frames"),
        .right = { (int)number(json, "right_first"), (int)number(json, "right_last") },
        .of = { (int)number(json, "of_first"), (int)number(json, "of_last") },
        .difference = number(json, "difference"), .colour = number(json, "colour"), .place = number(json, "place"),
        .drift_colour = number(json, "drift_colour"), .drift_contrast = number(json, "drift_contrast"),
        .flash = number(json, "flash"),
    };
}
