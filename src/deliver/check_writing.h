/* check_writing.h - no frame says what the policy would refuse as a wish. */
#ifndef COHL_DELIVER_CHECK_WRITING_H
#define COHL_DELIVER_CHECK_WRITING_H

#include "deliver/check.h"

extern const cohl_check cohl_check_writing;

#endif
