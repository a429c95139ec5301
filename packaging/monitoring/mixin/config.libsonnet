// SPDX-License-Identifier: Apache-2.0
// Everything that an installation may want to change. Thresholds were derived from published ones and from a pilot; none is measured yet.
{
  _config+:: {
    // Where the links of the alerts lead.
    runbookURL: 'https://nodegauge.example.org/docs/runbooks',
    grafanaURL: 'https://grafana.example.org',

    // Targets that are nodegauge or node_exporter: used where a rule asks for `up`.
    exporterSelector: 'job=~"node|node-exporter|nodegauge"',
    // Labels of a target that its alerts keep. Add those by which Alertmanager routes, such as 'datacenter'.
    nodeLabels: 'cluster, node, instance',
    // Extra labels of the Watchdog, so that several Prometheus servers can be told apart.
    watchdogLabels: {},

    // A stall has to show in both windows: the long one says that it matters, the short one that it goes on. The short window
    // must hold two scrapes at least: 2m is right up to an interval of 60s.
    window: '5m',
    shortWindow: '2m',
    // How long a firing alert stays after its last sign of trouble, against flapping. Prometheus 2.42 or later; '' for older ones.
    keepFiringFor: '5m',

    // Pods. What is best effort has asked for nothing and is not watched.
    podSelector: 'pod!="", container="", name="", id!~".*besteffort.*"',
    podMemoryStalled: 0.10,  // share of time in which all tasks waited for memory
    podIOStalled: 0.10,  // share of time in which all tasks waited for storage
    podCPUStarved: 0.25,  // share of time in which a task waited for a CPU, without the time stopped by a quota
    podCPUBelowRequest: 0.9,  // while it used less than this part of its CPU request
    podCPUThrottled: 0.25,  // share of the quota's periods, and of time in which all tasks waited
    // A cgroup that stalls on storage while it is served this much is one that keeps a device busy.
    ioServedBytes: 10 * 1024 * 1024,
    ioServedOperations: 200,
    oomKills: 3,  // in ten minutes

    // systemd's units. Batch jobs are expected to wait for storage.
    unitSelector: 'id=~"/system[.]slice/.+[.]service"',
    batchUnits: 'apt-.*|.*backup.*|borg.*|e2scrub.*|fstrim|logrotate|man-db|mdcheck.*|.*updatedb|mlocate|restic.*|rsnapshot.*|' +
                'unattended-upgrades|xfs_scrub.*',
    unitMemoryStalled: 0.10,
    unitIOStalled: 0.20,
    // The services without which a node takes no pods.
    nodeDaemons: 'kubelet|containerd|crio|cri-docker|docker|k3s|k3s-agent|rke2-server|rke2-agent',
    daemonMemoryStalled: 0.10,
    daemonIOStalled: 0.30,

    // Nodes.
    nodeMemoryStalled: 0.15,
    nodeMemoryAvailable: 0.25,  // a node that has more available is not short of memory; one of its cgroups is
    nodeMemoryGone: 0.05,  // and with less than this an OOM kill is taken for one of the node
    fsSelector: 'fstype!~"squashfs|iso9660|erofs|cramfs|udf"',
    fsFullRatio: 0.02,  // full is both less than this part
    fsFullBytes: 5 * 1024 * 1024 * 1024,  // and less than this much
    fsHorizonSeconds: 3600,
    fsWindow: '15m',  // of the trend; shorter ones see it sooner, and more that is none
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
    clockSeconds: 2,  // against the clock of Prometheus; a slow scrape counts too
    clockOffsetSeconds: 0.1,  // what the kernel itself says

    // Nodes on their way out by intent.
    leavingTaints: 'ToBeDeletedByClusterAutoscaler|karpenter.sh/disrupted|karpenter.sh/disruption|' +
                   'cloud.google.com/impending-node-termination|aws-node-termination-handler/.+',
    fleetNodes: 3,  // so many nodes in trouble at the same time, or
    fleetRatio: 0.1,  // this part of them, but two at least
  },
}
