# METADATA
# title: Every rule by id
# description: Written by penstock.policy.catalogue; do not edit.
package penstock.main.table

results["compliance.audit.build_logging"] := data.penstock.rules.compliance.audit.build_logging.findings

results["compliance.change.protected_paths"] := data.penstock.rules.compliance.change.protected_paths.findings

results["integrity.file.unknown_kind"] := data.penstock.rules.integrity.file.unknown_kind.findings

results["integrity.text.hidden_characters"] := data.penstock.rules.integrity.text.hidden_characters.findings

results["integrity.yaml.ambiguous"] := data.penstock.rules.integrity.yaml.ambiguous.findings

results["security.k8s.schema"] := data.penstock.rules.security.k8s.schema.findings

results["security.pipeline.schema"] := data.penstock.rules.security.pipeline.schema.findings

results["security.secrets.configmap_secret"] := data.penstock.rules.security.secrets.configmap_secret.findings

results["security.secrets.hardcoded_credential"] := data.penstock.rules.security.secrets.hardcoded_credential.findings

results["security.secrets.k8s_secret_literal"] := data.penstock.rules.security.secrets.k8s_secret_literal.findings

results["security.secrets.private_key"] := data.penstock.rules.security.secrets.private_key.findings

results["security.secrets.provider_token"] := data.penstock.rules.security.secrets.provider_token.findings

results["security.secrets.url_credentials"] := data.penstock.rules.security.secrets.url_credentials.findings
