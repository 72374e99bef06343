/* figure.h - what a figure is built with. Figures look along -z in their own space,
 * their left hand is at +x, and they stand on y = 0 (or float about their middle);
 * sizes are those of cohl_subject_size. */
#ifndef COHL_THEATRE_FIGURE_H
#define COHL_THEATRE_FIGURE_H

#include "theatre/stage.h"

typedef struct figure {
    brush coat;                /* the actor's colour                         */
    pose  at;                  /* the figure's space                         */
    cohl_actor_state state;
    uint32_t variant;
    float stride, swing;       /* phase, and how far limbs go (0..1)         */
} figure;

typedef void figure_build(const figure *f);

figure_build figure_balloon, figure_person, figure_balloon_head, figure_ball, figure_house,
             figure_tree, figure_boat, figure_dog;                          /* figure_first.c  */
figure_build figure_cube, figure_chair, figure_bird, figure_fish, figure_octopus, figure_crab,
             figure_car, figure_train, figure_lighthouse;                   /* figure_second.c */


#endif
