"""An AWS CDK app that makes what `heights template --stage 5` makes: the templates of the stateless stage.

Two zones, PostgreSQL with a standby and a replica, a cache with a follower, servers behind a load balancer, files in S3
behind CloudFront, certificates, names, keys, logs. Written as CDK's documentation does, with its high-level constructs
where there are any. `app.py FOLDER` writes the templates there.
"""

import sys

from aws_cdk import App, CfnOutput, Duration, Environment, RemovalPolicy, Stack, Tags
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets

DOMAIN = "summit.example.com"
HERE = Environment(account="123456789012", region="eu-central-1")


class Network(Stack):
    def __init__(self, scope, name):
        super().__init__(scope, name, env=HERE)
        self.vpc = ec2.Vpc(
            self, "Vpc", max_azs=2, ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/16"), nat_gateways=2,
            gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="App", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=24),
                ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ])
        self.vpc.add_flow_log("FlowLog", traffic_type=ec2.FlowLogTrafficType.REJECT)

        def group(name, description):
            return ec2.SecurityGroup(self, name, vpc=self.vpc, description=description, allow_all_outbound=False)

        self.balancer, self.app = group("BalancerGroup", "Load balancer"), group("AppGroup", "App servers")
        self.database, self.cache = group("DatabaseGroup", "PostgreSQL"), group("CacheGroup", "Cache")
        self.balancer.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS from everywhere")
        self.balancer.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(80), "HTTP, for the redirect")
        self.balancer.add_egress_rule(self.app, ec2.Port.tcp(8080), "To the app")
        self.app.add_ingress_rule(self.balancer, ec2.Port.tcp(8080), "From the load balancer")
        self.app.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "To AWS")
        self.app.add_egress_rule(self.database, ec2.Port.tcp(5432), "To PostgreSQL")
        self.app.add_egress_rule(self.cache, ec2.Port.tcp(6379), "To the cache")
        self.database.add_ingress_rule(self.app, ec2.Port.tcp(5432), "From the app")
        self.cache.add_ingress_rule(self.app, ec2.Port.tcp(6379), "From the app")


class Data(Stack):
    def __init__(self, scope, name, network, assets):
        super().__init__(scope, name, env=HERE)
        self.key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.RETAIN)
        engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_16)
        isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        common = {
            "vpc": network.vpc, "vpc_subnets": isolated, "security_groups": [network.database],
            "storage_type": rds.StorageType.GP3, "enable_performance_insights": True,
            "performance_insight_encryption_key": self.key, "monitoring_interval": Duration.seconds(60),
            "cloudwatch_logs_exports": ["postgresql", "upgrade"], "iam_authentication": True,
            "copy_tags_to_snapshot": True, "auto_minor_version_upgrade": True,
            "parameter_group": rds.ParameterGroup(
                self, "Parameters", engine=engine, parameters={"rds.force_ssl": "1", "log_statement": "ddl"}),
        }
        self.leader = rds.DatabaseInstance(
            self, "Database", engine=engine, multi_az=True, allocated_storage=100, database_name="summit",
            instance_type=ec2.InstanceType("m7g.large"), backup_retention=Duration.days(7), deletion_protection=True,
            delete_automated_backups=False, removal_policy=RemovalPolicy.SNAPSHOT, storage_encryption_key=self.key,
            credentials=rds.Credentials.from_generated_secret("heights", encryption_key=self.key), **common)
        rds.DatabaseInstanceReadReplica(
            self, "Follower", source_database_instance=self.leader, instance_type=ec2.InstanceType("m7g.large"),
            removal_policy=RemovalPolicy.DESTROY, **common)
        self.token = secrets.Secret(
            self, "CacheToken", encryption_key=self.key, generate_secret_string=secrets.SecretStringGenerator(
                exclude_punctuation=True, password_length=32))
        # The role lies here, though it is the servers': the key's policy names it, and stacks may not need each other.
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        self.role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name("AmazonSSMManagedInstanceCore"))
        assets.grant_read(self.role)
        self.leader.secret.grant_read(self.role)
        self.token.grant_read(self.role)
        logs.LogGroup(self, "Logs", retention=logs.RetentionDays.ONE_MONTH).grant_write(self.role)


class Cache(Stack):
    def __init__(self, scope, name, network, data):
        super().__init__(scope, name, env=HERE)
        subnets = elasticache.CfnSubnetGroup(
            self, "Subnets", description="Cache", subnet_ids=[s.subnet_id for s in network.vpc.isolated_subnets])
        parameters = elasticache.CfnParameterGroup(
            self, "Parameters", cache_parameter_group_family="valkey8", description="Cache",
            properties={"maxmemory-policy": "allkeys-lru"})
        self.group = elasticache.CfnReplicationGroup(
            self, "Cache", replication_group_description="Sessions and popular reads", engine="valkey",
            engine_version="8.0", cache_node_type="cache.m7g.large", num_cache_clusters=2,
            automatic_failover_enabled=True, multi_az_enabled=True, cache_subnet_group_name=subnets.ref,
            cache_parameter_group_name=parameters.ref, security_group_ids=[network.cache.security_group_id], port=6379,
            at_rest_encryption_enabled=True, kms_key_id=data.key.key_arn, transit_encryption_enabled=True,
            auth_token=data.token.secret_value.unsafe_unwrap(), snapshot_retention_limit=7,
            auto_minor_version_upgrade=True)


class Compute(Stack):
    def __init__(self, scope, name, network, data, cache, zone):
        super().__init__(scope, name, env=HERE)
        certificate = acm.Certificate(
            self, "Certificate", domain_name=f"app.{DOMAIN}", validation=acm.CertificateValidation.from_dns(zone))
        user_data = ec2.UserData.for_linux()
        user_data.add_commands(
            f"export DATABASE_HOST={data.leader.db_instance_endpoint_address}",
            f"export REDIS_HOST={cache.group.attr_primary_end_point_address}", "/usr/local/bin/start")
        template = ec2.LaunchTemplate(
            self, "Template", instance_type=ec2.InstanceType("m7g.large"), security_group=network.app,
            machine_image=ec2.MachineImage.latest_amazon_linux2023(cpu_type=ec2.AmazonLinuxCpuType.ARM_64),
            user_data=user_data, require_imdsv2=True, detailed_monitoring=True,
            role=data.role, block_devices=[ec2.BlockDevice(
                device_name="/dev/xvda", volume=ec2.BlockDeviceVolume.ebs(
                    20, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3))])
        servers = autoscaling.AutoScalingGroup(
            self, "Servers", vpc=network.vpc, launch_template=template, min_capacity=2, max_capacity=8,
            signals=autoscaling.Signals.wait_for_min_capacity(timeout=Duration.minutes(15)),
            update_policy=autoscaling.UpdatePolicy.rolling_update(max_batch_size=1, min_instances_in_service=2),
            health_checks=autoscaling.HealthChecks.with_additional_checks(
                grace_period=Duration.minutes(3), additional_types=[autoscaling.AdditionalHealthCheckType.ELB]))
        servers.scale_on_cpu_utilization("Scaling", target_utilization_percent=60)
        balancer = elb.ApplicationLoadBalancer(
            self, "Balancer", vpc=network.vpc, internet_facing=True, security_group=network.balancer,
            deletion_protection=True, drop_invalid_header_fields=True)
        balancer.add_redirect()
        listener = balancer.add_listener(
            "Listener", port=443, certificates=[certificate], ssl_policy=elb.SslPolicy.RECOMMENDED_TLS, open=False)
        group = listener.add_targets(
            "Targets", port=8080, protocol=elb.ApplicationProtocol.HTTP, targets=[servers],
            deregistration_delay=Duration.seconds(30), health_check=elb.HealthCheck(
                path="/readyz", interval=Duration.seconds(5), timeout=Duration.seconds(2)))
        route53.ARecord(
            self, "Record", zone=zone, record_name="app", target=route53.RecordTarget.from_alias(
                targets.LoadBalancerTarget(balancer)))
        cloudwatch.Alarm(
            self, "Errors", threshold=10, evaluation_periods=5, comparison_operator=(
                cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD),
            metric=balancer.metrics.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT))
        cloudwatch.Alarm(
            self, "Unhealthy", metric=group.metrics.unhealthy_host_count(), threshold=0, evaluation_periods=3)
        CfnOutput(self, "BalancerName", value=balancer.load_balancer_dns_name)


class Global(Stack):
    def __init__(self, scope, name):
        super().__init__(scope, name, env=HERE)
        self.zone = route53.PublicHostedZone(self, "Zone", zone_name=DOMAIN)
        options = {
            "encryption": s3.BucketEncryption.S3_MANAGED, "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
            "versioned": True, "enforce_ssl": True, "removal_policy": RemovalPolicy.RETAIN}
        self.logs = s3.Bucket(
            self, "Logs", object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED, lifecycle_rules=[
                s3.LifecycleRule(expiration=Duration.days(90))], **options)
        self.assets = s3.Bucket(self, "Assets", server_access_logs_bucket=self.logs, **options)


class Edge(Stack):
    def __init__(self, scope, name, base):
        super().__init__(scope, name, env=HERE)
        static = cloudfront.CachePolicy(
            self, "Static", min_ttl=Duration.seconds(0), default_ttl=Duration.days(1), max_ttl=Duration.days(365),
            enable_accept_encoding_brotli=True, enable_accept_encoding_gzip=True)
        app = origins.HttpOrigin(f"app.{DOMAIN}", protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY)
        bucket = s3.Bucket.from_bucket_attributes(self, "Files", bucket_arn=base.assets.bucket_arn, region=HERE.region)
        cdn = cloudfront.Distribution(
            self, "Cdn", domain_names=[DOMAIN], certificate=acm.Certificate.from_certificate_arn(
                self, "Certificate", "arn:aws:acm:us-east-1:123456789012:certificate/1"),
            http_version=cloudfront.HttpVersion.HTTP2_AND_3, price_class=cloudfront.PriceClass.PRICE_CLASS_ALL,
            enable_logging=True, log_bucket=base.logs, default_behavior=cloudfront.BehaviorOptions(
                origin=app, allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS),
            additional_behaviors={"/static/*": cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(bucket), cache_policy=static,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS)})
        route53.ARecord(
            self, "Record", zone=base.zone, target=route53.RecordTarget.from_alias(targets.CloudFrontTarget(cdn)))


def main(folder):
    app = App(outdir=folder)
    base = Global(app, "summit-global")
    network = Network(app, "summit-network")
    data = Data(app, "summit-data", network, base.assets)
    cache = Cache(app, "summit-cache", network, data)
    Edge(app, "summit-edge", base)
    Compute(app, "summit-compute", network, data, cache, base.zone)
    Tags.of(app).add("app", "summit")
    app.synth()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
