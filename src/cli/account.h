/* account.h - what a build tells of a model just trained: a row of commands.c, as the commands are. */
#ifndef COHL_CLI_ACCOUNT_H
#define COHL_CLI_ACCOUNT_H

#include "train/checkpoint.h"
#include "train/recipe.h"

/* Writes model/training.json (train/register.h); NULL in a build for training alone, which has no
 * SHA-256: a full build writes it when `cohl train` is called again on the finished run. */
typedef cohl_status cohl_account_fn(const char *model, const cohl_recipe *recipe, const cohl_progress *progress,
                                    cohl_error *err);
extern cohl_account_fn *const cohl_account;

#endif
