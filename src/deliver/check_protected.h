/* check_protected.h - no frame shows a picture, and no track a face, that is protected (protect/list.h). */
#ifndef COHL_DELIVER_CHECK_PROTECTED_H
#define COHL_DELIVER_CHECK_PROTECTED_H

#include "deliver/check.h"

extern const cohl_check cohl_check_protected_pictures, cohl_check_protected_faces;

#endif
