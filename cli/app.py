"""Commands and their options; the work is done in the module named by each command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import click

from quarterhour.data.faults import InputFaults
from quarterhour.data.text import choose_language, languages, tr

from .console import Screen, utf8_output

#: Exit codes, documented in ``docs/cli.md``; click itself leaves with 2 on wrong usage.
EXIT_FAULTS = 1
EXIT_INTERRUPTED = 130

F = TypeVar("F", bound=Callable[..., Any])


def run(arguments: list[str] | None = None) -> None:
    """Parse the arguments, run the command, leave with its exit code."""
    utf8_output()
    words = sys.argv[1:] if arguments is None else arguments
    language = choose_language(_spoken(words))
    app = build_app(language)
    try:
        app.main(args=words, prog_name="quarterhour")
    except KeyboardInterrupt:
        Screen(language).say("interrupted")
        sys.exit(EXIT_INTERRUPTED)


def _spoken(words: list[str]) -> str | None:
    """Return the language asked for by ``--lang``, before the help texts are made."""
    for position, word in enumerate(words):
        if word.startswith("--lang="):
            return word.partition("=")[2]
        if word == "--lang" and position + 1 < len(words):
            return words[position + 1]
    return None


def build_app(language: str) -> click.Group:
    """Return the command line in one language."""
    common = _common_options(language)

    def h(key: str) -> str:
        return tr(f"cli.help.{key}", language)

    @click.group(help=h("app"), epilog=h("exit_codes"))
    @click.version_option(
        version("quarterhour"),
        prog_name="quarterhour",
        message="%(prog)s %(version)s",
        help=h("version"),
    )
    @click.option("--lang", type=click.Choice(languages()), help=h("lang"))
    def app(lang: str | None) -> None:
        """Take the options before the command."""

    fresh_option = click.option("--fresh", is_flag=True, help=h("fresh"))
    study_argument = click.argument("study", type=click.Path(path_type=Path))

    @app.command("demo", help=h("demo"))
    @click.argument("folder", type=click.Path(path_type=Path), default="quarterhour-demo")
    @fresh_option
    @common
    def demo_command(folder: Path, fresh: bool, **loudness: Any) -> None:
        _guarded(Screen(**loudness), _later("demo.demo", folder, fresh=fresh))

    @app.command("init", help=h("init"))
    @click.argument("folder", type=click.Path(path_type=Path))
    @click.option("--place", default="", help=h("init_place"))
    @click.option(
        "--from", "files", multiple=True, type=click.Path(path_type=Path), help=h("init_from")
    )
    @click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[FILES]...")
    @common
    def init_command(
        folder: Path, place: str, files: tuple[Path, ...], more: tuple[Path, ...], **loudness: Any
    ) -> None:
        given = [*files, *more]
        _guarded(Screen(**loudness), _later("init.init", folder, place=place, files=given))

    @app.command("check", help=h("check"))
    @study_argument
    @common
    def check_command(study: Path, **loudness: Any) -> None:
        _guarded(Screen(**loudness), _later("check.check", study))

    compare_option = click.option(
        "--compare", type=click.Path(path_type=Path), help=h("map_compare")
    )

    def stage(name: str, stages: tuple[str, ...]) -> None:
        @app.command(name, help=h(name))
        @study_argument
        @fresh_option
        @click.option("--scheduler", help=h("scheduler"), hidden="plan" not in stages)
        @(compare_option if name == "map" else _as_it_is)
        @common
        def run_stage(
            study: Path, fresh: bool, scheduler: str | None, compare: Path | None = None,
            **loudness: Any,
        ) -> None:  # fmt: skip
            options = {"fresh": fresh, "scheduler": scheduler}
            work = _later("pipeline.run_stages", study, stages, **options)
            if compare is not None:
                work = _later("map_compare.compare_maps", study, compare, fresh=fresh)
            _guarded(Screen(**loudness), work)

    stage("measure", ("measure",))
    stage("plan", ("measure", "plan"))
    stage("map", ("measure", "plan", "map"))
    stage("run", ("measure", "plan", "map"))
    _add_reports(app, study_argument, common, h)
    _add_ledger(app, study_argument, common, language)
    return app


def _add_reports(
    app: click.Group,
    study_argument: Callable[[Any], Any],
    common: Callable[[Any], Any],
    h: Callable[[str], str],
) -> None:
    """Add the commands that put results together."""
    out_option = click.option("--out", type=click.Path(path_type=Path), help=h("out"))

    @app.command("compare", help=h("compare"))
    @click.argument("before", type=click.Path(path_type=Path))
    @click.argument("after", type=click.Path(path_type=Path))
    @out_option
    @common
    def compare(before: Path, after: Path, out: Path | None, **loudness: Any) -> None:
        from .compare import compare as work  # noqa: PLC0415

        _guarded(Screen(**loudness), lambda screen: work(before, after, screen, out=out))

    @app.command("checkup", help=h("checkup"))
    @study_argument
    @out_option
    @common
    def checkup(study: Path, out: Path | None, **loudness: Any) -> None:
        from .checkup import checkup as work  # noqa: PLC0415

        _guarded(Screen(**loudness), lambda screen: work(study, screen, out=out))

    @app.command("serve", help=h("serve"))
    @study_argument
    @click.option("--host", default="127.0.0.1", show_default=True, help=h("serve_host"))
    @click.option("--port", default=8154, show_default=True, help=h("serve_port"))
    @click.option("--no-browser", "silent", is_flag=True, help=h("serve_browser"))
    @common
    def serve(study: Path, host: str, port: int, silent: bool, **loudness: Any) -> None:
        options = {"host": host, "port": port, "browser": not silent}
        _guarded(Screen(**loudness), _later("whatif.server.serve", study, **options))

    @app.command("publish", help=h("publish"))
    @study_argument
    @click.option("--to", required=True, help=h("publish_to"))
    @click.option("--schema", default="quarterhour", show_default=True, help=h("publish_schema"))
    @common
    def publish(study: Path, to: str, schema: str, **loudness: Any) -> None:
        work = _later("publish.publish", study, to=to, schema=schema)
        _guarded(Screen(**loudness), work)


def _add_ledger(
    app: click.Group,
    study_argument: Callable[[Any], Any],
    common: Callable[[Any], Any],
    language: str,
) -> None:
    """Add the commands that keep the ledger."""

    def h(key: str) -> str:
        return tr(f"ledger.help.{key}", language)

    @app.command("ledger", help=h("ledger"))
    @study_argument
    @click.option("--out", type=click.Path(path_type=Path), help=h("out"))
    @common
    def ledger(study: Path, out: Path | None, **loudness: Any) -> None:
        _guarded(Screen(**loudness), _later("ledger.ledger", study, out=out))

    @app.command("progress", help=h("progress"))
    @study_argument
    @click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
    @common
    def progress(study: Path, files: tuple[Path, ...], **loudness: Any) -> None:
        _guarded(Screen(**loudness), _later("progress.progress", study, files))


def _common_options(language: str) -> Callable[[F], F]:
    """Return the decorator for ``--lang``, ``--quiet`` and ``--verbose``."""

    def h(key: str) -> str:
        return tr(f"cli.help.{key}", language)

    options = (
        click.option("--quiet", "-q", is_flag=True, help=h("quiet")),
        click.option("--verbose", "-v", is_flag=True, help=h("verbose")),
        click.option(
            "--lang",
            "language",
            type=click.Choice(languages()),
            default=language,
            show_default=True,
            help=h("lang"),
        ),
    )

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _as_it_is(function: F) -> F:
    """Leave a command without a further option."""
    return function


def _later(path: str, *given: object, **options: object) -> Callable[[Screen], object]:
    """Return the call of a function ``module.name``; its heavy module is loaded only then."""
    module, _, name = path.rpartition(".")

    def work(screen: Screen) -> object:
        return getattr(import_module(f".{module}", __package__), name)(*given, screen, **options)

    return work


def _guarded(screen: Screen, work: Callable[[Screen], object]) -> None:
    """Run a command; faults of the input become one list and exit code 1, never a traceback."""
    try:
        work(screen)
    except InputFaults as found:
        screen.faults(found.faults)
        sys.exit(EXIT_FAULTS)
    except KeyboardInterrupt:
        screen.say("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        if os.environ.get("QUARTERHOUR_DEBUG"):
            raise
        file = error.filename or getattr(error, "path", "")
        reason = error.strerror or str(error).removeprefix(f"{file}: ")
        screen.complain("os_error", file=file, reason=reason)
        sys.exit(EXIT_FAULTS)
