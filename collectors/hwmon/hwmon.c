/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware monitoring chips: temperatures, fans, voltages, currents, power, energy, humidity.
 *
 *     class/hwmon/hwmon0/name          coretemp
 *     class/hwmon/hwmon0/temp2_label   Core 0
 *     class/hwmon/hwmon0/temp2_input   54000
 *     class/hwmon/hwmon0/temp2_crit    100000
 *
 * Old drivers have the attributes in hwmon0/device instead. A sensor that is off or disconnected has no value (EAGAIN,
 * ENODATA, ENXIO). Source: Documentation/hwmon/sysfs-interface.rst, drivers/hwmon/hwmon.c.
 */
#include "hwmon.h"

/* An open file costs 5 kB of kernel memory; the files beyond the first are opened for each read. */
enum { FILES_KEPT = 128 };

static const struct ng_option options[] = {
	NG_OPTION(hwmon, chips.include, NG_OPTION_PATTERN, "chip-include", "", "Chips to report."),
	NG_OPTION(hwmon, chips.exclude, NG_OPTION_PATTERN, "chip-exclude", "", "Chips to leave out."),
	NG_OPTION(hwmon, sensors.include, NG_OPTION_PATTERN, "sensor-include", "",
		"Sensors to report, matched as CHIP;SENSOR."),
	NG_OPTION(hwmon, sensors.exclude, NG_OPTION_PATTERN, "sensor-exclude", "",
		"Sensors to leave out, matched as CHIP;SENSOR."),
};

enum { CHIP_NAMES, SENSOR_LABEL };
static const struct ng_family families[] = {
	[CHIP_NAMES] = { .name = "node_hwmon_chip_names",
		.help = "Name that the driver gives the chip; always 1.",
		.type = NG_GAUGE,
		.labels = "chip,chip_name" },
	[SENSOR_LABEL] = { .name = "node_hwmon_sensor_label",
		.help = "Label of the sensor, such as the name of what it measures; always 1.",
		.type = NG_GAUGE,
		.labels = "chip,sensor,label" },
	{ .name = "node_hwmon_temp<_property>_celsius",
		.help = "Temperature: the measurement without a property, otherwise a limit such as max or crit.",
		.type = NG_GAUGE,
		.labels = "chip,sensor",
		.dynamic = true },
	{ .name = "node_hwmon_fan<_property>_rpm",
		.help = "Speed of a fan in revolutions per minute: measured, or min, max or target.",
		.type = NG_GAUGE,
		.labels = "chip,sensor",
		.dynamic = true },
	{ .name = "node_hwmon_<in|cpu><_property>_volts",
		.help = "Voltage: the measurement without a property, otherwise a limit.",
		.type = NG_GAUGE,
		.labels = "chip,sensor",
		.dynamic = true },
	{ .name = "node_hwmon_curr<_property>_amps",
		.help = "Current: the measurement without a property, otherwise a limit.",
		.type = NG_GAUGE,
		.labels = "chip,sensor",
		.dynamic = true },
	{ .name = "node_hwmon_power<_property>_watt",
		.help = "Power: the measurement, its average, or a limit.",
		.type = NG_GAUGE,
		.labels = "chip,sensor",
		.dynamic = true },
	{ .name = "node_hwmon_energy<_property>_joule_total",
		.help = "Energy used.",
		.type = NG_COUNTER,
		.labels = "chip,sensor",
		.dynamic = true },
	{ .name = "node_hwmon_freq_freq_mhz",
		.help = "Frequency of the clock that the sensor's label names.",
		.type = NG_GAUGE,
		.labels = "chip,sensor",
		.dynamic = true },
	{ .name = "node_hwmon_<sensor><_property>",
		.help = "Any other property of a sensor: humidity, alarms, faults, beeps, pulse-width modulation.",
		.type = NG_GAUGE,
		.labels = "chip,sensor",
		.dynamic = true },
};

/* ---- readings ---- */

static void emit_number(struct ng_scrape *scrape, const struct hwmon_reading *reading, struct ng_span text)
{
	struct ng_decimal value;
	int64_t whole;

	if (reading->metric.flag)
		value = (struct ng_decimal){ ng_span_equal(text, NG_SPAN("1")), 0 };
	else if (ng_i64(text, &whole) == 0)
		value = (struct ng_decimal){ whole, 0 };
	else if (ng_decimal(text, &value) < 0) {
		ng_drop_value(scrape, reading->file.path, 1, "a number");
		return;
	}
	value.places += reading->metric.places;
	ng_sample_decimal(scrape->page, reading->labels, value);
}

static void emit_reading(struct ng_scrape *scrape, struct hwmon_reading *reading, bool keep)
{
	struct ng_span text;
	int64_t number;

	int r = ng_file_read(scrape, &reading->file, &text);
	if (!keep)
		ng_file_close(&reading->file);
	if (r < 0 && r != -EAGAIN)
		ng_drop_unread(scrape, r, reading->file.path);
	if (r < 0)
		return;
	text = ng_trim(text);
	if (text.size && !(reading->may_be_text && ng_i64(text, &number) < 0))
		emit_number(scrape, reading, text);
}

static void emit_notes(struct ng_scrape *scrape, const struct ng_family *family, const struct hwmon_notes *notes)
{
	ng_family(scrape->page, family);
	for (size_t i = 0; i < notes->count; i++)
		ng_sample_u64(scrape->page, notes->labels[i], 1);
}

static void emit(struct hwmon *hwmon, struct ng_scrape *scrape)
{
	emit_notes(scrape, &families[CHIP_NAMES], &hwmon->names);
	emit_notes(scrape, &families[SENSOR_LABEL], &hwmon->labels);
	for (size_t i = 0; i < hwmon->count; i++) {
		struct hwmon_metric *metric = &hwmon->reading[i].metric;
		if (i == 0 || !ng_span_equal(metric->family, hwmon->reading[i - 1].metric.family))
			ng_family_dynamic(scrape->page, metric->type, metric->family, metric->help);
		emit_reading(scrape, &hwmon->reading[i], i < FILES_KEPT);
	}
}

static int hwmon_collect(void *state, struct ng_scrape *scrape)
{
	struct hwmon *hwmon = state;
	int r = 0;

	if (hwmon->epoch != scrape->devices_epoch)
		r = hwmon_list(hwmon, scrape);
	if (r == 0 && hwmon->absent)
		return ng_failed(scrape, -ENODATA, "list", "class/hwmon");
	if (r == 0)
		emit(hwmon, scrape);
	return r;
}

static void hwmon_done(void *state)
{
	struct hwmon *hwmon = state;

	hwmon_forget(hwmon);
	ng_arena_done(&hwmon->kept);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "hwmon",
	.summary = "Temperatures, fans, voltages and power from hardware monitoring chips",
	.may_block = true, /* many chips are read through a slow bus */
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct hwmon),
	.collect = hwmon_collect,
	.done = hwmon_done,
};
NG_COLLECTOR(descriptor);
