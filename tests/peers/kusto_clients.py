"""azure-kusto-data, azure-kusto-ingest and azure-monitor-query, as they come from PyPI."""

import io
import os
import sys
import traceback
from datetime import datetime, timedelta, timezone

from azure.core.credentials import AccessToken
from azure.kusto.data import ClientRequestProperties, KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.exceptions import KustoApiError, KustoServiceError
from azure.kusto.ingest import IngestionProperties, KustoStreamingIngestClient
from azure.kusto.data.data_format import DataFormat
from azure.monitor.query import LogsBatchQuery, LogsQueryClient, LogsQueryStatus

PORT = os.environ["PORT"]
WORKSPACE = os.environ["WORKSPACE_ID"]
PLAIN = f"http://127.0.0.1:{PORT}"
TLS = f"https://127.0.0.1:{PORT}"
TYPES = """print b = true, i = int(7), l = long(9007199254740993), r = 1.5, s = "text",
  d = datetime(2020-03-04T14:05:01.31Z), t = 1d + 2h + 3m + 4.5s,
  g = guid(8145d822-13a7-44ad-859c-36f31a84f6dd), o = dynamic({"a":[1,2]}), n = long(null)"""

passed = failed = 0


def check(name):
    def run(body):
        global passed, failed
        try:
            body()
            passed += 1
            print(f"ok   {name}")
        except Exception:  # any failure of a client is one of ours
            failed += 1
            print(f"FAIL {name}")
            traceback.print_exc(limit=4, file=sys.stdout)

    return run


class Credential:
    def get_token(self, *scopes, **kwargs):
        return AccessToken("test", int(datetime.now(timezone.utc).timestamp()) + 3600)


connection = KustoConnectionStringBuilder.with_aad_application_token_authentication(PLAIN, "test")
kusto = KustoClient(connection)
logs = LogsQueryClient(Credential(), endpoint=f"{TLS}/v1")


def rows(result):
    return [row.to_dict() for row in result.primary_results[0]]


@check("azure-kusto-data: every type")
def _():
    (row,) = rows(kusto.execute("workspace", TYPES))
    assert row["b"] is True and row["i"] == 7 and row["l"] == 9007199254740993
    assert row["r"] == 1.5 and row["s"] == "text" and row["n"] is None
    assert row["d"] == datetime(2020, 3, 4, 14, 5, 1, 310000, tzinfo=timezone.utc)
    assert row["t"] == timedelta(days=1, hours=2, minutes=3, seconds=4.5)
    assert row["o"] == {"a": [1, 2]}, row["o"]
    assert str(row["g"]) == "8145d822-13a7-44ad-859c-36f31a84f6dd"


@check("azure-kusto-data: parameters and options")
def _():
    properties = ClientRequestProperties()
    properties.set_parameter("who", "it's me")
    properties.set_option("query_now", "2026-01-01T00:00:00Z")
    query = "declare query_parameters(who:string); print who = who, at = now()"
    (row,) = rows(kusto.execute_query("workspace", query, properties))
    assert row["who"] == "it's me", row
    assert row["at"] == datetime(2026, 1, 1, tzinfo=timezone.utc)


@check("azure-kusto-data: an error has its code")
def _():
    try:
        kusto.execute("workspace", "print x = 1 | where nothing == 1")
    except (KustoApiError, KustoServiceError) as error:
        assert "SEM0100" in str(error), error
        return
    raise AssertionError("no error")


@check("azure-kusto-data: management commands")
def _():
    kusto.execute_mgmt("workspace", ".create table Py (name:string, n:long)")
    kusto.execute_mgmt("workspace", ".ingest inline into table Py <|\nann,1\nbob,2")
    assert rows(kusto.execute("workspace", "Py | summarize n = sum(n)")) == [{"n": 3}]
    names = rows(kusto.execute_mgmt("workspace", ".show tables | where TableName == 'Py'"))
    assert len(names) == 1


@check("azure-kusto-data: streamed frames")
def _():
    result = kusto.execute_streaming_query("workspace", "range x from 1 to 5000 step 1")
    table = next(result.iter_primary_results())
    assert sum(row["x"] for row in table) == 12502500


@check("azure-kusto-ingest: a stream of rows")
def _():
    client = KustoStreamingIngestClient(connection)
    wanted = IngestionProperties(database="workspace", table="Py", data_format=DataFormat.CSV)
    client.ingest_from_stream(io.BytesIO(b"cid,10\ndan,20\n"), wanted)
    assert rows(kusto.execute("workspace", "Py | where n >= 10 | count")) == [{"Count": 2}]


@check("azure-monitor-query: types and statistics")
def _():
    result = logs.query_workspace(
        WORKSPACE, TYPES, timespan=timedelta(days=1), include_statistics=True
    )
    assert result.status == LogsQueryStatus.SUCCESS
    table = result.tables[0]
    row = dict(zip(table.columns, table.rows[0]))
    assert row["b"] is True and row["i"] == 7 and row["s"] == "text" and row["n"] is None
    assert row["d"] == datetime(2020, 3, 4, 14, 5, 1, 310000, tzinfo=timezone.utc)
    assert result.statistics["query"]["executionTime"] >= 0


@check("azure-monitor-query: a cut answer is a partial result")
def _():
    result = logs.query_workspace(
        WORKSPACE, "range x from 1 to 600000 step 1", timespan=timedelta(days=1)
    )
    assert result.status == LogsQueryStatus.PARTIAL
    assert len(result.partial_data[0].rows) == 500000


@check("azure-monitor-query: a batch, one of it wrong")
def _():
    good, bad = logs.query_batch(
        [
            LogsBatchQuery(WORKSPACE, "print x = 1", timespan=timedelta(hours=1)),
            LogsBatchQuery(WORKSPACE, "NoSuchTable", timespan=timedelta(hours=1)),
        ]
    )
    assert good.tables[0].rows[0][0] == 1
    assert bad.status in (LogsQueryStatus.FAILURE, LogsQueryStatus.PARTIAL), bad.status


print(f"{passed} passed, {failed} failed")
sys.exit(0 if failed == 0 else 1)
