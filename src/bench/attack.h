/* attack.h - what happens to a film between its maker and whoever asks where it comes from.
 *
 * An attack is an entry of a list: a change of the frames, then a coder. Coders run in memory,
 * packets handed straight to the decoder, one thread, so that results repeat. */
#ifndef COHL_BENCH_ATTACK_H
#define COHL_BENCH_ATTACK_H

#include <stdbool.h>

#include "media/frame.h"

typedef struct cohl_attack {
    const char *name;                /* "crop to 75 %, H.264 CRF 23"                                 */
    void      (*change)(cohl_frame *to, const cohl_frame *from);   /* NULL: none                     */
    double      wide, high;          /* of what change makes, as shares of the frame's; 0 is 1       */
    const char *codec, *options;     /* libavcodec's; "gif": as Cohl writes GIFs                     */
    int         every;               /* 2: every second frame                                        */
    double      keep;                /* the share of the film, about its middle, that is left; 0 is 1 */
    double      share;               /* of pieces that must be found                                 */
    bool        small_too;           /* a floor for films of 320 x 192 as well                       */
} cohl_attack;

extern const cohl_attack cohl_attacks[];    /* ends with name NULL */

/* Frame after frame of what is left, borrowed. */
typedef cohl_status cohl_attack_put_fn(void *user, const cohl_frame *frame, cohl_error *err);

/* COHL_ERR_UNSUPPORTED  this FFmpeg has not the coder */
cohl_status cohl_attack_run(const cohl_attack *attack, cohl_frame *const *frame, int count, double fps,
                            cohl_attack_put_fn *put, void *user, cohl_error *err);

#endif
