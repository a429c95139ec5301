// SPDX-License-Identifier: Apache-2.0
// Everything that an installation may want to change. Thresholds are based on published ones and a pilot; none has been measured yet.
{
  _config+:: {
    // The base URLs of the links in alerts.
    runbookURL: 'https://nodegauge.example.org/docs/runbooks',
    grafanaURL: 'https://grafana.example.org',

    // Targets that are nodegauge or node_exporter, for rules that use `up`.
    exporterSelector: 'job=~"node|node-exporter|nodegauge"',
    // Target labels that alerts keep. Add those that Alertmanager routes by, such as 'datacenter'.
    nodeLabels: 'cluster, node, instance',
    // Extra labels of the watchdog, to distinguish several Prometheus servers.
    watchdogLabels: {},

    // A stall has to be visible in both windows: in the long one, so that it matters, and in the short one, so that it is still
    // going on. The short window must contain at least two scrapes: 2m is enough for intervals up to 60s.
    window: '5m',
    shortWindow: '2m',
    // How long an alert keeps firing after its condition has cleared, against flapping. Needs Prometheus 2.42; '' for older versions.
    keepFiringFor: '5m',

    // Pods. Best-effort pods request nothing and are not monitored.
    podSelector: 'pod!="", container="", name="", id!~".*besteffort.*"',
    podMemoryStalled: 0.10,  // share of time in which all tasks waited for memory
    podIOStalled: 0.10,  // share of time in which all tasks waited for storage
    podCPUStarved: 0.25,  // share of time in which a task waited for a CPU, not counting throttling by a quota
    podCPUBelowRequest: 0.9,  // while the pod used less than this fraction of its CPU request
    podCPUThrottled: 0.25,  // share of the quota's periods, and of the time in which all tasks waited
    // A cgroup that stalls on storage but gets this much I/O done is the one that keeps the device busy.
    ioServedBytes: 10 * 1024 * 1024,
    ioServedOperations: 200,
    oomKills: 3,  // in ten minutes

    // systemd units. Batch jobs are expected to wait for storage.
    unitSelector: 'id=~"/system[.]slice/.+[.]service"',
    batchUnits: 'apt-.*|.*backup.*|borg.*|e2scrub.*|fstrim|logrotate|man-db|mdcheck.*|.*updatedb|mlocate|restic.*|rsnapshot.*|' +
                'unattended-upgrades|xfs_scrub.*',
    unitMemoryStalled: 0.10,
    unitIOStalled: 0.20,
    // The services that a node needs to run pods.
    nodeDaemons: 'kubelet|containerd|crio|cri-docker|docker|k3s|k3s-agent|rke2-server|rke2-agent',
    daemonMemoryStalled: 0.10,
    daemonIOStalled: 0.30,

    // Nodes.
    nodeMemoryStalled: 0.15,
    nodeMemoryAvailable: 0.25,  // a node that has more available is not short of memory itself; one of its cgroups is
    nodeMemoryGone: 0.05,  // with less than this, an OOM kill is attributed to the node
    fsSelector: 'fstype!~"squashfs|iso9660|erofs|cramfs|udf"',
    fsFullRatio: 0.02,  // full means less than this fraction
    fsFullBytes: 5 * 1024 * 1024 * 1024,  // and less than this many bytes
    fsHorizonSeconds: 3600,
    fsWindow: '15m',  // of the trend; shorter windows detect it sooner, with more false alarms
    inodesFullRatio: 0.01,
    inodesFullNumber: 10000,
    fdRatio: 0.9,
    conntrackRatio: 0.95,
    tasksRatio: 0.9,
    tcpRetransmitRatio: 0.05,
    tcpSegmentsPerSecond: 50,
    listenDropsPerSecond: 0.5,
    packetLossRatio: 0.01,
    packetLossPerSecond: 10,
    nicSelector: 'device!~"lo|veth.*|cali.*|cni.*|cilium.*|lxc.*|flannel.*|docker.*|br-.*|virbr.*|kube-.*|dummy.*|ifb.*|tap.*|tun.*"',
    linkChanges: 6,  // carrier changes in ten minutes: three times down and up
    clockSeconds: 2,  // compared with the clock of Prometheus; slow scrapes add to it
    clockOffsetSeconds: 0.1,  // reported by the kernel itself

    // Nodes that are being removed on purpose.
    leavingTaints: 'ToBeDeletedByClusterAutoscaler|karpenter.sh/disrupted|karpenter.sh/disruption|' +
                   'cloud.google.com/impending-node-termination|aws-node-termination-handler/.+',
    fleetNodes: 3,  // this many nodes in trouble at the same time, or
    fleetRatio: 0.1,  // this fraction of them, but at least two
  },
}
