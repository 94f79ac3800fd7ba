"""``quarterhour publish STUDY --to TARGET``: results into PostGIS, or a static site."""

from __future__ import annotations

from pathlib import Path

from quarterhour.data.faults import FaultLog, InputFaults
from quarterhour.data.postgis_write import Publication, write_database
from quarterhour.data.secrets import is_database, take_password, without_password
from quarterhour.data.study import StudyConfig, load_study, study_file

from .console import Screen
from .publish_tables import public_tables
from .stages import RESULTS, StageRecord, read_record, stage_key

#: Stages whose tables are published, in the order in which they ran.
STAGES = ("measure", "plan")

DEFAULT_SCHEMA = "quarterhour"


def publish(study: Path, screen: Screen, *, to: str, schema: str = DEFAULT_SCHEMA) -> None:
    """Publish the results of a study as they stand.

    Parameters
    ----------
    study
        Folder or ``study.toml``; it must have been measured.
    screen
        Where to speak.
    to
        Address of a PostGIS database, or a folder for a static site.
    schema
        Schema of the database.

    Raises
    ------
    InputFaults
        If there are no results, or the target does not take them.
    """
    log = FaultLog()
    config = load_study(study, log)
    folder = study_file(study).parent
    records = finished(folder)
    if config is not None and not records:
        log.add("publish_nothing", file=study)
    if config is None or not records:
        raise InputFaults(log)
    if is_database(to):
        _to_database(config, folder, records, take_password(to), schema, screen)
        return
    from .publish_site import publish_site  # noqa: PLC0415 - pages are heavy

    publish_site(config, folder, records, Path(to), screen)


def finished(folder: Path) -> list[StageRecord]:
    """Return the records of the stages of a study that have been run."""
    found = (read_record(folder / RESULTS, stage) for stage in STAGES)
    return [record for record in found if record is not None]


def _to_database(
    config: StudyConfig,
    folder: Path,
    records: list[StageRecord],
    address: str,
    schema: str,
    screen: Screen,
) -> None:
    log = FaultLog()
    tables = public_tables(config, folder, records, log)
    publication = Publication(
        study=config.study.name,
        key=stage_key("publish", {"records": [record.key for record in records]}),
        version=records[0].version,
        facts={record.stage: record.facts for record in records},
        tables=tables,
    )
    number = write_database(address, publication, schema=schema, log=log)
    log.raise_if_any()
    screen.say(
        "publish.database", run=number, schema=schema, tables=len(tables),
        rows=f"{sum(map(len, tables.values())):,}", target=without_password(address),
    )  # fmt: skip
