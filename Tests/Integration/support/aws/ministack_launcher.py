"""Starts MiniStack with some mends, so that it is to a server what AWS is. Runs in .venv-aws, with AUTH=true: each call has
to be signed by somebody whom a policy allows it."""

import json
import secrets
import time

from ministack.app import main
from ministack.core.responses import get_account_id
from ministack.services import iam, imds, rds, secretsmanager, sts
from ministack.services.cloudformation import provisioners

# Roles of servers, as the templates name them.
SERVERS = ("ServerRole", "FrontRole")
# RDS takes nearly everything in a password: what separates in a file of passwords, and what escapes it there.
ODD = "a:b\\c'd$e"


def passwords_of_databases():
    """RDS makes a password for whom it is to manage one, and tells where it is; MiniStack does for clusters only."""
    render = rds._instance_xml

    def mended(instance):
        if instance.get("ReadReplicaSourceDBInstanceIdentifier"):
            return render(instance)
        if "MasterUserSecret" not in instance:
            content = {"username": instance["MasterUsername"], "password": ODD + secrets.token_hex(8)}
            instance["MasterUserSecret"], _ = secretsmanager._store_new_secret(
                f"rds!db-{instance['DbiResourceId'].lower()}", secret_string=json.dumps(content),
                tags=[{"Key": "aws:rds:primaryDBInstanceArn", "Value": instance["DBInstanceArn"]}])
        return (render(instance) + "<MasterUserSecret><SecretStatus>active</SecretStatus>"
                f"<SecretArn>{instance['MasterUserSecret']}</SecretArn></MasterUserSecret>")

    rds._instance_xml = mended


def roles_of_servers():
    """The metadata service gives credentials of the instance's role; MiniStack's nobody's."""
    describe = imds._credentials_doc

    def mended():
        role = next(role for name, role in iam._roles.items() if any(word in name for word in SERVERS))
        document = describe()
        sts.register_session(document["AccessKeyId"], {
            "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{role['RoleName']}/{imds._INSTANCE_ID}",
            "UserId": f"{role['RoleId']}:{imds._INSTANCE_ID}", "SecretAccessKey": document["SecretAccessKey"],
            "SessionToken": document["Token"], "Expiration": time.time() + 3600, "AccountId": get_account_id(),
            "PrincipalType": "AssumedRole"})
        return document

    imds._credentials_doc = mended


def secrets_of_stacks():
    """AWS's CloudFormation calls a secret by its ARN, as policies have to name it, and leaves punctuation out of one when it
    is told so; MiniStack's does neither."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create = handlers["create"]

    def mended(*words):
        _, attributes = create(*words)
        return attributes["Arn"], attributes

    handlers["create"] = mended
    provisioners._sm_secret_string = lambda properties: secrets.token_hex(32)


for mend in (secrets_of_stacks, passwords_of_databases, roles_of_servers):
    mend()
main()
