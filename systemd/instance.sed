# Generates nodegauge@.service from nodegauge.service: additional instances, each with its own flags and addresses.
s|^# Change it with `systemctl edit nodegauge`; the flags are in .*|# An additional instance, NAME: its flags are in /etc/default/nodegauge-NAME (Fedora: /etc/sysconfig/nodegauge-NAME), which\
# must exist and set a different port. Everything else is as in nodegauge.service, from which this file is generated.|
s|^Description=.*|Description=Host metrics exporter for Prometheus, instance %i|
s|^After=network.target nodegauge.socket|After=network.target\
ConditionPathExists=\|/etc/default/nodegauge-%i\
ConditionPathExists=\|/etc/sysconfig/nodegauge-%i|
s|^EnvironmentFile=.*|&-%i|
s|^RuntimeDirectory=.*|&-%i|
s|/run/nodegauge/|/run/nodegauge-NAME/|
