"""EC2, load balancers, Auto Scaling, Route 53."""

from .readers import chosen, one, reader


@reader("AWS::EC2::VPC")
def vpc(aws, name, _):
    found = one(aws.ec2.describe_vpcs(VpcIds=[name])["Vpcs"], name)

    def attribute(key):
        answer = aws.ec2.describe_vpc_attribute(VpcId=name, Attribute=key[0].lower() + key[1:])
        return answer[key]["Value"]

    return {
        **chosen(found, "CidrBlock", "Tags"), "EnableDnsHostnames": attribute("EnableDnsHostnames"),
        "EnableDnsSupport": attribute("EnableDnsSupport")}


@reader("AWS::EC2::Subnet")
def subnet(aws, name, _):
    found = one(aws.ec2.describe_subnets(SubnetIds=[name])["Subnets"], name)
    return chosen(found, "VpcId", "CidrBlock", "AvailabilityZone", "MapPublicIpOnLaunch", "Tags")


@reader("AWS::EC2::InternetGateway")
def internet_gateway(aws, name, _):
    return chosen(one(aws.ec2.describe_internet_gateways(InternetGatewayIds=[name])["InternetGateways"], name), "Tags")


@reader("AWS::EC2::VPCGatewayAttachment")
def gateway_attachment(aws, _, expected):
    name = expected["InternetGatewayId"]
    found = one(aws.ec2.describe_internet_gateways(InternetGatewayIds=[name])["InternetGateways"], name)
    return {"InternetGatewayId": name, **chosen(one(found["Attachments"], name), "VpcId")}


@reader("AWS::EC2::RouteTable")
def route_table(aws, name, _):
    return chosen(_table(aws, name), "VpcId", "Tags")


@reader("AWS::EC2::Route")
def route(aws, _, expected):
    table = _table(aws, expected["RouteTableId"])
    routes = [it for it in table["Routes"] if it.get("DestinationCidrBlock") == expected["DestinationCidrBlock"]]
    return {
        "RouteTableId": table["RouteTableId"],
        **chosen(one(routes, "routes"), "DestinationCidrBlock", "GatewayId", "NatGatewayId")}


@reader("AWS::EC2::SubnetRouteTableAssociation")
def association(aws, _, expected):
    table = _table(aws, expected["RouteTableId"])
    found = [it for it in table["Associations"] if it.get("SubnetId") == expected["SubnetId"]]
    return chosen(one(found, "associations"), "RouteTableId", "SubnetId")


def _table(aws, name):
    return one(aws.ec2.describe_route_tables(RouteTableIds=[name])["RouteTables"], name)


@reader("AWS::EC2::SecurityGroup")
def security_group(aws, name, _):
    found = one(aws.ec2.describe_security_groups(GroupIds=[name])["SecurityGroups"], name)
    return {
        **chosen(found, "VpcId", "Tags", GroupDescription="Description"),
        "SecurityGroupIngress": _rules(found["IpPermissions"], "SourceSecurityGroupId"),
        "SecurityGroupEgress": _rules(found["IpPermissionsEgress"], "DestinationSecurityGroupId")}


def _rules(permissions, group):
    rules = []
    for permission in permissions:
        base = chosen(permission, "IpProtocol", "FromPort", "ToPort")
        for block in permission.get("IpRanges", []):
            rules.append({**base, **chosen(block, "CidrIp", "Description")})
        for pair in permission.get("UserIdGroupPairs", []):
            rules.append({**base, **chosen(pair, "Description", **{group: "GroupId"})})
    return rules


@reader("AWS::EC2::VPCEndpoint")
def endpoint(aws, name, _):
    found = one(aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[name])["VpcEndpoints"], name)
    return chosen(found, "VpcId", "ServiceName", "VpcEndpointType", "RouteTableIds")


@reader("AWS::EC2::NatGateway")
def nat_gateway(aws, name, _):
    found = one(aws.ec2.describe_nat_gateways(NatGatewayIds=[name])["NatGateways"], name)
    address = one(found["NatGatewayAddresses"], name)
    return {**chosen(found, "SubnetId", "Tags"), **chosen(address, "AllocationId")}


@reader("AWS::EC2::FlowLog")
def flow_log(aws, name, _):
    found = one(aws.ec2.describe_flow_logs(FlowLogIds=[name])["FlowLogs"], name)
    kind = {"vpc": "VPC"}[found["ResourceId"].partition("-")[0]]
    return {
        "ResourceType": kind,
        **chosen(found, "ResourceId", "TrafficType", "LogGroupName", "DeliverLogsPermissionArn")}


@reader("AWS::EC2::LaunchTemplate")
def launch_template(aws, name, _):
    versions = aws.ec2.describe_launch_template_versions(LaunchTemplateId=name, Versions=["$Latest"])
    return chosen(one(versions["LaunchTemplateVersions"], name), "LaunchTemplateData")


@reader("AWS::EC2::Instance")
def instance(aws, name, _):
    found = one(one(aws.ec2.describe_instances(InstanceIds=[name])["Reservations"], name)["Instances"], name)
    user_data = aws.ec2.describe_instance_attribute(InstanceId=name, Attribute="userData")["UserData"].get("Value")
    termination = aws.ec2.describe_instance_attribute(InstanceId=name, Attribute="disableApiTermination")
    return {
        **chosen(found, "ImageId", "InstanceType", "SubnetId", "EbsOptimized", "Tags"),
        "Monitoring": found["Monitoring"]["State"] == "enabled",
        "SecurityGroupIds": [group["GroupId"] for group in found["SecurityGroups"]],
        "IamInstanceProfile": found.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2],
        "DisableApiTermination": termination["DisableApiTermination"]["Value"], "UserData": user_data}


@reader("AWS::EC2::Volume")
def volume(aws, name, _):
    found = one(aws.ec2.describe_volumes(VolumeIds=[name])["Volumes"], name)
    return chosen(found, "AvailabilityZone", "Encrypted", "Size", "VolumeType", "Iops", "Tags")


@reader("AWS::EC2::VolumeAttachment")
def volume_attachment(aws, _, expected):
    found = one(aws.ec2.describe_volumes(VolumeIds=[expected["VolumeId"]])["Volumes"], expected["VolumeId"])
    return chosen(one(found["Attachments"], expected["VolumeId"]), "VolumeId", "InstanceId", "Device")


@reader("AWS::EC2::EIP")
def address(aws, name, _):
    found = one(aws.ec2.describe_addresses(PublicIps=[name])["Addresses"], name)
    return chosen(found, "Domain", "InstanceId", "Tags")


@reader("AWS::ElasticLoadBalancingV2::LoadBalancer")
def load_balancer(aws, name, _):
    found = one(aws.elbv2.describe_load_balancers(LoadBalancerArns=[name])["LoadBalancers"], name)
    attributes = aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=name)["Attributes"]
    return {
        **chosen(found, "Type", "Scheme", "SecurityGroups"), "Tags": _balancer_tags(aws, name),
        "Subnets": [zone["SubnetId"] for zone in found["AvailabilityZones"]], "LoadBalancerAttributes": attributes}


@reader("AWS::ElasticLoadBalancingV2::TargetGroup")
def target_group(aws, name, _):
    found = one(aws.elbv2.describe_target_groups(TargetGroupArns=[name])["TargetGroups"], name)
    names = [
        "VpcId", "Protocol", "Port", "TargetType", "HealthCheckProtocol", "HealthCheckPath",
        "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "UnhealthyThresholdCount",
        "Matcher"]
    attributes = aws.elbv2.describe_target_group_attributes(TargetGroupArn=name)["Attributes"]
    return {**chosen(found, *names), "TargetGroupAttributes": attributes, "Tags": _balancer_tags(aws, name)}


@reader("AWS::ElasticLoadBalancingV2::Listener")
def listener(aws, name, _):
    found = one(aws.elbv2.describe_listeners(ListenerArns=[name])["Listeners"], name)
    return chosen(found, "LoadBalancerArn", "Port", "Protocol", "SslPolicy", "Certificates", "DefaultActions")


@reader("AWS::ElasticLoadBalancingV2::ListenerRule")
def listener_rule(aws, name, _):
    found = one(aws.elbv2.describe_rules(RuleArns=[name])["Rules"], name)
    return chosen(found, "Priority", "Conditions", "Actions")


def _balancer_tags(aws, name):
    return one(aws.elbv2.describe_tags(ResourceArns=[name])["TagDescriptions"], name)["Tags"]


@reader("AWS::AutoScaling::AutoScalingGroup")
def scaling_group(aws, name, _):
    found = one(
        aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"], name)
    return {
        **chosen(
            found, "MinSize", "MaxSize", "DesiredCapacity", "TargetGroupARNs", "HealthCheckType",
            "HealthCheckGracePeriod", "DefaultInstanceWarmup", "Tags", "LaunchTemplate"),
        "MetricsCollection": [{"Granularity": it["Granularity"]} for it in found.get("EnabledMetrics", [])[:1]],
        "VPCZoneIdentifier": found["VPCZoneIdentifier"].split(",")}


@reader("AWS::AutoScaling::ScalingPolicy")
def scaling_policy(aws, name, expected):
    group = expected["AutoScalingGroupName"]
    policies = aws.autoscaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    found = one([it for it in policies if name in (it.get("PolicyARN"), it["PolicyName"])], name)
    return chosen(found, "AutoScalingGroupName", "PolicyType", "TargetTrackingConfiguration")


@reader("AWS::Route53::HostedZone")
def hosted_zone(aws, name, _):
    found = aws.route53.get_hosted_zone(Id=name)["HostedZone"]
    tags = aws.route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=name)["ResourceTagSet"]["Tags"]
    return {
        "Name": found["Name"].rstrip("."), "HostedZoneConfig": found.get("Config", {}), "HostedZoneTags": tags}


@reader("AWS::Route53::RecordSet")
def record_set(aws, _, expected):
    sets = aws.route53.list_resource_record_sets(HostedZoneId=expected["HostedZoneId"])["ResourceRecordSets"]

    def key(record):
        return record["Name"].rstrip("."), record["Type"], record.get("SetIdentifier")

    found = one([it for it in sets if key(it) == key(expected)], str(key(expected)))
    result = chosen(
        found, "Type", "TTL", "SetIdentifier", "Weight", "Region", "Failover", "HealthCheckId", "AliasTarget")
    if "AliasTarget" in result:
        result["AliasTarget"] = {**result["AliasTarget"], "DNSName": result["AliasTarget"]["DNSName"].rstrip(".")}
    records = [record["Value"] for record in found.get("ResourceRecords", [])]
    return {
        **result, "Name": found["Name"].rstrip("."), "HostedZoneId": expected["HostedZoneId"],
        "ResourceRecords": records}


@reader("AWS::Route53::HealthCheck")
def health_check(aws, name, _):
    found = aws.route53.get_health_check(HealthCheckId=name)["HealthCheck"]
    tags = aws.route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=name)["ResourceTagSet"]["Tags"]
    return {**chosen(found, "HealthCheckConfig"), "HealthCheckTags": tags}
