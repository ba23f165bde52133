"""Token formats, written from what the providers document about their own tokens.

Each has a fixed prefix or a built-in check; opaque tokens without one are the structural layer's business. The value is
the first group when there is one. ``least``: Shannon entropy (bits a character) below which it is an example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penstock.policy.secrets.checksums import base62_crc32, secret_jwt, whole_crc32
from penstock.policy.secrets.finding import PRIVATE_KEY, TOKEN


@dataclass(frozen=True, slots=True)
class Format:
    """One shape. ``words`` is how a finding names it; ``prefix`` marks placeholders of this provider."""

    words: str
    pattern: str
    least: float = 3.0
    check: Callable[[str], bool] | None = None
    rule: str = TOKEN


_B = r"(?:^|[^0-9A-Za-z_-])"
"""Nothing that could belong to the token stands before it."""

FORMATS: tuple[Format, ...] = (
    Format("a Google API key", _B + r"(AIza[0-9A-Za-z_-]{35})"),
    Format("a Google OAuth client secret", _B + r"(GOCSPX-[0-9A-Za-z_-]{28})"),
    Format("a Google OAuth token", _B + r"(ya29\.[0-9A-Za-z_-]{30,})"),
    Format("a Google refresh token", _B + r"(1//0[0-9A-Za-z_-]{40,})"),
    Format("a GitHub token", _B + r"(gh[pousr]_[0-9A-Za-z]{36})", check=base62_crc32),
    Format("a GitHub server token", _B + r"(ghs_[0-9A-Za-z]+_[0-9A-Za-z_.-]{60,})"),
    Format("a GitHub fine-grained token", _B + r"(github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59})"),
    Format("a GitLab token", _B + r"(gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct|wt)-[0-9A-Za-z_.-]{20,})"),
    Format("a GitLab runner token", _B + r"(GR1348941[0-9A-Za-z_-]{20})"),
    Format("an AWS access key", _B + r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?:[^0-9A-Za-z]|$)"),
    Format("a Slack token", _B + r"(xox[abeoprs](?:\.xox[bp])?-[0-9A-Za-z-]{20,})"),
    Format("a Slack app token", _B + r"(xapp-[0-9]-[0-9A-Z]+-[0-9]+-[0-9a-f]{32,})"),
    Format(
        "a Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(T[0-9A-Z]{6,}/[0-9A-Za-z]{6,}/[0-9A-Za-z/]{16,})",
    ),
    Format("a Discord webhook", r"discord(?:app)?\.com/api/webhooks/([0-9]{17,20}/[0-9A-Za-z_-]{60,})"),
    Format(
        "a Teams webhook",
        r"webhook\.office\.com/webhookb2/([0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36})",
    ),
    Format("a Stripe key", _B + r"((?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16,})"),
    Format("a Stripe webhook secret", _B + r"(whsec_[0-9A-Za-z+/=]{24,})"),
    Format("an Anthropic key", _B + r"(sk-ant-[a-z]+[0-9]{2}-[0-9A-Za-z_-]{40,})"),
    Format("an OpenAI key", _B + r"(sk-(?:proj-|svcacct-|admin-|None-)?[0-9A-Za-z_-]{16,}T3BlbkFJ[0-9A-Za-z_-]{16,})"),
    Format("an OpenAI project key", _B + r"(sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{48,})"),
    Format("an npm token", _B + r"(npm_[0-9A-Za-z]{36})", check=base62_crc32),
    Format("a PyPI token", _B + r"(pypi-AgE[0-9A-Za-z_-]{50,})"),
    Format("a Hugging Face token", _B + r"((?:hf|api_org)_[A-Za-z]{34})"),
    Format("a SendGrid key", _B + r"(SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43})"),
    Format("a Mailgun key", _B + r"(key-[0-9a-f]{32})(?:[^0-9A-Za-z]|$)"),
    Format("a Mailchimp key", _B + r"([0-9a-f]{32}-us[0-9]{1,2})(?:[^0-9A-Za-z]|$)"),
    Format("a Twilio key", _B + r"(SK[0-9a-f]{32})(?:[^0-9A-Za-z]|$)"),
    Format("a Square token", _B + r"(sq0[a-z]{3}-[0-9A-Za-z_-]{22,43}|EAAA[0-9A-Za-z_-]{60})"),
    Format("a Shopify token", _B + r"(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})"),
    Format("a DigitalOcean token", _B + r"(do[opr]_v1_[0-9a-f]{64})"),
    Format("a Heroku key", _B + r"(HRKU-[0-9A-Za-z_-]{36,})"),
    Format("a Databricks token", _B + r"(dapi[0-9a-f]{32}(?:-[0-9])?)"),
    Format("a Docker Hub token", _B + r"(dckr_[po]at_[0-9A-Za-z_-]{27,32})"),
    Format("a Terraform Cloud token", _B + r"([0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,70})"),
    Format("a Vault token", _B + r"(hv[sbr]\.[0-9A-Za-z_-]{24,})"),
    Format("a Grafana token", _B + r"(glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}|glc_[0-9A-Za-z+/]{32,}={0,2})"),
    Format("a New Relic key", _B + r"(NRAK-[0-9A-Z]{27}|NRJS-[0-9a-f]{19}|NRII-[0-9A-Za-z_-]{32})"),
    Format("a Sentry token", _B + r"(sntrys_eyJ[0-9A-Za-z+/=_]{60,}|sntryu_[0-9a-f]{64})"),
    Format("a Linear key", _B + r"(lin_(?:api|oauth)_[0-9A-Za-z]{40,64})"),
    Format("a Notion token", _B + r"(ntn_[0-9A-Za-z]{40,}|secret_[0-9A-Za-z]{43})(?:[^0-9A-Za-z_]|$)", 3.5),
    Format("a Postman key", _B + r"(PMAK-[0-9a-f]{24}-[0-9a-f]{34})"),
    Format(
        "a Figma token",
        _B + r"(fig[dour]_?[0-9A-Za-z_-]{38,}-?[0-9A-Za-z_-]*)",
        4.0, lambda token: token[:5] in {"figd_", "figu_", "figo_"},
    ),
    Format("an Atlassian token", _B + r"(AT[ACT]TT3[0-9A-Za-z_=-]{60,}|ATBB[0-9A-Za-z]{32})"),
    Format(
        "a Discord bot token",
        _B + r"([MNO][0-9A-Za-z_-]{23,27}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,38})(?:[^0-9A-Za-z_-]|$)",
        4.0,
    ),
    Format("a Telegram bot token", _B + r"([0-9]{8,10}:AA[0-9A-Za-z_-]{33})(?:[^0-9A-Za-z_-]|$)"),
    Format("an Azure storage key", r"AccountKey=([0-9A-Za-z+/]{86}==)"),
    Format("an Azure shared access key", r"SharedAccessKey=([0-9A-Za-z+/]{43}=)"),
    Format(
        "an Azure client secret",
        _B + r"([0-9A-Za-z_.~-]{3}[0-9]Q~[0-9A-Za-z_.~-]{31,34})(?:[^0-9A-Za-z_.~-]|$)",
        3.5,
    ),
    Format("an Azure SAS signature", r"[?&]sig=([0-9A-Za-z%+/]{43,}(?:%3D|=))", 3.5),
    Format("an Azure DevOps token", _B + r"([0-9A-Za-z]{76}AZDO[0-9A-Za-z]{4})(?:[^0-9A-Za-z]|$)", 3.5),
    Format("a RubyGems key", _B + r"(rubygems_[0-9a-f]{48})"),
    Format("a crates.io token", _B + r"(cio[0-9A-Za-z]{32})(?:[^0-9A-Za-z]|$)", 4.0),
    Format("a NuGet key", _B + r"(oy2[a-z0-9]{43})(?:[^0-9A-Za-z]|$)", 3.5),
    Format("a Doppler token", _B + r"(dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[0-9A-Za-z]{40,44})"),
    Format("a Pulumi token", _B + r"(pul-[0-9a-f]{40})"),
    Format("a PlanetScale token", _B + r"(pscale_(?:tkn|pw|oauth)_[0-9A-Za-z_.=-]{32,64})"),
    Format("a Supabase key", _B + r"(sbp_[0-9a-f]{40}|sb_secret_[0-9A-Za-z_-]{31,})"),
    Format("a Netlify token", _B + r"(nfp_[0-9A-Za-z]{36,})"),
    Format("a Render key", _B + r"(rnd_[0-9A-Za-z]{28,})", 3.5),
    Format("a Fly.io token", _B + r"(fm[12]_[0-9A-Za-z+/=_-]{60,}|fo1_[0-9A-Za-z_-]{43})"),
    Format("an Airtable token", _B + r"(pat[0-9A-Za-z]{14}\.[0-9a-f]{64})"),
    Format("an Artifactory key", _B + r"(AKCp[0-9A-Za-z]{69}|cmVmdGtu[0-9A-Za-z]{56})(?:[^0-9A-Za-z]|$)"),
    Format("a SonarQube token", _B + r"(sq[pua]_[0-9a-f]{40})"),
    Format("an age secret key", r"(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})", rule=PRIVATE_KEY),
    Format("a Groq key", _B + r"(gsk_[0-9A-Za-z]{52})"),
    Format("a Replicate token", _B + r"(r8_[0-9A-Za-z]{37})"),
    Format("an xAI key", _B + r"(xai-[0-9A-Za-z]{80})"),
    Format("a Perplexity key", _B + r"(pplx-[0-9A-Za-z]{40,})"),
    Format("an OpenRouter key", _B + r"(sk-or-v1-[0-9a-f]{64})"),
    Format("a Facebook token", _B + r"(EAA[0-9A-Za-z]{100,})(?:[^0-9A-Za-z]|$)"),
    Format("a LaunchDarkly key", _B + r"((?:sdk|api)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})"),
    Format("a Mapbox secret token", _B + r"(sk\.eyJ[0-9A-Za-z_-]{40,}\.[0-9A-Za-z_-]{20,})"),
    Format("a Razorpay key", _B + r"(rzp_(?:live|test)_[0-9A-Za-z]{14})(?:[^0-9A-Za-z]|$)"),
    Format("an Alibaba access key", _B + r"(LTAI[0-9A-Za-z]{17,21})(?:[^0-9A-Za-z]|$)", 3.3),
    Format("a Dynatrace token", _B + r"(dt0[a-zA-Z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64})"),
    Format("a Prefect key", _B + r"(pn[ub]_[0-9A-Za-z]{36})"),
    Format("a PostHog personal key", _B + r"(phx_[0-9A-Za-z]{40,})"),
    Format("a Tailscale key", _B + r"(tskey-[a-z]+-[0-9A-Za-z]+-[0-9A-Za-z]{20,})"),
    Format("a 1Password service token", _B + r"(ops_eyJ[0-9A-Za-z_-]{100,})"),
    Format("a Buildkite token", _B + r"(bk[uac][a-z]?_[0-9a-f]{40})"),
    Format("a CircleCI token", _B + r"(CCI(?:PAT|PRJ)_[0-9A-Za-z]{20,}_[0-9a-f]{40})"),
    Format("a Snyk token", _B + r"(snyk_[us]at\.[0-9a-z]{8}\.[0-9A-Za-z_.-]{60,})"),
    Format("a Penstock key", _B + r"(pst_(?:live|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49})", check=whole_crc32),
    Format(
        "a JSON web token",
        _B + r"(eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,})",
        4.0, secret_jwt,
    ),
)  # fmt: skip

PREFIXES: tuple[str, ...] = (
    "AIza", "GOCSPX-", "ya29.", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA",
    "xoxb-", "xoxp-", "xoxa-", "xapp-", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "sk-ant-", "sk-proj-",
    "npm_", "pypi-", "hf_", "SG.", "dckr_pat_", "dop_v1_", "hvs.", "pst_live_", "pst_test_", "pk_live_", "pk_test_",
)  # fmt: skip
"""A value that begins like one of these and does not pass that format is a placeholder (POLICY.md §3.3)."""
