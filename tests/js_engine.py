"""Generated JavaScript in headless Chromium: many programs in one page, whose policy forbids code from text.

    with Engine() as engine:
        results = engine.run([(program, arrays), ...])      # a list of arrays for each, or the error's text

Numbers go to the page and come back as bytes, so that no digit is lost.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.chromium import chromium

BATCH = 400  # programs in one page
POLICY = "default-src 'none'; script-src 'nonce-made'"
PAGE = """<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<script nonce="made">
globalThis.programs = [];
globalThis.failures = [];
addEventListener("error", (e) => failures.push(`${{e.message}} (line ${{e.lineno}})`));
globalThis.unpack = (kind, text) => {{
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new globalThis[kind](bytes.buffer);
}};
globalThis.pack = (array) => {{
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let raw = "";
  for (let i = 0; i < bytes.length; i++) raw += String.fromCharCode(bytes[i]);
  return btoa(raw);
}};
globalThis.runAll = (jobs) => jobs.map(([number, inputs]) => {{
  try {{
    const arrays = inputs.map(([kind, text]) => kind ? unpack(kind, text) : null);
    programs[number](...arrays);
    return programs[number](...arrays).map((a) => a === null ? null : pack(a));
  }} catch (error) {{
    return String(error && error.stack || error);
  }}
}});
</script>
{scripts}
"""
HELD = {"Float32Array": "<f4", "Float64Array": "<f8", "Uint8Array": "u1", "Int8Array": "i1", "Int16Array": "<i2",
        "Int32Array": "<i4", "Uint16Array": "<u2", "Uint32Array": "<u4"}  # fmt: skip


class Engine:
    """A page for programs.  Each is called twice: the second results count, for arrays are used again."""

    def __enter__(self) -> Engine:
        self._browser = chromium()
        self.page = self._browser.__enter__().new_page()
        return self

    def __exit__(self, *error: Any) -> None:
        self.page.close()
        self._browser.__exit__(*error)

    def load(self, sources: Sequence[str]) -> None:
        """A fresh page with these modules: `programs[k]` is what the k-th exports."""
        scripts = []
        for k, source in enumerate(sources):
            assert source.startswith("export const ")
            body = source.split(" = ", 1)[1]
            scripts.append(f'<script nonce="made">programs[{k}] = {body}</script>')
        self.page.set_content(PAGE.format(policy=POLICY, scripts="\n".join(scripts)))
        failures = self.page.evaluate("failures")
        assert not failures, failures

    def run(self, jobs: Sequence[tuple[Any, Sequence[Any]]]) -> list[list[Any] | str]:
        """What each program gives on its arrays, or the text of its error."""
        found: list[list[Any] | str] = []
        for start in range(0, len(jobs), BATCH):
            part = jobs[start : start + BATCH]
            self.load([program.source for program, _ in part])
            given = [
                (k, [_packed(d, a) for d, a in zip(program.inputs, arrays, strict=True)])
                for k, (program, arrays) in enumerate(part)
            ]
            for (program, _), texts in zip(part, self.page.evaluate("runAll", given), strict=True):
                if isinstance(texts, str):
                    found.append(texts)
                else:
                    pairs = zip(program.outputs, texts, strict=True)
                    found.append([_unpacked(d, t) for d, t in pairs])
        return found


def _packed(described: Any, array: Any) -> tuple[str, str]:
    if not described.array:
        return "", ""
    held = np.ascontiguousarray(array).astype(HELD[described.array])
    return described.array, base64.b64encode(held.tobytes()).decode()


def _unpacked(described: Any, text: str | None) -> Any:
    """A result; 64-bit integers that are not exact stay float64."""
    if text is None:
        return None
    raw = base64.b64decode(text)
    if not described.array:
        return raw
    held = np.frombuffer(raw, HELD[described.array]).reshape(described.shape)
    if described.dtype in ("int64", "uint64") and np.abs(held).max(initial=0) > 2**53:
        return held
    return held.astype(described.dtype)
