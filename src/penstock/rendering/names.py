"""What things are called in Google Cloud: every name of every file comes from here, so files agree.

Names that are too long for their place are cut and end in a hash of the whole, so two never become one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from penstock.domain.spec import Environment, PipelineSpec, SecretRef, ServiceSpec, Trigger

_MAX_TARGET = 34
"""Cloud Deploy names a rollout RELEASE-to-TARGET-NNNN, at most 63 characters; our releases have 20."""
_MIN_ACCOUNT, _MAX_ACCOUNT = 6, 30
"""Service account ids have 6 to 30 characters."""
_MAX_CLOUD_RUN = 49
_MAX_NAME = 63
_MAX_SECRET = 255
_ACCOUNT = re.compile(r"(?:projects/[^/]+/serviceAccounts/)?([a-z0-9-]+)@([a-z0-9.-]+)")
_HASH = 6
_CLUSTER = "apps"


def fitted(text: str, limit: int) -> str:
    """Return the text, or its beginning and six hex digits of its hash when it is longer than ``limit``."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH]
    return f"{text[: limit - _HASH - 1].rstrip('-')}-{digest}"


@dataclass(frozen=True)
class Names:
    """Names derived from one spec."""

    spec: PipelineSpec

    def image(self, service: ServiceSpec) -> str:
        """Return the image's address in Artifact Registry, without tag."""
        cloud = self.spec.cloud
        return f"{cloud.region}-docker.pkg.dev/{cloud.project}/{cloud.repository}/{service.image.name}"

    def delivery(self, service: ServiceSpec) -> str:
        """Return the name of a service's Cloud Deploy delivery pipeline."""
        return fitted(service.name, _MAX_NAME)

    def target(self, service: ServiceSpec, environment: Environment) -> str:
        """Return the name of a Cloud Deploy target."""
        return fitted(f"{service.name}-{environment.name}", _MAX_TARGET)

    def workload(self, service: ServiceSpec, environment: Environment) -> str:
        """Return the Cloud Run name of a service in an environment; environments share one project and region."""
        return fitted(f"{service.name}-{environment.name}", _MAX_CLOUD_RUN)

    def namespace(self, service: ServiceSpec, environment: Environment) -> str:
        """Return the Kubernetes namespace of a service in an environment."""
        return fitted(f"{service.name}-{environment.name}", _MAX_NAME)

    def runtime_account(self, service: ServiceSpec, environment: Environment) -> str:
        """Return the e-mail of the identity the service has in an environment."""
        name = f"{service.name}-{environment.name}"
        return self._email(fitted(name if len(name) >= _MIN_ACCOUNT else f"{name}-run", _MAX_ACCOUNT))

    def account(self, role: str) -> str:
        """Return the e-mail of the pipeline's identity for check, build, release or deploy.

        Pull requests run code nobody reviewed, so they get another identity than the build that may push.
        """
        found = _ACCOUNT.fullmatch(self.spec.build.service_account)
        if found is None:
            return self.spec.build.service_account
        if role == "build":
            return f"{found[1]}@{found[2]}"
        stem = found[1].removesuffix("-build")
        return f"{fitted(f'{stem}-{role}', _MAX_ACCOUNT)}@{found[2]}"

    def secret(self, secret: SecretRef, environment: Environment | None = None) -> str:
        """Return the name in Secret Manager. Each environment has runtime secrets of its own."""
        if environment is None or secret.at == "build":
            return secret.secret
        return fitted(f"{secret.secret}-{environment.name}", _MAX_SECRET)

    def trigger(self, trigger: Trigger) -> str:
        """Return the name of a Cloud Build trigger, which is unique in the project."""
        return fitted(f"{self.spec.name}-{trigger.name}", _MAX_NAME)

    def cluster(self) -> str:
        """Return the GKE cluster's name; a spec for GKE that names none gets the one the documentation creates."""
        return self.spec.cloud.cluster or _CLUSTER

    def _email(self, account: str) -> str:
        return f"{account}@{self.spec.cloud.project}.iam.gserviceaccount.com"
