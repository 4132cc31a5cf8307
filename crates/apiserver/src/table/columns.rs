//! The columns of built-in kinds. The descriptions are part of the protocol: clients show them, transcripts hold them.

use super::cells;
use super::render::{Cell, Column};

const NAME_TEXT: &str = "Name must be unique within a namespace. Is required when creating resources, although some \
    resources may allow a client to request the generation of an appropriate name automatically. Name is primarily \
    intended for creation idempotence and configuration definition. Cannot be updated. More info: \
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const CREATED_TEXT: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. \
    It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. \
    It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const CONTAINERS_TEXT: &str = "Names of each container in the template.";
const IMAGES_TEXT: &str = "Images referenced by each container in the template.";

pub(crate) const NAME_DESCRIPTION: &str = NAME_TEXT;
pub(crate) const CREATED_DESCRIPTION: &str = CREATED_TEXT;

pub(super) const fn text(name: &'static str, description: &'static str, cell: Cell) -> Column {
    Column { name, kind: "string", format: "", description, priority: 0, cell }
}

pub(super) const fn wide(name: &'static str, description: &'static str, cell: Cell) -> Column {
    Column { name, kind: "string", format: "", description, priority: 1, cell }
}

pub(super) const fn int(name: &'static str, description: &'static str, cell: Cell) -> Column {
    Column { name, kind: "integer", format: "", description, priority: 0, cell }
}

pub(super) const NAME: Column = Column {
    name: "Name",
    kind: "string",
    format: "name",
    description: NAME_TEXT,
    priority: 0,
    cell: cells::name,
};
pub(super) const AGE: Column = text("Age", CREATED_TEXT, cells::age_of);
pub(super) const CONTAINERS: Column = wide("Containers", CONTAINERS_TEXT, cells::container_names);
pub(super) const IMAGES: Column = wide("Images", IMAGES_TEXT, cells::images);

pub(crate) const DEFAULT: &[Column] = &[
    NAME,
    Column {
        name: "Created At",
        kind: "date",
        format: "",
        description: CREATED_TEXT,
        priority: 0,
        cell: cells::created_at,
    },
];

pub(crate) const CONFIG_MAP: &[Column] = &[
    NAME,
    text(
        "Data",
        "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', \
    '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not \
    overlap with the keys in the BinaryData field, this is enforced during validation process.",
        cells::data_count,
    ),
    AGE,
];

pub(crate) const SECRET: &[Column] = &[
    NAME,
    text(
        "Type",
        "Used to facilitate programmatic handling of secret data. More info: \
         https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
        cells::object_type,
    ),
    text(
        "Data",
        "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The \
         serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) \
         data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
        cells::data_count,
    ),
    AGE,
];

pub(crate) const SERVICE_ACCOUNT: &[Column] = &[NAME, AGE];

pub(crate) const NAMESPACE: &[Column] =
    &[NAME, text("Status", "The status of the namespace", cells::phase), AGE];

pub(crate) const LEASE: &[Column] = &[
    NAME,
    text(
        "Holder",
        "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, \
         the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
        cells::holder,
    ),
    AGE,
];

const ROLE_REF: &str = "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. \
    If the RoleRef cannot be resolved, the Authorizer must return an error.";

pub(crate) const ROLE_BINDING: &[Column] = &[
    NAME,
    text("Role", ROLE_REF, cells::role),
    AGE,
    wide("Users", "Users in the roleBinding", cells::users),
    wide("Groups", "Groups in the roleBinding", cells::groups),
    wide("ServiceAccounts", "ServiceAccounts in the roleBinding", cells::accounts),
];

pub(crate) const CLUSTER_ROLE_BINDING: &[Column] = &[
    NAME,
    text(
        "Role",
        "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, \
        the Authorizer must return an error.",
        cells::role,
    ),
    AGE,
    wide("Users", "Users in the clusterRoleBinding", cells::users),
    wide("Groups", "Groups in the clusterRoleBinding", cells::groups),
    wide("ServiceAccounts", "ServiceAccounts in the clusterRoleBinding", cells::accounts),
];

const SUBOBJECT: &str = "If referring to a piece of an object instead of an entire object, this string should contain a \
    valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object \
    reference is to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" \
    refers to the name of the container that triggered the event) or if no container name is specified \
    \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way \
    of referencing a part of an object.";

pub(crate) const EVENT: &[Column] = &[
    text(
        "Last Seen",
        "The time at which the most recent occurrence of this event was recorded.",
        cells::last_seen,
    ),
    text(
        "Type",
        "Type of this event (Normal, Warning), new types could be added in the future",
        cells::event_type,
    ),
    text(
        "Reason",
        "This should be a short, machine understandable string that gives the reason for the transition into the \
         object's current status.",
        cells::event_reason,
    ),
    text("Object", "The object that this event is about.", cells::event_object),
    wide("Subobject", SUBOBJECT, cells::event_field),
    wide(
        "Source",
        "The component reporting this event. Should be a short machine understandable string.",
        cells::event_source,
    ),
    text("Message", "A human-readable description of the status of this operation.", cells::event_message),
    wide(
        "First Seen",
        "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
        cells::first_seen,
    ),
    wide("Count", "The number of times this event has occurred.", cells::event_count),
    Column {
        name: "Name",
        kind: "string",
        format: "name",
        description: NAME_TEXT,
        priority: 1,
        cell: cells::name,
    },
];

pub(crate) const EVENT_V1: &[Column] = EVENT;

pub(crate) const DEPLOYMENT: &[Column] = &[
    NAME,
    text("Ready", "Number of the pod with ready state", cells::ready_of_replicas),
    text(
        "Up-to-date",
        "Total number of non-terminating pods targeted by this deployment that have the desired template spec.",
        cells::updated,
    ),
    text(
        "Available",
        "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this \
         deployment.",
        cells::available,
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    wide(
        "Selector",
        "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this \
         deployment. It must match the pod template's labels.",
        cells::selector,
    ),
];

const RS_SELECTOR: &str = "Selector is a label query over pods that should match the replica count. Label keys and \
    values that must match in order to be controlled by this replica set. It must match the pod template's labels. More \
    info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors";

pub(crate) const REPLICA_SET: &[Column] = &[
    NAME,
    int(
        "Desired",
        "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. \
         Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
        cells::desired_replicas,
    ),
    int(
        "Current",
        "Replicas is the most recently observed number of non-terminating pods. More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
        cells::current_replicas,
    ),
    int(
        "Ready",
        "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.",
        cells::ready_replicas,
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    wide("Selector", RS_SELECTOR, cells::selector),
];

pub(crate) const STATEFUL_SET: &[Column] = &[
    NAME,
    text("Ready", "Number of the pod with ready state", cells::ready_of_replicas),
    AGE,
    CONTAINERS,
    IMAGES,
];

pub(crate) const DAEMON_SET: &[Column] = &[
    NAME,
    int(
        "Desired",
        "The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon \
         pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
        cells::daemon_desired,
    ),
    int(
        "Current",
        "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
        cells::daemon_current,
    ),
    int(
        "Ready",
        "numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod \
         running with a Ready Condition.",
        cells::daemon_ready,
    ),
    int("Up-to-date", "The total number of nodes that are running updated daemon pod", cells::daemon_updated),
    int(
        "Available",
        "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and \
         available (ready for at least spec.minReadySeconds)",
        cells::daemon_available,
    ),
    text(
        "Node Selector",
        "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's \
         labels for the pod to be scheduled on that node. More info: \
         https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
        cells::node_selector,
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    wide(
        "Selector",
        "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match \
         the pod template's labels. More info: \
         https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        cells::selector,
    ),
];

pub(crate) const JOB: &[Column] = &[
    NAME,
    text("Status", "Status of the job.", cells::job_status),
    text(
        "Completions",
        "The number of pods which reached phase Succeeded. The value increases monotonically for a given \
         spec. However, it may decrease in reaction to scale down of elastic indexed jobs.",
        cells::completions,
    ),
    text("Duration", "Time required to complete the job.", cells::job_duration),
    AGE,
    CONTAINERS,
    IMAGES,
    wide(
        "Selector",
        "A label query over pods that should match the pod count. Normally, the system sets this field for you. More \
         info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        cells::job_selector,
    ),
];

pub(crate) const CRON_JOB: &[Column] = &[
    NAME,
    text("Schedule", "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.", cells::schedule),
    text(
        "Timezone",
        "The time zone name for the given schedule, see \
        https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time \
        zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded \
        from the system-wide time zone database by the API server during CronJob validation and the controller manager \
        during execution. If no system-wide time zone database can be found a bundled version of the database is used \
        instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host \
        configuration, the controller will stop creating new new Jobs and will create a system event with the reason \
        UnknownTimeZone. More information can be found in \
        https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones",
        cells::time_zone,
    ),
    Column {
        name: "Suspend",
        kind: "boolean",
        format: "",
        description: "This flag tells the controller to suspend subsequent executions, it does not apply to already \
            started executions.  Defaults to false.",
        priority: 0,
        cell: cells::suspend,
    },
    int("Active", "A list of pointers to currently running jobs.", cells::active_jobs),
    text(
        "Last Schedule",
        "Information when was the last time the job was successfully scheduled.",
        cells::last_schedule,
    ),
    AGE,
    wide("Containers", CONTAINERS_TEXT, cells::cron_containers),
    wide("Images", IMAGES_TEXT, cells::cron_images),
    wide(
        "Selector",
        "A label query over pods that should match the pod count. Normally, the system sets this field for \
        you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        cells::job_selector,
    ),
];

pub(crate) const POD: &[Column] = &[
    NAME,
    text("Ready", "The aggregate readiness state of this pod for accepting traffic.", cells::pod_ready),
    text("Status", "The aggregate status of the containers in this pod.", cells::pod_status),
    text(
        "Restarts",
        "The number of times the containers in this pod have been restarted and when the last container in this pod has \
         restarted.",
        cells::restarts,
    ),
    AGE,
    wide(
        "IP",
        "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.",
        cells::pod_ip,
    ),
    wide(
        "Node",
        "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the \
         scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for \
         the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a \
         specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",
        cells::node_name,
    ),
    wide(
        "Nominated Node",
        "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right \
         away as preemption victims receive their graceful termination periods. This field does not guarantee that the \
         pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become \
         available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is \
         created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is \
         scheduled.",
        cells::nominated_node,
    ),
    wide(
        "Readiness Gates",
        "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers \
         are ready AND all conditions specified in the readiness gates have status equal to \"True\" More info: \
         https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates",
        cells::readiness_gates,
    ),
];

pub(crate) const SERVICE: &[Column] = &[
    NAME,
    text(
        "Type",
        "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, \
         NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-internal IP address for load-balancing to \
         endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an \
         Endpoints object or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the \
         endpoints are published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP and \
         allocates a port on every node which routes to the same endpoints as the clusterIP. \"LoadBalancer\" builds on \
         NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the same \
         endpoints as the clusterIP. \"ExternalName\" aliases this service to the specified externalName. Several other \
         fields do not apply to ExternalName services. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
        cells::service_type,
    ),
    text(
        "Cluster-IP",
        "clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified \
         manually, is in-range (as per system configuration), and is not in use, it will be allocated to the service; \
         otherwise creation of the service will fail. This field may not be changed through updates unless the type \
         field is also being changed to ExternalName (which requires this field to be blank) or the type field is being \
         changed from ExternalName (in which case this field may optionally be specified, as describe above).  Valid \
         values are \"None\", empty string (\"\"), or a valid IP address. Setting this to \"None\" makes a \"headless \
         service\" (no virtual IP), which is useful when direct endpoint connections are preferred and proxying is not \
         required.  Only applies to types ClusterIP, NodePort, and LoadBalancer. If this field is specified when \
         creating a Service of type ExternalName, creation will fail. This field will be wiped when updating a Service \
         to type ExternalName. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
        cells::cluster_ip,
    ),
    text(
        "External-IP",
        "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.  \
         These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives at a node \
         with this IP.  A common example is external load-balancers that are not part of the Kubernetes system.",
        cells::external_ip,
    ),
    text(
        "Port(s)",
        "The list of ports that are exposed by this service. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
        cells::service_ports,
    ),
    AGE,
    wide(
        "Selector",
        "Route service traffic to pods with label keys and values matching this selector. If empty or not present, the \
         service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only \
         applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/",
        cells::map_selector,
    ),
];

pub(crate) const ENDPOINTS: &[Column] = &[
    NAME,
    text(
        "Endpoints",
        "The set of all endpoints is the union of all subsets. Addresses are placed into subsets \
        according to the IPs they share. A single address with multiple ports, some of which are ready and some of which \
        are not (because they come from different containers) will result in the address being displayed in different \
        subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same \
        subset. Sets of addresses and ports that comprise a service.",
        cells::endpoints,
    ),
    AGE,
];

const NODE_ADDRESSES: &str = "List of addresses reachable to the node. Queried from cloud provider, if available. More info: \
         https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as \
         mergeable, but the merge key is not sufficiently unique, which can cause data corruption when \
         it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 \
         for an example. Consumers should assume that addresses can change during the lifetime of a Node. \
         However, there are some exceptions where this may not be possible, such as Pods that inherit a \
         Node's address in its own status or consumers of the downward API (status.hostIP).";

pub(crate) const NODE: &[Column] = &[
    NAME,
    text("Status", "The status of the node", cells::node_status),
    text("Roles", "The roles of the node", cells::node_roles),
    AGE,
    text("Version", "Kubelet Version reported by the node.", cells::node_version),
    wide("Internal-IP", NODE_ADDRESSES, cells::internal_ip),
    wide("External-IP", NODE_ADDRESSES, cells::node_external_ip),
    wide(
        "OS-Image",
        "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).",
        cells::os_image,
    ),
    wide(
        "Kernel-Version",
        "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
        cells::kernel,
    ),
    wide(
        "Container-Runtime",
        "ContainerRuntime Version reported by the node through runtime remote API (e.g. \
         containerd://1.4.2).",
        cells::runtime,
    ),
];

pub(crate) const INGRESS: &[Column] = &[
    NAME,
    text(
        "Class",
        "The name of the IngressClass resource that should be used for additional configuration",
        cells::ingress_class,
    ),
    text("Hosts", "Hosts that incoming requests are matched against before the ingress rule", cells::hosts),
    text(
        "Address",
        "Address is a list containing ingress points for the load-balancer",
        cells::load_balancer,
    ),
    text("Ports", "Ports of TLS configurations that open", cells::ingress_ports),
    AGE,
];

pub(crate) const NETWORK_POLICY: &[Column] = &[
    NAME,
    text(
        "Pod-Selector",
        "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is \
         applied to any pods selected by this field. An empty selector matches all pods in the policy's \
         namespace. Multiple network policies can select the same set of pods. In this case, the ingress \
         rules for each are combined additively. This field is optional. If it is not specified, it \
         defaults to an empty selector.",
        cells::pod_selector,
    ),
    AGE,
];

pub(crate) const DISRUPTION_BUDGET: &[Column] = &[
    NAME,
    text("Min Available", "The minimum number of pods that must be available.", cells::min_available),
    text("Max Unavailable", "The maximum number of pods that may be unavailable.", cells::max_unavailable),
    int(
        "Allowed Disruptions",
        "Calculated number of pods that may be disrupted at this time.",
        cells::disruptions_allowed,
    ),
    AGE,
];
