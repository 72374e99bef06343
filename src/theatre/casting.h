/* casting.h - which words may stand together in a scene. */
#ifndef COHL_THEATRE_CASTING_H
#define COHL_THEATRE_CASTING_H

#include "theatre/scene.h"

/* How often a subject does this, 0 = never: a house does not walk. */
int cohl_casting_suits(cohl_subject subject, cohl_action action);

/* The colour can be told from what lies behind the subject. */
bool cohl_casting_is_legible(cohl_colour colour, cohl_setting setting, cohl_daytime daytime);

/* Goes along inside the picture: drift, walk, roll, fly, swim. */
bool cohl_casting_travels(cohl_action action);
/* Goes over the edge of the picture: leave, arrive. */
bool cohl_casting_crosses(cohl_action action);

/* The move leaves the action visible and its caption true. */
bool cohl_casting_allows(cohl_move move, cohl_action action, double clip_seconds);

#endif
