"""The bundle's README: how a person checks it by hand, in Chinese and English, with commands ready to run."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from docsvc.domain.evidence import Recorded
from docsvc.domain.leaf import SIGNING_EVENTS
from docsvc.domain.merkle import sibling_sides
from docsvc.domain.note import Checkpoint, Note, shown


def guide(events: Sequence[Recorded], checkpoint: Checkpoint, note: Note) -> str:
    """Markdown with one block of shell commands; they need sh, openssl, base64 and sha256sum, nothing of ours."""
    last = [e for e in events if e.leaf.type in SIGNING_EVENTS][-1]
    facts = last.opening.facts
    listed = "\n".join(f"- {e.index}: `{e.leaf.type}` {e.leaf.at.isoformat()}" for e in events)
    return f"""# {facts["number"]} · 证据包 / evidence bundle

## 用途

本包证明：`document.pdf` 在检查点（`checkpoint`）签名之前已登记于日志 `{checkpoint.origin}`，此后未被改动。
核验不需要出具单位的数据库，也不需要联网，但**需要从本包以外的可靠渠道取得日志公钥**：`keys/` 中的公钥只供对照，
不能自证。本包只含该检查点之前的事件；之后文书若被作废，须向出具单位查询。

自动核验：`docsvc verify document.pdf --evidence 本包.zip --trust 信任目录`

## What this is

This bundle proves that `document.pdf` was in the log `{checkpoint.origin}` when its `checkpoint` was signed, and
has not changed since. Checking it needs neither the issuer's database nor a network, but it **does need the log's
public key from a source other than this bundle**: the one in `keys/` is for comparison and proves nothing itself.
Only events before that checkpoint are in here; ask the issuer whether the document was voided later.

With docsvc: `docsvc verify document.pdf --evidence BUNDLE.zip --trust FOLDER`

## 文件 / files

- `document.pdf` 文书 / the document
- `entries/N.json` 日志第 N 条（公开，不含个人信息）/ leaf N of the log, public, without personal data
- `openings/N.json` 该条承诺所指的事实（含随机盐）/ what that leaf commits to, with its salt
- `proofs/N.tlog-proof` 包含证明（C2SP tlog-proof）/ inclusion proof
- `checkpoint` 日志签名的树根，共 {checkpoint.size} 条 / the log's signed tree head (C2SP tlog-checkpoint)
- `keys/log.vkey` `keys/log.pem` 日志公钥（仅供对照）/ the log's public key, for comparison only
- `keys/scan*.pub` 二维码签名公钥（仅供对照）/ the public keys of codes, for comparison only
- `certificates/*.pem` 印章证书链 / certificates of the seal

所用模板 / template: `{facts["doc_type"]}`{_version(events)}，SHA-256 `{last.opening.sha256["template"]}`

本文书的事件 / events of this document:

{listed}

## 手工核验 / by hand

在解压后的目录中执行；三行 `OK` 即为通过。
Run in the unpacked folder; it is genuine if it prints `OK` three times and `keys/log.pem` is the key you trust.

```sh
{_commands(last, checkpoint, note)}```
"""


def _version(events: Sequence[Recorded]) -> str:
    """Which version of its template, as the service said when it was sealed."""
    told = [e.opening.detail["template_version"] for e in events if "template_version" in e.opening.detail]
    return f" 第{shown(str(told[-1]))}版 / version {shown(str(told[-1]))}" if told else ""


def _commands(event: Recorded, checkpoint: Checkpoint, note: Note) -> str:
    sides = sibling_sides(event.index, checkpoint.size, len(event.proof.hashes)) or []
    steps = "".join(
        f"up {'left' if left else 'right'} {base64.b64encode(h).decode()}\n"
        for left, h in zip(sides, event.proof.hashes, strict=False)
    )
    signature = base64.b64encode(note.signatures[0].signature).decode()
    i = event.index
    return f"""set -e
# 1. PDF -> entry; opening -> entry
grep -q "\\"signed\\":\\"$(sha256sum < document.pdf | cut -c1-64)\\"" entries/{i}.json
grep -q "\\"commitment\\":\\"$(sha256sum < openings/{i}.json | cut -c1-64)\\"" entries/{i}.json
echo OK
# 2. entry -> root of the tree (RFC 9162, 2.1.3.2)
node=$( (printf '\\000'; cat entries/{i}.json) | openssl dgst -sha256 -binary | base64)
up() {{
  if [ "$1" = left ]; then set -- "$2" "$node"; else set -- "$node" "$2"; fi
  node=$( (printf '\\001'; echo "$1" | base64 -d; echo "$2" | base64 -d) | openssl dgst -sha256 -binary | base64)
}}
{steps}[ "$node" = "$(sed -n 3p checkpoint)" ]
echo OK
# 3. root -> signature of the log (Ed25519, RFC 8032)
tmp=$(mktemp -d)
sed -n '1,3p' checkpoint > "$tmp/text"
echo {signature} | base64 -d > "$tmp/signature"
openssl pkeyutl -verify -pubin -inkey keys/log.pem -rawin -in "$tmp/text" -sigfile "$tmp/signature" > /dev/null
rm -r "$tmp"
echo OK
"""
