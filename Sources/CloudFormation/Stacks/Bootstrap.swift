// What a server does when it starts: it brings the release, the placement document and the secrets, and becomes the app.

import Contract
import Policies

/// A server's user data. cloud-init runs it at every start, so that a restart brings the current release.
enum Bootstrap {
  /// Where an app says that it can take requests.
  static let healthPath = AdminPath.ready
  /// Where a server has the certificates of those who vouch for databases: RDS has its own.
  static let authorities = "/etc/heights/authorities.pem"

  /// What the start needs to know, and what the app is told by its environment.
  struct Settings {
    var variables: [(name: String, value: any TemplateValue)] = []

    /// What the app reads.
    mutating func set(_ variable: AppVariable, _ value: (any TemplateValue)?) {
      set(variable.rawValue, value)
    }

    /// What the user data reads.
    mutating func set(_ name: String, _ value: (any TemplateValue)?) {
      if let value { variables.append((name, value)) }
    }

    /// `NAME='VALUE'` on lines of their own.
    fileprivate var lines: Text {
      .joined(variables.map { Text("\($0.name)='\($0.value)'\n") }, separator: "")
    }
  }

  /// User data that sets `settings` and goes on with `rest`, which the template has once for all its servers.
  static func userData(_ settings: Settings, _ rest: Expression) -> Expression {
    .joined([Text.joined([head, settings.lines], separator: "").value, rest], separator: "")
  }

  private static let head = """
    #cloud-boothook
    #!/bin/bash
    # systemd looks for a unit's user and folders before its first command.
    id heights > /dev/null 2>&1 || useradd --system heights
    mkdir -p /etc/heights /var/log/heights /run/heights /opt/heights
    cat > /etc/heights/app.env <<'END'

    """

  /// What follows the settings.
  static let rest = #"""
    END
    cat > /usr/local/bin/heights-secrets <<'END'
    #!/bin/bash
    # Passwords change: they are fetched again every ten minutes, and read with each new connection.
    set -euo pipefail
    exec 9> /run/heights/secrets.lock && flock 9
    set -a && . /etc/heights/app.env && set +a
    umask 077
    for entry in ${DATABASES:-}; do
      name=${entry%%@*} rest=${entry#*@}
      region=${rest%%:*} hosts=${rest#*:}
      secret=$(aws rds describe-db-instances --region "$region" --db-instance-identifier "$name" \
        --query 'DBInstances[0].MasterUserSecret.SecretArn' --output text)
      word=$(aws secretsmanager get-secret-value --region "$region" --secret-id "$secret" --query SecretString \
        --output text | python3 -c 'import json,re,sys; sys.stdout.write(re.sub(r"([\\:])", r"\\\1", json.load(sys.stdin)["password"]))')
      for host in ${hosts//,/ }; do echo "$host:5432:*:heights:$word"; done
    done > /run/heights/pgpass.new
    chown heights /run/heights/pgpass.new
    mv /run/heights/pgpass.new /run/heights/pgpass
    if [ -n "${CACHE:-}" ]; then
      word=$(aws secretsmanager get-secret-value --secret-id "$CACHE_SECRET" --query SecretString --output text)
      echo "REDIS_URL=rediss://:$word@$CACHE:6379" > /run/heights/secrets.env
    fi
    if [ -n "${SERVICE_KEY:-}" ]; then
      word=$(aws secretsmanager get-secret-value --secret-id "$SERVICE_KEY" --query SecretString --output json |
        python3 -c 'import base64,hashlib,json,sys; sys.stdout.write(base64.urlsafe_b64encode(hashlib.sha256(json.load(sys.stdin).encode()).digest()).decode().rstrip("="))')
      echo "$HEIGHTS_SERVICE $word" > "$HEIGHTS_SERVICE_KEY_FILE.new"
      chown heights "$HEIGHTS_SERVICE_KEY_FILE.new"
      mv "$HEIGHTS_SERVICE_KEY_FILE.new" "$HEIGHTS_SERVICE_KEY_FILE"
    fi
    END
    cat > /usr/local/bin/heights-placement <<'END'
    #!/bin/bash
    # Where everything is, as whoever deploys has written it. The app looks whenever the file is another one.
    set -euo pipefail
    exec 9> /run/heights/placement.lock && flock 9
    set -a && . /etc/heights/app.env && set +a
    document=$(aws dynamodb get-item --table-name "$PLACEMENT" --key '{"id":{"S":"placement"}}' \
      --query Item.document.S --output text)
    if [ "$document" = None ] || [ "$document" = "$(cat "$HEIGHTS_PLACEMENT" 2> /dev/null)" ]; then exit; fi
    echo "$document" > "$HEIGHTS_PLACEMENT.new"
    mv "$HEIGHTS_PLACEMENT.new" "$HEIGHTS_PLACEMENT"
    END
    cat > /usr/local/bin/heights-install <<'END'
    #!/bin/bash
    # heights-install PROGRAM PACKAGE: only port 443 leads out.
    set -euo pipefail
    export DEBIAN_FRONTEND=noninteractive
    command -v "$1" > /dev/null && exit
    find /etc/apt -name '*.list' -o -name '*.sources' | xargs -r sed -i 's,http://,https://,'
    exec 9> /run/heights/apt.lock && flock 9
    apt-get -o DPkg::Lock::Timeout=300 -q update
    apt-get -o DPkg::Lock::Timeout=300 -qy install --no-install-recommends "$2"
    END
    cat > /usr/local/bin/heights-fetch <<'END'
    #!/bin/bash
    set -euo pipefail
    set -a && . /etc/heights/app.env && set +a
    heights-install aws awscli
    heights-install curl curl
    mkdir -p "$HEIGHTS_DATA_DIR" "${DISK_DIR:-/run/heights}"
    if [ -n "${DISK:-}" ]; then
      disk=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${DISK/-/}
      until [ -b "$disk" ]; do sleep 2; done
      blkid "$disk" > /dev/null || mkfs.ext4 -q "$disk"
      mountpoint -q "$DISK_DIR" || mount "$disk" "$DISK_DIR"
      resize2fs "$disk"
    fi
    if [ -n "${FILES:-}" ]; then
      heights-install mount.nfs nfs-common
      heights-install stunnel stunnel4
      mkdir -p "$HEIGHTS_FILES_DIR"
      host=$FILES.efs.$AWS_REGION.amazonaws.com
      printf '%s\n' foreground=yes pid= '[files]' client=yes accept=127.0.0.1:20049 "connect=$host:2049" verifyChain=yes \
        CAfile=/etc/ssl/certs/ca-certificates.crt "checkHost=$host" > /etc/heights/files.conf
      systemctl is-active -q heights-files ||
        systemd-run --unit heights-files -p Restart=always stunnel /etc/heights/files.conf
      until mountpoint -q "$HEIGHTS_FILES_DIR"; do
        mount -t nfs4 -o nfsvers=4.1,hard,noresvport,port=20049 127.0.0.1:/ "$HEIGHTS_FILES_DIR" || sleep 2
      done
    fi
    chown heights "$HEIGHTS_DATA_DIR" "${HEIGHTS_FILES_DIR:-$HEIGHTS_DATA_DIR}"
    if [ -n "${DATABASES:-}" ]; then
      # They are renewed, and the old ones hold for years.
      curl -fsS --retry 3 -o /run/heights/authorities \
        https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem && mv /run/heights/authorities \#(authorities) ||
        [ -s \#(authorities) ]
    fi
    aws s3 cp --only-show-errors "s3://$RELEASES/releases/$RELEASE.tar.gz" /run/heights/release.tar.gz
    rm -rf /opt/heights/*
    tar -xzf /run/heights/release.tar.gz -C /opt/heights
    /usr/local/bin/heights-secrets
    if [ -n "${PLACEMENT:-}" ]; then
      # Until somebody has written one, the app goes by its addresses above, which say nothing of services.
      rm -f "$HEIGHTS_PLACEMENT"
      /usr/local/bin/heights-placement
      if [ -n "${APART:-}" ] && [ ! -s "$HEIGHTS_PLACEMENT" ]; then
        echo "the table $PLACEMENT does not say where services are: heights deploy writes it" >&2
        exit 1
      fi
      systemctl start --no-block heights-placement.timer
    fi
    END
    cat > /usr/local/bin/heights-ready <<'END'
    #!/bin/bash
    set -a && . /etc/heights/app.env && set +a
    until curl -fsS "http://127.0.0.1:$PORT/readyz" > /dev/null 2>&1; do sleep 2; done
    # By now there is what the app makes for them.
    for worker in /opt/heights/workers/*; do
      if [ -f "$worker" ] && [ -x "$worker" ]; then systemctl start --no-block "heights-worker@${worker##*/}"; fi
    done
    if [ -n "${SIGNAL:-}" ]; then
      metadata=http://169.254.169.254/latest
      token=$(curl -fsS -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" $metadata/api/token)
      id=$(curl -fsS -H "X-aws-ec2-metadata-token: $token" $metadata/meta-data/instance-id)
      aws cloudformation signal-resource --stack-name "$STACK" --logical-resource-id "$SIGNAL" --unique-id "$id" \
        --status SUCCESS || echo "the stack was not told: no update of it waits"
    fi
    # What Debian does not have comes from AWS itself.
    arch=$(dpkg --print-architecture)
    bring() { dpkg -s "$1" > /dev/null 2>&1 || { curl -fsS -o "/run/heights/$1.deb" "$2" && dpkg -i "/run/heights/$1.deb"; }; }
    bring amazon-ssm-agent \
      "https://s3.$AWS_REGION.amazonaws.com/amazon-ssm-$AWS_REGION/latest/debian_$arch/amazon-ssm-agent.deb"
    bring amazon-cloudwatch-agent "https://amazoncloudwatch-agent-$AWS_REGION.s3.$AWS_REGION.amazonaws.com/debian/$arch/latest/amazon-cloudwatch-agent.deb"
    echo '{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/var/log/heights/app.log",' \
      "\"log_group_name\":\"$LOGS\",\"log_stream_name\":\"{instance_id}\"}]}}}}" > /etc/heights/logs.json
    /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
      -c file:/etc/heights/logs.json
    END
    chmod 755 /usr/local/bin/heights-*
    cat > /etc/systemd/system/heights.service <<'END'
    [Unit]
    Wants=network-online.target heights-ready.service heights-secrets.timer
    After=network-online.target
    [Service]
    User=heights
    AmbientCapabilities=CAP_NET_BIND_SERVICE
    EnvironmentFile=/etc/heights/app.env
    EnvironmentFile=-/run/heights/secrets.env
    WorkingDirectory=/opt/heights
    ExecStartPre=+/usr/local/bin/heights-fetch
    ExecStart=/opt/heights/run
    Restart=always
    RestartSec=\#(BackOff.restarts.limitMs / 1_000)
    TimeoutStartSec=900
    LimitNOFILE=65536
    StandardOutput=append:/var/log/heights/app.log
    StandardError=inherit
    END
    cat > /etc/systemd/system/heights-worker@.service <<'END'
    [Unit]
    PartOf=heights.service
    After=heights.service
    [Service]
    User=heights
    EnvironmentFile=/etc/heights/app.env
    EnvironmentFile=-/run/heights/secrets.env
    UnsetEnvironment=HOST PORT
    WorkingDirectory=/opt/heights
    ExecStart=/opt/heights/workers/%i
    Restart=always
    RestartSec=\#(BackOff.restarts.limitMs / 1_000)
    KillMode=mixed
    TimeoutStopSec=\#(Leaving.killMs / 1_000)
    LimitNOFILE=65536
    StandardOutput=append:/var/log/heights/app.log
    StandardError=inherit
    END
    cat > /etc/systemd/system/heights-ready.service <<'END'
    [Service]
    Type=oneshot
    ExecStart=/usr/local/bin/heights-ready
    END
    cat > /etc/systemd/system/heights-secrets.service <<'END'
    [Service]
    Type=oneshot
    ExecStart=/usr/local/bin/heights-secrets
    END
    cat > /etc/systemd/system/heights-secrets.timer <<'END'
    [Timer]
    OnActiveSec=600
    OnUnitActiveSec=600
    END
    cat > /etc/systemd/system/heights-placement.service <<'END'
    [Service]
    Type=oneshot
    ExecStart=/usr/local/bin/heights-placement
    END
    cat > /etc/systemd/system/heights-placement.timer <<'END'
    [Timer]
    OnActiveSec=60
    OnUnitActiveSec=60
    AccuracySec=1
    END
    systemctl daemon-reload
    systemctl start --no-block heights.service

    """#
}
