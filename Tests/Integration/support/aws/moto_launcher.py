"""Starts moto's server with some mends, so that it does what AWS does with our stacks. Runs in .venv-aws."""

import traceback

from flask import got_request_exception
from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instances import Instance
from moto.server import main


@got_request_exception.connect
def tell(_, exception):
    """Where a request makes it stumble, its log says why."""
    traceback.print_exception(exception)


def outputs_of_change_sets():
    """moto works a stack's outputs out when it is created or updated directly, and forgets them for change sets."""
    execute = CloudFormationBackend.execute_change_set

    def mended(self, change_set_name, stack_name=None):
        execute(self, change_set_name, stack_name)
        for stack in self.stacks.values():
            if stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                stack._parse_template()
                stack.output_map = stack._create_output_map()

    CloudFormationBackend.execute_change_set = mended


def updates():
    """moto's updates replace or lose what AWS changes in place. Here what is there stays, as it was."""

    def mended(logical_id, resource_json, resources_map, account_id, region_name):
        return resources_map[logical_id]

    parsing.parse_and_update_resource = mended


def names_of_databases():
    """AWS shortens a name that it makes for a database to what RDS takes; moto does not."""
    generate = parsing.generate_resource_name

    def mended(resource_type, stack_name, logical_id):
        name = generate(resource_type, stack_name, logical_id)
        return name[-63:].strip("-").lower() if resource_type == "AWS::RDS::DBInstance" else name

    parsing.generate_resource_name = mended


def servers_and_disks():
    """What moto's EC2 takes and its CloudFormation forgets: groups of servers, kind and encryption of disks.

    It also insists on a server's own image, where AWS takes that of the launch template. Which one it is does not matter
    here: nothing runs.
    """
    create = Instance.create_from_cloudformation_json.__func__

    def server(cls, name, json, account, region, **rest):
        properties = json["Properties"]
        properties.setdefault("ImageId", "ami-12c6146b")
        properties["SecurityGroups"] = properties.get("SecurityGroupIds", [])
        return create(cls, name, json, account, region, **rest)

    def disk(cls, name, json, account, region, **_):
        properties = json["Properties"]
        return ec2_backends[account][region].create_volume(
            size=properties["Size"], zone_name=properties["AvailabilityZone"], encrypted=properties["Encrypted"],
            volume_type=properties["VolumeType"])

    Instance.create_from_cloudformation_json = classmethod(server)
    Volume.create_from_cloudformation_json = classmethod(disk)


for mend in (outputs_of_change_sets, updates, names_of_databases, servers_and_disks):
    mend()
main()
