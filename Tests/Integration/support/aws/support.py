"""The one list of what the emulators don't make, don't keep and don't change, each with its reason. test_stacks.py proves
that it names every type that is in a template, and that it excludes no type that an emulator takes by now."""

import copy
import re
from dataclasses import dataclass, field

# Stands where something would be that an emulator does not make.
LEFT_OUT = "left-out"

# Types that neither makes: cfn-lint alone looks at them.
NEITHER = {
    "AWS::Amplify::App": "MiniStack rejects it, moto skips it",
    "AWS::Amplify::Branch": "MiniStack rejects it, moto skips it",
    "AWS::Amplify::Domain": "MiniStack rejects it, moto skips it",
    "AWS::CloudWatch::Alarm": "MiniStack has no alarms on a sum of metrics, moto skips it",
    "AWS::CloudWatch::CompositeAlarm": "MiniStack rejects it, moto skips it",
}


@dataclass(frozen=True)
class Support:
    """What one emulator does with a template."""

    # Types that are left out of its templates; or the only ones that are left in.
    refused: frozenset = frozenset()
    made: frozenset = frozenset()
    # Of what it makes, the types that are read back; all when empty.
    compared: frozenset = frozenset()
    # Whether an update changes what is there; where it does not, only what is new is compared after one.
    updates: bool = True
    # Properties that are left out, since it stumbles over them: {type: {property, …}}.
    dropped: dict = field(default_factory=dict)
    # Attributes that it can't tell: {(type, attribute): the property that says the same, or None}.
    attributes: dict = field(default_factory=dict)
    # Properties that it does not keep, or tells differently: {type: {path, …}}.
    ignored: dict = field(default_factory=dict)
    # Types that it makes anew where AWS would change them in place.
    renamed: frozenset = frozenset()
    # Properties that it keeps, and does not change later: {type: {path, …}}.
    stale: dict = field(default_factory=dict)

    def makes(self, kind):
        return kind in self.made if self.made else kind not in self.refused

    def compares(self, kind):
        return self.makes(kind) and (not self.compared or kind in self.compared)

    def adapted(self, template, region):
        """The template without what the emulator does not make, and with a word where that is mentioned."""
        template = copy.deepcopy(template)
        resources = template["Resources"]
        out = {name for name, resource in resources.items() if not self.makes(resource["Type"])}
        template["Resources"] = {name: resources[name] for name in resources if name not in out}
        for resource in template["Resources"].values():
            for name in self.dropped.get(resource["Type"], ()):
                resource.get("Properties", {}).pop(name, None)
            depends = resource.get("DependsOn", [])
            depends = [name for name in ([depends] if isinstance(depends, str) else depends) if name not in out]
            resource.pop("DependsOn", None)
            if depends:
                resource["DependsOn"] = depends
        def stand_in(name, attribute=None):
            """What to write instead of a mention; nothing where the mention is fine."""
            if name in out:
                return LEFT_OUT
            kind = resources[name]["Type"] if name in resources else None
            if (kind, attribute) not in self.attributes:
                return None
            prop = self.attributes[kind, attribute]
            return _replaced(resources[name]["Properties"][prop], stand_in, region) if prop else LEFT_OUT

        for section in ("Resources", "Outputs"):
            template[section] = _replaced(template.get(section, {}), stand_in, region)
        if not template["Outputs"]:
            del template["Outputs"]
        return template


def _replaced(node, stand_in, region):
    if isinstance(node, list):
        return [_replaced(value, stand_in, region) for value in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        name, operand = next(iter(node.items()))
        if name == "Ref":
            return stand_in(operand) or node
        if name == "Fn::GetAtt":
            return stand_in(*(operand.split(".", 1) if isinstance(operand, str) else operand)) or node
        if name == "Fn::GetAZs":
            return {name: region}  # moto takes another region's when it is left to itself
        if name == "Fn::Sub":
            return {name: _replaced_in_text(operand, stand_in, region)}
    return {name: _replaced(value, stand_in, region) for name, value in node.items()}


def _replaced_in_text(operand, stand_in, region):
    text, variables = operand if isinstance(operand, list) else (operand, {})

    def replace(match):
        instead = None if match.group(1) in variables else stand_in(*match.group(1).split(".", 1))
        return instead if isinstance(instead, str) else match.group(0)

    text = re.sub(r"\$\{([A-Za-z0-9.]+)\}", replace, text)
    return [text, _replaced(variables, stand_in, region)] if variables else text


MINISTACK = Support(
    # It rejects a whole template, or a stack, for one of these.
    refused=frozenset(NEITHER) | {
        "AWS::EC2::EIP", "AWS::EC2::FlowLog", "AWS::EC2::Instance", "AWS::EC2::NatGateway", "AWS::EC2::Volume",
        "AWS::EC2::VolumeAttachment", "AWS::Route53::HealthCheck"},
    ignored={
        "AWS::AutoScaling::AutoScalingGroup": {"DefaultInstanceWarmup", "MetricsCollection", "TargetGroupARNs"},
        # What AWS needs to make the record, and does not tell again.
        "AWS::CertificateManager::Certificate": {"DomainValidationOptions[].HostedZoneId"},
        # It has no replicas, no recovery, and encrypts nothing; expiry goes with the rest.
        "AWS::DynamoDB::GlobalTable": {"Replicas", "SSESpecification", "TimeToLiveSpecification"},
        "AWS::ElastiCache::ReplicationGroup": {"KmsKeyId"},
        "AWS::KMS::Key": {"PendingWindowInDays"},
        "AWS::Lambda::Function": {"ReservedConcurrentExecutions"},
        # Followers are instances of their own (moto links them).
        "AWS::RDS::DBInstance": {
            "DeleteAutomatedBackups", "EnableCloudwatchLogsExports", "ManageMasterUserPassword", "MasterUserSecret",
            "PerformanceInsightsKMSKeyId", "SourceDBInstanceIdentifier", "SourceRegion"},
        "AWS::Route53::HostedZone": {"HostedZoneTags"},
        "AWS::S3::Bucket": {
            "LifecycleConfiguration", "LoggingConfiguration", "OwnershipControls", "ReplicationConfiguration", "Tags"},
        "AWS::SNS::Topic": {"KmsMasterKeyId"},
        "AWS::SecretsManager::Secret": {"GenerateSecretString.ExcludePunctuation"},
    },
    # It loses a table's name when its replicas change, and makes another.
    renamed=frozenset({"AWS::DynamoDB::GlobalTable"}),
    stale={"AWS::ElastiCache::ReplicationGroup": {"NumCacheClusters"}})

# moto makes a stack without the types it does not know, and tells nobody. It is for what MiniStack refuses, for the link
# between a database and its replica, and for servers that are registered with a load balancer; the rest of what it makes
# is there because these need it.
MOTO = Support(
    made=frozenset({
        "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::EIP", "AWS::EC2::FlowLog", "AWS::EC2::Instance",
        "AWS::EC2::InternetGateway", "AWS::EC2::LaunchTemplate", "AWS::EC2::NatGateway", "AWS::EC2::Route",
        "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::Volume", "AWS::EC2::VolumeAttachment",
        "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::IAM::InstanceProfile", "AWS::IAM::Role",
        "AWS::Logs::LogGroup", "AWS::RDS::DBInstance", "AWS::Route53::HealthCheck", "AWS::Route53::HostedZone",
        "AWS::Route53::RecordSet"}),
    compared=frozenset({
        "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::EIP", "AWS::EC2::FlowLog", "AWS::EC2::Instance",
        "AWS::EC2::NatGateway", "AWS::EC2::Volume", "AWS::EC2::VolumeAttachment", "AWS::RDS::DBInstance",
        "AWS::Route53::HealthCheck"}),
    updates=False,
    dropped={"AWS::RDS::DBInstance": {"DBParameterGroupName", "DBSubnetGroupName"}},
    attributes={
        ("AWS::EC2::Subnet", "AvailabilityZone"): "AvailabilityZone",
        ("AWS::Route53::HostedZone", "NameServers"): None},
    ignored={
        "AWS::AutoScaling::AutoScalingGroup": {"DefaultInstanceWarmup", "MetricsCollection"},
        "AWS::EC2::EIP": {"Tags"},
        "AWS::EC2::Instance": {"EbsOptimized", "LaunchTemplate", "Monitoring"},
        "AWS::EC2::NatGateway": {"Tags"},
        "AWS::EC2::Volume": {"Tags"},
        # MiniStack looks at most of these.
        "AWS::RDS::DBInstance": {
            "DeleteAutomatedBackups", "DeletionProtection", "EnableCloudwatchLogsExports",
            "EnableIAMDatabaseAuthentication", "EnablePerformanceInsights", "ManageMasterUserPassword",
            "MasterUserSecret", "MonitoringInterval", "MonitoringRoleArn", "PerformanceInsightsKMSKeyId",
            "SourceRegion", "VPCSecurityGroups"},
        "AWS::Route53::HealthCheck": {"HealthCheckConfig.EnableSNI", "HealthCheckTags"},
    })

EMULATORS = {"ministack": MINISTACK, "moto": MOTO}
