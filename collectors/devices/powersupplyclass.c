/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batteries, chargers and mains adapters.
 *
 *     class/power_supply/BAT0/type          Battery
 *     class/power_supply/BAT0/status        Discharging
 *     class/power_supply/BAT0/energy_now    36580000
 *     class/power_supply/BAT0/capacity      81
 *
 * Currents, voltages, charges, powers and energies are in millionths, temperatures in tenths of a degree Celsius. A
 * supply has the attributes that its driver supports. Source: Documentation/ABI/testing/sysfs-class-power,
 * drivers/power/supply/power_supply_sysfs.c.
 */
#include "devices.h"

static const char directory[] = "class/power_supply";

/* X(family, file, decimal places, help) */
#define METRICS(X)                                                                                                     \
	X("authentic", "authentic", 0, "1 if the battery is authentic.")                                               \
	X("calibrate", "calibrate", 0, "1 if the battery is being calibrated.")                                        \
	X("capacity", "capacity", 0, "Charge of the battery in percent.")                                              \
	X("capacity_alert_max", "capacity_alert_max", 0, "Charge in percent above which there is an alert.")           \
	X("capacity_alert_min", "capacity_alert_min", 0, "Charge in percent below which there is an alert.")           \
	X("cyclecount", "cycle_count", 0, "Charge cycles of the battery.")                                             \
	X("online", "online", 0, "1 if the supply is connected, 2 if it is programmable and active.")                  \
	X("present", "present", 0, "1 if the battery is present.")                                                     \
	X("time_to_empty_seconds", "time_to_empty_now", 0, "Time until the battery is empty.")                         \
	X("time_to_full_seconds", "time_to_full_now", 0, "Time until the battery is full.")                            \
	X("current_boot", "current_boot", 6, "Current measured at boot, in amperes.")                                  \
	X("current_max", "current_max", 6, "Maximum current in amperes.")                                              \
	X("current_ampere", "current_now", 6, "Current in amperes.")                                                   \
	X("energy_empty", "energy_empty", 6, "Energy at which the battery counts as empty, in watt-hours.")            \
	X("energy_empty_design", "energy_empty_design", 6, "Energy of the empty battery by design, in watt-hours.")    \
	X("energy_full", "energy_full", 6, "Energy of the full battery, in watt-hours.")                               \
	X("energy_full_design", "energy_full_design", 6, "Energy of the full battery by design, in watt-hours.")       \
	X("energy_watthour", "energy_now", 6, "Energy in the battery, in watt-hours.")                                 \
	X("voltage_boot", "voltage_boot", 6, "Voltage measured at boot, in volts.")                                    \
	X("voltage_max", "voltage_max", 6, "Maximum voltage in volts.")                                                \
	X("voltage_max_design", "voltage_max_design", 6, "Maximum voltage by design, in volts.")                       \
	X("voltage_min", "voltage_min", 6, "Minimum voltage in volts.")                                                \
	X("voltage_min_design", "voltage_min_design", 6, "Minimum voltage by design, in volts.")                       \
	X("voltage_volt", "voltage_now", 6, "Voltage in volts.")                                                       \
	X("voltage_ocv", "voltage_ocv", 6, "Open-circuit voltage in volts.")                                           \
	X("charge_control_limit", "charge_control_limit", 6, "Limit of the charge current, in millionths.")            \
	X("charge_control_limit_max", "charge_control_limit_max", 6, "Maximum of the limit, in millionths.")           \
	X("charge_counter", "charge_counter", 6, "Coulomb counter in ampere-hours.")                                   \
	X("charge_empty", "charge_empty", 6, "Charge at which the battery counts as empty, in ampere-hours.")          \
	X("charge_empty_design", "charge_empty_design", 6, "Charge of the empty battery by design, in ampere-hours.")  \
	X("charge_full", "charge_full", 6, "Charge of the full battery, in ampere-hours.")                             \
	X("charge_full_design", "charge_full_design", 6, "Charge of the full battery by design, in ampere-hours.")     \
	X("charge_ampere", "charge_now", 6, "Charge in the battery, in ampere-hours.")                                 \
	X("charge_term_current", "charge_term_current", 6, "Current at which charging ends, in amperes.")              \
	X("constant_charge_current", "constant_charge_current", 6, "Charge current in amperes.")                       \
	X("constant_charge_current_max", "constant_charge_current_max", 6, "Maximum charge current in amperes.")       \
	X("constant_charge_voltage", "constant_charge_voltage", 6, "Charge voltage in volts.")                         \
	X("constant_charge_voltage_max", "constant_charge_voltage_max", 6, "Maximum charge voltage in volts.")         \
	X("precharge_current", "precharge_current", 6, "Current of the precharge phase, in amperes.")                  \
	X("input_current_limit", "input_current_limit", 6, "Limit of the current drawn from the source, in amperes.")  \
	X("power_watt", "power_now", 6, "Power in watts.")                                                             \
	X("temp_celsius", "temp", 1, "Temperature of the supply.")                                                     \
	X("temp_alert_max_celsius", "temp_alert_max", 1, "Temperature above which there is an alert.")                 \
	X("temp_alert_min_celsius", "temp_alert_min", 1, "Temperature below which there is an alert.")                 \
	X("temp_ambient_celsius", "temp_ambient", 1, "Ambient temperature.")                                           \
	X("temp_ambient_max_celsius", "temp_ambient_max", 1, "Ambient temperature above which there is an alert.")     \
	X("temp_ambient_min_celsius", "temp_ambient_min", 1, "Ambient temperature below which there is an alert.")     \
	X("temp_max_celsius", "temp_max", 1, "Maximum temperature of operation.")                                      \
	X("temp_min_celsius", "temp_min", 1, "Minimum temperature of operation.")

/* Labels of the info family, and files, which have the same names. */
#define TEXTS(X)                                                                                                       \
	X("capacity_level")                                                                                            \
	X("charge_type")                                                                                               \
	X("health")                                                                                                    \
	X("manufacturer")                                                                                              \
	X("model_name") X("scope") X("serial_number") X("status") X("technology") X("type") X("usb_type")

#define FAMILY(name_, file, places, help_)                                                                             \
	{ .name = "node_power_supply_" name_, .help = (help_), .type = NG_GAUGE, .labels = "power_supply" },
#define NUMBER(name, file_, places_, help) { .file = (file_), .places = (places_) },
#define TEXT(file_)                        { .file = (file_) },
#define ONE(name, file, places, help)      +1

enum { NUMBERS = METRICS(ONE), INFO = NUMBERS };

static const struct ng_family families[] = { METRICS(FAMILY)[INFO] = { .name = "node_power_supply_info",
						     .help = "Type, model and state of the supply; always 1.",
						     .type = NG_GAUGE,
						     .labels =
							     "power_supply,capacity_level?,charge_type?,health?,"
							     "manufacturer?,model_name?,scope?,serial_number?,status?,"
							     "technology?,type?,usb_type?" } };
static const struct device_attribute attributes[] = { METRICS(NUMBER) TEXTS(TEXT) };

static const struct device_kind supplies = {
	.attributes = attributes,
	.count = NG_COUNT(attributes),
	.numbers = NUMBERS,
	.families = families,
	.file_kind = NG_VALUE,
};

struct powersupplyclass {
	struct ng_pattern *ignored;
	struct devices devices;
	bool absent; /* no class directory */
};

static const struct ng_option options[] = {
	NG_OPTION(powersupplyclass, ignored, NG_OPTION_PATTERN, "-collector.powersupply.ignored-supplies", "^$",
		"Power supplies to leave out."),
};

static int list(struct powersupplyclass *power, struct ng_scrape *scrape)
{
	struct devices *devices = &power->devices;
	struct ng_names names;

	if (!devices_list(devices, scrape))
		return 0;
	int r = ng_names(scrape, NG_SYS, directory, &names);
	power->absent = r == -ENOENT;
	if (power->absent)
		return devices_listed(devices, scrape, 0);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]);
		const char *front = ng_join(scrape->arena, "class/power_supply/", name.text, "/");
		if (power->ignored && ng_pattern_matches(power->ignored, name))
			continue;
		r = front ? devices_add(devices, &supplies, front, name.text,
				    NG_LABELS(&devices->kept, { "power_supply", name }))
			  : -ENOMEM;
	}
	return devices_listed(devices, scrape, r);
}

/* Attributes without a value give no label. */
static struct ng_labels *info_labels(struct ng_scrape *scrape, const struct device *device)
{
	struct ng_label labels[1 + NG_COUNT(attributes) - NUMBERS];
	size_t count = 0;

	labels[count++] = (struct ng_label){ "power_supply", device->name };
	for (size_t i = NUMBERS; i < NG_COUNT(attributes); i++) {
		if (device->texts[i].size)
			labels[count++] = (struct ng_label){ attributes[i].file, device->texts[i] };
	}
	return ng_labels(scrape->arena, labels, count);
}

static int powersupplyclass_collect(void *state, struct ng_scrape *scrape)
{
	struct powersupplyclass *power = state;

	int r = list(power, scrape);
	if (r < 0)
		return r;
	if (power->absent)
		return ng_failed(scrape, -ENODATA, "list", directory);
	devices_read(&power->devices, scrape);
	devices_emit(&power->devices, scrape, families, NUMBERS);
	ng_family(scrape->page, &families[INFO]);
	for (size_t i = 0; i < power->devices.count; i++) {
		const struct device *device = &power->devices.device[i];
		if (!device->gone && !device->unread)
			ng_sample_u64(scrape->page, info_labels(scrape, device), 1);
	}
	return 0;
}

static void powersupplyclass_done(void *state)
{
	struct powersupplyclass *power = state;

	devices_done(&power->devices);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "powersupplyclass",
	.summary = "Batteries, chargers and mains adapters",
	.may_block = true, /* firmware and slow buses */
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct powersupplyclass),
	.collect = powersupplyclass_collect,
	.done = powersupplyclass_done,
};
NG_COLLECTOR(descriptor);
