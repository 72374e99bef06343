/* commands_train.c - the rows of a build for training alone. */
#include "cli/command.h"

#include <stddef.h>

#include "cli/account.h"

extern const cohl_command cohl_command_train;

const cohl_command *const cohl_commands[] = { &cohl_command_train, NULL };

cohl_account_fn *const cohl_account = NULL;
