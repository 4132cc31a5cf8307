//! The columns of kinds that are seldom listed: storage, scheduling, quotas, webhooks.
//!
//! As in [`super::columns`], the descriptions are part of the protocol.

use super::columns::{AGE, CONTAINERS, IMAGES, NAME, int, text, wide};
use super::rare_cells as cells;
use super::render::Column;

pub(crate) const POD_AUTOSCALER: &[Column] = &[
    NAME,
    text(
        "Reference",
        "scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics \
         should be collected, as well as to actually change the replica count.",
        cells::reference,
    ),
    text(
        "Targets",
        "metrics contains the specifications for which to use to calculate the desired replica count (the \
         maximum replica count across all metrics will be used).  The desired replica count is \
         calculated multiplying the ratio between the target value and the current value by the current \
         number of pods.  Ergo, metrics used must decrease as the pod count is increased, and vice-versa.  \
         See the individual metric source types for more information about how each type of metric must \
         respond. If not set, the default metric will be set to 80% average CPU utilization.",
        cells::metrics,
    ),
    text(
        "MinPods",
        "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale \
         down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha feature gate \
         HPAScaleToZero is enabled and at least one Object or External metric is configured.  Scaling is \
         active as long as at least one metric value is available.",
        cells::min_pods,
    ),
    text(
        "MaxPods",
        "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. \
         It cannot be less that minReplicas.",
        cells::max_pods,
    ),
    text(
        "Replicas",
        "currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen \
         by the autoscaler.",
        cells::current_pods,
    ),
    AGE,
];

pub(crate) const INGRESS_CLASS: &[Column] = &[
    NAME,
    text("Controller", "Controller that is responsible for handling this class", cells::controller),
    text("Parameters", "A reference to a resource with additional parameters", cells::parameters),
    AGE,
];

pub(crate) const PRIORITY_CLASS: &[Column] = &[
    NAME,
    int(
        "Value",
        "value represents the integer value of this priority class. This is the actual priority that pods \
         receive when they have the name of this class in their pod spec.",
        cells::value,
    ),
    Column {
        kind: "boolean",
        ..text(
            "Global-Default",
            "globalDefault specifies whether this PriorityClass should be considered as the default priority \
         for pods that do not have any priority class. Only one PriorityClass can be marked as \
         `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` \
         field set to true, the smallest value of such global default PriorityClasses will be used as the \
         default priority.",
            cells::global_default,
        )
    },
    AGE,
    text(
        "PreemptionPolicy",
        "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, \
         PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.",
        cells::preemption_policy,
    ),
];

pub(crate) const POD_TEMPLATE: &[Column] = &[
    NAME,
    text("Containers", "Names of each container in the template.", cells::template_containers),
    text("Images", "Images referenced by each container in the template.", cells::template_images),
    text("Pod Labels", "The labels for the pod template.", cells::template_labels),
];

pub(crate) const VOLUME: &[Column] = &[
    NAME,
    text(
        "Capacity",
        "capacity is the description of the persistent volume's resources and capacity. More info: \
         https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity",
        cells::volume_capacity,
    ),
    text(
        "Access Modes",
        "accessModes contains all ways the volume can be mounted. More info: \
         https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes",
        cells::volume_access,
    ),
    text(
        "Reclaim Policy",
        "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its \
         claim. Valid options are Retain (default for manually created PersistentVolumes), Delete \
         (default for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must \
         be supported by the volume plugin underlying this PersistentVolume. More info: \
         https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming",
        cells::reclaim_policy,
    ),
    text(
        "Status",
        "phase indicates if a volume is available, bound to a claim, or released by a claim. More info: \
         https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase",
        cells::volume_phase,
    ),
    text(
        "Claim",
        "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. \
         Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and \
         PVC. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding",
        cells::claim,
    ),
    text("StorageClass", "StorageClass of the pv", cells::volume_class),
    text("VolumeAttributesClass", "VolumeAttributesClass of the pv", cells::attributes_class),
    text(
        "Reason",
        "reason is a brief CamelCase string that describes any failure and is meant for machine parsing \
         and tidy display in the CLI.",
        cells::volume_reason,
    ),
    AGE,
    wide(
        "VolumeMode",
        "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain \
         in raw block state. Value of Filesystem is implied when not included in spec.",
        cells::volume_mode,
    ),
];

pub(crate) const REPLICATION_CONTROLLER: &[Column] = &[
    NAME,
    int(
        "Desired",
        "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit \
         zero and unspecified. Defaults to 1. More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller",
        cells::desired,
    ),
    int(
        "Current",
        "Replicas is the most recently observed number of replicas. More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller",
        cells::current,
    ),
    int("Ready", "The number of ready replicas for this replication controller.", cells::ready),
    AGE,
    CONTAINERS,
    IMAGES,
    wide(
        "Selector",
        "Selector is a label query over pods that should match the Replicas count. If Selector is empty, \
         it is defaulted to the labels present on the Pod template. Label keys and values that must match \
         in order to be controlled by this replication controller, if empty defaulted to labels on Pod \
         template. More info: \
         https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
        cells::controller_selector,
    ),
];

pub(crate) const RESOURCE_QUOTA: &[Column] = &[
    NAME,
    text(
        "Request",
        "Request represents a minimum amount of cpu/memory that a container may consume.",
        cells::requests,
    ),
    text(
        "Limit",
        "Limits control the maximum amount of cpu/memory that a container may use independent of \
         contention on the node.",
        cells::limits,
    ),
    AGE,
];

pub(crate) const STORAGE_CLASS: &[Column] = &[
    NAME,
    text("Provisioner", "provisioner indicates the type of the provisioner.", cells::provisioner),
    text(
        "ReclaimPolicy",
        "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this \
         storage class. Defaults to Delete.",
        cells::class_reclaim_policy,
    ),
    text(
        "VolumeBindingMode",
        "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When \
         unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the \
         VolumeScheduling feature.",
        cells::binding_mode,
    ),
    text(
        "AllowVolumeExpansion",
        "allowVolumeExpansion shows whether the storage class allow volume expand.",
        cells::expansion,
    ),
    AGE,
];

pub(crate) const ENDPOINT_SLICE: &[Column] = &[
    NAME,
    text(
        "AddressType",
        "addressType specifies the type of address carried by this EndpointSlice. All addresses in this \
         slice must be the same type. This field is immutable after creation. The following address types \
         are currently supported: * IPv4: Represents an IPv4 Address. * IPv6: Represents an IPv6 \
         Address. * FQDN: Represents a Fully Qualified Domain Name. (Deprecated) The EndpointSlice \
         controller only generates, and kube-proxy only processes, slices of addressType \"IPv4\" and \
         \"IPv6\". No semantics are defined for the \"FQDN\" type.",
        cells::address_type,
    ),
    text(
        "Ports",
        "ports specifies the list of network ports exposed by each endpoint in this slice. Each port must \
         have a unique name. Each slice may include a maximum of 100 ports. Services always have at \
         least 1 port, so EndpointSlices generated by the EndpointSlice controller will likewise always \
         have at least 1 port. EndpointSlices used for other purposes may have an empty ports list.",
        cells::slice_ports,
    ),
    text(
        "Endpoints",
        "endpoints is a list of unique endpoints in this slice. Each slice may include a maximum of 1000 \
         endpoints.",
        cells::slice_endpoints,
    ),
    AGE,
];

pub(crate) const CONTROLLER_REVISION: &[Column] = &[
    NAME,
    text("Controller", "Controller of the object", cells::owner),
    text("Revision", "Revision indicates the revision of the state represented by Data.", cells::revision),
    AGE,
];

pub(crate) const WEBHOOKS: &[Column] = &[
    NAME,
    int(
        "Webhooks",
        "Webhooks indicates the number of webhooks registered in this configuration",
        cells::webhook_count,
    ),
    AGE,
];

pub(crate) const VOLUME_CLAIM: &[Column] = &[
    NAME,
    text("Status", "phase represents the current phase of PersistentVolumeClaim.", cells::claim_phase),
    text(
        "Volume",
        "volumeName is the binding reference to the PersistentVolume backing this claim.",
        cells::claim_volume,
    ),
    text(
        "Capacity",
        "capacity represents the actual resources of the underlying volume.",
        cells::claim_capacity,
    ),
    text(
        "Access Modes",
        "accessModes contains the actual access modes the volume backing the PVC has. More info: \
         https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1",
        cells::claim_access,
    ),
    text("StorageClass", "StorageClass of the pvc", cells::claim_class),
    text("VolumeAttributesClass", "VolumeAttributesClass of the pvc", cells::attributes_class),
    AGE,
    wide(
        "VolumeMode",
        "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied \
         when not included in claim spec.",
        cells::volume_mode,
    ),
];
