"""Databases, caches, tables, buckets, files, keys and secrets."""

import json

from botocore.exceptions import ClientError

from .readers import chosen, one, reader


@reader("AWS::RDS::DBInstance")
def db_instance(aws, name, _):
    found = one(aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"], name)
    names = [
        "Engine", "EngineVersion", "DBInstanceClass", "DBName", "AllocatedStorage", "StorageType", "Iops",
        "StorageEncrypted", "KmsKeyId", "MasterUsername", "MultiAZ", "PubliclyAccessible", "BackupRetentionPeriod",
        "CopyTagsToSnapshot", "DeletionProtection", "AutoMinorVersionUpgrade", "MonitoringInterval",
        "MonitoringRoleArn", "AvailabilityZone"]
    renamed = {
        "SourceDBInstanceIdentifier": "ReadReplicaSourceDBInstanceIdentifier", "Tags": "TagList",
        "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
        "EnablePerformanceInsights": "PerformanceInsightsEnabled",
        "PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
        "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports"}
    secret = found.get("MasterUserSecret")
    return {
        **chosen(found, *names, **renamed),
        "DBSubnetGroupName": found.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "DBParameterGroupName": (found.get("DBParameterGroups") or [{}])[0].get("DBParameterGroupName"),
        "VPCSecurityGroups": [group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups", [])],
        "ManageMasterUserPassword": secret is not None, "MasterUserSecret": secret}


@reader("AWS::RDS::DBSubnetGroup")
def db_subnet_group(aws, name, _):
    found = one(aws.rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"], name)
    return {
        **chosen(found, "DBSubnetGroupDescription"), "Tags": _rds_tags(aws, found["DBSubnetGroupArn"]),
        "SubnetIds": [subnet["SubnetIdentifier"] for subnet in found["Subnets"]]}


@reader("AWS::RDS::DBParameterGroup")
def db_parameter_group(aws, name, _):
    found = one(aws.rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"], name)
    parameters = aws.rds.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
    return {
        **chosen(found, "Description", Family="DBParameterGroupFamily"),
        "Parameters": {it["ParameterName"]: it.get("ParameterValue") for it in parameters},
        "Tags": _rds_tags(aws, found["DBParameterGroupArn"])}


def _rds_tags(aws, name):
    return aws.rds.list_tags_for_resource(ResourceName=name)["TagList"]


@reader("AWS::ElastiCache::ReplicationGroup")
def replication_group(aws, name, expected):
    found = one(aws.elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"], name)
    names = [
        "CacheNodeType", "AtRestEncryptionEnabled", "TransitEncryptionEnabled", "KmsKeyId", "SnapshotRetentionLimit",
        "AutoMinorVersionUpgrade", "Engine", "NumNodeGroups"]
    member = one(aws.elasticache.describe_cache_clusters(
        CacheClusterId=found["MemberClusters"][0], ShowCacheNodeInfo=True)["CacheClusters"], name)
    groups = found["NodeGroups"]
    return {
        **chosen(member, "EngineVersion", "Engine", "CacheSubnetGroupName"), **chosen(found, *names),
        "ReplicationGroupDescription": found["Description"], "NumCacheClusters": len(found["MemberClusters"]),
        "AutomaticFailoverEnabled": found["AutomaticFailover"] == "enabled",
        "MultiAZEnabled": found["MultiAZ"] == "enabled", "Port": groups[0]["PrimaryEndpoint"]["Port"],
        "CacheParameterGroupName": member.get("CacheParameterGroup", {}).get("CacheParameterGroupName"),
        "SecurityGroupIds": [group["SecurityGroupId"] for group in member.get("SecurityGroups", [])],
        # Which one it is, AWS keeps to itself.
        "AuthToken": expected.get("AuthToken") if found.get("AuthTokenEnabled") else None, "Tags": _cache_tags(aws, found["ARN"])}


@reader("AWS::ElastiCache::SubnetGroup")
def cache_subnet_group(aws, name, _):
    found = one(aws.elasticache.describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"], name)
    return {
        **chosen(found, Description="CacheSubnetGroupDescription"), "Tags": _cache_tags(aws, found["ARN"]),
        "SubnetIds": [subnet["SubnetIdentifier"] for subnet in found["Subnets"]]}


@reader("AWS::ElastiCache::ParameterGroup")
def cache_parameter_group(aws, name, _):
    found = one(aws.elasticache.describe_cache_parameter_groups(
        CacheParameterGroupName=name)["CacheParameterGroups"], name)
    parameters = aws.elasticache.describe_cache_parameters(CacheParameterGroupName=name)["Parameters"]
    return {
        **chosen(found, "CacheParameterGroupFamily", "Description"), "Tags": _cache_tags(aws, found["ARN"]),
        "Properties": {it["ParameterName"]: it.get("ParameterValue") for it in parameters}}


def _cache_tags(aws, name):
    return aws.elasticache.list_tags_for_resource(ResourceName=name)["TagList"]


@reader("AWS::DynamoDB::GlobalTable")
def global_table(aws, name, _):
    found = aws.dynamodb.describe_table(TableName=name)["Table"]
    expiry = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = aws.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    encryption = found.get("SSEDescription", {})
    here = {
        "Region": aws.name, "DeletionProtectionEnabled": found.get("DeletionProtectionEnabled", False),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery},
        "Tags": aws.dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]}
    others = [{"Region": it["RegionName"]} for it in found.get("Replicas", []) if it["RegionName"] != aws.name]
    return {
        **chosen(found, "AttributeDefinitions", "KeySchema", "StreamSpecification"),
        "BillingMode": found.get("BillingModeSummary", {}).get("BillingMode"),
        "SSESpecification": {"SSEEnabled": encryption.get("Status") == "ENABLED", "SSEType": encryption.get("SSEType")},
        "TimeToLiveSpecification": {
            "AttributeName": expiry.get("AttributeName"), "Enabled": expiry["TimeToLiveStatus"] == "ENABLED"},
        "Replicas": [here, *others]}


@reader("AWS::S3::Bucket")
def bucket(aws, name, _):
    s3 = aws.s3
    encryption = _or_none(s3.get_bucket_encryption, name, "ServerSideEncryptionConfiguration")
    rules = (encryption or {}).get("Rules", [])
    lifecycle = _or_none(s3.get_bucket_lifecycle_configuration, name, "Rules") or []
    logging = s3.get_bucket_logging(Bucket=name).get("LoggingEnabled")
    replication = _or_none(s3.get_bucket_replication, name, "ReplicationConfiguration")
    defaults = "ServerSideEncryptionByDefault"
    ownership = (_or_none(s3.get_bucket_ownership_controls, name, "OwnershipControls") or {}).get("Rules", [])
    # Where nothing is configured, nothing is told.
    return {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{defaults: rule.get("ApplyServerSideEncryptionByDefault")}
                                                  for rule in rules]},
        "LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in lifecycle]},
        "LoggingConfiguration": logging and {
            "DestinationBucketName": logging["TargetBucket"], "LogFilePrefix": logging["TargetPrefix"]},
        "OwnershipControls": {"Rules": [chosen(rule, "ObjectOwnership") for rule in ownership]},
        "PublicAccessBlockConfiguration": _or_none(
            s3.get_public_access_block, name, "PublicAccessBlockConfiguration"),
        "VersioningConfiguration": chosen(s3.get_bucket_versioning(Bucket=name), "Status"),
        "ReplicationConfiguration": replication,
        "Tags": _or_none(s3.get_bucket_tagging, name, "TagSet") or []}


def _lifecycle_rule(rule):
    return {
        **chosen(rule, "Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload", Id="ID"),
        **({"ExpirationInDays": rule["Expiration"]["Days"]} if "Expiration" in rule else {})}


def _or_none(call, name, key):
    try:
        return call(Bucket=name).get(key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None


@reader("AWS::S3::BucketPolicy")
def bucket_policy(aws, _, expected):
    text = aws.s3.get_bucket_policy(Bucket=expected["Bucket"])["Policy"]
    return {"Bucket": expected["Bucket"], "PolicyDocument": json.loads(text)}


@reader("AWS::KMS::Key")
def key(aws, name, _):
    found = aws.kms.describe_key(KeyId=name)["KeyMetadata"]
    policy = aws.kms.get_key_policy(KeyId=name, PolicyName="default")["Policy"]
    tags = aws.kms.list_resource_tags(KeyId=name).get("Tags", [])
    return {
        **chosen(found, "Description"), "KeyPolicy": json.loads(policy),
        "EnableKeyRotation": aws.kms.get_key_rotation_status(KeyId=name)["KeyRotationEnabled"],
        "Tags": [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in tags]}


@reader("AWS::SecretsManager::Secret")
def secret(aws, name, _):
    found = aws.secretsmanager.describe_secret(SecretId=name)
    text = aws.secretsmanager.get_secret_value(SecretId=name)["SecretString"]
    return {
        **chosen(found, "Description", "KmsKeyId", "Tags"),
        "GenerateSecretString": {"PasswordLength": len(text), "ExcludePunctuation": text.isalnum()}}


@reader("AWS::EFS::FileSystem")
def file_system(aws, name, _):
    found = one(aws.efs.describe_file_systems(FileSystemId=name)["FileSystems"], name)
    policy = aws.efs.describe_backup_policy(FileSystemId=name)["BackupPolicy"]
    lifecycle = aws.efs.describe_lifecycle_configuration(FileSystemId=name)["LifecyclePolicies"]
    return {
        **chosen(found, "Encrypted", "KmsKeyId", "PerformanceMode", "ThroughputMode", FileSystemTags="Tags"),
        "BackupPolicy": policy, "LifecyclePolicies": lifecycle}


@reader("AWS::EFS::MountTarget")
def mount_target(aws, name, _):
    found = one(aws.efs.describe_mount_targets(MountTargetId=name)["MountTargets"], name)
    groups = aws.efs.describe_mount_target_security_groups(MountTargetId=name)["SecurityGroups"]
    return {**chosen(found, "FileSystemId", "SubnetId"), "SecurityGroups": groups}
