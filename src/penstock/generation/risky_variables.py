"""Variables that change what a program runs, what it trusts or where it loads code from, whoever reads them."""

from __future__ import annotations

_NAMES = frozenset(
    {
        "BASH_ENV", "ENV", "PATH", "IFS", "CDPATH", "SHELL", "SHELLOPTS", "BASHOPTS", "PROMPT_COMMAND", "PS4", "HOME",
        "TMPDIR", "EDITOR", "PAGER", "NODE_OPTIONS", "NODE_PATH", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS",
        "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "PYTHONHTTPSVERIFY", "PYTHONWARNINGS",
        "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "RUBYOPT", "RUBYLIB", "PERL5OPT", "PERL5LIB", "PERL5DB", "PHPRC",
        "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS", "CLASSPATH",
        "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS", "SBT_OPTS", "GOFLAGS", "GOPROXY", "GONOSUMDB", "GOSUMDB",
        "GOPRIVATE", "GOINSECURE", "GOTOOLCHAIN", "RUSTFLAGS", "RUSTC_WRAPPER", "DOTNET_STARTUP_HOOKS", "MAKEFLAGS",
        "MFLAGS", "MAKEFILES", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_HOME",
        "WGETRC", "OPENSSL_CONF", "KUBECONFIG", "DOCKERFILE", "IMAGE",
    }
)  # fmt: skip
_BEGINNINGS = (
    "LD_", "DYLD_", "GIT_", "TRIVY_", "OSV_", "GITLEAKS_", "SYFT_", "COSIGN_", "NPM_CONFIG_", "YARN_", "PNPM_", "PIP_",
    "UV_", "POETRY_", "PDM_", "BUNDLE_", "COMPOSER_", "CARGO_", "NUGET_", "DOCKER_", "BUILDKIT_", "CLOUDSDK_",
)  # fmt: skip
_ENDINGS = ("_REGISTRY", "_PROXY", "_INDEX_URL")
_AT_RUN_TIME = frozenset(
    {"PATH", "BASH_ENV", "NODE_OPTIONS", "NODE_TLS_REJECT_UNAUTHORIZED", "PYTHONHTTPSVERIFY", "GIT_SSL_NO_VERIFY"}
)
"""Of a running service: with one of these its own program is another one, or trusts everybody."""


def is_risky(name: str) -> bool:
    """Whether a step or service with this variable runs or trusts something else than it says."""
    upper = name.upper()
    return upper in _NAMES or upper.startswith(_BEGINNINGS) or upper.endswith(_ENDINGS)


def is_risky_at_run_time(name: str) -> bool:
    """Whether a running service does not get it, even where a sentence asks for it."""
    upper = name.upper()
    return upper in _AT_RUN_TIME or upper.startswith(("LD_", "DYLD_"))
