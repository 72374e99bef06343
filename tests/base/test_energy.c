/* Tests of energy: counters that begin again, zones that hold each other, what stands in for them.
 *
 *     test_energy FAKE_NVML */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/energy.h"
#include "base/file.h"

static char folder[] = "/tmp/cohl-energy-XXXXXX";
static const char *fake_nvml;

static void put(const char *zone, const char *file, unsigned long long value)
{
    char path[120], text[32];
    snprintf(path, sizeof path, "%s/%s", folder, zone);
    assert_int_equal(cohl_folder_make(path, NULL), COHL_OK);
    snprintf(path, sizeof path, "%s/%s/%s", folder, zone, file);
    snprintf(text, sizeof text, "%llu\n", value);
    assert_int_equal(cohl_file_write(path, text, strlen(text), NULL), COHL_OK);
}

static void put_zone(const char *zone, const char *name, unsigned long long range, unsigned long long energy)
{
    char path[120], line[40];
    put(zone, "max_energy_range_uj", range);
    put(zone, "energy_uj", energy);
    snprintf(path, sizeof path, "%s/%s/name", folder, zone);
    snprintf(line, sizeof line, "%s\n", name);
    assert_int_equal(cohl_file_write(path, line, strlen(line), NULL), COHL_OK);
}

static int clear(void **state)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s/*", folder);
    return system(command);
}

static cohl_meter *begin(double period_seconds, bool gpu)
{
    cohl_meter *meter;
    cohl_meter_params params = cohl_meter_params_default();
    params.powercap = folder, params.period_seconds = period_seconds, params.watts = 5;
    params.gpu = gpu, params.nvml = fake_nvml;
    assert_int_equal(cohl_meter_begin(&meter, &params, NULL), COHL_OK);
    return meter;
}

static void test_packages_and_their_memory_count_and_their_parts_do_not(void **state)
{
    cohl_cost cost;
    put_zone("intel-rapl:0", "package-0", 1000000000, 5000000);
    put_zone("intel-rapl:0:0", "core", 1000000000, 1000000);
    put_zone("intel-rapl:0:1", "dram", 1000000000, 2000000);
    put_zone("intel-rapl:1", "package-1", 1000000000, 0);
    put_zone("intel-rapl:2", "psys", 1000000000, 0);
    cohl_meter *meter = begin(60, false);
    put("intel-rapl:0", "energy_uj", 8000000);
    put("intel-rapl:0:0", "energy_uj", 3000000);
    put("intel-rapl:0:1", "energy_uj", 2500000);
    put("intel-rapl:1", "energy_uj", 250000);
    put("intel-rapl:2", "energy_uj", 9000000);
    cohl_meter_end(meter, &cost);
    assert_float_equal(cost.joules, 3.75, 1e-9);
    assert_string_equal(cost.method, "rapl");
    assert_non_null(strstr(cost.about, "measured by RAPL"));
    assert_true(cost.watts == 0);
}

static void test_a_counter_that_begins_again_is_counted_on(void **state)
{
    cohl_cost cost;
    put_zone("intel-rapl:0", "package-0", 262143328850ull, 262143000000ull);
    cohl_meter *meter = begin(60, false);
    put("intel-rapl:0", "energy_uj", 671150);           /* 0.32885 J to the end, then 0.67115 J */
    cohl_meter_end(meter, &cost);
    assert_float_equal(cost.joules, 1.0, 1e-9);
}

/* Begins again three times between begin and end, which only who looks in between can tell. */
static void test_a_counter_that_begins_again_often_is_looked_at_in_between(void **state)
{
    cohl_cost cost;
    put_zone("intel-rapl:0", "package-0", 1000000, 0);
    cohl_meter *meter = begin(0.02, false);
    for (int i = 1; i <= 7; i++) {
        put("intel-rapl:0", "energy_uj", (unsigned long long)(i * 500000) % 1000000);
        nanosleep(&(struct timespec){ 0, 200 * 1000 * 1000 }, NULL);
    }
    cohl_meter_end(meter, &cost);
    assert_float_equal(cost.joules, 3.5, 1e-9);
}

static void test_without_counters_joules_are_estimated_from_busy_cores(void **state)
{
    cohl_cost cost;
    cohl_meter *meter = begin(60, false);
    volatile double sink = 0;
    for (double until = cohl_clock_cpu_seconds() + 0.05; cohl_clock_cpu_seconds() < until; )
        sink = sink + 1;
    cohl_meter_end(meter, &cost);
    assert_string_equal(cost.method, "estimate");
    assert_true(cost.cpu_seconds >= 0.05 && cost.wall_seconds >= 0.05 * 0.9);
    assert_float_equal(cost.joules, 5 * cost.cpu_seconds, 1e-9);
    assert_true(cost.watts == 5 && cost.peak_bytes > 100000);
    assert_non_null(strstr(cost.about, "5 W"));
}

static void test_counters_that_may_not_be_read_give_an_estimate_that_says_so(void **state)
{
    cohl_cost cost;
    char path[120];
    put_zone("intel-rapl:0", "package-0", 1000000, 0);
    put_zone("intel-rapl:1", "package-1", 1000000, 0);
    snprintf(path, sizeof path, "%s/intel-rapl:1/energy_uj", folder);
    assert_int_equal(cohl_file_write(path, "", 0, NULL), COHL_OK);       /* as root, a mode would not be in the way */
    cohl_meter_end(begin(60, false), &cost);
    assert_string_equal(cost.method, "estimate");
    assert_non_null(strstr(cost.about, "may not be read"));
}

static void test_a_counter_that_goes_away_ends_in_an_estimate(void **state)
{
    cohl_cost cost;
    put_zone("intel-rapl:0", "package-0", 1000000, 0);
    cohl_meter *meter = begin(60, false);
    clear(state);
    cohl_meter_end(meter, &cost);
    assert_string_equal(cost.method, "estimate");
}

static void test_graphics_cards_are_asked_when_they_do_the_work(void **state)
{
    cohl_cost cost;
    cohl_meter_end(begin(60, true), &cost);
    assert_string_equal(cost.method, "estimate+nvml");
    assert_float_equal(cost.gpu_joules, 4.0, 1e-9);
    assert_true(cost.joules >= 4.0);
    put_zone("intel-rapl:0", "package-0", 1000000, 0);
    cohl_meter *meter = begin(60, true);
    put("intel-rapl:0", "energy_uj", 500000);
    cohl_meter_end(meter, &cost);
    assert_string_equal(cost.method, "rapl+nvml");
    assert_float_equal(cost.joules, 4.5, 1e-9);
    cohl_meter_end(begin(60, false), &cost);
    assert_true(cost.gpu_joules == 0);
}

static void test_without_nvidias_library_cards_are_left_out(void **state)
{
    cohl_cost cost;
    fake_nvml = "/nowhere/libnvidia-ml.so.1";
    cohl_meter_end(begin(60, true), &cost);
    assert_string_equal(cost.method, "estimate");
}

static void test_no_meter_costs_nothing(void **state)
{
    cohl_cost cost;
    cohl_meter_end(NULL, &cost);
    assert_true(cost.joules == 0 && cost.wall_seconds == 0);
    cohl_meter_end(begin(60, false), NULL);
}

int main(int argc, char **argv)
{
    fake_nvml = argc > 1 ? argv[1] : "";
    if (!mkdtemp(folder))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_packages_and_their_memory_count_and_their_parts_do_not, clear),
        cmocka_unit_test_setup(test_a_counter_that_begins_again_is_counted_on, clear),
        cmocka_unit_test_setup(test_a_counter_that_begins_again_often_is_looked_at_in_between, clear),
        cmocka_unit_test_setup(test_without_counters_joules_are_estimated_from_busy_cores, clear),
        cmocka_unit_test_setup(test_counters_that_may_not_be_read_give_an_estimate_that_says_so, clear),
        cmocka_unit_test_setup(test_a_counter_that_goes_away_ends_in_an_estimate, clear),
        cmocka_unit_test_setup(test_graphics_cards_are_asked_when_they_do_the_work, clear),
        cmocka_unit_test_setup(test_without_nvidias_library_cards_are_left_out, clear),
        cmocka_unit_test_setup(test_no_meter_costs_nothing, clear),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || failed;
}
