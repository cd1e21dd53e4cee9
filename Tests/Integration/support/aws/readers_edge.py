"""CDN, certificates, roles, functions, logs, alarms and messages."""

import io
import json
import urllib.request
import zipfile

from .readers import chosen, one, reader


@reader("AWS::CloudFront::Distribution")
def distribution(aws, name, _):
    answer = aws.cloudfront.get_distribution(Id=name)["Distribution"]
    found = answer["DistributionConfig"]
    certificate = found["ViewerCertificate"]
    tags = aws.cloudfront.list_tags_for_resource(Resource=answer["ARN"])["Tags"].get("Items", [])
    config = {
        **chosen(found, "Comment", "Enabled", "HttpVersion", "PriceClass", "Logging", IPV6Enabled="IsIPV6Enabled"),
        "Aliases": found.get("Aliases", {}).get("Items", []),
        "ViewerCertificate": chosen(
            certificate, "MinimumProtocolVersion", AcmCertificateArn="ACMCertificateArn",
            SslSupportMethod="SSLSupportMethod"),
        "Origins": [_origin(origin) for origin in found["Origins"]["Items"]],
        "DefaultCacheBehavior": _behaviour(found["DefaultCacheBehavior"]),
        "CacheBehaviors": [_behaviour(it) for it in found.get("CacheBehaviors", {}).get("Items", [])]}
    return {"DistributionConfig": config, "Tags": tags}


def _origin(origin):
    result = chosen(origin, "Id", "DomainName", "OriginPath", "S3OriginConfig", "OriginAccessControlId")
    if custom := origin.get("CustomOriginConfig"):
        result["CustomOriginConfig"] = {
            **chosen(custom, "OriginProtocolPolicy", "OriginReadTimeout", "OriginKeepaliveTimeout"),
            "OriginSSLProtocols": custom.get("OriginSslProtocols", {}).get("Items", [])}
    return result


def _behaviour(behaviour):
    return {
        **chosen(
            behaviour, "PathPattern", "TargetOriginId", "ViewerProtocolPolicy", "Compress", "CachePolicyId",
            "OriginRequestPolicyId", "ResponseHeadersPolicyId"),
        "AllowedMethods": behaviour.get("AllowedMethods", {}).get("Items", [])}


@reader("AWS::CloudFront::OriginAccessControl")
def origin_access_control(aws, name, _):
    found = aws.cloudfront.get_origin_access_control(Id=name)["OriginAccessControl"]
    return chosen(found, "OriginAccessControlConfig")


@reader("AWS::CloudFront::CachePolicy")
def cache_policy(aws, name, _):
    return chosen(aws.cloudfront.get_cache_policy(Id=name)["CachePolicy"], "CachePolicyConfig")


@reader("AWS::CertificateManager::Certificate")
def certificate(aws, name, _):
    found = aws.acm.describe_certificate(CertificateArn=name)["Certificate"]
    options = [chosen(it, "DomainName") for it in found.get("DomainValidationOptions", [])]
    return {
        # AWS counts the name itself among the alternatives.
        "SubjectAlternativeNames": [it for it in found["SubjectAlternativeNames"] if it != found["DomainName"]],
        **chosen(found, "DomainName"), "DomainValidationOptions": options,
        "ValidationMethod": found["DomainValidationOptions"][0].get("ValidationMethod"),
        "Tags": aws.acm.list_tags_for_certificate(CertificateArn=name)["Tags"]}


@reader("AWS::IAM::Role")
def role(aws, name, _):
    found = aws.iam.get_role(RoleName=name)["Role"]
    inline = aws.iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = aws.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    policies = [aws.iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in inline]
    return {
        **chosen(found, "AssumeRolePolicyDocument"), "ManagedPolicyArns": [it["PolicyArn"] for it in attached],
        "Policies": [chosen(policy, "PolicyName", "PolicyDocument") for policy in policies]}


@reader("AWS::IAM::Policy")
def policy(aws, _, expected):
    role_name = one(expected["Roles"], "roles")
    found = aws.iam.get_role_policy(RoleName=role_name, PolicyName=expected["PolicyName"])
    return {**chosen(found, "PolicyName", "PolicyDocument"), "Roles": [found["RoleName"]]}


@reader("AWS::IAM::InstanceProfile")
def instance_profile(aws, name, _):
    # MiniStack calls it by its ARN.
    found = aws.iam.get_instance_profile(InstanceProfileName=name.rpartition("/")[2])["InstanceProfile"]
    return {"Roles": [role["RoleName"] for role in found["Roles"]]}


@reader("AWS::Lambda::Function")
def function(aws, name, _):
    found = aws.lambda_.get_function(FunctionName=name)
    configuration = found["Configuration"]
    with urllib.request.urlopen(found["Code"]["Location"], timeout=60) as answer:
        code = zipfile.ZipFile(io.BytesIO(answer.read())).read("index.py").decode()
    concurrency = aws.lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    tags = found.get("Tags", {})
    return {
        **chosen(
            configuration, "Description", "Role", "Runtime", "Handler", "Architectures", "MemorySize", "Timeout",
            "TracingConfig", "LoggingConfig", "Environment"),
        "ReservedConcurrentExecutions": concurrency, "Code": {"ZipFile": code}, "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}


@reader("AWS::Lambda::Permission")
def permission(aws, _, expected):
    """Its statement, among those of the function."""
    policy = json.loads(aws.lambda_.get_policy(FunctionName=expected["FunctionName"])["Policy"])
    found = one([it for it in policy["Statement"] if it["Action"] == expected["Action"]], expected["Action"])
    principal, conditions = found["Principal"], found.get("Condition", {})
    return {
        "Action": found["Action"], "FunctionName": found["Resource"],
        "Principal": principal if isinstance(principal, str) else next(iter(principal.values())),
        "FunctionUrlAuthType": conditions.get("StringEquals", {}).get("lambda:FunctionUrlAuthType"),
        "InvokedViaFunctionUrl": conditions.get("Bool", {}).get("lambda:InvokedViaFunctionUrl")}


@reader("AWS::Lambda::Url")
def function_url(aws, _, expected):
    found = aws.lambda_.get_function_url_config(FunctionName=expected["TargetFunctionArn"])
    return chosen(found, "AuthType", TargetFunctionArn="FunctionArn")


@reader("AWS::Logs::LogGroup")
def log_group(aws, name, _):
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = one([group for group in groups if group["logGroupName"] == name], name)
    tags = aws.logs.list_tags_log_group(logGroupName=name)["tags"]
    return {
        **chosen(found, RetentionInDays="retentionInDays", KmsKeyId="kmsKeyId"),
        "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}


@reader("AWS::CloudWatch::Alarm")
def alarm(aws, name, _):
    found = one(aws.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"], name)
    return chosen(
        found, "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions", "ComparisonOperator", "Threshold",
        "EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData", "Metrics")


@reader("AWS::SNS::Topic")
def topic(aws, name, _):
    found = aws.sns.get_topic_attributes(TopicArn=name)["Attributes"]
    tags = aws.sns.list_tags_for_resource(ResourceArn=name)["Tags"]
    return {**chosen(found, "DisplayName", "KmsMasterKeyId"), "Tags": tags}


@reader("AWS::SNS::Subscription")
def subscription(aws, _, expected):
    found = aws.sns.list_subscriptions_by_topic(TopicArn=expected["TopicArn"])["Subscriptions"]
    return chosen(
        one([it for it in found if it["Endpoint"] == expected["Endpoint"]], expected["Endpoint"]), "TopicArn",
        "Protocol", "Endpoint")
