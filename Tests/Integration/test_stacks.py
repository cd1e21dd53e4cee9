"""Every stage's stacks, really made and really updated on MiniStack and moto, and each resource read back.

A stack that says CREATE_COMPLETE proves little on an emulator: one leaves out what it does not know, the other drops
properties. So each property that a template sets is compared with what is there. What is not compared is listed, with its
reason, in support/aws/support.py and nowhere else.
"""

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from support.aws.deployment import Deployment, Stack
from support.aws.expressions import Expressions
from support.aws.support import EMULATORS, MINISTACK, MOTO, NEITHER
from support.lab import heights
from support.paths import SUMMIT_FOLDER

STAGES = range(1, 8)


@pytest.fixture(scope="session")
def stacks_of(tmp_path_factory):
    """The stacks of a stage, as `heights template` writes them."""
    folder = tmp_path_factory.mktemp("stacks")
    known = {}

    def stacks(stage):
        if stage not in known:
            out = folder / str(stage)
            regions = "eu-central-1,us-east-1" if stage == 7 else "eu-central-1"
            heights(
                "template", "--stage", stage, "--regions", regions, "--format", "json", "--out", out, "--app",
                SUMMIT_FOLDER).expect(0)
            known[stage] = Stack.all_in(out)
        return known[stage]

    return stacks


@pytest.fixture(params=sorted(EMULATORS))
def emulator(request):
    """Each of the two."""
    return request.getfixturevalue(request.param)


def apply(deployment, stacks):
    """Deploys them in their order; what is not as it should be, of all of them."""
    lines = []
    for stack in stacks:
        deployment.apply(stack)
        lines += deployment.check(stack.name)
    return lines


@pytest.mark.parametrize("stage", STAGES)
def test_a_first_deployment_makes_what_the_templates_say(emulator, stacks_of, stage):
    lines = apply(Deployment(emulator), stacks_of(stage))
    assert not lines, "\n".join(lines)


def test_each_stage_is_an_update_of_the_one_before(emulator, stacks_of):
    deployment = Deployment(emulator)
    for stage in STAGES:
        lines = apply(deployment, stacks_of(stage))
        assert not lines, f"stage {stage}:\n" + "\n".join(lines)


# What is left out

def all_types(stacks_of):
    return {kind for stage in STAGES for stack in stacks_of(stage) for kind in stack.types}


def test_every_type_is_compared_somewhere_or_said_to_be_nowhere(stacks_of):
    types = all_types(stacks_of)
    compared = {kind for kind in types if MINISTACK.compares(kind) or MOTO.compares(kind)}
    assert types - compared == set(NEITHER), "a type that no emulator is asked about, or one in a list that no template has"
    unused = (MINISTACK.refused | MOTO.made | set(MINISTACK.ignored) | set(MOTO.ignored)) - types
    assert not unused, f"support.py lists types that no template has: {unused}"


def with_only(stack, kind):
    """A template with one resource of that type, and words where others are mentioned."""
    resources = stack.template["Resources"]
    name = next(name for name, resource in resources.items() if resource["Type"] == kind)
    others = EMULATORS["moto"].__class__(made=frozenset({kind})).adapted(stack.template, stack.region)
    resource = others["Resources"][name]
    resource.pop("Condition", None)
    parameters = {name: "word" for name in stack.template.get("Parameters", {})}
    values = Expressions(stack.template, parameters, {}, lambda *_: "word", {"Region": stack.region}, ["a", "b", "c"])
    return name, {"Resources": {name: {**resource, "Properties": values.value(resource["Properties"])}}}


def test_ministack_still_refuses_what_is_left_out_of_its_templates(ministack, stacks_of):
    taken = []
    for kind in sorted(MINISTACK.refused):
        stack = next(stack for stage in STAGES for stack in stacks_of(stage) if kind in stack.types)
        client = ministack.client("cloudformation", stack.region)
        _, template = with_only(stack, kind)
        name = kind.replace("::", "-")
        try:
            client.create_stack(StackName=name, TemplateBody=json.dumps(template))
        except ClientError as error:
            assert "Unrecognized resource types" in str(error), error
            continue
        status = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not status.startswith("ROLLBACK"):
            taken.append(kind)
    assert not taken, f"MiniStack takes them by now: compare them on it, and shorten support.py: {taken}"


def test_moto_still_skips_what_neither_takes(moto, stacks_of):
    taken = []
    for kind in sorted(NEITHER):
        stack = next(stack for stage in STAGES for stack in stacks_of(stage) if kind in stack.types)
        client = moto.client("cloudformation", stack.region)
        logical_id, template = with_only(stack, kind)
        name = kind.replace("::", "-")
        client.create_stack(StackName=name, TemplateBody=json.dumps(template))
        found = client.describe_stack_resources(StackName=name)["StackResources"]
        if logical_id in [resource.get("LogicalResourceId") for resource in found]:
            taken.append(kind)
    assert not taken, f"moto makes them by now: compare them on it, and shorten support.py: {taken}"


# The comparison itself

def broken(deployment, stack, change):
    """What the comparison says after something was changed behind the stack's back."""
    change(deployment.region(stack.region), deployment.physical_ids(stack.name))
    return "\n".join(deployment.check(stack.name))


def test_what_differs_from_its_template_is_noticed(ministack, stacks_of):
    deployment = Deployment(ministack)
    stacks = {stack.kind: stack for stack in stacks_of(5)}
    assert not apply(deployment, stacks_of(5))
    def open_bucket(aws, ids):
        aws.s3.delete_public_access_block(Bucket=ids["StaticFiles"])

    def one_zone(aws, ids):
        aws.rds.modify_db_instance(DBInstanceIdentifier=ids["Database"], MultiAZ=False, ApplyImmediately=True)

    def no_control(aws, ids):
        name = ids["Distribution"]
        answer = aws.cloudfront.get_distribution_config(Id=name)
        config = answer["DistributionConfig"]
        for origin in config["Origins"]["Items"]:
            origin["OriginAccessControlId"] = ""
            if custom := origin.get("CustomOriginConfig"):
                custom.update(HTTPPort=80, HTTPSPort=443)  # MiniStack does not tell what templates may leave out
        aws.cloudfront.update_distribution(Id=name, IfMatch=answer["ETag"], DistributionConfig=config)

    def open_to_all(aws, ids):
        aws.ec2.authorize_security_group_ingress(
            GroupId=ids["DatabaseSecurityGroup"], IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="0.0.0.0/0")

    assert "PublicAccessBlockConfiguration" in broken(deployment, stacks["data"], open_bucket)
    assert "MultiAZ: expected true, found false" in broken(deployment, stacks["data"], one_zone)
    assert "OriginAccessControlId" in broken(deployment, stacks["edge"], no_control)
    assert "is there too" in broken(deployment, stacks["network"], open_to_all)


def test_what_is_not_in_the_stack_is_noticed(moto, stacks_of):
    kind = "AWS::S3::BucketPolicy"
    hopeful = replace(MOTO, made=MOTO.made | {"AWS::S3::Bucket", kind}, compared=frozenset({kind}))
    lines = apply(Deployment(moto, hopeful), stacks_of(2))
    assert lines == ["summit-eu-central-1-data/ReleasesPolicy: is not in the stack"]
