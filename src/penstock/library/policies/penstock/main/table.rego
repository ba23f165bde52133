# METADATA
# title: Every rule by id
# description: Written by penstock.policy.catalogue; do not edit.
package penstock.main.table

results["compliance.approval.automation_bypass"] := data.penstock.rules.compliance.approval.automation_bypass.findings

results["compliance.approval.direct_prod_deploy"] := data.penstock.rules.compliance.approval.direct_prod_deploy.findings

results["compliance.approval.gha_environment"] := data.penstock.rules.compliance.approval.gha_environment.findings

results["compliance.approval.prod_target"] := data.penstock.rules.compliance.approval.prod_target.findings

results["compliance.approval.progression"] := data.penstock.rules.compliance.approval.progression.findings

results["compliance.audit.build_logging"] := data.penstock.rules.compliance.audit.build_logging.findings

results["compliance.audit.provenance"] := data.penstock.rules.compliance.audit.provenance.findings

results["compliance.audit.traceability"] := data.penstock.rules.compliance.audit.traceability.findings

results["compliance.change.protected_paths"] := data.penstock.rules.compliance.change.protected_paths.findings

results["compliance.change.tests_present"] := data.penstock.rules.compliance.change.tests_present.findings

results["integrity.file.unknown_kind"] := data.penstock.rules.integrity.file.unknown_kind.findings

results["integrity.text.hidden_characters"] := data.penstock.rules.integrity.text.hidden_characters.findings

results["integrity.yaml.ambiguous"] := data.penstock.rules.integrity.yaml.ambiguous.findings

results["security.k8s.schema"] := data.penstock.rules.security.k8s.schema.findings

results["security.pipeline.builder_pinned"] := data.penstock.rules.security.pipeline.builder_pinned.findings

results["security.pipeline.builder_pinned_digest"] := data.penstock.rules.security.pipeline.builder_pinned_digest.findings

results["security.pipeline.builder_pinned_floating"] := data.penstock.rules.security.pipeline.builder_pinned_floating.findings

results["security.pipeline.command_injection"] := data.penstock.rules.security.pipeline.command_injection.findings

results["security.pipeline.docker_escape"] := data.penstock.rules.security.pipeline.docker_escape.findings

results["security.pipeline.hygiene"] := data.penstock.rules.security.pipeline.hygiene.findings

results["security.pipeline.mutable_tag"] := data.penstock.rules.security.pipeline.mutable_tag.findings

results["security.pipeline.public_service"] := data.penstock.rules.security.pipeline.public_service.findings

results["security.pipeline.remote_script"] := data.penstock.rules.security.pipeline.remote_script.findings

results["security.pipeline.schema"] := data.penstock.rules.security.pipeline.schema.findings

results["security.pipeline.service_account"] := data.penstock.rules.security.pipeline.service_account.findings

results["security.pipeline.service_account_logging"] := data.penstock.rules.security.pipeline.service_account_logging.findings

results["security.pipeline.step_graph"] := data.penstock.rules.security.pipeline.step_graph.findings

results["security.pipeline.tls_disabled"] := data.penstock.rules.security.pipeline.tls_disabled.findings

results["security.pipeline.tls_disabled_step"] := data.penstock.rules.security.pipeline.tls_disabled_step.findings

results["security.pipeline.undefined_substitution"] := data.penstock.rules.security.pipeline.undefined_substitution.findings

results["security.pipeline.untrusted_image"] := data.penstock.rules.security.pipeline.untrusted_image.findings

results["security.scans.image_scan_required"] := data.penstock.rules.security.scans.image_scan_required.findings

results["security.scans.sbom"] := data.penstock.rules.security.scans.sbom.findings

results["security.scans.scan_before_release"] := data.penstock.rules.security.scans.scan_before_release.findings

results["security.scans.scan_blocking"] := data.penstock.rules.security.scans.scan_blocking.findings

results["security.scans.scan_blocking_threshold"] := data.penstock.rules.security.scans.scan_blocking_threshold.findings

results["security.scans.source_scans"] := data.penstock.rules.security.scans.source_scans.findings

results["security.secrets.build_arg"] := data.penstock.rules.security.secrets.build_arg.findings

results["security.secrets.configmap_secret"] := data.penstock.rules.security.secrets.configmap_secret.findings

results["security.secrets.floating_version"] := data.penstock.rules.security.secrets.floating_version.findings

results["security.secrets.hardcoded_credential"] := data.penstock.rules.security.secrets.hardcoded_credential.findings

results["security.secrets.k8s_secret_literal"] := data.penstock.rules.security.secrets.k8s_secret_literal.findings

results["security.secrets.long_lived_key"] := data.penstock.rules.security.secrets.long_lived_key.findings

results["security.secrets.plain_env_flag"] := data.penstock.rules.security.secrets.plain_env_flag.findings

results["security.secrets.printed"] := data.penstock.rules.security.secrets.printed.findings

results["security.secrets.private_key"] := data.penstock.rules.security.secrets.private_key.findings

results["security.secrets.provider_token"] := data.penstock.rules.security.secrets.provider_token.findings

results["security.secrets.undefined_reference"] := data.penstock.rules.security.secrets.undefined_reference.findings

results["security.secrets.undefined_reference_k8s"] := data.penstock.rules.security.secrets.undefined_reference_k8s.findings

results["security.secrets.unescaped_secret"] := data.penstock.rules.security.secrets.unescaped_secret.findings

results["security.secrets.url_credentials"] := data.penstock.rules.security.secrets.url_credentials.findings
