# Makes nodegauge@.service of nodegauge.service: further instances, each with a file of flags and addresses of its own.
s|^# Change it with `systemctl edit nodegauge`; the flags are in .*|# Another instance, NAME: its flags are in /etc/default/nodegauge-NAME (Fedora: /etc/sysconfig/nodegauge-NAME), which\
# has to exist and to name another port. All else is as in nodegauge.service, of which this is made.|
s|^Description=.*|Description=Metrics of this node for Prometheus, instance %i|
s|^After=network.target nodegauge.socket|After=network.target\
ConditionPathExists=\|/etc/default/nodegauge-%i\
ConditionPathExists=\|/etc/sysconfig/nodegauge-%i|
s|^EnvironmentFile=.*|&-%i|
s|^RuntimeDirectory=.*|&-%i|
s|/run/nodegauge/|/run/nodegauge-NAME/|
