"""Secrets and look-alikes to measure the scanner on. Every value is put together here, so none stands in the file whole.

``CASES``: (name, path, text, values that must be found). ``BENIGN``: (name, path, text in which nothing is a secret).
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    text: str
    values: tuple[str, ...] = ()
    rule: str = ""


def crc62(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PASSWORD = "Tr0ub" + "4dor-3"
SHORT = "k9" + "Xz7"
WORDY = "correct" + "horsebattery"
PLAIN = "sunflower" + "season"
OPAQUE = "9f8a7c6b" + "5d4e3f2a" + "1b0c9d8e" + "7f6a5b4c"
MIXED = "aQ7" + "zR2mK9" + "pL4vX8" + "wN3bT6yD1"
_GITHUB_BODY = "Zk3Qm8Rt" + "2Vx7Lp1N" + "c5Hd9Ws4" + "Bj6Gf0"
GITHUB = "gh" + "p_" + _GITHUB_BODY + crc62(_GITHUB_BODY)
GOOGLE = "AI" + "za" + "SyD3k9Qw7" + "Rt5Yz1Xc8Vb4" + "Nm6Lp2Jh0GfEaB"
STRIPE = "sk_" + "live_" + "4eC39HqLy" + "jWDarjtT1zdp7dc"
AWS = "AK" + "IA" + "Q3EGRJ7M" + "XK5TUW2B"
ANTHROPIC = "sk-" + "ant-api03-" + "Xq7" * 5 + "kD9_mW2-" * 9
SLACK = "xo" + "xb-" + "2468013579-" + "1357924680-" + "kQ9wE7rT5yU3iO1pA8sD6fG4"
GITLAB = "gl" + "pat-" + "x7Kd" + "92mQ" + "p4Rt" + "8VzL" + "w3Nc"
SENDGRID = "S" + "G." + "q7Wd9Ke2Rm4Tx6Yb8Nc1Vp" + "." + "Lz3Hj5Gf7Ds9Aq1Wm3Ex5Rc7Tv9Yb1Nu3Im5Ok7Pl9Z"
_PEM_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" + "VJTUt9Us8cKj" + "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dV"
PEM = "-----BEGIN " + "PRIVATE KEY-----\n" + _PEM_BODY + "\n-----END " + "PRIVATE KEY-----\n"
_STEP = "steps:\n- name: gcr.io/cloud-builders/docker\n"


def workload(env: str) -> str:
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n"
        f"      containers:\n      - name: a\n        image: a\n        env:\n{env}"
    )


def positives() -> list[Case]:
    return [*_commands(), *_headers(), *_names(), *_wrapped(), *_split(), *_files(), *_texts(), *_providers()]


def _commands() -> list[Case]:
    return [
        Case("mysql -pVALUE", "deploy.sh", f"mysql -u root -p{PASSWORD} shop < schema.sql\n", (PASSWORD,)),
        Case("mysql --password", "cloudbuild.yaml", _STEP + f"  script: mysqldump --password={PASSWORD} shop\n", (PASSWORD,)),
        Case("mysql in args", "cloudbuild.yaml", f"steps:\n- name: mysql:8\n  args: [mysql, -uroot, '-p{PASSWORD}', -e, select 1]\n", (PASSWORD,)),
        Case("curl -u", "deploy.sh", f"curl -u admin:{PASSWORD} https://registry.internal/v2/\n", (PASSWORD,)),
        Case("curl --user in args", "cloudbuild.yaml", f"steps:\n- name: curlimages/curl\n  args: [-fsS, --user, 'ci:{PASSWORD}', 'https://a.internal']\n", (PASSWORD,)),
        Case("curl -u quoted", "Dockerfile", f"FROM alpine:3.22\nRUN curl -sS -u 'deploy:{WORDY}' https://files.internal/a.tgz | tar xz\n", (WORDY,)),
        Case("wget password", "deploy.sh", f"wget --user=ci --password={PASSWORD} https://files.internal/a\n", (PASSWORD,)),
        Case("docker login -p", "cloudbuild.yaml", _STEP + f"  args: [login, -u, robot, -p, {PASSWORD}, registry.internal]\n", (PASSWORD,)),
        Case("echo into docker login", "deploy.sh", f"echo {PASSWORD} | docker login -u ci --password-stdin registry.internal\n", (PASSWORD,)),
        Case("sshpass", "deploy.sh", f"sshpass -p '{PASSWORD}' ssh deploy@web-1 true\n", (PASSWORD,)),
        Case("redis-cli -a", "deploy.sh", f"redis-cli -h cache -a {PASSWORD} ping\n", (PASSWORD,)),
        Case("PGPASSWORD before psql", "deploy.sh", f"PGPASSWORD={PLAIN} psql -h db -U app -c 'select 1'\n", (PLAIN,)),
        Case("mongosh -p", "deploy.sh", f"mongosh -u root -p {PASSWORD} --eval 'db.stats()'\n", (PASSWORD,)),
        Case("kubectl literal", "deploy.sh", f"kubectl create secret generic db --from-literal=password={PASSWORD}\n", (PASSWORD,)),
        Case("helm --set", "deploy.sh", f"helm upgrade a ./chart --set auth.password={PASSWORD}\n", (PASSWORD,)),
        Case("gcloud --set-env-vars", "cloudbuild.yaml", f"steps:\n- name: gcr.io/google.com/cloudsdktool/cloud-sdk\n  args: [gcloud, run, deploy, a, '--set-env-vars=MODE=x,DB_PASSWORD={PASSWORD}']\n", (PASSWORD,)),
        Case("build-arg", "cloudbuild.yaml", _STEP + f"  args: [build, --build-arg, NPM_TOKEN={MIXED}, .]\n", (MIXED,)),
        Case("openssl -passin", "deploy.sh", f"openssl rsa -in k.pem -passin pass:{PASSWORD} -out o.pem\n", (PASSWORD,)),
        Case("ldapsearch -w", "deploy.sh", f"ldapsearch -x -D cn=admin -w {PASSWORD} -b dc=a\n", (PASSWORD,)),
        Case("twine -p", "deploy.sh", f"twine upload -u ci -p {PASSWORD} dist/*\n", (PASSWORD,)),
    ]


def _headers() -> list[Case]:
    return [
        Case("opaque Bearer", "deploy.sh", f"curl -H 'Authorization: Bearer {OPAQUE}' https://api.internal\n", (OPAQUE,)),
        Case("opaque Bearer in args", "cloudbuild.yaml", f"steps:\n- name: curlimages/curl\n  args: ['-H', 'Authorization: Bearer {MIXED}', 'https://a.internal']\n", (MIXED,)),
        Case("Basic header", "deploy.sh", f"curl -H 'Authorization: Basic {b64('ci:' + PASSWORD)}' https://a.internal\n", (b64("ci:" + PASSWORD),)),
        Case("X-Api-Key header", "deploy.sh", f"curl -H 'X-Api-Key: {OPAQUE}' https://api.internal\n", (OPAQUE,)),
        Case("probe header", "k8s/app.yaml", workload("        - {name: A, value: b}\n") + f"        livenessProbe:\n          httpGet:\n            path: /\n            port: 80\n            httpHeaders:\n            - name: Authorization\n              value: Bearer {OPAQUE}\n", (OPAQUE,)),
        Case("Authorization: token", "deploy.sh", f'curl -H "Authorization: token {OPAQUE}" https://git.internal/api\n', (OPAQUE,)),
    ]


def _names() -> list[Case]:
    return [
        Case("DB_PASS", "k8s/app.yaml", workload(f"        - name: DB_PASS\n          value: {PLAIN}\n"), (PLAIN,)),
        Case("pass:", "docker-compose.yml", f"services:\n  a:\n    image: a\n    environment:\n      SMTP_PASS: {PASSWORD}\n", (PASSWORD,)),
        Case("*_SIGNING_KEY", "cloudbuild.yaml", _STEP + f"  env: ['JWT_SIGNING_KEY={MIXED}']\n", (MIXED,)),
        Case("ENCRYPTION_KEY", "k8s/app.yaml", workload(f"        - name: ENCRYPTION_KEY\n          value: {OPAQUE}\n"), (OPAQUE,)),
        Case("short password", "docker-compose.yml", f"services:\n  db:\n    image: mysql:8\n    environment:\n      MYSQL_ROOT_PASSWORD: {SHORT}\n", (SHORT,)),
        Case("four letters", "k8s/app.yaml", workload(f"        - name: DB_PASSWORD\n          value: {'ro' + 'ot'}\n"), ("ro" + "ot",)),
        Case("access key of five letters", "k8s/app.yaml", workload(f"        - name: MINIO_ACCESS_KEY\n          value: {'mi' + 'nio'}\n"), ("mi" + "nio",)),
        Case("password without a digit", "k8s/app.yaml", workload(f"        - name: ADMIN_PASSWORD\n          value: {WORDY}\n"), (WORDY,)),
        Case("camelCase name", "k8s/config.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  dbPassword: {PLAIN}\n", (PLAIN,), "security.secrets.configmap_secret"),
        Case("kebab-case name", "k8s/config.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  client-secret: {MIXED}\n", (MIXED,)),
        Case("properties in a ConfigMap", "k8s/config.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  application.properties: |\n    spring.datasource.url=jdbc:postgresql://db/a\n    spring.datasource.password={PLAIN}\n", (PLAIN,)),
        Case("ENV in a Dockerfile", "Dockerfile", f"FROM alpine:3.22\nENV API_TOKEN={MIXED} MODE=x\n", (MIXED,)),
        Case("ARG default", "Dockerfile", f"FROM alpine:3.22\nARG NPM_TOKEN={MIXED}\nRUN true\n", (MIXED,)),
        Case("old ENV form", "Dockerfile", f"FROM alpine:3.22\nENV DB_PASSWORD {PLAIN}\n", (PLAIN,)),
        Case("substitution default", "cloudbuild.yaml", _STEP + f"  args: [build, .]\nsubstitutions:\n  _DB_PASSWORD: {PLAIN}\n", (PLAIN,)),
        Case("a shell default", "docker-compose.yml", f"services:\n  a:\n    image: a\n    environment:\n      DB_PASSWORD: ${{DB_PASSWORD:-{PLAIN}}}\n", (PLAIN,)),
        Case("a number", "k8s/app.yaml", workload("        - name: DB_PASSWORD\n          value: 48213975\n"), ("48213975",)),
        Case("a suppression comment", "cloudbuild.yaml", _STEP + f"  env:\n  - DB_PASSWORD={PLAIN}  # pragma: allowlist secret\n", (PLAIN,)),
        Case("another one", "k8s/app.yaml", workload(f"        - name: DB_PASSWORD\n          value: {PLAIN} # gitleaks:allow\n"), (PLAIN,)),
        Case("workflow env", ".github/workflows/a.yml", f"on: push\njobs:\n  a:\n    runs-on: x\n    env:\n      SONAR_TOKEN: {MIXED}\n    steps: [{{run: make}}]\n", (MIXED,)),
        Case("workflow input", ".github/workflows/a.yml", f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: a/b@v1\n      with:\n        password: {PASSWORD}\n", (PASSWORD,)),
    ]


def _wrapped() -> list[Case]:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
    return [
        Case("Secret data", "k8s/secret.yaml", secret + f"data:\n  password: {b64(PLAIN)}\n", (b64(PLAIN),), "security.secrets.k8s_secret_literal"),
        Case("Secret stringData", "k8s/secret.yaml", secret + f"stringData:\n  config: |\n    password: {PASSWORD}\n", (PASSWORD,)),
        Case("a token in base64 in env", "k8s/app.yaml", workload(f"        - name: BLOB\n          value: {b64(GITHUB)}\n"), (b64(GITHUB),)),
        Case("a key in base64", "cloudbuild.yaml", _STEP + f"  env: ['KEYFILE={b64(PEM)}']\n", (b64(PEM),), "security.secrets.private_key"),
        Case("settings in base64", "k8s/app.yaml", workload(f"        - name: SETTINGS\n          value: {b64('db_password=' + PASSWORD + chr(10) + 'mode=x')}\n"), (b64("db_password=" + PASSWORD + "\nmode=x"),)),
        Case("a token written backwards", "cloudbuild.yaml", _STEP + f"  env: ['X={GITHUB[::-1]}']\n", (GITHUB[::-1],)),
        Case("JSON in an env value", "k8s/app.yaml", workload(f"        - name: CONFIG\n          value: '{json.dumps({'db': {'password': PASSWORD}})}'\n"), (PASSWORD,)),
    ]


def _split() -> list[Case]:
    return [
        Case("flag and value apart", "k8s/app.yaml", workload("        - {name: A, value: b}\n") + f"        args:\n        - --port\n        - '80'\n        - --password\n        - {PASSWORD}\n", (PASSWORD,)),
        Case("a token over two args", "cloudbuild.yaml", _STEP + f"  args: [push, '{GITHUB[:20]}', '{GITHUB[20:]}']\n", (GITHUB[:20],)),
        Case("a folded scalar", "cloudbuild.yaml", _STEP + f"  env:\n  - >-\n    TOKEN={GITHUB[:20]}\n    {GITHUB[20:]}\n", (GITHUB[:20],)),
        Case("a literal block", "cloudbuild.yaml", f"steps:\n- name: bash\n  script: |\n    set -e\n    export DB_PASSWORD={PASSWORD}\n    make\n", (PASSWORD,)),
        Case("a continued RUN", "Dockerfile", f"FROM alpine:3.22\nRUN apk add curl \\\n  && curl -u ci:{PASSWORD} https://a.internal -o /a\n", (PASSWORD,)),
    ]


def _files() -> list[Case]:
    account = {"type": "service_account", "project_id": "p", "private_key_id": OPAQUE, "private_key": PEM, "client_email": "a@p.iam.gserviceaccount.com"}
    return [
        Case("a heredoc", "Dockerfile", f"FROM alpine:3.22\nRUN <<EOF\nset -e\nexport API_TOKEN={MIXED}\n./a\nEOF\n", (MIXED,)),
        Case("a heredoc in a script", "deploy.sh", f"cat > ~/.netrc <<EOF\nmachine git.internal login ci password {PASSWORD}\nEOF\n", (PASSWORD,)),
        Case("a .env file", ".env", f"MODE=x\nDB_PASSWORD={PLAIN}\nSECRET_KEY_BASE='{OPAQUE}'\n", (PLAIN, OPAQUE)),
        Case("an .npmrc", ".npmrc", f"//registry.internal/:_authToken={OPAQUE}\n", (OPAQUE,)),
        Case("an old .npmrc", ".npmrc", f"_auth={b64('ci:' + PASSWORD)}\nalways-auth=true\n", (b64("ci:" + PASSWORD),)),
        Case("a .netrc", ".netrc", f"machine git.internal\nlogin ci\npassword {PASSWORD}\n", (PASSWORD,)),
        Case("a .pypirc", ".pypirc", f"[internal]\nrepository = https://a.internal\nusername = ci\npassword = {PASSWORD}\n", (PASSWORD,)),
        Case("a docker config", ".docker/config.json", json.dumps({"auths": {"registry.internal": {"auth": b64("ci:" + PASSWORD)}}}), (b64("ci:" + PASSWORD),)),
        Case("a service account", "sa.json", json.dumps(account, indent=2), (_PEM_BODY,), "security.secrets.private_key"),
        Case("a private key file", "tls.key", PEM, (_PEM_BODY,), "security.secrets.private_key"),
        Case("terraform", "main.tf", f'resource "a" "b" {{\n  password = "{PASSWORD}"\n}}\n', (PASSWORD,)),
        Case("terraform variables", "prod.tfvars", f'db_password = "{PASSWORD}"\n', (PASSWORD,)),
        Case("spring properties", "application.properties", f"spring.datasource.password={PLAIN}\n", (PLAIN,)),
        Case("spring YAML", "application.yml", f"spring:\n  datasource:\n    password: {PLAIN}\n", (PLAIN,)),
        Case("a database URL", "docker-compose.yml", f"services:\n  a:\n    image: a\n    environment:\n      DATABASE_URL: postgres://app:{PASSWORD}@db:5432/a\n", (PASSWORD,), "security.secrets.url_credentials"),
        Case("a connection string", "appsettings.json", json.dumps({"ConnectionStrings": {"Db": f"Server=db;User Id=sa;Password={PASSWORD};"}}), (PASSWORD,)),
        Case("a kubeconfig", "config.yaml", f"apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: {MIXED}\n", (MIXED,)),
    ]


def _texts() -> list[Case]:
    return [
        Case("documentation", "docs/cicd/README.md", f"Log in with `curl -H 'X-Api-Key: {OPAQUE}' https://a.internal`.\n", (OPAQUE,)),
        Case("documentation, a token", "README.md", f"Use the token {GITHUB} until Friday.\n", (GITHUB,)),
        Case("documentation, a table", "README.md", f"| name | value |\n|---|---|\n| `DB_PASSWORD` | `{PASSWORD}` |\n", (PASSWORD,)),
        Case("a comment in YAML", "cloudbuild.yaml", _STEP + f"  args: [build, .]\n# old password: {PASSWORD}\n", (PASSWORD,)),
        Case("a commented-out line", "k8s/app.yaml", workload(f"        - {{name: A, value: b}}\n#       - DB_PASSWORD={PASSWORD}\n"), (PASSWORD,)),
        Case("a comment in a Dockerfile", "Dockerfile", f"FROM alpine:3.22\n# token: {GITHUB}\nRUN true\n", (GITHUB,)),
    ]


def _providers() -> list[Case]:
    step = _STEP + "  env: ['X={}']\n"
    named = {
        "github": GITHUB, "google": GOOGLE, "stripe": STRIPE, "aws": AWS, "anthropic": ANTHROPIC, "slack": SLACK,
        "gitlab": GITLAB, "sendgrid": SENDGRID,
    }  # fmt: skip
    return [
        Case(f"provider {name}", "cloudbuild.yaml", step.format(value), (value,), "security.secrets.provider_token")
        for name, value in named.items()
    ]


_UUID = "3f2b8c1e-9a4d-4e7f-8b6a-" + "1c2d3e4f5a6b"
_SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_SHA512 = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="


def benign() -> list[Case]:
    return [*_benign_values(), *_benign_builds(), *_benign_manifests(), *_benign_files(), *_benign_texts()]


def _env(*lines: str) -> str:
    return "services:\n  a:\n    image: a\n    environment:\n" + "".join(f"      {line}\n" for line in lines)


def _benign_values() -> list[Case]:
    lines = {
        "a variable": "DB_PASSWORD: ${DB_PASSWORD}",
        "a variable that must be set": "DB_PASSWORD: ${DB_PASSWORD:?not set}",
        "an empty default": "DB_PASSWORD: ${DB_PASSWORD:-}",
        "a bare variable": "DB_PASSWORD: $DB_PASSWORD",
        "a placeholder": "DB_PASSWORD: <your-password>",
        "changeme": "DB_PASSWORD: changeme",
        "your-key-here": "API_KEY: your-api-key-here",
        "crosses": "API_KEY: xxxxxxxxxxxxxxxx",
        "stars": "API_KEY: '****************'",
        "a file": "DB_PASSWORD_FILE: /run/secrets/db_password",
        "a path": "DB_PASSWORD: /run/secrets/db_password",
        "a lifetime": "TOKEN_TTL: 3600s",
        "minutes": "JWT_ACCESS_EXPIRATION_MINUTES: 30",
        "a name": "SECRET_NAME: payment-api-database",
        "an id": "AWS_ACCESS_KEY_ID: ${AWS_ACCESS_KEY_ID}",
        "a URL": "TOKEN_URL: https://login.example.com/oauth2/token",
        "an endpoint": "AUTH_TOKEN_ENDPOINT: https://idp.internal/oauth/token",
        "a header name": "API_KEY_HEADER: X-Payment-Api-Key",
        "a public key": "JWT_PUBLIC_KEY: MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEabc1234567",
        "a publishable key": "STRIPE_PUBLISHABLE_KEY: pk_test_51HxAbCdEfGhIjKlM",
        "allow empty": "MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'",
        "random root": "MYSQL_RANDOM_ROOT_PASSWORD: 'true'",
        "a flag": "REQUIRE_PASSWORD: 'false'",
        "a policy": "PASSWORD_POLICY: min-length-twelve",
        "an algorithm": "JWT_SECRET_ALGORITHM: HS256-sha256",
        "a length": "PASSWORD_MIN_LENGTH: 12",
        "tokens": "MAX_TOKENS: 40960000",
        "a secret manager name": "DB_PASSWORD: projects/p/secrets/db-password/versions/3",
        "a berglas reference": "DB_PASSWORD: sm://project/db-password#2",
        "a vault reference": "DB_PASSWORD: vault:secret/data/db#password",
        "an op reference": "DB_PASSWORD: op://infra/db/password",
        "an arn": "DB_SECRET: arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
        "a sort key": "PARTITION_KEY: customer-id-2024",
        "a cache key": "CACHE_KEY: deps-v2-0a1b2c3d4e5f",
        "a uuid": f"INSTALLATION_ID: {_UUID}",
        "a digest": f"IMAGE_DIGEST: sha256:{_SHA256}",
        "a revision": f"GIT_COMMIT: {_SHA1}",
        "its own name": "PASSWORD: password",
        "none": "REDIS_PASSWORD: none",
    }  # fmt: skip
    return [Case(name, "docker-compose.yml", _env(line)) for name, line in lines.items()]


def _benign_builds() -> list[Case]:
    return [
        Case("availableSecrets", "cloudbuild.yaml", _STEP + "  args: [build, .]\n  secretEnv: [NPM_TOKEN]\navailableSecrets:\n  secretManager:\n  - versionName: projects/p/secrets/npm-token-production/versions/7\n    env: NPM_TOKEN\n"),
        Case("a secret in args", "cloudbuild.yaml", _STEP + "  entrypoint: bash\n  args: ['-c', 'echo $$DB_PASSWORD | docker login -u ci --password-stdin r.internal']\n  secretEnv: [DB_PASSWORD]\n"),
        Case("an access token fetched", "cloudbuild.yaml", "steps:\n- name: bash\n  script: |\n    TOKEN=$(gcloud auth print-access-token)\n    curl -H \"Authorization: Bearer $TOKEN\" https://a.internal\n"),
        Case("a bearer command", "deploy.sh", 'curl -H "Authorization: Bearer $(gcloud auth print-identity-token)" https://a.internal\n'),
        Case("curl -u variable", "deploy.sh", 'curl -u "$USER:$PASSWORD" https://a.internal\n'),
        Case("curl -u user only", "deploy.sh", "curl -u admin https://a.internal:8443/path\n"),
        Case("mysql -p asks", "deploy.sh", "mysql -u root -p shop\nmysql -h db --protocol=tcp --port=3306\n"),
        Case("docker port", "deploy.sh", "docker run -p 8080:8080 -e DB_PASSWORD a\ndocker login -u oauth2accesstoken --password-stdin\n"),
        Case("mkdir -p", "Dockerfile", "FROM alpine:3.22\nRUN mkdir -p /etc/mysql/conf.d && apk add mysql-client\n"),
        Case("build secret", "Dockerfile", "FROM node:24\nRUN --mount=type=secret,id=npm_token NPM_TOKEN=$(cat /run/secrets/npm_token) npm ci\n"),
        Case("ARG without default", "Dockerfile", "FROM node:24\nARG NPM_TOKEN\nENV PASSWORD_FILE=/run/secrets/p\n"),
        Case("gcloud --set-secrets", "cloudbuild.yaml", "steps:\n- name: gcr.io/google.com/cloudsdktool/cloud-sdk\n  args: [gcloud, run, deploy, a, '--set-secrets=DB_PASSWORD=db-password:3']\n"),
        Case("a download checksum", "Dockerfile", f"FROM alpine:3.22\nARG TOOL_SHA256={_SHA256}\nRUN echo \"$TOOL_SHA256  a\" | sha256sum -c\n"),
        Case("a key server", "Dockerfile", "FROM debian:13\nRUN gpg --keyserver keys.openpgp.org --recv-keys 0xA1B2C3D4E5F60718293A4B5C6D7E8F9012345678\n"),
    ]  # fmt: skip


def _benign_manifests() -> list[Case]:
    return [
        Case("secretKeyRef", "k8s/app.yaml", workload("        - name: DB_PASSWORD\n          valueFrom:\n            secretKeyRef:\n              name: payment-api-database-2\n              key: postgres-password-v2\n")),
        Case("secretName", "k8s/app.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: a}]\n  volumes:\n  - name: tls-secret\n    secret:\n      secretName: payment-api-tls-2024\n"),
        Case("imagePullSecrets", "k8s/app.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nimagePullSecrets:\n- name: registry-credentials-eu1\n"),
        Case("an empty Secret", "k8s/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: Opaque\ndata: {}\n"),
        Case("a templated Secret", "k8s/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: ${DB_PASSWORD}\n"),
        Case("an ExternalSecret", "k8s/secret.yaml", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec:\n  secretStoreRef: {name: gcp-store-production1}\n  data:\n  - secretKey: password\n    remoteRef: {key: payment-api-db-password-2024}\n"),
        Case("a SealedSecret", "k8s/secret.yaml", f"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: a}}\nspec:\n  encryptedData:\n    password: AgBy{_SHA512}\n"),
        Case("a token projection", "k8s/app.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  automountServiceAccountToken: false\n  containers: [{name: a, image: a}]\n  volumes:\n  - name: token\n    projected:\n      sources:\n      - serviceAccountToken: {path: vault-token-file, expirationSeconds: 7200}\n"),
        Case("RBAC on secrets", "k8s/rbac.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\nrules:\n- apiGroups: ['']\n  resources: [secrets, serviceaccounts/token]\n  verbs: [get]\n"),
        Case("a ConfigMap of names", "k8s/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  PASSWORD_SECRET_NAME: payment-api-db\n  TOKEN_ISSUER: https://accounts.google.com\n  password-reset-template: reset-mail-v2\n"),
    ]  # fmt: skip


def _benign_files() -> list[Case]:
    return [
        Case("a lock file", "package-lock.json", json.dumps({"packages": {"node_modules/jsonwebtoken": {"version": "9.0.2", "integrity": f"sha512-{_SHA512}"}, "node_modules/js-tokens": {"version": "4.0.0", "integrity": f"sha512-{_SHA512}"}}})),
        Case("go.sum", "go.sum", "github.com/golang-jwt/jwt/v5 v5.2.1 h1:OuVbFODueb089Lh128TAcimifWaLhJwVflnrgM17wHk=\n"),
        Case("hashes of requirements", "requirements.txt", f"itsdangerous==2.2.0 --hash=sha256:{_SHA256}\n"),
        Case("yarn.lock", "yarn.lock", f"\"@octokit/auth-token@^5.0.0\":\n  version \"5.1.1\"\n  integrity sha512-{_SHA512}\n"),
        Case("workflow secrets", ".github/workflows/a.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    permissions: {id-token: write}\n    steps:\n    - uses: a/b@v1\n      with:\n        token: ${{ secrets.DEPLOY_TOKEN }}\n        password: ${{ steps.auth.outputs.access_token }}\n    - run: echo \"${{ secrets.NPM_TOKEN }}\" | docker login -u a --password-stdin\n"),
        Case("a pinned action", ".github/workflows/a.yml", f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: actions/create-github-app-token@{_SHA1} # v2.1.0\n"),
        Case("an example .env", ".env.example", "DB_PASSWORD=\nAPI_KEY=your-key\nSESSION_SECRET=replace-me-with-something-long\n"),
        Case("terraform references", "main.tf", 'resource "a" "b" {\n  password = var.db_password\n  token    = data.google_secret_manager_secret_version.token.secret_data\n  api_key  = random_password.key.result\n}\n'),
        Case("terraform variable", "variables.tf", 'variable "db_password" {\n  description = "Password of the database"\n  type        = string\n  sensitive   = true\n}\n'),
        Case("helm values", "values.yaml", "auth:\n  existingSecret: payment-api-auth-v2\n  existingSecretPasswordKey: postgres-password\n  password: ''\n"),
        Case("code that reads", "app.py", 'password = os.environ["DB_PASSWORD"]\ntoken = request.headers.get("X-Token")\napi_key = settings.api_key\n'),
        Case("code that types", "app.ts", "interface Login { password: string; accessToken: Promise<string> }\nconst secretKey = process.env.SECRET_KEY ?? '';\n"),
        Case("a public key", "deploy.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq8Vt7Zk3Qm8Rt2Vx7Lp1Nc5Hd9Ws4Bj6Gf0 ci@a\n"),
        Case("a certificate", "ca.pem", "-----BEGIN CERTIFICATE-----\n" + _PEM_BODY + "\n-----END CERTIFICATE-----\n"),
        Case("an .npmrc variable", ".npmrc", "//registry.internal/:_authToken=${NPM_TOKEN}\nengine-strict=true\n"),
        Case("gradle", "gradle.properties", "signing.keyId=24875D73\nsigning.password=${SIGNING_PASSWORD}\norg.gradle.jvmargs=-Xmx2g\n"),
    ]  # fmt: skip


def _benign_texts() -> list[Case]:
    return [
        Case("a URL with a variable", "docker-compose.yml", _env("DATABASE_URL: postgres://app:${DB_PASSWORD}@db:5432/a")),
        Case("a documented URL", "README.md", "Set `DATABASE_URL` to `postgres://user:password@localhost:5432/app`.\n"),
        Case("a documented header", "README.md", "Send `Authorization: Bearer <token>` or `Authorization: Bearer $TOKEN`.\n"),
        Case("documentation", "README.md", "The password must have at least 12 characters. Token: see Secret Manager. The secret is called payment-api-db.\n"),
        Case("a comment", "cloudbuild.yaml", _STEP + "  args: [build, .]\n# the password comes from Secret Manager; the token: never in this file\n"),
        Case("the format of a token", "README.md", "GitHub tokens begin with `" + "gh" + "p_` and Google keys with `" + "AI" + "za`.\n"),
        Case("AWS' own example", "README.md", "aws_access_key_id = " + "AK" + "IA" + "IOSFODNN7EXAMPLE\n"),
        Case("a mail address", "README.md", "Write to deploy:team@example.com or ftp://anonymous@files.example.com/a.\n"),
    ]  # fmt: skip
