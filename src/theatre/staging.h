/* staging.h - places, times and lens for a scene whose words are chosen. */
#ifndef COHL_THEATRE_STAGING_H
#define COHL_THEATRE_STAGING_H

#include "theatre/scene.h"

/* Fill in everything of the scene that is a number: homes, facing, sizes, times, reach,
 * camera. Words, seed, size of picture and frame count are given. Tries several
 * arrangements of the seed and keeps the first that reads well, or the best. */
void cohl_staging_arrange(cohl_scene *scene);

/* How badly the arrangement reads: 0 = every subject large enough, in the picture while
 * it should be, and apart from the others. */
int cohl_staging_faults(const cohl_scene *scene);

#endif
