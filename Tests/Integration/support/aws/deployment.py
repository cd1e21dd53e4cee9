"""Stacks on an emulator: made, updated, and each resource read back and compared with its template."""

import json
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ..waiting import wait_until
from . import readers_data, readers_edge, readers_network  # noqa: F401 (they register themselves)
from .comparison import differences
from .expressions import UNKNOWN, Expressions
from .readers import Region, has_reader, read
from .support import EMULATORS, LEFT_OUT


@dataclass(frozen=True)
class Stack:
    """A stack as `heights template` writes it."""

    name: str
    region: str
    kind: str
    template: dict
    # {parameter: {"value": …} or {"output": {"stack": …, "name": …}}}
    parameters: dict

    @staticmethod
    def all_in(folder):
        """Those of a folder, in the order in which they are deployed."""
        folder = Path(folder)
        return [
            Stack(
                entry["name"], entry["region"], entry["kind"], json.loads((folder / entry["file"]).read_text()),
                entry["parameters"])
            for entry in json.loads((folder / "stacks.json").read_text())["stacks"]]

    @property
    def types(self):
        return {resource["Type"] for resource in self.template["Resources"].values()}


class Deployment:
    """All stacks of an app on one emulator, without what that emulator does not make."""

    def __init__(self, emulator, support=None):
        self._emulator = emulator
        self._support = support or EMULATORS[emulator.name]
        self._regions = {}
        self._outputs = {}
        self._stacks = {}
        # What the last update of a stack found there, by its name.
        self._before = {}

    def region(self, name):
        if name not in self._regions:
            self._regions[name] = Region(self._emulator, name)
        return self._regions[name]

    def apply(self, stack):
        """Makes a stack, or updates it when it is there."""
        template = self._support.adapted(stack.template, stack.region)
        if not template["Resources"]:
            return
        parameters = {name: self._argument(argument) for name, argument in stack.parameters.items()}
        cloudformation = self.region(stack.region).cloudformation
        if stack.name in self._stacks:
            self._before[stack.name] = self.physical_ids(stack.name)
        action = cloudformation.update_stack if stack.name in self._stacks else cloudformation.create_stack
        try:
            action(
                StackName=stack.name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[{"ParameterKey": key, "ParameterValue": parameters[key]} for key in parameters])
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise AssertionError(f"{stack.name}: {error}") from error
        except ResponseParserError as error:
            raise AssertionError(f"{stack.name}: the emulator stumbled; its log says why") from error
        self._stacks[stack.name] = (stack, template, parameters)
        self._wait(stack.name, cloudformation)

    def adopt(self, stack):
        """Knows a stack that somebody else has made of the same template."""
        template = self._support.adapted(stack.template, stack.region)
        if template["Resources"]:
            parameters = {name: self._argument(argument) for name, argument in stack.parameters.items()}
            self._stacks[stack.name] = (stack, template, parameters)
            self._wait(stack.name, self.region(stack.region).cloudformation)

    def _argument(self, argument):
        if "value" in argument:
            return argument["value"]
        output = argument["output"]
        return self._outputs.get(output["stack"], {}).get(output["name"], LEFT_OUT)

    def _wait(self, name, cloudformation):
        def ended():
            found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

        found = wait_until(ended, f"{name} is settled")
        if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            failed = [
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in events
                if event.get("ResourceStatus", "").endswith("_FAILED")]
            raise AssertionError(f"{name}: {found['StackStatus']}: {failed}")
        if "Outputs" in self._stacks[name][1]:
            assert found.get("Outputs"), f"{name} has lost its outputs"
        self._outputs[name] = {it["OutputKey"]: it["OutputValue"] for it in found.get("Outputs", [])}

    def physical_ids(self, name):
        """By logical id, of what the stack says it has."""
        stack = self._stacks[name][0]
        found = self.region(stack.region).cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {it["LogicalResourceId"]: it.get("PhysicalResourceId") for it in found if "LogicalResourceId" in it}

    def check(self, name):
        """What of a stack is not as its template says; nothing for one of which nothing was made."""
        if name not in self._stacks:
            return []
        stack, template, _ = self._stacks[name]
        aws = self.region(stack.region)
        ids = self.physical_ids(name)
        resources = template["Resources"]
        expressions = self._expressions(name, template, ids)
        lines = []
        for logical_id, resource in resources.items():
            is_there = "Condition" not in resource or expressions.holds(resource["Condition"])
            if not is_there or not self._support.compares(resource["Type"]):
                continue
            if logical_id not in ids:
                lines.append(f"{name}/{logical_id}: is not in the stack")
                continue
            before = self._before.get(name, {}).get(logical_id)
            if before and ids[logical_id] != before and resource["Type"] not in self._support.renamed:
                lines.append(f"{name}/{logical_id}: was {before}, is {ids[logical_id]}")
            if before and not self._support.updates:
                continue
            expected = expressions.value(resource.get("Properties", {}))
            lines += [
                f"{name}/{logical_id} ({resource['Type']}) {line}"
                for line in self._compare(aws, resource["Type"], ids[logical_id], expected, bool(before))]
        return lines

    def value(self, name, node, known):
        """What an expression in a stack's template stands for, by what was made and by `known`: {parameter or logical id:
        value}, of what this emulator does not make."""
        stack, _, _ = self._stacks[name]
        return self._expressions(name, stack.template, {**self.physical_ids(name), **known}).value(node)

    def outputs(self, name):
        return self._outputs[name]

    def _expressions(self, name, template, ids):
        stack, _, parameters = self._stacks[name]
        aws = self.region(stack.region)

        def attribute(logical_id, attribute):
            return _attribute(aws, template["Resources"][logical_id]["Type"], ids.get(logical_id), attribute)

        return Expressions(
            template, parameters, ids, attribute, {
                "Region": stack.region, "AccountId": aws.account, "Partition": "aws", "StackName": name,
                "URLSuffix": "amazonaws.com"}, aws.zones)

    def _compare(self, aws, kind, physical_id, expected, was_there):
        if not has_reader(kind):
            return ["there is no reader for this type"]
        try:
            found = read(kind, aws, physical_id, expected)
        except (BotoCoreError, ClientError, AssertionError, KeyError, IndexError) as error:
            return [f"can't be read: {error!r}"]
        ignored = self._support.ignored.get(kind, set()) | (self._support.stale.get(kind, set()) if was_there else set())
        return differences(expected, found, ignored=ignored)


# What `Fn::GetAtt` gives where a resource's name says it; everything else is known to AWS only.
_ATTRIBUTES = {
    ("AWS::DynamoDB::GlobalTable", "Arn"): "arn:aws:dynamodb:{region}:{account}:table/{id}",
    ("AWS::EC2::SecurityGroup", "GroupId"): "{id}",
    ("AWS::IAM::InstanceProfile", "Arn"): "arn:aws:iam::{account}:instance-profile/{id}",
    ("AWS::IAM::Role", "Arn"): "arn:aws:iam::{account}:role/{id}",
    ("AWS::KMS::Key", "Arn"): "arn:aws:kms:{region}:{account}:key/{id}",
    ("AWS::Lambda::Function", "Arn"): "arn:aws:lambda:{region}:{account}:function:{id}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:aws:logs:{region}:{account}:log-group:{id}:*",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::{id}",
    ("AWS::S3::Bucket", "DomainName"): "{id}.s3.amazonaws.com",
    ("AWS::S3::Bucket", "RegionalDomainName"): "{id}.s3.{region}.amazonaws.com",
}


def _attribute(aws, kind, physical_id, name):
    if name == "Arn" and str(physical_id).startswith("arn:"):
        return physical_id
    form = _ATTRIBUTES.get((kind, name))
    return form.format(region=aws.name, account=aws.account, id=physical_id) if form else UNKNOWN
