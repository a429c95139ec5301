/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of attributes, and the metrics that they become.
 *
 *     in0_input              millivolts           node_hwmon_in_volts
 *     temp1_crit             1/1000 °C            node_hwmon_temp_crit_celsius
 *     power1_average         microwatts           node_hwmon_power_average_watt
 *     fan2_beep              0 or 1               node_hwmon_fan_beep_enabled
 *     pwm1_auto_point1_temp  as in the file       node_hwmon_pwm_auto_point1_temp
 *
 * Source: Documentation/hwmon/sysfs-interface.rst.
 */
#include "hwmon.h"

static const char *const types[] = { "vrm", "beep_enable", "update_interval", "in", "cpu", "fan", "pwm", "temp", "curr",
	"power", "energy", "humidity", "intrusion", "freq" };

/* The first that matches counts. NULL: any type, or any property. */
static const struct rule {
	const char *type, *property, *suffix, *help;
	unsigned places;
	bool as_is; /* no unit: the value as in the file */
} rules[] = {
	{ NULL, "fault", "", "1 if the sensor reports a fault.", .as_is = true },
	{ NULL, "alarm", "", "1 if the sensor reports an alarm.", .as_is = true },
	{ NULL, "beep", "_enabled", "1 if an alarm of the sensor beeps.", .as_is = true },
	{ "in", NULL, "_volts", "Voltage: the measurement, a limit or another property.", .places = 3 },
	{ "cpu", NULL, "_volts", "CPU core voltage.", .places = 3 },
	{ "temp", "type", "", "Type of the temperature sensor.", .as_is = true },
	{ "temp", NULL, "_celsius", "Temperature: the measurement, a limit or another property.", .places = 3 },
	{ "curr", NULL, "_amps", "Current: the measurement, a limit or another property.", .places = 3 },
	{ "energy", NULL, "_joule_total", "Energy used.", .places = 6 },
	{ "power", "accuracy", "", "Accuracy of the power meter as a ratio.", .places = 6 },
	{ "power", "average_interval", "_seconds", "Interval over which power is averaged.", .places = 3 },
	{ "power", "average_interval_min", "_seconds", "Shortest possible interval over which power is averaged.",
		.places = 3 },
	{ "power", "average_interval_max", "_seconds", "Longest possible interval over which power is averaged.",
		.places = 3 },
	{ "power", NULL, "_watt", "Power: the measurement, a limit or another property.", .places = 6 },
	{ "humidity", NULL, "", "Humidity.", .places = 6 },
	{ "fan", "input", "_rpm", "Speed of the fan in revolutions per minute.", .places = 0 },
	{ "fan", "min", "_rpm", "Minimum speed of the fan in revolutions per minute.", .places = 0 },
	{ "fan", "max", "_rpm", "Maximum speed of the fan in revolutions per minute.", .places = 0 },
	{ "fan", "target", "_rpm", "Target speed of the fan in revolutions per minute.", .places = 0 },
	{ "freq", "input", "_freq_mhz", "Frequency of the clock that the sensor's label names.", .places = 6 },
	{ NULL, NULL, "", "Another property of the sensor, as in sysfs.", .as_is = true },
};

/* Files of the whole chip. */
static const struct {
	const char *type, *family, *help;
	unsigned places;
	bool flag;
} whole[] = {
	{ "vrm", "node_hwmon_voltage_regulator_version", "Version of the voltage regulator module.", 0, false },
	{ "beep_enable", "node_hwmon_beep_enabled", "1 if alarms of the chip beep.", 0, true },
	{ "update_interval", "node_hwmon_update_interval_seconds", "Interval at which the chip updates its readings.",
		3, false },
};

static bool is(struct ng_span text, const char *expected)
{
	return ng_span_equal(text, ng_span(expected));
}

bool hwmon_file_parse(struct ng_span name, struct hwmon_file *ret_file)
{
	size_t type = 0, digits = 0;

	while (type < name.size && (name.text[type] < '0' || name.text[type] > '9'))
		type++;
	struct ng_span rest = ng_span_skip(name, type);
	while (digits < rest.size && rest.text[digits] >= '0' && rest.text[digits] <= '9')
		digits++;
	struct ng_span tail = ng_span_skip(rest, digits);
	*ret_file = (struct hwmon_file){ .type = { name.text, type } };
	if (digits &&
		(ng_u64((struct ng_span){ rest.text, digits }, &ret_file->number) < 0 || ret_file->number > INT64_MAX))
		return false;
	if (tail.size && (tail.text[0] != '_' || tail.size == 1))
		return false;
	ret_file->property = ng_span_skip(tail, 1);
	for (size_t i = 0; i < NG_COUNT(types); i++) {
		if (is(ret_file->type, types[i]))
			return true;
	}
	return false;
}

static char cleaned(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return (char)(byte - 'A' + 'a');
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == ':' ? byte : '_';
}

struct ng_span hwmon_clean(struct ng_arena *arena, struct ng_span text)
{
	char *room = ng_alloc(arena, text.size + 1);
	bool utf8 = ng_is_utf8(text);
	size_t size = 0, front = 0;

	for (size_t i = 0; room && i < text.size; i++) {
		if (!utf8 || (text.text[i] & 0xc0) != 0x80) /* one for each character */
			room[size++] = cleaned(text.text[i]);
	}
	while (size && room[size - 1] == '_')
		size--;
	while (front < size && room[front] == '_')
		front++;
	if (!room)
		return (struct ng_span){ NULL, 0 };
	room[size] = '\0';
	return (struct ng_span){ room + front, size - front };
}

static const struct rule *rule_of(const struct hwmon_file *file)
{
	const struct rule *rule = rules;

	while ((rule->type && !is(file->type, rule->type)) || (rule->property && !is(file->property, rule->property)))
		rule++;
	return rule;
}

/* "node_hwmon_temp", "_crit", "_celsius" */
static struct ng_span family_of(struct ng_arena *arena, const struct hwmon_file *file, bool bare, const char *suffix)
{
	const char *type = ng_copy(arena, file->type).text;
	const char *name = type ? ng_join(arena, "node_hwmon_", type, NULL) : NULL;

	if (is(file->property, "input"))
		name = name && bare ? ng_join(arena, name, "_input", NULL) : name;
	else if (file->property.size && name) {
		const char *property = hwmon_clean(arena, file->property).text;
		name = property ? ng_join(arena, name, "_", property) : NULL;
	}
	return ng_span(name ? ng_join(arena, name, suffix, NULL) : NULL);
}

int hwmon_metric_of(struct ng_arena *arena, const struct hwmon_file *file, bool bare, struct hwmon_metric *ret_metric)
{
	for (size_t i = 0; i < NG_COUNT(whole); i++) {
		if (!is(file->type, whole[i].type))
			continue;
		*ret_metric = (struct hwmon_metric){ .family = ng_span(whole[i].family),
			.help = ng_span(whole[i].help),
			.type = NG_GAUGE,
			.places = whole[i].places,
			.flag = whole[i].flag };
		return 0;
	}
	const struct rule *rule = rule_of(file);
	*ret_metric = (struct hwmon_metric){ .family = family_of(arena, file, bare, rule->suffix),
		.help = ng_span(rule->help),
		.type = is(file->type, "energy") && !rule->as_is ? NG_COUNTER : NG_GAUGE,
		.places = rule->places,
		.by_label = is(file->type, "freq") && !rule->as_is };
	return ret_metric->family.text ? 0 : -ENOMEM;
}
