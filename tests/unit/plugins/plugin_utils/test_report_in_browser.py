# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a real browser: headless Chromium, steered by its command line alone."""

from __future__ import annotations

import html
import importlib.resources
import json
import pathlib
import re
import shutil
import subprocess
import typing as t

import pytest
from helpers import reports

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _overview
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report import build
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report_page import render, render_overview

pytestmark = pytest.mark.heavy

# The page forbids scripts, so the tests' own are put into a copy without that rule.
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
ANSWER = re.compile(r'<pre id="answer">(.*?)</pre>', re.DOTALL)
TELL = """
function tell(value) {
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = JSON.stringify(value);
  document.body.append(answer);
}
"""


class Browser:
    """Opens pages in a directory of their own."""

    def __init__(self, program: str, directory: pathlib.Path) -> None:
        self._program = program
        self._directory = directory

    def dump(self, text: str, *options: str) -> str:
        """The document after its scripts have run."""
        file = self._directory / "page.html"
        file.write_text(text, encoding="utf-8")
        command = [
            self._program,
            "--headless",
            "--no-sandbox",  # the tests may run as root
            "--disable-gpu",
            f"--user-data-dir={self._directory / 'profile'}",
            "--virtual-time-budget=60000",
            *options,
            "--dump-dom",
            file.as_uri(),
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout

    def ask(self, text: str, script: str, *options: str) -> t.Any:
        """What a script in the page tells."""
        copy, rules = POLICY.subn("", text)
        assert rules == 1
        copy = copy.replace("</body>", f"<script>{TELL}{script}</script></body>")
        answer = ANSWER.search(self.dump(copy, *options))
        assert answer
        return json.loads(html.unescape(answer[1]))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("the Debian package chromium is not installed")
    return Browser(program, tmp_path_factory.mktemp("chromium"))


TIME = "2026-11-24T12:00:00+00:00"


def report(*arguments: t.Any, failure: t.Any = None) -> dict[str, t.Any]:
    return build("groups.contoso.com", reports.sections(*arguments), time=TIME, check_mode=False, failure=failure)


def page(*arguments: t.Any) -> str:
    return render(report(*arguments), "report.json")


def overview_page(name: str = "Sales") -> str:
    failure = {"task": name, "message": f"Everything went wrong with {name}."}
    sound = build("groups.contoso.com", {}, time=TIME, check_mode=False)
    found = {"contoso": report(name, failure=failure), "fabrikam": report(), "northwind": None, "tailspin": sound}
    pages = {organization: pathlib.Path(f"/reports/{organization}.html") for organization in found}
    return render_overview(_overview.build(pages, found, pathlib.Path("/reports"), time=TIME, max_age=24), "overview.json")


LIGHT = "--blink-settings=preferredColorScheme=1"
DARK = "--blink-settings=preferredColorScheme=0"


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("make", [page, overview_page], ids=["report", "overview"])
def test_accessibility(browser: Browser, make: t.Callable[[], str], scheme: str) -> None:
    axe = importlib.resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    script = f"""
    {axe}
    axe.run().then(result => tell({{
      dark: matchMedia("(prefers-color-scheme: dark)").matches,
      passes: result.passes.map(rule => rule.id),
      violations: result.violations.map(rule => [rule.id, ...rule.nodes.map(node => node.html + node.failureSummary)]),
    }}));
    """
    answer = browser.ask(make(), script, scheme)
    assert answer["dark"] is (scheme == DARK)
    assert answer["violations"] == []
    assert {"color-contrast", "document-title", "svg-img-alt" if make is page else "link-name"} <= set(answer["passes"])


def test_hostile_names_do_nothing(browser: Browser) -> None:
    hostile = "document.title + document.querySelectorAll('img, script:not(:last-of-type)').length"
    title = browser.ask(page(reports.HOSTILE), f"tell({hostile})")
    assert title == "Microsoft 365 Groups with on-premises Exchange: groups.contoso.com0"


def test_scripts_are_forbidden_by_the_page_itself(browser: Browser) -> None:
    """Should escaping ever fail, the page's own policy still stands."""
    injected = page().replace("</main>", "<script>document.title = 'owned'</script></main>")
    assert "<title>owned" not in browser.dump(injected)


def test_a_thousand_groups_open_soon(browser: Browser) -> None:
    script = """
    addEventListener("load", () => {
      document.querySelectorAll("details").forEach(part => part.open = true);
      tell([performance.now() + 0 * document.body.offsetHeight, document.querySelectorAll(".affected li").length]);
    });
    """
    milliseconds, groups = browser.ask(page("Sales", 1000), script)
    assert groups >= 1000
    assert milliseconds < 2000


@pytest.mark.parametrize(
    "text",
    [page(reports.HOSTILE, 1000), overview_page("a/b" * 60), overview_page(reports.HOSTILE)],
    ids=["report", "long", "overview"],
)
def test_nothing_sticks_out_on_a_phone(browser: Browser, text: str) -> None:
    # Headless windows are never that narrow, a frame is.
    frame = POLICY.sub("", text).replace("<details>", "<details open>")
    policy = '<meta http-equiv="Content-Security-Policy">'
    outer = f'<!DOCTYPE html>{policy}<body><iframe width="360" srcdoc="{html.escape(frame)}"></iframe></body>'
    script = """
    addEventListener("load", () => {
      const inner = document.querySelector("iframe").contentDocument.documentElement;
      tell([inner.clientWidth, inner.scrollWidth]);
    });
    """
    visible, needed = browser.ask(outer, script)
    assert 300 < visible <= 360
    assert needed <= visible
