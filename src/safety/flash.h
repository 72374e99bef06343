/* flash.h - film that could set off a seizure in photosensitive people.
 *
 * The rule of WCAG 2.2, success criterion 2.3.1, and of ITU-R BT.1702: no more than three
 * flashes in any second over more than a quarter of the picture. A flash is a rise and
 * a fall of relative luminance by a tenth of the full range or more, the darker side below
 * 0.8; or the same with saturated red.
 *
 *     cohl_flash *flash;
 *     cohl_flash_new(&flash, width, height, fps, err);
 *     cohl_flash_look(flash, frame);                  each frame in order
 *     if (cohl_flash_harm_now(flash).kind) ...
 *     cohl_flash_free(flash);
 *
 * The picture is looked at in some 500 cells, each for itself, so that cells which flash in
 * turn count together. Film seen on a whole screen is assumed. */
#ifndef COHL_SAFETY_FLASH_H
#define COHL_SAFETY_FLASH_H

#include <stdbool.h>

#include "media/frame.h"

typedef enum cohl_flash_kind { COHL_FLASH_NONE, COHL_FLASH_GENERAL, COHL_FLASH_RED } cohl_flash_kind;

typedef struct cohl_flash_harm {
    cohl_flash_kind kind;
    double          area;     /* share of the picture that flashes too often, 0..1 */
} cohl_flash_harm;

typedef struct cohl_flash cohl_flash;

/* Of a film of this size and rate; fps 0.1..240. */
cohl_status cohl_flash_new(cohl_flash **out, int width, int height, double fps, cohl_error *err);
void        cohl_flash_free(cohl_flash *flash);

/* The next frame, of the announced size. */
void cohl_flash_look(cohl_flash *flash, const cohl_frame *frame);

/* As of the last frame: the kind with the larger area above the limit, or COHL_FLASH_NONE with
 * the larger area that there is. */
cohl_flash_harm cohl_flash_harm_now(const cohl_flash *flash);

#endif
