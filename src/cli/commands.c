/* commands.c - the rows. */
#include "cli/command.h"

#include <stddef.h>

#include "cli/account.h"
#include "train/register.h"

extern const cohl_command cohl_command_bench, cohl_command_checks, cohl_command_completion,
                          cohl_command_consent, cohl_command_convert, cohl_command_deliver, cohl_command_detect, cohl_command_films,
                          cohl_command_generate, cohl_command_info, cohl_command_man, cohl_command_models,
                          cohl_command_policy, cohl_command_protect, cohl_command_requests,
                          cohl_command_settings, cohl_command_signer, cohl_command_theatre, cohl_command_train,
                          cohl_command_verify;

const cohl_command *const cohl_commands[] = {
    &cohl_command_bench,
    &cohl_command_checks,
    &cohl_command_completion,
    &cohl_command_consent,
    &cohl_command_convert,
    &cohl_command_deliver,
    &cohl_command_detect,
    &cohl_command_films,
    &cohl_command_generate,
    &cohl_command_info,
    &cohl_command_man,
    &cohl_command_models,
    &cohl_command_policy,
    &cohl_command_protect,
    &cohl_command_requests,
    &cohl_command_settings,
    &cohl_command_signer,
    &cohl_command_theatre,
    &cohl_command_train,
    &cohl_command_verify,
    NULL
};

cohl_account_fn *const cohl_account = cohl_register_write;
